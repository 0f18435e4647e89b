"""What the present weights of a running training make of some pixels and of one picture. No Qt."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_udt.cube import SpectralCube
from napari_udt.inference.fitting import model_obstacle
from napari_udt.io import open_cube
from napari_udt.models.classes import plain_name
from napari_udt.training.preview_cubes import CUBES, thinning
from napari_udt.training.progress import PREVIEW, WANTED
from napari_udt.viewer.state.comparable_cubes import same_scene
from napari_udt.viewer.state.entities import PIN_COLOURS
from napari_udt.viewer.state.jobs import Report
from napari_udt.viewer.state.session import Session
from napari_udt.viewer.train.plan import Plan

EVERY_S = 5.0
_MOST_SHARE = 0.2  # of the time that the window's thread for previews may be busy
MOST_PIXELS = 4
_MODEL = "model.json"

Floats = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Place:
    """A pixel of the simulated cube: where it is, what it is called, the colour of its pin."""

    row: int
    column: int
    title: str
    colour: str


@dataclass(frozen=True, eq=False)
class Scene:
    """What a preview looks at.

    Parameters
    ----------
    cube : SpectralCube
        Simulated.
    places : tuple of Place
    pinned : bool
        Whether these are the session's pins.
    """

    cube: SpectralCube
    places: tuple[Place, ...]
    pinned: bool


@dataclass(frozen=True, eq=False)
class PixelCurves:
    """Spectra of one pixel, shape (channels,): simulated, transferred now, and the median of its class in the target.

    Parameters
    ----------
    place : Place
    simulated, now : array
    target : array, optional
        None where the target's cube does not show the class.
    """

    place: Place
    simulated: Floats
    now: Floats
    target: Floats | None


@dataclass(frozen=True, eq=False)
class Preview:
    """What the weights of one step make of a scene.

    Parameters
    ----------
    step : int
    wavelengths_nm : array, shape (channels,)
    quantity : str
        Of all values, for the axis.
    curves : tuple of PixelCurves
    pictures : tuple of array, shape (rows, columns, channels)
        Simulated, transferred now, target.
    places : tuple of (float, float, str)
        Row and column in the first two pictures, and colour, of the pixels.
    """

    step: int
    wavelengths_nm: Floats
    quantity: str
    curves: tuple[PixelCurves, ...]
    pictures: tuple[Floats, Floats, Floats]
    places: tuple[tuple[float, float, str], ...]

    def planes(self, wavelength_nm: float) -> tuple[list[Floats], tuple[float, float]]:
        """Return the three pictures at the nearest wavelength, and the limits of their common scale."""
        channel = int(np.abs(self.wavelengths_nm - wavelength_nm).argmin())
        planes = [picture[..., channel] for picture in self.pictures]
        values = np.concatenate([plane[np.isfinite(plane)] for plane in planes])
        if not values.size:
            return planes, (0.0, 1.0)
        low, high = np.percentile(values, (1, 99))
        return planes, (float(low), float(high) if high > low else float(low) + 1.0)


class LivePreview:
    """Asks a training for its present weights, every few seconds, and turns them into a preview."""

    def __init__(self) -> None:
        self._asked: Path | None = None
        self._due = -math.inf
        self._target: tuple[Path, SpectralCube] | None = None

    def ask(self, folder: Path) -> None:
        """Ask the run in a folder for its weights, if it is time."""
        if self._asked != folder and time.monotonic() >= self._due and folder.is_dir():
            (folder / WANTED).touch()
            self._asked = folder

    def is_ready(self, folder: Path) -> bool:
        """Whether the weights that were asked for are there."""
        return (
            self._asked == folder and not (folder / WANTED).exists() and (folder / PREVIEW / _MODEL).is_file()
        )

    def withdraw(self) -> None:
        """Ask no more."""
        if self._asked is not None:
            (self._asked / WANTED).unlink(missing_ok=True)
        self._asked, self._due = None, -math.inf

    def make(self, folder: Path, scene: Scene | None, report: Report = lambda done, total: None) -> Preview:
        """Return the preview of the weights in a run's folder; meant for another thread.

        Parameters
        ----------
        folder : Path
        scene : Scene, optional
            The session's pins; by default, or where the model does not fit their cube, a typical pixel of each of some classes in a
            small copy of one of the run's cubes.
        report : callable

        Raises
        ------
        UdtError
            When a model or cube cannot be read, or does not fit.
        """
        from napari_udt.models import load_model

        begin = time.monotonic()
        try:
            model, target = load_model(folder / PREVIEW), self._target_cube(folder)
            report(0, 1)
            if scene is not None and not model_obstacle(scene.cube, model.spec):
                return preview_of(model, scene, target)
            return preview_of(model, default_scene(open_cube(folder / CUBES["simulated"])), target)
        finally:
            now = time.monotonic()
            self._due = now + max(EVERY_S, (now - begin) / _MOST_SHARE)
            self._asked = None

    def _target_cube(self, folder: Path) -> SpectralCube:
        if self._target is None or self._target[0] != folder:
            self._target = folder, open_cube(folder / CUBES["second"]).in_memory()
        return self._target[1]


def pinned_scene(session: Session, plan: Plan) -> Scene | None:
    """Return the simulated cube on whose picture the newest pin stands, with its pins; None where there is none."""
    for newest in reversed(session.pins):
        scene = same_scene(session, session[newest.pixel.key])
        entry = next((entry for entry in scene if entry.role == "simulated"), None)
        if entry is None:
            continue
        keys = {each.key for each in scene}
        rows, columns = entry.cube.shape[:2]
        pins = [
            pin
            for pin in session.pins
            if pin.pixel.key in keys and pin.pixel.row < rows and pin.pixel.column < columns
        ]
        cube = entry.cube.with_(series=None, place=0).with_structures_named(dict(plan.structures))
        places = tuple(
            Place(pin.pixel.row, pin.pixel.column, f"pin {pin.title}", pin.colour)
            for pin in pins[-MOST_PIXELS:]
        )
        return Scene(cube, places, pinned=True)
    return None


def default_scene(cube: SpectralCube) -> Scene:
    """Return a cube with a typical pixel of each of its largest structures: the one nearest to the structure's median."""
    cube = cube.in_memory()
    spectra = np.asarray(cube.data)
    usable = np.isfinite(spectra).all(axis=2)
    numbers = {} if cube.labels is None else cube.present_labels
    named = [n for n, name in numbers.items() if not _is_unlabelled(name)]
    sizes = {n: int(np.count_nonzero((cube.labels == n) & usable)) for n in named}
    largest = sorted((n for n in named if sizes[n]), key=lambda n: -sizes[n])[:MOST_PIXELS]
    places = []
    for turn, number in enumerate(largest):
        rows, columns = np.nonzero((cube.labels == number) & usable)
        own = spectra[rows, columns]
        typical = int(np.square(own - np.median(own, axis=0)).sum(axis=1).argmin())
        places.append(
            Place(
                int(rows[typical]),
                int(columns[typical]),
                numbers[number],
                PIN_COLOURS[turn % len(PIN_COLOURS)],
            )
        )
    return Scene(cube, tuple(places), pinned=False)


def preview_of(model: Any, scene: Scene, target: SpectralCube) -> Preview:
    """Return what a model makes of a scene.

    Spectra of models that work on L2-normalised ones are shown at unit norm, all three domains alike.

    Parameters
    ----------
    model : TransferModel
    scene : Scene
    target : SpectralCube
        Of the target domain, at the model's wavelengths.
    """
    from napari_udt.inference import transfer
    from napari_udt.inference.grid import regrid

    unit = model.spec.spectrum_norm == "l2"
    grid_nm = np.asarray(model.spec.wavelengths_nm)
    step = thinning(scene.cube.shape[:2]) if scene.cube.modality == "HSI" else 1
    small = _thinned(scene.cube, step)
    moved = np.asarray(transfer(small, model, device="cpu", scale="unit" if unit else "source").data[:])
    rows = [place.row for place in scene.places]
    columns = [place.column for place in scene.places]
    if step > 1 and scene.places:
        picked = _picked(scene.cube, rows, columns)
        now = np.asarray(transfer(picked, model, device="cpu", scale="unit").data[:])[0]
    else:
        now = moved[rows, columns]
    to_grid = regrid(small.wavelengths_nm, grid_nm, small.name, bad_bands=small.bad_bands)
    before = _scaled(_regridded(np.asarray(small.data[:], np.float32), to_grid), unit)
    own = _scaled(
        to_grid(np.stack([scene.cube.spectrum(r, c) for r, c in zip(rows, columns, strict=True)]))
        if rows
        else np.empty((0, len(grid_nm))),
        unit,
    )
    aim = _scaled(np.asarray(target.data[:], np.float32), unit)
    curves = tuple(
        PixelCurves(
            _titled(place, scene),
            own[index],
            now[index],
            _median_of(target, aim, _structure(scene.cube, place)),
        )
        for index, place in enumerate(scene.places)
    )
    return Preview(
        step=int(model.spec.training.get("step", 0)),
        wavelengths_nm=grid_nm,
        quantity="reflectance, L2-normalised [1]" if unit else target.quantity,
        curves=curves,
        pictures=(before, moved, aim),
        places=tuple((place.row / step, place.column / step, place.colour) for place in scene.places),
    )


def _thinned(cube: SpectralCube, step: int) -> SpectralCube:
    """Return every n-th pixel of a cube, in memory."""
    rows = (
        np.concatenate(
            [np.asarray(cube.rows(start, start + 1))[:, ::step] for start in range(0, cube.shape[0], step)]
        )
        if step > 1
        else np.asarray(cube.data[:], np.float32)
    )
    labels = None if cube.labels is None else cube.labels[::step, ::step]
    oxygenation = None if cube.oxygenation is None else cube.oxygenation[::step, ::step]
    return cube.with_(
        data=rows,
        labels=labels,
        oxygenation=oxygenation,
        pixel_size_mm=None if step > 1 else cube.pixel_size_mm,
    )


def _picked(cube: SpectralCube, rows: Sequence[int], columns: Sequence[int]) -> SpectralCube:
    """Return some pixels of a cube as a cube of one row."""
    spectra = np.stack([cube.spectrum(r, c) for r, c in zip(rows, columns, strict=True)])[None]
    labels = None if cube.labels is None else cube.labels[rows, columns][None]
    return cube.with_(data=spectra, labels=labels, oxygenation=None)


def _regridded(picture: Floats, to_grid: Any) -> Floats:
    flat: Floats = to_grid(picture.reshape(-1, picture.shape[2]))
    return flat.reshape(*picture.shape[:2], -1)


def _scaled(spectra: Floats, unit: bool) -> Floats:
    if not unit:
        return spectra
    norms = np.linalg.norm(spectra, axis=-1, keepdims=True)
    return np.where(norms > 0, spectra / np.where(norms > 0, norms, 1), np.nan)


def _structure(cube: SpectralCube, place: Place) -> str:
    if cube.labels is None:
        return ""
    number = int(cube.labels[place.row, place.column])
    name = cube.label_names.get(number, "")
    return "" if _is_unlabelled(name) else name


def _titled(place: Place, scene: Scene) -> Place:
    """Return a pin's place with the structure behind its name."""
    name = _structure(scene.cube, place)
    return replace(place, title=f"{place.title}: {name}") if scene.pinned and name else place


def _median_of(target: SpectralCube, spectra: Floats, structure: str) -> Floats | None:
    """Return the median spectrum of a structure of the target; of all pixels where the target has no labels."""
    if target.labels is None:
        chosen = np.ones(target.shape[:2], bool)
    else:
        wanted = plain_name(structure)
        numbers = [n for n, name in target.present_labels.items() if structure and plain_name(name) == wanted]
        chosen = np.isin(target.labels, numbers)
    own = spectra[chosen & np.isfinite(spectra).all(axis=2)]
    return np.median(own, axis=0) if len(own) else None


def _is_unlabelled(name: str) -> bool:
    from napari_udt.collection.reading import is_unlabelled

    return not name or is_unlabelled(name)
