"""Which axis is spectral, and what the wavelengths are, in files that have no layout of their own."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from napari_udt.errors import CubeError, MissingMetadata

_NAME = re.compile(
    r"((cent(er|re|ral)_)?wave_?lengths?|wls?|wvls?|lambdas?|bands?|wave_?numbers?)"
    r"([ _]?[(\[]?(nm|um|µm|mm|m|microns?|micromet(er|re)s?|nanomet(er|re)s?|meters?|angstroms?|1/cm|cm[-_^]*1|thz|ghz)[)\]]?)?",
    re.IGNORECASE,
)
_UNIT_NAME = re.compile(r"(wave_?lengths?|wls?|lambdas?|bands?|wave_?numbers?)[ _]?units?", re.IGNORECASE)
_LABEL_NAME = re.compile(
    r"(^|_)(labels?|seg(mentation)?|gt|ground_?truth|classes|masks?)($|_)|gtmap", re.IGNORECASE
)


def is_wavelength_name(name: str) -> bool:
    """Whether an array of this name may hold wavelengths."""
    return _NAME.fullmatch(name.rsplit("/", 1)[-1].strip()) is not None


def is_unit_name(name: str) -> bool:
    """Whether a text of this name may hold the unit of the wavelengths."""
    return _UNIT_NAME.fullmatch(name.rsplit("/", 1)[-1].strip()) is not None


def is_label_name(name: str) -> bool:
    """Whether a picture of this name may hold class numbers."""
    return _LABEL_NAME.search(name.rsplit("/", 1)[-1]) is not None


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


def missing_wavelengths(
    path: Path,
    arrays: Sequence[tuple[str, tuple[int, ...]]],
    doubt: str = "",
    axes: tuple[int, ...] | None = None,
) -> MissingMetadata:
    """Return the error for arrays that might be cubes in a file without wavelengths for them, or with doubtful ones.

    ``axes`` are those that may be the spectral one; any by default.
    """
    listed = ", ".join(f"{name} {shape}" for name, shape in arrays[:4]) + (", ..." if len(arrays) > 4 else "")
    shape = arrays[0][1]
    if doubt:
        return MissingMetadata(
            f"{path}: found {listed}, but {doubt}; give the wavelengths with wavelengths_nm=[...] (one per channel, in nm).",
            shape,
            tuple(range(len(shape))) if axes is None else axes,
        )
    return MissingMetadata(
        f"{path}: found {listed}, but no wavelengths for it; give them with wavelengths_nm=[...] (one per channel, "
        "in nm), which also settles the spectral axis.",
        shape,
        tuple(range(len(shape))) if axes is None else axes,
    )
