"""From a model's specification to its network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast, get_args

from torch import nn

from napari_udt.errors import ModelError
from napari_udt.models.autoencoders import image_pair, spectral_pair
from napari_udt.models.class_transport import ClassTransport
from napari_udt.models.flow_level import LevelSize
from napari_udt.models.flow_matching import VelocityField
from napari_udt.models.image_cinn import DOMAIN_CHANNELS, ImageCINN, Scale
from napari_udt.models.image_layers import ACTIVATIONS, ImageSize, Norm, Padding
from napari_udt.models.kept_shape import KeptShape
from napari_udt.models.residual_pair import ResidualPair, image_change, spectral_change
from napari_udt.models.spec import ModelSpec
from napari_udt.models.spectral_cinn import SpectralCINN
from napari_udt.models.wavelet_flow import WaveletFlow

# Bounds on what a file may ask for; the published networks stay a factor of ten below.
_MAX_BLOCKS = 400
_MAX_WIDTH = 32_768
_MAX_SCALES = 8
_MAX_ALL_BLOCKS = 400  # over all scales
_MAX_KERNELS = 16
_MAX_STEPS = 1000


def build_network(spec: ModelSpec) -> nn.Module:
    """Build the untrained network of a specification.

    The architecture of a spectral cINN is ``{"blocks", "conditional_blocks", "width"}``, with ``"class_transport": true`` if it
    starts from a :class:`~napari_udt.models.class_transport.ClassTransport`, of an image cINN
    ``{"scales": [{"blocks", "width", "kernels"}, ...]}``, of a wavelet flow ``{"levels": [{"blocks", "width"}, ...], "top":
    {"blocks", "width"}, "components"}``, with ``"keeps_shape": true`` if it moves the spectra's shape as a whole
    (:class:`~napari_udt.models.kept_shape.KeptShape`); all three may have ``"clamp"`` and ``"initial_scale"``. That of
    UNIT and CycleGAN is ``{"hidden", "latent", "activation"}`` for spectra and ``{"widths", "residual_blocks",
    "padding", "activation"}``, and perhaps ``"norm"``, for images. With ``"residual_bound"`` a CycleGAN's generators add a bounded
    change (:class:`~napari_udt.models.residual_pair.ResidualPair`); for spectra it then is ``{"hidden", "layers", "residual_bound"}``. That of flow matching is
    ``{"hidden", "layers", "steps"}``.

    Raises
    ------
    ModelError
        When an entry is missing or out of bounds.
    """
    builder = _BUILDERS.get((spec.kind, spec.modality))
    if builder is None:
        raise ModelError(
            f"Model {spec.name!r}: kind is {spec.kind!r}, which is for HSI, and modality {spec.modality!r}; expected another kind."
        )
    return builder(spec)


def _spectral_cinn(spec: ModelSpec) -> nn.Module:
    entries = spec.architecture
    blocks = _integer(spec, entries, "blocks", _MAX_BLOCKS)
    return SpectralCINN(
        len(spec.wavelengths_nm),
        DOMAIN_CHANNELS + spec.class_count,
        blocks=blocks,
        conditional_blocks=_integer(spec, entries, "conditional_blocks", blocks),
        width=_integer(spec, entries, "width", _MAX_WIDTH),
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
    if not isinstance(levels, Sequence) or not 1 <= len(levels) <= _MAX_SCALES:
        raise ModelError(f"Model {spec.name!r}: its architecture needs 1 to {_MAX_SCALES} levels.")
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
    count = _integer(spec, spec.architecture, "components", len(spec.wavelengths_nm))
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
        blocks=_integer(spec, entries, "blocks", _MAX_BLOCKS // _MAX_SCALES, 0),
        width=_integer(spec, entries, "width", _MAX_WIDTH),
    )


def _image_cinn(spec: ModelSpec) -> nn.Module:
    scales = spec.architecture.get("scales")
    if not isinstance(scales, Sequence) or not 1 <= len(scales) <= _MAX_SCALES:
        raise ModelError(f"Model {spec.name!r}: its architecture needs 1 to {_MAX_SCALES} scales.")
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
        blocks=_integer(spec, entries, "blocks", _MAX_BLOCKS),
        width=_integer(spec, entries, "width", _MAX_WIDTH),
        kernels=tuple(kernels),
    )


def _spectral_pair(spec: ModelSpec) -> nn.Module:
    entries = spec.architecture
    hidden = _integer(spec, entries, "hidden", _MAX_WIDTH)
    channels = len(spec.wavelengths_nm)
    if _is_residual(spec):
        layers = _integer(spec, entries, "layers", _MAX_BLOCKS)
        return ResidualPair(
            lambda: spectral_change(channels, spec.class_count, hidden=hidden, layers=layers),
            _positive(spec, "residual_bound", 1.0),
        )
    return spectral_pair(
        channels,
        spec.class_count,
        hidden=hidden,
        latent=_integer(spec, entries, "latent", _MAX_WIDTH),
        activation=_choice(spec, "activation", tuple(ACTIVATIONS)),
    )


def _image_pair(spec: ModelSpec) -> nn.Module:
    widths = spec.architecture.get("widths")
    if not isinstance(widths, Sequence) or not 1 <= len(widths) <= _MAX_SCALES:
        raise ModelError(f"Model {spec.name!r}: its architecture needs 1 to {_MAX_SCALES} widths.")
    size = ImageSize(
        [_integer(spec, {"width": width}, "width", _MAX_WIDTH) for width in widths],
        _integer(spec, spec.architecture, "residual_blocks", _MAX_BLOCKS),
        cast("Padding", _choice(spec, "padding", get_args(Padding))),
        _choice(spec, "activation", tuple(ACTIVATIONS)),
        cast("Norm", _choice(spec, "norm", get_args(Norm), "instance")),
    )
    if size.norm == "region" and not spec.class_count:
        raise ModelError(
            f"Model {spec.name!r}: norm is 'region' in its architecture, which needs classes; condition is {spec.condition!r}."
        )
    channels = len(spec.wavelengths_nm)
    if _is_residual(spec):
        return ResidualPair(
            lambda: image_change(channels, spec.class_count, size),
            _positive(spec, "residual_bound", 1.0),
            size.multiple,
        )
    return image_pair(channels, spec.class_count, size)


def _velocity_field(spec: ModelSpec) -> nn.Module:
    entries = spec.architecture
    return VelocityField(
        len(spec.wavelengths_nm),
        spec.class_count,
        hidden=_integer(spec, entries, "hidden", _MAX_WIDTH),
        layers=_integer(spec, entries, "layers", _MAX_BLOCKS),
        steps=_integer(spec, entries, "steps", _MAX_STEPS),
    )


def _is_residual(spec: ModelSpec) -> bool:
    residual = "residual_bound" in spec.architecture
    if residual and spec.kind != "cyclegan":
        raise ModelError(
            f"Model {spec.name!r}: residual_bound is for CycleGAN, whose two directions share no latent; kind is {spec.kind!r}."
        )
    return residual


def _common(spec: ModelSpec) -> dict[str, float]:
    return {
        "clamp": _positive(spec, "clamp", 1.0),
        "initial_scale": _positive(spec, "initial_scale", 1.0),
    }


def _integer(spec: ModelSpec, entries: Mapping[str, Any], key: str, largest: int, smallest: int = 1) -> int:
    value = entries.get(key)
    if not isinstance(value, int) or isinstance(value, bool) or not smallest <= value <= largest:
        raise ModelError(
            f"Model {spec.name!r}: {key} is {value!r} in its architecture; expected a whole number from {smallest} to {largest}."
        )
    return value


def _choice(spec: ModelSpec, key: str, choices: tuple[str, ...], default: str | None = None) -> str:
    value = spec.architecture.get(key, default)
    if value not in choices:
        raise ModelError(
            f"Model {spec.name!r}: {key} is {value!r} in its architecture; expected one of {', '.join(choices)}."
        )
    return str(value)


def _positive(spec: ModelSpec, key: str, default: float) -> float:
    value = spec.architecture.get(key, default)
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 < value <= 100:
        raise ModelError(
            f"Model {spec.name!r}: {key} is {value!r} in its architecture; expected a number in (0, 100]."
        )
    return float(value)


_BUILDERS = {
    ("cinn", "HSI"): _spectral_cinn,
    ("cinn", "PAT"): _image_flow,
    ("unit", "HSI"): _spectral_pair,
    ("unit", "PAT"): _image_pair,
    ("cyclegan", "HSI"): _spectral_pair,
    ("cyclegan", "PAT"): _image_pair,
    ("flow_matching", "HSI"): _velocity_field,
}
