"""The noise that a network expects on what it encodes.

Simulated images are nearly noise-free, so noise of a fixed strength is added to them in training: without any, the
likelihood would have no bound. What the network then takes for the simulated domain is simulation *plus noise*, and it
turns that noise into the texture and noise of the other domain. A noise-free image lies beside the distribution that
was learnt: it arrives smoother than any image of the target domain.

White noise gives every wavelength of every pixel its own value. Speckle is brightness: it is common to all wavelengths, and coarser than a
pixel. So there may also be noise of the brightness, as strong in blocks of 1, 2, 4, ... pixels, which leaves the ratios of wavelengths as
they are, and with them oxygenation.
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


@dataclass(frozen=True)
class InputNoise:
    """Strength of the noise.

    Parameters
    ----------
    white : float
        Standard deviation at every wavelength by itself, in normalised units.
    brightness : float
        Standard deviation of each octave of what all wavelengths have in common, in normalised units; images only.
    octaves : int
        Octaves of the brightness: blocks of 1, 2, 4, ... pixels.
    variation : float
        Standard deviation, from image to image, of the natural logarithm of the white noise's strength; images only. Devices and people
        differ in their noise, and a network can only give what it gets.
    """

    white: float = 0.0
    brightness: float = 0.0
    octaves: int = 0
    variation: float = 0.0

    @classmethod
    def of(cls, spec: ModelSpec) -> InputNoise:
        """Noise that a model expects on simulated samples."""
        return cls(spec.input_noise, spec.brightness_noise, spec.brightness_octaves, spec.noise_variation)

    def __bool__(self) -> bool:
        """Whether there is any."""
        return self.white > 0 or (self.brightness > 0 and self.octaves > 0)

    def __str__(self) -> str:
        """Words for records and cards."""
        words = f"standard deviation {self.white:g} of normalised values"
        if self.variation:
            words += f", {math.exp(self.variation):.2g} times more or less from image to image (one standard deviation)"
        if self.brightness and self.octaves:
            words += (
                f", and {self.brightness:g} of the brightness common to all wavelengths in each of {self.octaves} octaves "
                f"(blocks of 1 to {2 ** (self.octaves - 1)} pixels)"
            )
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
    if noise.brightness and sample.ndim == 3:
        for octave in range(noise.octaves):
            blocks = rng.standard_normal(_blocks(sample.shape[1:], octave), dtype=np.float32)
            found += (
                np.float32(noise.brightness) * _spread(blocks, octave)[: sample.shape[1], : sample.shape[2]]
            )
    return found


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
    if noise.brightness and x.ndim == 4:
        n, _, height, width = x.shape
        for octave in range(noise.octaves):
            blocks = torch.randn(n, 1, *_blocks((height, width), octave), dtype=x.dtype)
            spread = blocks.repeat_interleave(2**octave, 2).repeat_interleave(2**octave, 3)
            found = found + noise.brightness * spread[..., :height, :width]
    return found


def _blocks(picture: tuple[int, ...], octave: int) -> tuple[int, int]:
    height, width = (-(-side // 2**octave) for side in picture)
    return height, width


def _spread(blocks: NDArray[np.float32], octave: int) -> NDArray[np.float32]:
    return blocks.repeat(2**octave, axis=0).repeat(2**octave, axis=1)
