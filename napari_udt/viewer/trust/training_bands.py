"""Bands of transferred curves over the trainings of their model: the same spectra by each training, in a thread. No Qt."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal

from napari_udt.cube import SpectralCube, nested
from napari_udt.inference.trainings import limits_over_trainings, no_other_training, other_trainings
from napari_udt.spectral.spectra import OverTrainings, group_statistics
from napari_udt.viewer.series.pictures import is_volume
from napari_udt.viewer.spectra.curves import Curve
from napari_udt.viewer.state.chosen_model import ChosenModel
from napari_udt.viewer.state.comparable_cubes import source_of
from napari_udt.viewer.state.jobs import KeyedJobs, Submit, error_text
from napari_udt.viewer.state.session import Entry, Session
from napari_udt.viewer.state.statistics import StructureStatistics, region_mask
from napari_udt.wording import counted

if TYPE_CHECKING:
    from napari_udt.models import ModelSpec
    from napari_udt.models.model import TransferModel

NO_TRANSFER = "A band over trainings belongs to a transferred spectrum: transfer a cube first."
_MOST_SPECTRA = 1024  # of a structure or region: an even sample of them stands for the others
_MOST_MODELS = 8  # in memory
_MOST_RESULTS = 60  # per cube
_TOLERANCE = 0.02  # rms, relative: more than rounding on another device changes

_WORDS: Mapping[OverTrainings, str] = {
    "trainings": "±1 standard deviation over",
    "trainings_range": "range of",
}
Spectra = NDArray[np.float32]  # (trainings, n, channels)


@dataclass(frozen=True, eq=False)
class Trainings:
    """Which models' transfers of which cube a band is over, and how they are made.

    Parameters
    ----------
    source : SpectralCube
        What was transferred.
    specs : tuple of ModelSpec
        The model that made the curve, and after it the other trainings of its configuration.
    result : SpectralCube, optional
        The transferred cube; None for the live transfer.
    """

    source: SpectralCube
    specs: tuple[ModelSpec, ...]
    result: SpectralCube | None = None

    @property
    def made(self) -> Mapping[str, Any]:
        """Provenance of the transfer, empty where it is the usual one."""
        return {} if self.result is None else self.result.provenance

    @property
    def key(self) -> Hashable:
        """What the numbers depend on, beside the source and the pixels."""
        return tuple(s.weights_sha256 for s in self.specs), self.result and weakref.ref(self.result)


def _load(name: str) -> TransferModel:
    from napari_udt.models import load_model

    return load_model(name)


class TrainingBands:
    """Gives transferred curves the band over all installed trainings of their model.

    Parameters
    ----------
    chosen : ChosenModel
        Knows the installed models.
    submit : callable, optional
        Runs a function later, in another thread; without it everything is done at once.
    load : callable, optional
        Used instead of :func:`napari_udt.models.load_model`.
    """

    changed = Signal()  # another band is available, or other models are; may be emitted in another thread

    def __init__(
        self, chosen: ChosenModel, submit: Submit | None = None, load: Callable[[str], TransferModel] = _load
    ) -> None:
        self.jobs, self.chosen, self._load = KeyedJobs(submit), chosen, load
        self._models: dict[str, TransferModel] = {}
        self._known: weakref.WeakKeyDictionary[SpectralCube, dict[Hashable, Spectra | str]] = (
            weakref.WeakKeyDictionary()
        )
        self._finished: dict[Curve, tuple[Curve, str]] = {}
        self._obstacle: tuple[Hashable, str] = (None, "")
        self.jobs.ended.connect(self.changed.emit)
        chosen.changed.connect(self._on_models)
        chosen.came.connect(self._on_models)

    def obstacle(self, session: Session) -> str:
        """Return why no open cube can have such a band, in one sentence; empty where one can."""
        state = (tuple(session), session.options.live)
        if self._obstacle[0] != state:
            reasons = [self.trainings_of(session, entry) for entry in session if _is_input(session, entry)]
            sentences = [reason for reason in reasons if isinstance(reason, str)]
            self._obstacle = state, "" if len(sentences) < len(reasons) else (*sentences, NO_TRANSFER)[0]
        return self._obstacle[1]

    def banded(
        self, session: Session, statistics: StructureStatistics, curves: Sequence[Curve]
    ) -> tuple[list[Curve], list[str]]:
        """Return the curves, transferred ones with their bands as far as these are known, and remarks.

        What is not known yet is computed later, in the thread.
        """
        self.jobs.start_round()
        former, self._finished = self._finished, {}
        kind, found, remarks = session.options.over_trainings, [], []
        for curve in curves:
            if kind is None or not _is_transferred(curve):
                found.append(curve)
                continue
            with_band, remark = former.get(curve) or self._with_band(session, statistics, curve, kind)
            if with_band is not curve:  # pins stand still while the mouse moves
                self._finished[curve] = with_band, remark
            found.append(with_band)
            remarks.append(remark)
        return found, list(dict.fromkeys(remarks))

    def trainings_of(self, session: Session, entry: Entry) -> Trainings | str:
        """Return the trainings of the model that made a transferred cube, or that transfers a simulated one live; else why there are none."""
        if entry.role != "transferred":
            spec = self.chosen.of(entry.cube)
            return (
                f"No installed model fits {entry.key}." if spec is None else self._of(entry.cube, spec, None)
            )
        source, made = source_of(session, entry), nested(entry.cube.provenance, "model")
        if source is None:
            return f"{entry.key}: the cube that it was made from is not open, so other trainings cannot transfer it."
        if source.cube.place != entry.cube.place:
            return f"{entry.key}: it shows another picture of its series than {source.key}."
        fitting = self.chosen.fitting(source.cube)
        spec = next((spec for spec in fitting if spec.weights_sha256 == made.get("weights_sha256")), None)
        if spec is None:
            return f"{entry.key}: the model that made it is not installed with the weights that it had."
        return self._of(source.cube, spec, entry.cube)

    def _of(self, cube: SpectralCube, spec: ModelSpec, result: SpectralCube | None) -> Trainings | str:
        others = other_trainings(spec, self.chosen.fitting(cube))
        return Trainings(cube, (spec, *others), result) if others else no_other_training(spec)

    def _with_band(
        self, session: Session, statistics: StructureStatistics, curve: Curve, kind: OverTrainings
    ) -> tuple[Curve, str]:
        """Return a curve with its band, and which trainings that is over; or without, and why.

        The band lies around the curve as the trainings lie around its own, which is the same where all spectra of the curve are taken.
        """
        live = curve.id.extra == "live"
        entry = session[curve.entry.key] if live else curve.entry
        trainings = self.trainings_of(session, entry)
        if isinstance(trainings, str):
            return curve, trainings
        if curve.basis == "structure" and session.options.volume and is_volume(entry.cube):
            return curve, "Bands over trainings are those of a picture, not of a whole volume."
        pixels = _pixels_of(session, statistics, curve)
        spectra = self._spectra(trainings, pixels)
        name = trainings.specs[0].name
        if isinstance(spectra, str):
            return curve, spectra
        if spectra is None:
            return curve, f"Computing what other trainings of {name} make of it ..."
        options = session.options.of(curve.entry.cube.modality)
        centres = np.stack(
            [
                group_statistics(options.transform(one, curve.wavelengths_nm), options.centre, "none").centre
                for one in spectra
            ]
        )
        lower, upper = limits_over_trainings(centres, kind) + (curve.values - centres[0])
        sampled = f", by {len(pixels):,} of the pixels" if len(pixels) < curve.count else ""
        label = f"{curve.label}; band: {_WORDS[kind]} {counted(len(spectra), 'training')}{sampled}"
        names = ", ".join(spec.name for spec in trainings.specs)
        return replace(curve, label=label, lower=lower, upper=upper), f"Band over the trainings {names}."

    def _spectra(self, trainings: Trainings, pixels: NDArray[np.intp]) -> Spectra | str | None:
        """Return the spectra by each training, or why there are none; None while they are being computed."""
        whole = trainings.source.modality == "PAT"
        known = self._known.setdefault(trainings.source, {})
        key = (trainings.key, None if whole else pixels.tobytes())
        if key not in known:
            work = partial(self._compute, trainings, None if whole else pixels, key)
            self.jobs.request((id(known), key), work)
        found = known.get(key)
        return found[:, pixels] if whole and isinstance(found, np.ndarray) else found

    def _compute(self, trainings: Trainings, pixels: NDArray[np.intp] | None, key: Hashable) -> None:
        from napari_udt.inference.repeat import transfers_again

        try:
            models = [self._model_of(spec) for spec in trainings.specs]
            again = transfers_again(trainings.source, models, trainings.made, pixels)
            lost = _lost(trainings, pixels, again[0])
            found: Spectra | str = lost or again
        except Exception as error:  # a damaged model or file is reported and harms nothing else
            found = error_text(error, "Other trainings could not be compared")
        if (known := self._known.get(trainings.source)) is not None:  # else it was closed meanwhile
            known[key] = found
            if len(known) > _MOST_RESULTS:
                known.pop(next(iter(known)))

    def _model_of(self, spec: ModelSpec) -> TransferModel:
        if spec.weights_sha256 not in self._models:
            while len(self._models) >= _MOST_MODELS:
                self._models.pop(next(iter(self._models)))
            self._models[spec.weights_sha256] = self._load(spec.name)
        return self._models[spec.weights_sha256]

    def _on_models(self, *_: object) -> None:
        self._obstacle, self._finished = (None, ""), {}
        self.changed.emit()


def _is_input(session: Session, entry: Entry) -> bool:
    """Whether a transferred curve can come of a cube: it is a result, or the live transfer can be drawn on it."""
    live = entry.role == "simulated" and entry.cube.modality == "HSI" and session.options.live
    return live or (
        entry.role == "transferred" and bool(nested(entry.cube.provenance, "model").get("weights_sha256"))
    )


def _is_transferred(curve: Curve) -> bool:
    """Whether a curve is a model's, and its band not one over conditions or seeds."""
    made = nested(curve.entry.cube.provenance, "model")
    is_model = curve.entry.role == "transferred" and made.get("kind") != "baseline"
    return is_model and curve.id.extra in (None, "live") and "; band:" not in curve.label


def _pixels_of(session: Session, statistics: StructureStatistics, curve: Curve) -> NDArray[np.intp]:
    """Return the pixels behind a curve, numbered row by row, ascending; of very many spectra an even sample."""
    cube = curve.entry.cube
    rows, columns = cube.shape[:2]
    mask = np.zeros((rows, columns), bool)
    if curve.id.region is not None:
        region = next(region for region in session.regions if region.number == curve.id.region)
        mask = region_mask(region.outline, region.vertices, (rows, columns))
    elif curve.basis == "structure":
        label = None if curve.structure is None else statistics.label_of(cube, curve.structure)
        mask = mask if label is None or cube.labels is None else cube.labels == label
    elif curve.pixel is not None:
        reach, row, column = session.options.window // 2, curve.pixel.row, curve.pixel.column
        mask[max(row - reach, 0) : row + reach + 1, max(column - reach, 0) : column + reach + 1] = True
    found = np.flatnonzero(mask)
    if len(found) <= _MOST_SPECTRA or cube.modality == "PAT":  # pictures are transferred whole in any case
        return found
    return found[np.linspace(0, len(found) - 1, _MOST_SPECTRA).astype(np.intp)]


def _lost(trainings: Trainings, pixels: NDArray[np.intp] | None, again: Spectra) -> str:
    """Return a sentence where a result is not what its model makes of its source; empty where it is, up to rounding."""
    from napari_udt.inference.repeat import spectra_of_pixels

    result, source = trainings.result, trainings.source
    if result is None:
        return ""
    made = spectra_of_pixels(result, np.arange(len(again)) if pixels is None else pixels)
    both = np.isfinite(made) & np.isfinite(again)
    apart = np.square(made[both] - again[both], dtype=np.float64).sum()
    if apart <= _TOLERANCE**2 * np.square(made[both], dtype=np.float64).sum():
        return ""
    return (
        f"{result.name} is not what {trainings.specs[0].name} makes of {source.name} now: transfer it again."
    )
