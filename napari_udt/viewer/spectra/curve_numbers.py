"""The numbers beside the curves: columns, headings, tooltips and cells. No Qt."""

from __future__ import annotations

import math
from collections.abc import Collection
from enum import IntEnum

from napari_udt.spectral.unmixing import HAEMOGLOBIN_UNITS
from napari_udt.viewer.spectra.curves import Curve, CurveSet
from napari_udt.viewer.state.session import DisplayOptions


class Column(IntEnum):
    """Columns of the table of curves, from left to right."""

    CURVE = 0
    VALUE = 1
    ANGLE = 2
    RMSE = 3
    RELATIVE = 4
    BAND = 5
    SATURATION = 6
    HAEMOGLOBIN = 7


TOOLTIPS = {
    Column.CURVE: "Untick a curve to hide it. Click its name to bring its pixel, structure or region to the front.",
    Column.VALUE: "Value of the curve at this wavelength: that of the mouse, else that of the wavelength line.",
    Column.ANGLE: "Spectral angle to the reference curve, in degrees: compares shapes, blind to scale.",
    Column.RMSE: "Root mean square error against the reference curve, in the unit of the curves.",
    Column.RELATIVE: "Root mean square error as a percentage of the reference curve's root mean square.",
    Column.BAND: "Mean of the curve over the wavelengths within the range.",
    Column.SATURATION: "Oxygen saturation of the haemoglobin, estimated by linear unmixing of the curve's own spectrum.",
    Column.HAEMOGLOBIN: "Total haemoglobin by linear unmixing. Reflectance: concentration times path of light, "
    "g/l·cm. Photoacoustics: arbitrary unit.",
}
_HEADINGS = {
    Column.CURVE: "Curve",
    Column.ANGLE: "Angle [°]",
    Column.RMSE: "RMSE",
    Column.RELATIVE: "Rel. [%]",
    Column.SATURATION: "sO₂ [%]",
}
_SMALL = 1e-3  # below, powers of ten take less room
_SHORT = {Column.ANGLE: ".2f", Column.RMSE: "#.2g", Column.RELATIVE: ".1f", Column.SATURATION: ".0f"}
_GIVING_WAY = (Column.RELATIVE, Column.RMSE, Column.ANGLE, Column.HAEMOGLOBIN, Column.BAND)


def columns(options: DisplayOptions) -> list[Column]:
    """Return the columns of numbers to show with these options."""
    always = [Column.VALUE, Column.ANGLE, Column.RMSE, Column.RELATIVE]
    band = [Column.BAND] if options.band_nm is not None else []
    return always + band + ([Column.SATURATION, Column.HAEMOGLOBIN] if options.blood else [])


def fitting(wanted: Collection[Column], widths: dict[Column, int], room: int) -> list[Column]:
    """Return the columns for which there is room; comparisons are left out first, and stay in the tooltips."""
    shown = list(wanted)
    for column in _GIVING_WAY:
        if column in shown and sum(widths[c] for c in shown) > room:
            shown.remove(column)
    return shown


def heading(column: Column, curves: CurveSet, wavelength_nm: float | None) -> str:
    """Return the heading of a column, with the unit."""
    band = curves.options.band_nm
    match column:
        case Column.VALUE:
            return "Value" if wavelength_nm is None else f"{wavelength_nm:.0f} nm"
        case Column.BAND:
            return "Range" if band is None else f"{band[0]:.0f}–{band[1]:.0f} nm"
        case Column.HAEMOGLOBIN:
            units = {HAEMOGLOBIN_UNITS[curve.entry.cube.modality] for curve in curves.curves}
            return f"Hb [{units.pop()}]" if len(units) == 1 else "Hb"
    return _HEADINGS[column]


def number(
    column: Column, curve: Curve, curves: CurveSet, wavelength_nm: float | None, *, exact: bool = False
) -> str:
    """Return a number as text, short or exact; "ref." for the curve that the others are compared with."""
    value = _value(column, curve, curves, wavelength_nm)
    if value is not None:
        if math.isnan(value):
            return ""
        return format(value, ".7g") if exact else _short(value, _SHORT.get(column, "#.3g"))
    is_reference = column == Column.ANGLE and curve.id in curves.reference_ids
    return "ref." if is_reference else ""


def tooltip(column: Column, curve: Curve, curves: CurveSet) -> str:
    """Return the tooltip of a cell."""
    found, unmixed = curves.difference(curve.id), curve.unmixed
    match column:
        case Column.ANGLE | Column.RMSE | Column.RELATIVE if found is not None:
            reference = next((c.label for c in curves.curves if c.id == found.reference), "a hidden curve")
            return (
                f"Compared with: {reference}\nSpectral angle {found.angle_deg:.4g}°, RMSE {found.rmse:.4g}, "
                f"relative rms difference {100 * found.relative:.3g} %, at {found.channels} wavelengths.\n"
                "Click a number to copy it."
            )
        case Column.SATURATION | Column.HAEMOGLOBIN if unmixed is not None:
            missed = 100 * float(unmixed.residual)
            return f"{TOOLTIPS[column]}\nNot explained: {missed:.3g} % of the fitted spectrum (rms)."
        case Column.VALUE | Column.BAND:
            return f"{TOOLTIPS[column]}\nClick to copy it."
    entry = curve.entry
    return f"{curve.label}\nLayer: {entry.key} ({entry.cube.origin})\n{TOOLTIPS[Column.CURVE]}"


def _short(value: float, form: str) -> str:
    if form.endswith("g") and 0 < abs(value) < _SMALL:
        return f"{value:.1e}".replace("e-0", "e-")
    return format(value, form)


def _value(column: Column, curve: Curve, curves: CurveSet, wavelength_nm: float | None) -> float | None:
    band, unmixed, found = curves.options.band_nm, curve.unmixed, curves.difference(curve.id)
    match column:
        case Column.VALUE:
            return None if wavelength_nm is None else curve.value_at(wavelength_nm)
        case Column.BAND:
            return None if band is None else curve.band_mean(*band)
        case Column.SATURATION:
            return None if unmixed is None else 100 * float(unmixed.oxygenation)
        case Column.HAEMOGLOBIN:
            return None if unmixed is None else float(unmixed.haemoglobin)
        case Column.ANGLE | Column.RMSE | Column.RELATIVE if found is not None:
            numbers = (found.angle_deg, found.rmse, 100 * found.relative)
            return numbers[column - Column.ANGLE]
    return None
