"""Splitting a photoacoustic picture into what skin, tissue and vessels give to it, and putting it together again with other weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_udt.cube import SpectralCube
from napari_udt.errors import TransferError
from napari_udt.inference.grid import regrid
from napari_udt.inference.provenance import describe_source
from napari_udt.models.component_names import COMPONENTS
from napari_udt.version import __version__

if TYPE_CHECKING:
    from napari_udt.models.components import ComponentNetwork

LARGEST_FACTOR = 2.0
RECOMPOSED = "recomposed"


@dataclass(frozen=True, eq=False)
class Components:
    """A picture and its components.

    Parameters
    ----------
    source : SpectralCube
    picture : float32 array, shape (rows, columns, C)
        The source at the network's wavelengths; NaN where it is not finite.
    shares : float32 array, shape (3, rows, columns, C)
        Of skin, tissue and vessels; they add up to 1.
    wavelengths_nm : array, shape (C,)
    note : str
        How wavelengths were interpolated; "" where they were not.
    """

    source: SpectralCube
    picture: NDArray[np.float32]
    shares: NDArray[np.float32]
    wavelengths_nm: NDArray[np.float64]
    note: str

    def recomposed(self, factors: Sequence[float]) -> SpectralCube:
        """Return the picture with each component multiplied by its factor: skin, tissue, vessels.

        With factors of 1 it is the picture itself, up to rounding.

        Raises
        ------
        TransferError
            When there are not three factors from 0 to 2.
        """
        if len(factors) != len(COMPONENTS) or not all(0 <= factor <= LARGEST_FACTOR for factor in factors):
            raise TransferError(
                f"The factors are {list(factors)}; expected one for each of {', '.join(COMPONENTS)}, from 0 to {LARGEST_FACTOR:g}."
            )
        weight = np.tensordot(np.asarray(factors, np.float32), self.shares, axes=1)
        known: dict[str, Any] = dict(zip(COMPONENTS, map(float, factors), strict=True))
        words = ", ".join(f"{name} × {factor:g}" for name, factor in known.items() if factor != 1)
        return self.source.with_(
            data=self.picture * weight,
            wavelengths_nm=self.wavelengths_nm,
            bad_bands=None,
            series=None,  # one picture was split
            domain="transferred",
            origin=f"{RECOMPOSED} of: {self.source.origin}",
            name=f"{RECOMPOSED} ({words or 'nothing dimmed'}) · {self.source.name}",
            provenance={
                "made_by": "recomposed from components as a network distinguishes them, which learnt it from simulations; research use only, it "
                "can take parts for what they are not",
                "model": {"name": f"{RECOMPOSED} from components", "kind": "components"},
                "factors": known,
                "wavelengths": self.note or "the cube's own",
                "source": describe_source(self.source),
                "software": {"napari-udt": __version__},
            },
        )


def split(cube: SpectralCube, network: ComponentNetwork | None = None) -> Components:
    """Split a picture into components.

    Parameters
    ----------
    cube : SpectralCube
        Photoacoustic; its wavelengths are interpolated to the network's where they differ and cover them.
    network : ComponentNetwork, optional
        By default the one that comes with the package.

    Raises
    ------
    TransferError
        For other modalities, and for wavelengths that do not cover the network's.
    ModelError
        When the network cannot be read.
    """
    if cube.modality != "PAT":
        raise TransferError(
            f"{cube.name} is a {cube.modality} cube; skin, tissue and vessels can be split in photoacoustic pictures only."
        )
    import torch

    from napari_udt.models.components import load_components

    if network is None:
        network, _ = load_components()
    wavelengths = network.wavelengths_nm
    grid = regrid(cube.wavelengths_nm, wavelengths, cube.name, bad_bands=cube.bad_bands)
    rows, columns = cube.shape[:2]
    with np.errstate(invalid="ignore"):  # infinities become missing values
        picture = grid(cube.rows(0, rows).reshape(rows * columns, -1)).reshape(rows, columns, -1)
    picture = np.where(np.isfinite(picture), picture, np.nan).astype(np.float32)
    pad = [(0, -side % network.multiple) for side in (rows, columns)]
    whole = np.pad(np.nan_to_num(picture), (*pad, (0, 0)), mode="edge")
    with torch.no_grad():
        found = network(torch.from_numpy(np.ascontiguousarray(np.moveaxis(whole, 2, 0)))[None])[0].numpy()
    shares = np.ascontiguousarray(np.moveaxis(found[:, :, :rows, :columns], 1, 3))
    return Components(cube, picture, shares, wavelengths, grid.note)
