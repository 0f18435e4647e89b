"""Assembling a cube from stored arrays and metadata: the steps that all readers share."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_udt.cube import Domain, Modality, SpectralCube
from napari_udt.errors import CubeError, MissingMetadata
from napari_udt.io.contract import ReadOptions
from napari_udt.io.lazy import ArraySource, LazyCube

# A small cube that the file holds a far smaller part of (never written, or compressed a hundredfold) stays there too.
SMALL_BYTES = 64_000_000
SPARSE_RATIO = 100


def assemble(
    path: Path,
    options: ReadOptions,
    data: LazyCube,
    *,
    wavelengths_nm: Any,
    modality: Modality | None = None,
    domain: Domain = "unknown",
    metadata: dict[str, Any] | None = None,
    **fields: Any,
) -> SpectralCube:
    """Make a cube of stored values and their metadata.

    What the user states in ``options`` wins over the file, and the metadata record it (``stated_by_user``). Channels
    are sorted with their wavelengths; a small cube is read into memory, a large one stays in the file.

    Raises
    ------
    CubeError
        When wavelengths are missing or unusable.
    """
    stated = wavelengths_nm if options.wavelengths_nm is None else options.wavelengths_nm
    wavelengths, order = sorted_wavelengths(stated, data.shape[2], path)
    if np.any(np.diff(order) != 1):
        data = data.reordered(order)
    cube_data = settled(data, options)
    return SpectralCube(
        data=cube_data,
        wavelengths_nm=wavelengths,
        modality=options.modality or modality or "HSI",
        domain=options.domain or domain,
        name=fields.pop("name", None) or short_name(path),
        metadata=_with_remarks(metadata or {}, options, modality, cube_data),
        **fields,
    )


def sorted_wavelengths(
    values: Any, channels: int, path: Path
) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Return wavelengths in nm in increasing order, and the channel of the file that each belongs to."""
    if values is None:
        raise MissingMetadata(
            f"{path}: the file does not say the wavelengths of its {channels} channels; "
            "give them with wavelengths_nm=[...] (one per channel, in nm).",
            (channels,),
            (0,),
        )
    wavelengths = np.asarray(values, dtype=np.float64).reshape(-1)
    if len(wavelengths) != channels:
        raise CubeError(
            f"{path}: {len(wavelengths)} wavelengths for {channels} channels; expected one per channel."
        )
    if not np.all(np.isfinite(wavelengths)) or np.any(wavelengths <= 0):
        raise CubeError(f"{path}: the wavelengths hold values that are not positive numbers in nm.")
    order = np.argsort(wavelengths, kind="stable")
    twice = np.flatnonzero(np.diff(wavelengths[order]) == 0)
    if twice.size:
        raise CubeError(
            f"{path}: the wavelength {wavelengths[order][twice[0]]:g} nm occurs more than once; expected each once."
        )
    return wavelengths[order], order


def settled(data: LazyCube, options: ReadOptions) -> NDArray[np.float32] | LazyCube:
    """Read a cube into memory, or leave it in the file when it is large or mostly not stored there."""
    in_memory = isinstance(data.source, ArraySource) and data.source.in_memory
    sparse = data.nbytes > max(SMALL_BYTES, SPARSE_RATIO * data.source.stored_bytes)
    if not in_memory and (data.nbytes > options.memory_limit_bytes or sparse):
        return data
    array = data[:]
    data.close()
    return array


def label_image(values: NDArray[Any], what: str, path: Path) -> NDArray[np.int32]:
    """Return class numbers as integers; floats that hold whole numbers are accepted, NaN becomes -1."""
    array = np.asarray(values)
    if array.dtype.kind not in "fiub":
        raise CubeError(f"{path}: {what} is of type {array.dtype}; expected class numbers.")
    if array.dtype.kind != "f":
        return array.astype(np.int32)
    filled = np.where(np.isfinite(array), array, -1)
    if np.any(filled != np.round(filled)) or np.any(np.abs(filled) > 2**31 - 1):
        raise CubeError(f"{path}: {what} holds fractions; expected whole class numbers.")
    return filled.astype(np.int32)


def short_name(path: Path) -> str:
    """Return the file's name without the endings of the formats."""
    return path.name.removesuffix(".h5").removesuffix(".udt") if path.suffix == ".h5" else path.stem


def _with_remarks(
    metadata: dict[str, Any], options: ReadOptions, modality: str | None, data: Any
) -> dict[str, Any]:
    """Add to the metadata what the user stated, what was assumed, and how many values are not finite."""
    names = ("wavelengths_nm", "domain", "modality", "spectral_axis")
    stated = [name for name in names if getattr(options, name) is not None]
    assumed = {**({} if modality else {"modality": "HSI"}), **metadata.get("assumed", {})}
    remarks: dict[str, Any] = {
        "stated_by_user": stated,
        "assumed": {key: value for key, value in assumed.items() if key not in stated},
        "non_finite": int(data.size - np.count_nonzero(np.isfinite(data)))
        if isinstance(data, np.ndarray)
        else 0,
    }
    kept = {key: value for key, value in metadata.items() if key not in remarks}
    return {**kept, **{key: value for key, value in remarks.items() if value}}
