"""The Transfer dock's choices, kept in the session: they come back with a session file and with a new dock."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.compat import isalive
from qtpy.QtCore import QObject

from napari_udt.viewer.transfer import job as transfer_job

if TYPE_CHECKING:
    from napari_udt.viewer.state.session import Session
    from napari_udt.viewer.transfer.widgets.dock import TransferDock

NAME = "transfer"


class TransferMemory(QObject):
    """Writes down what is chosen in a Transfer dock, and chooses it again."""

    def __init__(self, session: Session, dock: TransferDock) -> None:
        super().__init__(dock)
        self._session, self._dock = session, dock
        self._restoring = False
        for box in (dock.source, dock.model, dock.direction, dock.condition, dock.noise, dock.device):
            box.changed.connect(self._note)
        dock.devices_found.connect(self._choose_device)
        session.settings_restored.connect(self.restore)
        self._choose_device()

    def _note(self) -> None:
        dock = self._dock
        if self._restoring or not isalive(dock):
            return
        self._session.settings[NAME] = {
            "source": dock.source.value,
            "model": None if dock.model.value is None else dock.model.value.name,
            "direction": dock.direction.value,
            "condition": dock.condition.value,
            "noise": dock.noise.value,
            "device": self._device(),
        }

    def _device(self) -> Any:
        """Return what is chosen, or was wished for while devices are still being looked for."""
        chosen = self._dock.device.value
        return chosen if len(self._dock.device.choices) > 1 else self._told().get("device", chosen)

    def restore(self) -> None:
        """Choose again what was written down; what is no longer offered stays as it is."""
        if not isalive(self._dock):
            return
        told, dock, self._restoring = self._told(), self._dock, True
        try:
            _choose(dock.source, told.get("source"))
            models = {spec.name: spec for spec in dock.model.choices}
            if isinstance(told.get("model"), str) and told["model"] in models:
                dock.model.value = models[told["model"]]
            _choose(dock.direction, told.get("direction"))
            _choose(dock.condition, told.get("condition"))
            if transfer_job.offers_noise(dock.model.value, dock.direction.value):
                _choose(dock.noise, told.get("noise"))
            _choose(dock.device, told.get("device"))
        finally:
            self._restoring = False

    def _choose_device(self) -> None:
        """Choose the device when devices are known at last: that takes seconds."""
        if isalive(self._dock):
            self._restoring = True
            _choose(self._dock.device, self._told().get("device"))
            self._restoring = False

    def _told(self) -> dict[str, Any]:
        return self._session.settings.get(NAME, {})


def _choose(box: Any, value: Any) -> None:
    if isinstance(value, str) and value in box.choices and value != box.value:
        box.value = value
