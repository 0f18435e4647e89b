"""Which of several ways to the same numbers is the fastest on this machine, found by a short measurement and kept.

Ways that add up in another order differ in the last bit, so that a choice must not waver: it is measured once for a
processor and a version of torch, kept in the cache, and the same for all processes from then on.
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import torch

from napari_udt.files.cache import cache_path
from napari_udt.inference.devices import processor_features, processor_name
from napari_udt.threads import one_thread_each

# The first way, the usual one, stays unless another takes less than this share of its time.
WORTH_CHANGING = 0.85
# Each way is measured so often, or for so long if that is less.
_ROUNDS = 5
_ENOUGH_S = 0.1
Ways = Mapping[str, Callable[[], object]]

_lock = threading.Lock()
_known: dict[str, str] = {}


def fastest(question: str, names: Sequence[str], ways: Callable[[], Ways]) -> str:
    """Return the name of the way that takes the least time, the first one where the others are hardly faster.

    Parameters
    ----------
    question : str
        What is chosen, with the sizes that decide it. Measured at most once for each.
    names : sequence of str
        Of the ways, the usual one first.
    ways : callable
        Returns what does the work in each way, by name; called only where a measurement is needed. Measured is the
        time of one thread, which other programs on the machine hardly change.
    """
    with _lock:
        if question not in _known:
            _known[question] = _kept(question, names) or _measured(question, names, ways())
        return _known[question]


def choices() -> dict[str, str]:
    """Return what this process has chosen so far: question and way."""
    with _lock:
        return dict(sorted(_known.items()))


def _measured(question: str, names: Sequence[str], ways: Ways) -> str:
    runs: dict[str, list[float]] = {name: [] for name in names}
    with one_thread_each(), torch.inference_mode():
        for name in names:
            ways[name]()  # the first call prepares
        for _ in range(_ROUNDS):  # in turn, so that a machine whose speed drifts is equally unfair to all
            for name in (name for name in names if sum(runs[name]) < _ENOUGH_S):
                start = time.thread_time()
                ways[name]()
                runs[name].append(time.thread_time() - start)
    seconds = {name: min(times) for name, times in runs.items()}
    best = min(names, key=lambda name: seconds[name])
    chosen = best if seconds[best] < WORTH_CHANGING * seconds[names[0]] else names[0]
    return _keep(question, names, {"question": question, "chosen": chosen, "seconds": seconds})


def _path(question: str) -> Path:
    processor = (processor_name(), *processor_features(), torch.__version__)
    return cache_path("speed", question, *processor).with_suffix(".json")


def _kept(question: str, names: Sequence[str]) -> str | None:
    """Return what was chosen before, by this process or another; a file that does not say so is removed."""
    path = _path(question)
    with suppress(OSError):
        try:
            chosen = json.loads(path.read_text(encoding="utf-8"))["chosen"]
            if chosen in names:
                return str(chosen)
        except (ValueError, TypeError, KeyError):
            pass
        path.unlink()
    return None


def _keep(question: str, names: Sequence[str], found: dict[str, object]) -> str:
    """Keep a choice, unless another process kept one in the meantime: all of them take the first."""
    path = _path(question)
    own = path.with_name(f"{path.stem}-{os.getpid()}.part")
    with suppress(OSError):  # a cache that cannot be written costs a measurement
        path.parent.mkdir(parents=True, exist_ok=True)
        own.write_text(json.dumps(found), encoding="utf-8")
        with suppress(FileExistsError):
            os.link(own, path)
    with suppress(OSError):
        own.unlink()
    return _kept(question, names) or str(found["chosen"])
