"""What a file holds beside its spectra: labels, oxygenation, outlines. It is used where it fits, else left out with a remark.

Whatever is wrong with it, the spectra open; ``metadata["remarks"]`` says what was left out and why.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from napari_udt.errors import CubeError
from napari_udt.io.contract import reading

_FOLDERS = 4  # above the spectra, in which other files of a recording lie

T = TypeVar("T")
NamedPicture = tuple[tuple[int, ...], Callable[[], NDArray[Any]]]  # the shape, and what reads it


class Extras:
    """Collects the fields of a cube that go with its spectra, and remarks on what cannot be used.

    Parameters
    ----------
    path : Path
        File that the spectra come from; remarks name only other files.
    shape : (int, int)
        Rows and columns of the picture.

    Attributes
    ----------
    fields : dict
        Keyword arguments of a cube.
    remarks : list of str
        One sentence for each thing that was left out.
    """

    def __init__(self, path: Path, shape: tuple[int, int] = (0, 0)) -> None:
        self._path, self.shape = path, shape
        self.fields: dict[str, Any] = {}
        self.remarks: list[str] = []

    def attempt(self, what: str, read: Callable[[], T]) -> T | None:
        """Return what ``read`` returns; None, with a remark, where it raises what readers raise for bad files."""
        try:
            with reading(self._path):
                return read()
        except CubeError as error:
            why = str(error).replace(f"{self._path}: ", "")
            for folder in self._path.parents[:_FOLDERS]:
                why = why.replace(f"{folder}{os.sep}", "") if folder.name else why
            self.remarks.append(f"{what} left out: {why}")
            return None

    def labels(
        self,
        read: Callable[[], NDArray[Any] | None],
        names: Mapping[int, str] | Callable[[], Mapping[int, str]] = {},  # noqa: B006 - never changed
        what: str = "labels",
    ) -> None:
        """Take class numbers (rows, columns) and, only with them, their names; ``read`` returns None where there are none."""
        labels = self._picture("Labels", what, read, lambda array: label_image(array, what, self._path))
        if labels is None:
            return
        named = self.attempt("Names of labels", names) if callable(names) else names
        self.fields.update(labels=labels, label_names={} if named is None else dict(named))

    def named_labels(
        self, pictures: Mapping[str, NamedPicture], one_of: tuple[int, int] | None = None
    ) -> None:
        """Take the only one of the picture's size among arrays that are called labels, in files of unknown structure.

        ``one_of`` is the number of the picture and how many there are: arrays may hold one for each, first or last.
        """
        if one_of is not None and one_of[1] > 1:
            pictures = {name: self._one_of(*found, *one_of) for name, found in pictures.items()}
        pictures = {name: self._without_ones(*found) for name, found in pictures.items()}
        fitting = [name for name, (shape, _) in pictures.items() if shape == self.shape]
        if len(fitting) == 1:
            self.labels(pictures[fitting[0]][1], what=fitting[0])
        elif fitting:
            self.remarks.append(f"Labels left out: {', '.join(fitting[:5])} may all hold them; keep one.")
        elif pictures:
            listed = ", ".join(f"{name} {shape}" for name, (shape, _) in list(pictures.items())[:5])
            self.remarks.append(f"Labels left out: {listed}; expected the shape {self.shape} of the picture.")

    def _one_of(
        self, shape: tuple[int, ...], read: Callable[[], NDArray[Any]], index: int, count: int
    ) -> NamedPicture:
        """Return picture ``index`` of an array with ``count`` of them along its first or last axis; any other array as it is."""
        if shape == (count, *self.shape):
            return self.shape, lambda: read()[index]
        if shape == (*self.shape, count):
            return self.shape, lambda: read()[..., index]
        return shape, read

    def _without_ones(self, shape: tuple[int, ...], read: Callable[[], NDArray[Any]]) -> NamedPicture:
        """Return an array of the picture's size beside axes of length 1 as the picture; any other as it is."""
        if shape != self.shape and [n for n in shape if n > 1] == [n for n in self.shape if n > 1]:
            return self.shape, lambda: read().reshape(self.shape)
        return shape, read

    def oxygenation(self, read: Callable[[], NDArray[Any] | None]) -> None:
        """Take a map of the oxygen saturation (rows, columns); ``read`` returns None where there is none."""
        found = self._picture("Oxygenation", "oxygenation", read, lambda a: _fractions(a, self._path))
        if found is not None:
            self.fields["oxygenation"] = found

    def _picture(
        self,
        title: str,
        what: str,
        read: Callable[[], NDArray[Any] | None],
        checked: Callable[[NDArray[Any]], NDArray[Any]],
    ) -> NDArray[Any] | None:
        def fitting() -> NDArray[Any] | None:
            array = read()
            if array is not None and np.shape(array) != self.shape:
                raise CubeError(
                    f"{self._path}: {what} has shape {np.shape(array)}; expected {self.shape} as the picture."
                )
            return None if array is None else checked(np.asarray(array))

        return self.attempt(title, fitting)


def label_image(values: NDArray[Any], what: str, path: Path) -> NDArray[np.int32]:
    """Return class numbers as integers; floats that hold whole numbers are accepted, NaN becomes -1.

    Raises
    ------
    CubeError
        When they are no numbers, fractions, or do not fit into 32 bits.
    """
    array = np.asarray(values)
    if array.dtype.kind not in "fiub":
        raise CubeError(f"{path}: {what} is of type {array.dtype}; expected class numbers.")
    filled = np.where(np.isfinite(array), array, -1) if array.dtype.kind == "f" else array
    if array.dtype.kind == "f" and np.any(filled != np.round(filled)):
        raise CubeError(f"{path}: {what} holds fractions; expected whole class numbers.")
    if array.dtype.kind != "b" and array.size:
        low, high = int(filled.min()), int(filled.max())
        if low < -(2**31) or high > 2**31 - 1:
            raise CubeError(
                f"{path}: {what} holds class numbers from {low} to {high}; expected whole numbers between {-(2**31)} and "
                f"{2**31 - 1}: number the classes anew."
            )
    return filled.astype(np.int32)


def _fractions(values: NDArray[Any], path: Path) -> NDArray[Any]:
    if values.dtype.kind not in "fiub":
        raise CubeError(f"{path}: oxygenation is of type {values.dtype}; expected numbers between 0 and 1.")
    return values
