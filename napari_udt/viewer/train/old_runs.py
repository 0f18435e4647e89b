"""What trainings have left on the disk: data sets, logs and checkpoints. No Qt."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from napari_udt.files.write_errors import size_text
from napari_udt.models.store import SPEC, user_folder
from napari_udt.viewer.train.plan import work_folder
from napari_udt.viewer.train.run import CHECKPOINT, RECORD, is_alive, recorded
from napari_udt.wording import counted

_ENDING = ".run"


@dataclass(frozen=True)
class OldRun:
    """A training that is over, or was interrupted.

    Parameters
    ----------
    name : str
        Of its model.
    bytes : int
        That its folders take; the finished model among the user's own is not in them.
    resumable : bool
        Whether there is a checkpoint and no finished model.
    """

    name: str
    bytes: int
    resumable: bool

    @property
    def folders(self) -> tuple[Path, Path]:
        """The folder that the model was written into, and that of its data sets, log and checkpoint."""
        folder = work_folder(self.name)
        return folder, folder.with_name(f"{self.name}{_ENDING}")


def old_runs() -> list[OldRun]:
    """Return the trainings that no process works on, by their names."""
    root = work_folder("x").parent
    names = {path.name.removesuffix(_ENDING) for path in root.glob(f"*{_ENDING}") if path.is_dir()}
    found = []
    for name in sorted(names):
        run = OldRun(name, 0, resumable=_is_resumable(name))
        if not _is_running(run.folders[1]):
            found.append(OldRun(name, sum(map(_size, run.folders)), run.resumable))
    return found


def summary(runs: Sequence[OldRun]) -> str:
    """Return how many trainings are over and can be resumed, and what they take; empty where there is none."""
    parts = []
    for resumable, word in ((False, "finished"), (True, "that can be resumed")):
        own = [run for run in runs if run.resumable == resumable]
        if own:
            which = f"{counted(len(own), 'training')} {word}" if resumable else f"{len(own):,} {word}"
            parts.append(f"{which}: {size_text(sum(run.bytes for run in own))}")
    return f"On the disk: {', '.join(parts)}" if parts else ""


def remove(runs: Iterable[OldRun]) -> str:
    """Remove the folders of trainings; return what was gained, or what could not be removed, in a sentence."""
    gained, problem = 0, ""
    for run in runs:
        if _is_running(run.folders[1]):  # another window has resumed it meanwhile
            continue
        for folder in run.folders:
            try:
                if folder.is_dir():
                    shutil.rmtree(folder)
            except OSError as error:
                problem = (
                    f"{error.filename or folder} could not be removed ({error.strerror}); remove it by hand."
                )
        gained += run.bytes - sum(map(_size, run.folders))
    return problem or f"{size_text(gained)} are free again; the models stay."


def _is_resumable(name: str) -> bool:
    folder = work_folder(name)
    if (folder / SPEC).is_file() or (user_folder() / name / SPEC).is_file():
        return False
    return (folder.with_name(f"{name}{_ENDING}") / CHECKPOINT).is_file()


def _is_running(folder: Path) -> bool:
    _, process = recorded(folder / RECORD)
    return process is not None and is_alive(process)


def _size(folder: Path) -> int:
    total = 0
    for path, _, names in os.walk(folder):
        for name in names:
            with suppress(OSError):
                total += os.lstat(os.path.join(path, name)).st_size
    return total
