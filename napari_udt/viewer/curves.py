"""What is drawn: curves, how far they lie apart, and what a reader must be told. No Qt."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from napari_udt.metrics import relative_rms_difference, rmse, spectral_angle
from napari_udt.spectra import resample
from napari_udt.viewer.session import DisplayOptions, Entry, Pin, PixelRef
from napari_udt.viewer.style import LineStyle

Basis = Literal["pixel", "window", "structure"]
Floats = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class CurveId:
    """What makes a curve the same one while the cursor moves: the cube's key and the pin (None: cursor)."""

    key: str
    pin: int | None = None


@dataclass(frozen=True, eq=False)
class Curve:
    """A spectrum to draw.

    Parameters
    ----------
    id : CurveId
    entry : Entry
        The open cube it was read from.
    basis : {"pixel", "window", "structure"}
        Whose spectrum it is: the pixel's own, a square of pixels', a structure's.
    label : str
        What a reader must be told: where the data come from and what was averaged.
    style : LineStyle
        Colour and dashes of the domain.
    wavelengths_nm, values, lower, upper : array, shape (channels,)
        Lower and upper limit of the band; None where there is no band.
    count : int
        Number of spectra behind it.
    quantity : str
        What the values are after normalisation, with the unit.
    pixel : PixelRef
        The place that was asked about: whose spectrum, or whose structure, this is.
    structure : str, optional
        Name of the structure there.
    pin : Pin, optional
        The pin it belongs to; None for the cursor.
    """

    id: CurveId
    entry: Entry
    basis: Basis
    label: str
    style: LineStyle
    wavelengths_nm: NDArray[np.float64]
    values: Floats
    lower: Floats | None
    upper: Floats | None
    count: int
    quantity: str
    pixel: PixelRef
    structure: str | None = None
    pin: Pin | None = None

    def value_at(self, wavelength_nm: float) -> float:
        """Return the value at a wavelength by linear interpolation; NaN outside the curve."""
        return float(resample(self.wavelengths_nm, self.values, np.array([wavelength_nm]))[0])


@dataclass(frozen=True)
class Difference:
    """How far a curve lies from its reference.

    Compared at the reference's wavelengths that the curve covers, interpolated linearly where the grids
    differ; ``channels`` says how many those are.
    """

    curve: CurveId
    reference: CurveId
    angle_deg: float
    rmse: float
    relative: float
    channels: int


@dataclass(frozen=True, eq=False)
class CurveSet:
    """All curves to draw, and what a reader must be told.

    Parameters
    ----------
    curves : tuple of Curve
        The cursor's, then the pins', newest pin first.
    differences : tuple of Difference
    statement : str
        One line that says which pixel is seen.
    remarks : tuple of str
        What is missing, assumed or still being computed.
    options : DisplayOptions
        How the curves were computed.
    """

    curves: tuple[Curve, ...] = ()
    differences: tuple[Difference, ...] = ()
    statement: str = ""
    remarks: tuple[str, ...] = ()
    options: DisplayOptions = field(default_factory=DisplayOptions)

    @property
    def quantity(self) -> str:
        """What the vertical axis shows; where the curves' quantities differ, only what was done to them."""
        found = list(dict.fromkeys(curve.quantity for curve in self.curves))
        if len(found) < 2:
            return "".join(found)
        divisors = {quantity.rpartition(" / ")[2] for quantity in found if " / " in quantity}
        return f"value / {divisors.pop()}" if len(divisors) == 1 else "value (see the cubes' units)"

    def without(self, hidden: Collection[CurveId]) -> CurveSet:
        """Return the same without some curves and their numbers."""
        return replace(
            self,
            curves=tuple(curve for curve in self.curves if curve.id not in hidden),
            differences=tuple(d for d in self.differences if d.curve not in hidden),
        )

    def difference(self, curve: CurveId) -> Difference | None:
        """Return how far a curve lies from its reference; None for the reference itself."""
        return next((d for d in self.differences if d.curve == curve), None)


def differences(curves: Sequence[Curve]) -> Iterator[Difference]:
    """Compare the curves of one place with its real curve, or where there is none with the simulated one."""
    reference = next((c for role in ("real", "simulated") for c in curves if c.entry.role == role), None)
    if reference is not None:
        yield from (difference(curve, reference) for curve in curves if curve is not reference)


def difference(curve: Curve, reference: Curve) -> Difference:
    """Compare two curves at the wavelengths of ``reference`` that ``curve`` covers."""
    values = resample(curve.wavelengths_nm, curve.values, reference.wavelengths_nm)
    return Difference(
        curve=curve.id,
        reference=reference.id,
        angle_deg=float(spectral_angle(values, reference.values, degrees=True)),
        rmse=float(rmse(values, reference.values)),
        relative=float(relative_rms_difference(values, reference.values)),
        channels=int(np.sum(np.isfinite(values) & np.isfinite(reference.values))),
    )
