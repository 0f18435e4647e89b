"""Models on disk: a folder each, with the weights, the specification and the card.

``<name>/weights.safetensors`` holds the tensors, ``model.json`` the :class:`~napari_udt.models.spec.ModelSpec`
and ``CARD.md`` the text for people. Nothing is ever unpickled.
"""

from __future__ import annotations

import hashlib
import os
import warnings
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import platformdirs

from napari_udt.errors import ModelError
from napari_udt.files import whole_folder_or_nothing
from napari_udt.models.spec import ModelSpec

if TYPE_CHECKING:
    from napari_udt.models.model import TransferModel

WEIGHTS, SPEC, CARD = "weights.safetensors", "model.json", "CARD.md"
MODELS_VARIABLE = "NAPARI_UDT_MODELS"

_SAFETENSORS_TYPES = {"torch.float32": "F32", "torch.float64": "F64", "torch.int64": "I64"}


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

    A user's model shadows a bundled one of the same name. A damaged folder is left out with a warning.
    """
    return [spec for spec, _ in _installed().values()]


def load_model(name_or_path: str | os.PathLike[str]) -> TransferModel:
    """Load a model by its name or from its folder.

    Raises
    ------
    ModelError
        When there is no such model, or it is damaged: the weights do not have the recorded hash, do not fit the
        architecture, or are not finite.
    """
    folder = _find(name_or_path)
    spec = read_spec(folder)
    weights = folder / WEIGHTS
    if _sha256(weights) != spec.weights_sha256:
        raise ModelError(
            f"{weights}: not the weights that {SPEC} describes (their SHA-256 differs); install the model again."
        )
    return _assemble(spec, weights)


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
    """
    from safetensors.torch import save_file

    folder = Path(folder)
    _check_target(folder, overwrite)
    tensors = {key: value.detach().cpu().contiguous() for key, value in model.network.state_dict().items()}
    _check_finite(tensors, model.spec.name)
    with whole_folder_or_nothing(folder) as temporary:
        save_file(tensors, temporary / WEIGHTS)
        spec = replace(model.spec, weights_sha256=_sha256(temporary / WEIGHTS))
        (temporary / CARD).write_text(spec.card, encoding="utf-8")
        (temporary / SPEC).write_text(replace(spec, card="").to_json(), encoding="utf-8")
    return spec


def read_spec(folder: Path) -> ModelSpec:
    """Read the specification and the card in a model's folder; raises ModelError when it is not one."""
    path = folder / SPEC
    try:
        spec = ModelSpec.from_json(path.read_text(encoding="utf-8"), where=str(path))
        card = folder / CARD
        return replace(spec, card=card.read_text(encoding="utf-8")) if card.is_file() else spec
    except (OSError, UnicodeDecodeError) as error:
        raise ModelError(f"{folder}: not a model folder ({error}); expected {SPEC} and {WEIGHTS}.") from error


def _installed() -> dict[str, tuple[ModelSpec, Path]]:
    found: dict[str, tuple[ModelSpec, Path]] = {}
    for home in (bundled_folder(), user_folder()):
        for path in sorted(home.glob(f"*/{SPEC}")):
            try:
                spec = read_spec(path.parent)
            except ModelError as error:
                warnings.warn(f"A model was left out: {error}", stacklevel=3)
                continue
            found[spec.name] = (spec, path.parent)
    return found


def _find(name_or_path: str | os.PathLike[str]) -> Path:
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


def _assemble(spec: ModelSpec, weights: Path) -> TransferModel:
    """Build the network without memory for its weights, check the file against it, then take its tensors.

    So a specification can declare any size: memory follows what the file really holds.
    """
    import torch
    from safetensors.torch import load_file

    from napari_udt.models.build import build_network
    from napari_udt.models.model import TransferModel

    with torch.device("meta"):
        network = build_network(spec)
    _check_header(network.state_dict(), weights)
    tensors = load_file(weights)
    _check_finite(tensors, spec.name)
    _check_permutations(tensors, spec.name)
    network.load_state_dict(tensors, assign=True)
    return TransferModel(spec, network)


def _check_header(expected: dict[str, Any], weights: Path) -> None:
    """Compare names, shapes and types in a safetensors file with those that the network needs."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(weights, framework="pt") as file:
            slices = {key: file.get_slice(key) for key in file.keys()}  # noqa: SIM118 - not a dict
            found = {key: (tuple(s.get_shape()), s.get_dtype()) for key, s in slices.items()}
    except (SafetensorError, OSError) as error:
        raise ModelError(f"{weights}: not a readable safetensors file ({error}).") from error
    needed = {key: (tuple(t.shape), _SAFETENSORS_TYPES[str(t.dtype)]) for key, t in expected.items()}
    if missing := needed.keys() - found.keys():
        raise ModelError(
            f"{weights}: lacks {len(missing)} of the network's tensors, among them {min(missing)!r}."
        )
    if unknown := found.keys() - needed.keys():
        raise ModelError(
            f"{weights}: {len(unknown)} tensors do not belong to the network, among them {min(unknown)!r}."
        )
    for key, (shape, kind) in needed.items():
        if found[key] != (shape, kind):
            raise ModelError(
                f"{weights}: tensor {key!r} is {found[key][1]} {found[key][0]}; its architecture needs {kind} {shape}."
            )


def _check_finite(tensors: dict[str, Any], name: str) -> None:
    for key, tensor in tensors.items():
        if tensor.is_floating_point() and not bool(tensor.isfinite().all()):
            raise ModelError(
                f"Model {name!r}: weights in {key!r} are not finite (NaN or infinite); it is damaged."
            )


def _check_permutations(tensors: dict[str, Any], name: str) -> None:
    import torch

    for key, tensor in tensors.items():
        if key.endswith("permutation") and not torch.equal(tensor.sort().values, torch.arange(len(tensor))):
            raise ModelError(f"Model {name!r}: {key!r} is not a permutation; the weights are damaged.")


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ModelError(f"{path}: the weights cannot be read ({error}).") from error
