"""Regions as files and as structures of their cube. No Qt."""

from __future__ import annotations

from pathlib import Path

from napari_udt.errors import CubeError
from napari_udt.io.outlines import NamedOutline, as_labels, outlines_of, write_outlines
from napari_udt.viewer.state.session import Region, Session
from napari_udt.viewer.state.statistics import region_mask
from napari_udt.wording import counted


def regions_of(session: Session, key: str) -> list[Region]:
    """Return the regions of a cube.

    Raises
    ------
    CubeError
        When there are none.
    """
    regions = [region for region in session.regions if region.key == key]
    if not regions:
        raise CubeError(f"{key}: no regions are drawn on it; draw some first.")
    return regions


def save_regions(session: Session, key: str, path: Path) -> str:
    """Write the regions of a cube; return one sentence on what was written.

    Raises
    ------
    CubeError
        When there are none, or the file's ending is none of those for outlines.
    """
    regions = regions_of(session, key)
    write_outlines([NamedOutline(r.title, r.outline, r.vertices) for r in regions], path)
    return f"Saved {counted(len(regions), 'region')} of {key} in {path.name}."


def make_structures(session: Session, key: str) -> str:
    """Make structures of the regions of a cube, in place of those that it has; this can be undone.

    Raises
    ------
    CubeError
        When no regions are drawn on it, or they cover no pixel.
    """
    cube = session[key].cube
    rows, columns = cube.shape[:2]
    masks = [
        (region.title, region_mask(region.outline, region.vertices, (rows, columns)))
        for region in regions_of(session, key)
    ]
    if not any(mask.any() for _, mask in masks):
        raise CubeError(f"{key}: no region covers a pixel of it; draw some first.")
    labels, names = as_labels(masks, (rows, columns))
    session.change_cubes("Regions as structures", {key: cube.with_(labels=labels, label_names=names)})
    return f"{counted(len(names) - 1, 'structure')} of {key}: {', '.join(list(names.values())[1:])}."


def structure_outlines(session: Session, key: str) -> list[NamedOutline]:
    """Return the outlines of a cube's structures, without the background.

    Raises
    ------
    CubeError
        When it has no structures.
    """
    from napari_udt.spectral.labels import is_background

    cube = session[key].cube
    names = {n: name for n, name in cube.present_labels.items() if not is_background(name)}
    if cube.labels is None or not names:
        raise CubeError(f"{key}: it has no structures; open a cube with labels, or draw regions.")
    return outlines_of(cube.labels, names)
