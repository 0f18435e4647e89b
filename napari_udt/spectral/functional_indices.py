r"""Numbers of physiology that a reflectance spectrum is summed up by: those of unmixing, and the Tivita camera's.

The camera's indices are ratios of the absorbance :math:`A(\lambda) = -\ln R(\lambda)`, averaged over ranges of wavelengths, or of its
curvature (Holmer et al. 2018, "Hyperspectral imaging in perfusion and wound diagnostics - methods and algorithms for the
determination of tissue parameters", Biomedical Engineering 63, 547-556):

===== ============================= ==========================================
index what                          ranges
===== ============================= ==========================================
StO2  oxygen saturation             570-590 nm and 740-780 nm, second derivative
NIR   perfusion, near infrared      825-925 nm over 655-735 nm
THI   haemoglobin                   530-590 nm over 785-825 nm
TWI   water                         955-980 nm over 880-900 nm
===== ============================= ==========================================

The camera scales them by constants that its maker keeps secret. Here the ratios are given as they are, and StO2 with the
constants 1 and 0.15 of a public re-implementation (K. Papke's ``hsi``, class ``HSOpenTivita``): such numbers can be compared with each other, not with the camera's screen. Of
the indices OHI (haemoglobin of organs) and TLI (lipids), which the camera also shows, not even the ranges are published; they
are not given. Ratios of absorbances depend on the level of the reflectance: it must be calibrated, not normalised.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_udt.cube import Modality
from napari_udt.errors import CubeError
from napari_udt.spectral.spectra import Floats
from napari_udt.spectral.transforms import absorbance
from napari_udt.spectral.unmixing import HAEMOGLOBIN_UNITS, unmix_spectra

Array = NDArray[np.float64]
Range = tuple[float, float]  # nm, both ends included

_HOLMER = "Holmer et al. 2018, Biomedical Engineering 63, 547-556"
_UNMIXING = "Linear unmixing, see docs/population.md"
_STO2_SCALES = (1.0, 0.15)
_STO2_WINDOW, _STO2_DEGREE = 5, 3  # channels of the camera, 5 nm apart, and degree of the local polynomial
_STEP_NM = 10.0  # two channels of the camera
_UNEVEN = 0.05  # of the mean distance between wavelengths, from which on a grid is not even


@dataclass(frozen=True)
class FunctionalIndex:
    """One index.

    Parameters
    ----------
    key, title : str
        For files, and for the screen.
    meaning, source : str
    ranges : tuple of (float, float)
        Wavelengths in nm that it needs.
    unit : str
        "" for a pure number.
    modalities : tuple of {"HSI", "PAT"}
    """

    key: str
    title: str
    meaning: str
    source: str
    ranges: tuple[Range, ...]
    unit: str = ""
    modalities: tuple[Modality, ...] = ("HSI",)


SO2 = FunctionalIndex(
    "so2",
    "sO₂ (unmixed)",
    "Oxygen saturation by linear unmixing, fraction.",
    _UNMIXING,
    (),
    "",
    ("HSI", "PAT"),
)
THB = FunctionalIndex(
    "thb", "Total haemoglobin (unmixed)", "By linear unmixing.", _UNMIXING, (), "g/l·cm", ("HSI", "PAT")
)
STO2 = FunctionalIndex(
    "sto2",
    "StO₂ (Tivita)",
    "Oxygen saturation of tissue from the curvature of the absorbance; scaled by public constants, not the camera's.",
    _HOLMER,
    ((570.0, 590.0), (740.0, 780.0)),
)
NIR = FunctionalIndex(
    "nir",
    "NIR perfusion (Tivita)",
    "Absorbance in 825-925 nm over that in 655-735 nm, not scaled.",
    _HOLMER,
    ((825.0, 925.0), (655.0, 735.0)),
)
THI = FunctionalIndex(
    "thi",
    "THI (Tivita)",
    "Haemoglobin: absorbance in 530-590 nm over that in 785-825 nm, not scaled.",
    _HOLMER,
    ((530.0, 590.0), (785.0, 825.0)),
)
TWI = FunctionalIndex(
    "twi",
    "TWI (Tivita)",
    "Water: absorbance in 955-980 nm over that in 880-900 nm, not scaled.",
    _HOLMER,
    ((955.0, 980.0), (880.0, 900.0)),
)
INDICES = (SO2, THB, STO2, NIR, THI, TWI)


def functional_indices(
    spectra: Floats,
    wavelengths_nm: Array,
    modality: Modality,
    bad_bands: NDArray[np.bool_] | None = None,
) -> dict[FunctionalIndex, Array]:
    """Compute all indices that the wavelengths allow.

    Parameters
    ----------
    spectra : array, shape (n, channels)
        Reflectance (HSI), or photoacoustic pressure; not normalised.
    wavelengths_nm : array, shape (channels,)
    modality : {"HSI", "PAT"}
    bad_bands : boolean array, shape (channels,), optional
        Channels that are left out.

    Returns
    -------
    dict of FunctionalIndex to array, shape (n,)
        NaN where a spectrum has no such index, such as one with values that are not positive. An index whose ranges
        the wavelengths do not cover is missing.
    """
    if bad_bands is not None:
        spectra, wavelengths_nm = spectra[:, ~bad_bands], wavelengths_nm[~bad_bands]
    found: dict[FunctionalIndex, Array] = {}
    try:
        unmixed = unmix_spectra(spectra, wavelengths_nm, modality)
        found |= {SO2: unmixed.oxygenation, THB: unmixed.haemoglobin}
    except CubeError:  # too few wavelengths
        pass
    if modality != "HSI":
        return found
    values = absorbance(np.asarray(spectra, np.float64)).astype(np.float64)
    rules: dict[FunctionalIndex, Callable[[Array, Array], Array]] = {STO2: _saturation}
    for index in (STO2, NIR, THI, TWI):
        if all(_is_covered(limits, wavelengths_nm) for limits in index.ranges):
            if index is STO2 and not _is_even(wavelengths_nm):
                continue
            rule = rules.get(index)
            found[index] = (
                rule(values, wavelengths_nm) if rule else _ratio(values, wavelengths_nm, *index.ranges)
            )
    return found


def unit_of(index: FunctionalIndex, modality: Modality) -> str:
    """Return the unit of an index."""
    return HAEMOGLOBIN_UNITS[modality] if index is THB else index.unit


def _inside(wavelengths_nm: Array, limits: Range) -> NDArray[np.bool_]:
    return (wavelengths_nm >= limits[0]) & (wavelengths_nm <= limits[1])


def _is_covered(limits: Range, wavelengths_nm: Array) -> bool:
    """Whether the wavelengths reach from one end of a range to the other, as far as the camera's step allows."""
    inside = wavelengths_nm[_inside(wavelengths_nm, limits)]
    return len(inside) > 0 and inside[0] <= limits[0] + _STEP_NM and inside[-1] >= limits[1] - _STEP_NM


def _is_even(wavelengths_nm: Array) -> bool:
    """Whether there are enough evenly spaced wavelengths for the local polynomials."""
    steps = np.diff(wavelengths_nm)
    return len(wavelengths_nm) >= _STO2_WINDOW and bool(np.ptp(steps) <= _UNEVEN * steps.mean())


def _ratio(values: Array, wavelengths_nm: Array, above: Range, below: Range) -> Array:
    upper, lower = (values[:, _inside(wavelengths_nm, limits)].mean(axis=1) for limits in (above, below))
    return np.divide(upper, lower, out=np.full(len(values), np.nan), where=lower != 0)


def _saturation(values: Array, wavelengths_nm: Array) -> Array:
    """Weigh the strongest curvature in the two ranges against each other."""
    from scipy.signal import savgol_filter

    step = float(np.diff(wavelengths_nm).mean())
    whole = np.asarray(np.isfinite(values).all(axis=1))
    known = np.where(whole[:, None], values, 0.0)
    curvature = savgol_filter(known, _STO2_WINDOW, _STO2_DEGREE, deriv=2, delta=step, axis=1)
    green, red = (
        curvature[:, _inside(wavelengths_nm, limits)].min(axis=1) / scale
        for limits, scale in zip(STO2.ranges, _STO2_SCALES, strict=True)
    )
    both = green + red
    return np.divide(green, both, out=np.full(len(values), np.nan), where=whole & (both != 0))
