"""What a collection holds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from napari_udt.collection.preprocessing import Step
from napari_udt.cube import DOMAINS, Domain, Modality
from napari_udt.errors import CollectionError
from napari_udt.io.contract import reason
from napari_udt.io.recording_files import recording_fingerprint

Split = Literal["train", "test"]
State = tuple[int, int, str]  # bytes, time of the last change where it counts, SHA-256
SPLITS: tuple[Split, ...] = get_args(Split)


@dataclass(frozen=True)
class Member:
    """One cube of a collection.

    Parameters
    ----------
    path : Path
        Its file, or the folder that is a recording.
    candidate : str
        Which cube of the file; empty for the first.
    domain : {"simulated", "real", "second", "transferred", "unknown"}
        As in :class:`napari_udt.SpectralCube`.
    subject : str
        The person, animal or simulated volume that it shows.
    split : {"train", "test"}
        Training never sees cubes of a subject that has one of "test".
    wavelengths_nm : tuple of float
        Stated by the user because the file lacks them; empty where it has them.
    bytes, modified_ns, sha256
        The state of the recording when it was collected, see :mod:`napari_udt.io.recording_files`; ``modified_ns`` counts
        only where it is not 0.
    """

    path: Path
    candidate: str = ""
    domain: Domain = "unknown"
    subject: str = ""
    split: Split = "train"
    wavelengths_nm: tuple[float, ...] = ()
    bytes: int = 0
    modified_ns: int = 0
    sha256: str = ""

    def __post_init__(self) -> None:
        for key, value, choices in (("domain", self.domain, DOMAINS), ("split", self.split, SPLITS)):
            if value not in choices:
                raise CollectionError(f"{self.name}: {key} is {value!r}; expected {' or '.join(choices)}.")

    @property
    def name(self) -> str:
        """File name, with the candidate where one is named."""
        return f"{self.path.name} ({self.candidate})" if self.candidate else self.path.name

    @property
    def who(self) -> tuple[str, str]:
        """What identifies its subject: a measured and a simulated one of the same name are two."""
        return ("target" if self.domain in ("real", "second") else "simulated"), self.subject

    def with_state(self, states: dict[Path, State] | None = None) -> Member:
        """Return the member with the present state of its files.

        Parameters
        ----------
        states : dict, optional
            States that are known already, by file; this one is added.

        Raises
        ------
        CollectionError
            When they cannot be read.
        """
        states = {} if states is None else states
        if self.path not in states:
            states[self.path] = _state_of(self.path)
        size, time, sha256 = states[self.path]
        return replace(self, bytes=size, modified_ns=time, sha256=sha256)

    def problem(self, states: dict[Path, State] | None = None) -> str:
        """Return what is wrong with the files: missing, or changed since they were collected; empty if nothing is."""
        if not self.path.exists():
            return f"{self.path}: the file is missing; put it back, or collect again."
        if not self.sha256:
            return ""
        try:
            same = self.with_state(states) == self
        except CollectionError as error:
            return str(error)
        return "" if same else f"{self.path}: the file has changed since it was collected; collect again."


def _state_of(path: Path) -> State:
    try:
        now = recording_fingerprint(path)
    except OSError as error:
        raise CollectionError(f"{path}: the file cannot be read ({reason(error)}).") from error
    return now.bytes, 0 if now.compared == "content" else now.modified_ns, now.sha256


@dataclass(frozen=True)
class Collection:
    """Cubes that belong together.

    Parameters
    ----------
    members : tuple of Member
    modality : {"HSI", "PAT"}
    wavelengths_nm : tuple of float
        Strictly increasing; every cube covers them all.
    structures : mapping of str to str
        What structures are called here, by their names in the files; others keep theirs.
    preprocessing : tuple of Step
        Applied to every spectrum in this order, at the common wavelengths.
    """

    members: tuple[Member, ...]
    modality: Modality
    wavelengths_nm: tuple[float, ...]
    structures: Mapping[str, str] = field(default_factory=dict)
    preprocessing: tuple[Step, ...] = ()

    @property
    def grid(self) -> NDArray[np.float64]:
        """The common wavelengths, shape (channels,)."""
        return np.array(self.wavelengths_nm)

    @property
    def for_training(self) -> tuple[Member, ...]:
        """Members that training may see: of no subject that has a cube for tests."""
        tested = {member.who for member in self.members if member.split == "test"}
        return tuple(member for member in self.members if member.who not in tested)

    @property
    def for_tests(self) -> tuple[Member, ...]:
        """Members that a finished model is judged on."""
        return tuple(member for member in self.members if member.split == "test")

    def of(self, domains: Iterable[str]) -> Collection:
        """Return the members of some domains."""
        wanted = set(domains)
        return replace(self, members=tuple(m for m in self.members if m.domain in wanted))

    def checked(self) -> tuple[Collection, list[str]]:
        """Return the members whose files are as they were, and a sentence for each of the others."""
        states: dict[Path, State] = {}
        problems = {member: member.problem(states) for member in self.members}
        kept = tuple(member for member, problem in problems.items() if not problem)
        return replace(self, members=kept), [problem for problem in problems.values() if problem]
