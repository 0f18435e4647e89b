"""What the file of an open cube offers: other cubes in it, and conversion to a file that is faster to read. No Qt."""

from __future__ import annotations

from pathlib import Path

from napari_udt.cube import SpectralCube, nested
from napari_udt.io.access import can_be_faster, fast_path, is_shown_coarsely, layout_in_file, slow_to_read
from napari_udt.io.assemble import short_name
from napari_udt.io.missing_metadata import options_for
from napari_udt.viewer.state.jobs import Report
from napari_udt.viewer.state.session import Session

_MOST_REMARKS = 5


def key_of_file(session: Session, cube: SpectralCube) -> str:
    """Return the key under which a cube is opened: its file's name without the ending, not what the file calls it inside.

    Of several cubes in a file each has its title as well; where another file of that name is open, the folder is added.
    """
    file = nested(cube.metadata, "file")
    path = Path(str(file.get("path") or ""))
    if not path.name:
        return cube.name
    titles = titles_in_file(cube)
    name = f"{short_name(path)} · {titles[0].lstrip('/')}" if len(titles) > 1 else short_name(path)
    if name in session and nested(session[name].cube.metadata, "file").get("path") != str(path):
        return f"{name} ({path.parent.name})"
    return name


def titles_in_file(cube: SpectralCube) -> list[str]:
    """Return the titles of the cubes in a cube's file, the shown one first; fewer than two leave no choice."""
    file = nested(cube.metadata, "file")
    return [str(title) for title in (file.get("candidate"), *file.get("others", ())) if title]


def invitation(cube: SpectralCube | None) -> str:
    """Return the tooltip of the choice: which file it is about, and what choosing does."""
    path = "" if cube is None else str(nested(cube.metadata, "file").get("path", ""))
    return f"{path}\nholds several cubes: choose another one to open it as well"


def offering_cube(session: Session, chosen: SpectralCube | None) -> SpectralCube | None:
    """Return the cube whose file offers something: the chosen one, else the newest; None where neither does."""
    cubes = [*([] if chosen is None else [chosen]), *(entry.cube for entry in list(session)[-1:])]
    return next((cube for cube in cubes if len(titles_in_file(cube)) > 1 or may_convert(cube)), None)


def open_already(session: Session, cube: SpectralCube, title: str) -> str | None:
    """Return the key of the open cube that shows a title of the same file."""
    wanted = (nested(cube.metadata, "file").get("path"), title)
    for entry in session:
        file = nested(entry.cube.metadata, "file")
        if (file.get("path"), file.get("candidate")) == wanted and entry.cube.domain != "transferred":
            return entry.key
    return None


def slowness(cube: SpectralCube | None) -> str:
    """Return what is slow to read in a cube and shown otherwise for that; empty when nothing is, or it has no file."""
    if cube is None or not cube.metadata.get("file") or not (text := slow_to_read(cube)):
        return ""
    layout = layout_in_file(cube)
    coarse = layout is not None and is_shown_coarsely(layout)
    return f"{text} Its pictures are shown coarsely." if coarse else text


def left_out(cube: SpectralCube | None) -> str:
    """Return what was left out or averaged when a cube's file was opened, in one line; empty where nothing was."""
    remarks = [] if cube is None or not cube.metadata.get("file") else cube.metadata.get("remarks", [])
    return (
        " ".join([f"{cube.name}:", *map(str, remarks[:_MOST_REMARKS])])
        if cube is not None and remarks
        else ""
    )


def may_convert(cube: SpectralCube | None) -> bool:
    """Whether a converted file would be faster to read."""
    return cube is not None and bool(cube.metadata.get("file")) and can_be_faster(cube)


def suggested_target(cube: SpectralCube) -> str:
    """Return where the faster copy of a cube's file may go."""
    return fast_path(str(cube.metadata["file"]["path"]))


def convert_file(session: Session, cube: SpectralCube, target: Path, report: Report) -> Path:
    """Write the faster copy of an open cube; called in a thread.

    Raises
    ------
    CubeError
        When it cannot be written.
    TransferCancelled
        When ``report`` says so; nothing is left of it.
    """
    from napari_udt.io.convert import convert

    file = cube.metadata["file"]
    path = Path(file["path"])
    stated = options_for(path, session.stated_metadata.of(path))
    convert(path, target, candidate=file["candidate"], overwrite=True, progress=report, **stated)
    return target
