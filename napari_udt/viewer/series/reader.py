"""Reading the pictures at a session's position. No Qt.

A picture may take long: some are reconstructed or transferred when they are asked for. It is read in another thread, for which
the window waits shortly; until the picture is there the cube shows the former one.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from threading import Condition

from psygnal import Signal

from napari_udt.cube import SpectralCube
from napari_udt.viewer.series.pictures import PICTURE_WORDS, CubeSeries, series_of
from napari_udt.viewer.state.jobs import Submit, error_text, run_at_once
from napari_udt.viewer.state.session import CubesChange, Session

_PATIENCE_S = 0.03  # so that most pictures come without a flicker


class PictureReader:
    """Brings the pictures at a session's position into it, and the session to a series that is opened.

    Parameters
    ----------
    session : Session
    submit : callable, optional
        Runs a function later, in another thread; without it every picture is read at once.
    deliver : callable, optional
        Runs a function in the session's thread, called from any.
    """

    failed = Signal(str)  # one sentence
    changed = Signal()  # pictures are waited for, or are not any more

    def __init__(
        self,
        session: Session,
        submit: Submit | None = None,
        deliver: Callable[[Callable[[], None]], object] = run_at_once,
    ) -> None:
        self._session, self._submit, self._deliver = session, submit or run_at_once, deliver
        self._lock = Condition()
        self._wanted: dict[CubeSeries, int] = {}
        self._failed: dict[CubeSeries, int] = {}
        self._reading: set[CubeSeries] = set()
        session.cubes_changed.connect(self._cubes_changed)
        session.position_changed.connect(self.follow)

    def waited_for(self, cube: SpectralCube) -> int | None:
        """Return the number of the picture that is being read in the place of this one; None where none is."""
        return None if cube.series is None else self._wanted.get(cube.series)

    @property
    def busy(self) -> bool:
        """Whether any picture is waited for."""
        return bool(self._wanted)

    def picture(self, series: CubeSeries, index: int) -> SpectralCube | None:
        """Return a picture, or have it read in the background and return None where that takes long, or failed."""
        if (kept := series.at_hand(index)) is not None:
            with self._lock:
                self._wanted.pop(series, None)
            return kept
        if self._failed.get(series) == index or self._wanted.get(series) == index:
            return None
        with self._lock:
            self._failed.pop(series, None)
            self._wanted[series] = index
            idle = series not in self._reading
            self._reading.add(series)
        if idle:
            self._submit(partial(self._read, series))
        with self._lock:
            self._lock.wait_for(lambda: series not in self._wanted, _PATIENCE_S)
        if series in self._wanted:
            self.changed.emit()
        return series.at_hand(index)

    def follow(self, _position: float | None = None) -> None:
        """Show the pictures at the session's position, as far as they are at hand; the others follow."""
        session, found = self._session, {}
        for entry in session:
            series = series_of(entry.cube)
            if series is None or session.position is None:
                continue
            index = series.nearest(session.position)
            if entry.cube.place == index:
                self._wanted.pop(series, None)
            elif (cube := self.picture(series, index)) is not None:
                found[entry.key] = cube
        session.show_pictures(found)

    def _read(self, series: CubeSeries) -> None:
        """Read pictures of one series, one after the other, until none is wanted; in the thread."""
        while True:
            with self._lock:
                index = self._wanted.get(series)
                if index is None:
                    self._reading.discard(series)
                    return
            error = None
            try:
                series[index]
            except Exception as found:  # whatever a library raises must reach the user, not the log
                error = found
            with self._lock:
                if error is not None:
                    self._failed[series] = index
                if self._wanted.get(series) == index:
                    del self._wanted[series]
                    self._lock.notify_all()
            self._deliver(partial(self._arrived, series, index, error))

    def _arrived(self, series: CubeSeries, index: int, error: Exception | None) -> None:
        if error is not None:
            self.failed.emit(
                error_text(error, f"{PICTURE_WORDS[series.axis].title()} {index + 1} is not shown")
            )
        self.follow()
        self.changed.emit()

    def _cubes_changed(self, change: CubesChange) -> None:
        """Start at the picture of the first series that is opened; others come to the position."""
        session = self._session
        if not (change.opened or change.closed):
            return
        shown = [(entry.cube, series) for entry in session if (series := series_of(entry.cube)) is not None]
        if not shown:
            session.set_position(None)
        elif session.position is None:
            cube, series = shown[-1]
            session.set_position(float(series.coordinates[cube.place]))
        else:
            self.follow()
