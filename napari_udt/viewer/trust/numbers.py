"""Numbers, maps and warnings of the Trust dock: how far a transfer can be believed. No Qt."""

from __future__ import annotations

import math
import weakref
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from psygnal import Signal

from napari_udt.cube import SpectralCube
from napari_udt.errors import CubeError, TransferCancelled, UdtError
from napari_udt.inference.trainings import other_trainings
from napari_udt.outgoing_text import one_line
from napari_udt.viewer.spectra.maps import SpectralMap
from napari_udt.viewer.state.chosen_model import ChosenModel
from napari_udt.viewer.state.comparable_cubes import same_scene, structure_at
from napari_udt.viewer.state.cube_files import waiting_text
from napari_udt.viewer.state.jobs import Report, Work
from napari_udt.viewer.state.session import Entry, PixelRef, Session
from napari_udt.viewer.transfer.probes import Probes
from napari_udt.viewer.trust.latent import LatentPicture, LatentResults
from napari_udt.viewer.trust.normal_ranges import LATENT, NormalRange, NormalRanges
from napari_udt.viewer.trust.rows import ROWS, TrustRow, limits

if TYPE_CHECKING:
    from napari_udt.inference.probe import SpectralProbe
    from napari_udt.inference.trust import CubeTrust, Group
    from napari_udt.models import ModelSpec

# Where a number is worth a warning. Rules of thumb: the norm of a latent drawn from N(0, 1) lies beyond four standard
# deviations about once in 30,000 (far below is no warning: clean spectra lie there, because noise was added in training);
# values beyond the bounds do not occur in the simulated samples of this package.
FAR_NORM = 4.0
FAR_VALUE: Mapping[str, float] = {"HSI": 4.0, "PAT": 25.0}


NOT_JUDGED = "No numbers yet: press Judge whole cube."
UNKNOWN_RANGE = "Normal range not known for this model."
NO_LIKELIHOOD = "This network is no cINN: it has no likelihood, no normal latent and no drawn conditions."


@dataclass(frozen=True)
class Subject:
    """What the numbers are about: an input cube, and a pixel of it, if any."""

    entry: Entry
    pixel: PixelRef | None

    @property
    def statement(self) -> str:
        """Return layer, pixel and structure."""
        if self.pixel is None:
            return f"{self.entry.key}: no pixel yet; move the mouse over it"
        parts = [f"{self.entry.key}: row {self.pixel.row}, column {self.pixel.column}"]
        return " · ".join([*parts, structure_at(self.entry, self.pixel) or "no structure known"])


def subject_of(session: Session) -> Subject | None:
    """Return the pixel under the mouse, of the newest pin, or where the mouse was last; else the newest input cube.

    For a transferred cube it is the cube that it was made from, where that is open.
    """
    newest = [pin.pixel for pin in reversed(session.pins)]
    for pixel in (session.cursor, *newest, session.last_pixel):
        if pixel is not None and pixel.key in session:
            entry = input_of(session, session[pixel.key])
            return Subject(entry, PixelRef(entry.key, pixel.row, pixel.column))
    inputs = [entry for entry in session if entry.role != "transferred"]
    return Subject(inputs[-1], None) if inputs else None


class TrustResults:
    """Numbers of pixels and of whole cubes, computed in another thread and kept as long as the cube is open.

    Parameters
    ----------
    probes : Probes
    chosen : ChosenModel
    """

    changed = Signal()  # there are more numbers; may be emitted in another thread

    def __init__(self, probes: Probes, chosen: ChosenModel) -> None:
        self.probes, self.chosen = probes, chosen
        self._cubes: weakref.WeakKeyDictionary[SpectralCube, dict[tuple[str, Group], CubeTrust]] = (
            weakref.WeakKeyDictionary()
        )
        self._pixel: tuple[Any, dict[str, float]] = (None, {})
        self._ranges = NormalRanges(probes)
        self._latents = LatentResults(probes)
        probes.jobs.ended.connect(self.changed.emit)
        chosen.changed.connect(self.changed.emit)

    def model_of(self, subject: Subject | None) -> ModelSpec | None:
        """Return the model whose transfer the numbers are about."""
        return None if subject is None else self.chosen.of(subject.entry.cube)

    def probe_of(self, subject: Subject | None) -> SpectralProbe | None:
        """Return the prepared model, None while there is none."""
        spec = self.model_of(subject)
        return None if spec is None or subject is None else self.probes.get(subject.entry.cube, spec)

    def of_pixel(self, subject: Subject | None) -> Mapping[str, float]:
        """Return the numbers of the pixel that are known now; those of spectra are computed later, in the thread."""
        spec, probe = self.model_of(subject), self.probe_of(subject)
        if subject is None or subject.pixel is None or spec is None or probe is None:
            return {}
        if subject.entry.cube.modality == "PAT":
            return dict(self._of_picture(subject, spec))
        key = (id(subject.entry.cube), spec.name, subject.pixel)
        if self._pixel[0] != key:
            work = partial(self._compute, key, probe, subject.pixel)
            self.probes.jobs.request((id(subject.entry.cube), f"{spec.name} trust"), work)
        found = self._pixel[1] if self._pixel[0] == key else {}
        return found | dict(self._of_map(subject, spec, "trainings"))

    def of_cube(self, subject: Subject | None) -> Mapping[str, float]:
        """Return the numbers of the whole cube that are known."""
        spec = self.model_of(subject)
        if subject is None or spec is None:
            return {}
        found = [k.numbers for k in self._known(subject.entry.cube, spec).values()]
        return {key: value for numbers in found for key, value in numbers.items()}

    def normal(self, subject: Subject | None) -> Mapping[str, NormalRange]:
        """Return the normal ranges of the model's numbers that are known."""
        return {} if self.probe_of(subject) is None else self._ranges.of(self.model_of(subject))

    def latent(self, subject: Subject | None) -> LatentPicture | None:
        """Return the latent beside the standard normal: of the structure; of a picture once it was judged."""
        probe = self.probe_of(subject)
        if probe is None or subject is None:
            return None
        if subject.entry.cube.modality == "HSI":
            return self._latents.of(subject.entry, subject.pixel, probe, self.normal(subject).get(LATENT))
        known = self._known(subject.entry.cube, probe.job.model.spec).get("network")
        if known is None or known.latent is None:
            return None
        return LatentPicture("whole picture", known.latent, None)

    def work(self, cubes: Sequence[SpectralCube], group: Group) -> Work[tuple[str, ...]]:
        """Return the work that computes the numbers of whole cubes, one after the other; those that are known are not computed again.

        Its result are sentences on the cubes that cannot be judged; it raises the first of them where no cube can be.
        """
        return partial(_judge_all, self, tuple(cubes), group)

    def other_trainings(self, cube: SpectralCube) -> tuple[ModelSpec, ...]:
        """Return the installed models that differ from the cube's in the seed of their training alone."""
        spec = self.chosen.of(cube)
        return () if spec is None else other_trainings(spec, self.chosen.fitting(cube))

    def keep(self, cube: SpectralCube, name: str, group: Group, found: CubeTrust) -> None:
        """Remember the numbers of a whole cube."""
        self._cubes.setdefault(cube, {})[(name, group)] = found

    def map_of(self, cube: SpectralCube, row: TrustRow) -> SpectralMap | None:
        """Return a number as a map, None where it has not been computed, or the network has none."""
        spec = self.chosen.of(cube)
        known = None if spec is None else self._known(cube, spec).get(row.group)
        values = None if known is None else known.maps.get(row.key)
        if spec is None or values is None:
            return None
        title = f"{row.title.lower()} ({spec.name})"
        return SpectralMap(title, row.unit, values, limits(row, values), row.colormap)

    def is_judged(self, cube: SpectralCube, group: Group) -> bool:
        """Whether a whole cube was judged."""
        spec = self.chosen.of(cube)
        return spec is not None and group in self._known(cube, spec)

    def missing(self, subject: Subject | None) -> str:
        """Return why numbers or normal ranges are missing, and what to press; empty where all come by themselves."""
        spec = self.model_of(subject)
        if subject is None or spec is None or spec.modality != "PAT":
            return ""
        judged = self.is_judged(subject.entry.cube, "network")
        return UNKNOWN_RANGE if judged else f"{NOT_JUDGED} {UNKNOWN_RANGE}"

    def warnings(self, subject: Subject | None) -> list[str]:
        """Return reasons for doubt, most serious first."""
        probe = self.probe_of(subject)
        if probe is None or subject is None:
            return []
        known = self._known(subject.entry.cube, probe.job.model.spec).get("network")
        return [
            *_of_numbers(self.of_pixel(subject), subject),
            *(_of_maps(known, subject.entry.cube) if known is not None else ()),
            *_of_fit(probe),
        ]

    def _known(self, cube: SpectralCube, spec: ModelSpec) -> dict[Group, CubeTrust]:
        return {group: k for (name, group), k in self._cubes.get(cube, {}).items() if name == spec.name}

    def _of_picture(self, subject: Subject, spec: ModelSpec) -> Iterator[tuple[str, float]]:
        for group in self._known(subject.entry.cube, spec):
            yield from self._of_map(subject, spec, group)

    def _of_map(self, subject: Subject, spec: ModelSpec, group: Group) -> Iterator[tuple[str, float]]:
        """Yield the values of a cube's maps at the pixel."""
        known = self._known(subject.entry.cube, spec).get(group)
        if subject.pixel is not None and known is not None:
            for key, values in known.maps.items():
                yield key, float(values[subject.pixel.row, subject.pixel.column])

    def _compute(self, key: Any, probe: SpectralProbe, pixel: PixelRef) -> None:
        from napari_udt.inference.trust import OF_SPECTRA, spectral_trust

        found: dict[str, float] = {}
        try:
            if reason := waiting_text(probe.job.cube, pinned=True):
                raise CubeError(reason)
            spectra = probe.job.cube.spectrum(pixel.row, pixel.column)[np.newaxis]
            entries = probe.job.tissue.index[pixel.row, pixel.column][np.newaxis]
            for group in OF_SPECTRA:
                numbers = spectral_trust(probe, group, spectra, entries)
                found |= {key: float(values[0]) for key, values in numbers.items()}
        except Exception as error:  # reported once; other models and cubes still work
            self.probes.give_up(probe.job.cube, probe.job.model.spec, error)
        self._pixel = (key, found)


def all_text(subject: Subject, spec: ModelSpec, pixel: Mapping[str, float], cube: Mapping[str, float]) -> str:
    """Return all numbers as a table separated by tabs, with their subject."""
    head = [one_line(f"# {subject.statement}; model {spec.name}"), "number\tunit\tpixel\twhole cube (median)"]
    rows = [
        f"{row.title}\t{row.unit}\t{pixel.get(row.key, math.nan):.7g}\t{cube.get(row.key, math.nan):.7g}"
        for row in ROWS
        if row.group != "trainings" or row.key in cube
    ]
    return "\n".join([*head, *rows])


def _judge_all(
    results: TrustResults, cubes: Sequence[SpectralCube], group: Group, report: Report
) -> tuple[str, ...]:
    from napari_udt.inference.probe import SpectralProbe, make_job
    from napari_udt.inference.trust import trust_of_cube

    lost: list[UdtError] = []
    for number, cube in enumerate(cubes):

        def step(done: int, total: int, before: int = number) -> None:
            report(before * total + done, len(cubes) * total)

        spec = results.chosen.of(cube)
        try:
            if spec is None:
                raise CubeError(f"No installed model fits {cube.name}.")
            if not results.is_judged(cube, group):
                probe = SpectralProbe(make_job(cube, results.probes.model_of(spec)))
                others = results.other_trainings(cube) if group == "trainings" else ()
                models = [results.probes.model_of(other) for other in others]
                results.keep(cube, spec.name, group, trust_of_cube(probe, group, step, models))
        except TransferCancelled:
            raise
        except UdtError as error:
            lost.append(error)
    if len(lost) == len(cubes) and lost:
        raise lost[0]
    return tuple(map(str, lost))


def input_of(session: Session, entry: Entry) -> Entry:
    """Return the cube that is judged for an open one: its source where it was transferred and that is open, else itself."""
    if entry.role != "transferred":
        return entry
    return next((peer for peer in same_scene(session, entry) if peer.role == "simulated"), entry)


def _of_numbers(numbers: Mapping[str, float], subject: Subject) -> Iterator[str]:
    """Yield reasons for doubt in one spectrum."""
    bound, largest, norm = (
        FAR_VALUE[subject.entry.cube.modality],
        numbers.get("magnitude", 0.0),
        numbers.get("norm", 0.0),
    )
    if math.isnan(largest):
        yield "This spectrum is zero or not finite; it cannot be transferred."
    if largest > bound:
        yield f"This spectrum lies {largest:.1f} standard deviations from the training mean (rule of thumb: {bound:g})."
    if norm > FAR_NORM:
        yield (
            f"The latent norm of this spectrum lies {norm:+.1f} σ from that of a normal distribution (rule of thumb: "
            f"+{FAR_NORM:g}): the model works outside what it was trained on."
        )


def _of_maps(known: CubeTrust, cube: SpectralCube) -> Iterator[str]:
    """Yield reasons for doubt, and in which share of the spectra of a cube."""
    bound = FAR_VALUE[cube.modality]
    checks = (
        (
            "magnitude",
            lambda v: v > bound,
            f"lie more than {bound:g} standard deviations from the training mean",
        ),
        ("norm", lambda v: v > FAR_NORM, f"have a latent norm more than {FAR_NORM:g} σ above normal"),
        ("magnitude", np.isnan, "are zero or not finite and cannot be transferred"),
    )
    for key, is_bad, words in checks:
        values = known.maps.get(key)
        share = 0.0 if values is None else float(np.mean(is_bad(values)))
        if share > 0:
            yield f"Whole cube: {_percent(share)} of the spectra {words}."


def _of_fit(probe: SpectralProbe) -> Iterator[str]:
    """Yield where cube and model do not quite fit."""
    job = probe.job
    if job.grid.note:
        yield f"Wavelengths differ: {job.grid.note}."
    named, _, unknown = job.tissue.note.partition("; unknown to the model, so proxy: ")
    if unknown:
        yield f"Unknown to the model, so every class is equally likely there: {unknown}."
    elif named.startswith("proxy"):
        yield "The cube has no structures that the model knows: every class is taken as equally likely."
    if job.model.spec.kind != "cinn":
        yield NO_LIKELIHOOD
    if job.domains[0] == "real":
        yield "This cube is not simulated: it is judged on its way to the simulated domain."


def _percent(share: float) -> str:
    return "less than 0.1 %" if share < 1e-3 else f"{100 * share:.1f} %"


def joined(lines: Iterable[str]) -> str:
    """Return warnings as lines of text."""
    return "\n".join(f"⚠ {line}" for line in lines)
