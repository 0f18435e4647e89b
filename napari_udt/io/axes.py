"""Which axis is spectral, and what the wavelengths are, in files that have no layout of their own."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_udt.errors import CubeError, MissingMetadata

MAX_WAVELENGTHS = 100_000

_NAME = re.compile(r"(wave_?lengths?|wls?|lambdas?|bands?)(_(nm|um|m|microns?|meters?))?", re.IGNORECASE)
_LABEL_NAME = re.compile(
    r"(^|_)(labels?|seg(mentation)?|gt|ground_?truth|classes|masks?)($|_)|gtmap", re.IGNORECASE
)
_PLAUSIBLE_NM = (100.0, 30_000.0)


def is_wavelength_name(name: str) -> bool:
    """Whether an array of this name may hold wavelengths."""
    return _NAME.fullmatch(name.rsplit("/", 1)[-1].strip()) is not None


def is_label_name(name: str) -> bool:
    """Whether a picture of this name may hold class numbers."""
    return _LABEL_NAME.search(name.rsplit("/", 1)[-1]) is not None


def wavelengths_in_nm(values: Any) -> NDArray[np.float64] | None:
    """Return wavelengths in nm, their unit inferred from their magnitude (m, um or nm); None when they are no wavelengths.

    Band numbers (0, 1, 2, ...) are not wavelengths, although they would pass for micrometres.
    """
    array = np.asarray(values)  # None becomes an array of objects
    if array.dtype.kind not in "fiu" or array.size < 1 or array.size > MAX_WAVELENGTHS:
        return None
    numbers = array.reshape(-1).astype(np.float64)
    if not np.all(np.isfinite(numbers)) or np.any(numbers <= 0) or _are_counts(numbers):
        return None
    middle = float(np.median(numbers))
    nanometres = numbers * (1e9 if middle < 1e-3 else 1e3 if middle < 50 else 1.0)
    low, high = _PLAUSIBLE_NM
    return nanometres if nanometres.min() >= low and nanometres.max() <= high else None


def spectral_axis(shape: Sequence[int], count: int, chosen: int | None, where: str) -> int:
    """Return the axis that holds ``count`` channels.

    Raises
    ------
    CubeError
        When no axis or several have that length and none was chosen.
    """
    if chosen is not None:
        if not -len(shape) <= chosen < len(shape):
            raise CubeError(f"{where}: spectral_axis={chosen} for an array of shape {tuple(shape)}.")
        return chosen % len(shape)
    fitting = [axis for axis, length in enumerate(shape) if length == count]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        raise MissingMetadata(
            f"{where}: several axes of the shape {tuple(shape)} are as long as there are wavelengths ({count}); "
            f"say which one is spectral with spectral_axis={' or '.join(map(str, fitting))}.",
            tuple(shape),
            tuple(fitting),
            lacks_wavelengths=False,
        )
    raise CubeError(
        f"{where}: no axis of the shape {tuple(shape)} is as long as there are wavelengths ({count}); "
        "expected one wavelength per channel."
    )


def picture_axes(spectral: int) -> tuple[int, int, int]:
    """Return the axes of rows, columns and channels of a three-dimensional array."""
    rows, columns = (axis for axis in range(3) if axis != spectral)
    return rows, columns, spectral


def missing_wavelengths(path: Path, arrays: Sequence[tuple[str, tuple[int, ...]]]) -> MissingMetadata:
    """Return the error for arrays that might be cubes in a file without wavelengths for them."""
    listed = ", ".join(f"{name} {shape}" for name, shape in arrays[:4]) + (", ..." if len(arrays) > 4 else "")
    shape = arrays[0][1]
    return MissingMetadata(
        f"{path}: found {listed}, but no wavelengths for it; give them with wavelengths_nm=[...] (one per channel, "
        "in nm), which also settles the spectral axis.",
        shape,
        tuple(range(len(shape))),
    )


def _are_counts(numbers: NDArray[np.float64]) -> bool:
    return numbers[0] <= 1 and numbers.size > 1 and bool(np.all(np.diff(numbers) == 1))
