"""From a specification to the networks of models without a latent: generators, velocity fields, diffusions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, cast, get_args

from torch import nn

from napari_udt.errors import ModelError
from napari_udt.models.architecture import MAX_BLOCKS, MAX_SCALES, MAX_WIDTH, choice, integer, positive
from napari_udt.models.autoencoders import AutoencoderPair
from napari_udt.models.bridge import BridgeField
from napari_udt.models.denoisers import ImageDenoiser, SpectralDenoiser
from napari_udt.models.dicycle import DicyclePair
from napari_udt.models.flow_matching import VelocityField
from napari_udt.models.image_layers import ACTIVATIONS, ImageSize, Norm, Padding
from napari_udt.models.label_to_image import GeneratorSize, LabelGenerator
from napari_udt.models.residual_pair import ResidualAutoencoders, ResidualPair, image_change, spectral_change
from napari_udt.models.spec import BRIDGE, ModelSpec
from napari_udt.models.syndiff import SynDiffNetworks

_MAX_STEPS = 1000
_MAX_DIFFUSION_STEPS = 64


def is_residual(spec: ModelSpec) -> bool:
    """Whether the generators of a specification add a bounded change."""
    return "residual_bound" in spec.architecture


def spectral_generators(spec: ModelSpec) -> ResidualPair:
    """Return residual generators of spectra."""
    hidden = integer(spec, spec.architecture, "hidden", MAX_WIDTH)
    layers = integer(spec, spec.architecture, "layers", MAX_BLOCKS)
    return ResidualPair(
        lambda: spectral_change(len(spec.wavelengths_nm), spec.class_count, hidden=hidden, layers=layers),
        positive(spec, "residual_bound", 1.0),
    )


def image_generators(spec: ModelSpec) -> ResidualPair:
    """Return residual generators of images."""
    size = image_size(spec, spec.architecture)
    return ResidualPair(
        lambda: image_change(len(spec.wavelengths_nm), spec.class_count, size),
        positive(spec, "residual_bound", 1.0),
        size.multiple,
    )


def autoencoder_kind(spec: ModelSpec) -> Callable[..., AutoencoderPair]:
    """Return what makes a pair of auto-encoders: one that decodes a sample anew, or one that adds a bounded change."""
    if not is_residual(spec):
        return AutoencoderPair
    return partial(ResidualAutoencoders, bound=positive(spec, "residual_bound", 1.0))


def deforming_generators(spec: ModelSpec) -> DicyclePair:
    """Return the networks of DicycleGAN."""
    if not is_residual(spec):
        raise _without_bound(spec)
    size, channels = image_size(spec, spec.architecture), len(spec.wavelengths_nm)
    return DicyclePair(
        lambda: image_change(channels, spec.class_count, size),
        positive(spec, "residual_bound", 1.0),
        size.multiple,
        channels=channels + spec.class_count,
        largest_offset=positive(spec, "largest_offset", 4.0),
    )


def image_size(spec: ModelSpec, entries: Mapping[str, Any]) -> ImageSize:
    """Return the size of convolutional layers."""
    size = ImageSize(
        _widths(spec, entries, "widths"),
        integer(spec, entries, "residual_blocks", MAX_BLOCKS),
        cast("Padding", choice(spec, "padding", get_args(Padding))),
        choice(spec, "activation", tuple(ACTIVATIONS)),
        cast("Norm", choice(spec, "norm", get_args(Norm), "instance")),
    )
    if size.norm == "region" and not spec.class_count:
        raise ModelError(
            f"Model {spec.name!r}: norm is 'region' in its architecture, which needs classes; condition is {spec.condition!r}."
        )
    return size


def velocity_field(spec: ModelSpec) -> nn.Module:
    """Return the network of flow matching, along straight lines or bridges."""
    bounds = {"hidden": MAX_WIDTH, "layers": MAX_BLOCKS, "steps": _MAX_STEPS}
    size = {key: integer(spec, spec.architecture, key, most) for key, most in bounds.items()}
    channels, classes = len(spec.wavelengths_nm), spec.class_count
    if BRIDGE not in spec.architecture:
        return VelocityField(channels, classes, **size)
    return BridgeField(channels, classes, **size, noise=positive(spec, BRIDGE, 1.0))


def spectral_diffusion(spec: ModelSpec) -> nn.Module:
    """Return the networks of SynDiff for spectra."""
    entries, channels = spec.architecture, len(spec.wavelengths_nm)
    steps, latent = _diffusion(spec)
    size = {
        key: integer(spec, entries, key, most)
        for key, most in (("hidden", MAX_WIDTH), ("layers", MAX_BLOCKS))
    }
    return SynDiffNetworks(
        lambda: SpectralDenoiser(channels, spec.class_count, latent=latent, steps=steps, **size),
        spectral_generators(spec),
        latent=latent,
        steps=steps,
    )


def image_diffusion(spec: ModelSpec) -> nn.Module:
    """Return the networks of SynDiff for images; small images leave fewer scales of both."""
    channels, generators = len(spec.wavelengths_nm), image_generators(spec)
    steps, latent = _diffusion(spec)
    scales = len(_widths(spec, spec.architecture, "widths"))
    widths = _widths(spec, spec.architecture, "denoiser_widths")[:scales]
    return SynDiffNetworks(
        lambda: ImageDenoiser(channels, spec.class_count, widths, latent=latent, steps=steps),
        generators,
        latent=latent,
        steps=steps,
    )


def label_generator(spec: ModelSpec) -> nn.Module:
    """Return the generator of pictures from labels."""
    entries, wavelets = spec.architecture, spec.architecture.get("wavelets", True)
    if not isinstance(wavelets, bool):
        raise ModelError(
            f"Model {spec.name!r}: wavelets is {wavelets!r} in its architecture; expected true or false."
        )
    size = GeneratorSize(
        _widths(spec, entries, "widths"),
        integer(spec, entries, "latent", MAX_WIDTH),
        integer(spec, entries, "texture", MAX_WIDTH, 0),
        wavelets,
    )
    return LabelGenerator(len(spec.wavelengths_nm), spec.class_count, size)


def _diffusion(spec: ModelSpec) -> tuple[int, int]:
    """Return the numbers of steps and of latent entries, and require residual generators."""
    if not is_residual(spec):
        raise _without_bound(spec)
    entries = spec.architecture
    return (
        integer(spec, entries, "steps", _MAX_DIFFUSION_STEPS),
        integer(spec, entries, "latent", MAX_WIDTH),
    )


def _without_bound(spec: ModelSpec) -> ModelError:
    return ModelError(
        f"Model {spec.name!r}: residual_bound is missing in its architecture; expected a number above 0 for {spec.kind}."
    )


def _widths(spec: ModelSpec, entries: Mapping[str, Any], key: str) -> list[int]:
    widths = entries.get(key)
    if not isinstance(widths, Sequence) or not 1 <= len(widths) <= MAX_SCALES:
        raise ModelError(f"Model {spec.name!r}: its architecture needs 1 to {MAX_SCALES} {key}.")
    return [integer(spec, {key: width}, key, MAX_WIDTH) for width in widths]
