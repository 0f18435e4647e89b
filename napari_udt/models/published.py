"""Checkpoints in the layout that the paper's authors published: ``config.yaml`` and ``model_checkpoint.ckpt``.

The paper's own are in Zenodo's record 10.5281/zenodo.8419563 (Dreher et al., MICCAI 2023). Kind and sizes of the
network are read from the stored tensors; the configuration is used for what tensors cannot tell.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from napari_udt.errors import ModelError
from napari_udt.files.reading import read_text
from napari_udt.models.assemble import assemble
from napari_udt.models.checkpoint import read_state_dict
from napari_udt.models.model import TransferModel
from napari_udt.models.published_autoencoders import translate_image_pair, translate_spectral_pair
from napari_udt.models.published_cinn import Translation, translate_image_cinn, translate_spectral_cinn
from napari_udt.models.spec import ModelSpec
from napari_udt.models.store import save_model, sha256_of, user_folder
from napari_udt.outgoing_text import markdown

CONFIG, CHECKPOINT = "config.yaml", "model_checkpoint.ckpt"
SOURCE = "Imported from a checkpoint in the layout of Dreher et al., MICCAI 2023 (doi:10.5281/zenodo.8419563)"

# Which tensor gives a network away, and who translates it.
_TRANSLATORS = {
    ("model.module_list.0.global_scale", 2): ("cinn", "HSI", translate_spectral_cinn),
    ("model.module_list.0.global_scale", 4): ("cinn", "PAT", translate_image_cinn),
    ("gen_a.Encoder.model.0.weight", 2): ("unit", "HSI", translate_spectral_pair),
    ("gen_a.enc.model.0.convolution.weight", 4): ("unit", "PAT", translate_image_pair),
    ("gen_ab.Encoder.model.0.weight", 2): ("cyclegan", "HSI", translate_spectral_pair),
    ("gen_ab.enc.model.0.convolution.weight", 4): ("cyclegan", "PAT", translate_image_pair),
}
_TITLES = {"cinn": "cINN", "unit": "UNIT", "cyclegan": "CycleGAN"}
_RANGE_NM = {"HSI": (500.0, 1000.0), "PAT": (700.0, 850.0)}
_PUBLISHED_CHANNELS = {"HSI": 100, "PAT": 16}
_CLASSES = {
    "HSI": (
        "bladder",
        "colon",
        "fat",
        "liver",
        "peritoneum",
        "skin",
        "small_bowel",
        "spleen",
        "stomach",
        "omentum",
    ),
    # Of the seven classes of the paper's photoacoustic images only these two have known names.
    "PAT": ("class 0", "class 1", "class 2", "class 3", "class 4", "vein", "artery"),
}
_MAX_CONFIG_BYTES = 1_000_000


def _warn(error: ModelError) -> None:
    warnings.warn(f"A checkpoint was left out: {error}", stacklevel=3)


def import_model(
    folder: str | Path,
    name: str | None = None,
    *,
    overwrite: bool = False,
    left_out: Callable[[ModelError], None] = _warn,
) -> list[str]:
    """Import published checkpoints into the user's model folder, as safetensors and JSON.

    Parameters
    ----------
    folder : path
        A checkpoint's folder, or any folder above: then all below are imported.
    name : str, optional
        Name for a single model; by default its folder's.
    overwrite : bool
        Replace models of the same name.
    left_out : callable
        Called with the error of each of several checkpoints that could not be imported; by default a warning.

    Returns
    -------
    list of str
        Names of the imported models.

    Raises
    ------
    ModelError
        When there is no checkpoint, or none could be imported.
    """
    folders = _checkpoint_folders(Path(folder))
    if name is not None and len(folders) > 1:
        raise ModelError(
            f"{folder} holds {len(folders)} checkpoints; a name can be given to a single one only."
        )
    imported, failures = [], []
    for place, default_name in folders.items():
        try:
            model = read_published(place, name or default_name)
            save_model(model, user_folder() / model.spec.name, overwrite=overwrite)
            imported.append(model.spec.name)
        except ModelError as error:
            failures.append(error)
    if failures and not imported:
        raise failures[0]
    for failure in failures:
        left_out(failure)
    return imported


def read_published(folder: str | Path, name: str | None = None) -> TransferModel:
    """Read the model of one published folder; sizes come from the tensors.

    Raises
    ------
    ModelError
        When configuration or checkpoint are missing, damaged, or of a network that is not known.
    """
    folder = Path(folder)
    config = _read_config(folder / CONFIG)
    state = read_state_dict(folder / CHECKPOINT)
    for (key, axes), (kind, modality, translate) in _TRANSLATORS.items():
        if key in state and state[key].ndim == axes:
            translation = _translated(translate, state, config, folder / CHECKPOINT)
            spec = _spec(folder, name, kind, modality, translation, config)
            return assemble(spec, translation.tensors, str(folder / CHECKPOINT))
    raise ModelError(
        f"{folder / CHECKPOINT}: neither a cINN nor UNIT nor CycleGAN; its tensors have other names."
    )


def _checkpoint_folders(top: Path) -> dict[Path, str]:
    """Folders with a checkpoint at or below ``top``, each with a name of its own."""
    found = sorted(path.parent for path in top.rglob(CONFIG) if path.with_name(CHECKPOINT).is_file())
    if not found:
        raise ModelError(
            f"{top}: no checkpoint here or below; expected folders with {CONFIG} and {CHECKPOINT}."
        )
    leaves = [_as_name(path.resolve().name) for path in found]
    return {
        path: leaf if leaves.count(leaf) == 1 else _as_name(f"{path.resolve().parent.name}-{leaf}")
        for path, leaf in zip(found, leaves, strict=True)
    }


def _as_name(text: str) -> str:
    return re.sub(r"[^\w.-]+|^\W+", "-", text, flags=re.ASCII).strip("-.")[:100] or "imported"


def _read_config(path: Path) -> dict[str, Any]:
    try:
        config = yaml.safe_load(read_text(path, _MAX_CONFIG_BYTES))
    except (
        OSError,
        ValueError,
        RecursionError,
        yaml.YAMLError,
    ) as error:  # ValueError: 30 February, bad bytes
        first = str(error).splitlines()[0]
        raise ModelError(f"{path}: not a readable configuration ({first}).") from error
    if not isinstance(config, dict) or not isinstance(config.get("data"), dict):
        raise ModelError(
            f"{path}: not the configuration of a model; expected settings with a section 'data'."
        )
    if config["data"].get("log"):
        raise ModelError(f"{path}: the model works on logarithms of the data, which is not supported.")
    return config


def _translated(
    translate: Any, state: Mapping[str, Any], config: Mapping[str, Any], path: Path
) -> Translation:
    try:
        translation: Translation = translate(state, config)
    except (KeyError, IndexError, ValueError, RuntimeError, TypeError, AttributeError) as error:
        if isinstance(error, ModelError):
            raise ModelError(f"{path}: {error}") from error
        raise ModelError(f"{path}: its tensors do not make a whole network ({error}).") from error
    return replace(translation, tensors={k: t.detach().clone() for k, t in translation.tensors.items()})


def _spec(
    folder: Path,
    name: str | None,
    kind: Any,
    modality: Any,
    translation: Translation,
    config: Mapping[str, Any],
) -> ModelSpec:
    leaf = folder.resolve().name
    noisy = bool(config.get("label_noise", True))
    default_level = 0.5 if modality == "HSI" else 0.2
    wavelengths, note = _wavelengths(modality, translation.channels)
    title = f"{_TITLES[kind]} for {modality}, imported from {leaf}"
    return ModelSpec(
        name=name or _as_name(leaf),
        title=title,
        kind=kind,
        modality=modality,
        wavelengths_nm=wavelengths,
        class_names=_class_names(modality, translation.class_count),
        condition="class" if translation.class_count else "domain" if kind == "cinn" else "none",
        spectrum_norm="l2" if modality == "HSI" else "none",
        statistics=_statistics(modality, config, folder / CONFIG),
        label_noise_level=config.get("label_noise_level", default_level) if noisy else 0.0,
        domain_noise=0.1,  # whatever the setting for labels is
        architecture=translation.architecture,
        training=_training(config, folder / CHECKPOINT) | {"wavelengths": note},
        target="measured",
        licence="That of the imported checkpoint; see its source.",
        source=SOURCE,
        card=f"# {markdown(title)}\n\n{SOURCE}.\nWavelengths: {note}. Its training data are said to be measured (real) and "
        "simulated; nothing was verified here.\n",
    )


def _wavelengths(modality: str, channels: int) -> tuple[tuple[float, ...], str]:
    first, last = _RANGE_NM[modality]
    known = channels == _PUBLISHED_CHANNELS[modality]
    note = (
        f"{channels} evenly spaced over {first:g}-{last:g} nm, as in the paper's data"
        if known
        else f"not stored and assumed: {channels} evenly spaced over {first:g}-{last:g} nm"
    )
    return tuple(np.linspace(first, last, channels)), note


def _class_names(modality: str, count: int) -> tuple[str, ...]:
    known = _CLASSES[modality]
    return known if count == len(known) else tuple(f"class {i}" for i in range(count))


def _statistics(modality: str, config: Mapping[str, Any], path: Path) -> dict[str, tuple[float, float]]:
    """Statistics of both domains; images that were not standardised stay as they are."""
    if modality == "PAT" and config.get("normalization") != "standardize":
        return {"simulated": (0.0, 1.0), "real": (0.0, 1.0)}
    data = config["data"]
    try:
        return {
            "simulated": (float(data["mean_a"]), float(data["std_a"])),
            "real": (float(data["mean_b"]), float(data["std_b"])),
        }
    except (KeyError, TypeError, ValueError) as error:
        raise ModelError(
            f"{path}: mean_a, std_a, mean_b and std_b are missing or no numbers in 'data'."
        ) from error


def _training(config: Mapping[str, Any], checkpoint: Path) -> dict[str, Any]:
    """Return the training settings of the configuration, without paths of the machine it ran on."""
    plain = {k: v for k, v in config.items() if isinstance(v, int | float | str) and k != "save_path"}
    return {"configuration": plain, "checkpoint_sha256": sha256_of(checkpoint)}
