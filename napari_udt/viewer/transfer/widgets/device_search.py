"""Looks for the devices that networks can run on, without holding the window, and offers them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from magicgui.widgets import ComboBox
from qtpy.QtCore import QObject, QTimer, Signal

from napari_udt.viewer.transfer import job as transfer_job
from napari_udt.viewer.transfer.widgets.worker import CallWorker

_TORCH_DELAY_MS = 1500  # torch takes seconds to import: not while the window is being drawn
Find = Callable[[], Sequence[Any]]


def installed_devices() -> Sequence[Any]:
    """Return the devices of this machine; imports torch."""
    from napari_udt.inference import available_devices

    return available_devices()


class DeviceSearch(QObject):
    """Fills the choice of a device once.

    Parameters
    ----------
    box : ComboBox
    find : callable
        Returns the devices; runs in a thread.
    parent : QObject
    """

    ended = Signal()

    def __init__(self, box: ComboBox, find: Find, parent: QObject) -> None:
        super().__init__(parent)
        self._box, self._find = box, find
        self._worker: CallWorker | None = None

    def begin(self) -> None:
        """Look soon, unless that was done before."""
        if self._worker is None:
            self._worker = CallWorker(self._find)
            self._worker.returned.connect(self._found)
            QTimer.singleShot(_TORCH_DELAY_MS, self._worker.start)

    def _found(self, devices: Sequence[Any]) -> None:
        chosen = self._box.value
        self._box.choices = [(title, key) for key, title in transfer_job.device_choices(devices)]
        self._box.value = chosen
        self.ended.emit()
