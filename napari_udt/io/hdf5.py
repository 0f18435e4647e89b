"""Safe reading of untrusted HDF5 files.

Only hard links are followed: a soft link's target is reached where it really lies, an external link leads to another
file and is never followed. Datasets whose bytes lie in other files (external storage, virtual datasets) are refused.
What must be read whole is read only when the file really holds it.
"""

from __future__ import annotations

import heapq
import importlib
import math
import re
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from napari_udt.errors import CubeError
from napari_udt.files.reading import open_regular
from napari_udt.io.contract import LOCKED, reading
from napari_udt.io.packed_sizes import HARMLESS, STATING, Packing, first_bytes, unpacks_beyond

SMALL_BYTES = 64_000_000  # what may be allocated without asking how much the file holds
MAX_RATIO = 1_100  # deflate cannot compress further than about 1032 : 1
MAX_CHUNK_BYTES = 1_000_000_000
SMALL_CHUNK_BYTES = 4_096
_LARGEST_GROWTH = 1.1  # of numbers that cannot be packed
_CHECKSUM_BYTES = 4
_MOST_LOOKED_AT, _MOST_HEADS = 16, 4_096  # chunks of a dataset
_LOOKED_AT_BYTES = 200_000_000  # which take a second or two to unpack
_PACKINGS: dict[int, Packing] = {
    h5py.h5z.FILTER_DEFLATE: "deflate",
    h5py.h5z.FILTER_SZIP: "szip",
    h5py.h5z.FILTER_LZF: "lzf",
    307: "bzip2",
    32001: "blosc",
    32004: "lz4",
    32015: "zstd",
    32026: "blosc2",
}
MAX_OBJECTS = 20_000
MAX_DEPTH = 32
MAX_ATTRIBUTE_SIZE = 100_000


@contextmanager
def opened(path: Path) -> Iterator[h5py.File]:
    """Open an HDF5 file for reading; errors of the library name the file."""
    with reading(path), _file(path) as file:
        yield file


def is_hdf5(path: Path) -> bool:
    """Whether the file carries HDF5's signature."""
    return path.is_file() and bool(h5py.is_hdf5(path))


def child(group: h5py.Group, *names: str) -> Any:
    """Return the object at a path of hard links, or None."""
    for name in names:
        if not isinstance(group, h5py.Group) or not _is_hard(group, name):
            return None
        group = group[name]
    return group


def child_group(group: h5py.Group, *names: str) -> h5py.Group | None:
    """Return the group at a path of hard links, or None."""
    found = child(group, *names)
    return found if isinstance(found, h5py.Group) else None


def child_dataset(group: h5py.Group, *names: str) -> h5py.Dataset | None:
    """Return the dataset at a path of hard links, or None."""
    found = child(group, *names)
    return found if isinstance(found, h5py.Dataset) else None


def optional_dataset(group: h5py.Group, path: Path, *names: str) -> h5py.Dataset | None:
    """Return the dataset at a path of names, None where there is nothing.

    Raises
    ------
    CubeError
        When there is anything else: a group, or a link that is not followed.
    """
    found = child_dataset(group, *names)
    above = child_group(group, *names[:-1])
    if found is None and above is not None and above.get(names[-1], getlink=True) is not None:
        raise CubeError(
            f"{path}: {above.name.rstrip('/')}/{names[-1]} is a group or a link; expected numbers."
        )
    return found


def children(group: h5py.Group) -> Iterator[tuple[str, Any]]:
    """Go through the objects that hard links of a group lead to, in the order of their names."""
    for name in group:
        if _is_hard(group, name):
            yield name, group[name]


def objects(group: h5py.Group) -> Iterator[Any]:
    """Go through a group and all groups and datasets below it, each once, also where links form a circle."""
    seen = {_address(group)}
    waiting = deque([(group, 0)])
    while waiting:
        item, depth = waiting.popleft()
        yield item
        if not isinstance(item, h5py.Group) or depth == MAX_DEPTH:
            continue
        for _, below in children(item):
            if len(seen) < MAX_OBJECTS and _address(below) not in seen:
                seen.add(_address(below))
                waiting.append((below, depth + 1))


def is_numeric(dataset: h5py.Dataset) -> bool:
    """Whether the values are real numbers."""
    return dataset.dtype.kind in "fiub" and dataset.dtype.subdtype is None


def checked(dataset: h5py.Dataset, path: Path) -> h5py.Dataset:
    """Return the dataset if its numbers lie in this file and are what they should be; else raise ``CubeError``."""
    where = f"{path}: {dataset.name}"
    if not is_numeric(dataset):
        raise CubeError(f"{where} is of type {dataset.dtype}; expected real numbers.")
    if dataset.shape is None or 0 in dataset.shape:
        raise CubeError(f"{where} is empty (shape {dataset.shape}).")
    if dataset.is_virtual or dataset.external:
        raise CubeError(
            f"{where} keeps its numbers in other files, which are not followed; copy them into one file."
        )
    if dataset.chunks and math.prod(dataset.chunks) * dataset.dtype.itemsize > MAX_CHUNK_BYTES:
        raise CubeError(
            f"{where} is stored in chunks of {dataset.chunks}, which need more than 1 GB each to read; "
            "store it in smaller chunks."
        )
    if dataset.chunks and dataset.id.get_create_plist().get_nfilters():
        _require_filters(dataset, where)
        _check_packed_chunks(dataset, where)
        _check_unpacked_chunks(dataset, path)
    if not dataset.chunks and dataset.id.get_storage_size() > path.stat().st_size:
        raise CubeError(f"{where} declares {_size(dataset)} but the file is smaller; it is cut short.")
    return dataset


def _require_filters(dataset: h5py.Dataset, where: str) -> None:
    """Make the filters at hand with which a dataset is packed; ``hdf5plugin`` brings those that HDF5 lacks."""
    packing = dataset.id.get_create_plist()
    for number in range(packing.get_nfilters()):
        code, _, _, name = packing.get_filter(number)
        if h5py.h5z.filter_avail(code):
            continue
        with suppress(ImportError):
            importlib.import_module("hdf5plugin")
        if not h5py.h5z.filter_avail(code):
            known = f"{code} ({name.decode('ascii', 'replace')[:40]})" if name else f"{code}"
            raise CubeError(
                f"{where} is packed with the HDF5 filter {known}, which is not installed; pip install napari-udt[formats]."
            )


def _check_packed_chunks(dataset: h5py.Dataset, where: str) -> None:
    """Refuse packed chunks longer than their numbers (they may unpack to anything), or shorter than their filters leave.

    HDF5 2.0 ends the program at a chunk too short for its checksum, and reads past one that no filter makes longer.
    """
    declared = math.prod(dataset.chunks) * dataset.dtype.itemsize
    packing = dataset.id.get_create_plist()
    filters = [packing.get_filter(number)[0] for number in range(packing.get_nfilters())]

    def misfit(chunk: h5py.h5d.StoreInfo) -> int | None:
        applied = {code for place, code in enumerate(filters) if not chunk.filter_mask >> place & 1}
        checksum = _CHECKSUM_BYTES if h5py.h5z.FILTER_FLETCHER32 in applied else 0
        unpacks = applied - {h5py.h5z.FILTER_FLETCHER32, h5py.h5z.FILTER_SHUFFLE}
        least = checksum + (1 if unpacks else declared)
        most = _LARGEST_GROWTH * declared + SMALL_CHUNK_BYTES
        return None if least <= chunk.size <= most else int(chunk.size)

    found = dataset.id.chunk_iter(misfit)
    if found is not None:
        raise CubeError(
            f"{where} has a packed chunk of {found:,} bytes for {declared:,} bytes of numbers; it is damaged."
        )


def _check_unpacked_chunks(dataset: h5py.Dataset, path: Path) -> None:
    """Refuse chunks that unpack to more than their numbers: HDF5 would unpack all of them, to gigabytes.

    Looked at are the longest of what must be unpacked for it, and very many of what states its size; those of other filters than
    ``_PACKINGS`` are not.
    """
    declared = math.prod(dataset.chunks) * dataset.dtype.itemsize
    plist = dataset.id.get_create_plist()
    codes = [plist.get_filter(number)[0] for number in range(plist.get_nfilters())]
    packed = [place for place, code in enumerate(codes) if code in _PACKINGS]
    if not packed:
        return
    if len(packed) > 1:
        raise CubeError(f"{path}: {dataset.name} is packed twice; store it with one compression filter.")
    place, packing = packed[0], _PACKINGS[codes[packed[0]]]
    least = HARMLESS.get(packing, 1)
    found: list[tuple[int, int]] = []

    def note(chunk: h5py.h5d.StoreInfo) -> None:
        if chunk.size >= least and not chunk.filter_mask >> place & 1:
            found.append((chunk.size, chunk.byte_offset))

    dataset.id.chunk_iter(note)
    longest = heapq.nlargest(_MOST_HEADS if packing in STATING else _MOST_LOOKED_AT, found)
    if not longest:
        return
    with open_regular(path) as file:
        for size, offset in (
            longest[: 1 + _LOOKED_AT_BYTES // declared] if packing not in STATING else longest
        ):
            file.seek(offset)
            if unpacks_beyond(first_bytes(file, size), packing, declared):
                raise CubeError(
                    f"{path}: {dataset.name} has a chunk that unpacks to more than its {declared:,} bytes of numbers; it is damaged."
                )


def with_shape(dataset: h5py.Dataset, shape: tuple[int, ...], path: Path) -> h5py.Dataset:
    """Return a dataset if it declares a shape, before anything of it is unpacked; else raise ``CubeError``."""
    if dataset.shape != shape:
        raise CubeError(f"{path}: {dataset.name} has shape {dataset.shape}; expected {shape} as the cube.")
    return dataset


def whole(dataset: h5py.Dataset, path: Path) -> NDArray[Any]:
    """Read a whole dataset, unless it declares far more than the file holds."""
    return part(dataset, path, (slice(None),) * dataset.ndim)


def part(dataset: h5py.Dataset, path: Path, selection: tuple[int | slice, ...]) -> NDArray[Any]:
    """Read one integer or full slice per axis, unless that is far more than the file holds."""
    checked(dataset, path)
    lengths = [n for n, k in zip(dataset.shape, selection, strict=True) if isinstance(k, slice)]
    wanted = math.prod(lengths) * dataset.dtype.itemsize
    held = dataset.id.get_storage_size()
    if wanted > max(SMALL_BYTES, MAX_RATIO * held):
        raise CubeError(
            f"{path}: {dataset.name} declares {_size(dataset)} but the file holds {held} bytes of it."
        )
    return dataset[selection]


def numbers_at(group: h5py.Group, path: Path, *names: str) -> NDArray[np.float64] | None:
    """Return the numbers in a dataset as a flat array, or None where there are none."""
    found = child_dataset(group, *names)
    if found is None or found.shape is None or not is_numeric(found):
        return None
    return np.atleast_1d(whole(found, path)).astype(np.float64).reshape(-1)


def attribute_numbers(item: Any, name: str) -> NDArray[np.float64] | None:
    """Return a short list of numbers from an attribute, or None where there is none."""
    if name not in item.attrs:
        return None
    held = item.attrs.get_id(name)  # the type comes first: see hdf5_strings on damaged strings
    if held.dtype.kind not in "fiu" or held.shape is None or math.prod(held.shape) > MAX_ATTRIBUTE_SIZE:
        return None
    return np.asarray(item.attrs[name], dtype=np.float64).reshape(-1)


def _file(path: Path) -> h5py.File:
    try:
        return h5py.File(path, "r")
    except OSError as error:
        if "unable to lock file" in str(error):
            raise CubeError(f"{path}: {LOCKED}.") from error
        if (sizes := re.search(r"eof = (\d+).*stored_eof = (\d+)", str(error))) is None:
            raise
        raise CubeError(
            f"{path}: the HDF5 file is cut short: {int(sizes[1]):,} bytes of {int(sizes[2]):,}; copy it again."
        ) from error


def _is_hard(group: h5py.Group, name: str) -> bool:
    return isinstance(group.get(name, getlink=True), h5py.HardLink)


def _address(item: Any) -> int:
    return int(h5py.h5o.get_info(item.id).addr)


def _size(dataset: h5py.Dataset) -> str:
    return f"{dataset.size * dataset.dtype.itemsize / 1e6:,.0f} MB (shape {dataset.shape})"
