"""What the user wants to train: cubes of both domains, a method, a time; and the command that does it. No Qt."""

from __future__ import annotations

import itertools
import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from napari_udt.collection.toml_file import is_collection, load_collection
from napari_udt.cube import Domain, Modality
from napari_udt.errors import CollectionError, UdtError
from napari_udt.io import open_cube
from napari_udt.io.registry import sniff
from napari_udt.models.store import PROPOSED, list_models, user_folder
from napari_udt.training.config import load_config, packaged_configs
from napari_udt.viewer.state.session import Session

BUDGETS: Mapping[float, str] = {10.0: "10 minutes", 60.0: "1 hour", 600.0: "over night (10 hours)"}
SIMULATED, TARGET = "simulated", "target"
_MOST_FILES = 20  # of a folder, that are looked into for the modality
_TAKEN_FOR: Mapping[str, tuple[Domain, ...]] = {
    SIMULATED: ("simulated", "unknown"),
    TARGET: ("real", "second", "unknown"),
}


@dataclass(frozen=True)
class Source:
    """An open cube, by its key in the session, or a file, folder or collection.

    Parameters
    ----------
    key : str
        Empty for a path.
    path : Path, optional
    """

    key: str = ""
    path: Path | None = None

    @property
    def title(self) -> str:
        """Return the words for the screen."""
        if self.path is None:
            return f"{self.key} (open)"
        return f"{self.path.name} (folder)" if self.path.is_dir() else self.path.name


@dataclass(frozen=True)
class Plan:
    """A training run as the user wants it.

    Parameters
    ----------
    simulated, target : tuple of Source
    method : str
        Name of a packaged configuration.
    minutes : float
    name : str
        Of the model.
    structures : mapping of str to str
        What structures are called, by their names in the cubes.
    device : str
        As of ``napari-udt train --device``.
    start_from : str
        Name of the model whose weights the training begins with; empty for none.
    slower : float
        By what the learning rate is divided.
    """

    simulated: tuple[Source, ...] = ()
    target: tuple[Source, ...] = ()
    method: str = ""
    minutes: float = 10.0
    name: str = ""
    structures: Mapping[str, str] = field(default_factory=dict)
    device: str = "cpu"
    start_from: str = ""
    slower: float = 1.0

    def sources(self, side: str) -> tuple[Source, ...]:
        """Return the cubes of one side, "simulated" or "target"."""
        return self.simulated if side == SIMULATED else self.target

    def obstacle(self) -> str:
        """Return why the run cannot begin, in one sentence; empty when it can."""
        if not self.simulated:
            return "Add simulated cubes with labels: open cubes, files or a folder."
        if not self.target:
            return "Add cubes of the target domain, such as measured ones."
        if not re.fullmatch(r"[A-Za-z0-9][\w.-]{0,99}", self.name, re.ASCII):
            return "Give the model a name of letters, digits, dots, dashes and underscores."
        if name_is_taken(self.name):
            return f"There is a model or a run named {self.name} already; give another name."
        return ""

    def command(self, files: Mapping[Source, Path], *, check: bool = False) -> list[str]:
        """Return the command that trains, or only says what is found.

        Parameters
        ----------
        files : mapping of Source to Path
            Where the open cubes were written.
        check : bool
        """
        words = [sys.executable, "-m", "napari_udt", "train", self.method, "-o", str(work_folder(self.name))]
        for side in (SIMULATED, TARGET):
            words.append(f"--{side}")
            words += [str(files.get(source, source.path)) for source in self.sources(side)]
        words += [f"--map={old}={new}" for old, new in self.structures.items()]
        words += ["--minutes", f"{self.minutes:g}", "--device", self.device]
        words += ["--from", self.start_from] if self.start_from else []
        if self.slower != 1:
            rate = load_config(self.method).optimisation.learning_rate / self.slower
            words.append(f"--set=optimisation.learning_rate={rate:.6g}")
        return [*words, "--check"] if check else words

    def command_to_resume(self) -> list[str]:
        """Return the command that goes on where the run was ended; everything else was written down by it."""
        words = [sys.executable, "-m", "napari_udt", "train", self.method, "-o", str(work_folder(self.name))]
        return [*words, "--device", self.device, "--resume"]

    def as_dict(self) -> dict[str, Any]:
        """Return plain values, for the run's folder; cubes that were open are not in it."""
        sides = {side: [str(s.path) for s in self.sources(side) if s.path] for side in (SIMULATED, TARGET)}
        return {**asdict(self), **sides, "structures": dict(self.structures)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Plan:
        """Read what `as_dict` returned; unknown entries are left out.

        Raises
        ------
        TypeError, KeyError, ValueError
            When it is something else.
        """
        sides = {side: tuple(Source(path=Path(p)) for p in values[side]) for side in (SIMULATED, TARGET)}
        rest = {key: str(values[key]) for key in ("method", "name", "device", "start_from")}
        numbers = {key: float(values[key]) for key in ("minutes", "slower")}
        names = {str(old): str(new) for old, new in dict(values["structures"]).items()}
        return cls(**sides, **rest, **numbers, structures=names)  # type: ignore[arg-type]


def work_folder(name: str) -> Path:
    """Return the folder that a model is trained in; the finished model is then listed among the user's."""
    return user_folder().parent / "training" / name


def name_is_taken(name: str) -> bool:
    """Whether a model, or the checkpoint of a run, has a name already."""
    folder = work_folder(name)
    begun = folder.with_name(f"{name}.run") / "checkpoint.pt"
    return folder.exists() or begun.exists() or name in {spec.name for spec in list_models()}


def free_name(start: str = "my_model") -> str:
    """Return a name that no model has."""
    names = (start if number == 1 else f"{start}_{number}" for number in range(1, 10_000))
    return next(name for name in names if not name_is_taken(name))


def parsed_names(text: str) -> dict[str, str]:
    """Parse "old = new, older = newer".

    Raises
    ------
    CollectionError
        When an entry is no such pair.
    """
    found = {}
    for entry in filter(None, (part.strip() for part in text.split(","))):
        old, equals, new = (word.strip() for word in entry.partition("="))
        if not (old and equals and new):
            raise CollectionError(
                f"Names: {entry!r} is not understood; write old = new, separated by commas."
            )
        found[old] = new
    return found


def open_sources(session: Session, side: str) -> list[Source]:
    """Return the open cubes that may be on one side."""
    return [Source(entry.key) for entry in session if entry.cube.domain in _TAKEN_FOR[side]]


def modality_of(session: Session, sources: Iterable[Source]) -> Modality | None:
    """Return the modality of the first cube that says it without much reading; None where none does."""
    for source in sources:
        if source.path is None:
            if source.key in session:
                return session[source.key].cube.modality
            continue
        for path in _files_of(source.path):
            with suppress(UdtError, OSError):  # the run says what is wrong with it
                if is_collection(path):
                    return load_collection(path).modality
                if sniff(path).format is not None:
                    return open_cube(path, memory_limit_mb=0).modality
    return None


def _files_of(path: Path) -> Iterator[Path]:
    """Yield a path, and of a folder some of the files below it: one of them says what the others are."""
    yield path
    if path.is_dir():
        files = (Path(folder) / name for folder, _, names in os.walk(path) for name in sorted(names))
        yield from itertools.islice(files, _MOST_FILES)


@cache
def _titles() -> dict[str, tuple[str, str]]:
    configs = {name: load_config(name) for name in packaged_configs()}
    ordered = sorted(configs, key=lambda name: (name not in PROPOSED, name))
    return {name: (configs[name].modality, configs[name].title.partition(" (")[0]) for name in ordered}


def methods(modality: Modality | None) -> dict[str, str]:
    """Return the titles of the methods for a modality, or of all, by the names of their configurations; proposed ones first."""
    return {name: title for name, (own, title) in _titles().items() if modality in (None, own)}


def without(sources: Sequence[Source], chosen: Iterable[Source]) -> tuple[Source, ...]:
    """Return the sources that are not among some."""
    gone = set(chosen)
    return tuple(source for source in sources if source not in gone)
