"""From a specification and tensors of unknown origin to a model, without trusting either."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from napari_udt.errors import ModelError
from napari_udt.models.autoencoder_model import AutoencoderModel
from napari_udt.models.autoencoders import AutoencoderPair
from napari_udt.models.bridge import BridgeField, BridgeModel
from napari_udt.models.build import build_network
from napari_udt.models.dicycle import DicycleModel, DicyclePair
from napari_udt.models.flow_matching import FlowMatchingModel, VelocityField
from napari_udt.models.label_to_image import LabelGenerator
from napari_udt.models.label_to_image_model import LabelToImageModel
from napari_udt.models.model import TransferModel
from napari_udt.models.residual_pair import ResidualAutoencoders, ResidualModel, ResidualPair
from napari_udt.models.spec import ModelSpec
from napari_udt.models.syndiff import SynDiffModel, SynDiffNetworks

# Of networks that are no invertible ones: the model that uses them.
_MODELS: tuple[tuple[type[nn.Module], type[TransferModel]], ...] = (
    (ResidualAutoencoders, ResidualModel),  # before the pair that it derives from
    (AutoencoderPair, AutoencoderModel),
    (DicyclePair, DicycleModel),  # before the pair that it derives from
    (ResidualPair, ResidualModel),
    (BridgeField, BridgeModel),  # before the field that it derives from
    (VelocityField, FlowMatchingModel),
    (SynDiffNetworks, SynDiffModel),
    (LabelGenerator, LabelToImageModel),
)


def assemble(spec: ModelSpec, tensors: Mapping[str, Tensor], where: str) -> TransferModel:
    """Build a model whose weights are ``tensors``.

    The network is first built without memory, so a specification may declare any size: memory follows what the
    tensors really hold.

    Parameters
    ----------
    spec : ModelSpec
    tensors : mapping of str to Tensor
        State of the network that the specification describes.
    where : str
        Where the tensors come from, for messages.

    Raises
    ------
    ModelError
        When tensors are missing, unknown, of another shape or type, not finite, no permutation, no orthogonal basis, or
        not invertible.
    """
    with torch.device("meta"):
        network = build_network(spec)
    _check_fit(network.state_dict(), tensors, where)
    check_finite(tensors, where)
    _check_permutations(tensors, where)
    _check_bases(tensors, where)
    _check_colouring(tensors, where)
    network.load_state_dict(dict(tensors), assign=True)
    return transfer_model(spec, network)


def transfer_model(spec: ModelSpec, network: nn.Module) -> TransferModel:
    """Return the model of a network that fits its specification."""
    return next((model for kind, model in _MODELS if isinstance(network, kind)), TransferModel)(spec, network)


def check_finite(tensors: Mapping[str, Tensor], where: str) -> None:
    """Raise ModelError where a weight is NaN or infinite."""
    for key, tensor in tensors.items():
        if tensor.is_floating_point() and not bool(tensor.isfinite().all()):
            raise ModelError(
                f"{where}: weights in {key!r} are not finite (NaN or infinite); the model is damaged."
            )


def _check_fit(needed: Mapping[str, Tensor], found: Mapping[str, Tensor], where: str) -> None:
    if missing := needed.keys() - found.keys():
        raise ModelError(
            f"{where}: lacks {len(missing)} of the network's tensors, among them {min(missing)!r}."
        )
    if unknown := found.keys() - needed.keys():
        raise ModelError(
            f"{where}: {len(unknown)} tensors do not belong to the network, among them {min(unknown)!r}."
        )
    for key, tensor in needed.items():
        if found[key].shape != tensor.shape or found[key].dtype != tensor.dtype:
            raise ModelError(
                f"{where}: tensor {key!r} is {_kind(found[key])}; its architecture needs {_kind(tensor)}."
            )


def _kind(tensor: Tensor) -> str:
    return f"{str(tensor.dtype).removeprefix('torch.')} {tuple(tensor.shape)}"


def _check_bases(tensors: Mapping[str, Tensor], where: str) -> None:
    for key, tensor in tensors.items():
        if key.endswith("basis"):
            product = tensor.double() @ tensor.double().T
            if not torch.allclose(product, torch.eye(len(tensor), dtype=torch.float64), atol=1e-4):
                raise ModelError(f"{where}: {key!r} is not orthogonal; the weights are damaged.")


def _check_colouring(tensors: Mapping[str, Tensor], where: str) -> None:
    for key, tensor in tensors.items():
        if key.endswith("colouring") and not bool(
            torch.linalg.slogdet(tensor.double()).logabsdet.isfinite().all()
        ):
            raise ModelError(f"{where}: {key!r} cannot be inverted; the weights are damaged.")


def _check_permutations(tensors: Mapping[str, Tensor], where: str) -> None:
    for key, tensor in tensors.items():
        if key.endswith("permutation") and not torch.equal(tensor.sort().values, torch.arange(len(tensor))):
            raise ModelError(f"{where}: {key!r} is not a permutation; the weights are damaged.")
