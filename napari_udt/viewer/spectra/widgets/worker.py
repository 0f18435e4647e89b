"""Maps of a cube in a thread of their own: progress, cancelling, one result."""

from __future__ import annotations

from napari.qt.threading import WorkerBase, WorkerBaseSignals
from qtpy.QtCore import Signal

from napari_udt.viewer.compare.colour_pictures import ColourRequest
from napari_udt.viewer.spectra.maps import MapRequest


class _CancelledError(Exception):
    """Leaves the computation when nobody waits for it any more."""


class MapSignals(WorkerBaseSignals):
    """Signals of a map's computation; they reach the window's thread through Qt's queue."""

    progressed = Signal(object, object, object)  # request, done, in all
    succeeded = Signal(object, object)  # request, maps or a picture
    failed = Signal(object, object)  # request, exception


class MapWorker(WorkerBase):
    """Runs one request; a cancelled one ends in silence."""

    def __init__(self, request: MapRequest | ColourRequest) -> None:
        super().__init__(SignalsClass=MapSignals)
        self._request = request

    def work(self) -> None:
        """Run the request (called by Qt in the thread)."""
        try:
            found = self._request.compute(self._report)
        except _CancelledError:
            return
        except Exception as error:  # whatever a damaged file raises shall reach the user, not the log
            self.signals.failed.emit(self._request, error)
        else:
            self.signals.succeeded.emit(self._request, found)

    def _report(self, done: int, total: int) -> None:
        if self.abort_requested:
            raise _CancelledError
        self.signals.progressed.emit(self._request, done, total)
