"""A training run from the data set files to the model folder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from napari_udt.errors import TrainingError
from napari_udt.files.write_errors import free_bytes, size_text
from napari_udt.files.writing import check_writable
from napari_udt.models import ModelSpec, TransferModel, build_network, load_model, save_model
from napari_udt.models.assemble import transfer_model
from napari_udt.models.conditions import Conditions
from napari_udt.models.label_to_image import LabelGenerator
from napari_udt.models.noise import InputNoise, drawn_noise
from napari_udt.models.spectral_cinn import SpectralCINN
from napari_udt.models.wavelet_flow import WaveletFlow
from napari_udt.training.card import model_card
from napari_udt.training.class_means import match_class_means
from napari_udt.training.config import TrainingConfig
from napari_udt.training.domains import (
    DomainData,
    load_domain,
    require_matching,
    spectrum_norm,
    with_noise_of,
)
from napari_udt.training.fine_tuning import parent_model, require_same_kind
from napari_udt.training.loop import CHECKPOINT, TrainingLoop
from napari_udt.training.objective import DOMAINS
from napari_udt.training.processes import Processes, together
from napari_udt.training.realism import Realism
from napari_udt.training.record import training_record
from napari_udt.training.samples import Samples
from napari_udt.training.spectral_realism import SpectralRealism
from napari_udt.training.term_list import make_terms
from napari_udt.training.trainer import Trainer


def train(
    config: TrainingConfig, folder: Path | str, *, resume: bool = False, device: str = "cpu", devices: int = 1
) -> TransferModel:
    """Train a transfer model and write its folder.

    Parameters
    ----------
    config : TrainingConfig
    folder : path
        Receives the model; ``<folder>.run`` beside it receives the log, its curves (an SVG) and the checkpoint.
    resume : bool
        Continue from the checkpoint; the result is bit-identical to an uninterrupted run on the same machine.
    device : str
        A torch device.
    devices : int
        Processes that share the work, one per device of that kind, each with the configuration's batch size; see
        :mod:`napari_udt.training.processes`.

    Returns
    -------
    TransferModel
        With the weights of the best held-out loss.

    Raises
    ------
    TrainingError
        When the data do not fit, there is no or already a checkpoint, a loss is not finite, the devices are not
        there, or the disk has no room for the checkpoints.
    WriteError
        When the folder cannot be written; nothing was computed then.
    TrainingInterrupted
        After Ctrl-C.
    """
    folder = Path(folder)
    require_new(folder)
    check_writable(folder)
    if run_folder(folder).exists():
        check_writable(run_folder(folder) / CHECKPOINT)
    if devices == 1:
        train_in(Processes(device), config, folder, resume)
    else:
        together(train_in, devices, device, config, folder, resume)
    return load_model(folder)


def require_new(folder: Path) -> None:
    """Refuse a model's folder in which something is already.

    Raises
    ------
    TrainingError
        When the folder is not empty.
    """
    if folder.is_file() or (folder.is_dir() and any(folder.iterdir())):
        raise TrainingError(f"{folder}: exists and is not empty; choose another folder for the model.")


def train_in(processes: Processes, config: TrainingConfig, folder: Path, resume: bool) -> None:
    """Train in one of several processes; the first one writes the model's folder."""
    begun = begin(config, processes)
    loop = TrainingLoop(begun.trainer, begun.data, run_folder(folder), begun.judge(), begun.model)
    _require_room(loop, processes)
    loop.start(resume)
    loop.run()
    if not processes.leads:
        return
    spec = replace(begun.model.spec, training=training_record(config, begun.data, loop, begun.model))
    save_model(transfer_model(replace(spec, card=model_card(spec)), begun.trainer.network), folder)


@dataclass(frozen=True, eq=False)
class Begun:
    """A run before its first step.

    Parameters
    ----------
    config : TrainingConfig
    data : mapping of {"simulated", "second"} to DomainData
    model : TransferModel
        Its network is the trainer's.
    trainer : Trainer
    """

    config: TrainingConfig
    data: Mapping[str, DomainData]
    model: TransferModel
    trainer: Trainer

    def judge(self) -> Realism | SpectralRealism | None:
        """Return what chooses the weights in place of the held-out losses; None for these."""
        if self.config.optimisation.choose_by == "likelihood":
            return None
        held_out = {domain: self.data[domain].held_out for domain in DOMAINS}
        if self.config.modality == "HSI":
            return SpectralRealism(self.model, held_out)
        return Realism(self.model, held_out, self.config.optimisation.held_out_samples)


def begin(config: TrainingConfig, processes: Processes | None = None) -> Begun:
    """Read the data, build the network, and fit what is fitted in closed form.

    Parameters
    ----------
    config : TrainingConfig
    processes : Processes, optional
    """
    parent = parent_model(config)
    kept = None if parent is None else parent.spec
    data = {domain: load_domain(config, domain, kept) for domain in DOMAINS}
    require_matching(data["simulated"], data["second"])
    if config.data.noise_profile == "target":
        data["simulated"] = with_noise_of(data["simulated"], data["second"])
    spec = make_spec(config, data)
    torch.manual_seed(config.seed)
    network = build_network(spec)
    if parent is not None:
        require_same_kind(parent.spec, spec)
        network.load_state_dict(parent.network.state_dict())
    samples = {domain: data[domain].training for domain in DOMAINS}
    if isinstance(network, WaveletFlow):
        network.fit(
            [
                noisy_samples(config, spec, samples[domain], domain, config.data.fitted_pictures)
                for domain in DOMAINS
            ]
        )
    if isinstance(network, LabelGenerator):
        network.fit(samples["second"].values, samples["second"].labels)
    if isinstance(network, SpectralCINN) and network.transport is not None:
        every = len(samples["simulated"])
        seen = {
            "simulated": noisy_samples(config, spec, samples["simulated"], "simulated", every)[0],
            "real": samples["second"].values,
        }
        labels = {"simulated": samples["simulated"].labels, "real": samples["second"].labels}
        network.transport.fit(seen, labels, np.array(spec.wavelengths_nm))
    model = transfer_model(spec, network)
    if isinstance(network, WaveletFlow) and network.shape is not None:
        match_class_means(model, samples["simulated"], samples["second"])
    terms = make_terms(config, model, samples)
    trainer = Trainer(config, network, training_conditions(config, spec), samples, processes, terms)
    return Begun(config, data, model, trainer)


def noisy_samples(
    config: TrainingConfig, spec: ModelSpec, samples: Samples, domain: str, most: int
) -> tuple[Tensor, Tensor]:
    """Return some samples of a domain, evenly spread, with the noise of training, and their expected conditions."""
    step = max(1, len(samples) // most)
    values, labels = samples.values[::step], samples.labels[::step]
    number = float(DOMAINS.index(domain))
    condition = Conditions.of(spec).expected(labels.shape, number, labels, values)
    return values + drawn_noise(values, samples.noise), condition


def run_folder(folder: Path) -> Path:
    """Return the folder of the log and the checkpoint of a model that is being trained."""
    return folder.with_name(f"{folder.name}.run")


def _require_room(loop: TrainingLoop, processes: Processes) -> None:
    """Refuse a run whose checkpoints the disk cannot take: later hours would be lost."""
    needed, free = loop.bytes_to_write(), processes.shared(lambda: free_bytes(loop.folder))
    if free is not None and needed > free:
        raise TrainingError(
            f"{loop.folder}: the checkpoints of this run need about {size_text(needed)}, {size_text(free)} are free; make "
            "room, or choose a folder on another disk."
        )


def make_spec(config: TrainingConfig, data: Mapping[str, DomainData]) -> ModelSpec:
    """Return the specification of the model that follows from a configuration and data."""
    simulated, second = data["simulated"], data["second"]
    return ModelSpec(
        name=config.name,
        title=config.title,
        kind=config.method,
        modality=config.modality,
        wavelengths_nm=tuple(float(w) for w in simulated.dataset.wavelengths_nm),
        class_names=simulated.dataset.class_names,
        condition=config.condition.on,
        spectrum_norm=spectrum_norm(config),  # type: ignore[arg-type]
        intensity=config.data.intensity,
        intensity_scales=_intensity_scales(simulated, second),
        statistics={"simulated": simulated.statistics, "real": second.statistics},
        label_noise_level=config.condition.label_noise_level,
        domain_noise=config.condition.domain_noise,
        **_input_noise(config, simulated.training.noise),
        architecture=config.architecture,
        target=second.dataset.origin,  # type: ignore[arg-type]
        licence="MIT",
        source="trained with `napari-udt train`",
    )


def training_conditions(config: TrainingConfig, spec: ModelSpec) -> Conditions:
    """Conditions of the training: proxies never take a class that is left out."""
    kept = [i for i, name in enumerate(spec.class_names) if name not in config.data.leave_out]
    return replace(Conditions.of(spec), proxy_classes=tuple(kept))


def _intensity_scales(simulated: DomainData, second: DomainData) -> dict[str, float]:
    scales = {"simulated": simulated.intensity_scale, "real": second.intensity_scale}
    return {domain: scale for domain, scale in scales.items() if scale is not None}


def _input_noise(config: TrainingConfig, noise: InputNoise) -> dict[str, Any]:
    """Fields of the noise that a transfer adds."""
    if not config.data.noise_in_transfer:
        return {}
    return {
        "input_noise": noise.white,
        "speckle": noise.speckle,
        "clutter": noise.clutter,
        "noise_profile": noise.profile,
        "noise_variation": noise.variation,
    }
