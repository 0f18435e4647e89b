"""Plain tables of the numbers of a figure: for CSV files, the clipboard and the report."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from typing import Any

import numpy as np

from napari_udt.outgoing_text import csv_cell, csv_comment

Cell = str | int | float


@dataclass(frozen=True)
class Table:
    """Rows under columns, with sentences about them.

    Parameters
    ----------
    title : str
    columns : tuple of str
        With units in brackets.
    rows : tuple of tuple
        Each as long as ``columns``; a missing number is NaN.
    notes : tuple of str
        Where the numbers come from, and what was left out.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    notes: tuple[str, ...] = ()

    def csv_text(self) -> str:
        """Return it as CSV; lines that begin with a hash say what it is (``pandas.read_csv(path, comment="#")``)."""
        buffer = io.StringIO()
        buffer.writelines(csv_comment(line) for line in (self.title, *self.notes))
        writer = csv.writer(buffer, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\n")
        writer.writerow(map(csv_cell, self.columns))
        writer.writerows([csv_cell(_plain(cell)) for cell in row] for row in self.rows)
        return buffer.getvalue()


def _plain(cell: Any) -> Cell:
    """Return what reads back equal; an empty cell where there is no number."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, int | np.integer):
        return int(cell)
    return float(cell) if np.isfinite(cell) else ""
