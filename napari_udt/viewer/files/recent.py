"""Files that were opened lately, kept between sessions. No Qt."""

from __future__ import annotations

from html import escape
from pathlib import Path

from napari_udt.cube import nested
from napari_udt.samples import sample_folder
from napari_udt.viewer.state.session import CubesChange, Session
from napari_udt.viewer.state.settings import read_user_settings, write_user_settings

_KEY, _MOST, _SHOWN = "recent_files", 12, 5


class RecentFiles:
    """Remembers the files of cubes that come into a session, the newest first; samples are left out.

    Parameters
    ----------
    session : Session
    """

    def __init__(self, session: Session) -> None:
        session.cubes_changed.connect(self._cubes_changed)

    def _cubes_changed(self, change: CubesChange) -> None:
        files = [nested(entry.cube.metadata, "file") for entry in change.added]
        paths = [Path(str(file["path"])).absolute() for file in files if file.get("path")]
        new = [str(path) for path in paths if not path.is_relative_to(sample_folder())]
        if new:
            kept = [path for path in _stored() if path not in new]
            write_user_settings(**{_KEY: [*dict.fromkeys(reversed(new)), *kept][:_MOST]})


def recent_files() -> list[Path]:
    """Return the files that were opened lately and are still there, the newest first."""
    return [path for text in _stored() if (path := Path(text)).exists()]


def recent_links() -> str:
    """Return the newest of these as links for a label, with the path behind each name; "" where there are none."""
    links = [
        f'<a href="{escape(str(path), quote=True)}" title="{escape(str(path), quote=True)}">{escape(path.name)}</a>'
        for path in recent_files()[:_SHOWN]
    ]
    return f"Opened lately: {', '.join(links)}" if links else ""


def _stored() -> list[str]:
    stored = read_user_settings().get(_KEY)
    return [text for text in stored if isinstance(text, str)] if isinstance(stored, list) else []
