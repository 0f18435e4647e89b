"""Style and panels that the report's drawings share. matplotlib is imported when a drawing is made."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from napari_udt.domain_style import readable
from napari_udt.errors import EvaluationError
from napari_udt.population.appearance import appearances
from napari_udt.population.groups import Group, Population
from napari_udt.population.report.document import Key

INK, GRID, PAPER = "#3b3a39", "#d9d6d2", "#ffffff"
DARK_PAPER = "#1d2025"
LINE = 1.6  # points
_RC = {
    "font.family": "sans-serif",
    "font.size": 9,
    "axes.titlesize": 9.5,
    "axes.titleweight": "bold",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.titlecolor": INK,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": GRID,
    "grid.linewidth": 0.6,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "legend.frameon": False,
    "legend.fontsize": 8.5,
    "svg.fonttype": "none",
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "savefig.facecolor": "none",
}


def require_matplotlib() -> None:
    """Refuse with a sentence where matplotlib is missing.

    Raises
    ------
    EvaluationError
    """
    try:
        import matplotlib  # noqa: F401
    except ImportError as error:
        raise EvaluationError("A report needs matplotlib: pip install 'napari-udt[report]'.") from error


@contextmanager
def report_style(salt: str = "") -> Iterator[None]:
    """Draw in the report's style while the block runs; ``salt`` keeps the ids of an SVG apart from others'."""
    import matplotlib

    with matplotlib.rc_context({**_RC, "svg.hashsalt": salt or "report"}):
        yield


class Palette:
    """Colours, dashes and short names of a population's groups.

    Parameters
    ----------
    population : Population
    """

    def __init__(self, population: Population) -> None:
        self._appearances = appearances(population)
        self._colours = {
            name: readable(found.style.colour, PAPER).lower() for name, found in self._appearances.items()
        }

    def colour(self, group: Group) -> str:
        """Hex, readable on white."""
        return self._colours[group.name]

    def short(self, group: Group) -> str:
        """Return its name in legends."""
        return self._appearances[group.name].short

    def line(self, group: Group, **more: Any) -> dict[str, Any]:
        """Arguments of ``plot`` for the group's curves."""
        dash = self._appearances[group.name].style.dash
        style: Any = (0, dash) if dash else "-"
        return {"color": self.colour(group), "linestyle": style, "linewidth": LINE, **more}

    def keys(self, population: Population) -> tuple[Key, ...]:
        """Return the report's legend."""
        return tuple(
            Key(
                group.name,
                self._appearances[group.name].title,
                group.origin,
                self.colour(group),
                readable(self._appearances[group.name].style.colour, DARK_PAPER).lower(),
            )
            for group in population.groups
        )

    def legend(self, canvas: Any, groups: Sequence[Group], extra: Mapping[str, Any] | None = None) -> None:
        """Name the groups above a drawing."""
        from matplotlib.lines import Line2D

        handles = [Line2D([], [], label=self.short(group), **self.line(group)) for group in groups]
        handles += [Line2D([], [], label=label, **style) for label, style in (extra or {}).items()]
        canvas.legend(handles=handles, loc="outside upper center", ncols=min(len(handles), 5))


def grid_shape(count: int, columns: int) -> tuple[int, int]:
    """Rows and columns of so many panels, at most some beside each other, rows of equal length where possible."""
    rows = max(1, -(-count // columns))
    return rows, max(1, -(-count // rows))


def panels(canvas: Any, count: int, columns: int, **options: Any) -> list[Any]:
    """Return axes in reading order; those left over are taken away."""
    rows, columns = grid_shape(count, columns)
    axes = list(canvas.subplots(rows, columns, squeeze=False, **options).flat)
    for spare in axes[count:]:
        spare.remove()
    return axes[:count]
