"""Models made ready for single spectra of open cubes: loaded in a thread, kept as long as the cube is open. No Qt."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from psygnal import Signal

from napari_udt.cube import SpectralCube
from napari_udt.errors import UdtError

if TYPE_CHECKING:
    from napari_udt.inference.probe import SpectralProbe
    from napari_udt.models import ModelSpec
    from napari_udt.models.model import TransferModel
    from napari_udt.viewer.state.session import Session

Submit = Callable[[Callable[[], None]], object]
Loader = Callable[[str], "TransferModel"]
_MOST_MODELS = 3


def _load(name: str) -> TransferModel:
    from napari_udt.models import load_model

    return load_model(name)


class Probes:
    """Answers "this model on that cube" with a probe, None while it is being made ready or when it cannot be.

    Parameters
    ----------
    submit : callable, optional
        Runs a function later, in another thread; without it everything is made ready at once.
    load : callable, optional
        Used instead of :func:`napari_udt.models.load_model`.
    """

    ready = Signal()  # asking again pays; emitted in the thread that works
    failed = Signal(str)  # one sentence, once for every model and cube

    def __init__(self, submit: Submit | None = None, load: Loader = _load) -> None:
        self._submit, self._load = submit, load
        self._models: dict[str, TransferModel] = {}
        self._known: weakref.WeakKeyDictionary[SpectralCube, dict[str, Any]] = weakref.WeakKeyDictionary()
        self._pending: set[tuple[int, str]] = set()

    def follow(self, session: Session) -> None:
        """Forget what was made ready for cubes that are closed: a probe holds its cube, which would live for ever."""
        self._session = session
        session.cubes_changed.connect(self._forget_closed)

    def _forget_closed(self) -> None:
        still_open = {id(entry.cube) for entry in self._session}
        for cube in list(self._known):
            if id(cube) not in still_open:
                del self._known[cube]

    def get(self, cube: SpectralCube, spec: ModelSpec) -> SpectralProbe | None:
        """Return the probe of a model on a cube, None while there is none."""
        known = self._known.setdefault(cube, {})
        if _key(spec) not in known:
            self.later((id(cube), _key(spec)), partial(self._make, cube, spec))
        return known.get(_key(spec))

    def is_pending(self, cube: SpectralCube, spec: ModelSpec) -> bool:
        """Whether a probe is being made ready."""
        return (id(cube), _key(spec)) in self._pending

    def give_up(self, cube: SpectralCube, spec: ModelSpec, error: Exception) -> None:
        """Ask this model about this cube no more, and say so once."""
        known = self._known.setdefault(cube, {})
        if known.get(_key(spec), self) is not None:
            known[_key(spec)] = None
            self.failed.emit(_sentence(spec, error))

    def later(self, question: tuple[int, str], work: Callable[[], None]) -> None:
        """Do something in the thread, unless it is under way, and tell that it is done."""
        if question in self._pending:
            return
        self._pending.add(question)
        job = partial(self._work, question, work)
        if self._submit is None:
            job()
        else:
            self._submit(job)

    def _work(self, question: tuple[int, str], work: Callable[[], None]) -> None:
        try:
            work()
        finally:
            self._pending.discard(question)
        self.ready.emit()

    def _make(self, cube: SpectralCube, spec: ModelSpec) -> None:
        from napari_udt.inference.probe import SpectralProbe, make_job

        try:
            probe = SpectralProbe(make_job(cube, self._model(spec)))
            if cube.modality == "HSI":
                probe.prepare()
            if (known := self._known.get(cube)) is not None:  # else it was closed meanwhile
                known[_key(spec)] = probe
        except Exception as error:  # a damaged model or file must reach the user and harm nothing else
            self.give_up(cube, spec, error)

    def _model(self, spec: ModelSpec) -> TransferModel:
        if _key(spec) not in self._models:
            while len(self._models) >= _MOST_MODELS:
                self._models.pop(next(iter(self._models)))
            self._models[_key(spec)] = self._load(spec.name)
        return self._models[_key(spec)]


def _key(spec: ModelSpec) -> str:
    return f"{spec.name} {spec.weights_sha256}"


def _sentence(spec: ModelSpec, error: Exception) -> str:
    if isinstance(error, UdtError):
        return str(error)
    return f"{spec.name} gave no answer ({type(error).__name__}: {error}); the open cubes are as they were."
