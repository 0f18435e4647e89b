"""Where a PATATO picture lies, and what is known about its pixels: oxygenation and regions of interest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from napari_udt.io import hdf5
from napari_udt.io.contract import Frame
from napari_udt.io.derived import FlippedSource, MeanSource
from napari_udt.io.extras import Extras
from napari_udt.io.hdf5_sources import Hdf5Source
from napari_udt.io.lazy import LazyCube, Source
from napari_udt.io.photoacoustic import time_series
from napari_udt.io.photoacoustic.time_series import Array
from napari_udt.io.picture_place import PicturePlace
from napari_udt.reconstruction import ImagePlane

MAX_ROIS = 1_000
MAX_VERTICES = 100_000
MAX_PIXELS = 20_000_000  # of a picture that gets maps
_FAR_PIXELS = 1e6  # a vertex further away is put there: skimage counts pixels in integers
_NAMES = "ZYX"  # of the axes 2, 3, 4


@dataclass(frozen=True)
class Geometry:
    """How stored axes become a picture, and where that lies.

    Parameters
    ----------
    rows, columns, third : int
        Axes of the stored array (frames, wavelengths, z, y, x).
    plane : int
        Index at which the third axis is held.
    shape : (int, int)
        Rows and columns of the picture.
    extent_mm : ((float, float), (float, float)), optional
        Lowest and highest coordinate along rows and columns; None where the file lacks it.
    up : {1, -1}
        Whether the coordinate along the rows grows upwards in the picture.
    """

    rows: int
    columns: int
    third: int
    plane: int
    shape: tuple[int, int]
    extent_mm: tuple[tuple[float, float], tuple[float, float]] | None
    up: int

    @property
    def place(self) -> PicturePlace:
        """Where the picture lies; the outermost pixels lie on the edges of the field of view."""
        return PicturePlace(self.shape, self.extent_mm, self.up)

    def cube(self, path: Path, dataset: h5py.Dataset, frame: Frame) -> LazyCube:
        """Return a stored array as (rows, columns, its second axis), row 0 on top."""
        source: Source = Hdf5Source(path, dataset)
        if frame == "mean":
            source = MeanSource(source)
        if self.up > 0:
            source = FlippedSource(source, self.rows)
        held = {0: 0 if frame == "mean" else frame, self.third: self.plane}
        return LazyCube(source, (self.rows, self.columns, 1), held)


def geometry(dataset: h5py.Dataset, detectors_mm: Array | None, plane: int | None = None) -> Geometry:
    """Read where a reconstruction lies; of a volume a plane across its shortest axis is shown, by default the middle one."""
    lengths = dataset.shape[2:]
    third = 2 + int(np.argmin(lengths))
    rows, columns = (axis for axis in (2, 3, 4) if axis != third)
    shape = dataset.shape[rows], dataset.shape[columns]
    extents = _extent_mm(dataset, rows), _extent_mm(dataset, columns)
    known = extents[0] is not None and extents[1] is not None
    plane = dataset.shape[third] // 2 if plane is None else plane
    extent = (extents[0], extents[1]) if known else None
    return Geometry(rows, columns, third, plane, shape, extent, _up(detectors_mm, 4 - rows, extents[0]))  # type: ignore[arg-type]


def positions_mm(dataset: h5py.Dataset) -> Array | None:
    """Return where the planes across the shortest axis lie, counted from the first; None where the file does not say."""
    third = 2 + int(np.argmin(dataset.shape[2:]))
    extent, count = _extent_mm(dataset, third), dataset.shape[third]
    return None if extent is None or count < 2 else np.linspace(0, extent[1] - extent[0], count)


def take(
    extras: Extras, file: h5py.File, path: Path, name: tuple[str, str, str], where: Geometry, frame: Frame
) -> None:
    """Take the maps that belong to a reconstruction, ``name`` being ("recons", algorithm, number)."""
    take_regions(extras, file, path, where.place, frame)
    extras.oxygenation(lambda: _oxygenation(extras, file, path, name, where, frame))


def take_on_plane(path: Path, extras: Extras, plane: ImagePlane, frame: Frame) -> None:
    """Take the regions of interest of a cube that shows a preview in ``plane``."""
    with hdf5.opened(path) as file:
        take_regions(extras, file, path, time_series.place_of(plane), frame)


def take_regions(extras: Extras, file: h5py.File, path: Path, where: PicturePlace, frame: Frame) -> None:
    """Draw the polygons of ``rois`` as labels.

    Those drawn for other frames are left out; those that cannot be drawn are named in the remarks.
    """
    found, order = polygons(extras, file, path, where, frame)
    draw(extras, where, found, order)


def polygons(
    extras: Extras, file: h5py.File, path: Path, where: PicturePlace, frame: Frame
) -> tuple[list[tuple[str, Array]], list[str]]:
    """Return names and corners (rows and columns) of the polygons of a frame, and the names of those of all frames."""
    found, order, ignored = [], [], []
    for title, item in _polygons(file):
        corners = extras.attempt(f"Region {title}", partial(_corners, item, path, where))
        if corners is None:
            ignored.append(item.name)
            continue
        order.append(title)
        if extras.attempt("Stage positions", partial(_belongs_to, file, path, item, frame)) is not False:
            found.append((title, corners))
    if ignored:
        extras.remarks.append(f"Regions that cannot be drawn were left out: {', '.join(ignored[:20])}.")
    return found, order


def draw(
    extras: Extras, where: PicturePlace, polygons: Sequence[tuple[str, Array]], order: Sequence[str] = ()
) -> None:
    """Draw named polygons (rows and columns) as labels; later ones lie on top of earlier ones.

    Names are numbered by their first place in ``order``, so that they have the same number in every frame.
    """
    from skimage.draw import polygon

    if not polygons:
        return
    if where.pixel_size_mm is None or where.shape[0] * where.shape[1] > MAX_PIXELS:
        extras.remarks.append(
            "Regions left out: the file does not say where the picture lies, or it is too large."
        )
        return
    numbers = {title: n for n, title in enumerate(dict.fromkeys([*order, *(t for t, _ in polygons)]), 1)}
    labels = np.zeros(where.shape, np.int32)
    for title, corners in polygons:
        inside = corners.clip(-_FAR_PIXELS, _FAR_PIXELS)
        labels[polygon(inside[:, 0], inside[:, 1], where.shape)] = numbers[title]
    names = {numbers[title]: title for title, _ in polygons}
    extras.labels(lambda: labels, {0: "unlabelled", **names})


def _polygons(file: h5py.File) -> list[tuple[str, Any]]:
    group = hdf5.child_group(file, "rois")
    found = [] if group is None else [(n, g) for n, g in hdf5.children(group) if isinstance(g, h5py.Group)]
    polygons = [(name, item) for name, below in found for _, item in hdf5.children(below)]
    return polygons[:MAX_ROIS]


def _corners(item: Any, path: Path, where: PicturePlace) -> Array | None:
    """Return rows and columns of a polygon's corners, None where it is none."""
    if (
        not isinstance(item, h5py.Dataset)
        or item.ndim != 2
        or item.shape[1] != 2
        or not 3 <= item.shape[0] <= MAX_VERTICES
        or not hdf5.is_numeric(item)
    ):
        return None
    with np.errstate(over="ignore", invalid="ignore"):  # what lies beyond all numbers is no corner, see below
        corners = where.pixels(hdf5.whole(item, path).astype(np.float64) * 1e3)
    return corners if len(corners) and np.all(np.isfinite(corners)) else None


def _belongs_to(file: h5py.File, path: Path, item: h5py.Dataset, frame: Frame) -> bool:
    """Whether a region was drawn on this frame: that at its stage position, or its repetition where the stage rests.

    A region that fits no frame of the file counts for all of them.
    """
    if frame == "mean":
        return True
    for attribute, dataset in (("z", "Z-POS"), ("repetition", "REPETITION")):
        wanted, table = hdf5.attribute_numbers(item, attribute), hdf5.child_dataset(file, dataset)
        if (
            wanted is None
            or table is None
            or table.ndim != 2
            or not hdf5.is_numeric(table)
            or 0 in table.shape
        ):
            continue
        places = hdf5.whole(table, path)[:, 0].astype(np.float64)
        fits = np.isclose(places, wanted[0])
        if np.any(fits) and not np.all(fits):
            return bool(frame < len(fits) and fits[int(frame)])
    return True


def _oxygenation(
    extras: Extras, file: h5py.File, path: Path, name: tuple[str, str, str], where: Geometry, frame: Frame
) -> Array | None:
    """Return the map of the same algorithm with the same pixels; a remark says how many values are no fraction."""
    group = hdf5.child_group(file, "so2", name[1])
    maps = [] if group is None else [(n, d) for n, d in hdf5.children(group) if isinstance(d, h5py.Dataset)]
    for _, dataset in sorted(maps, key=lambda item: not item[0].startswith(name[2])):
        if _fits(dataset, where, frame):
            values = where.cube(path, hdf5.checked(dataset, path), frame)[:, :, 0].astype(np.float64)
            fraction = (values >= 0) & (values <= 1)
            if outside := int(np.sum(~fraction & ~np.isnan(values))):
                extras.remarks.append(f"Oxygenation outside 0 to 1 was left out: {outside} pixels.")
            return np.where(fraction, values, np.nan)
    if group is not None:
        extras.remarks.append(f"Oxygenation left out: no map in so2/{name[1]} has the pixels of the picture.")
    return None


def _fits(dataset: h5py.Dataset, where: Geometry, frame: Frame) -> bool:
    """Whether a map has one value per pixel of the picture in this frame."""
    if dataset.ndim != 5 or not hdf5.is_numeric(dataset) or where.shape[0] * where.shape[1] > MAX_PIXELS:
        return False
    alike = (dataset.shape[where.rows], dataset.shape[where.columns]) == where.shape
    has_plane = dataset.shape[1] == 1 and dataset.shape[where.third] > where.plane
    return alike and has_plane and (frame == "mean" or int(frame) < dataset.shape[0])


def _extent_mm(dataset: h5py.Dataset, axis: int) -> tuple[float, float] | None:
    """Return the lowest and highest coordinate along an axis: stored as the length, or as both ends [m]."""
    name = f"RECONSTRUCTION_FIELD_OF_VIEW_{_NAMES[axis - 2]}"
    stored = hdf5.attribute_numbers(dataset, name)
    stored = hdf5.attribute_numbers(dataset, "RECON_FOV") if stored is None else stored
    if stored is None or stored.size not in (1, 2) or not np.all(np.isfinite(stored)):
        return None
    low, high = (-stored[0] / 2, stored[0] / 2) if stored.size == 1 else (stored[0], stored[1])
    return (float(low) * 1e3, float(high) * 1e3) if high > low else None


def _up(detectors_mm: Array | None, axis: int, extent_mm: tuple[float, float] | None) -> int:
    """Return 1 when the vertical coordinate grows upwards: always, but where the detectors lie below the picture."""
    if detectors_mm is None or not np.all(np.isfinite(detectors_mm)):
        return 1
    heights = detectors_mm[:, axis]
    middle = 0.0 if extent_mm is None else sum(extent_mm) / 2
    return -1 if heights.mean() - middle < -0.05 * max(np.ptp(heights), 1e-9) else 1
