"""What a transfer did to the oxygen saturation of a structure: its level and the order of its pixels, apart.

A transfer may shift all saturations alike and keep their order, or keep the median and shuffle the pixels. The same pixels are
compared before and after; where the simulated truth is known, both are compared with it. All saturations but the truth are estimates by
linear unmixing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_udt.evaluation.intervals import percentile_interval
from napari_udt.evaluation.rank_correlation import spearman
from napari_udt.population.block_means import pieces_of
from napari_udt.population.groups import Group, Population
from napari_udt.population.selection import index_of
from napari_udt.population.verdict import source_of
from napari_udt.wording import counted

Array = NDArray[np.float64]
_RESAMPLES, _FEWEST_PIECES, _FEWEST_PIXELS = 200, 5, 10
_LEAST_MOVE = 0.02  # of the level, as a fraction: two percentage points
_UNIFORM = 0.01  # standard deviation of the truth below which its order means nothing
_KEPT, _LOST = 0.9, 0.5  # rank correlation
_NAMED = 4  # structures that a line names at most
LINES_NOTE = (
    "Median sO₂ before → after the transfer; order: rank correlation of the pixels with what was simulated, where that is not known "
    "of after with before."
)


@dataclass(frozen=True, eq=False)
class SaturationMove:
    """The oxygen saturation of one structure before and after one transfer, at the same pixels, as fractions 0-1.

    Parameters
    ----------
    structure : str
    group : Group
        The transferred one.
    before, after, truth : float
        Medians; ``truth`` is what was simulated, NaN where it is not known.
    low, high : float
        95 % interval of the change of the median, from blocks of pixels; NaN where there are too few.
    rank : float
        Spearman's correlation of the pixels' saturations before and after; NaN where it means nothing.
    truth_rank_before, truth_rank_after : float
        That of the estimates with the truth; NaN where it is not known, or the same everywhere.
    count : int
        Pixels in which blood is found before and after.
    is_partial : bool
        Whether only the pixels were taken whose truth is known.
    """

    structure: str
    group: Group
    before: float
    after: float
    truth: float
    low: float
    high: float
    rank: float
    truth_rank_before: float
    truth_rank_after: float
    count: int
    is_partial: bool = False

    @property
    def change(self) -> float:
        """Of the median, as a fraction."""
        return self.after - self.before

    @property
    def is_clear(self) -> bool:
        """Whether the interval of the change is known and excludes zero."""
        return bool(np.isfinite(self.low) and not self.low <= 0 <= self.high)

    @property
    def level(self) -> str:
        """What happened to the level, in words."""
        if not np.isfinite(self.low):
            return "too few pixels to tell whether the level moved"
        if not self.is_clear or abs(self.change) < _LEAST_MOVE:
            return "no clear change of the level"
        points = f"level moved by {100 * self.change:+.0f} points"
        if not np.isfinite(self.truth):
            return points
        nearer = abs(self.after - self.truth) < abs(self.before - self.truth)
        return f"{points}, {'towards' if nearer else 'away from'} what was simulated"

    @property
    def order(self) -> str:
        """What happened to the order of the pixels, in words."""
        if np.isfinite(self.truth_rank_before) and np.isfinite(self.truth_rank_after):
            return (
                f"order of the pixels: rank correlation with what was simulated {self.truth_rank_before:.2f} → "
                f"{self.truth_rank_after:.2f}"
            )
        if not np.isfinite(self.rank):
            reason = "one saturation was simulated" if np.isfinite(self.truth) else "too few pixels differ"
            return f"order of the pixels not judged, as {reason}"
        word = "kept" if self.rank >= _KEPT else "lost" if self.rank < _LOST else "partly kept"
        return f"order of the pixels {word} (rank correlation before and after {self.rank:.2f})"

    def sentence(self, *, model: str = "") -> str:
        """Return level and order in one sentence, after the model where there are several."""
        start = f"{model} · " if model else ""
        truth = f", simulated {100 * self.truth:.0f} %" if np.isfinite(self.truth) else ""
        if self.is_partial:
            truth += f" (at the {counted(self.count, 'pixel')} where that is known)"
        return (
            f"{start}{self.structure.replace('_', ' ')}: median sO₂ {100 * self.before:.0f} % → {100 * self.after:.0f} %{truth}: "
            f"{self.level}; {self.order}."
        )

    def line(self, *, model: str = "") -> str:
        """Return level and order in a short line, for many structures below each other; see ``LINES_NOTE``."""
        start = f"{model} · " if model else ""
        truth = f" (simulated {100 * self.truth:.0f} %)" if np.isfinite(self.truth) else ""
        if np.isfinite(self.truth_rank_before) and np.isfinite(self.truth_rank_after):
            order = f"order {self.truth_rank_before:.2f} → {self.truth_rank_after:.2f}"
        else:
            order = f"order {self.rank:.2f}" if np.isfinite(self.rank) else "order not judged"
        level = self.level.replace("what was simulated", "it").removeprefix("level moved by ")
        return (
            f"{start}{self.structure.replace('_', ' ')}: {100 * self.before:.0f} % → {100 * self.after:.0f} %{truth}, "
            f"{level}; {order}."
        )


def large_moves_sentence(moves: Sequence[SaturationMove], *, model: str = "") -> str:
    """Return one line on moves by more than ten points; empty without any."""
    if not moves:
        return ""
    start = f"{model} · oxygen" if model else "Oxygen"
    named = [f"{m.structure.replace('_', ' ')} ({100 * m.change:+.0f})" for m in moves[:_NAMED]]
    more = f" and {len(moves) - _NAMED} more" if len(moves) > _NAMED else ""
    return f"{start} saturation moved by more than 10 points in: {', '.join(named)}{more}."


def saturation_moves(
    population: Population,
    label: int | None,
    structure: str,
    estimate: Callable[[Any], Any],
    most: int,
) -> tuple[SaturationMove, ...]:
    """Compare the saturation of one class (None: of all spectra) before and after each transfer, at the same pixels.

    Parameters
    ----------
    population : Population
    label : int or None
    structure : str
        Its name.
    estimate : callable
        Returns the saturations (n,) of spectra (n, channels), NaN where there is no blood.
    most : int
        Pixels that are compared at most, drawn without replacement.
    """
    moves = []
    for group in population.part("transferred"):
        source = source_of(group, population)
        if source is not None:
            ours, theirs = _same_pixels(group, source, label, most)
            if len(ours):
                moves.append(_move(structure, group, source, ours, theirs, estimate))
    return tuple(move for move in moves if move.count)


def _same_pixels(
    group: Group, source: Group, label: int | None, most: int
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the spectra of a class in a transferred group, and those of its source at the same pixels."""
    nothing = np.empty(0, np.intp)
    if group.places is None or source.places is None or group.cube is None or source.cube is None:
        return nothing, nothing
    if group.cube.shape[:2] != source.cube.shape[:2]:
        return nothing, nothing
    ours, theirs = index_of(group, label), np.arange(len(source))
    columns = group.cube.shape[1]
    own, other = (
        p[i, 0].astype(np.int64) * columns + p[i, 1]
        for p, i in ((group.places, ours), (source.places, theirs))
    )
    _, a, b = np.intersect1d(own, other, assume_unique=True, return_indices=True)
    if len(a) > most:
        kept = np.sort(np.random.default_rng(0).permutation(len(a))[:most])
        a, b = a[kept], b[kept]
    return ours[a], theirs[b]


def _move(
    structure: str,
    group: Group,
    source: Group,
    ours: NDArray[np.intp],
    theirs: NDArray[np.intp],
    estimate: Callable[[Any], Any],
) -> SaturationMove:
    after, before = estimate(group.spectra[ours]), estimate(source.spectra[theirs])
    truth = np.full(len(ours), np.nan) if source.oxygenation is None else source.oxygenation[theirs]
    blood = np.isfinite(after) & np.isfinite(before)
    is_known = blood & np.isfinite(truth)
    is_partial = bool(0 < np.count_nonzero(is_known) < np.count_nonzero(blood))
    if is_partial:  # medians of other pixels than those of the truth could not be compared with it
        blood = is_known
    after, before, truth = after[blood], before[blood], truth[blood].astype(np.float64)
    low, high = _interval(after, before, pieces_of(source, theirs[blood])[0])
    known = np.isfinite(truth)
    is_ordered = bool(known.sum() >= _FEWEST_PIXELS and truth[known].std() > _UNIFORM)
    return SaturationMove(
        structure,
        group,
        _median(before),
        _median(after),
        _median(truth[known]),
        low,
        high,
        float("nan") if known.all() and not is_ordered else _rank_correlation(before, after),
        _rank_correlation(truth[known], before[known]) if is_ordered else float("nan"),
        _rank_correlation(truth[known], after[known]) if is_ordered else float("nan"),
        len(after),
        is_partial,
    )


def _median(values: Array) -> float:
    return float(np.median(values)) if len(values) else float("nan")


def _rank_correlation(a: Array, b: Array) -> float:
    if len(a) < _FEWEST_PIXELS or np.ptp(a) == 0 or np.ptp(b) == 0:
        return float("nan")
    return float(spearman(a, b))


def _interval(after: Array, before: Array, pieces: NDArray[np.int64]) -> tuple[float, float]:
    """Return the interval of the change of the median when the pieces are drawn again."""
    names, member = np.unique(pieces, return_inverse=True)
    if len(names) < _FEWEST_PIECES:
        return float("nan"), float("nan")
    order = np.argsort(member, kind="stable")
    parts = np.split(order, np.flatnonzero(np.diff(member[order])) + 1)
    rng, changes = np.random.default_rng(0), np.empty(_RESAMPLES)
    for number in range(_RESAMPLES):
        drawn = np.concatenate([parts[i] for i in rng.integers(len(parts), size=len(parts))])
        changes[number] = np.median(after[drawn]) - np.median(before[drawn])
    return percentile_interval(changes)
