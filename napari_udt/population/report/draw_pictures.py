"""Drawings of pictures: Fig. 4 and confusion matrices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from napari_udt.population.report.document import Drawing
from napari_udt.population.report.drawing import INK, Palette, grid_shape, panels
from napari_udt.population.scenes import CallOut, Picture, Scenes

if TYPE_CHECKING:
    from napari_udt.population.downstream import DownstreamResult

_COLUMNS = 3
_LARGEST_PICTURE = 700  # pixels along a side: more is not seen, and makes the file large
_MARK = "#ffffff"


def scenes_drawing(data: Scenes, palette: Palette, call_outs: Sequence[CallOut] = ()) -> Drawing:
    """Fig. 4: the pictures at one wavelength on a common scale, with call-outs."""
    rows, columns = grid_shape(len(data.pictures), _COLUMNS)

    def draw(canvas: Any) -> None:
        axes = panels(canvas, len(data.pictures), _COLUMNS)
        for axis, picture in zip(axes, data.pictures, strict=True):
            image = _draw_picture(axis, picture, data.limits)
            axis.set_title(palette.short(picture.group))
            for mark in (c for c in call_outs if c.picture == picture.name):
                _draw_call_out(axis, picture, mark)
        if axes:
            canvas.colorbar(image, ax=axes, label=data.quantity, shrink=0.85, pad=0.01)

    shape = [p.values.shape[0] * _pixel(p)[0] / (p.values.shape[1] * _pixel(p)[1]) for p in data.pictures]
    height = rows * (0.6 + 10.0 / columns * max(shape, default=1.0))
    caption = f"Fig. 4 of the paper. {' '.join([data.statement, *data.notes])}"
    return Drawing("pictures", caption, (11.0, min(height + 0.1, 7.0)), draw)


def _pixel(picture: Picture) -> tuple[float, float]:
    return picture.pixel_size_mm or (1.0, 1.0)


def _draw_picture(axis: Any, picture: Picture, limits: tuple[float, float]) -> Any:
    rows, columns = picture.values.shape
    step = max(1, -(-max(rows, columns) // _LARGEST_PICTURE))
    height, width = _pixel(picture)
    image = axis.imshow(
        picture.values[::step, ::step],
        extent=(0, columns * width, rows * height, 0),
        vmin=limits[0],
        vmax=limits[1],
        cmap="viridis",
        interpolation="none",
        aspect="equal",
    )
    axis.grid(visible=False)
    unit = "mm" if picture.pixel_size_mm else "pixels"
    axis.set_xlabel(unit)
    axis.tick_params(labelsize=7.5)
    return image


def _draw_call_out(axis: Any, picture: Picture, mark: CallOut) -> None:
    from matplotlib.patches import Rectangle

    height, width = _pixel(picture)
    top, left = (mark.row - mark.size / 2) * height, (mark.column - mark.size / 2) * width
    square = Rectangle(
        (left, top), mark.size * width, mark.size * height, fill=False, edgecolor=_MARK, linewidth=1.2
    )
    axis.add_patch(square)
    if mark.text:
        axis.annotate(
            mark.text,
            (left + mark.size * width, top),
            xytext=(2, 2),
            textcoords="offset points",
            color=_MARK,
            fontsize=8,
            clip_on=True,
        )


def confusion_drawing(result: DownstreamResult) -> Drawing:
    """Confusion matrices of all rows of the downstream test, as shares of the true class."""
    names = [name.replace("_", " ") for name in result.classes]
    rows, _ = grid_shape(len(result.rows), _COLUMNS)

    def draw(canvas: Any) -> None:
        for axis, row in zip(panels(canvas, len(result.rows), _COLUMNS), result.rows, strict=True):
            axis.imshow(row.shares, vmin=0, vmax=1, cmap="Blues")
            axis.set_title(row.name)
            axis.set_xticks(
                range(len(names)), names, rotation=45, ha="right", rotation_mode="anchor", fontsize=7
            )
            axis.set_yticks(range(len(names)), names, fontsize=7)
            axis.grid(visible=False)
            for true, shares in enumerate(row.shares):
                for taken, share in enumerate(shares):
                    if share >= 0.005:
                        colour = "#ffffff" if share > 0.55 else "#1d2025"
                        axis.text(taken, true, f"{share:.2f}"[1 if share < 0.995 else 0 :], ha="center", va="center",
                                  fontsize=6, color=colour)  # fmt: skip
        canvas.supxlabel("taken for", fontsize=9)
        canvas.supylabel("true class", fontsize=9, color=INK)

    caption = "Confusion matrices over all seeds: share of each true class (rows) that was taken for each class (columns)."
    side = min(3.4, 1.3 + 0.22 * len(names))
    return Drawing("confusions", caption, (11.0, 0.5 + side * rows), draw)
