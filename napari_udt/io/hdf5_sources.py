"""Arrays of HDF5 files that are read on demand."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from napari_udt.errors import CubeError
from napari_udt.io.contract import reading
from napari_udt.io.layout import dataset_pieces


class _OnDemandFile:
    """An HDF5 file that is opened by the first read and stays open until it is closed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: h5py.File | None = None
        self._lock = threading.RLock()

    @contextmanager
    def use(self) -> Iterator[h5py.File]:
        with self._lock, reading(self._path):
            if self._file is None:
                self._file = h5py.File(self._path, "r")
            yield self._file

    def array(self, file: h5py.File, name: str, shape: tuple[int, ...]) -> h5py.Dataset:
        """Return an array of the file, which may have been replaced since its shape was read."""
        found = file.get(name)
        if not isinstance(found, h5py.Dataset) or found.shape != shape:
            raise CubeError(
                f"{self._path}: the file holds another array than when it was opened; open it again."
            )
        return found

    def close(self) -> None:
        with self._lock:
            if self._file is not None:
                self._file.close()
                self._file = None


class Hdf5Source:
    """One HDF5 dataset; ``dataset`` gives name and size and may be closed afterwards."""

    def __init__(self, path: Path, dataset: h5py.Dataset) -> None:
        self._file = _OnDemandFile(path)
        self._name = dataset.name
        self.shape = dataset.shape
        self.stored_bytes = dataset.id.get_storage_size()
        self.pieces, self.piece_bytes, self.packed = dataset_pieces(dataset)

    def read(self, selection: tuple[int | slice, ...]) -> NDArray[Any]:
        """Read one integer or slice per axis."""
        with self._file.use() as file:
            return self._file.array(file, self._name, self.shape)[selection]

    def close(self) -> None:
        """Close the file; a later read opens it again."""
        self._file.close()


class Hdf5StackSource:
    """HDF5 datasets of one shape, one per channel: the first axis counts them."""

    def __init__(self, path: Path, datasets: Sequence[h5py.Dataset]) -> None:
        self._file = _OnDemandFile(path)
        self._names = [dataset.name for dataset in datasets]
        self.shape = (len(datasets), *datasets[0].shape)
        self.stored_bytes = sum(dataset.id.get_storage_size() for dataset in datasets)
        pieces, self.piece_bytes, self.packed = dataset_pieces(datasets[0])
        self.pieces = (1, *pieces)

    def read(self, selection: tuple[int | slice, ...]) -> NDArray[Any]:
        """Read one integer or slice per axis."""
        first, inner = selection[0], selection[1:]
        with self._file.use() as file:
            names = [self._names[first]] if isinstance(first, int) else self._names[first]
            found = [self._file.array(file, name, self.shape[1:])[inner] for name in names]
            return found[0] if isinstance(first, int) else np.stack(found)

    def close(self) -> None:
        """Close the file; a later read opens it again."""
        self._file.close()
