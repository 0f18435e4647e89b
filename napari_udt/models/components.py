"""What skin, tissue and vessels give to a photoacoustic picture, as a small network says that learnt it from simulations.

A picture is the envelope of waves that skin, tissue and vessels send together. What a part gives to the power is Re(A_k conj(A)), with A_k the wave that
the part would give alone and A the sum of all: waves add or cancel by chance, and over random phases
E[Re(A_k conj(A))] / E[|A|^2] = |A_k|^2 / sum_j |A_j|^2. The network predicts these shares for every pixel and wavelength; they are positive and add up to 1, so
that the components always add up to the picture. Components and their dimming follow DecGAN and HRCS (Han et al., "GAN-based disentanglement
learning for chest X-ray rib suppression", Medical Image Analysis 2022), trained on simulations here; written from the equations.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from napari_udt.errors import ModelError
from napari_udt.files.writing import whole_or_nothing
from napari_udt.models.assemble import check_finite
from napari_udt.models.component_names import COMPONENTS
from napari_udt.models.unet import UNet

FORMAT = "napari-udt components"
BUNDLED = Path(__file__).parent / "bundled_components" / "pat_components.safetensors"
WIDTHS = (16, 32, 64)
_SMALLEST = 1e-12
_MAX_BYTES = 50_000_000


class ComponentNetwork(nn.Module):
    """A U-Net from a picture to the shares of its components.

    Parameters
    ----------
    wavelengths_nm : sequence of float
        C of them.
    """

    def __init__(self, wavelengths_nm: NDArray[np.floating[Any]]) -> None:
        super().__init__()
        self.wavelengths_nm = np.asarray(wavelengths_nm, np.float64)
        channels = len(self.wavelengths_nm)
        self.layers = UNet(channels, len(COMPONENTS) * channels, WIDTHS)

    @property
    def multiple(self) -> int:
        """Number that must divide a picture's height and width, in pixels."""
        return int(2 ** (len(WIDTHS) - 1))

    def forward(self, pictures: Tensor) -> Tensor:
        """Return shares (n, 3, C, H, W) of pictures (n, C, H, W) in any unit: only ratios within a picture count."""
        shares: Tensor = self.layers(compressed(pictures)).unflatten(1, (len(COMPONENTS), -1)).softmax(dim=1)
        return shares


def compressed(pictures: Tensor) -> Tensor:
    """Return pictures (n, C, H, W) as asinh(x / median |x|), about half of whose values lie below 1."""
    scale = pictures.abs().flatten(1).median(dim=1).values.clamp_min(_SMALLEST)
    return torch.asinh(pictures / scale[:, None, None, None])


def power_shares(components: Tensor) -> Tensor:
    """Return the share of the power of each component's envelope (n, 3, C, H, W) alone, which the network shall predict."""
    power = components.square()
    return power / power.sum(dim=1, keepdim=True).clamp_min(_SMALLEST)


def save_components(network: ComponentNetwork, path: Path, record: Mapping[str, Any]) -> None:
    """Write a network with its wavelengths and the record of its training, whole or not at all."""
    text = {
        "format": FORMAT,
        "wavelengths_nm": json.dumps(network.wavelengths_nm.tolist()),
        "record": json.dumps(dict(record)),
    }
    tensors = {name: value.contiguous() for name, value in network.state_dict().items()}
    with whole_or_nothing(path) as temporary:
        save_file(tensors, temporary, metadata=text)


def load_components(path: Path = BUNDLED) -> tuple[ComponentNetwork, dict[str, Any]]:
    """Read a network and the record of its training.

    Raises
    ------
    ModelError
        When the file is missing, too large, damaged, or something else.
    """
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise ModelError(f"{path}: larger than any network of components; choose another file.")
        with safe_open(path, framework="pt") as file:
            known = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no mapping
    except (OSError, SafetensorError) as error:
        raise ModelError(
            f"{path}: the network of components cannot be read ({error}); train one anew."
        ) from error
    if known.get("format") != FORMAT:
        raise ModelError(
            f"{path}: not a network of components; make one with `napari-udt train pat_components`."
        )
    try:
        network = ComponentNetwork(np.asarray(json.loads(known["wavelengths_nm"]), np.float64))
        check_finite(tensors, str(path))
        network.load_state_dict(tensors)
        record = dict(json.loads(known["record"]))
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise ModelError(
            f"{path}: the network of components is damaged ({error}); train one anew."
        ) from error
    return network.eval().requires_grad_(False), record
