"""How much a transfer depends on what was left open: in its condition, or in what a stochastic model draws.

In training the condition carries noise: on the domain entries, on the class entries, and a whole class where it
is unknown (Dreher et al. 2023, and the authors' code). Any such condition is admissible at inference; the spread of
the transferred spectra over them is the part of the model's uncertainty that the condition explains, no more. A stochastic model
(:attr:`~napari_udt.models.spec.ModelSpec.is_stochastic`) gives another sample with every seed; their spread is what it leaves open itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_udt.errors import ModelError, TransferError
from napari_udt.inference.job import Side
from napari_udt.inference.run import DOMAINS_OF, Direction

if TYPE_CHECKING:
    from napari_udt.models.model import TransferModel


@dataclass(frozen=True, eq=False)
class ConditionSpread:
    """Mean and standard deviation over admissible conditions, or over seeds.

    Parameters
    ----------
    mean, std : array, shape of the input
        On the model's own scale (L2-normalised where the model normalises spectra), per value.
    draws : int
        Number of conditions or seeds.
    """

    mean: NDArray[np.float32]
    std: NDArray[np.float32]
    draws: int


def condition_spread(
    model: TransferModel,
    values: NDArray[np.floating[Any]],
    direction: Direction = "sim2real",
    labels: NDArray[Any] | None = None,
    *,
    draws: int = 20,
    seed: int = 0,
) -> ConditionSpread:
    """Transfer under many admissible conditions, or with many seeds where the model is stochastic.

    Parameters
    ----------
    model : TransferModel
        A cINN, or a stochastic model.
    values : array, shape (n, channels) or (n, channels, rows, columns)
        Raw spectra or images of the source domain.
    direction : {"sim2real", "real2sim"}
    labels : array, optional
        Class indices (-1 = unknown) or probabilities, see
        :class:`~napari_udt.models.model.TransferModel`; None when nothing is known.
    draws : int
        Conditions or seeds, two or more. The tissue part of each is the same in encoding and decoding.
    seed : int
        Of the draws: the same seed gives the same result. Of a stochastic model the first of the seeds.

    Raises
    ------
    ModelError
        When the model is neither.
    TransferError
        When fewer than two draws are requested, or the direction is unknown.
    """
    if not model.spec.has_spread:
        raise ModelError(
            f"Model {model.spec.name!r} ({model.spec.kind}) draws no conditions; only a cINN does, and stochastic models have seeds."
        )
    if draws < 2 or direction not in DOMAINS_OF:
        raise TransferError(
            f"{draws} draws, direction {direction!r}; expected two or more, sim2real or real2sim."
        )
    source, target = DOMAINS_OF[direction]
    normalised = np.asarray(model.normalise(values, source))
    mean, squares = np.zeros(normalised.shape), np.zeros(normalised.shape)
    for count, drawn in enumerate(
        possible_transfers(model, normalised, (source, target), labels, draws, seed), start=1
    ):
        # Welford's update: no difference of large sums
        step = model.denormalise(drawn, target) - mean
        mean += step / count
        squares += step * (model.denormalise(drawn, target) - mean)
    std = np.sqrt(squares / (draws - 1))
    return ConditionSpread(mean.astype(np.float32), std.astype(np.float32), draws)


def possible_transfers(
    model: TransferModel,
    normalised: NDArray[Any],
    domains: tuple[Side, Side],
    labels: NDArray[Any] | None,
    draws: int,
    seed: int,
) -> Iterator[NDArray[np.float64]]:
    """Yield transfers, one per seed of a stochastic model, else one per admissible condition; parameters as there."""
    if not model.spec.is_stochastic:
        yield from admissible_transfers(model, normalised, domains, labels, draws, seed)
        return
    for number in range(seed, seed + draws):
        yield np.asarray(model.translate(normalised, *domains, labels, seed=number), np.float64)


def admissible_transfers(
    model: TransferModel,
    normalised: NDArray[Any],
    domains: tuple[Side, Side],
    labels: NDArray[Any] | None,
    draws: int,
    seed: int,
) -> Iterator[NDArray[np.float64]]:
    """Yield transfers, one per admissible condition.

    Parameters
    ----------
    model, labels, draws, seed
        See `condition_spread`.
    normalised : array, shape (n, channels) or (n, channels, rows, columns)
        Samples of the source domain in normalised units; so are the results, in the target domain's.
    domains : (str, str)
        Source and target.
    """
    import torch

    generator = torch.Generator().manual_seed(seed)
    x = torch.as_tensor(normalised, dtype=model.dtype, device=model.device)
    shape = (len(x), *x.shape[2:])
    for _ in range(draws):
        condition = model.conditions.random(shape, domains[0], labels, x[:0], generator)
        there = model.conditions.with_domain(condition, domains[1], generator)
        with torch.no_grad():
            latent, _ = model.network(x, condition)
            moved, _ = model.network.inverse(latent, there)  # type: ignore[operator]
        yield moved.cpu().numpy().astype(np.float64)
