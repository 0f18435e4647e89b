"""What a format module offers, and what it is told: the vocabulary that all readers share."""

from __future__ import annotations

import os
import struct
import tokenize
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from enum import IntEnum
from pathlib import Path
from typing import Any, Literal, Protocol

from napari_udt.cube import Domain, Modality, SpectralCube
from napari_udt.errors import CubeError
from napari_udt.reconstruction.options import ReconstructionOptions

Frame = int | Literal["mean"]
Progress = Callable[[int, int], None]

MEMORY_LIMIT_MB = 512.0
MEMORY_VARIABLE = "NAPARI_UDT_MEMORY_MB"
_preferred_limit_mb = MEMORY_LIMIT_MB


def prefer_memory_limit(megabytes: float) -> None:
    """Let cubes above another size stay in their files where nothing else is said; the environment still wins."""
    global _preferred_limit_mb
    _preferred_limit_mb = megabytes


class Match(IntEnum):
    """How well a file fits a format, judged by what is inside it."""

    NO = 0
    NEEDS_FACTS = 1  # the right container, but a fact is missing that only the user can give
    YES = 2


@dataclass(frozen=True)
class ReadOptions:
    """Facts that the user gives because the file lacks them, or knows better than the file.

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
        Which frame of a recording with several, counted from 0, or the mean over all; by default the first.
    reconstruction : ReconstructionOptions
        How raw time series are made into a picture.
    progress : callable, optional
        ``progress(done, total)``, called while a cube is computed; what it raises ends the work.
    """

    wavelengths_nm: Sequence[float] | None = None
    domain: Domain | None = None
    modality: Modality | None = None
    spectral_axis: int | None = None
    memory_limit_mb: float | None = None
    frame: Frame | None = None
    reconstruction: ReconstructionOptions = field(default_factory=ReconstructionOptions)
    progress: Progress | None = None

    def facts(self) -> dict[str, Any]:
        """Return what was given beyond the defaults and decides what is read, as plain JSON."""
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
        Names it within the file.
    read : callable
        Reads it, only when called.
    alternative : bool
        Whether it is another view of the same recording, not one more recording.
    """

    title: str
    read: Callable[[], SpectralCube]
    alternative: bool = False


class FormatModule(Protocol):
    """What every module that reads a format offers."""

    def sniff(self, path: Path) -> Match:
        """Look inside the file; cheap, and free to raise on a file that is no such thing."""

    def candidates(self, path: Path, options: ReadOptions) -> list[Candidate]:
        """Return what the file can be opened as, best first; raises ``CubeError`` when a fact is missing."""


class SeveralFilesModule(FormatModule, Protocol):
    """What a module offers besides where a recording is several files, any of which opens it."""

    def main_file(self, path: Path) -> Path | None:
        """Return the file or folder by which the recording that ``path`` belongs to is known."""


class WriterModule(Protocol):
    """What every module that writes a format offers."""

    def write(
        self, cubes: Sequence[SpectralCube], path: Path, compress: bool = False, **options: bool
    ) -> None:
        """Write cubes at ``path``, and beside it the files that belong to it.

        ``path`` lies in an empty folder of its own; the files move to their place when all are whole (``save_cube``).
        """


def _default_limit_mb() -> float:
    text = os.environ.get(MEMORY_VARIABLE, "")
    try:
        return float(text) if text else _preferred_limit_mb
    except ValueError:
        raise CubeError(f"{MEMORY_VARIABLE}={text!r}: expected a number of megabytes.") from None


# What h5py, numpy, zipfile and json raise when bytes do not mean what they should. Programming errors such as
# NameError are not among them.
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


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turn whatever a library raises about a bad file into one sentence that names the file."""
    try:
        yield
    except CubeError:
        raise
    except (PermissionError, FileNotFoundError, IsADirectoryError) as error:
        raise CubeError(f"{path}: the file cannot be read ({reason(error)}).") from error
    except MemoryError as error:
        raise CubeError(
            f"{path}: the cube does not fit into memory ({reason(error)}); a smaller memory_limit_mb leaves it in the file."
        ) from error
    except DAMAGE as error:
        raise CubeError(f"{path}: the file is damaged or cut short ({reason(error)}).") from error


def reason(error: Exception) -> str:
    """Return the first line of an error's own words, short enough for a sentence."""
    words = (error.strerror if isinstance(error, OSError) else None) or (
        str(error.args[-1]) if error.args else ""
    )
    return (words.strip().splitlines() or [type(error).__name__])[0][:200].rstrip(" .")
