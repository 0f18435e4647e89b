"""The record of a finished run: data, configuration, duration, hardware and held-out metrics."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from napari_udt.evaluation import class_spectra, transferring
from napari_udt.inference.devices import choose
from napari_udt.models import ModelSpec, TransferModel
from napari_udt.training.config import TrainingConfig
from napari_udt.training.domains import DomainData
from napari_udt.training.fine_tuning import parent_record, parent_spec
from napari_udt.training.loop import TrainingLoop
from napari_udt.training.objective import DOMAINS
from napari_udt.training.processes import Processes

# Held-out samples that the numbers of the card are computed on: whole images take long.
MOST_SAMPLES = {"HSI": 20_000, "PAT": 24}

MODEL_DOMAINS: dict[str, transferring.ModelDomain] = {"simulated": "simulated", "second": "real"}

# The held-out criterion of each kind of model, and name and measure of its round-trip error.
_QUALITIES: dict[str, tuple[str, str, Callable[..., float] | None]] = {
    "cinn": ("ml_per_dimension", "round_trip_max_error", transferring.round_trip_error),
    "unit": ("held_out", "cycle_rms_error", transferring.cycle_rms_error),
    "flow_matching": ("held_out", "round_trip_max_error", transferring.round_trip_error),
    "dicyclegan": ("held_out", "cycle_rms_error", transferring.cycle_rms_error),
    "syndiff": ("held_out", "cycle_rms_error", transferring.cycle_rms_error),
    "cyclegan": ("held_out", "cycle_rms_error", transferring.cycle_rms_error),
    "label_to_image": ("held_out", "", None),  # there is no way back
}


def training_record(
    config: TrainingConfig, data: Mapping[str, DomainData], loop: TrainingLoop, model: TransferModel
) -> dict[str, Any]:
    """Return the record for the model's specification, JSON-serialisable; the card is written from it.

    Parameters
    ----------
    config : TrainingConfig
    data : mapping of {"simulated", "second"} to DomainData
    loop : TrainingLoop
        After it has run.
    model : TransferModel
        With the weights that are kept.
    """
    return {
        "data": {domain: _data_record(data[domain]) for domain in DOMAINS},
        "config": _without_folders(config),
        **parent_record(config, parent_spec(config)),
        "steps": loop.trainer.steps_done,
        "best_step": loop.best_step,
        "seconds": round(loop.seconds, 1),
        "hardware": _hardware(loop.trainer.processes, config),
        "torch": torch.__version__,
        "metrics": held_out_metrics(loop, data, model),
    }


def held_out_metrics(
    loop: TrainingLoop, data: Mapping[str, DomainData], model: TransferModel
) -> dict[str, Any]:
    """Numbers on held-out samples: what the family has, and how near class means come to the target domain's."""
    raw = {domain: _held_out(data[domain], MOST_SAMPLES[loop.config.modality]) for domain in DOMAINS}
    simulated, second = raw["simulated"], raw["second"]
    names = model.spec.class_names
    moved = transferring.transferred(model, *simulated)
    # what the statistics of the two domains do without any network
    rescaled = model.denormalise(model.normalise(simulated[0], "simulated"), "real")
    means = {
        "before": class_spectra.class_means(*simulated, names),
        "after": class_spectra.class_means(moved, simulated[1], names),
    }
    wanted = class_spectra.class_means(*second, names)
    kind = (
        "syndiff" if model.spec.is_bridge else model.spec.kind
    )  # no path leads back to where another one began
    criterion, error, measured_by = _QUALITIES[kind]
    return {
        criterion: loop.trainer.held_out_losses(loop.held_out),
        **(
            {}
            if measured_by is None
            else {
                error: {
                    domain: measured_by(model, raw[domain][0], _visible(loop, domain, raw[domain][1]), word)
                    for domain, word in MODEL_DOMAINS.items()
                }
            }
        ),
        "class_mean_relative_rms": {when: class_spectra.relative_rms(m, wanted) for when, m in means.items()},
        "nearest_class_mean_balanced_accuracy": {
            when: class_spectra.nearest_mean_accuracy(m, *second, names) for when, m in means.items()
        },
        "class_levels": _class_levels(
            raw | {"rescaled": (rescaled, simulated[1]), "transferred": (moved, simulated[1])}, model.spec
        ),
    }


def _class_levels(
    sets: Mapping[str, tuple[NDArray[np.float32], NDArray[Any]]], spec: ModelSpec
) -> dict[str, dict[str, float]]:
    """Levels per set and class; none for spectra of unit norm, which have no level of their own."""
    if spec.spectrum_norm == "l2":
        return {}
    return {name: class_spectra.class_levels(*values, spec.class_names) for name, values in sets.items()}


def _held_out(data: DomainData, most: int) -> tuple[NDArray[np.float32], NDArray[Any]]:
    index = data.held_out_index[:: max(1, len(data.held_out_index) // most)]
    return data.dataset.samples[index], data.dataset.labels[index]


def _visible(loop: TrainingLoop, domain: str, labels: NDArray[Any]) -> NDArray[Any]:
    hidden = domain == "second" and loop.config.condition.second_labels == "proxy"
    return np.full_like(labels, -1) if hidden else labels


def _without_folders(config: TrainingConfig) -> dict[str, Any]:
    """Return the configuration without the folders of the machine that it ran on."""
    plain = config.as_dict()
    plain["data"] |= {domain: Path(plain["data"][domain]).name for domain in DOMAINS}
    plain["start_from"] = Path(plain["start_from"]).name
    return plain


def _data_record(data: DomainData) -> dict[str, Any]:
    dataset = data.dataset
    return {
        "file": data.path.name,
        "sha256": data.sha256,
        "origin": dataset.origin,
        "domain": dataset.domain,
        "seed": dataset.seed,
        "generator": dict(dataset.generator),
        "samples": len(dataset),
        "held_out": len(data.held_out_index),
    }


def _hardware(processes: Processes, config: TrainingConfig) -> str:
    title = choose(processes.device).title
    if processes.device == "cpu":
        threads = 1 if config.optimisation.single_thread else torch.get_num_threads()
        title = f"{title}, {threads} thread(s)"
    return title if processes.size == 1 else f"{processes.size} x {title}"
