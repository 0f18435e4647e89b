"""Models prepared for single spectra of open cubes, in a thread, and kept as long as the cube is open. No Qt."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING, Any

from psygnal import Signal

from napari_udt.cube import SpectralCube
from napari_udt.viewer.state.jobs import KeyedJobs, Submit, error_text

if TYPE_CHECKING:
    from napari_udt.inference.probe import SpectralProbe
    from napari_udt.models import ModelSpec
    from napari_udt.models.model import TransferModel
    from napari_udt.viewer.state.session import CubesChange, Entry, Session

Loader = Callable[[str], "TransferModel"]
_MOST_MODELS = 3


def _load(name: str) -> TransferModel:
    from napari_udt.models import load_model

    return load_model(name)


class Probes:
    """Probes, each of one model on one cube; prepared when first requested.

    Parameters
    ----------
    submit : callable, optional
        Runs a function later, in another thread; without it everything is done at once.
    load : callable, optional
        Used instead of :func:`napari_udt.models.load_model`.
    """

    failed = Signal(str)  # one sentence, once for every model and cube

    def __init__(self, submit: Submit | None = None, load: Loader = _load) -> None:
        self.jobs, self._load = KeyedJobs(submit), load
        self._models: dict[str, TransferModel] = {}
        self._known: weakref.WeakKeyDictionary[SpectralCube, dict[str, Any]] = weakref.WeakKeyDictionary()

    def follow(self, session: Session) -> None:
        """Forget the probes of cubes that are closed: a probe holds its cube, which would never be freed."""
        session.cubes_changed.connect(self._forget_closed)
        session.pictures_changed.connect(self._forget_former)

    def _forget_closed(self, change: CubesChange) -> None:
        for entry in change.closed:
            self._known.pop(entry.cube, None)

    def _forget_former(self, changed: Iterable[tuple[Entry, Entry]]) -> None:
        for before, _ in changed:
            self._known.pop(before.cube, None)

    def get(self, cube: SpectralCube, spec: ModelSpec) -> SpectralProbe | None:
        """Return the probe of a model on a cube; None while it is being prepared, or where that failed."""
        known = self._known.setdefault(cube, {})
        if _key(spec) not in known:
            self.jobs.request((id(cube), _key(spec)), partial(self._make, cube, spec))
        return known.get(_key(spec))

    def is_pending(self, cube: SpectralCube, spec: ModelSpec) -> bool:
        """Whether a probe is being prepared."""
        return self.jobs.is_pending((id(cube), _key(spec)))

    def give_up(self, cube: SpectralCube, spec: ModelSpec, error: Exception) -> None:
        """Use this model on this cube no more, and report the error once."""
        known = self._known.setdefault(cube, {})
        if known.get(_key(spec), self) is not None:
            known[_key(spec)] = None
            text = error_text(error, f"{spec.name} could not be used", "; the open cubes are as they were.")
            self.failed.emit(text)

    def _make(self, cube: SpectralCube, spec: ModelSpec) -> None:
        from napari_udt.inference.probe import SpectralProbe, make_job

        try:
            probe = SpectralProbe(make_job(cube, self.model_of(spec)))
            if cube.modality == "HSI":
                probe.prepare()
            if (known := self._known.get(cube)) is not None:  # else it was closed meanwhile
                known[_key(spec)] = probe
        except Exception as error:  # a damaged model or file is reported and harms nothing else
            self.give_up(cube, spec, error)

    def model_of(self, spec: ModelSpec) -> TransferModel:
        """Load a model, or return it from memory; to be called in the thread."""
        if _key(spec) not in self._models:
            while len(self._models) >= _MOST_MODELS:
                self._models.pop(next(iter(self._models)))
            self._models[_key(spec)] = self._load(spec.name)
        return self._models[_key(spec)]


def _key(spec: ModelSpec) -> str:
    return f"{spec.name} {spec.weights_sha256}"
