"""Progress of a training run: a CSV log, a live line, and the handling of Ctrl-C."""

from __future__ import annotations

import csv
import errno
import json
import math
import os
import signal
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import TextIO

from napari_udt.files.write_errors import WriteError, write_reason
from napari_udt.files.writing import whole_or_nothing

# Files in the folder of a run.
LOG = "log.csv"
LIVE = "live.jsonl"
PREVIEW = "preview"  # a model with the weights of a step, see napari_udt.training.preview
WANTED = "preview.wanted"  # asks for it
STOP = "stop"  # one of this name ends the run after the step; the best weights so far are the model
_LEAST_WAIT_S = 1.0  # between two rows for a window
_MOST_ROWS = 2000


class MeanLosses:
    """Means of the losses since they were last taken."""

    def __init__(self) -> None:
        self._values: dict[str, list[float]] = defaultdict(list)

    def add(self, losses: Mapping[str, float]) -> None:
        """Remember the losses of one step."""
        for name, value in losses.items():
            self._values[name].append(value)

    def take(self) -> dict[str, float]:
        """Return the means and forget them."""
        means = {name: sum(values) / len(values) for name, values in self._values.items()}
        self._values.clear()
        return means


def append_row(path: Path, row: Mapping[str, float]) -> None:
    """Add a line to the log, whole or not at all; the first one also writes the heading."""
    if not path.exists():
        _write_rows(path, [row])
        return
    size = path.stat().st_size
    try:
        with path.open("a", newline="", encoding="utf-8") as file:
            csv.DictWriter(file, list(row)).writerow(_formatted(row))
    except OSError as error:
        with suppress(OSError):
            os.truncate(path, size)
        raise WriteError(error.errno or errno.EIO, write_reason(error, path), str(path)) from error


def read_log(path: Path) -> list[dict[str, float]]:
    """Rows of a log; missing values are left out of their row."""
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return [
            {key: float(value) for key, value in row.items() if key and value} for row in csv.DictReader(file)
        ]


def forget_rows_after(path: Path, step: int) -> None:
    """Drop the lines that a resumed run will write again."""
    rows = [row for row in read_log(path) if row["step"] <= step]
    if rows:
        _write_rows(path, rows)
    else:
        path.unlink(missing_ok=True)


def _write_rows(path: Path, rows: Sequence[Mapping[str, float]]) -> None:
    with whole_or_nothing(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(_formatted(row) for row in rows)


def _formatted(row: Mapping[str, float]) -> dict[str, str]:
    return {key: f"{value:.6g}" for key, value in row.items()}


class LiveLog:
    """Mean losses since the last row, one JSON object a line, every few seconds: for a window that shows the run.

    Parameters
    ----------
    path : Path
    steps : int
        Steps of the whole run.
    """

    def __init__(self, path: Path, steps: int) -> None:
        self.path, self.steps = path, steps
        self._means, self._last = MeanLosses(), -math.inf

    def show(self, step: int, losses: Mapping[str, float], seconds_per_step: float) -> None:
        """Add the losses of a step, and a row when it is time."""
        self._means.add(losses)
        now = time.monotonic()
        if now - self._last < max(_LEAST_WAIT_S, self.steps * seconds_per_step / _MOST_ROWS):
            return
        self._last = now
        known = {"step": step, "steps": self.steps, "seconds_per_step": seconds_per_step}
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with suppress(OSError), self.path.open("a", encoding="utf-8") as file:  # nothing depends on it
            file.write(json.dumps(known | self._means.take()) + "\n")


def read_live_log(path: Path) -> list[dict[str, float]]:
    """Rows of a `LiveLog` that are whole; some have fewer losses than others."""
    rows = []
    with suppress(OSError), path.open(encoding="utf-8") as file:
        for line in file:
            with suppress(ValueError):
                rows.append(json.loads(line))
    return rows


def forget_live_rows_after(path: Path, step: int) -> None:
    """Drop the rows of a `LiveLog` that a resumed run will write again."""
    rows = [row for row in read_live_log(path) if row["step"] <= step]
    with suppress(OSError), whole_or_nothing(path) as temporary:  # nothing depends on it
        temporary.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")


class LiveLine:
    """One line about the present step, rewritten in place on a terminal.

    Parameters
    ----------
    steps : int
        Steps of the whole run.
    stream : text stream, optional
        Standard error by default; one that is no terminal only gets the lines of `finish`.
    """

    def __init__(self, steps: int, stream: TextIO | None = None) -> None:
        self.steps = steps
        self.stream = sys.stderr if stream is None else stream
        self._width = (
            0  # of what stands there; spaces hide it, since not every Windows console knows how to erase
        )

    def show(self, step: int, losses: Mapping[str, float], seconds_per_step: float) -> None:
        """Overwrite the line."""
        if self.stream.isatty():
            text = self._words(step, losses, seconds_per_step)
            self.stream.write(f"\r{text:<{self._width}}")
            self.stream.flush()
            self._width = len(text)

    def finish(self, step: int, losses: Mapping[str, float], seconds_per_step: float) -> None:
        """Write the line for good."""
        start = "\r" if self.stream.isatty() else ""
        self.stream.write(f"{start}{self._words(step, losses, seconds_per_step):<{self._width}}\n")
        self.stream.flush()
        self._width = 0

    def _words(self, step: int, losses: Mapping[str, float], seconds_per_step: float) -> str:
        values = "  ".join(f"{name.replace('_', ' ')} {value:.3f}" for name, value in losses.items())
        minutes = (self.steps - step) * seconds_per_step / 60
        return f"step {step}/{self.steps}  {values}  {seconds_per_step:.2f} s/step, {minutes:.0f} min left"


@contextmanager
def interruption() -> Iterator[threading.Event]:
    """Turn the first Ctrl-C into an event, so that a step is finished and saved; the second one interrupts.

    Outside the main thread Python delivers no signals, and the event then stays unset.
    """
    stop = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return

    def request_stop(_number: int, _frame: FrameType | None) -> None:
        stop.set()
        signal.signal(signal.SIGINT, previous)

    previous = signal.signal(signal.SIGINT, request_stop)
    try:
        yield stop
    finally:
        signal.signal(signal.SIGINT, previous)
