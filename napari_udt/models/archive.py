"""A model as one file to hand on: a zip archive of its folder, with hashes.

The weights are safetensors, the rest is text; nothing is unpickled, and nothing is written before all of it has been
checked.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import numpy as np

from napari_udt.errors import ModelError
from napari_udt.files.reading import require_regular
from napari_udt.files.writing import whole_or_nothing
from napari_udt.models.store import (
    CARD,
    JUDGED,
    PICTURE,
    SPEC,
    WEIGHTS,
    find_folder,
    load_model,
    save_model,
    user_folder,
)
from napari_udt.models.zoo_description import DESCRIPTION, GRAPH, INPUT, LABELS, RESULT, zoo_description

if TYPE_CHECKING:
    from napari_udt.models.model import TransferModel
    from napari_udt.models.onnx_export import OnnxTransfer

ENDING = ".zip"
HASHES = "SHA256SUMS"
_RECORD = "transfer.onnx.json"
_FILES = (SPEC, CARD, WEIGHTS, PICTURE, JUDGED)
_NAMES = (*_FILES, HASHES)
_TIME = (1980, 1, 1, 0, 0, 0)  # the same model gives the same bytes
_MOST_EXPANSION = 50  # of what a file takes in the archive
_MOST_BYTES = 2**34
_CHUNK = 2**20


def export_model(
    name_or_folder: str | os.PathLike[str],
    path: Path,
    *,
    overwrite: bool = False,
    onnx: bool = False,
    authors: Sequence[str] = (),
) -> str:
    """Write a model, by its name or from its folder, as an archive, whole or not at all; return its name.

    Parameters
    ----------
    name_or_folder : str or path
    path : Path
        Of the archive.
    overwrite : bool
    onnx : bool
        Add the transfer as an ONNX graph, see :mod:`napari_udt.models.onnx_export`, and a record of its check.
    authors : sequence of str
        Who made the model: adds the graph, test arrays and a description for a model zoo
        (:mod:`napari_udt.models.zoo_description`).

    Raises
    ------
    ModelError
        When there is no such model, it is damaged, the file exists, or it cannot be written as ONNX.
    WriteError
        When the disk is full and the like.
    """
    if path.suffix.lower() != ENDING:
        raise ModelError(f"{path}: a model is exported as {ENDING}; choose such a name.")
    if path.exists() and not overwrite:
        raise ModelError(f"{path}: the file exists; choose another name, or replace it (--overwrite).")
    model = load_model(name_or_folder)  # checks hash and weights
    spec = model.spec
    folder = find_folder(name_or_folder)
    files = [folder / name for name in _FILES if (folder / name).is_file()]
    transfer = _transfer_of(model) if onnx or authors else None
    extras = {} if transfer is None else _onnx_files(transfer, with_arrays=bool(authors))
    with whole_or_nothing(path) as temporary, zipfile.ZipFile(temporary, "w") as archive:
        hashes: dict[str, str] = {}
        for file in files:
            hashes[file.name] = _write(archive, file)
        for name, content in extras.items():
            hashes[name] = hashlib.sha256(content).hexdigest()
            _write_bytes(archive, name, content)
        if authors and transfer is not None:
            description = zoo_description(spec, transfer, authors, hashes).encode()
            hashes[DESCRIPTION] = hashlib.sha256(description).hexdigest()
            _write_bytes(archive, DESCRIPTION, description)
        lines = (f"{digest}  {name}\n" for name, digest in hashes.items())
        archive.writestr(zipfile.ZipInfo(HASHES, _TIME), "".join(lines))
    return spec.name


def _transfer_of(model: TransferModel) -> OnnxTransfer:
    from napari_udt.models.onnx_export import export_transfer

    return export_transfer(model)


def _onnx_files(transfer: OnnxTransfer, *, with_arrays: bool) -> dict[str, bytes]:
    """Return the graph, the record of its check, and the arrays of that, by their names in the archive."""
    files = {GRAPH: transfer.graph, _RECORD: (json.dumps(transfer.record(), indent=1) + "\n").encode()}
    arrays = {INPUT: transfer.values, LABELS: transfer.labels, RESULT: transfer.result}
    for name, array in arrays.items():
        if with_arrays and array is not None:
            buffer = io.BytesIO()
            np.save(buffer, array, allow_pickle=False)
            files[name] = buffer.getvalue()
    return files


def is_archive(path: Path) -> bool:
    """Whether a file is an archive that holds a model; never raises."""
    try:
        require_regular(path)
        if path.suffix.lower() != ENDING or not path.is_file():
            return False
        with zipfile.ZipFile(path) as archive:
            return any(PurePosixPath(name).name == SPEC for name in archive.namelist())
    except (OSError, ValueError, zipfile.BadZipFile):
        return False


def import_archive(path: Path, name: str | None = None, *, overwrite: bool = False) -> str:
    """Check an archive and keep its model among the user's own; return the model's name.

    Parameters
    ----------
    path : Path
    name : str, optional
        What it shall be called; by default as it is.
    overwrite : bool
        Replace a model of the same name.

    Raises
    ------
    ModelError
        When it is no archive of a model, is damaged, or a model of that name is there already; nothing is kept then.
    """
    with tempfile.TemporaryDirectory(prefix="napari-udt-") as scratch:
        folder = Path(scratch)
        try:
            require_regular(path)
            with zipfile.ZipFile(path) as archive:
                _extract(archive, folder, path)
        except (
            OSError,
            zipfile.BadZipFile,
            ValueError,
            EOFError,
            NotImplementedError,
            RuntimeError,
        ) as error:
            if isinstance(error, ModelError):
                raise
            raise ModelError(f"{path}: not a readable archive of a model ({error}).") from error
        return keep(folder, name, overwrite=overwrite)


def keep(folder: Path, name: str | None = None, *, overwrite: bool = False) -> str:
    """Copy a model's folder to the user's own models, checked; return its name.

    Raises
    ------
    ModelError
        When it is damaged, or a model of that name is there already.
    """
    model = load_model(folder)
    if name is not None:
        model.spec = model.spec.named(name)
    kept = user_folder() / model.spec.name
    if (kept / SPEC).is_file() and not overwrite and kept.resolve() != folder.resolve():
        raise ModelError(
            f"{kept} holds a model of that name already, so nothing was imported; remove that folder, or give the new "
            "model another name (import-model --name)."
        )
    if kept.resolve() != folder.resolve():
        save_model(model, kept, overwrite=overwrite)
        for path in (folder / PICTURE, folder / JUDGED):
            if path.is_file():
                shutil.copyfile(path, kept / path.name)
    return model.spec.name


def _write(archive: zipfile.ZipFile, file: Path) -> str:
    """Add a file and return its hash; weights hardly shrink and stay as they are."""
    entry = zipfile.ZipInfo(file.name, _TIME)
    entry.compress_type = zipfile.ZIP_STORED if file.name == WEIGHTS else zipfile.ZIP_DEFLATED
    entry.file_size = file.stat().st_size
    digest = hashlib.sha256()
    with file.open("rb") as source, archive.open(entry, "w") as target:
        while block := source.read(_CHUNK):
            digest.update(block)
            target.write(block)
    return digest.hexdigest()


def _write_bytes(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    entry = zipfile.ZipInfo(name, _TIME)
    entry.compress_type = zipfile.ZIP_DEFLATED
    archive.writestr(entry, content)


def _extract(archive: zipfile.ZipFile, folder: Path, path: Path) -> None:
    """Write the files of a model flat into a folder; entries of other names are left alone."""
    found = {PurePosixPath(e.filename).name: e for e in archive.infolist() if not e.is_dir()}
    homes = {
        PurePosixPath(e.filename).parent for e in archive.infolist() if PurePosixPath(e.filename).name == SPEC
    }
    if len(homes) != 1 or WEIGHTS not in found:
        raise ModelError(f"{path}: expected one model ({SPEC} and {WEIGHTS}); found {len(homes)}.")
    home = homes.pop()
    for name in _NAMES:
        entry = next((e for e in archive.infolist() if e.filename == str(home / name)), None)
        if entry is None:
            continue
        if entry.file_size > min(_MOST_BYTES, _MOST_EXPANSION * max(entry.compress_size, 1000)):
            raise ModelError(f"{path}: {name} would take {entry.file_size:,} bytes; the archive is damaged.")
        with archive.open(entry) as source, (folder / name).open("wb") as target:
            shutil.copyfileobj(source, target, _CHUNK)
    _check_hashes(folder, path)


def _check_hashes(folder: Path, path: Path) -> None:
    if not (folder / HASHES).is_file():
        return
    for line in (folder / HASHES).read_text(encoding="utf-8").splitlines():
        wanted, _, name = line.partition("  ")
        if name in _NAMES and (folder / name).is_file():
            with (folder / name).open("rb") as file:
                if hashlib.file_digest(file, "sha256").hexdigest() != wanted:
                    raise ModelError(
                        f"{path}: {name} has another hash than the archive says; get the archive again."
                    )
