"""Cubes from and to xarray's labelled arrays, for scripts: no file in between."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_udt.cube import Domain, Modality, SpectralCube
from napari_udt.errors import CubeError
from napari_udt.io.assemble import sorted_channels
from napari_udt.io.axes import is_wavelength_name
from napari_udt.io.lazy import ArraySource, LazyCube
from napari_udt.io.positions import SECONDS, named_axis, stated_positions, usable_positions
from napari_udt.io.units import unit_in_name, wavelength_list
from napari_udt.io.values import is_bad_band_name, is_value_name, marked_bad, stated_values
from napari_udt.series import Series

if TYPE_CHECKING:
    import xarray

_ROWS, _COLUMNS, _SPECTRAL = "y", "x", "wavelength"


def from_xarray(
    array: xarray.DataArray, *, modality: Modality = "HSI", domain: Domain = "unknown"
) -> SpectralCube:
    """Make a cube of an array with a coordinate of wavelengths; of one with a further dimension of time or depth a series.

    Parameters
    ----------
    array : xarray.DataArray
        One dimension has a coordinate with a name such as "wavelength" (its attribute ``units``, else its size says the unit);
        the other two are rows and columns, in this order unless they are called "x" and "y". A fourth called "time", "depth" or
        the like makes a series, whose pictures are computed when asked for; the ``units`` of its coordinate give positions.
        Repeated wavelengths are averaged, channels without one left out, which ``metadata["remarks"]`` says.
    modality, domain
        As in :class:`napari_udt.SpectralCube`.

    Raises
    ------
    CubeError
        When the array has other dimensions, or no coordinate of wavelengths.
    """
    name = str(array.name or "cube")
    along = (
        next((str(d) for d in array.dims if named_axis(str(d)) is not None), None)
        if array.ndim == 4
        else None
    )
    if along is not None:
        return _series_of(array, along, modality, domain)
    if array.ndim != 3:
        raise CubeError(f"{name}: the array has the dimensions {tuple(array.dims)}; expected three.")
    for coordinate in array.coords.values():
        if coordinate.ndim != 1 or not is_wavelength_name(str(coordinate.name)):
            continue
        unit = str(coordinate.attrs.get("units", "")) or unit_in_name(str(coordinate.name))
        found = wavelength_list(np.asarray(coordinate.values), unit, str(coordinate.name))
        if found is not None and not found.doubt:
            spectral = coordinate.dims[0]
            break
    else:
        raise CubeError(
            f"{name}: none of the coordinates {', '.join(map(str, array.coords)) or '(there are none)'} holds wavelengths; add one "
            "called wavelength, with units."
        )
    rows, columns = (axis for axis in array.dims if axis != spectral)
    if (str(rows).lower(), str(columns).lower()) == (_COLUMNS, _ROWS):
        rows, columns = columns, rows
    channels = sorted_channels(found.nm, len(found), Path(name))
    stored = np.asarray(array.transpose(rows, columns, spectral).values)
    # Opened with mask_and_scale=True, arrays have applied these, and have them no longer.
    values = stated_values({str(n): v for n, v in array.attrs.items() if is_value_name(str(n))}, len(found))
    data = LazyCube(ArraySource(stored), (0, 1, 2), values=values).regrouped(channels.groups)[:]
    beside = {str(c.name): c.values for c in array.coords.values() if c.dims == (spectral,)}
    marks = next((marked_bad(v, len(found)) for n, v in beside.items() if is_bad_band_name(n)), None)
    metadata: dict[str, Any] = {"stored_values": said} if (said := values.to_metadata()) else {}
    remarks = [*channels.remarks, *([f"Unit of wavelengths: {found.remark}."] if found.remark else [])]
    quantity = str(array.attrs.get("long_name", "value"))
    unit = str(array.attrs.get("units", "a.u."))
    return SpectralCube(
        data,
        channels.wavelengths_nm,
        modality,
        domain,
        name=name,
        quantity=f"{quantity} [{unit}]",
        bad_bands=None if marks is None else np.array([marks[group].all() for group in channels.groups]),
        metadata={**metadata, "remarks": remarks} if remarks else metadata,
    )


def _series_of(array: xarray.DataArray, along: str, modality: Modality, domain: Domain) -> SpectralCube:
    axis, count = named_axis(along) or "time", int(array.sizes[along])

    def read(index: int) -> SpectralCube:
        picture = from_xarray(array.isel({along: index}, drop=True), modality=modality, domain=domain)
        return replace(picture, series=series, place=index)

    places = array.coords.get(along)
    positions = None
    if places is not None and np.issubdtype(places.dtype, np.datetime64):
        positions = usable_positions(places.values.astype("datetime64[ns]").astype(np.int64), count)
        positions = None if positions is None else positions * SECONDS["ns"]
    elif places is not None:
        positions = stated_positions(places.values, str(places.attrs.get("units", "")), axis, count)
    series: Series[SpectralCube] = Series(axis, count, read, positions)
    return series[count // 2 if axis == "depth" else 0]


def to_xarray(cube: SpectralCube) -> xarray.DataArray:
    """Return a cube as an array with the dimensions y, x and wavelength; coordinates in mm where the pixel size is known.

    Labels are a coordinate (y, x); their names, domain, modality and provenance are attributes.
    """
    import xarray

    rows, columns, _ = cube.shape
    coordinates: dict[str, Any] = {_SPECTRAL: (_SPECTRAL, cube.wavelengths_nm, {"units": "nm"})}
    if cube.pixel_size_mm is not None:
        for axis, count, size in zip((_ROWS, _COLUMNS), (rows, columns), cube.pixel_size_mm, strict=True):
            coordinates[axis] = (axis, np.arange(count) * size, {"units": "mm"})
    if cube.labels is not None:
        coordinates["labels"] = ((_ROWS, _COLUMNS), np.asarray(cube.labels))
    quantity, _, unit = cube.quantity.partition(" [")
    return xarray.DataArray(
        np.asarray(cube.rows(0, rows)),
        dims=(_ROWS, _COLUMNS, _SPECTRAL),
        coords=coordinates,
        name=cube.name,
        attrs={
            "long_name": quantity,
            "units": unit.rstrip("]") or "a.u.",
            "domain": cube.domain,
            "modality": cube.modality,
            "label_names": dict(cube.label_names),
            "provenance": dict(cube.provenance),
        },
    )
