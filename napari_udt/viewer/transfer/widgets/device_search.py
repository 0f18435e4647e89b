"""The choice of the device that networks run on, filled in a thread: importing torch takes seconds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from magicgui.widgets import ComboBox
from qtpy.QtCore import QObject, QTimer, Signal

from napari_udt.viewer.qt.jobs import JobRunner
from napari_udt.viewer.state.jobs import Report
from napari_udt.viewer.transfer import job as transfer_job

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
        self._run, self._begun = JobRunner(self), False

    def begin(self) -> None:
        """Search soon, unless that was done before."""
        if not self._begun:
            self._begun = True
            QTimer.singleShot(_TORCH_DELAY_MS, self._search)

    def _search(self) -> None:
        self._run.start(self._work, self._found)

    def _work(self, _report: Report) -> Sequence[Any]:
        return self._find()

    def _found(self, devices: Sequence[Any]) -> None:
        chosen = self._box.value
        self._box.choices = [(title, key) for key, title in transfer_job.device_choices(devices)]
        self._box.value = chosen
        self.ended.emit()
