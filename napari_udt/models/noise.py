"""The noise that a network expects on what it encodes.

Simulated images are nearly noise-free, so noise of a fixed strength is added to them in training: without any, the
likelihood would have no bound. What the network then takes for the simulated domain is simulation *plus noise*, and it
turns that noise into the texture and noise of the other domain. A noise-free image lies beside the distribution that
was learnt: it arrives smoother than any image of the target domain.

White noise gives every wavelength of every pixel its own value. Speckle is common to all wavelengths and coarser than a pixel: a picture shows the
envelope of waves, and waves of sources too small to be resolved, or beside the imaging plane, add to those of the tissue. So there may also be
speckle: the envelope x becomes the size of x + w with a complex normal field w, smooth over a pixel or two and about as strong everywhere. Dark tissue
becomes speckle with the dark lines that such envelopes have, skin and vessels hardly change (Rice's distribution). The waves may have the
spectrum of the place itself: all wavelengths get the same factor, and their ratios stay. What a device shows beside the tissue comes from the skin above
all (*clutter*): where the waves have its spectrum, dark tissue takes some of it on, and bright vessels hardly any.

The noise that the wavelengths do not share is that of a detector, and follows from the depth, since images are amplified with depth: it is given as a
profile, taken from the target's images, and added to the pressure, not to its compressed values.
"""

from __future__ import annotations

import math
import zlib
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from torch import Tensor

    from napari_udt.models.spec import Intensity, ModelSpec


_ROWS = 4096  # of noise for spectra: 16 million pairs
# The wave field of speckle. Blur along rows and columns, in pixels of 0.156 mm, and standard deviations from image to image of the
# logarithm of its size and of the field's strength: chosen by what transfers look like beside the calibrated digital device.
_BLUR = (0.8, 1.55)
_BLUR_VARIATION = 0.2
_VARIATION = 0.4
# Standard deviation of the logarithm of its strength over blocks of so many pixels.
_UNEVENNESS = 0.375
_BLOCKS = (8, 16, 32)
_DARKEST = 0.02  # in units of the compression's scale: where speckle stops growing relative to the tissue
_BRIGHTEST = 0.02  # share of a picture's pixels whose spectrum clutter has
_LARGEST_RATIO = 1e3
# A detector's noise hangs together along rows over so many pixels: correlation 0.17 from one to the next, as in the calibrated digital device.
_KERNEL = np.array([0.0718, 0.8564, 0.0718])
# Standard deviation of the diagonal detail of 2 x 2 pixels of white noise of strength 1 after that kernel.
DETAIL_OF_WHITE = float(np.sqrt(0.5 * np.sum(np.convolve(_KERNEL, [1.0, -1.0]) ** 2)))


@dataclass(frozen=True)
class InputNoise:
    """Strength of the noise.

    Parameters
    ----------
    white : float
        Standard deviation at every wavelength by itself, in normalised units.
    speckle : float
        Root mean square of the field w, in units of the compression's scale; images only.
    variation : float
        Standard deviation, from image to image, of the natural logarithm of the other noise's strength; images only. Devices and people
        differ in their noise, and a network can only give what it gets.
    compression : (float, float)
        Mean and standard deviation of the compressed values, by which images were normalised; for speckle and profile.
    clutter : float
        How much of the speckle has the spectrum of the image's brightest part: 0 to 1.
    profile : tuple of float
        Standard deviation from the top of an image to its bottom, at evenly spaced depths, in units of the compression's scale.
    intensity : {"linear", "asinh", "softplus"}
        The compression, see :mod:`napari_udt.models.intensity`.
    """

    white: float = 0.0
    speckle: float = 0.0
    variation: float = 0.0
    compression: tuple[float, float] = (0.0, 1.0)
    clutter: float = 0.0
    profile: tuple[float, ...] = ()
    intensity: Intensity = "asinh"

    @classmethod
    def of(cls, spec: ModelSpec) -> InputNoise:
        """Noise that a model expects on simulated samples."""
        return cls(
            spec.input_noise,
            spec.speckle,
            spec.noise_variation,
            spec.statistics["simulated"],
            spec.clutter,
            spec.noise_profile,
            spec.intensity,
        )

    def __bool__(self) -> bool:
        """Whether there is any."""
        return self.white > 0 or self.speckle > 0 or any(self.profile)

    def __str__(self) -> str:
        """Words for records and cards."""
        words = [f"standard deviation {self.white:g} of normalised values"] if self.white else []
        if self.profile:
            words.append(
                f"standard deviation {self.profile[0]:.2g} (top) to {max(self.profile):.2g} (deep) times the scale of the compression"
            )
        if self.variation and words:
            words.append(
                f"{math.exp(self.variation):.2g} times more or less from image to image (one standard deviation)"
            )
        if self.speckle:
            kind = (
                "common to all wavelengths"
                if not self.clutter
                else f"with {100 * self.clutter:.0f} % of the skin's spectrum"
            )
            words.append(f"speckle {kind}, {self.speckle:g} times the scale of the compression")
        return ", ".join(words) or "none"


def with_noise(x: NDArray[np.floating[Any]], noise: InputNoise, seed: int = 0) -> NDArray[np.float32]:
    """Add normally distributed noise that every sample's own values choose, together with a seed.

    With one seed the same sample always gets the same noise, whatever stands before it in a batch; two samples get different noise.

    Parameters
    ----------
    x : array, shape (n, ...)
        In normalised units.
    noise : InputNoise
        None of it leaves ``x`` as it is.
    seed : int
        From 0 to 2^32 - 1.

    Returns
    -------
    float32 array of the shape of ``x``
    """
    values = np.asarray(x, np.float32)
    if not noise:
        return values
    if values.ndim == 2:
        return values + np.float32(noise.white) * _noise_for_spectra(values, seed)
    return np.stack([sample + _noise_for(sample, noise, seed) for sample in values])


def _noise_for(sample: NDArray[np.float32], noise: InputNoise, seed: int) -> NDArray[np.float32]:
    rng = np.random.default_rng(zlib.crc32(np.ascontiguousarray(sample).tobytes(), seed))
    found = np.float32(noise.white) * rng.standard_normal(sample.shape, dtype=np.float32)
    if noise.variation and sample.ndim == 3:
        found *= np.float32(math.exp(noise.variation * rng.standard_normal()))
    if sample.ndim == 3:
        found += _of_the_device(sample, noise, rng)
    return found


def _of_the_device(
    sample: NDArray[np.float32], noise: InputNoise, rng: np.random.Generator
) -> NDArray[np.floating[Any]]:
    """Return what speckle and a detector's noise add to an image (channels, H, W) in normalised units."""
    if not (noise.speckle or any(noise.profile)):
        return np.zeros_like(sample)
    from napari_udt.models.intensity import compress, expand

    mean, std = noise.compression
    values = expand(sample * std + mean, 1.0, noise.intensity)
    if noise.speckle:
        values = values * _speckle(values, noise, rng)
    if any(noise.profile):
        values = values + _detector_noise(values.shape, noise, rng)
        values = np.abs(values) if noise.intensity == "softplus" else values  # pictures show envelopes
    found: NDArray[np.floating[Any]] = (compress(values, 1.0, noise.intensity) - mean) / std - sample
    return found


def _speckle(
    values: NDArray[np.floating[Any]], noise: InputNoise, rng: np.random.Generator
) -> NDArray[np.floating[Any]]:
    """Factor of every value of an image (channels, H, W), or of all of a pixel (H, W), in units of the compression's scale."""
    field = _wave_field(values.shape[1:], rng) * (
        noise.speckle * math.exp(_VARIATION * rng.standard_normal())
    )
    brightness = np.abs(values.mean(axis=0))
    level = np.maximum(brightness, _DARKEST)
    if not noise.clutter:
        return np.abs(1 + field / level)
    bright = values[:, brightness >= np.quantile(brightness, 1 - _BRIGHTEST)].mean(axis=1)
    ratio = (bright / bright.mean())[:, None, None] * level / np.where(values == 0, _DARKEST, values)
    ratio = np.clip(ratio, 1 / _LARGEST_RATIO, _LARGEST_RATIO) ** noise.clutter
    return np.abs(1 + field / level * ratio)


def _detector_noise(
    shape: tuple[int, ...], noise: InputNoise, rng: np.random.Generator
) -> NDArray[np.floating[Any]]:
    """Noise of an image (channels, H, W) in units of the compression's scale."""
    from scipy.ndimage import convolve1d

    found = convolve1d(rng.standard_normal(shape, dtype=np.float32), _KERNEL, axis=2)
    depths = (np.arange(len(noise.profile)) + 0.5) / len(noise.profile)
    strength = np.interp((np.arange(shape[1]) + 0.5) / shape[1], depths, noise.profile)
    return found * (strength * math.exp(noise.variation * rng.standard_normal()))[:, None]


def _wave_field(shape: tuple[int, ...], rng: np.random.Generator) -> NDArray[np.complexfloating[Any, Any]]:
    """Complex normal field (H, W) of root mean square 1, but stronger here and weaker there over some mm."""
    from scipy.ndimage import gaussian_filter, zoom

    size = math.exp(_BLUR_VARIATION * rng.standard_normal())
    blur, edge = [size * pixels for pixels in _BLUR], 8
    wide = [side + 2 * edge for side in shape]
    inside = (slice(edge, -edge), slice(edge, -edge))
    real, imaginary = (gaussian_filter(rng.standard_normal(wide), blur)[inside] for _ in range(2))
    field = real + 1j * imaginary
    field /= np.sqrt(np.mean(np.abs(field) ** 2))
    for block in _BLOCKS:
        coarse = rng.standard_normal([side // block + 2 for side in shape])
        field *= np.exp(_UNEVENNESS * zoom(coarse, block, order=1)[: shape[0], : shape[1]])
    return field


def _noise_for_spectra(spectra: NDArray[np.float32], seed: int) -> NDArray[np.float32]:
    """Make standard normal noise (n, channels): every spectrum's values choose two rows of a table, whose sum is its own.

    A generator for each of a hundred thousand spectra would take longer than their transfer.
    """
    table = _table_of_noise(spectra.shape[1])
    rows = np.array([zlib.crc32(row, seed) for row in np.ascontiguousarray(spectra)], np.uint32).reshape(-1)
    first, second = rows % _ROWS, (rows // _ROWS) % _ROWS
    found: NDArray[np.float32] = (table[0, first] + table[1, second]) * np.float32(0.5**0.5)
    return found


@lru_cache(maxsize=4)
def _table_of_noise(channels: int) -> NDArray[np.float32]:
    return np.random.default_rng(channels).standard_normal((2, _ROWS, channels), dtype=np.float32)


def drawn_noise(x: Tensor, noise: InputNoise) -> Tensor:
    """Draw noise for samples (n, ...) from torch's global generator, as training does."""
    import torch

    found = noise.white * torch.randn_like(x)
    if noise.variation and x.ndim == 4:
        found = found * torch.exp(noise.variation * torch.randn(len(x), 1, 1, 1, dtype=x.dtype))
    if x.ndim == 4 and (noise.speckle or any(noise.profile)):
        rng = np.random.default_rng(int(torch.randint(2**31, ())))
        added = [_of_the_device(sample, noise, rng) for sample in x.detach().cpu().numpy()]
        found = found + torch.from_numpy(np.stack(added)).to(x)
    return found
