"""Normal numbers that a sample's own values and a seed choose.

The same sample gets the same numbers in any company, so that a result depends neither on chunks nor on the pixels beside it.
"""

from __future__ import annotations

import math
import zlib
from functools import lru_cache
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

_ROWS = 4096  # of numbers for spectra: 16 million pairs
_MIXING = 0x9E3779B1  # 2^32 over the golden ratio, prime: neighbouring seeds and calls choose distant rows


class Draws(Protocol):
    """Where the standard normal numbers of a batch come from."""

    def normal(self, *shape: int) -> Tensor:
        """Draw numbers for every sample, shape (n, *shape)."""


class FreshDraws:
    """From torch's global generator, as training does."""

    def __init__(self, x: Tensor) -> None:
        self._like = x

    def normal(self, *shape: int) -> Tensor:
        """Draw numbers for every sample, shape (n, *shape)."""
        return torch.randn(len(self._like), *shape, dtype=self._like.dtype, device=self._like.device)


class OwnDraws:
    """For each sample of its own, see the module.

    Parameters
    ----------
    x : Tensor, shape (n, C) or (n, C, H, W)
        Spectra take sums of two rows of a table, since a generator for each of a hundred thousand would take longer than their
        transfer; pictures have a generator each.
    seed : int
        From 0 to 2^32 - 1.
    """

    def __init__(self, x: Tensor, seed: int) -> None:
        self._like = x
        values = np.ascontiguousarray(x.detach().cpu().numpy().astype(np.float32))
        self._keys = np.array([zlib.crc32(sample.tobytes(), seed) for sample in values], np.uint64)
        self._generators = [np.random.default_rng([int(key), seed]) for key in self._keys if x.ndim == 4]
        self._calls = 0

    def normal(self, *shape: int) -> Tensor:
        """Draw numbers for every sample, shape (n, *shape); every call draws others."""
        self._calls += 1
        if self._generators:
            found = np.stack([rng.standard_normal(shape, np.float32) for rng in self._generators])
        else:
            found = self._of_table(math.prod(shape)).reshape(-1, *shape)
        return torch.from_numpy(found).to(self._like)

    def _of_table(self, count: int) -> NDArray[np.float32]:
        mixed = ((self._keys + np.uint64(self._calls)) * np.uint64(_MIXING)) % np.uint64(2**32)
        first, second = (mixed >> np.uint64(20)).astype(int), (mixed >> np.uint64(8)).astype(int) % _ROWS
        table = _table(count)
        found: NDArray[np.float32] = (table[0, first] + table[1, second]) * np.float32(0.5**0.5)
        return found


@lru_cache(maxsize=4)
def _table(count: int) -> NDArray[Any]:
    return np.random.default_rng(count).standard_normal((2, _ROWS, count), dtype=np.float32)
