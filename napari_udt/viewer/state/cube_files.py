"""The files of open cubes: where each can be read again, what the user said about it, how long a spectrum takes. No Qt."""

from __future__ import annotations

import weakref
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from napari_udt.cube import SpectralCube, nested
from napari_udt.io.access import layout_in_file
from napari_udt.io.missing_metadata import StatedMetadata
from napari_udt.series import Series

_STATED = ("domain", "modality")
# The window waits while a spectrum is read: not for a mouse that passes, shortly for a click.
_HOVER_S = 0.1
_CLICK_S = 3.0


@dataclass(frozen=True)
class CubeFile:
    """A cube in a file: its path, its title or position among the file's cubes, and the options it is opened with."""

    path: Path
    candidate: str | int | None = None
    options: Mapping[str, Any] = field(default_factory=dict)


# Files of cubes that were saved while they were open, which their metadata do not name.
# Those of series are known by these, as each picture is a cube of its own.
_saved: weakref.WeakKeyDictionary[SpectralCube | Series[SpectralCube], CubeFile] = weakref.WeakKeyDictionary()


def remember_saved(cube: SpectralCube, path: Path, candidate: int) -> None:
    """Note in which file, and as which cube of it, an open cube has been saved."""
    _saved[cube.series or cube] = CubeFile(path, candidate)


def file_of(cube: SpectralCube) -> CubeFile | None:
    """Return where a cube can be read again; None for a result that was not saved, and for what has no file."""
    if (saved := _saved.get(cube.series or cube)) is not None:
        return saved
    file = nested(cube.metadata, "file")
    path = file.get("path")
    if not path or not isinstance(path, str | Path) or _is_file_of_source(cube, file):
        return None
    by_user = cube.metadata.get("stated_by_user")
    named = by_user if isinstance(by_user, list | tuple) else ()
    stated = {name: getattr(cube, name) for name in _STATED if name in named}
    return CubeFile(Path(path), file.get("candidate"), {**nested(file, "options"), **stated})


def _is_file_of_source(cube: SpectralCube, file: Mapping[str, Any]) -> bool:
    """Whether a cube's metadata name the file of its source, as those of an unsaved result do."""
    source = cube.provenance.get("source")
    known = source.get("file") if isinstance(source, Mapping) else None
    if cube.domain != "transferred":
        return False
    return not isinstance(known, Mapping) or known.get("path") == str(file["path"])


@dataclass
class MetadataMemory:
    """What the user stated in this session about files, and about all files of a format where the user said so."""

    by_path: dict[Path, StatedMetadata] = field(default_factory=dict)
    by_format: dict[str, StatedMetadata] = field(default_factory=dict)

    def remember(self, path: Path, format: str, stated: StatedMetadata, *, for_format: bool) -> None:
        """Keep what the user stated about a file, and with ``for_format`` about further files of its format."""
        self.by_path[path] = stated
        if for_format:
            self.by_format[format] = stated

    def knows(self, path: Path, format: str) -> bool:
        """Whether the user was asked about a file, or about its format; also when the answer was "not known"."""
        return path in self.by_path or format in self.by_format

    def of(self, path: Path) -> StatedMetadata:
        """Return what was stated about a file; empty where nothing was."""
        return self.by_path.get(path, StatedMetadata())


def waiting_text(cube: SpectralCube, *, pinned: bool) -> str:
    """Return why a pixel's spectrum is not read now; empty when it is."""
    layout = layout_in_file(cube)
    wait = 0.0 if layout is None else layout.spectrum_seconds
    if wait > _CLICK_S:
        return f"A spectrum of {cube.name} would take {wait:.0f} s to read; convert the file first (Transfer dock)."
    if wait > _HOVER_S and not pinned:
        return f"Click to read a spectrum of {cube.name}; its file takes about {wait:.1g} s for one."
    return ""
