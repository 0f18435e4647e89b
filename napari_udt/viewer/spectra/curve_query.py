"""The curves of one query: a pixel, a chosen structure, a drawn region. No Qt."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field, replace
from functools import cached_property

from napari_udt.errors import CubeError
from napari_udt.spectral.spectra import Centre, SpectralStatistics, Spread, group_statistics, window_spectra
from napari_udt.spectral.transforms import Transform
from napari_udt.spectral.unmixing import Unmixed, unmix_spectra
from napari_udt.viewer.layers.layer_data import structure_colour
from napari_udt.viewer.series.pictures import is_volume
from napari_udt.viewer.spectra.cached_curves import QueryResult
from napari_udt.viewer.spectra.curves import Basis, Curve, Mark
from napari_udt.viewer.state.comparable_cubes import ComparableCubes, comparable_cubes, same_scene
from napari_udt.viewer.state.cube_files import waiting_text
from napari_udt.viewer.state.session import CurveId, DisplayOptions, Entry, Pin, PixelRef, Region, Session
from napari_udt.viewer.state.statistics import StructureStatistics, plain_name
from napari_udt.viewer.style import LineStyle, line_style, method_title, varied
from napari_udt.wording import counted

Reading = Callable[[Transform, Centre, Spread], SpectralStatistics | None]


@dataclass
class CurveQuery:
    """Reads the curves of one query and collects remarks about them.

    A query is a pixel (the cursor's or a pin's), a chosen structure or a drawn region.
    """

    session: Session
    statistics: StructureStatistics
    focus: Entry
    pixel: PixelRef | None = None
    pin: Pin | None = None
    chosen: str | None = None
    region: Region | None = None
    remarks: list[str] = field(default_factory=list)
    lasting: bool = True

    @cached_property
    def comparable(self) -> ComparableCubes:
        """The cubes to compare; looked up only for queries whose result is not cached."""
        query = self.chosen or self.pixel
        if query is None:
            return ComparableCubes(same_scene(self.session, self.focus), (), None, ())
        return comparable_cubes(self.session, self.focus, query, self.statistics)

    @property
    def options(self) -> DisplayOptions:
        """The display options, as they are for data of this modality."""
        return self.session.options.of(self.focus.cube.modality)

    @property
    def key(self) -> Hashable:
        """Identifier of the query from one update to the next; None for the cursor's."""
        own = (self.pin, self.chosen, self.region)
        return None if own == (None, None, None) else (*own, self.focus.key)

    @property
    def statement(self) -> str:
        """Layer, row and column, millimetres, structure; or which structure or region."""
        if self.pixel is None:
            return f"{self.focus.key}: {self.comparable.structure or self._region_name}"
        pixel, cube = self.pixel, self.focus.cube
        parts = [f"{pixel.key}: row {pixel.row}, column {pixel.column}"]
        if cube.pixel_size_mm is not None:
            height, width = cube.pixel_size_mm
            parts.append(f"x {pixel.column * width:.1f} mm, y {pixel.row * height:.1f} mm")
        return " · ".join([*parts, self.comparable.structure or "no structure known"])

    def read(self) -> QueryResult:
        """Return the curves, with remarks."""
        self.remarks = list(self.comparable.remarks)
        curves = [curve for entry in self.comparable.entries if (curve := self._curve(entry)) is not None]
        return QueryResult(tuple(curves), tuple(self.remarks), self.statement, self.lasting)

    @property
    def _region_name(self) -> str:
        return "" if self.region is None else self.region.title

    def _curve(self, entry: Entry) -> Curve | None:
        try:
            if self.region is not None:
                return self._made(entry, "region", self._region_reading(entry, self.region))
            if (
                self.pixel is not None
                and self.session.options.mode == "pixel"
                and entry in self.comparable.aligned
            ):
                return self._pixel_curve(entry, self.pixel)
            return self._structure_curve(entry)
        except (CubeError, OSError) as error:  # OSError: the file of a lazy cube vanished
            self.remarks.append(str(error))
            self.lasting = False
            return None

    def _pixel_curve(self, entry: Entry, pixel: PixelRef) -> Curve | None:
        cube = entry.cube
        if reason := waiting_text(cube, pinned=self.pin is not None):
            self.remarks.append(reason)
            return None
        spectra = window_spectra(cube, pixel.row, pixel.column, self.session.options.window)

        def read(transform: Transform, centre: Centre, spread: Spread) -> SpectralStatistics:
            return group_statistics(transform(spectra, cube.wavelengths_nm), centre, spread)

        return self._made(entry, "pixel" if len(spectra) == 1 else "window", read)

    def _region_reading(self, entry: Entry, region: Region) -> Reading:
        def read(transform: Transform, centre: Centre, spread: Spread) -> SpectralStatistics | None:
            return self.statistics.of_region(entry.cube, region, transform, centre, spread)

        return read

    def _structure_curve(self, entry: Entry) -> Curve | None:
        structure = self.comparable.structure
        if structure is None:
            return None
        if self.options.volume and is_volume(entry.cube):
            return self._volume_curve(entry, structure)
        label = self.statistics.label_of(entry.cube, structure)
        if label is None:
            self.remarks.append(f"{entry.key} holds no structure {structure!r}.")
            return None

        def read(transform: Transform, centre: Centre, spread: Spread) -> SpectralStatistics | None:
            return self.statistics.get(entry.cube, label, transform, centre, spread)

        return self._made(entry, "structure", read)

    def _volume_curve(self, entry: Entry, structure: str) -> Curve | None:
        """Return mean and standard deviation over all slices, whatever centre and spread the others have."""
        numbers = {plain_name(name): number for number, name in entry.cube.label_names.items()}
        if plain_name(structure) not in numbers:
            self.remarks.append(f"{entry.key} holds no structure {structure!r}.")
            return None
        number = numbers[plain_name(structure)]

        def read(transform: Transform, _centre: Centre, spread: Spread) -> SpectralStatistics | None:
            return self.statistics.of_volume(
                entry.cube, number, transform, "std" if spread != "none" else spread
            )

        curve = self._made(entry, "structure", read)
        if curve is None:
            return None
        label = curve.label.replace(f", {self.options.centre} of ", ", mean of ")
        return replace(curve, label=f"{label} in all slices")

    def _made(self, entry: Entry, basis: Basis, read: Reading) -> Curve | None:
        """Return the curve of one cube, None while it is being computed."""
        options = self.options
        found = read(options.transform, options.centre, options.own_spread)
        if found is None:
            self.remarks.append(f"Computing statistics of {entry.key} ...")
            self.lasting = False
            return None
        curve = self._built(entry, basis, found)
        if not options.blood:
            return curve
        plain = read(Transform(), options.centre, "none")
        self.lasting = self.lasting and plain is not None
        return curve if plain is None else replace(curve, unmixed=self._unmixed(entry, plain))

    def _unmixed(self, entry: Entry, plain: SpectralStatistics) -> Unmixed | None:
        try:
            cube = entry.cube
            return unmix_spectra(plain.centre, cube.wavelengths_nm, cube.modality, bad_bands=cube.bad_bands)
        except CubeError as error:
            self.remarks.append(str(error))
            return None

    def _built(self, entry: Entry, basis: Basis, found: SpectralStatistics) -> Curve:
        options, cube = self.options, entry.cube
        banded = options.own_spread != "none" and found.count > 1
        return Curve(
            id=CurveId(
                entry.key,
                self.pin.number if self.pin else None,
                self.chosen,
                self.region.number if self.region else None,
            ),
            entry=entry,
            basis=basis,
            label=_label(
                self._looks[entry.key][0],
                basis,
                found.count,
                self.comparable.structure or self._region_name,
                options,
            ),
            style=self._looks[entry.key][1],
            wavelengths_nm=cube.wavelengths_nm,
            values=found.centre,
            lower=found.lower if banded else None,
            upper=found.upper if banded else None,
            count=found.count,
            quantity=options.transform.quantity(cube.quantity),
            pixel=self.pixel,
            structure=self.comparable.structure,
            pin=self.pin,
            mark=self._mark(),
        )

    @cached_property
    def _looks(self) -> dict[str, tuple[str, LineStyle]]:
        """Name and style of the curves of each cube.

        The name says where the data come from, or is the layer's once the user gave it one, or to tell it from another cube.
        Several cubes of one style have dashes of their own.
        """
        shown = {entry.key for entry in self.comparable.entries}
        entries = [entry for entry in self.session if entry.key in shown]
        origins = Counter(_origin(entry) for entry in entries)
        turns: Counter[tuple[str, tuple[float, ...]]] = Counter()
        found = {}
        for entry in entries:
            words, style = _origin(entry), line_style(entry.role, entry.cube)
            turn, turns[style.look] = turns[style.look], turns[style.look] + 1
            own = entry.key == entry.cube.name and origins[words] == 1
            found[entry.key] = (words if own else entry.key, varied(style, turn))
        return found

    def _mark(self) -> Mark | None:
        if self.pin is not None:
            return Mark(self.pin.colour, self.pin.number - 1)
        if self.region is not None:
            return Mark(self.region.colour, self.region.number - 1)
        if self.chosen is not None:
            return Mark(structure_colour(self.chosen), sum(self.chosen.encode()))
        return None


def _origin(entry: Entry) -> str:
    if entry.role == "transferred" and (title := method_title(entry.cube)):
        return f"transferred by {title}"
    return entry.cube.origin


def _label(name: str, basis: Basis, count: int, group: str, options: DisplayOptions) -> str:
    """Return where the data come from and what was averaged, as "measured: liver, mean of 1,204 pixels"."""
    match basis:
        case "pixel":
            return f"{name}: this pixel"
        case "window":
            return f"{name}: {options.centre} of {counted(count, 'pixel')} around"
    return f"{name}: {group}, {options.centre} of {counted(count, 'pixel')}"
