r"""Transforms of single spectra before they are averaged and drawn: normalisation, logarithm, derivative.

The order is fixed: **1.** normalise, **2.** take :math:`-\ln`, **3.** differentiate over the wavelength; only then
come mean or median and spread of a group (:func:`napari_udt.spectral.spectra.group_statistics`), and last of all the
difference to a reference curve or the ratio with it. So a band is always the spread of transformed spectra, never
a transformed band. A normalised spectrum differs from the others by a factor, its logarithm by an offset, and the
derivative of that by nothing: the order costs no generality.

Knows numpy only; the last axis of an array of spectra is the wavelength.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import factorial
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from napari_udt.errors import CubeError
from napari_udt.spectral.spectra import Floats, Normalisation, normalise

Scaling = Normalisation | Literal["wavelength"]
Order = Literal[0, 1, 2]

ORDER = (
    "normalisation, logarithm, derivative of each spectrum; mean or median and spread; difference or ratio"
)

_DIVISORS = {"l1": "L1 norm", "l2": "L2 norm", "max": "maximum"}
_POLYNOMIAL = 2  # degree of the fitted parabola: the lowest that has a second derivative


@dataclass(frozen=True)
class Transform:
    """Transform of each spectrum.

    Parameters
    ----------
    scaling : {"none", "l1", "l2", "max", "wavelength"}
        What it is divided by; "wavelength" means its own value at ``scaling_nm``.
    scaling_nm : float
        Used by "wavelength" only.
    absorbance : bool
        Take the negative natural logarithm; values that are not positive become missing.
    derivative : {0, 1, 2}
        Order of the derivative over the wavelength, per nm.
    window : int
        Number of neighbouring channels that the derivative is fitted to, odd.
    """

    scaling: Scaling = "none"
    scaling_nm: float = 800.0
    absorbance: bool = False
    derivative: Order = 0
    window: int = 7

    def __call__(self, spectra: Floats, wavelengths_nm: NDArray[np.float64]) -> Floats:
        """Apply to spectra of shape (..., channels).

        Raises
        ------
        CubeError
            When the wavelengths do not reach ``scaling_nm``, or are too few for the derivative.
        """
        if self.scaling == "wavelength":
            spectra = _divided(spectra, value_at(spectra, wavelengths_nm, self.scaling_nm))
        else:
            spectra = normalise(spectra, self.scaling)
        if self.absorbance:
            spectra = absorbance(spectra)
        if self.derivative:
            spectra = derivative(spectra, wavelengths_nm, self.derivative, self.window)
        return spectra

    def quantity(self, quantity: str) -> str:
        """Return what the values are afterwards, with their unit; ``quantity`` as "reflectance [1]"."""
        name, _, unit = quantity.partition("[")
        name, unit = name.strip(), unit.strip(" ]")
        if self.scaling != "none":
            name, unit = f"{name} / {self._divisor()}", ""
        if self.absorbance:
            name, unit = f"−ln({name})", ""
        if self.derivative == 0:
            return f"{name} [{unit}]" if unit else name
        which, power = ("derivative", "") if self.derivative == 1 else ("second derivative", "²")
        return f"{which} of {name} [{unit or '1'}/nm{power}]"

    def statement(self, wavelengths_nm: NDArray[np.float64]) -> str:
        """Return how the derivative is made, with its window in nm; empty where there is none."""
        if not self.derivative:
            return ""
        channels = fitting_channels(len(wavelengths_nm), self.window)
        width = float(np.median(np.diff(wavelengths_nm))) * (channels - 1)
        which = "First" if self.derivative == 1 else "Second"
        return f"{which} derivative: Savitzky–Golay, parabola over {channels} channels ({width:.3g} nm)."

    def _divisor(self) -> str:
        if self.scaling == "wavelength":
            return f"value at {self.scaling_nm:.4g} nm"
        return _DIVISORS[self.scaling]


def absorbance(spectra: Floats) -> Floats:
    """Negative natural logarithm of each value; NaN where a value is not positive."""
    known = np.isfinite(spectra) & (spectra > 0)
    return -np.log(spectra, out=np.full_like(spectra, np.nan), where=known)


def value_at(spectra: Floats, wavelengths_nm: NDArray[np.float64], wavelength_nm: float) -> Floats:
    """Values at one wavelength by linear interpolation, shape (..., 1).

    Raises
    ------
    CubeError
        When the wavelength lies outside the grid.
    """
    low, high = float(wavelengths_nm[0]), float(wavelengths_nm[-1])
    if not low <= wavelength_nm <= high:
        raise CubeError(
            f"There is no value at {wavelength_nm:.4g} nm in {low:.4g}-{high:.4g} nm; choose a wavelength inside."
        )
    position = float(np.interp(wavelength_nm, wavelengths_nm, np.arange(len(wavelengths_nm))))
    below = min(int(position), len(wavelengths_nm) - 1)
    share = position - below
    left = spectra[..., below, np.newaxis]
    if share == 0:
        return left
    return ((1 - share) * left + share * spectra[..., below + 1, np.newaxis]).astype(spectra.dtype)


def derivative(
    spectra: Floats, wavelengths_nm: NDArray[np.float64], order: Order = 1, window: int = 7
) -> Floats:
    r"""Return the derivative over the wavelength by local fits of a parabola, per nm (per nm² for ``order`` 2).

    At every wavelength a parabola is fitted to the ``window`` nearest-by channels (fewer on a short grid, the same
    ones at the edges) and differentiated there: the filter of Savitzky and Golay (1964, Analytical Chemistry
    36, 1627-1639), which on an even grid this is, carried over to uneven ones.

    Parameters
    ----------
    spectra : array, shape (..., channels)
    wavelengths_nm : array, shape (channels,)
    order : {1, 2}
    window : int
        Odd number of channels.

    Returns
    -------
    array, shape (..., channels)
        NaN where the window holds a missing value.

    Raises
    ------
    CubeError
        When there are fewer than three wavelengths.
    """
    operator = _operator(tuple(float(w) for w in wavelengths_nm), order, window)
    known = np.isfinite(spectra)
    found = np.where(known, spectra, 0) @ operator.T.astype(spectra.dtype)
    if not known.all():
        touched = (~known).astype(np.float32) @ (operator != 0).T.astype(np.float32)
        found[touched > 0] = np.nan
    return found


def fitting_channels(channels: int, window: int) -> int:
    """Return the odd number of channels, at least three, that a window has on a grid of so many.

    Raises
    ------
    CubeError
        When the grid has fewer than three.
    """
    if channels < 3:
        raise CubeError(f"A derivative needs at least 3 wavelengths, there are {channels}.")
    largest = channels if channels % 2 else channels - 1
    return max(3, min(window | 1, largest))


@lru_cache(maxsize=32)
def _operator(wavelengths_nm: tuple[float, ...], order: int, window: int) -> NDArray[np.float64]:
    """Matrix (channels, channels) that takes a spectrum to its derivative."""
    grid = np.array(wavelengths_nm)
    width = fitting_channels(len(grid), window)
    operator = np.zeros((len(grid), len(grid)))
    for channel, wavelength in enumerate(grid):
        first = min(max(channel - width // 2, 0), len(grid) - width)
        distance = grid[first : first + width] - wavelength
        size = np.abs(distance).max()  # of order one, or the fit loses digits
        powers = np.vander(distance / size, _POLYNOMIAL + 1, increasing=True)
        operator[channel, first : first + width] = (
            np.linalg.pinv(powers)[order] * factorial(order) / size**order
        )
    operator.setflags(write=False)
    return operator


def _divided(spectra: Floats, divisor: Floats) -> Floats:
    known = np.isfinite(divisor) & (divisor != 0)
    return np.divide(spectra, divisor, out=np.full_like(spectra, np.nan), where=known)
