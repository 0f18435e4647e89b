"""Libraries of named spectra, and how well a spectrum fits each of them. Imports numpy only."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from napari_udt.errors import CubeError
from napari_udt.spectral.continuum import continuum_removed
from napari_udt.spectral.distances import rmse, spectral_angle, spectral_information_divergence
from napari_udt.spectral.spectra import resample

Array = NDArray[np.float64]
Measure = Literal["angle", "divergence", "continuum"]

MEASURES: Mapping[Measure, str] = {
    "angle": "spectral angle [°]",
    "divergence": "spectral information divergence [nat]",
    "continuum": "rms difference without continuum [1]",
}
_BLOCK_VALUES = 4_000_000
_FEWEST = 3


@dataclass(frozen=True, eq=False)
class SpectralLibrary:
    """Spectra with names, all at the same wavelengths.

    Parameters
    ----------
    title : str
        What the library is called.
    names : tuple of str
        One per spectrum.
    spectra : array, shape (spectra, channels)
        NaN where a spectrum has no value.
    wavelengths_nm : array, shape (channels,)
        Increasing.
    quantity : str
        What the values are, with the unit.
    path : str
        The file that it comes from; empty where there is none.

    Raises
    ------
    CubeError
        When the shapes do not fit, or the wavelengths do not increase.
    """

    title: str
    names: tuple[str, ...]
    spectra: Array
    wavelengths_nm: Array
    quantity: str = "value [a.u.]"
    path: str = ""

    def __post_init__(self) -> None:
        expected = len(self.names), len(self.wavelengths_nm)
        if self.spectra.shape != expected or 0 in expected:
            raise CubeError(
                f"{self.title}: the spectra have shape {self.spectra.shape} for {expected[0]} names and {expected[1]} "
                "wavelengths; expected one row per name and one column per wavelength."
            )
        if not np.all(np.diff(self.wavelengths_nm) > 0):
            raise CubeError(f"{self.title}: the wavelengths do not increase; expected each once, in order.")


@dataclass(frozen=True)
class LibraryMatch:
    """How far a spectrum is from one of a library's."""

    name: str
    value: float


@dataclass(frozen=True, eq=False)
class LibraryComparison:
    """A library prepared for spectra at certain wavelengths; :meth:`of` makes it.

    Spectra are compared at those of their wavelengths that the library covers.
    """

    names: tuple[str, ...]
    measure: Measure
    wavelengths_nm: Array
    inside: NDArray[np.bool_]
    known: Array

    @classmethod
    def of(
        cls, library: SpectralLibrary, wavelengths_nm: Array, measure: Measure = "angle"
    ) -> LibraryComparison:
        """Prepare a library for spectra at these wavelengths.

        Raises
        ------
        CubeError
            When the library covers fewer than three of them.
        """
        grid = library.wavelengths_nm
        inside = (wavelengths_nm >= grid[0]) & (wavelengths_nm <= grid[-1])
        if inside.sum() < _FEWEST:
            raise CubeError(
                f"{library.title} covers {grid[0]:.0f}-{grid[-1]:.0f} nm, the spectrum {wavelengths_nm[0]:.0f}-"
                f"{wavelengths_nm[-1]:.0f} nm; expected at least {_FEWEST} wavelengths of the spectrum inside."
            )
        shared = wavelengths_nm[inside]
        known = np.array([resample(grid, spectrum, shared) for spectrum in library.spectra])
        return cls(library.names, measure, shared, inside, _treated(measure, shared, known))

    def rank(self, spectrum: NDArray[Any]) -> list[LibraryMatch]:
        """Return the library's spectra, the nearest first; those without a number come last.

        Parameters
        ----------
        spectrum : array, shape (channels,)
        """
        values = self._distances(np.asarray(spectrum)[None])[0]
        order = np.argsort(np.where(np.isfinite(values), values, np.inf), kind="stable")
        return [LibraryMatch(self.names[index], float(values[index])) for index in order]

    def nearest(
        self, spectra: NDArray[Any], report: Callable[[int, int], None] = lambda done, total: None
    ) -> tuple[NDArray[np.intp], Array]:
        """Return for each spectrum the number of the library's nearest, -1 where there is none, and how far it is.

        Parameters
        ----------
        spectra : array, shape (n, channels)
        report : callable, optional
            ``report(done, total)``; may raise to cancel.

        Returns
        -------
        int array, shape (n,)
        array, shape (n,)
        """
        best, found = np.full(len(spectra), -1, np.intp), np.full(len(spectra), np.nan)
        step = max(1, _BLOCK_VALUES // self.known.size)
        for start in range(0, len(spectra), step):
            block = slice(start, start + step)
            values = self._distances(spectra[block])
            valued = np.isfinite(values)
            some = valued.any(axis=1)
            number = np.argmin(np.where(valued, values, np.inf), axis=1)
            best[block] = np.where(some, number, -1)
            found[block] = np.where(some, values[np.arange(len(values)), number], np.nan)
            report(min(start + step, len(spectra)), len(spectra))
        return best, found

    def _distances(self, spectra: NDArray[Any]) -> Array:
        """Return the distance of each spectrum to each of the library's, shape (n, library)."""
        shared = np.asarray(spectra, np.float64)[:, self.inside]
        pair = _treated(self.measure, self.wavelengths_nm, shared)[:, None], self.known[None]
        match self.measure:
            case "angle":
                return np.asarray(spectral_angle(*pair, degrees=True), np.float64)
            case "divergence":
                return np.asarray(spectral_information_divergence(*pair), np.float64)
            case "continuum":
                return np.asarray(rmse(*pair), np.float64)


def _treated(measure: Measure, wavelengths_nm: Array, spectra: Array) -> Array:
    return continuum_removed(wavelengths_nm, spectra) if measure == "continuum" else spectra
