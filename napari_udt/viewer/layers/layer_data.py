"""The layers of a cube as napari's layer tuples; napari is not imported here.

The wavelength axis comes before the picture's, as napari wants its sliders, and its world coordinate *is* the wavelength in
nm: scale and translation carry it. So is the time in s, or the depth in mm, along the axis before it, which the pictures of a
series have. The unit of that axis stays ``pixel`` on purpose, because napari keeps one
unit per kind of dimension, and "nm" on the slider would turn the picture's millimetres into nanometres.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np

from napari_udt.cube import SpectralCube
from napari_udt.io.access import sample
from napari_udt.spectral.labels import is_background
from napari_udt.viewer.layers.stacks import SeriesStack, stack
from napari_udt.viewer.layers.stated_cubes import plain_metadata
from napari_udt.viewer.series.pictures import series_of

LayerTuple = tuple[Any, dict[str, Any], str]
Part = Literal["image", "labels"]

# Keys of ``layer.metadata`` that say which part of which cube a layer is.
CUBE_KEY = "udt_cube"
PART_KEY = "udt_part"
ORIGIN_KEY = "udt_origin"

# Photoacoustic pictures are dominated by the line of the skin: it may saturate, and a gamma lifts the vessels
# under it. On screen only.
_APPEARANCE: dict[str, dict[str, Any]] = {
    "HSI": {"colormap": "gray"},
    "PAT": {"colormap": "inferno", "gamma": 0.6},
}
_HIGHEST = {"HSI": 99.5, "PAT": 98.0}  # percentile that is shown brightest

WAVELENGTH_AXIS = "wavelength [nm]"
_SAMPLED_VALUES = 200_000

# Eleven hues that stay apart for colour-blind readers (Okabe and Ito 2008; Tol's "bright"); a structure keeps
# its colour in every cube because the colour follows from its name.
_STRUCTURE_COLOURS: dict[str, str] = {
    "artery": "#D55E00",
    "vein": "#0072B2",
    "epidermis": "#CC79A7",
    "dermis": "#E69F00",
    "fat": "#F0E442",
    "muscle": "#AA3377",
    "skin": "#E69F00",
    "bladder": "#CCBB44",
    "colon": "#AA3377",
    "liver": "#882255",
    "peritoneum": "#BBBBBB",
    "small_bowel": "#CC79A7",
    "spleen": "#332288",
    "stomach": "#009E73",
    "omentum": "#66CCEE",
    "blood": "#D55E00",
    "bone": "#BBBBBB",
}
_MOST_COLOURS = 1000  # napari looks each up by itself
_LARGEST_NUMBER = 65_535
_OTHER_COLOURS = ("#009E73", "#56B4E9", "#CCBB44", "#EE6677", "#228833", "#4477AA", "#AA3377")


def contrast_limits(cube: SpectralCube) -> tuple[float, float]:
    """Return robust limits for the picture: percentiles of evenly picked rows and columns.

    The 1st and the 99.5th; of photoacoustic pictures the 98th, where the bright line of the skin ends. A subsample, because napari's own search over all values takes seconds on a camera's cube.
    """
    if cube.is_lazy:
        picked, _ = sample(cube)
    else:
        stride = max(1, int(np.sqrt(np.prod(cube.shape) / _SAMPLED_VALUES)))
        picked = np.asarray(cube.data[::stride, ::stride], dtype=np.float32)
    values = picked[np.isfinite(picked)]
    if not values.size:
        return 0.0, 1.0
    low, high = (float(v) for v in np.percentile(values, (1.0, _HIGHEST[cube.modality])))
    return (low, high) if high > low else (low, low + max(1e-6, abs(low) * 1e-3))


def unit_of(cube: SpectralCube) -> str:
    """Return the unit of a cube's values, "1" for plain numbers."""
    return cube.quantity.partition("[")[2].rstrip("] ") or "1"


def structure_colour(name: str) -> str:
    """Return the colour of a structure, the same in every cube (hex); unknown names get one that follows from the name."""
    known = _STRUCTURE_COLOURS.get(name.lower().replace(" ", "_"))
    return known or _OTHER_COLOURS[zlib.crc32(name.encode()) % len(_OTHER_COLOURS)]


def structure_colours(names: Sequence[str]) -> tuple[str, ...]:
    """Return one colour (hex) per structure, as :func:`structure_colour`, but different ones as far as there are enough."""
    found: list[str] = []
    for name in names:
        colour = structure_colour(name)
        free = (
            other for other in (colour, *_OTHER_COLOURS, *_STRUCTURE_COLOURS.values()) if other not in found
        )
        found.append(next(free, colour))
    return tuple(found)


def label_colours(names: dict[int, str]) -> dict[int | None, Any] | None:
    """Return the colour of each label number; background, unnamed numbers and 0 are transparent.

    napari gives what lies inside an outline the number 0: with a colour it would cover the picture.
    None, for napari's own colours that repeat, where there are more structures than a person tells apart or numbers that napari
    (0.9) holds no table for.
    """
    if len(names) > _MOST_COLOURS or max(names, default=0) > _LARGEST_NUMBER:
        return None
    colours: dict[int | None, Any] = {None: (0.0, 0.0, 0.0, 0.0)}
    for number, name in names.items():
        hidden = number == 0 or is_background(name)
        colours[number] = (0.0, 0.0, 0.0, 0.0) if hidden else structure_colour(name)
    return colours


def default_wavelength(cube: SpectralCube) -> float:
    """Return the wavelength to show first: 800 nm (isosbestic for haemoglobin) where the cube has it."""
    low, high = float(cube.wavelengths_nm[0]), float(cube.wavelengths_nm[-1])
    wanted = 800.0 if low <= 800.0 <= high else (low + high) / 2
    return float(cube.wavelengths_nm[cube.nearest_channel(wanted)])


def plane_units(metric: bool, ndim: int = 2) -> tuple[str, ...]:
    """Return the units of a layer's axes: the picture's in mm or pixels, those of its sliders always "pixel"."""
    unit = "mm" if metric else "pixel"
    return ("pixel", "pixel", unit, unit)[-ndim:]


def cube_layers(cube: SpectralCube, metric: bool | None = None, name: str | None = None) -> list[LayerTuple]:
    """Return the layers of a cube as ``(data, attributes, type)``: picture, then labels.

    Parameters
    ----------
    cube : SpectralCube
    metric : bool, optional
        Whether the picture's axes carry the unit mm; by default when the pixel size is known.
    name : str, optional
        Of the picture; by default the cube's.
    """
    metric = cube.pixel_size_mm is not None if metric is None else metric
    layers = [_image_layer(cube)]
    if cube.labels is not None:
        layers.append(_labels_layer(cube))
    for _, attributes, _ in layers:
        attributes["name"] = (name or cube.name) + attributes["name"]
        attributes["units"] = plane_units(metric, len(attributes["scale"]))
    return layers


def picture_axes(cube: SpectralCube) -> int:
    """Return how many axes the picture of a cube has: rows, columns, wavelength, and that of its series."""
    return 3 if series_of(cube) is None else 4


def _plane(cube: SpectralCube) -> dict[str, Any]:
    """Attributes that place a two-dimensional layer on the cube's picture."""
    return {"scale": cube.pixel_size_mm or (1.0, 1.0), "axis_labels": ("y", "x")}


def _image_layer(cube: SpectralCube) -> LayerTuple:
    data, start, step = stack(cube)
    plane = _plane(cube)
    scale: tuple[float, ...] = (step, *plane["scale"])
    translate: tuple[float, ...] = (start, 0.0, 0.0)
    axis_labels = (WAVELENGTH_AXIS, *plane["axis_labels"])
    if (series := series_of(cube)) is not None:
        data = SeriesStack(series, cube)
        scale, translate = (data.step, *scale), (data.start, *translate)
        unit = series.unit
        axis_labels = (unit if series.positions is None else f"{series.axis} [{unit}]", *axis_labels)
    attributes = {
        "name": "",
        "scale": scale,
        "translate": translate,
        "axis_labels": axis_labels,
        "contrast_limits": contrast_limits(cube),
        **_APPEARANCE[cube.modality],
        "rgb": False,
        "multiscale": False,
        "metadata": {CUBE_KEY: cube, PART_KEY: "image", ORIGIN_KEY: cube.origin, **plain_metadata(cube)},
    }
    return data, attributes, "image"


def _labels_layer(cube: SpectralCube) -> LayerTuple:
    names = cube.present_labels
    attributes = {
        "name": " · structures",
        **_plane(cube),
        "colormap": label_colours(names),
        "opacity": 0.9,
        "features": {"index": list(names), "structure": list(names.values())},
        "metadata": {CUBE_KEY: cube, PART_KEY: "labels"},
    }
    return cube.labels, attributes, "labels"


def outline_width(cube: SpectralCube) -> int:
    """Return the width of structures' outlines in pixels: outlines, because the picture is what matters."""
    return max(1, round(max(cube.shape[:2]) / 250))
