"""From a configuration to its terms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from napari_udt.models.model import TransferModel
from napari_udt.training.config import TrainingConfig
from napari_udt.training.picture_terms import DetailPower, VesselSaturation
from napari_udt.training.samples import Samples
from napari_udt.training.term import Term
from napari_udt.training.terms import ClassMoments, HaemoglobinContent


def make_terms(
    config: TrainingConfig, model: TransferModel, samples: Mapping[str, Samples]
) -> Sequence[tuple[Term, float]]:
    """Return the terms of a configuration, with their weights."""
    wanted = config.terms
    terms: list[tuple[Term, float]] = []
    if wanted.content_weight:
        terms.append((HaemoglobinContent(model, wanted.content_batches), wanted.content_weight))
    noisy = config.data.noise_in_transfer
    if wanted.moments_weight:
        moments = ClassMoments(model, samples, wanted.moments_memory, sees_noise=noisy)
        terms.append((moments, wanted.moments_weight))
    if wanted.vessels_weight:
        vessels = VesselSaturation(model, wanted.vessels_memory, sees_noise=noisy)
        terms.append((vessels, wanted.vessels_weight))
    if wanted.texture_weight:
        texture = DetailPower(model, samples, wanted.moments_memory, sees_noise=noisy)
        terms.append((texture, wanted.texture_weight))
    return terms
