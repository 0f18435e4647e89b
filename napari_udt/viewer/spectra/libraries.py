"""Spectra of libraries beside those of the cubes, and which of them a curve is nearest to. No Qt."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from psygnal import Signal

from napari_udt.cube import SpectralCube
from napari_udt.errors import CubeError
from napari_udt.files.reading import is_on_a_host
from napari_udt.io.spectral_libraries import read_library
from napari_udt.spectral.library import MEASURES, LibraryComparison, SpectralLibrary
from napari_udt.spectral.spectra import resample
from napari_udt.viewer.layers.layer_data import structure_colours
from napari_udt.viewer.spectra.curves import Curve
from napari_udt.viewer.state.session import Entry, Session
from napari_udt.viewer.style import LineStyle

SETTINGS = "spectral_libraries"  # in the session's settings: the files of the open libraries
_NEAREST = 3
_KEPT = 8  # prepared libraries: one per library, grid and treatment
_DASH = (1.0, 2.0)

T = TypeVar("T")


class LibraryCurves:
    """A source of curves: the ticked spectra of libraries, treated as the cubes' own, and a remark on the nearest ones."""

    changed = Signal()

    def __init__(self, session: Session) -> None:
        self._cubes: dict[SpectralLibrary, SpectralCube] = {}
        self._drawn: dict[Hashable, SpectralLibrary] = {}
        self._compared: dict[Hashable, LibraryComparison] = {}
        session.libraries_changed.connect(self.changed.emit)

    def curves(self, session: Session, shown: Sequence[Curve]) -> tuple[list[Curve], list[str]]:
        """Return the ticked spectra at the wavelengths of the first curve, and what that one is nearest to."""
        if not shown or not session.libraries:
            return [], []
        base, ticked = shown[0], session.options.library_spectra
        drawn = [self._as_drawn(session, base, library) for library in session.libraries]
        found = [
            self._curve(session, base, library, number, colour)
            for library in drawn
            for number, (name, colour) in enumerate(
                zip(library.names, structure_colours(library.names), strict=True)
            )
            if key_of(library, name) in ticked
        ]
        return found, [self._nearest_text(session, base, library) for library in drawn]

    def _curve(
        self, session: Session, base: Curve, library: SpectralLibrary, number: int, colour: str
    ) -> Curve:
        options, name = session.options.of(base.entry.cube.modality), library.names[number]
        return replace(
            base,
            id=replace(base.id, extra=key_of(library, name)),
            entry=self._entry(base, library),
            label=f"library {library.title}: {name}",
            style=LineStyle(colour, _DASH, "library"),
            wavelengths_nm=library.wavelengths_nm,
            values=library.spectra[number],
            lower=None,
            upper=None,
            count=1,
            quantity=options.transform.quantity(library.quantity),
            structure=name,
            mark=None,
            unmixed=None,
        )

    def _as_drawn(self, session: Session, base: Curve, library: SpectralLibrary) -> SpectralLibrary:
        """Return a library at a curve's wavelengths, its spectra treated as the curve is."""
        transform, grid = session.options.of(base.entry.cube.modality).transform, base.wavelengths_nm
        key = library, transform, grid.tobytes()
        if key not in self._drawn:
            spectra = np.array([resample(library.wavelengths_nm, each, grid) for each in library.spectra])
            known = np.asarray(transform(spectra, grid), np.float64)
            self._drawn = {key: replace(library, spectra=known, wavelengths_nm=grid), **_newest(self._drawn)}
        return self._drawn[key]

    def _nearest_text(self, session: Session, base: Curve, library: SpectralLibrary) -> str:
        """Return one line on the spectra of a library that a curve is nearest to, both as they are drawn."""
        measure = session.options.library_measure
        key = library, measure
        if key not in self._compared:
            known = np.isfinite(library.spectra).any(axis=0)
            if known.sum() < 1:
                return f"The library {library.title} covers no wavelength of this curve."
            covered = replace(
                library, spectra=library.spectra[:, known], wavelengths_nm=library.wavelengths_nm[known]
            )
            try:
                made = LibraryComparison.of(covered, base.wavelengths_nm, measure)
            except CubeError as error:
                return str(error)
            self._compared = {key: made, **_newest(self._compared)}
        found = self._compared[key].rank(base.values)
        listed = ", ".join(f"{match.name} {match.value:.3g}" for match in found[:_NEAREST])
        return f"Nearest in {library.title} by {MEASURES[measure]}: {listed}."

    def _entry(self, base: Curve, library: SpectralLibrary) -> Entry:
        cube = self._cubes.get(library)
        if cube is None or cube.modality != base.entry.cube.modality:
            cube = SpectralCube(
                data=library.spectra[:, None, :].astype(np.float32),
                wavelengths_nm=library.wavelengths_nm,
                modality=base.entry.cube.modality,
                name=library.title,
                origin=f"spectral library {library.title}",
                quantity=library.quantity,
            )
            self._cubes = {library: cube, **_newest(self._cubes)}
        return Entry(library.title, cube, "none")


def key_of(library: SpectralLibrary, name: str) -> str:
    """Return what a library's spectrum is called in the options."""
    return f"{library.title}: {name}"


def read_libraries(paths: Iterable[str | Path]) -> tuple[list[SpectralLibrary], list[str]]:
    """Read libraries, which may take long; return them, and one sentence for each that could not be read."""
    libraries, problems = [], []
    for path in paths:
        try:
            libraries.append(read_library(path))
        except CubeError as error:
            problems.append(str(error))
    return libraries, problems


def open_libraries(session: Session, paths: Iterable[str | Path]) -> list[str]:
    """Open libraries into a session; return one sentence for each that could not be opened."""
    libraries, problems = read_libraries(paths)
    add_libraries(session, libraries)
    return problems


def add_libraries(session: Session, libraries: Iterable[SpectralLibrary]) -> None:
    """Add libraries to a session, which remembers their files."""
    for library in libraries:
        session.add_library(library)
    session.settings[SETTINGS] = {"paths": [library.path for library in session.libraries if library.path]}


def restored_paths(session: Session) -> list[str]:
    """Return the files of libraries that a session file names; none on a network host."""
    stored: Any = session.settings.get(SETTINGS, {}).get("paths", [])
    return (
        [path for path in stored if isinstance(path, str) and not is_on_a_host(path)]
        if isinstance(stored, list)
        else []
    )


def library_of(title: str, curves: Sequence[Curve]) -> SpectralLibrary:
    """Return curves as a library, at the wavelengths of the first that all of them cover.

    Raises
    ------
    CubeError
        When there are no curves, or they share no wavelength.
    """
    if not curves:
        raise CubeError(f"{title}: no curves are shown; a library needs at least one.")
    low = max(float(curve.wavelengths_nm[0]) for curve in curves)
    high = min(float(curve.wavelengths_nm[-1]) for curve in curves)
    grid = curves[0].wavelengths_nm
    grid = grid[(grid >= low) & (grid <= high)]
    if not len(grid):
        raise CubeError(f"{title}: the curves share no wavelength; untick some of them.")
    spectra = np.array([resample(curve.wavelengths_nm, curve.values, grid) for curve in curves], np.float64)
    quantities = dict.fromkeys(curve.quantity for curve in curves)
    quantity = next(iter(quantities)) if len(quantities) == 1 else "value (see the names)"
    return SpectralLibrary(title, tuple(curve.label for curve in curves), spectra, grid, quantity)


def _newest(kept: Mapping[Any, T]) -> dict[Any, T]:
    return dict(list(kept.items())[: _KEPT - 1])
