"""One training run in a process of its own, which goes on when the window closes. No Qt."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import psutil

from napari_udt.io import save_cube
from napari_udt.threads import usable_cores
from napari_udt.training.curves import Point, curves_of
from napari_udt.training.progress import LIVE, LOG, STOP, read_live_log, read_log
from napari_udt.viewer.state.jobs import Report
from napari_udt.viewer.state.session import Session
from napari_udt.viewer.train.plan import SIMULATED, TARGET, Plan, Source, work_folder

_NICENESS = 10  # the window goes first
_PROMPT = "napari-udt: "
_CUBES = "cubes"  # folder of the open cubes


class TrainingRun:
    """The newest run, or check, of a window; it knows its process, and reads what that one writes."""

    def __init__(self) -> None:
        self.plan: Plan | None = None
        self.check = False
        self._process: subprocess.Popen[bytes] | None = None
        self._stopped = False
        self._read: tuple[Path, int] | None = None
        self._rows: list[dict[str, float]] = []

    @property
    def running(self) -> bool:
        """Whether the process is there."""
        return self._process is not None and self._process.poll() is None

    @property
    def folder(self) -> Path | None:
        """Folder of the log and the checkpoint; None before the first run."""
        return None if self.plan is None else _run_folder(self.plan)

    def write_cubes(self, plan: Plan, session: Session, report: Report) -> dict[Source, Path]:
        """Write the open cubes of a plan to files, in another thread; the session's cubes never change."""
        wanted = [
            (side, source) for side in (SIMULATED, TARGET) for source in plan.sources(side) if source.key
        ]
        files = {}
        for number, (side, source) in enumerate(wanted):
            report(number, len(wanted))
            cube = session[source.key].cube
            safe = re.sub(r"[^\w.-]+", "_", source.key)
            path = _run_folder(plan) / _CUBES / f"{side}_{number}_{safe}.udt.h5"
            path.parent.mkdir(parents=True, exist_ok=True)
            domain = "simulated" if side == SIMULATED else cube.domain
            save_cube(cube.with_(domain=domain, series=None, place=0), path, overwrite=True)
            files[source] = path
        return files

    def start(self, plan: Plan, files: Mapping[Source, Path], *, check: bool = False) -> None:
        """Start the process; what it says goes to a file."""
        self.plan, self.check, self._stopped = plan, check, False
        output = _output_file(plan)
        output.parent.mkdir(parents=True, exist_ok=True)
        for name in (LIVE, LOG, STOP):
            (output.parent / name).unlink(missing_ok=True)
        threads = {"OMP_NUM_THREADS": str(max(1, usable_cores() - 1)), "PYTHONUNBUFFERED": "1"}
        with output.open("wb") as stream:
            self._process = subprocess.Popen(
                plan.command(files, check=check),
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=subprocess.STDOUT,
                env={**os.environ, **threads},
                start_new_session=True,  # Ctrl-C in the window's terminal is not for it
            )
        with suppress(psutil.Error, ValueError, OSError):
            psutil.Process(self._process.pid).nice(_NICENESS)

    def stop(self) -> None:
        """End the run after its step with the best weights so far; before the first step, at once."""
        if not self.running or self._process is None or self.folder is None:
            return
        self._stopped = True
        if self.check or not (self.folder / LIVE).exists():
            self._process.terminate()
        else:
            (self.folder / STOP).touch()

    def lines(self) -> list[str]:
        """Return what the process has said, without the lines of single steps and the error."""
        return [line for line in self._said() if not line.startswith(("step ", _PROMPT))]

    def error(self) -> str:
        """Return why there is no model, in one sentence; empty while it runs and when all is well."""
        if self._process is None or self.running or self._process.returncode == 0:
            return ""
        if self._stopped:
            return "Stopped before the first step; there is no model."
        sentences = [line.removeprefix(_PROMPT) for line in self._said() if line.startswith(_PROMPT)]
        return (
            sentences[-1]
            if sentences
            else f"The training ended unexpectedly (status {self._process.returncode})."
        )

    def finished(self) -> str:
        """Return the name of the finished model; empty while there is none."""
        over = self._process is not None and not self.running and self._process.returncode == 0
        return self.plan.name if over and self.plan is not None and not self.check else ""

    def losses(self) -> dict[str, dict[str, list[Point]]]:
        """Return points (step, value) of each kind of loss and domain, those on held-out samples too."""
        if self.folder is None or self.check:
            return {}
        held_out = [
            {k: v for k, v in row.items() if k.startswith(("step", "held_out"))}
            for row in read_log(self.folder / LOG)
        ]
        return curves_of(self._live_rows()) | curves_of(held_out)

    def state(self) -> str:
        """Return what goes on, in words."""
        if self._process is None:
            return ""
        if not self.running:
            name = self.finished()
            done = "Checked." if self.check else f"{name} is trained, and listed among the models."
            return self.error() or done
        if self._stopped:
            return "Stopping: the best weights so far are kept ..."
        rows = self._live_rows()
        if not rows:
            return "Looking at the cubes ..."
        last = rows[-1]
        left = (last["steps"] - last["step"]) * last["seconds_per_step"] / 60
        return f"Step {last['step']:,.0f} of {last['steps']:,.0f}, about {left:,.0f} min left"

    def _live_rows(self) -> list[dict[str, float]]:
        """Return the rows of the live log, read again only when it has grown."""
        if self.folder is None or self.check:
            return []
        path = self.folder / LIVE
        size = path.stat().st_size if path.exists() else 0
        if (path, size) != self._read:
            self._read, self._rows = (path, size), read_live_log(path)
        return self._rows

    def clean(self) -> None:
        """Remove the copies of open cubes, once the process has ended."""
        if self.folder is not None and not self.running:
            shutil.rmtree(self.folder / _CUBES, ignore_errors=True)

    def _said(self) -> list[str]:
        if self.plan is None:
            return []
        try:
            return _output_file(self.plan).read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            return []


def _run_folder(plan: Plan) -> Path:
    folder = work_folder(plan.name)
    return folder.with_name(f"{folder.name}.run")


def _output_file(plan: Plan) -> Path:
    return _run_folder(plan) / "output.txt"
