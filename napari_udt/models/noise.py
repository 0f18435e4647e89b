"""The noise that a network expects on what it encodes.

Simulated images are nearly noise-free, so noise of a fixed strength is added to them in training: without any, the
likelihood would have no bound. What the network then takes for the simulated domain is simulation *plus noise*, and it
turns that noise into the texture and noise of the other domain. A noise-free image lies beside the distribution that
was learnt: it arrives smoother than any image of the target domain.
"""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray


def with_noise(x: NDArray[np.floating[Any]], std: float) -> NDArray[np.float32]:
    """Add normally distributed noise that every sample's own values seed.

    The same sample always gets the same noise, whatever stands before it in a batch; two samples get different noise.

    Parameters
    ----------
    x : array, shape (n, ...)
        In normalised units.
    std : float
        Standard deviation in normalised units; 0 leaves ``x`` as it is.

    Returns
    -------
    float32 array of the shape of ``x``
    """
    values = np.asarray(x, np.float32)
    if not std:
        return values
    return np.stack([sample + np.float32(std) * _noise_for(sample) for sample in values])


def _noise_for(sample: NDArray[np.float32]) -> NDArray[np.float32]:
    seed = zlib.crc32(np.ascontiguousarray(sample).tobytes())
    return np.random.default_rng(seed).standard_normal(sample.shape, dtype=np.float32)
