"""When the frames of a TIFF were taken, and how far apart its slices lie, as ImageJ and OME say it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from tifffile import TiffFile

from napari_udt.io.generic.tiff_metadata import children_named, number, ome_element
from napari_udt.io.positions import MM, SECONDS, evenly_spaced


def frame_times_s(file: TiffFile, count: int) -> NDArray[np.float64] | None:
    """Return the time of each frame in seconds: OME's stamps of planes or increment, ImageJ's interval or rate."""
    pixels = ome_element(file, "Pixels")
    if pixels is not None:
        unit = SECONDS.get(pixels.get("TimeIncrementUnit", "s"), 0.0)
        increment = number(pixels.get("TimeIncrement")) * unit
        times: dict[int, float] = {}
        for plane in children_named(pixels, "Plane"):
            if (taken := plane.get("DeltaT")) is not None:
                frame = int(number(plane.get("TheT")))
                seconds = number(taken) * SECONDS.get(plane.get("DeltaTUnit", "s"), 0.0)
                times[frame] = min(seconds, times.get(frame, seconds))
        if len(times) == count and sorted(times) == list(range(count)):
            return np.array([times[frame] for frame in range(count)])
    else:
        said = file.imagej_metadata or {}
        increment = _positive(said.get("finterval")) * SECONDS.get(str(said.get("tunit", "s")), 0.0)
        rate = _positive(said.get("fps"))
        increment = increment or (1 / rate if rate else 0.0)
    return evenly_spaced(increment, count)


def slice_spacing_mm(file: TiffFile) -> float | None:
    """Return the distance of neighbouring slices in mm; None where it is not stated."""
    pixels = ome_element(file, "Pixels")
    if pixels is not None:
        return number(pixels.get("PhysicalSizeZ")) * MM.get(pixels.get("PhysicalSizeZUnit", "µm"), 0) or None
    said = file.imagej_metadata or {}
    return _positive(said.get("spacing")) * MM.get(str(said.get("unit", "")).lower(), 0) or None


def _positive(value: object) -> float:
    return float(value) if isinstance(value, int | float) and value > 0 else 0.0
