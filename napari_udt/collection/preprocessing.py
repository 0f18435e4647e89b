"""The steps that every spectrum of a collection goes through, in the order in which they are listed.

All of them work on single spectra at the collection's wavelengths; the last axis is the wavelength. A spectrum with a
missing value is missing as a whole afterwards, but for the normalisations, which leave missing values out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_udt.errors import CollectionError
from napari_udt.spectral.continuum import continuum_removed
from napari_udt.spectral.spectra import normalise

Spectra = NDArray[np.float32]
Grid = NDArray[np.float64]

_UNEVEN = 0.01  # of the mean distance between wavelengths, from which on a grid is not even


@dataclass(frozen=True)
class Step:
    """One step, by name, with whole numbers as settings.

    Parameters
    ----------
    name : str
        One of :data:`STEPS`.
    settings : mapping of str to int
        Those of its function; what is missing has the function's default.
    """

    name: str
    settings: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.name not in STEPS:
            raise CollectionError(f"Preprocessing {self.name!r} is unknown; expected {', '.join(STEPS)}.")
        known = _SETTINGS.get(self.name, ())
        for key, value in self.settings.items():
            if key not in known or type(value) is not int or value < 0:
                raise CollectionError(
                    f"Preprocessing {self.name}: {key} = {value!r}; expected whole numbers for {', '.join(known) or 'nothing'}."
                )

    def __str__(self) -> str:
        return ":".join([self.name, *(f"{key}={value}" for key, value in self.settings.items())])

    def __call__(self, spectra: Spectra, wavelengths_nm: Grid) -> Spectra:
        """Apply to spectra of shape (..., channels)."""
        return STEPS[self.name](spectra, wavelengths_nm, **self.settings)


def parse_step(text: str) -> Step:
    """Parse "snv" or "savitzky_golay:window=7:degree=2".

    Raises
    ------
    CollectionError
        When the step or a setting is unknown.
    """
    name, *settings = text.split(":")
    pairs = [setting.partition("=") for setting in settings]
    values = {key: int(value) if value.isdigit() else value for key, _, value in pairs}
    return Step(name, values)  # type: ignore[arg-type]


def applied(steps: Sequence[Step], spectra: Spectra, wavelengths_nm: Grid) -> Spectra:
    """Return spectra, shape (..., channels), after all steps."""
    for step in steps:
        spectra = step(spectra, wavelengths_nm)
    return spectra


def savitzky_golay(
    spectra: Spectra, wavelengths_nm: Grid, window: int = 7, degree: int = 2, derivative: int = 0
) -> Spectra:
    """Smooth or differentiate by local polynomials (scipy.signal.savgol_filter); derivatives are per nm.

    Raises
    ------
    CollectionError
        When the wavelengths are not evenly spaced, or too few for the window.
    """
    from scipy.signal import savgol_filter

    distances = np.diff(wavelengths_nm)
    if np.ptp(distances) > _UNEVEN * distances.mean():
        raise CollectionError("Preprocessing savitzky_golay needs evenly spaced wavelengths; leave it out.")
    if not derivative <= degree < window <= len(wavelengths_nm):
        raise CollectionError(
            f"Preprocessing savitzky_golay: window {window}, degree {degree}, derivative {derivative} with "
            f"{len(wavelengths_nm)} wavelengths; expected derivative <= degree < window <= wavelengths."
        )
    known = np.where(np.isfinite(spectra), spectra, 0)  # at the edges scipy fits nothing that is missing
    found = savgol_filter(known, window, degree, deriv=derivative, delta=float(distances.mean()), axis=-1)
    return np.where(_whole(spectra), found, np.nan).astype(np.float32)


def standard_normal_variate(spectra: Spectra, wavelengths_nm: Grid) -> Spectra:
    """Subtract each spectrum's mean and divide by its standard deviation (Barnes, Dhanoa and Lister 1989)."""
    centred = spectra - spectra.mean(axis=-1, keepdims=True)
    deviation = centred.std(axis=-1, keepdims=True)
    return np.divide(centred, deviation, out=np.full_like(centred, np.nan), where=deviation > 0)


def without_continuum(spectra: Spectra, wavelengths_nm: Grid) -> Spectra:
    """Divide each spectrum by its upper convex hull (Clark and Roush 1984); NaN where it is not positive throughout."""
    usable = (spectra > 0).all(axis=-1, keepdims=True) & _whole(spectra)
    return np.where(usable, continuum_removed(wavelengths_nm, spectra), np.nan).astype(np.float32)


def _whole(spectra: Spectra) -> NDArray[np.bool_]:
    return np.asarray(np.isfinite(spectra).all(axis=-1, keepdims=True))


STEPS: dict[str, Callable[..., Any]] = {
    "savitzky_golay": savitzky_golay,
    "snv": standard_normal_variate,
    "continuum_removal": without_continuum,
    "l1": lambda spectra, wavelengths_nm: normalise(spectra, "l1"),
    "l2": lambda spectra, wavelengths_nm: normalise(spectra, "l2"),
    "max": lambda spectra, wavelengths_nm: normalise(spectra, "max"),
}
_SETTINGS = {"savitzky_golay": ("window", "degree", "derivative")}
