"""Changes to the structure of an HDF5 file that no change of single bytes would make: types, shapes, links, packing."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

Change = Callable[[h5py.File, np.random.Generator], None]
_HUGE = 2**40
_MOST = 100_000  # values of a dataset that is changed again


def restructured(path: Path, rng: np.random.Generator) -> None:
    """Make one to four random changes to the structure of a file; a change that HDF5 refuses is passed over."""
    with h5py.File(path, "r+") as file:
        for _ in range(int(rng.integers(1, 5))):
            with suppress(
                ValueError, TypeError, OSError, RuntimeError, KeyError, OverflowError, AttributeError
            ):
                _CHANGES[int(rng.integers(len(_CHANGES)))](file, rng)


def _names(file: h5py.File, kind: type) -> list[str]:
    found: list[str] = []
    file.visititems(lambda name, item: found.append(name) if isinstance(item, kind) else None)
    return found


def _one_of(rng: np.random.Generator, choices: list[Any]) -> Any:
    return choices[int(rng.integers(len(choices)))]


def _dataset(file: h5py.File, rng: np.random.Generator) -> str:
    """Return the name of a dataset that can be read without harm: HDF5 2.0 ends the program at some virtual ones."""
    sets = {name: file[name] for name in _names(file, h5py.Dataset)}
    usable = [n for n, d in sets.items() if (d.size or 0) < _MOST and not d.is_virtual and not d.external]
    return str(_one_of(rng, usable))


def _odd_array(file: h5py.File, rng: np.random.Generator, shape: tuple[int, ...]) -> NDArray[Any]:
    """Return an array of a shape with numbers, texts or compounds that few files hold."""
    kinds = [
        np.full(shape, np.nan),
        np.full(shape, -np.inf),
        np.full(shape, 1e308),
        np.full(shape, -1),
        np.zeros(shape, np.uint64) + 2**63,
        np.zeros(shape, ">i2"),
        np.zeros(shape, bool),
        np.zeros(shape, np.complex64),
        np.full(shape, b"x" * 50),
        np.zeros(shape, [("a", "f4"), ("b", "i4", (3,))]),
        np.zeros(shape, "V5"),
        np.full(shape, file.ref, h5py.ref_dtype),
        np.full(shape, "text", h5py.string_dtype()),
    ]
    return np.asarray(_one_of(rng, kinds))


def _attribute(file: h5py.File, rng: np.random.Generator) -> None:
    """Replace an attribute, or add one whose name means something to readers."""
    item = file[_one_of(rng, ["/", *_names(file, h5py.Dataset), *_names(file, h5py.Group)])]
    meaning = [
        *("scale_factor", "_FillValue", "add_offset", "wavelengths", "wavelength_units", "units", "version"),
        *("format", "pixel_size", "nodata", "bbl", "fwhm", "RECON_FOV", "z", "fs"),
    ]
    name = _one_of(rng, [*item.attrs, *meaning])
    if rng.random() < 0.15:
        item.attrs[name] = "long" * 10_000
    elif rng.random() < 0.15:
        item.attrs[name] = h5py.Empty(_one_of(rng, ["f4", "S1", h5py.string_dtype()]))
    else:
        item.attrs[name] = _odd_array(file, rng, _one_of(rng, [(), (1,), (0,), (4,), (2, 3), (3000,)]))


def _type(file: h5py.File, rng: np.random.Generator) -> None:
    name = _dataset(file, rng)
    shape = file[name].shape or ()
    del file[name]
    file[name] = _odd_array(file, rng, shape)


def _shape(file: h5py.File, rng: np.random.Generator) -> None:
    """Declare another shape, up to one of terabytes of which nothing is stored."""
    name = _dataset(file, rng)
    shape = list(file[name].shape or (1,))
    if not shape:
        shape = [1]
    shape[int(rng.integers(len(shape)))] = _one_of(rng, [0, 1, 2, 7, 100_000, _HUGE])
    if rng.random() < 0.3:
        shape = _one_of(rng, [[], shape[:-1], [*shape, 1], [*shape, 3], shape[::-1]])
    dtype = file[name].dtype
    del file[name]
    chunks = tuple(min(max(n, 1), 8) for n in shape) or None
    maximum = tuple(None for _ in shape) if shape and rng.random() < 0.3 else None
    file.create_dataset(name, tuple(shape), dtype, chunks=chunks, maxshape=maximum)


def _packing(file: h5py.File, rng: np.random.Generator) -> None:
    """Store numbers in other chunks, packed, of which one is noise."""
    name = _dataset(file, rng)
    values = file[name][()]
    del file[name]
    chunks = tuple(int(rng.integers(1, n + 1)) for n in values.shape)
    how: dict[str, Any] = _one_of(
        rng, [{"compression": "gzip"}, {"compression": "lzf"}, {"fletcher32": True}, {"shuffle": True}]
    )
    made = file.create_dataset(name, data=values, chunks=chunks, **how)
    if rng.random() < 0.7:
        made.id.write_direct_chunk((0,) * values.ndim, rng.bytes(int(rng.integers(1, 60))))


def _large_chunks(file: h5py.File, rng: np.random.Generator) -> None:
    name = _dataset(file, rng)
    shape, dtype = file[name].shape, file[name].dtype
    del file[name]
    file.create_dataset(
        name, (100_000,) * len(shape), dtype, chunks=(20_000,) * min(2, len(shape)) + (1,) * (len(shape) - 2)
    )


def _elsewhere(file: h5py.File, rng: np.random.Generator) -> None:
    """Keep numbers in another file: externally, or virtually (also of the file itself)."""
    name = _dataset(file, rng)
    shape, dtype = file[name].shape, file[name].dtype
    source = Path(file.filename).name if rng.random() < 0.5 else "absent.h5"
    del file[name]
    if rng.random() < 0.5:
        file.create_dataset(name, shape, dtype, external=[(source, 0, h5py.h5f.UNLIMITED)])
    else:
        layout = h5py.VirtualLayout(shape, dtype)
        layout[...] = h5py.VirtualSource(source, name, shape)
        file.create_virtual_dataset(name, layout)


def _link(file: h5py.File, rng: np.random.Generator) -> None:
    """Put a link in the place of an object, or add one that makes a circle."""
    names = [*_names(file, h5py.Dataset), *_names(file, h5py.Group)]
    name = str(_one_of(rng, names))
    kind = int(rng.integers(5))
    if kind < 3:
        del file[name]
        file[name] = (
            h5py.SoftLink("/" + name)
            if kind == 0
            else h5py.ExternalLink(Path(file.filename).name, "/" + name)
            if kind == 1
            else h5py.SoftLink("/" + _one_of(rng, names))
        )
    else:
        group = _one_of(rng, [file, *(file[n] for n in _names(file, h5py.Group))])
        group[f"again{rng.integers(9)}"] = group if kind == 3 else file["/"]


def _place(file: h5py.File, rng: np.random.Generator) -> None:
    """Remove an object, put a group in its place, rename it or copy it."""
    names = [*_names(file, h5py.Dataset), *_names(file, h5py.Group)]
    name, kind = str(_one_of(rng, names)), int(rng.integers(4))
    parts = name.rpartition("/")
    words = ["wavelengths", "labels", "0", "-1", "1e400", "nan", "data", "gt", "ä\n", "x" * 300]
    other = f"{parts[0]}{parts[1]}{_one_of(rng, words)}"
    if kind == 0:
        del file[name]
    elif kind == 1:
        del file[name]
        file.create_group(name)
    elif kind == 2:
        file.move(name, other)
    else:
        file.copy(name, other)


_CHANGES: tuple[Change, ...] = (
    *(_attribute, _attribute, _type, _type, _shape, _shape),
    *(_packing, _large_chunks, _elsewhere, _link, _place),
)
