"""From the session to the curves that are drawn: a pure function without Qt.

What may be compared follows from what the data are. A transferred cube shows the same scene as its source, so
both are read at the same pixel. Simulated and real data are unpaired: a real curve beside a simulated pixel is
the mean and spread of the same *structure* in the real cube, matched by the structure's name, and its label
says so.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from napari_udt.errors import CubeError
from napari_udt.spectra import SpectralStatistics, group_statistics, normalise, window_spectra
from napari_udt.viewer.curves import Basis, Curve, CurveId, CurveSet, differences
from napari_udt.viewer.partners import Partners, find_partners
from napari_udt.viewer.session import DisplayOptions, Entry, Pin, PixelRef, Session
from napari_udt.viewer.statistics import StructureStatistics
from napari_udt.viewer.style import line_style, method_title

_DIVISORS = {"l1": "L1 norm", "l2": "L2 norm", "max": "maximum"}


def resolve(session: Session, statistics: StructureStatistics | None = None) -> CurveSet:
    """Return the curves for the cursor and for every pin.

    Parameters
    ----------
    session : Session
    statistics : StructureStatistics, optional
        Remembers the statistics of structures between calls; without it they are computed anew.
    """
    statistics = statistics or StructureStatistics()
    places = [_Place(session, statistics, pixel, pin) for pixel, pin in _pixels(session)]
    groups = [place.curves() for place in places]
    return CurveSet(
        curves=tuple(curve for group in groups for curve in group),
        differences=tuple(d for group in groups for d in differences(group)),
        statement=places[0].statement if places else "",
        remarks=tuple(dict.fromkeys(remark for place in places for remark in place.remarks)),
        options=session.options,
    )


def _pixels(session: Session) -> Iterator[tuple[PixelRef, Pin | None]]:
    """Yield the cursor, then the pins, newest first: the statement speaks of the first.

    The cursor's curves stay when the mouse leaves the picture, to be read, unless there are pins to look at.
    """
    pixel = session.cursor or (None if session.pins else session.last_pixel)
    if session.options.hover and pixel is not None and pixel.key in session:
        yield pixel, None
    for pin in reversed(session.pins):
        if pin.pixel.key in session:
            yield pin.pixel, pin


@dataclass
class _Place:
    """Reads the curves of one pixel and collects what must be said about them."""

    session: Session
    statistics: StructureStatistics
    pixel: PixelRef
    pin: Pin | None
    partners: Partners = field(init=False)
    remarks: list[str] = field(init=False)

    def __post_init__(self) -> None:
        focus = self.session[self.pixel.key]
        self.partners = find_partners(self.session, focus, self.pixel, self.statistics)
        self.remarks = list(self.partners.remarks)

    @property
    def statement(self) -> str:
        """Layer, row and column, millimetres, structure."""
        pixel, cube = self.pixel, self.session[self.pixel.key].cube
        parts = [f"{pixel.key}: row {pixel.row}, column {pixel.column}"]
        if cube.pixel_size_mm is not None:
            height, width = cube.pixel_size_mm
            parts.append(f"x {pixel.column * width:.1f} mm, y {pixel.row * height:.1f} mm")
        return " · ".join([*parts, self.partners.structure or "no structure known"])

    def curves(self) -> list[Curve]:
        return [curve for entry in self.partners.entries if (curve := self._curve(entry)) is not None]

    def _curve(self, entry: Entry) -> Curve | None:
        try:
            if self.session.options.mode == "pixel" and entry in self.partners.aligned:
                return self._pixel_curve(entry)
            return self._structure_curve(entry)
        except (CubeError, OSError) as error:  # OSError: the file of a lazy cube vanished
            self.remarks.append(str(error))
            return None

    def _pixel_curve(self, entry: Entry) -> Curve:
        options = self.session.options
        spectra = window_spectra(entry.cube, self.pixel.row, self.pixel.column, options.window)
        found = group_statistics(normalise(spectra, options.normalisation), options.centre, options.spread)
        return self._built(entry, "pixel" if len(spectra) == 1 else "window", found)

    def _structure_curve(self, entry: Entry) -> Curve | None:
        options, structure = self.session.options, self.partners.structure
        if structure is None:
            return None
        label = self.statistics.label_of(entry.cube, structure)
        if label is None:
            self.remarks.append(f"{entry.key} holds no structure {structure!r}.")
            return None
        found = self.statistics.get(entry.cube, label, options.normalisation, options.centre, options.spread)
        if found is None:
            self.remarks.append(f"Computing statistics of {entry.key} ...")
            return None
        return self._built(entry, "structure", found)

    def _built(self, entry: Entry, basis: Basis, found: SpectralStatistics) -> Curve:
        options, cube = self.session.options, entry.cube
        banded = options.spread != "none" and found.count > 1
        return Curve(
            id=CurveId(entry.key, self.pin.number if self.pin else None),
            entry=entry,
            basis=basis,
            label=_label(entry, basis, found.count, self.partners.structure, options),
            style=line_style(entry.role, cube),
            wavelengths_nm=cube.wavelengths_nm,
            values=found.centre,
            lower=found.lower if banded else None,
            upper=found.upper if banded else None,
            count=found.count,
            quantity=_quantity(cube.quantity, options),
            pixel=self.pixel,
            structure=self.partners.structure,
            pin=self.pin,
        )


def _label(entry: Entry, basis: Basis, count: int, structure: str | None, options: DisplayOptions) -> str:
    """Where the data come from and what was averaged, as "measured: liver, mean of 1,204 pixels"."""
    origin = entry.cube.origin
    if entry.role == "transferred" and (title := method_title(entry.cube)):
        origin = f"transferred by {title}"
    match basis:
        case "pixel":
            return f"{origin}: this pixel"
        case "window":
            return f"{origin}: {options.centre} of {count} pixels around"
    return f"{origin}: {structure}, {options.centre} of {count:,} pixels"


def _quantity(quantity: str, options: DisplayOptions) -> str:
    """Return what the values are after normalisation; a normalised quantity has lost its unit."""
    if options.normalisation == "none":
        return quantity
    return f"{quantity.split('[')[0].strip()} / {_DIVISORS[options.normalisation]}"
