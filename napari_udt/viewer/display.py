"""Whether there is a screen, and a virtual one where there is none."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from importlib.util import find_spec

from napari_udt.errors import UdtError

_BINDINGS = ("PyQt6", "PySide6", "PyQt5")
VIRTUAL_SCREEN = "-screen 0 1600x1000x24"
_MARK = "NAPARI_UDT_VIRTUAL_DISPLAY"  # set for the command that runs on one


def has_display() -> bool:
    """Whether a window can be shown: macOS and Windows always have a screen, X11 and Wayland name theirs."""
    if sys.platform in ("win32", "darwin"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def require_qt() -> None:
    """Complain when there is nothing to draw windows with.

    Raises
    ------
    UdtError
        When no Qt binding that napari knows is installed.
    """
    if not any(find_spec(binding) for binding in _BINDINGS):
        raise UdtError(
            "The viewer needs Qt, and none is installed: install one of its bindings (`pip install PyQt6`), "
            "or napari-udt with its extra pyqt6 or pyside6."
        )


def on_virtual_display() -> bool:
    """Whether this command runs on a virtual display already; macOS and Windows have none, and count as one."""
    return sys.platform in ("win32", "darwin") or _MARK in os.environ


def run_on_virtual_display(arguments: Sequence[str]) -> int:
    """Run ``napari-udt ARGUMENTS`` again on a virtual X display; return its exit code.

    Qt's "offscreen" platform cannot draw napari's OpenGL canvas, so a real X server (Xvfb) is needed.

    Raises
    ------
    UdtError
        When xvfb-run is not installed.
    """
    runner = shutil.which("xvfb-run")
    if runner is None:
        raise UdtError(
            "There is no screen and no virtual one: install the packages xvfb and xauth "
            "(`apt-get install xvfb xauth`), or run this in a desktop session."
        )
    environment = os.environ | {"QT_QPA_PLATFORM": "xcb", _MARK: "1"}
    environment.pop("WAYLAND_DISPLAY", None)
    command = [runner, "-a", "-s", VIRTUAL_SCREEN, sys.executable, "-m", "napari_udt", *arguments]
    return subprocess.run(command, env=environment, check=False).returncode
