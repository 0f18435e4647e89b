"""How far one structure lies from the reference before and after a transfer, with the bootstrap's interval of the change."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from napari_udt.evaluation.intervals import percentile_interval
from napari_udt.population.block_means import BlockMeans
from napari_udt.spectral.distances import rmse, spectral_angle

Kind = Literal["angle", "level", "rmse"]
Outcome = Literal["closer", "further away", "no clear change", "too few pixels to tell", "not compared"]
KINDS: tuple[Kind, ...] = ("angle", "level", "rmse")
_RESAMPLES, _FEWEST_PIECES = 400, 5
_LEAST_CHANGE = 0.25  # of the reference's own spread
Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Change:
    """How far one structure lies from the reference before and after a transfer, by one kind of distance.

    Parameters
    ----------
    kind : {"angle", "level", "rmse"}
    before, after : float
        Degrees; the level as a fraction of the reference's, which is 1 there; RMSE in the unit of the spectra. NaN where
        there is no such spectrum.
    low, high : float
        95 % interval of the distance after minus that before; NaN where it is not known.
    spread : float
        Median distance of the reference's own pieces from its mean, as ``distance`` gives it.
    """

    kind: Kind
    before: float
    after: float
    low: float
    high: float
    spread: float

    @property
    def distance_before(self) -> float:
        """The distance before the transfer, 0 at the reference."""
        return float(distance(self.kind, self.before))

    @property
    def distance_after(self) -> float:
        """The distance after the transfer, 0 at the reference."""
        return float(distance(self.kind, self.after))

    @property
    def outcome(self) -> Outcome:
        """Closer, further away, or why neither is said."""
        if not np.isfinite(self.before) or not np.isfinite(self.after):
            return "not compared"
        if not np.isfinite(self.low) or not np.isfinite(self.high):
            return "too few pixels to tell"
        moved = abs(self.distance_after - self.distance_before)
        if self.low <= 0 <= self.high or moved < _LEAST_CHANGE * self.spread:
            return "no clear change"
        return "closer" if self.high < 0 else "further away"

    @property
    def is_within_spread(self) -> bool:
        """Whether before and after both lie within the reference's own spread."""
        return max(self.distance_before, self.distance_after) <= self.spread


def distance(kind: Kind, value: Any) -> Any:
    """Return how far a value lies from the reference's; of a level it is |ln ratio|: half and double are as far."""
    if kind != "level":
        return value
    ratio = np.asarray(value, np.float64)
    positive = ratio > 0
    return np.where(positive, np.abs(np.log(np.where(positive, ratio, 1.0))), np.nan)


def changes_between(
    before: BlockMeans | None, after: BlockMeans | None, reference: BlockMeans, pieces: BlockMeans
) -> dict[Kind, Change]:
    """Compare one structure before and after a transfer with the reference, by every kind of distance.

    Parameters
    ----------
    before, after : BlockMeans, optional
    reference : BlockMeans
        Its mean is what distances are to.
    pieces : BlockMeans
        Whose spread about that mean is the reference's own: its blocks, or other pictures.
    """
    known = [part for part in (before, after) if part is not None]
    values = {id(part): _values(part.mean, reference.mean) for part in known}
    spreads = _values(pieces.means, reference.mean)
    weights = pieces.counts if pieces is reference else np.ones(len(pieces))
    replicates = _replicates(before, after, reference)
    found: dict[Kind, Change] = {}
    for kind in KINDS:
        low, high = _interval(replicates.get(kind))
        found[kind] = Change(
            kind,
            np.nan if before is None else float(values[id(before)][kind]),
            np.nan if after is None else float(values[id(after)][kind]),
            low,
            high,
            _weighted_median(distance(kind, spreads[kind]), weights),
        )
    return found


def _replicates(
    before: BlockMeans | None, after: BlockMeans | None, reference: BlockMeans
) -> dict[Kind, Array]:
    """Return the change of each distance in every resample; nothing where there are too few pieces to draw from."""
    if before is None or after is None or min(len(before), len(after), len(reference)) < _FEWEST_PIECES:
        return {}
    together = np.array_equal(before.keys, after.keys)
    standard = reference.resampled(_RESAMPLES, 0)
    first = _values(before.resampled(_RESAMPLES, 1), standard)
    second = _values(after.resampled(_RESAMPLES, 1 if together else 2), standard)
    return {kind: distance(kind, second[kind]) - distance(kind, first[kind]) for kind in KINDS}


def _values(spectra: Array, reference: Array) -> dict[Kind, Array]:
    """Return the angle in degrees, the level as a fraction of the reference's, and the RMSE of spectra (..., channels)."""
    level, own = reference.mean(axis=-1), spectra.mean(axis=-1)
    own, level = np.broadcast_arrays(own, level)
    ratio = np.divide(own, level, out=np.full(own.shape, np.nan), where=level != 0)
    return {
        "angle": np.asarray(spectral_angle(spectra, reference, degrees=True)),
        "level": ratio,
        "rmse": np.asarray(rmse(spectra, reference)),
    }


def _interval(replicates: Array | None) -> tuple[float, float]:
    if replicates is None or not np.isfinite(replicates).all():
        return float("nan"), float("nan")
    return percentile_interval(replicates)


def _weighted_median(values: Array, weights: Array) -> float:
    known = np.isfinite(values)
    if not known.any():
        return float("nan")
    order = np.argsort(values[known])
    cumulated = np.cumsum(weights[known][order])
    return float(values[known][order][np.searchsorted(cumulated, cumulated[-1] / 2)])
