"""Dialog for the name of a file to be saved."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from qtpy.QtWidgets import QFileDialog, QWidget


def ask_save_path(
    parent: QWidget, title: str, name: str, filters: str, refuse: Callable[[str], object]
) -> Path | None:
    """Return the file name that the user chooses; None where the user cancels.

    Parameters
    ----------
    parent : QWidget
    title, name : str
        Of the dialog, and the name that it offers.
    filters : str
        As Qt takes them: "Table (*.csv);;Picture (*.png)".
    refuse : callable
        Called with a sentence when a suffix from ``filters`` completes the name of a file that exists: the dialog did not
        ask whether to replace that one.
    """
    path, chosen = QFileDialog.getSaveFileName(parent, title, name, filters)
    if not path:
        return None
    target = with_suffix(path, chosen)
    if target != Path(path) and target.exists():
        refuse(f"{target.name} exists already: give its full name to replace it.")
        return None
    return target


def with_suffix(path: str, name_filter: str) -> Path:
    """Return the path with the suffix of the chosen filter, "Table (*.csv)", where it has none of its own."""
    suffix = name_filter[name_filter.rfind("*") + 1 :].rstrip(")")
    return Path(path) if Path(path).suffix else Path(path + suffix)
