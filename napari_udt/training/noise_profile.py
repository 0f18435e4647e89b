"""How strong the noise is that the wavelengths of a domain's images do not share, by depth."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from napari_udt.models.noise import DETAIL_OF_WHITE

BANDS = 16  # of depth
# Spectral components, the strongest first, in which details of the tissue may hide the noise.
_TISSUE = 4
_SMALLEST = 1e-12


class NoiseProfile(NamedTuple):
    """Noise of a domain.

    Parameters
    ----------
    profile : tuple of float
        Standard deviation in bands of depth, the topmost first, in units of the scale; geometric mean over images.
    variation : float
        Standard deviation, from image to image, of the logarithm of its strength; at most 1.
    """

    profile: tuple[float, ...]
    variation: float


def noise_profile(images: NDArray[np.floating[Any]], scale: float) -> NoiseProfile:
    """Estimate the noise from the diagonal details of 2 x 2 pixels, where tissue has least, in the weak spectral components.

    Parameters
    ----------
    images : array, shape (n, C, H, W)
        Raw values.
    scale : float
        Unit of the result, in raw units.
    """
    values = (
        np.asarray(images, np.float64)[:, :, : images.shape[2] // 2 * 2, : images.shape[3] // 2 * 2] / scale
    )
    details = 0.5 * (
        values[..., ::2, ::2] - values[..., ::2, 1::2] - values[..., 1::2, ::2] + values[..., 1::2, 1::2]
    )
    channels = details.shape[1]
    vectors = np.linalg.eigh(np.einsum("nchw,ndhw->cd", details, details))[1]
    weak = vectors[:, : max(1, channels - _TISSUE)]
    power = np.square(np.einsum("nchw,ck->nkhw", details, weak)).mean(axis=(1, 3))
    bands = np.stack(
        [part.mean(axis=1) for part in np.array_split(power, min(BANDS, power.shape[1]), axis=1)], axis=1
    )
    logarithm = 0.5 * np.log(np.maximum(bands, _SMALLEST))
    profile = logarithm.mean(axis=0)
    by_image = (logarithm - profile).mean(axis=1)
    return NoiseProfile(tuple(map(float, np.exp(profile) / DETAIL_OF_WHITE)), min(1.0, float(by_image.std())))
