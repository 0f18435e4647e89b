"""Curves over time or depth beside the curves over wavelength: what they are of, their values, CSV. No Qt."""

from __future__ import annotations

import csv
import io
import time
import weakref
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from napari_udt.errors import CubeError
from napari_udt.outgoing_text import csv_cell, csv_comment
from napari_udt.series import Axis
from napari_udt.spectral.labels import plain_name
from napari_udt.spectral.over_series import Group, OverSeries, over_series
from napari_udt.viewer.series.pictures import CubeSeries, series_of
from napari_udt.viewer.spectra.curves import Curve, CurveSet
from napari_udt.viewer.spectra.export import provenance
from napari_udt.viewer.state.display_options import Over
from napari_udt.viewer.state.jobs import Report
from napari_udt.viewer.state.session import Session
from napari_udt.viewer.state.statistics import region_mask
from napari_udt.wording import counted

OXYGENATION = "oxygen saturation (estimate by unmixing) [1]"
COLUMNS = (
    "curve",
    "role",
    "layer",
    "pin",
    "row",
    "column",
    "structure",
    "region",
    "picture",
    "position",  # called after its unit: time_s, depth_mm, frame, slice
    "value",
    "lower",
    "upper",
    "pixels",
    "quantity",
)
_LONG_S = 1.0
_MOST_KEPT = 300  # curves of one series
_Key = tuple[Hashable, float | str]  # pixels and quantity


@dataclass(frozen=True, eq=False)
class SeriesLine:
    """A curve over time or depth.

    Parameters
    ----------
    curve : Curve
        The curve as it is drawn: its ``wavelengths_nm`` are seconds, millimetres or numbers of pictures here; median and quartiles.
    axis : {"time", "depth"}
    unit : str
    pictures, count : integer array, shape (n,)
        Which picture of the series each value is of, from 0; from how many pixels it comes.
    """

    curve: Curve
    axis: Axis
    unit: str
    pictures: np.ndarray
    count: np.ndarray

    def value_at(self, position: float) -> tuple[float, float, float]:
        """Return median, lower and upper quartile of the picture nearest to a position."""
        index = int(np.argmin(np.abs(self.curve.wavelengths_nm - position)))
        edges = (self.curve.values, self.curve.lower, self.curve.upper)
        median, lower, upper = (np.nan if part is None else float(part[index]) for part in edges)
        return median, lower, upper


@dataclass(frozen=True, eq=False)
class Wanted:
    """A curve over wavelength that is to be followed along the series of its cube."""

    curve: Curve
    series: CubeSeries
    key: _Key
    group: Group
    quantity: float | Literal["oxygenation"]


class SeriesCurves:
    """Follows curves along series; what was computed is kept as long as the series lives."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._known: weakref.WeakKeyDictionary[CubeSeries, dict[_Key, OverSeries | CubeError]] = (
            weakref.WeakKeyDictionary()
        )
        self._seconds: weakref.WeakKeyDictionary[CubeSeries, float] = weakref.WeakKeyDictionary()

    def wanted(self, curves: CurveSet, over: Over) -> tuple[Wanted, ...]:
        """Return what is to be followed: all curves of cubes that have a series."""
        return tuple(found for curve in curves.curves if (found := self._wanted(curve, over)) is not None)

    def lines(self, wanted: Sequence[Wanted]) -> tuple[SeriesLine, ...]:
        """Return the curves that are known."""
        return tuple(
            _line(each, found)
            for each in wanted
            if isinstance(found := self._of(each.series).get(each.key), OverSeries)
        )

    def remarks(self, wanted: Sequence[Wanted]) -> tuple[str, ...]:
        """Return why curves are missing, one sentence each."""
        found = (self._of(each.series).get(each.key) for each in wanted)
        return tuple(dict.fromkeys(str(error) for error in found if isinstance(error, CubeError)))

    def missing(self, wanted: Sequence[Wanted]) -> tuple[Wanted, ...]:
        """Return what is not known yet."""
        return tuple(each for each in wanted if each.key not in self._of(each.series))

    def is_quick(self, wanted: Wanted) -> bool:
        """Whether a curve may be computed for a mouse that passes: the last one of its series did not take long."""
        return self._seconds.get(wanted.series, 0.0) < _LONG_S

    def compute(self, wanted: Sequence[Wanted], report: Report) -> None:
        """Compute curves, each series once for all that have the same quantity; in any thread.

        Raises
        ------
        TransferCancelled
            When ``report`` says so.
        """
        tasks: dict[tuple[CubeSeries, float | str], list[Wanted]] = {}
        for each in wanted:
            tasks.setdefault((each.series, each.quantity), []).append(each)
        total, before = sum(len(series) for series, _ in tasks), 0
        for (series, _), parts in tasks.items():
            started = time.monotonic()
            self._compute(parts, lambda done, _total, before=before: report(before + done, total))  # type: ignore[misc]
            before += len(series)
            self._seconds[series] = time.monotonic() - started

    def _compute(self, parts: Sequence[Wanted], report: Report) -> None:
        first, known = parts[0], self._of(parts[0].series)
        groups = {str(number): part.group for number, part in enumerate(parts)}
        found: OverSeries | CubeError
        try:
            found = over_series(first.curve.entry.cube, groups, first.quantity, progress=report)
        except CubeError as error:
            found = error
        except (OSError, ValueError, MemoryError) as error:  # a file is gone or damaged
            found = CubeError(f"{first.curve.entry.key}: its pictures could not be read: {error}")
        for number, part in enumerate(parts):
            one = found if isinstance(found, CubeError) else _only(found, str(number))
            known[part.key] = one
        while len(known) > _MOST_KEPT:
            known.pop(next(iter(known)))

    def _of(self, series: CubeSeries) -> dict[_Key, OverSeries | CubeError]:
        return self._known.setdefault(series, {})

    def _wanted(self, curve: Curve, over: Over) -> Wanted | None:
        cube = curve.entry.cube
        series = series_of(cube)
        if series is None or curve.id.extra is not None or over == "wavelength":
            return None
        found = self._group(curve)
        if found is None:
            return None
        nm = self._session.wavelength_nm
        if over == "value" and nm is None:
            return None
        quantity: float | Literal["oxygenation"] = "oxygenation"
        if over == "value" and nm is not None:
            quantity = float(cube.wavelengths_nm[cube.nearest_channel(nm)])
        name, group = found
        return Wanted(curve, series, (name, quantity), group, quantity)

    def _group(self, curve: Curve) -> tuple[Hashable, Group] | None:
        """Return the pixels that a curve is of, and what they are known by."""
        cube, pixel = curve.entry.cube, curve.pixel
        rows, columns, _ = cube.shape
        if curve.basis == "region":
            region = next((r for r in self._session.regions if r.number == curve.id.region), None)
            if region is None:
                return None
            return (region.outline, region.vertices), region_mask(
                region.outline, region.vertices, (rows, columns)
            )
        if curve.basis == "structure":
            names = {plain_name(name): number for number, name in cube.label_names.items()}
            number = names.get(plain_name(curve.structure or ""))
            return None if number is None else (("structure", number), number)
        if pixel is None:
            return None
        if curve.basis == "pixel":
            return (pixel.row, pixel.column), (pixel.row, pixel.column)
        half, mask = self._session.options.window // 2, np.zeros((rows, columns), dtype=bool)
        mask[
            max(pixel.row - half, 0) : pixel.row + half + 1,
            max(pixel.column - half, 0) : pixel.column + half + 1,
        ] = True
        return (pixel.row, pixel.column, half), mask


def _only(found: OverSeries, name: str) -> OverSeries:
    return replace(found, curves={name: found.curves[name]})


def _line(wanted: Wanted, found: OverSeries) -> SeriesLine:
    (values,) = found.curves.values()
    curve, spread = wanted.curve, bool(values.count.max(initial=0) > 1)
    quantity = OXYGENATION if wanted.quantity == "oxygenation" else found.quantity
    drawn = replace(
        curve,
        wavelengths_nm=found.coordinates,
        values=values.median,
        lower=values.lower if spread else None,
        upper=values.upper if spread else None,
        label=_label(curve, values.count),
        quantity=quantity,
        unmixed=None,
    )
    return SeriesLine(drawn, found.axis, found.unit, found.pictures, values.count)


def _label(curve: Curve, count: np.ndarray) -> str:
    """Return the label of a curve over wavelength with what was averaged here in its place."""
    if curve.basis == "pixel":
        return curve.label
    name, low, high = curve.label.rpartition(", " if curve.basis != "window" else ": ")[0], *_range(count)
    pixels = counted(high, "pixel") if low == high else f"{low:,} to {counted(high, 'pixel')}"
    return f"{name}: median of {pixels}" if curve.basis == "window" else f"{name}, median of {pixels}"


def _range(count: np.ndarray) -> tuple[int, int]:
    return (int(count.min()), int(count.max())) if count.size else (0, 0)


def csv_text(lines: Sequence[SeriesLine], curves: CurveSet) -> str:
    """Return curves over time or depth as CSV, one line per curve and picture, with provenance in lines that begin with a hash."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\n")
    fields = provenance(curves)
    for name in ("program", "date", "shown"):
        buffer.write(csv_comment(f"{name}: {fields[name]}"))
    buffer.write(csv_comment("value: median of the pixels; lower, upper: their quartiles"))
    writer.writerow([_column(lines[0]) if name == "position" and lines else name for name in COLUMNS])
    for line in lines:
        writer.writerows(map(csv_cell, row) for row in _rows(line))
    return buffer.getvalue()


def _column(line: SeriesLine) -> str:
    return line.unit if line.unit in ("frame", "slice") else f"{line.axis}_{line.unit}"


def _rows(line: SeriesLine) -> Iterator[list[Any]]:
    curve = line.curve
    fixed = [
        curve.label,
        curve.entry.role,
        curve.entry.key,
        "" if curve.pin is None else curve.pin.number,
        "" if curve.pixel is None else curve.pixel.row,
        "" if curve.pixel is None else curve.pixel.column,
        curve.structure or "",
        "" if curve.id.region is None else curve.id.region,
    ]
    for index, picture in enumerate(line.pictures):
        numbers = (None if part is None else part[index] for part in (curve.values, curve.lower, curve.upper))
        yield [
            *fixed,
            int(picture) + 1,
            float(curve.wavelengths_nm[index]),
            *("" if number is None or np.isnan(number) else float(number) for number in numbers),
            int(line.count[index]),
            curve.quantity,
        ]
