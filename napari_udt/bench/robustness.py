"""Benchmarks beyond an idle machine: many spectra, and another process that keeps a core busy."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch

from napari_udt.bench.machine import timed
from napari_udt.bench.spectral import TISSUES
from napari_udt.inference.spectral_engine import SpectralPlan
from napari_udt.inference.spectral_steps import coupling_blocks
from napari_udt.models.spectral_cinn import SpectralCINN

COUNTS = (1_000, 10_000, 100_000, 1_000_000)
_BUSY_SPECTRA = 60_000
_CHUNK = 8192  # as a transfer runs


def scaling(network: SpectralCINN, counts: Sequence[int] = COUNTS) -> list[dict[str, Any]]:
    """Return microseconds per spectrum for growing numbers of spectra: a linear cost is a constant column."""
    plan = _plan(network)
    x, entries = torch.randn(_CHUNK, 100), torch.randint(TISSUES, (_CHUNK,))
    plan(x, entries)
    found = []
    for count in counts:
        whole, rest = divmod(count, _CHUNK)
        repeats = max(1, 30_000 // count)

        def run(whole: int = whole, rest: int = rest, repeats: int = repeats) -> None:
            for _ in range(repeats):
                for _ in range(whole):
                    plan(x, entries)
                if rest:
                    plan(x[:rest], entries[:rest])

        found.append({"spectra": count, "us_per_spectrum": 1e6 * timed(run) / (count * repeats)})
    return found


def beside_a_busy_process(network: SpectralCINN) -> dict[str, float]:
    """Compare the rate beside a process that keeps one core busy with the rate of one thread on an idle machine.

    Returns
    -------
    dict
        ``one_core``: spectra/s of one thread; ``busy``: spectra/s of the usual threads beside the busy process;
        ``share``: their ratio, for a machine with two cores the share of the remaining core's rate.
    """
    x, entries = torch.randn(_BUSY_SPECTRA, 100), torch.randint(TISSUES, (_BUSY_SPECTRA,))
    alone, usual = _plan(network, threads=1), _plan(network)
    one_core = _BUSY_SPECTRA / min(timed(lambda: alone(x, entries)) for _ in range(3))
    with _busy_core():
        busy = _BUSY_SPECTRA / min(timed(lambda: usual(x, entries)) for _ in range(3))
    return {"one_core": one_core, "busy": busy, "share": busy / one_core}


def _plan(network: SpectralCINN, threads: int | None = None) -> SpectralPlan:
    torch.manual_seed(1)
    width = coupling_blocks(network)[0].condition_channels
    source, target = (torch.rand(TISSUES, width) for _ in range(2))
    return SpectralPlan(network, source, target, threads=threads)


@contextmanager
def _busy_core() -> Iterator[None]:
    spinner = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        time.sleep(0.3)
        yield
    finally:
        spinner.kill()
        spinner.wait()
