"""Which file an open cube can be read from again. No Qt."""

from __future__ import annotations

import weakref
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from napari_udt.cube import SpectralCube

_STATED = ("domain", "modality")


@dataclass(frozen=True)
class CubeFile:
    """A cube in a file: its path, its title or place among the file's cubes, and the options it is opened with."""

    path: Path
    candidate: str | int | None = None
    options: Mapping[str, Any] = field(default_factory=dict)


# Cubes that were saved while they were open: they do not know it themselves.
_saved: weakref.WeakKeyDictionary[SpectralCube, CubeFile] = weakref.WeakKeyDictionary()


def remember_saved(cube: SpectralCube, path: Path, candidate: int) -> None:
    """Note that an open cube has been saved, as which cube of the file."""
    _saved[cube] = CubeFile(path, candidate)


def file_of(cube: SpectralCube) -> CubeFile | None:
    """Return where a cube can be read again; None for a result that was not saved, and for what has no file."""
    if cube in _saved:
        return _saved[cube]
    file = cube.metadata.get("file")
    if not isinstance(file, Mapping) or not file.get("path") or _is_its_sources(cube, file):
        return None
    stated = {
        name: getattr(cube, name) for name in _STATED if name in cube.metadata.get("stated_by_user", ())
    }
    return CubeFile(Path(file["path"]), file.get("candidate"), {**file.get("options", {}), **stated})


def _is_its_sources(cube: SpectralCube, file: Mapping[str, Any]) -> bool:
    """Whether a cube's metadata tell the file of the cube that it was made from, as those of a fresh result do."""
    source = cube.provenance.get("source")
    known = source.get("file") if isinstance(source, Mapping) else None
    if cube.domain != "transferred":
        return False
    return not isinstance(known, Mapping) or known.get("path") == str(file["path"])
