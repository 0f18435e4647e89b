"""Outlines of regions in files: ImageJ's ``.roi`` and ``.zip``, and GeoJSON as QuPath writes it, both ways.

Both count pixels from the corner of the first; here its middle is (0, 0), as everywhere in napari. PATATO's scans and iThera's
``.iannotation`` keep regions in lengths: they are read for a cube that knows where its picture lies.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from napari_udt.cube import SpectralCube
from napari_udt.errors import CubeError
from napari_udt.files.reading import read_text
from napari_udt.files.writing import whole_or_nothing
from napari_udt.io import hdf5
from napari_udt.io.contract import Frame, reading
from napari_udt.io.extras import Extras
from napari_udt.io.photoacoustic import ithera_regions, patato_maps
from napari_udt.io.picture_place import PicturePlace

ENDINGS = (".roi", ".zip", ".geojson", ".json")
PLACED_ENDINGS = (".iannotation", ".hdf5", ".h5")  # of files with regions in lengths, which are read only
MAX_OUTLINES = 2_000
MAX_VERTICES = 100_000
_MAX_BYTES = 50_000_000
_FAR_PIXELS = 1e6


@dataclass(frozen=True)
class NamedOutline:
    """A closed outline on a picture.

    Parameters
    ----------
    name : str
        Empty where it has none.
    kind : {"polygon", "ellipse"}
        What the vertices mean: corners, or the four corners of the ellipse's bounding box.
    vertices : tuple of (row, column)
        In pixels; the middle of the first pixel is (0, 0).
    """

    name: str
    kind: Literal["polygon", "ellipse"]
    vertices: tuple[tuple[float, float], ...]


def read_outlines(path: str | Path, on: SpectralCube | None = None) -> list[NamedOutline]:
    """Read the closed outlines of a file; lines, points and holes are passed over.

    Parameters
    ----------
    path : path
    on : SpectralCube, optional
        The cube on whose picture, and whose frame, regions in lengths are placed (PATATO, iThera).

    Raises
    ------
    CubeError
        When the file is of no such kind, holds no closed outline, the package for ImageJ's files is missing, or the cube does not
        know where its picture lies.
    """
    path = Path(path)
    if path.suffix.lower() in PLACED_ENDINGS:
        return _placed(path, on)
    with reading(path):
        if path.stat().st_size > _MAX_BYTES:
            raise CubeError(
                f"{path}: the file is larger than {_MAX_BYTES / 1e6:g} MB; expected outlines of regions."
            )
        ending = path.suffix.lower()
        if ending not in ENDINGS:
            known = ", ".join((*ENDINGS, *PLACED_ENDINGS))
            raise CubeError(f"{path}: expected outlines in a file that ends with {known}.")
        found = list(_imagej(path) if ending in (".roi", ".zip") else _geojson(path))
    return _usable(found, path)


def _usable(found: Sequence[NamedOutline], path: Path) -> list[NamedOutline]:
    usable = [outline for outline in found[:MAX_OUTLINES] if 3 <= len(outline.vertices) <= MAX_VERTICES]
    if not usable:
        raise CubeError(f"{path}: found no closed outline; expected polygons, rectangles or ellipses.")
    return usable


def _placed(path: Path, on: SpectralCube | None) -> list[NamedOutline]:
    """Return the regions of a file that keeps them in lengths, in pixels of a cube."""
    where = None if on is None else PicturePlace.of(on.shape[:2], on.metadata)
    if on is None or where is None:
        raise CubeError(
            f"{path}: its regions are in lengths; open them on a cube of a PATATO or iThera scan, which knows where its picture lies."
        )
    said = on.metadata.get("frame", 0)
    frame: Frame = said if isinstance(said, int) else "mean"
    with reading(path):
        if path.suffix.lower() == ".iannotation":
            shown = ithera_regions.of_frame(ithera_regions.read_regions(path), frame)
            named = [(region.name, where.pixels(region.corners_mm)) for region in shown]
        elif not hdf5.is_hdf5(path):
            raise CubeError(f"{path}: the file is no HDF5; expected a scan as PATATO writes it.")
        else:
            with hdf5.opened(path) as file:
                named, _ = patato_maps.polygons(Extras(path), file, path, where, frame)
        found = [outline for name, corners in named for outline in _outline(name, "polygon", corners + 0.5)]
    return _usable(found, path)


def write_outlines(outlines: Sequence[NamedOutline], path: str | Path) -> None:
    """Write outlines, as ImageJ's ``.zip`` (or ``.roi``, of one) or as GeoJSON, by the name's ending; whole or not at all.

    Raises
    ------
    CubeError
        When the ending is none of these, ``.roi`` gets several outlines, or the package for ImageJ's files is missing.
    """
    path = Path(path)
    ending = path.suffix.lower()
    if ending not in ENDINGS or (ending == ".roi" and len(outlines) != 1):
        raise CubeError(
            f"{path}: {len(outlines)} outlines cannot be written there; expected a name with .zip or .geojson, or .roi for one."
        )
    with whole_or_nothing(path) as temporary:
        if ending in (".geojson", ".json"):
            document = {"type": "FeatureCollection", "features": [_feature(outline) for outline in outlines]}
            temporary.write_text(json.dumps(document, indent=1), encoding="utf-8")
        else:
            _write_imagej(outlines, temporary, ending)


def as_labels(
    outlines: Iterable[tuple[str, NDArray[np.bool_]]], shape: tuple[int, int]
) -> tuple[NDArray[np.int32], dict[int, str]]:
    """Return regions as a label image and its names; regions of one name share a number, later ones lie on top.

    Parameters
    ----------
    outlines : iterable of (name, mask)
    shape : (int, int)
    """
    labels, names = np.zeros(shape, np.int32), {0: "unlabelled"}
    for name, mask in outlines:
        number = next((n for n, known in names.items() if n and known == name), len(names))
        names[number] = name
        labels[mask] = number
    return labels, names


def outlines_of(labels: NDArray[np.integer[Any]], names: dict[int, str]) -> list[NamedOutline]:
    """Return the outer outlines of each structure, the largest first; holes and specks of under four pixels are left out.

    Parameters
    ----------
    labels : int array, shape (rows, columns)
    names : mapping of int to str
        Of the structures that are wanted.
    """
    from skimage.measure import find_contours, label, regionprops

    found = []
    for number, name in names.items():
        # Parts that touch at a corner only have outlines of their own.
        parts = sorted(regionprops(label(labels == number, connectivity=1)), key=lambda part: -part.area)
        for part in parts:
            if part.area < 4:
                continue
            edge = max(find_contours(np.pad(part.image_filled, 1).astype(float), 0.5), key=len)
            corner = np.array(part.bbox[:2]) - 1
            found.append(NamedOutline(name, "polygon", _pairs(edge[:-1] + corner)))
    return found[:MAX_OUTLINES]


def _pairs(points: NDArray[Any]) -> tuple[tuple[float, float], ...]:
    return tuple((float(row), float(column)) for row, column in points)


def _imagej(path: Path) -> Iterator[NamedOutline]:
    roifile = _roifile(path)
    stored = roifile.roiread(path)
    kinds = roifile.ROI_TYPE
    closed = (kinds.POLYGON, kinds.RECT, kinds.OVAL, kinds.FREEHAND, kinds.TRACED)
    for roi in stored if isinstance(stored, list) else [stored]:
        if roi.roitype not in closed:
            continue
        if roi.roitype in (kinds.RECT, kinds.OVAL):
            top, left, bottom, right = (float(v) for v in (roi.top, roi.left, roi.bottom, roi.right))
            corners = np.array([[top, left], [top, right], [bottom, right], [bottom, left]])
        else:
            corners = np.asarray(roi.coordinates(), np.float64)[:, ::-1]
        yield from _outline(roi.name, "ellipse" if roi.roitype == kinds.OVAL else "polygon", corners)


def _write_imagej(outlines: Sequence[NamedOutline], path: Path, ending: str) -> None:
    roifile = _roifile(path)
    rois = []
    for number, outline in enumerate(outlines, 1):
        corners = np.array(outline.vertices) + 0.5
        ellipse = outline.kind == "ellipse"
        upright = ellipse and len({*corners[:, 0]}) == 2 and len({*corners[:, 1]}) == 2
        if ellipse and not upright:
            corners = _ellipse(corners)
        roi = roifile.ImagejRoi.frompoints(corners[:, ::-1], name=outline.name or f"region {number}")
        roi.roitype = roifile.ROI_TYPE.OVAL if upright else roifile.ROI_TYPE.POLYGON
        if upright:
            (roi.top, roi.left), (roi.bottom, roi.right) = (
                (int(v) for v in np.round(edge)) for edge in (corners.min(axis=0), corners.max(axis=0))
            )
        rois.append(roi)
    if ending == ".roi":
        path.write_bytes(rois[0].tobytes())
        return
    import zipfile

    with zipfile.ZipFile(path, "w") as archive:
        for number, roi in enumerate(rois, 1):
            archive.writestr(f"{number:04d}-{_safe(roi.name)}.roi", roi.tobytes())


def _ellipse(corners: NDArray[Any], count: int = 72) -> NDArray[np.float64]:
    """Return a polygon for an ellipse in a rotated box."""
    angle = np.linspace(0, 2 * np.pi, count, endpoint=False)[:, np.newaxis]
    along, across = (corners[1] - corners[0]) / 2, (corners[3] - corners[0]) / 2
    return np.asarray(corners.mean(axis=0) + np.cos(angle) * along + np.sin(angle) * across, np.float64)


def _safe(name: str) -> str:
    return "".join(c if c.isalnum() or c in " -_" else "_" for c in name)[:60]


def _roifile(path: Path) -> Any:
    try:
        import roifile
    except ImportError as error:
        raise CubeError(
            f"{path}: ImageJ's regions need the package roifile; pip install napari-udt[formats], or use GeoJSON."
        ) from error
    return roifile


def _geojson(path: Path) -> Iterator[NamedOutline]:
    document = json.loads(read_text(path, _MAX_BYTES))
    features = document.get("features", [document]) if isinstance(document, dict) else document
    for feature in features if isinstance(features, list) else []:
        if not isinstance(feature, dict):
            continue
        shape = feature.get("geometry") or feature
        parts = shape.get("coordinates") if isinstance(shape, dict) else None
        if not isinstance(parts, list) or shape.get("type") not in ("Polygon", "MultiPolygon"):
            continue
        for part in [parts] if shape["type"] == "Polygon" else parts:
            corners = np.array(part[0], np.float64)  # the first ring is the outer one
            if len(corners) > 1 and np.array_equal(corners[0], corners[-1]):
                corners = corners[:-1]
            yield from _outline(_name(feature), "polygon", corners[:, 1::-1])


def _name(feature: dict[str, Any]) -> str:
    """Return the class of a QuPath object, else the name of a feature."""
    properties = feature.get("properties")
    if not isinstance(properties, dict):
        return ""
    group = properties.get("classification")
    found = group.get("name") if isinstance(group, dict) else None
    return str(found or properties.get("name") or "")[:200]


def _feature(outline: NamedOutline) -> dict[str, Any]:
    corners = np.array(outline.vertices) + 0.5
    if outline.kind == "ellipse":
        corners = _ellipse(corners)
    ring = [[float(x), float(y)] for y, x in (*corners, corners[0])]
    properties = {"objectType": "annotation", "name": outline.name, "classification": {"name": outline.name}}
    return {
        "type": "Feature",
        "geometry": {"type": "Polygon", "coordinates": [ring]},
        "properties": properties if outline.name else {"objectType": "annotation"},
    }


def _outline(
    name: str | None, kind: Literal["polygon", "ellipse"], corners: NDArray[Any]
) -> Iterator[NamedOutline]:
    """Yield an outline with the middle of the first pixel at (0, 0); none where its corners are no places of a picture."""
    if corners.ndim == 2 and np.all(np.isfinite(corners)) and np.abs(corners).max(initial=0) < _FAR_PIXELS:
        yield NamedOutline(str(name or ""), kind, _pairs(corners - 0.5))
