"""One map at a time, in a thread of its own; what a cancelled one still brings is ignored."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import QObject, Signal

from napari_udt.viewer.spectra.maps import MapRequest
from napari_udt.viewer.spectra.widgets.worker import MapWorker


class MapRun(QObject):
    """The computation that is under way, if any."""

    progressed = Signal(int)  # per cent
    succeeded = Signal(object, object)  # request, what was found
    failed = Signal(object)  # exception

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.request: MapRequest | None = None
        self._worker: MapWorker | None = None

    def start(self, request: MapRequest) -> None:
        """Start; there must be none under way."""
        self.request, self._worker = request, MapWorker(request)
        self._worker.signals.progressed.connect(self._on_progressed)
        self._worker.signals.succeeded.connect(self._on_succeeded)
        self._worker.signals.failed.connect(self._on_failed)
        self.destroyed.connect(self._worker.quit)
        self._worker.start()

    def cancel(self) -> bool:
        """Stop; return whether there was anything to stop."""
        if self._worker is None:
            return False
        self._worker.quit()
        self._end()
        return True

    def _end(self) -> None:
        self.request = self._worker = None

    def _on_progressed(self, request: MapRequest, done: int, total: int) -> None:
        if request is self.request:
            self.progressed.emit(100 * done // max(total, 1))

    def _on_succeeded(self, request: MapRequest, found: Any) -> None:
        if request is self.request:
            self._end()
            self.succeeded.emit(request, found)

    def _on_failed(self, request: MapRequest, error: Exception) -> None:
        if request is self.request:
            self._end()
            self.failed.emit(error)
