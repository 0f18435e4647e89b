"""Which curves a figure for a paper shows, and what its legend calls them: each curve once, with its place. No Qt."""

from __future__ import annotations

from collections.abc import Hashable, Mapping

from napari_udt.viewer.spectra.curves import Curve, CurveSet
from napari_udt.viewer.state.display_options import Band

_CURSOR = (None, None, None)
_BANDS: Mapping[Band, str] = {"std": "± 1 SD", "quantiles": "5–95 %", "quartiles": "25–75 %"}


def figure_curves(curves: CurveSet) -> tuple[Curve, ...]:
    """Return the curves without repetitions; of the mouse's and a pin's curve of one place the pin's is kept."""
    ordered = sorted(curves.curves, key=lambda curve: curve.subject == _CURSOR)
    kept: dict[Hashable, Curve] = {}
    for curve in ordered:
        kept.setdefault(_shown(curve), curve)
    chosen = {curve.id for curve in kept.values()}
    return tuple(curve for curve in curves.curves if curve.id in chosen)


def figure_title(curve: Curve) -> str:
    """Return the legend's text of a curve: where its data come from, structure and place, after the name of the pin, if any."""
    words, band, what = curve.label.partition("; band:")
    if curve.pixel is not None and curve.basis in ("pixel", "window"):
        place = f"row {curve.pixel.row}, column {curve.pixel.column}"
        if curve.basis == "pixel":
            where = ", ".join(filter(None, ((curve.structure or "").replace("_", " "), place)))
            words = words.replace("this pixel", where) if "this pixel" in words else f"{words}, {where}"
        else:
            words = f"{words} {place}"
    words += band + what
    return f"{curve.pin.name} · {words}" if curve.pin is not None and curve.pin.name else words


def band_title(curves: CurveSet) -> str:
    """Return what the bands show, empty where there are none."""
    words = _BANDS.get(curves.options.spread, "")
    banded = any(
        c.lower is not None and "band:" not in c.label for c in curves.curves
    )  # a live one names its own
    return f"band: {words}" if words and banded else ""


def _shown(curve: Curve) -> Hashable:
    """Return what the values of a curve depend on."""
    of_pixel = curve.basis in ("pixel", "window") and curve.pixel is not None
    place = (curve.pixel.row, curve.pixel.column) if of_pixel and curve.pixel is not None else None
    return curve.id.key, curve.basis, curve.id.region, place or curve.structure, curve.label
