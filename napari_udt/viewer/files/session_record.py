"""Fields of a session file and their validation; a file with anything else is refused. No Qt."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from napari_udt.cube import Domain, Modality
from napari_udt.errors import SessionError
from napari_udt.files.reading import read_text
from napari_udt.io.recording_files import Compared
from napari_udt.reconstruction.options import ReconstructionOptions
from napari_udt.viewer.state.session import DisplayOptions, Outline, Role

FORMAT: Final = "napari-udt session"
VERSION = 1
SUFFIX = ".udt-session.json"
_LARGEST_BYTES = 20_000_000  # thousands of pins fit; a longer file is no session

Colour = Annotated[str, Field(pattern=r"^#[0-9a-fA-F]{6}$")]
Index = Annotated[int, Field(ge=0)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True)


class OptionsRecord(_Part):
    """How a file was opened; see :class:`napari_udt.io.contract.ReadOptions`."""

    wavelengths_nm: list[float] | None = None
    domain: Domain | None = None
    modality: Modality | None = None
    spectral_axis: int | None = None
    frame: int | Literal["mean"] | None = None
    reconstruction: ReconstructionOptions | None = None


class RecordingRecord(_Part):
    """State of all files of a recording; see :class:`napari_udt.io.recording_files.Fingerprint`."""

    files: int
    bytes: int
    modified_ns: int
    sha256: str
    compared: Compared


class FileRecord(_Part):
    """A file: its path from the session's folder, its absolute path, size and hash, and what to read in it.

    Sessions of earlier versions lack ``recording``; their ``sha256`` is of the file alone.
    """

    path: str
    absolute: str
    bytes: int | None = None
    sha256: str | None = None
    recording: RecordingRecord | None = None
    candidate: str | int | None = None
    options: OptionsRecord = OptionsRecord()


class CubeRecord(_Part):
    """An open cube."""

    key: str
    role: Role
    file: FileRecord
    structures: dict[str, str] = {}  # new names by those of the file


class PinRecord(_Part):
    """A pin."""

    number: Annotated[int, Field(ge=1)]
    key: str
    row: Index
    column: Index
    colour: Colour
    name: str = ""


class RegionRecord(_Part):
    """A drawn region."""

    number: Annotated[int, Field(ge=1)]
    key: str
    outline: Outline
    vertices: Annotated[list[tuple[float, float]], Field(min_length=3)]
    colour: Colour
    name: str = ""


class SessionRecord(_Part):
    """A whole session file."""

    format: Literal["napari-udt session"]
    version: int
    software: str = ""
    saved: str = ""
    cubes: list[CubeRecord]
    pins: list[PinRecord] = []
    regions: list[RegionRecord] = []
    options: DisplayOptions = DisplayOptions()
    wavelength_nm: float | None = None
    position: float | None = None  # along time [s] or depth [mm]
    settings: dict[str, dict[str, Any]] = {}


def is_session(path: Path) -> bool:
    """Whether a file has the ending of a session."""
    return path.name.casefold().endswith(SUFFIX)


def read_record(path: Path) -> SessionRecord:
    """Read and check a session file.

    Raises
    ------
    SessionError
        One sentence: what is wrong with the file.
    """
    fields = _json_object(path)
    if fields.get("format") != FORMAT:
        raise SessionError(
            f"{path}: this is no session of napari-udt (its format is {fields.get('format')!r:.60})."
        )
    version = fields.get("version")
    if isinstance(version, int) and version > VERSION:
        raise SessionError(
            f"{path}: the session has version {version}, this napari-udt knows versions up to {VERSION}; update it."
        )
    try:
        record = SessionRecord.model_validate(fields)
    except (ValidationError, RecursionError) as error:
        raise SessionError(f"{path}: the session is damaged ({_first(error)}).") from error
    _check_options(record.options, path)
    return record


def _json_object(path: Path) -> dict[str, Any]:
    try:
        fields = json.loads(read_text(path, _LARGEST_BYTES), parse_constant=_finite, parse_float=_finite)
    except OSError as error:
        raise SessionError(f"{path}: the session cannot be read ({error.strerror or error}).") from error
    except (ValueError, RecursionError) as error:
        raise SessionError(f"{path}: the session is no valid JSON ({str(error)[:100]}).") from error
    if not isinstance(fields, dict):
        raise SessionError(f"{path}: this is no session of napari-udt; expected a JSON object.")
    return fields


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text} is not a number")
    return value


def _first(error: ValidationError | RecursionError) -> str:
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    problem = error.errors(include_url=False, include_input=False)[0]
    return f"{'.'.join(map(str, problem['loc']))[:100]}: {problem['msg'][:100]}"


def _check_options(options: DisplayOptions, path: Path) -> None:
    """Refuse numbers that no widget offers; they would fail only later, far from their cause."""
    for name, most in (("window", 31), ("derivative_window", 101)):
        value = getattr(options, name)
        if not (1 <= value <= most and value % 2):
            raise SessionError(f"{path}: {name} is {value}; expected an odd number from 1 to {most}.")
