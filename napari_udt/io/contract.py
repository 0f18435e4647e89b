"""The contract between napari-udt and a file format, whether it is built in or brought by an outside package.

A format that can be read is a :class:`Format` and a module with ``sniff`` and ``candidates`` (:class:`FormatModule`); one
that can be written is a :class:`Writer` and a module with ``write`` (:class:`WriterModule`). An outside package names them
in its ``pyproject.toml``; each entry is a `Format` or `Writer`, or a module that holds some::

    [project.entry-points."napari_udt.readers"]
    toy = "toy_format:READER"

    [project.entry-points."napari_udt.writers"]
    toy = "toy_format:WRITER"

Entries and the modules that they name are imported when a file is first opened or saved. One that cannot be imported or
lacks a function is left out with one warning. What a reader raises becomes one sentence that names the file.
"""

from __future__ import annotations

import importlib
import os
import re
import struct
import tokenize
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from enum import IntEnum
from pathlib import Path
from typing import Any, Literal, Protocol, cast

from napari_udt.cube import Domain, Modality, SpectralCube
from napari_udt.errors import CubeError, UdtError
from napari_udt.files.reading import require_regular
from napari_udt.reconstruction.options import ReconstructionOptions

Frame = int | Literal["mean"]
Progress = Callable[[int, int], None]  # (done, total)

MEMORY_LIMIT_MB = 512.0
MEMORY_VARIABLE = "NAPARI_UDT_MEMORY_MB"
_OF_HDF5 = re.compile(r"error message = '([^']+)'")  # what the system said, among all that HDF5 says about it
_preferred_limit_mb = MEMORY_LIMIT_MB


def ignore_progress(done: int, total: int) -> None:
    """Do nothing: the default where a function takes ``progress``."""


def prefer_memory_limit(megabytes: float) -> None:
    """Set the size above which cubes stay in their files by default; the environment variable has precedence."""
    global _preferred_limit_mb
    _preferred_limit_mb = megabytes


class Match(IntEnum):
    """How well a file fits a format, judged by what is inside it."""

    NO = 0
    NEEDS_METADATA = 1  # the right container, but something is missing that only the user knows
    YES = 2


@dataclass(frozen=True)
class ReadOptions:
    """Metadata that the user states because the file lacks them or is wrong, and how the file is to be read.

    Parameters
    ----------
    wavelengths_nm : sequence of float, optional
        One wavelength per channel, in the order of the file's channels.
    domain, modality : str, optional
        As in :class:`napari_udt.cube.SpectralCube`.
    spectral_axis : int, optional
        Which axis of a plain three-dimensional array holds the channels; needed where several would fit.
    memory_limit_mb : float, optional
        Larger cubes stay in the file; by default the environment's ``NAPARI_UDT_MEMORY_MB``, else 512 MB.
    frame : int or "mean", optional
        Which picture of a recording or volume with several, counted from 0, or the mean over all frames; by default the
        first frame or a volume's middle slice.
    reconstruction : ReconstructionOptions
        How a picture is reconstructed from raw time series.
    progress : callable, optional
        ``progress(done, total)``, called while a cube is computed; what it raises ends the work.
    lazily : bool
        Whether a cube stays in its file whatever its size: one of many pictures.
    """

    wavelengths_nm: Sequence[float] | None = None
    domain: Domain | None = None
    modality: Modality | None = None
    spectral_axis: int | None = None
    memory_limit_mb: float | None = None
    frame: Frame | None = None
    reconstruction: ReconstructionOptions = field(default_factory=ReconstructionOptions)
    progress: Progress | None = None
    lazily: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Return the options that differ from the defaults and change what is read, ready for JSON."""
        given = {
            "wavelengths_nm": None
            if self.wavelengths_nm is None
            else [float(w) for w in self.wavelengths_nm],
            "domain": self.domain,
            "modality": self.modality,
            "spectral_axis": self.spectral_axis,
            "frame": self.frame,
            "reconstruction": (
                None if self.reconstruction == ReconstructionOptions() else asdict(self.reconstruction)
            ),
        }
        return {name: value for name, value in given.items() if value is not None}

    @property
    def memory_limit_bytes(self) -> int:
        """Largest cube that is read into memory."""
        return int(1e6 * (_default_limit_mb() if self.memory_limit_mb is None else self.memory_limit_mb))


@dataclass(frozen=True)
class Candidate:
    """A cube that a file could be opened as.

    Parameters
    ----------
    title : str
        Its name within the file.
    read : callable
        Reads the cube, only when called.
    alternative : bool
        Whether it shows the same recording in another way, and is no further recording.
    """

    title: str
    read: Callable[[], SpectralCube]
    alternative: bool = False


class FormatModule(Protocol):
    """A module that reads a format."""

    def sniff(self, path: Path) -> Match:
        """Look inside a file and say how well it fits; reads little, and may raise on a file of another kind."""

    def candidates(self, path: Path, options: ReadOptions) -> list[Candidate]:
        """Return the cubes that a file can be opened as, best first, without reading their values.

        Raises
        ------
        CubeError
            When the file is damaged; :class:`~napari_udt.errors.MissingMetadata` when it lacks wavelengths, or it is not
            clear which axis is spectral.
        """


class SeveralFilesModule(FormatModule, Protocol):
    """A module that reads a format whose recordings are several files, any of which opens them."""

    def main_file(self, path: Path) -> Path | None:
        """Return the file or folder that stands for the recording to which ``path`` belongs."""


class WriterModule(Protocol):
    """A module that writes a format."""

    def write(
        self, cubes: Sequence[SpectralCube], path: Path, compress: bool = False, **options: bool
    ) -> None:
        """Write cubes at ``path``, and beside it the files that belong to it.

        ``path`` lies in an empty folder of its own; `save_cube` moves the files to their place when all are complete.
        """


@dataclass(frozen=True)
class Format:
    """A file format.

    Parameters
    ----------
    name : str
        Short key, as it stands in a cube's metadata.
    title : str
        As users know it.
    extensions : tuple of str
        Usual endings: hints for file dialogs and messages, never a proof.
    module : str
        Module that reads it, imported when first needed.
    common : bool
        Whether files of other kinds have these endings too: a broken one is then left to other plugins.
    several_files : bool
        Whether a recording is several files, any of which opens it; the module's ``main_file`` finds the main one.
    first : bool
        For outside packages: whether files are tried before the formats of napari-udt. Otherwise a file that one of
        these recognises never gets here.
    package : str
        The outside package that brings the format; filled in when it is found.
    """

    name: str
    title: str
    extensions: tuple[str, ...]
    module: str
    common: bool = False
    several_files: bool = False
    first: bool = False
    package: str = ""

    def load(self) -> FormatModule:
        """Return the module that reads the format."""
        return cast(FormatModule, importlib.import_module(self.module))


@dataclass(frozen=True)
class Writer:
    """A file format that cubes are saved in.

    Parameters
    ----------
    name, title : str
        As in :class:`Format`.
    endings : tuple of str
        The endings that ask for it, the usual one first.
    module : str
        Module that writes it, imported when first needed.
    several : bool
        Whether one file holds several cubes.
    picks_pixels : bool
        Whether a file may hold some pixels only (``labelled_only``).
    series : bool
        Whether a file holds all pictures of a cube's series; otherwise only the picture at hand is written.
    first, package
        As in :class:`Format`.
    """

    name: str
    title: str
    endings: tuple[str, ...]
    module: str
    several: bool = False
    picks_pixels: bool = False
    series: bool = False
    first: bool = False
    package: str = ""

    def load(self) -> WriterModule:
        """Return the module that writes the format."""
        return cast(WriterModule, importlib.import_module(self.module))


def _default_limit_mb() -> float:
    text = os.environ.get(MEMORY_VARIABLE, "")
    try:
        return float(text) if text else _preferred_limit_mb
    except ValueError:
        raise CubeError(f"{MEMORY_VARIABLE}={text!r}: expected a number of megabytes.") from None


# Raised by h5py, numpy, zipfile and json for damaged data. Programming errors such as NameError are not among them.
DAMAGE: tuple[type[Exception], ...] = (
    ArithmeticError,
    AttributeError,
    EOFError,
    LookupError,
    OSError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
    struct.error,
    tokenize.TokenError,
    zipfile.BadZipFile,
    zlib.error,
)

LOCKED = "the file is open for writing in another program; close it there and open it again"


@contextmanager
def reading(path: Path, known: Format | None = None) -> Iterator[None]:
    """Turn the exceptions that libraries raise for a bad file into one sentence that names the file.

    For a format of an outside package all exceptions are turned, programming errors too.
    """
    try:
        require_regular(path)
        yield
    except UdtError:
        raise
    except (PermissionError, FileNotFoundError, IsADirectoryError) as error:
        raise CubeError(f"{path}: the file cannot be read ({reason(error)}).") from error
    except ImportError as error:
        package = error.name or reason(error)
        raise CubeError(
            f"{path}: reading it needs the Python package {package}, which is not installed."
        ) from error
    except BlockingIOError as error:
        raise CubeError(f"{path}: {LOCKED}.") from error
    except MemoryError as error:
        raise CubeError(
            f"{path}: the cube does not fit into memory ({reason(error)}); a smaller memory_limit_mb leaves it in the file."
        ) from error
    except DAMAGE as error:
        raise CubeError(f"{path}: the file is damaged or cut short ({reason(error)}).") from error
    except Exception as error:
        if known is None or not known.package:
            raise
        raise CubeError(
            f"{path}: the reader of {known.title} in {known.package} failed ({type(error).__name__}: {reason(error)})."
        ) from error


def reason(error: Exception) -> str:
    """Return the first line of an error's message, short enough for a sentence."""
    words = (error.strerror if isinstance(error, OSError) else None) or (
        str(error.args[-1]) if error.args else ""
    )
    if said_by_system := _OF_HDF5.search(words):
        words = said_by_system[1]
    return (words.strip().splitlines() or [type(error).__name__])[0][:200].rstrip(" .")
