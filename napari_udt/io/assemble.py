"""Assembling a cube from stored arrays and metadata: the steps that all readers share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_udt.cube import Domain, Modality, SpectralCube, checked_pixel_size
from napari_udt.errors import CubeError, MissingMetadata
from napari_udt.io.contract import ReadOptions
from napari_udt.io.extras import Extras
from napari_udt.io.lazy import ArraySource, LazyCube
from napari_udt.io.units import WavelengthList
from napari_udt.io.values import StoredValues

# A small cube that the file holds a far smaller part of (never written, or compressed a hundredfold) stays there too.
SMALL_BYTES = 64_000_000
SPARSE_RATIO = 100
QUICK_S = 0.002  # a spectrum at each move of the mouse


def assemble(
    path: Path,
    options: ReadOptions,
    data: LazyCube,
    *,
    wavelengths_nm: Any,
    values: StoredValues | None = None,
    bad_bands: NDArray[np.bool_] | None = None,
    fwhm_nm: NDArray[np.float64] | None = None,
    each_once: bool = False,
    modality: Modality | None = None,
    domain: Domain = "unknown",
    metadata: dict[str, Any] | None = None,
    extras: Extras | None = None,
    **fields: Any,
) -> SpectralCube:
    """Make a cube of stored values and their metadata.

    What the user states in ``options`` wins over the file, and the metadata record it (``stated_by_user``). Channels
    are sorted with their wavelengths, repeated ones averaged and those without a wavelength left out, which
    ``metadata["remarks"]`` says. ``values`` says how stored numbers become values; ``bad_bands`` and ``fwhm_nm`` belong to
    the stored channels. With ``each_once``, for formats whose lists never repeat or lack a wavelength, these are refused. A
    small cube is read into memory, a large one stays in the file. A pixel size without sense is left out.

    Raises
    ------
    CubeError
        When wavelengths are missing or unusable.
    """
    known, extras = dict(metadata or {}), extras or Extras(path)
    size = fields.pop("pixel_size_mm", None)
    stated = wavelengths_nm if options.wavelengths_nm is None else options.wavelengths_nm
    if isinstance(stated, WavelengthList):
        if stated.remark:
            known["assumed"] = {**_assumed(known), "wavelength_unit": stated.remark}
        stated = stated.nm
    channels = sorted_channels(stated, data.shape[2], path, bad_bands)
    if each_once and channels.remarks:
        raise CubeError(f"{path}: {' '.join(channels.complaints)}")
    if values:
        data = data.with_values(values)
    if not channels.as_stored:
        data = data.regrouped(channels.groups)
    cube_data = settled(data, options)
    if said := data.values.to_metadata():
        known["stored_values"] = said
    if fwhm_nm is not None:
        known["fwhm_nm"] = [float(np.mean(fwhm_nm[group])) for group in channels.groups]
    pixel_size_mm = extras.attempt("Pixel size", lambda: checked_pixel_size(size, path.name))
    earlier = known.pop("remarks", None)
    if remarks := [*(earlier if isinstance(earlier, list) else ()), *extras.remarks, *channels.remarks]:
        known["remarks"] = list(dict.fromkeys(map(str, remarks)))
    return SpectralCube(
        data=cube_data,
        wavelengths_nm=channels.wavelengths_nm,
        modality=options.modality or modality or "HSI",
        domain=options.domain or domain,
        name=fields.pop("name", None) or short_name(path),
        metadata=_with_remarks(known, options, modality, cube_data),
        bad_bands=None if bad_bands is None else np.array([bad_bands[g].all() for g in channels.groups]),
        pixel_size_mm=pixel_size_mm,
        **{**fields, **extras.fields},
    )


@dataclass(frozen=True, eq=False)
class Channels:
    """The channels of a cube in increasing wavelength.

    Parameters
    ----------
    wavelengths_nm : array, shape (channels,)
    groups : list of integer arrays
        Channels of the file that each channel is the mean of.
    remarks, complaints : tuple of str
        What was left out or averaged, and what is wrong with that in a format that has each wavelength once.
    as_stored : bool
        Whether the channels are those of the file, in its order.
    """

    wavelengths_nm: NDArray[np.float64]
    groups: list[NDArray[np.intp]]
    remarks: tuple[str, ...] = ()
    complaints: tuple[str, ...] = ()
    as_stored: bool = True


def sorted_channels(
    values: Any, channels: int, path: Path, bad_bands: NDArray[np.bool_] | None = None
) -> Channels:
    """Return the wavelengths in nm in increasing order, and the channels of the file that belong to each.

    Channels with the same wavelength are averaged, bad ones only with each other; those without a wavelength are left out.

    Raises
    ------
    CubeError
        When there are not as many wavelengths as channels, or none is a positive number.
    """
    if values is None:
        raise MissingMetadata(
            f"{path}: the file does not say the wavelengths of its {channels} channels; "
            "give them with wavelengths_nm=[...] (one per channel, in nm).",
            (channels,),
            (0,),
        )
    stated = np.asarray(values, dtype=np.float64).reshape(-1)
    if len(stated) != channels:
        raise CubeError(
            f"{path}: {len(stated)} wavelengths for {channels} channels; expected one per channel."
        )
    known = np.isfinite(stated) & (stated > 0)
    if not known.any():
        raise CubeError(f"{path}: the wavelengths hold values that are not positive numbers in nm.")
    wavelengths, index = np.unique(stated[known], return_inverse=True)
    groups = [np.flatnonzero(known)[index == i] for i in range(len(wavelengths))]
    repeated = [f"{w:g} nm" for w, group in zip(wavelengths, groups, strict=True) if len(group) > 1]
    if bad_bands is not None:
        groups = [group if bad_bands[group].all() else group[~bad_bands[group]] for group in groups]
    remarks, complaints = [], []
    if missing := [str(channel + 1) for channel in np.flatnonzero(~known)]:
        remarks.append(f"Bands without a wavelength were left out (counted from 1): {_listed(missing)}.")
        complaints.append("The wavelengths hold values that are not positive numbers in nm.")
    if repeated:
        remarks.append(f"Bands with the same wavelength were averaged: {_listed(repeated)}.")
        complaints.append(f"The wavelength {repeated[0]} occurs more than once; expected each once.")
    as_stored = len(groups) == channels and all(group[0] == i for i, group in enumerate(groups))
    return Channels(wavelengths, groups, tuple(remarks), tuple(complaints), as_stored)


def _listed(words: Sequence[str]) -> str:
    return ", ".join(words[:10]) + (f" and {len(words) - 10} more" if len(words) > 10 else "")


def settled(data: LazyCube, options: ReadOptions) -> NDArray[np.float32] | LazyCube:
    """Read a cube into memory, or leave it in the file when it is large or mostly not stored there.

    One of many pictures stays there too, unless it is small and any spectrum of it costs as much as all of it.
    """
    in_memory = isinstance(data.source, ArraySource) and data.source.in_memory
    sparse = data.nbytes > max(SMALL_BYTES, SPARSE_RATIO * data.source.stored_bytes)
    quick = data.layout.spectrum_seconds < QUICK_S and data.layout.pieces_per_picture > 1
    later = options.lazily and (quick or data.nbytes > SMALL_BYTES)
    if not in_memory and (data.nbytes > options.memory_limit_bytes or sparse or later):
        return data
    array = data[:]
    data.close()
    return array


def short_name(path: Path) -> str:
    """Return the file's name without the endings of the formats."""
    return path.name.removesuffix(".h5").removesuffix(".udt") if path.suffix == ".h5" else path.stem


def _with_remarks(
    metadata: dict[str, Any], options: ReadOptions, modality: str | None, data: Any
) -> dict[str, Any]:
    """Add to the metadata what the user stated, what was assumed, and how many values are not finite."""
    names = ("wavelengths_nm", "domain", "modality", "spectral_axis")
    stated = [name for name in names if getattr(options, name) is not None]
    assumed = {**({} if modality else {"modality": "HSI"}), **_assumed(metadata)}
    remarks: dict[str, Any] = {
        "stated_by_user": stated,
        "assumed": {key: value for key, value in assumed.items() if key not in stated},
        "non_finite": int(data.size - np.count_nonzero(np.isfinite(data)))
        if isinstance(data, np.ndarray)
        else 0,
    }
    kept = {key: value for key, value in metadata.items() if key not in remarks}
    return {**kept, **{key: value for key, value in remarks.items() if value}}


def _assumed(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was assumed, by what it is about; what stands there in another form is kept as a note."""
    found = metadata.get("assumed")
    if isinstance(found, Mapping):
        return dict(found)
    return {"note": found} if found else {}
