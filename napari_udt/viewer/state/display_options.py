"""How curves are drawn: the choices of the Spectra dock and of the condition explorer. No Qt, no napari."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Literal

from pydantic import Field

from napari_udt.cube import Modality
from napari_udt.spectral.library import Measure
from napari_udt.spectral.spectra import Centre, OverTrainings, Spread
from napari_udt.spectral.transforms import Order, Scaling, Transform
from napari_udt.viewer.state.entities import CurveId

Mode = Literal["pixel", "structure"]
ChosenScaling = Scaling | Literal["auto"]
_USUAL: Mapping[Modality, Scaling] = {"PAT": "none", "HSI": "l2"}
Comparison = Literal["none", "difference", "ratio"]
Band = Spread | OverTrainings
Over = Literal["wavelength", "value", "oxygenation"]


@dataclass(frozen=True)
class DisplayOptions:
    """How curves are drawn.

    Parameters
    ----------
    mode : {"pixel", "structure"}
        The spectrum of the pixel itself, or mean and spread of the structure it belongs to.
    over : {"wavelength", "value", "oxygenation"}
        The axis of the plot: wavelength, or time or depth for cubes of a series, with the value at the picture's wavelength or the
        oxygen saturation that unmixing finds.
    volume : bool
        Whether curves of structures are those of a whole volume, not of the slice that is shown.
    normalisation : {"auto", "none", "l1", "l2", "max", "wavelength"}
        Applied to each spectrum before statistics. "auto": photoacoustic ones are not normalised, as their level counts;
        hyperspectral ones are divided by their L2 norm.
    normalisation_nm : float
        The wavelength of the last of these.
    absorbance : bool
        Whether the negative natural logarithm of each spectrum is taken next.
    derivative : {0, 1, 2}
        Order of each spectrum's derivative over the wavelength, taken last.
    derivative_window : int
        Number of channels that the derivative is fitted to.
    comparison : {"none", "difference", "ratio"}
        What is drawn instead of the curves: their difference to the reference curve, or their ratio with it.
    reference : CurveId, optional
        The reference curve; by default the one at the same pixel or structure: real, else simulated.
    structures : tuple of str
        The structures that are shown in "structure" mode besides those under the cursor and the pins.
    chromophores : tuple of str
        Those whose absorption is drawn.
    blood : bool
        Whether oxygen saturation and haemoglobin are estimated for each curve.
    library_spectra : tuple of str
        Those of spectral libraries that are drawn, as "library: name".
    library_measure : {"angle", "divergence", "continuum"}
        By what curves are compared with libraries.
    band_nm : (float, float), optional
        The range of wavelengths whose mean is shown.
    window : {1, 3, 5, 7}
        Side of the square of pixels that is averaged around the cursor in "pixel" mode.
    centre : {"mean", "median"}
        What stands for a group of spectra.
    spread : {"std", "quantiles", "quartiles", "none", "trainings", "trainings_range"}
        Band around it: one standard deviation, 5-95 % or 25-75 % quantiles of the spectra. Or only around transferred curves, one standard
        deviation or the range of what other trainings of the model make of the same spectra.
    hover : bool
        Whether curves follow the cursor; if not, only the pins are drawn.
    live : bool
        Whether the chosen model transfers the simulated spectrum under the cursor at once.
    live_band : bool
        Whether that curve is drawn with the band of admissible conditions.
    explore : bool
        Whether the spectrum under the cursor is drawn under another condition as well.
    explore_class : str, optional
        The class it is decoded as; None for its own.
    explore_domain : float
        0 (simulated) to 1 (real).
    """

    mode: Mode = "pixel"
    over: Over = "wavelength"
    volume: bool = False
    normalisation: ChosenScaling = "auto"
    normalisation_nm: float = 800.0
    absorbance: bool = False
    derivative: Order = 0
    derivative_window: int = 7
    comparison: Comparison = "none"
    reference: CurveId | None = None
    structures: tuple[str, ...] = ()
    chromophores: tuple[str, ...] = ()
    blood: bool = False
    library_spectra: tuple[str, ...] = ()
    library_measure: Measure = "angle"
    band_nm: tuple[float, float] | None = None
    window: int = 1
    centre: Centre = "mean"
    spread: Band = "std"
    hover: bool = True
    live: bool = True
    live_band: bool = False
    explore: bool = False
    explore_class: str | None = None
    explore_domain: Annotated[float, Field(ge=0, le=1)] = 1.0

    def of(self, modality: Modality) -> DisplayOptions:
        """Return the options as they are for data of a modality: with the normalisation that "auto" stands for."""
        return replace(self, normalisation=_USUAL[modality]) if self.normalisation == "auto" else self

    @property
    def over_trainings(self) -> OverTrainings | None:
        """The band that is one over trainings; None where it is one of the spectra, or there is none."""
        match self.spread:
            case "trainings" | "trainings_range":
                return self.spread
        return None

    @property
    def own_spread(self) -> Spread:
        """The band that is one of the spectra; "none" where it is one over trainings."""
        match self.spread:
            case "trainings" | "trainings_range":
                return "none"
        return self.spread

    @property
    def transform(self) -> Transform:
        """What is done to each spectrum before it is averaged; "auto" is that of hyperspectral data."""
        return Transform(
            _USUAL["HSI"] if self.normalisation == "auto" else self.normalisation,
            self.normalisation_nm if self.normalisation == "wavelength" else 0.0,
            self.absorbance,
            self.derivative,
            self.derivative_window if self.derivative else 0,
        )
