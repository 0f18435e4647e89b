"""Curves to draw, the distances between them, and remarks. No Qt."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from napari_udt.spectral.distances import relative_rms_difference, rmse, spectral_angle
from napari_udt.spectral.spectra import resample
from napari_udt.spectral.unmixing import Unmixed
from napari_udt.viewer.spectra.value_range import Extent, extent
from napari_udt.viewer.state.session import Comparison, CurveId, DisplayOptions, Entry, Pin, PixelRef
from napari_udt.viewer.style import LineStyle

Basis = Literal["pixel", "window", "structure", "region"]
Floats = NDArray[np.floating[Any]]
Subject = tuple[int | None, str | None, int | None]  # pin, chosen structure, region; all None for the cursor


@dataclass(frozen=True)
class Mark:
    """The dots on the curves of one pixel, structure or region: their colour (hex) and the number of their shape."""

    colour: str
    shape: int


@dataclass(frozen=True, eq=False)
class Curve:
    """A spectrum to draw.

    Parameters
    ----------
    id : CurveId
    entry : Entry
        The open cube it was read from.
    basis : {"pixel", "window", "structure", "region"}
        Whose spectrum it is: the pixel's own, a square of pixels', a structure's, a drawn region's.
    label : str
        Where the data come from and what was averaged.
    style : LineStyle
        Colour and dashes of the domain.
    wavelengths_nm, values, lower, upper : array, shape (channels,)
        Lower and upper limit of the band; None where there is no band.
    count : int
        Number of spectra behind it.
    quantity : str
        What the values are after all that was done to them, with the unit.
    pixel : PixelRef, optional
        The pixel whose spectrum, or whose structure, this is.
    structure : str, optional
        Name of the structure there.
    pin : Pin, optional
        The pin it belongs to.
    mark : Mark, optional
        Dots on the curve; None for the cursor's.
    unmixed : Unmixed, optional
        Oxygen saturation and haemoglobin, estimated from the spectrum before anything was done to it.
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
    pixel: PixelRef | None = None
    structure: str | None = None
    pin: Pin | None = None
    mark: Mark | None = None
    unmixed: Unmixed | None = None

    def value_at(self, wavelength_nm: float) -> float:
        """Return the value at a wavelength by linear interpolation; NaN outside the curve."""
        return float(resample(self.wavelengths_nm, self.values, np.array([wavelength_nm]))[0])

    def band_mean(self, low_nm: float, high_nm: float) -> float:
        """Return the mean of the values at wavelengths within a range; NaN where there is none."""
        inside = self.values[(self.wavelengths_nm >= low_nm) & (self.wavelengths_nm <= high_nm)]
        known = inside[np.isfinite(inside)]
        return float(known.mean()) if known.size else float("nan")

    @property
    def subject(self) -> Subject:
        """The pin, chosen structure or region it belongs to, all None for the cursor; the same in all domains."""
        return self.id.pin, self.id.structure, self.id.region

    @cached_property
    def extent(self) -> Extent | None:
        """Range of the values."""
        return extent([self.values])

    @cached_property
    def extent_with_band(self) -> Extent | None:
        """Range of the values and of the band."""
        return extent([self.values, self.lower, self.upper])


@dataclass(frozen=True)
class Difference:
    """How far a curve lies from its reference.

    Compared at the reference's wavelengths that the curve covers, interpolated linearly where the grids
    differ; ``channels`` says how many those are. The curves are compared as they are before one is subtracted
    from the other, or divided by it.
    """

    curve: CurveId
    reference: CurveId
    angle_deg: float
    rmse: float
    relative: float
    channels: int


@dataclass(frozen=True, eq=False)
class CurveSet:
    """All curves to draw, with remarks.

    Parameters
    ----------
    curves : tuple of Curve
        The cursor's, then the pins', newest pin first.
    differences : tuple of Difference
    statement : str
        One line: which pixel, structure or region the first curves are of.
    remarks : tuple of str
        What is missing, assumed or still being computed.
    options : DisplayOptions
        How the curves were computed.
    plain : tuple of Curve
        The curves before one was subtracted from another, or divided by it.
    reference_of : mapping of CurveId to Curve
        What each of these is compared with.
    """

    curves: tuple[Curve, ...] = ()
    differences: tuple[Difference, ...] = ()
    statement: str = ""
    remarks: tuple[str, ...] = ()
    options: DisplayOptions = field(default_factory=DisplayOptions)
    plain: tuple[Curve, ...] = ()
    reference_of: Mapping[CurveId, Curve] = field(default_factory=dict)

    @property
    def quantity(self) -> str:
        """What the vertical axis shows; where the curves' quantities differ, only what was done to them."""
        found = list(dict.fromkeys(curve.quantity for curve in self.curves))
        if len(found) < 2:
            return "".join(found)
        common = compared_quantity(self.options.transform.quantity("value"), self.options.comparison)
        return common if common != "value" else "value (see the cubes' units)"

    def usual_band(self) -> tuple[float, float]:
        """Return a range of wavelengths to begin with: 540-580 nm, where haemoglobin absorbs most, else the middle fifth."""
        grids = [curve.wavelengths_nm for curve in self.curves]
        low = float(min((grid[0] for grid in grids), default=500.0))
        high = float(max((grid[-1] for grid in grids), default=1000.0))
        if low <= 540 and high >= 580:
            return 540.0, 580.0
        middle, reach = (low + high) / 2, (high - low) / 10
        return round(middle - reach, 1), round(middle + reach, 1)

    def without(self, hidden: Collection[CurveId]) -> CurveSet:
        """Return the same without some curves and their numbers."""
        return replace(
            self,
            curves=tuple(curve for curve in self.curves if curve.id not in hidden),
            plain=tuple(curve for curve in self.plain if curve.id not in hidden),
            differences=tuple(d for d in self.differences if d.curve not in hidden),
        )

    def difference(self, curve: CurveId) -> Difference | None:
        """Return how far a curve lies from its reference; None for the reference itself."""
        return self._difference_of.get(curve)

    @cached_property
    def _difference_of(self) -> dict[CurveId, Difference]:
        return {found.curve: found for found in self.differences}

    @cached_property
    def reference_ids(self) -> frozenset[CurveId]:
        """The curves that others are compared with."""
        return frozenset(found.reference for found in self.differences)


def references(curves: Sequence[Curve], chosen: CurveId | None = None) -> dict[CurveId, Curve]:
    """Return the reference of each curve: the chosen one, else the real curve of its subject, else the simulated.

    Curves without a reference are left out.
    """
    picked = next((curve for curve in curves if curve.id == chosen), None) if chosen is not None else None
    if picked is not None:
        return {curve.id: picked for curve in curves}
    by_subject: dict[Hashable, list[Curve]] = {}
    for curve in curves:
        by_subject.setdefault(curve.subject, []).append(curve)
    found: dict[CurveId, Curve] = {}
    for peers in by_subject.values():
        reference = next((c for role in ("real", "simulated") for c in peers if c.entry.role == role), None)
        if reference is not None:
            found |= {curve.id: reference for curve in peers}
    return found


def differences(
    curves: Sequence[Curve],
    reference_of: Mapping[CurveId, Curve],
    compare: Callable[[Curve, Curve], Difference],
) -> Iterator[Difference]:
    """Compare every curve with its reference, but for the references themselves."""
    for curve in curves:
        reference = reference_of.get(curve.id)
        if reference is not None and reference is not curve:
            yield compare(curve, reference)


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


def compared(curve: Curve, reference: Curve, comparison: Comparison) -> Curve:
    """Return the difference of a curve to its reference, or the ratio with it, on the curve's own wavelengths.

    The band follows exactly, because the reference is one fixed curve: it moves, or is stretched, with the centre.
    The reference's own spread is not part of it.
    """
    if comparison == "none":
        return curve
    base = resample(reference.wavelengths_nm, reference.values, curve.wavelengths_nm)
    values, lower, upper = (
        _against(part, base, comparison) for part in (curve.values, curve.lower, curve.upper)
    )
    if lower is not None and upper is not None:  # a negative reference turns the band upside down
        lower, upper = np.minimum(lower, upper), np.maximum(lower, upper)
    quantity = compared_quantity(curve.quantity, comparison)
    return replace(curve, values=values, lower=lower, upper=upper, quantity=quantity)


def compared_quantity(quantity: str, comparison: Comparison) -> str:
    """Return what a difference or a ratio of a quantity is called; a ratio has no unit."""
    match comparison:
        case "difference":
            return f"difference of {quantity}"
        case "ratio":
            return f"ratio of {quantity.split('[')[0].strip()} [1]"
    return quantity


def _against(values: Floats | None, base: Floats, comparison: Comparison) -> Any:
    if values is None:
        return None
    if comparison == "difference":
        return values - base
    return np.divide(values, base, out=np.full(values.shape, np.nan), where=np.isfinite(base) & (base != 0))
