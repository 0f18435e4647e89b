"""Models on disk: a folder each, with the weights, the specification and the card.

``<name>/weights.safetensors`` holds the tensors, ``model.json`` the :class:`~napari_udt.models.spec.ModelSpec`
and ``CARD.md`` the text for people; ``card.png`` and ``judged.json`` may lie beside them. Nothing is ever unpickled.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import platformdirs

from napari_udt.errors import ModelError
from napari_udt.files import writing
from napari_udt.files.reading import read_text
from napari_udt.files.writing import whole_folder_or_nothing
from napari_udt.models.spec import ModelSpec

if TYPE_CHECKING:
    from torch import Tensor

    from napari_udt.models.model import TransferModel

WEIGHTS, SPEC, CARD = "weights.safetensors", "model.json", "CARD.md"
# What an evaluation adds: the card's picture and numbers.
PICTURE, JUDGED = "card.png", "judged.json"
# What a window and the command line choose first, and propose to train. Of the PAT rows the one that makes pictures like the target's: the others
# are close to the identity (docs/evaluation.md).
PROPOSED = ("hsi_transport_dy", "pat_flow_dy_closed_form")
# What stands for all models on the command line.
ALL = "all"
_SAME_NM = 0.01
MODELS_VARIABLE = "NAPARI_UDT_MODELS"
_MAX_TEXT_BYTES = 16_000_000  # specification or card; the bundled ones have some tens of kilobytes

# Specifications that were read and validated, with the versions of their two files.
_read: dict[Path, tuple[tuple[tuple[int, ...], ...], ModelSpec]] = {}


def bundled_folder() -> Path:
    """Folder of the models that come with the package."""
    return Path(__file__).parent / "bundled"


def user_folder() -> Path:
    """Folder of the user's own models; the environment variable NAPARI_UDT_MODELS overrides it."""
    override = os.environ.get(MODELS_VARIABLE)
    return (
        Path(override) if override else platformdirs.user_data_path("napari-udt", appauthor=False) / "models"
    )


def list_models() -> list[ModelSpec]:
    """Specifications of the installed models: bundled ones first, then the user's, each by name.

    Among the bundled ones the proposed method comes before its ablations and the methods that it is compared with: what
    fits a cube first is what a user is offered first.

    A user's model shadows a bundled one of the same name. A damaged folder is left out with a warning.
    """
    return [spec for spec, _ in _installed().values()]


def named_models(names: Sequence[str], modality: str, wavelengths_nm: Sequence[float] = ()) -> list[str]:
    """Return the names as they are, and for "all" those of all installed models that fit.

    Parameters
    ----------
    names : sequence of str
        Names and folders of models; a model that is named twice comes once.
    modality : {"HSI", "PAT"}
    wavelengths_nm : sequence of float
        What the models must be made for; empty for any.

    Raises
    ------
    ModelError
        When "all" finds none.
    """
    found: list[str] = []
    for name in names:
        found += (
            [spec.name for spec in list_models() if _fits(spec, modality, wavelengths_nm)]
            if name == ALL
            else [name]
        )
    if names and not found:
        grid = f" with these {len(wavelengths_nm)} wavelengths" if len(wavelengths_nm) else ""
        raise ModelError(f"No installed model is for {modality}{grid}; train one, or name a folder.")
    return list(dict.fromkeys(found))


def _fits(spec: ModelSpec, modality: str, wavelengths_nm: Sequence[float]) -> bool:
    own = spec.wavelengths_nm
    same = not len(wavelengths_nm) or (
        len(own) == len(wavelengths_nm)
        and all(abs(a - b) < _SAME_NM for a, b in zip(own, wavelengths_nm, strict=True))
    )
    return spec.modality == modality and same


def load_model(name_or_path: str | os.PathLike[str]) -> TransferModel:
    """Load a model by its name or from its folder.

    Raises
    ------
    ModelError
        When there is no such model, or it is damaged: the weights do not have the recorded hash, do not fit the
        architecture, or are not finite.
    """
    from napari_udt.models.assemble import assemble

    folder = find_folder(name_or_path)
    spec = read_spec(folder)
    weights = folder / WEIGHTS
    if sha256_of(weights) != spec.weights_sha256:
        raise ModelError(
            f"{weights}: not the weights that {SPEC} describes (their SHA-256 differs); install the model again."
        )
    return assemble(spec, _read_weights(weights), str(weights))


def save_model(model: TransferModel, folder: str | os.PathLike[str], *, overwrite: bool = False) -> ModelSpec:
    """Write a model's folder, whole or not at all.

    Parameters
    ----------
    model : TransferModel
    folder : path
        The model's own folder, usually named as the model.
    overwrite : bool
        Replace a model that is there already.

    Returns
    -------
    ModelSpec
        As written, with the hash of the weights.

    Raises
    ------
    ModelError
        When the folder exists and is not a model, or is one and ``overwrite`` is False, or a weight is not finite.
    WriteError
        When the disk is full and the like; nothing was changed then.
    """
    from safetensors.torch import save

    from napari_udt.models.assemble import check_finite

    folder = Path(folder)
    _check_target(folder, overwrite)
    tensors = {key: value.detach().cpu().contiguous() for key, value in model.network.state_dict().items()}
    check_finite(tensors, model.spec.name)
    with whole_folder_or_nothing(folder) as temporary:
        (temporary / WEIGHTS).write_bytes(save(tensors))  # a full disk is an OSError then
        spec = replace(model.spec, weights_sha256=sha256_of(temporary / WEIGHTS))
        (temporary / CARD).write_text(spec.card, encoding="utf-8")
        (temporary / SPEC).write_text(replace(spec, card="").to_json(), encoding="utf-8")
    return spec


def read_spec(folder: Path) -> ModelSpec:
    """Read the specification and the card in a model's folder; raises ModelError when it is not one.

    Files that have not changed since they were read last are not read and validated again.
    """
    path, card = folder / SPEC, folder / CARD
    try:
        version = _version_of(path), _version_of(card)
        known = _read.get(path)
        if known is None or known[0] != version:
            spec = ModelSpec.from_json(read_text(path, _MAX_TEXT_BYTES), where=str(path))
            spec = replace(spec, card=read_text(card, _MAX_TEXT_BYTES)) if card.is_file() else spec
            known = _read[path] = version, spec
        return known[1]
    except (OSError, UnicodeDecodeError) as error:
        what = error.strerror if isinstance(error, OSError) and error.strerror else error
        raise ModelError(f"{folder}: not a model folder ({what}); expected {SPEC} and {WEIGHTS}.") from error


def _version_of(path: Path) -> tuple[int, ...]:
    """Return what differs once a file has been written anew; empty where there is none."""
    try:
        stat = path.stat()
    except FileNotFoundError:
        return ()
    return stat.st_ino, stat.st_mtime_ns, stat.st_size


def _installed() -> dict[str, tuple[ModelSpec, Path]]:
    found: dict[str, tuple[ModelSpec, Path]] = {}
    for home in (bundled_folder(), user_folder()):
        for path in sorted(home.glob(f"*/{SPEC}"), key=_rank):
            try:
                spec = read_spec(path.parent)
            except ModelError as error:
                warnings.warn(f"A model was left out: {error}", stacklevel=3)
                continue
            found[spec.name] = (spec, path.parent)
    return found


def _rank(path: Path) -> tuple[bool, str]:
    return path.parent.name not in PROPOSED, path.parent.name


def find_folder(name_or_path: str | os.PathLike[str]) -> Path:
    """Return the folder of a model by its name, or the one that is named; raises ModelError when there is no such model."""
    given = Path(name_or_path)
    if isinstance(name_or_path, str):
        installed = _installed()
        if name_or_path in installed:
            return installed[name_or_path][1]
        if not given.exists():
            names = ", ".join(installed) or "none"
            raise ModelError(
                f"There is no model {name_or_path!r}, neither by name nor as a folder; installed: {names}."
            )
    return given.parent if given.name == SPEC else given


def _check_target(folder: Path, overwrite: bool) -> None:
    if not folder.exists():
        return
    if not (folder / SPEC).is_file() and (not folder.is_dir() or any(folder.iterdir())):
        raise ModelError(f"{folder} exists and is not a model; choose another folder.")
    if not overwrite and (folder / SPEC).is_file():
        raise ModelError(f"{folder} holds a model already; choose another folder or overwrite it on purpose.")


def _read_weights(path: Path) -> dict[str, Tensor]:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return load_file(path)
    except (SafetensorError, OSError, ValueError) as error:
        raise ModelError(f"{path}: not a readable safetensors file ({error}).") from error


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    try:
        return writing.sha256_of(path)
    except OSError as error:
        raise ModelError(f"{path}: the weights cannot be read ({error}).") from error
