"""How sensitive the elements of an array are over frequency, and the noise that they add."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_udt.simulation import acoustics
from napari_udt.simulation.acoustics import Signals

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Transducer:
    """A Gaussian sensitivity with a wider flank towards low frequencies, 1 at its peak.

    Parameters
    ----------
    centre_mhz : float
    bandwidth : float
        Full width at half maximum over the centre frequency.
    skew : float
        The flank towards low frequencies is this much wider than half the width, the other narrower.
    """

    centre_mhz: float = 3.96
    bandwidth: float = 0.55
    skew: float = 0.25

    def response(self, frequencies_mhz: Array) -> Array:
        """Sensitivity at frequencies [MHz]."""
        sigma = self.bandwidth * self.centre_mhz / np.sqrt(8 * np.log(2))
        flank = np.where(frequencies_mhz < self.centre_mhz, sigma * (1 + self.skew), sigma * (1 - self.skew))
        return np.exp(-((frequencies_mhz - self.centre_mhz) ** 2) / (2 * flank**2))


MSOT_ACUITY = Transducer()  # SIMPA's model of the MSOT Acuity Echo (Groehl et al. 2022)


def with_noise(heard: Signals, white: Signals, response: Array, strength: float) -> Signals:
    """Add what the elements hear of white noise.

    Parameters
    ----------
    heard, white : float32 array, shape (elements, samples, C)
        The recordings, changed in place, and noise of any strength.
    response : array, shape (frequencies,)
    strength : float
        Standard deviation of the noise over that of the recordings.
    """
    noise = acoustics.filtered(white, response)
    heard += noise * np.float32(strength * heard.std() / noise.std())
    return heard
