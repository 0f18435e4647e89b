"""The noise that a network expects on what it encodes.

Simulated images are nearly noise-free, so noise of a fixed strength is added to them in training: without any, the
likelihood would have no bound. What the network then takes for the simulated domain is simulation *plus noise*, and it
turns that noise into the texture and noise of the other domain. A noise-free image lies beside the distribution that
was learnt: it arrives smoother than any image of the target domain.

White noise gives every wavelength of every pixel its own value. Speckle is common to all wavelengths and coarser than a pixel: a picture shows the
envelope of waves, and waves of sources too small to be resolved, or beside the imaging plane, add to those of the tissue. So there may also be
speckle: the envelope x becomes the size of x + w with a complex normal field w, smooth over a pixel or two and about as strong everywhere. Dark tissue
becomes speckle with the dark lines that such envelopes have, skin and vessels hardly change (Rice's distribution). All
wavelengths get the same factor: their ratios stay, and with them oxygenation.
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

    from napari_udt.models.spec import ModelSpec


_ROWS = 4096  # of noise for spectra: 16 million pairs
# The wave field of speckle. Blur along rows and columns, in pixels of 0.156 mm, and standard deviations from image to image of the
# logarithm of its size and of the field's strength: chosen by what transfers look like beside the calibrated digital device.
_BLUR = (0.6, 1.15)
_BLUR_VARIATION = 0.2
_VARIATION = 0.4
# Standard deviation of the logarithm of its strength over blocks of so many pixels.
_UNEVENNESS = 0.375
_BLOCKS = (8, 16, 32)
_DARKEST = 0.02  # in units of the compression's scale: where speckle stops growing relative to the tissue


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
        Standard deviation, from image to image, of the natural logarithm of the white noise's strength; images only. Devices and people
        differ in their noise, and a network can only give what it gets.
    compression : (float, float)
        Mean and standard deviation of the compressed values asinh(x / scale), by which images were normalised; for speckle.
    """

    white: float = 0.0
    speckle: float = 0.0
    variation: float = 0.0
    compression: tuple[float, float] = (0.0, 1.0)

    @classmethod
    def of(cls, spec: ModelSpec) -> InputNoise:
        """Noise that a model expects on simulated samples."""
        return cls(spec.input_noise, spec.speckle, spec.noise_variation, spec.statistics["simulated"])

    def __bool__(self) -> bool:
        """Whether there is any."""
        return self.white > 0 or self.speckle > 0

    def __str__(self) -> str:
        """Words for records and cards."""
        words = f"standard deviation {self.white:g} of normalised values"
        if self.variation:
            words += f", {math.exp(self.variation):.2g} times more or less from image to image (one standard deviation)"
        if self.speckle:
            words += f", and speckle common to all wavelengths, {self.speckle:g} times the scale of the compression"
        return words


def with_noise(x: NDArray[np.floating[Any]], noise: InputNoise) -> NDArray[np.float32]:
    """Add normally distributed noise that every sample's own values seed.

    The same sample always gets the same noise, whatever stands before it in a batch; two samples get different noise.

    Parameters
    ----------
    x : array, shape (n, ...)
        In normalised units.
    noise : InputNoise
        None of it leaves ``x`` as it is.

    Returns
    -------
    float32 array of the shape of ``x``
    """
    values = np.asarray(x, np.float32)
    if not noise:
        return values
    if values.ndim == 2:
        return values + np.float32(noise.white) * _noise_for_spectra(values)
    return np.stack([sample + _noise_for(sample, noise) for sample in values])


def _noise_for(sample: NDArray[np.float32], noise: InputNoise) -> NDArray[np.float32]:
    rng = np.random.default_rng(zlib.crc32(np.ascontiguousarray(sample).tobytes()))
    found = np.float32(noise.white) * rng.standard_normal(sample.shape, dtype=np.float32)
    if noise.variation and sample.ndim == 3:
        found *= np.float32(math.exp(noise.variation * rng.standard_normal()))
    if noise.speckle and sample.ndim == 3:
        found += _speckle(sample, noise, rng)
    return found


def _speckle(
    sample: NDArray[np.float32], noise: InputNoise, rng: np.random.Generator
) -> NDArray[np.floating[Any]]:
    """Return what speckle adds to an image (channels, H, W) in normalised units."""
    mean, std = noise.compression
    values = np.sinh(sample * std + mean)
    field = _wave_field(sample.shape[1:], rng) * (
        noise.speckle * math.exp(_VARIATION * rng.standard_normal())
    )
    factor = np.abs(1 + field / np.maximum(np.abs(values.mean(axis=0)), _DARKEST))
    found: NDArray[np.floating[Any]] = (np.arcsinh(values * factor) - mean) / std - sample
    return found


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


def _noise_for_spectra(spectra: NDArray[np.float32]) -> NDArray[np.float32]:
    """Make standard normal noise (n, channels): every spectrum's values choose two rows of a table, whose sum is its own.

    A generator for each of a hundred thousand spectra would take longer than their transfer.
    """
    table = _table_of_noise(spectra.shape[1])
    rows = np.array([zlib.crc32(row) for row in np.ascontiguousarray(spectra)], np.uint32).reshape(-1)
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
    if noise.speckle and x.ndim == 4:
        rng = np.random.default_rng(int(torch.randint(2**31, ())))
        added = [_speckle(sample, noise, rng) for sample in x.detach().cpu().numpy()]
        found = found + torch.from_numpy(np.stack(added)).to(x)
    return found
