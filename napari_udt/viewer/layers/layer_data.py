"""The layers of a cube as napari's layer tuples; napari is not imported here.

The wavelength axis comes first, as napari wants its sliders, and its world coordinate *is* the wavelength in
nm: scale and translation carry it. The unit of that axis stays ``pixel`` on purpose, because napari keeps one
unit per kind of dimension, and "nm" on the slider would turn the picture's millimetres into nanometres.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from napari_udt.cube import ArrayLike3D, SpectralCube
from napari_udt.io.access import coarse_picture, is_shown_coarsely, sample
from napari_udt.io.layout import Layout
from napari_udt.spectral.labels import is_background
from napari_udt.viewer.layers.stated_cubes import plain_metadata

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
_UNIFORM_TOLERANCE = 1e-3
_MOST_PLANES = 2000
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
_OTHER_COLOURS = ("#009E73", "#56B4E9", "#CCBB44", "#EE6677", "#228833", "#4477AA", "#AA3377")


class WavelengthStack:
    """A cube seen band first, on an even grid of wavelengths, read plane by plane.

    Parameters
    ----------
    data : array, shape (rows, columns, channels)
        The cube's spectra, in memory or lazily in a file.
    channels : integer array, shape (planes,)
        Which channel each plane shows. Uneven wavelengths get an even grid whose planes show the nearest one.
    """

    ndim = 3

    def __init__(self, data: NDArray[Any] | ArrayLike3D, channels: NDArray[np.intp]) -> None:
        self._data = data
        self._channels = channels
        self.shape = (len(channels), int(data.shape[0]), int(data.shape[1]))
        self.dtype = np.dtype(np.float32)

    @property
    def size(self) -> int:
        """Number of values."""
        return int(np.prod(self.shape))

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, key: Any) -> NDArray[np.float32]:
        key = key if isinstance(key, tuple) else (key,)
        if Ellipsis in key:
            at = key.index(Ellipsis)
            key = key[:at] + (slice(None),) * (self.ndim - len(key) + 1) + key[at + 1 :]
        planes, rows, columns = key + (slice(None),) * (self.ndim - len(key))
        channels = self._channels[planes]
        if np.ndim(channels) == 0:
            return self._plane(int(channels), rows, columns)
        if len(channels) == 1:  # napari asks for the plane that it shows as a slice of one
            return self._plane(int(channels[0]), rows, columns)[np.newaxis]
        first = int(channels.min(initial=len(self._channels)))
        read = self._data[rows, columns, first : int(channels.max(initial=first)) + 1]
        return np.moveaxis(np.asarray(read, dtype=np.float32)[..., channels - first], -1, 0)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        return self[:].astype(dtype or np.float32, copy=bool(copy))

    def _plane(self, channel: int, rows: Any, columns: Any) -> NDArray[np.float32]:
        """Read a plane; coarsely where its file would hold the window up for seconds."""
        layout = getattr(self._data, "layout", None)
        whole = all(isinstance(key, slice) and key == slice(None) for key in (rows, columns))
        if whole and isinstance(layout, Layout) and is_shown_coarsely(layout):
            return coarse_picture(self._data, channel, layout)
        return np.asarray(self._data[rows, columns, channel], dtype=np.float32)


def wavelength_grid(wavelengths_nm: NDArray[np.float64]) -> tuple[float, float, NDArray[np.intp]]:
    """Return an even grid over the wavelengths: its start and step in nm, and the channel of each plane.

    Even wavelengths give themselves; uneven ones the grid of their smallest distance.
    """
    start = float(wavelengths_nm[0])
    if len(wavelengths_nm) == 1:
        return start, 1.0, np.zeros(1, dtype=np.intp)
    steps = np.diff(wavelengths_nm)
    span = float(wavelengths_nm[-1]) - start
    mean = span / len(steps)
    if np.allclose(steps, mean, rtol=_UNIFORM_TOLERANCE, atol=0):
        return start, mean, np.arange(len(wavelengths_nm), dtype=np.intp)
    planes = min(_MOST_PLANES, round(span / float(steps.min())) + 1)
    grid = np.linspace(start, start + span, planes)
    nearest = np.abs(grid[:, None] - wavelengths_nm[None, :]).argmin(axis=1)
    return start, span / (planes - 1), nearest.astype(np.intp)


def stack(cube: SpectralCube) -> tuple[Any, float, float]:
    """Return the cube band first as napari shows it, and start and step of its wavelength axis in nm."""
    start, step, channels = wavelength_grid(cube.wavelengths_nm)
    even = len(channels) == cube.shape[2]
    if even and isinstance(cube.data, np.ndarray):
        return np.moveaxis(cube.data, -1, 0), start, step  # a view: spectra stay contiguous in memory
    return WavelengthStack(cube.data, channels), start, step


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


def label_colours(names: dict[int, str]) -> dict[int | None, Any]:
    """Return the colour of each label number; background and unnamed numbers are transparent."""
    colours: dict[int | None, Any] = {None: (0.0, 0.0, 0.0, 0.0)}
    for number, name in names.items():
        colours[number] = (0.0, 0.0, 0.0, 0.0) if is_background(name) else structure_colour(name)
    return colours


def default_wavelength(cube: SpectralCube) -> float:
    """Return the wavelength to show first: 800 nm (isosbestic for haemoglobin) where the cube has it."""
    low, high = float(cube.wavelengths_nm[0]), float(cube.wavelengths_nm[-1])
    wanted = 800.0 if low <= 800.0 <= high else (low + high) / 2
    return float(cube.wavelengths_nm[cube.nearest_channel(wanted)])


def plane_units(metric: bool, ndim: int = 2) -> tuple[str, ...]:
    """Return the units of a layer's axes: the picture's in mm or pixels, the wavelength's always "pixel"."""
    unit = "mm" if metric else "pixel"
    return ("pixel", unit, unit)[-ndim:]


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


def _plane(cube: SpectralCube) -> dict[str, Any]:
    """Attributes that place a two-dimensional layer on the cube's picture."""
    return {"scale": cube.pixel_size_mm or (1.0, 1.0), "axis_labels": ("y", "x")}


def _image_layer(cube: SpectralCube) -> LayerTuple:
    data, start, step = stack(cube)
    plane = _plane(cube)
    attributes = {
        "name": "",
        "scale": (step, *plane["scale"]),
        "translate": (start, 0.0, 0.0),
        "axis_labels": (WAVELENGTH_AXIS, *plane["axis_labels"]),
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
