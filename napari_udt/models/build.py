"""From a model's specification to its network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from torch import nn

from napari_udt.errors import ModelError
from napari_udt.models.architecture import MAX_BLOCKS, MAX_SCALES, MAX_WIDTH, choice, integer, positive
from napari_udt.models.autoencoders import image_pair, spectral_pair
from napari_udt.models.build_translators import (
    autoencoder_kind,
    deforming_generators,
    image_diffusion,
    image_generators,
    image_size,
    is_residual,
    label_generator,
    spectral_diffusion,
    spectral_generators,
    velocity_field,
)
from napari_udt.models.class_transport import ClassTransport
from napari_udt.models.flow_level import LevelSize
from napari_udt.models.image_cinn import DOMAIN_CHANNELS, ImageCINN, Scale
from napari_udt.models.image_layers import ACTIVATIONS
from napari_udt.models.kept_shape import KeptShape
from napari_udt.models.spec import ModelSpec
from napari_udt.models.spectral_cinn import SpectralCINN
from napari_udt.models.wavelet_flow import WaveletFlow

_MAX_ALL_BLOCKS = 400  # over all scales
_MAX_KERNELS = 16


def build_network(spec: ModelSpec) -> nn.Module:
    """Build the untrained network of a specification.

    The architecture of a spectral cINN is ``{"blocks", "conditional_blocks", "width"}``, with ``"class_transport": true`` if it
    starts from a :class:`~napari_udt.models.class_transport.ClassTransport`, of an image cINN
    ``{"scales": [{"blocks", "width", "kernels"}, ...]}``, of a wavelet flow ``{"levels": [{"blocks", "width"}, ...], "top":
    {"blocks", "width"}, "components"}``, with ``"keeps_shape": true`` if it moves the spectra's shape as a whole
    (:class:`~napari_udt.models.kept_shape.KeptShape`); all three may have ``"clamp"`` and ``"initial_scale"``. That of
    UNIT and CycleGAN is ``{"hidden", "latent", "activation"}`` for spectra and ``{"widths", "residual_blocks",
    "padding", "activation"}``, and perhaps ``"norm"``, for images. With ``"residual_bound"`` the generators of both add a bounded
    change (:class:`~napari_udt.models.residual_pair.ResidualPair`, of UNIT
    :class:`~napari_udt.models.residual_pair.ResidualAutoencoders`); that of a CycleGAN for spectra then is ``{"hidden", "layers", "residual_bound"}``. That of flow matching is
    ``{"hidden", "layers", "steps"}``, with ``"bridge_noise"`` along bridges of that noise. That of SynDiff is a residual CycleGAN's and ``{"latent", "steps"}``, for images ``"denoiser_widths"`` too;
    that of DicycleGAN has ``"largest_offset"`` in pixels;
    that of pictures from labels is ``{"widths", "latent", "texture", "wavelets"}``.

    Raises
    ------
    ModelError
        When an entry is missing or out of bounds.
    """
    builder = _BUILDERS.get((spec.kind, spec.modality))
    if builder is None:
        raise ModelError(
            f"Model {spec.name!r}: kind {spec.kind!r} is not for {spec.modality}; expected another kind."
        )
    return builder(spec)


def _spectral_cinn(spec: ModelSpec) -> nn.Module:
    entries = spec.architecture
    blocks = integer(spec, entries, "blocks", MAX_BLOCKS)
    return SpectralCINN(
        len(spec.wavelengths_nm),
        DOMAIN_CHANNELS + spec.class_count,
        blocks=blocks,
        conditional_blocks=integer(spec, entries, "conditional_blocks", blocks),
        width=integer(spec, entries, "width", MAX_WIDTH),
        transport=_class_transport(spec),
        **_common(spec),
    )


def _class_transport(spec: ModelSpec) -> ClassTransport | None:
    wanted = spec.architecture.get("class_transport", False)
    if not isinstance(wanted, bool):
        raise ModelError(
            f"Model {spec.name!r}: class_transport is {wanted!r} in its architecture; expected true or false."
        )
    if wanted and spec.spectrum_norm != "l2":
        raise ModelError(
            f"Model {spec.name!r}: class_transport needs L2-normalised spectra; spectrum_norm is {spec.spectrum_norm!r}."
        )
    if not wanted:
        return None
    return ClassTransport(len(spec.wavelengths_nm), spec.class_count, spec.statistics, spec.domain_noise)


def _image_flow(spec: ModelSpec) -> nn.Module:
    return _wavelet_flow(spec) if "levels" in spec.architecture else _image_cinn(spec)


def _wavelet_flow(spec: ModelSpec) -> nn.Module:
    levels = spec.architecture["levels"]
    if not isinstance(levels, Sequence) or not 1 <= len(levels) <= MAX_SCALES:
        raise ModelError(f"Model {spec.name!r}: its architecture needs 1 to {MAX_SCALES} levels.")
    sizes = [_level(spec, entries) for entries in (*levels, spec.architecture.get("top"))]
    return WaveletFlow(
        len(spec.wavelengths_nm),
        DOMAIN_CHANNELS + spec.class_count,
        sizes[:-1],
        sizes[-1],
        _components(spec),
        shape=_kept_shape(spec),
        **_common(spec),
    )


def _kept_shape(spec: ModelSpec) -> KeptShape | None:
    wanted = spec.architecture.get("keeps_shape", False)
    if not isinstance(wanted, bool):
        raise ModelError(
            f"Model {spec.name!r}: keeps_shape is {wanted!r} in its architecture; expected true or false."
        )
    if not wanted:
        return None
    if spec.architecture["top"]["blocks"]:
        raise ModelError(
            f"Model {spec.name!r}: top has blocks in its architecture; expected none with keeps_shape: one component cannot be divided."
        )
    return KeptShape(len(spec.wavelengths_nm) - 1, spec.class_count, spec.statistics, spec.domain_noise)


def _components(spec: ModelSpec) -> int:
    count = integer(spec, spec.architecture, "components", len(spec.wavelengths_nm))
    if count < 2:
        raise ModelError(
            f"Model {spec.name!r}: components is {count} in its architecture; expected 2 or more, which coupling blocks divide."
        )
    return count


def _level(spec: ModelSpec, entries: Any) -> LevelSize:
    if not isinstance(entries, Mapping):
        raise ModelError(
            f"Model {spec.name!r}: a level of its architecture is {entries!r}; expected a table."
        )
    return LevelSize(
        blocks=integer(spec, entries, "blocks", MAX_BLOCKS // MAX_SCALES, 0),
        width=integer(spec, entries, "width", MAX_WIDTH),
    )


def _image_cinn(spec: ModelSpec) -> nn.Module:
    scales = spec.architecture.get("scales")
    if not isinstance(scales, Sequence) or not 1 <= len(scales) <= MAX_SCALES:
        raise ModelError(f"Model {spec.name!r}: its architecture needs 1 to {MAX_SCALES} scales.")
    checked = [_scale(spec, entries) for entries in scales]
    if (total := sum(scale.blocks for scale in checked)) > _MAX_ALL_BLOCKS:
        raise ModelError(
            f"Model {spec.name!r}: its architecture has {total} blocks over all scales; expected at most {_MAX_ALL_BLOCKS}."
        )
    return ImageCINN(
        len(spec.wavelengths_nm),
        DOMAIN_CHANNELS + spec.class_count,
        checked,
        **_common(spec),
    )


def _scale(spec: ModelSpec, entries: Mapping[str, Any]) -> Scale:
    if not isinstance(entries, Mapping):
        raise ModelError(
            f"Model {spec.name!r}: a scale of its architecture is {entries!r}; expected a table."
        )
    kernels = entries.get("kernels")
    if (
        not isinstance(kernels, Sequence)
        or not 2 <= len(kernels) <= _MAX_KERNELS
        or any(k not in (1, 3, 5, 7) for k in kernels)
    ):
        raise ModelError(
            f"Model {spec.name!r}: kernels are {repr(kernels)[:80]}; expected 2 to {_MAX_KERNELS} of 1, 3, 5, 7."
        )
    return Scale(
        blocks=integer(spec, entries, "blocks", MAX_BLOCKS),
        width=integer(spec, entries, "width", MAX_WIDTH),
        kernels=tuple(kernels),
    )


def _spectral_pair(spec: ModelSpec) -> nn.Module:
    entries = spec.architecture
    if is_residual(spec) and spec.kind != "unit":
        return spectral_generators(spec)
    return spectral_pair(
        len(spec.wavelengths_nm),
        spec.class_count,
        hidden=integer(spec, entries, "hidden", MAX_WIDTH),
        latent=integer(spec, entries, "latent", MAX_WIDTH),
        activation=choice(spec, "activation", tuple(ACTIVATIONS)),
        pair=autoencoder_kind(spec),
    )


def _image_pair(spec: ModelSpec) -> nn.Module:
    if is_residual(spec) and spec.kind != "unit":
        return image_generators(spec)
    size = image_size(spec, spec.architecture)
    return image_pair(len(spec.wavelengths_nm), spec.class_count, size, autoencoder_kind(spec))


def _common(spec: ModelSpec) -> dict[str, float]:
    return {
        "clamp": positive(spec, "clamp", 1.0),
        "initial_scale": positive(spec, "initial_scale", 1.0),
    }


_BUILDERS = {
    ("cinn", "HSI"): _spectral_cinn,
    ("cinn", "PAT"): _image_flow,
    ("unit", "HSI"): _spectral_pair,
    ("unit", "PAT"): _image_pair,
    ("cyclegan", "HSI"): _spectral_pair,
    ("cyclegan", "PAT"): _image_pair,
    ("flow_matching", "HSI"): velocity_field,
    ("dicyclegan", "PAT"): deforming_generators,
    ("syndiff", "HSI"): spectral_diffusion,
    ("syndiff", "PAT"): image_diffusion,
    ("label_to_image", "PAT"): label_generator,
}
