"""Files of the htc toolbox (HeiPorSPECTRAL's intermediates): a pickled header, then numbers packed by blosc.

The header is ``(shape, dtype)`` or ``{key: (shape, dtype, nbytes)}``. It is read by an unpickler that knows tuples, dicts,
strings, whole numbers and the name of numpy's dtype, and nothing else: no code of a file can run. Preprocessed cubes are
float16 with each spectrum divided by its L1 norm; ``segmentations/`` beside ``preprocessing/`` holds their labels.
"""

from __future__ import annotations

import io
import math
import pickle
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from napari_udt.cube import SpectralCube
from napari_udt.errors import CubeError
from napari_udt.io.assemble import assemble
from napari_udt.io.axes import missing_wavelengths
from napari_udt.io.contract import Candidate, Match, ReadOptions, reading
from napari_udt.io.extras import Extras
from napari_udt.io.hyperspectral.htc_labels import label_numbers
from napari_udt.io.hyperspectral.paper_hsi import WAVELENGTHS_NM
from napari_udt.io.lazy import ArraySource, LazyCube

_HEADER_BYTES = 65_536
_BLOSC_HEADER_BYTES = 16
_PICKLE_START = b"\x80"


class _StoredType:
    """Stands for a numpy dtype while a header is read: what the file says of it is kept, never given to numpy."""

    def __init__(self, *arguments: Any) -> None:
        self.arguments = arguments
        self.order = ""

    def __setstate__(self, state: Any) -> None:
        self.order = str(state[1])

    def dtype(self) -> np.dtype[Any]:
        """Return the type; raises ``CubeError`` unless it is one of plain real numbers."""
        code = str(self.arguments[0]) if self.arguments else ""
        if (
            code[:1] not in tuple("fiub")
            or not code[1:].isdecimal()
            or self.order not in ("<", ">", "|", "=")
        ):
            raise CubeError(f"the type {code[:20]!r} is not one of real numbers")
        return np.dtype(code if self.order == "|" else self.order + code)


_ADMITTED = (
    *(pickle.PROTO, pickle.FRAME, pickle.STOP, pickle.MARK, pickle.NONE, pickle.NEWTRUE, pickle.NEWFALSE),
    *(pickle.BININT, pickle.BININT1, pickle.BININT2, pickle.LONG1),
    *(pickle.BINUNICODE, pickle.SHORT_BINUNICODE),
    *(pickle.EMPTY_TUPLE, pickle.TUPLE, pickle.TUPLE1, pickle.TUPLE2, pickle.TUPLE3),
    *(pickle.EMPTY_DICT, pickle.SETITEM, pickle.SETITEMS),
    *(pickle.MEMOIZE, pickle.BINPUT, pickle.LONG_BINPUT, pickle.BINGET, pickle.LONG_BINGET),
    *(pickle.GLOBAL, pickle.STACK_GLOBAL, pickle.REDUCE, pickle.BUILD),
)


class _HeaderUnpickler(pickle._Unpickler):  # the one written in Python: its table of steps can be cut down
    dispatch: ClassVar[dict[int, Any]] = {code[0]: pickle._Unpickler.dispatch[code[0]] for code in _ADMITTED}

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) != ("numpy", "dtype"):
            raise CubeError(f"the header asks for {module[:40]}.{name[:40]}, which is not admitted")
        return _StoredType


@dataclass(frozen=True)
class _Part:
    """One array of a file, and where its packed bytes lie."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    offset: int
    packed_bytes: int

    @property
    def nbytes(self) -> int:
        return math.prod(self.shape) * self.dtype.itemsize


def sniff(path: Path) -> Match:
    """Whether the file begins with such a header that declares a cube, or several."""
    if not path.is_file():
        return Match.NO
    with open(path, "rb") as file:
        if file.read(1) != _PICKLE_START:
            return Match.NO
    cubes = _cubes(parts(path))
    if not cubes:
        return Match.NO
    known = any(part.shape[2] == len(WAVELENGTHS_NM) for part in cubes.values())
    return Match.YES if known else Match.NEEDS_METADATA


def candidates(path: Path, options: ReadOptions) -> list[Candidate]:
    """Return the arrays with three axes, those on the camera's grid first.

    Raises
    ------
    CubeError
        When none has the camera's number of channels and no wavelengths are given.
    """
    cubes = _cubes(parts(path))
    wanted = len(WAVELENGTHS_NM if options.wavelengths_nm is None else options.wavelengths_nm)
    if options.wavelengths_nm is None and all(part.shape[2] != wanted for part in cubes.values()):
        raise missing_wavelengths(path, [(name, part.shape) for name, part in cubes.items()])
    ordered = sorted(cubes, key=lambda name: cubes[name].shape[2] != wanted)
    return [Candidate(name, partial(_read, path, cubes[name], options)) for name in ordered]


def parts(path: Path) -> dict[str, _Part]:
    """Return the arrays that the header of a file declares, by name ("cube" where it is the only one).

    Raises
    ------
    CubeError
        When the header is damaged, holds anything else, or declares more than the file holds.
    """
    with open(path, "rb") as file:
        stream = io.BytesIO(file.read(_HEADER_BYTES))
    with reading(path):
        try:
            stored = _HeaderUnpickler(stream).load()
            return _checked_parts(stored, stream.tell(), path)
        except CubeError as error:
            raise CubeError(f"{path}: the header is not one of an htc file: {error}.") from error
        except pickle.UnpicklingError as error:
            raise CubeError(f"{path}: the header is damaged ({error}).") from error


def unpacked(path: Path, part: _Part, limit_bytes: int) -> NDArray[Any]:
    """Return one array of a file.

    Raises
    ------
    CubeError
        When it is larger than the limit, or blosc finds it damaged.
    """
    if part.nbytes > limit_bytes:
        raise CubeError(
            f"{path}: the array of shape {part.shape} takes {part.nbytes / 1e6:,.0f} MB, more than the limit of "
            f"{limit_bytes / 1e6:,.0f} MB; raise memory_limit_mb (packed arrays cannot stay in the file)."
        )
    try:
        import blosc
    except ImportError:
        raise CubeError(
            f"{path}: this file is packed by blosc; install it with `pip install napari-udt[formats]`."
        ) from None
    with open(path, "rb") as file:
        file.seek(part.offset)
        packed = file.read(part.packed_bytes)
    with reading(path):
        try:
            declared, held, _ = blosc.get_cbuffer_sizes(packed)
            if (declared, held) != (part.nbytes, part.packed_bytes):
                raise CubeError(
                    f"{path}: blosc's own header tells {declared:,} bytes packed into {held:,}; expected {part.nbytes:,} in "
                    f"{part.packed_bytes:,}. The file is damaged or cut short."
                )
            return np.frombuffer(blosc.decompress(packed), part.dtype).reshape(part.shape)
        except blosc.blosc_extension.error as error:
            raise CubeError(f"{path}: the packed numbers are damaged ({error}).") from error


def _checked_parts(stored: Any, start: int, path: Path) -> dict[str, _Part]:
    end = path.stat().st_size
    if isinstance(stored, tuple):
        shape, dtype = stored
        return {"cube": _checked(shape, dtype, start, end - start, end)}
    found = {}
    for name, (shape, dtype, nbytes) in dict(stored).items():
        found[str(name)] = _checked(shape, dtype, start, nbytes, end)
        start += nbytes
    return found


def _checked(shape: Any, dtype: Any, offset: int, nbytes: Any, end: int) -> _Part:
    if not isinstance(dtype, _StoredType) or not isinstance(shape, tuple):
        raise CubeError("expected a shape and a type")
    if not all(isinstance(n, int) and 0 < n < 2**31 for n in shape):
        raise CubeError(f"the shape {str(shape)[:60]} is not one of positive whole numbers")
    if not isinstance(nbytes, int) or not _BLOSC_HEADER_BYTES <= nbytes <= end - offset:
        raise CubeError(f"it declares {str(nbytes)[:30]} packed bytes where the file holds {end - offset}")
    return _Part(shape, dtype.dtype(), offset, nbytes)


def _cubes(found: dict[str, _Part]) -> dict[str, _Part]:
    return {name: part for name, part in found.items() if len(part.shape) == 3}


def _read(path: Path, part: _Part, options: ReadOptions) -> SpectralCube:
    array = unpacked(path, part, options.memory_limit_bytes)
    known = part.shape[2] == len(WAVELENGTHS_NM)
    assumed = {"domain": "an intermediate of a camera's recordings"}
    if known:
        assumed["wavelengths_nm"] = "np.linspace(500, 1000, 100), the camera's grid"
    extras = Extras(path, (part.shape[0], part.shape[1]))
    annotation = _take_segmentation(extras, path, part.shape[:2])
    unit = "L1-normalised reflectance" if path.parent.name == "L1" else "reflectance [a.u.]"
    return assemble(
        path,
        options,
        LazyCube(ArraySource(array), (0, 1, 2)),
        wavelengths_nm=WAVELENGTHS_NM if known else None,
        modality="HSI",
        domain="real",
        quantity=unit,
        metadata={"assumed": assumed, **annotation},
        extras=extras,
    )


def _take_segmentation(extras: Extras, path: Path, shape: Sequence[int]) -> dict[str, Any]:
    """Take labels and their names from ``segmentations/`` of the same data set; return whose they are."""
    file = path.parent.parent.parent / "segmentations" / path.name
    if not file.is_file() or file == path:
        return {}
    drawn = extras.attempt("Labels", lambda: _drawn(file, shape))
    if not drawn:
        return {}
    chosen = min(drawn)
    numbers = label_numbers([file.parent.parent.parent / "data"])
    extras.labels(
        lambda: unpacked(file, drawn[chosen], ReadOptions().memory_limit_bytes),
        {number: name for name, number in numbers.items()},
        f"the segmentation {chosen[:100]}",
    )
    return {"annotation": chosen, "other_annotations": sorted(drawn)[1:]} if "labels" in extras.fields else {}


def _drawn(file: Path, shape: Sequence[int]) -> dict[str, _Part]:
    drawn = {name: part for name, part in parts(file).items() if part.shape == tuple(shape)}
    if not drawn:
        raise CubeError(f"{file}: there is no segmentation of {shape[0]} x {shape[1]} pixels.")
    return drawn
