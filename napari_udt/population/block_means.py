"""Means of the spectra of one structure over pieces that may be taken for independent: blocks of a picture, subjects.

Neighbouring pixels are alike, so pixels drawn one by one would make every interval too narrow. Sums over pieces are small:
means, the spread among the pieces and the bootstrap all follow from them without the spectra.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_udt.population.groups import Group
from napari_udt.population.selection import index_of

Array = NDArray[np.float64]
_WANTED_BLOCKS = 20
_MOST_SPECTRA = 5_000  # where each spectrum is a piece of its own


@dataclass(frozen=True, eq=False)
class BlockMeans:
    """Sums of the spectra of one structure over pieces.

    Parameters
    ----------
    keys : array, shape (pieces,)
        Which piece each is; pieces of two pictures of one scene with equal keys lie at the same place.
    sums : array, shape (pieces, channels)
    counts : array, shape (pieces,)
        Spectra of each piece.
    piece : str
        What a piece is, in the plural: "blocks of 8 × 8 pixels", "subjects".
    """

    keys: NDArray[np.int64]
    sums: Array
    counts: Array
    piece: str

    def __len__(self) -> int:
        return len(self.counts)

    @property
    def count(self) -> int:
        """Spectra in all."""
        return int(self.counts.sum())

    @property
    def mean(self) -> Array:
        """Mean of all spectra, shape (channels,)."""
        return self.sums.sum(axis=0) / self.counts.sum()

    @property
    def means(self) -> Array:
        """Mean of each piece, shape (pieces, channels)."""
        return self.sums / self.counts[:, None]

    def resampled(self, resamples: int, seed: int) -> Array:
        """Means when the pieces are drawn again with replacement, shape (resamples, channels).

        Equal keys and seeds give equal draws: two pictures of one scene are drawn together.
        """
        times = np.random.default_rng(seed).multinomial(
            len(self), np.full(len(self), 1 / len(self)), size=resamples
        )
        return (times @ self.sums) / (times @ self.counts)[:, None]


def block_means(group: Group, label: int | None) -> BlockMeans:
    """Gather the spectra of one class (None: of all) of a group into pieces.

    Pieces are the subjects where they are known; in a picture square blocks, so large that the structure has about
    twenty; else single spectra, at most 5,000 of them.

    Parameters
    ----------
    group : Group
        Holds at least one spectrum of the class.
    label : int or None
    """
    index = index_of(group, label)
    if group.subjects is None and group.places is None and len(index) > _MOST_SPECTRA:
        index = np.sort(np.random.default_rng(0).permutation(index)[:_MOST_SPECTRA])
    return _gathered(group, index, *pieces_of(group, index))


def pieces_of(group: Group, index: NDArray[np.intp]) -> tuple[NDArray[np.int64], str]:
    """Return the piece that each of some spectra of a group lies in, shape (n,), and what a piece is, in the plural."""
    if group.subjects is not None:
        return group.subjects[index].astype(np.int64), "subjects"
    if group.places is None:
        return index.astype(np.int64), "spectra"
    side = max(1, int(np.sqrt(len(index) / _WANTED_BLOCKS)))
    rows, columns = (group.places[index] // side).astype(np.int64).T
    return (rows << 32) + columns, "pixels" if side == 1 else f"blocks of {side} × {side} pixels"


def whole_means(parts: Sequence[BlockMeans], piece: str) -> BlockMeans:
    """Return several sets of spectra as the pieces of one: pictures, for example."""
    return BlockMeans(
        np.arange(len(parts)),
        np.stack([part.sums.sum(axis=0) for part in parts]),
        np.array([part.counts.sum() for part in parts]),
        piece,
    )


def _gathered(group: Group, index: NDArray[np.intp], pieces: NDArray[np.int64], piece: str) -> BlockMeans:
    order = np.argsort(pieces, kind="stable")
    keys, first = np.unique(pieces[order], return_index=True)
    sums = np.add.reduceat(group.spectra[index[order]], first, axis=0, dtype=np.float64)
    counts = np.diff(np.append(first, len(index))).astype(np.float64)
    return BlockMeans(keys, sums, counts, piece)
