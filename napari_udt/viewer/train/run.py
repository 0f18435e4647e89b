"""One training run in a process of its own, which goes on when the window closes. No Qt."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import psutil

from napari_udt.files.writing import whole_or_nothing
from napari_udt.io import save_cube
from napari_udt.models.store import SPEC, user_folder
from napari_udt.threads import usable_cores
from napari_udt.training.curves import Point, curves_of
from napari_udt.training.progress import LIVE, LOG, STOP, WANTED, read_live_log, read_log
from napari_udt.viewer.state.jobs import Report
from napari_udt.viewer.state.session import Session
from napari_udt.viewer.train.plan import SIMULATED, TARGET, Plan, Source, work_folder

_NICENESS = 10  # the window goes first
_PROMPT = "napari-udt: "
_CUBES = "cubes"  # folder of the open cubes
RECORD = "run.json"
CHECKPOINT = "checkpoint.pt"  # as napari_udt.training.loop, which imports torch


class TrainingRun:
    """The newest run, or check, of a window; it knows its process, and reads what that one writes.

    Everything but the check of a process that the window started itself is read from the run's folder: a window that opens
    later, because the one before was closed or crashed, finds the run there (`find`).
    """

    def __init__(self) -> None:
        self.plan: Plan | None = None
        self.check = False
        self._process: psutil.Process | psutil.Popen | None = None
        self._stopped = False
        self._read: tuple[Path, int] | None = None
        self._rows: list[dict[str, float]] = []

    @property
    def running(self) -> bool:
        """Whether the process is there."""
        if isinstance(self._process, psutil.Popen):
            return self._process.poll() is None
        return self._process is not None and is_alive(self._process)

    @property
    def folder(self) -> Path | None:
        """Folder of the log and the checkpoint; None before the first run."""
        return None if self.plan is None else _run_folder(self.plan)

    @property
    def working_on(self) -> str:
        """Name of the model that the process trains, or checks the cubes for; empty while there is no process."""
        return self.plan.name if self.plan is not None and self.running else ""

    @property
    def interrupted(self) -> bool:
        """Whether the run was ended from outside and can go on where its checkpoint is."""
        if self.running or self.check or self.folder is None or self._stopped:
            return False
        return (self.folder / CHECKPOINT).is_file() and not self.finished() and not self._sentences()

    def find(self) -> None:
        """Find the newest run that another window began: one that goes on, else one that was interrupted."""
        if self.plan is not None:
            return
        records = [r for r in work_folder("x").parent.glob(f"*.run/{RECORD}") if r.is_file()]
        for alive in (True, False):
            for record in sorted(records, key=lambda path: -path.stat().st_mtime):
                self.plan, self._process = recorded(record)
                if self.plan is not None and (self.running if alive else self.interrupted):
                    return
        self.plan = self._process = None

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
        output = _output_file(plan)
        output.parent.mkdir(parents=True, exist_ok=True)
        for name in (LIVE, LOG, STOP, WANTED):
            (output.parent / name).unlink(missing_ok=True)
        output.unlink(missing_ok=True)
        self._launch(plan, plan.command(files, check=check), check=check)

    def resume(self) -> None:
        """Go on with a run that was interrupted, as if it had not been."""
        if self.interrupted and self.plan is not None:
            self._launch(self.plan, self.plan.command_to_resume())

    def dismiss(self) -> str:
        """Let no window find an interrupted run again; return where it lies."""
        if not self.interrupted or self.folder is None:
            return ""
        (self.folder / RECORD).unlink(missing_ok=True)
        folder, self.plan, self._process = self.folder, None, None
        return f"The checkpoint of this training stays in {folder}."

    def forget_removed(self) -> None:
        """Forget a run that is over and whose folder is gone."""
        if not self.running and self.folder is not None and not self.folder.exists():
            self.plan = self._process = None

    def _launch(self, plan: Plan, command: list[str], *, check: bool = False) -> None:
        self.plan, self.check, self._stopped = plan, check, False
        threads = {"OMP_NUM_THREADS": str(max(1, usable_cores() - 1)), "PYTHONUNBUFFERED": "1"}
        with _output_file(plan).open("ab") as stream:
            self._process = psutil.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=subprocess.STDOUT,
                env={**os.environ, **threads},
                start_new_session=True,  # Ctrl-C in the window's terminal is not for it
            )
        _let_others_go_first(self._process)
        if not check:
            _record(plan, self._process)

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
        if self.plan is None or self.running or self.finished() or self.interrupted:
            return ""
        if self.check and isinstance(self._process, psutil.Popen) and self._process.returncode == 0:
            return ""
        if self._stopped:
            return "Stopped before the first step; there is no model."
        sentences = self._sentences()
        return (
            sentences[-1] if sentences else f"The {'check' if self.check else 'training'} ended unexpectedly."
        )

    def finished(self) -> str:
        """Return the name of the finished model; empty while there is none."""
        if self.plan is None or self.check or self.running:
            return ""
        return self.plan.name if (user_folder() / self.plan.name / SPEC).is_file() else ""

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
        if self.plan is None:
            return ""
        if self.interrupted:
            rows = self._live_rows()
            step = f" after about {rows[-1]['step']:,.0f} of {rows[-1]['steps']:,.0f} steps" if rows else ""
            return f"{self.plan.name} was interrupted{step}; Resume goes on where its checkpoint is."
        if not self.running:
            done = "Checked." if self.check else f"{self.plan.name} is trained, and listed among the models."
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

    def _sentences(self) -> list[str]:
        return [line.removeprefix(_PROMPT) for line in self._said() if line.startswith(_PROMPT)]

    def _said(self) -> list[str]:
        if self.plan is None:
            return []
        try:
            return _output_file(self.plan).read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            return []


def _let_others_go_first(process: psutil.Popen) -> None:
    """Lower the priority of a process, and of its session: Linux shares cores among sessions first, where it does so at all."""
    with suppress(psutil.Error, ValueError, OSError):
        process.nice(_NICENESS)
    with suppress(OSError):
        Path(f"/proc/{process.pid}/autogroup").write_text(str(_NICENESS))


def is_alive(process: psutil.Process) -> bool:
    """Whether a process is there and no zombie."""
    with suppress(psutil.Error):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False


def _record(plan: Plan, process: psutil.Process) -> None:
    """Write down what another window needs to find the run; without it the run goes on all the same."""
    with suppress(psutil.Error, OSError):
        entries = {"pid": process.pid, "created": process.create_time(), "plan": plan.as_dict()}
        with whole_or_nothing(_run_folder(plan) / RECORD) as temporary:
            temporary.write_text(json.dumps(entries), encoding="utf-8")


def recorded(path: Path) -> tuple[Plan | None, psutil.Process | None]:
    """Read what a run wrote down of itself: the plan, and the process if it is still the same."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        plan = Plan.from_dict(found["plan"])
        pid, created = int(found["pid"]), float(found["created"])
    except (OSError, ValueError, TypeError, KeyError):
        return None, None
    with suppress(psutil.Error):
        process = psutil.Process(pid)
        if abs(process.create_time() - created) < 1:
            return plan, process
    return plan, None


def _run_folder(plan: Plan) -> Path:
    folder = work_folder(plan.name)
    return folder.with_name(f"{folder.name}.run")


def _output_file(plan: Plan) -> Path:
    return _run_folder(plan) / "output.txt"
