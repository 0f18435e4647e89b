"""The Transfer dock's choices in the session's settings: they come back with a session file and with a new dock."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from qtpy.compat import isalive
from qtpy.QtCore import QObject

from napari_udt.viewer.state.settings import plain, settings_from
from napari_udt.viewer.transfer import job as transfer_job

if TYPE_CHECKING:
    from napari_udt.viewer.state.session import Session
    from napari_udt.viewer.transfer.widgets.form import TransferForm

NAME = "transfer"  # in the session's settings


@dataclass(frozen=True)
class TransferSettings:
    """What the boxes of the Transfer dock show: key of the cube, name of the model, and the keys of the other choices."""

    source: str | None = None
    model: str | None = None
    direction: str | None = None
    condition: str | None = None
    noise: str | None = None
    seed: int | None = None
    steps: int | None = None
    truncation: float | None = None
    frames: str | None = None
    device: str | None = None


class TransferMemory(QObject):
    """Keeps the choices of a Transfer dock in the session's settings, and makes them again."""

    def __init__(self, session: Session, dock: TransferForm) -> None:
        super().__init__(dock)
        self._session, self._dock = session, dock
        self._restoring = False
        for box in (
            dock.source,
            dock.model,
            dock.direction,
            dock.condition,
            dock.noise,
            dock.seed,
            dock.steps,
            dock.truncation,
            dock.frames,
            dock.device,
        ):
            box.changed.connect(self._keep)
        session.settings_restored.connect(self.restore)
        self.choose_device()

    @property
    def _kept(self) -> TransferSettings:
        return settings_from(TransferSettings, self._session.settings.get(NAME))

    def _keep(self) -> None:
        dock = self._dock
        if self._restoring or not isalive(dock):
            return
        searching = len(dock.device.choices) < 2  # then the kept device is still to come
        self._session.settings[NAME] = plain(
            TransferSettings(
                source=dock.source.value,
                model=None if dock.model.value is None else dock.model.value.name,
                direction=dock.direction.value,
                condition=dock.condition.value,
                noise=dock.noise.value,
                seed=dock.seed.value,
                steps=dock.steps.value if transfer_job.own_steps(dock.model.value) else None,
                truncation=dock.truncation.value,
                frames=dock.frames.value,
                device=(self._kept.device if searching else None) or dock.device.value,
            )
        )

    def restore(self) -> None:
        """Make the kept choices again; where one is no longer offered, the present one stays."""
        if not isalive(self._dock):
            return
        kept, dock, self._restoring = self._kept, self._dock, True
        try:
            _choose(dock.source, kept.source)
            models = {spec.name: spec for spec in dock.model.choices}
            if kept.model in models:
                dock.model.value = models[kept.model]
            _choose(dock.direction, kept.direction)
            _choose(dock.condition, kept.condition)
            if transfer_job.offers_noise(dock.model.value, dock.direction.value):
                _choose(dock.noise, kept.noise)
            if kept.seed is not None and dock.seed.min <= kept.seed <= dock.seed.max:
                dock.seed.value = kept.seed
            if kept.steps is not None and transfer_job.own_steps(dock.model.value):
                dock.steps.value = min(max(kept.steps, dock.steps.min), dock.steps.max)
            dock.truncation.value = kept.truncation
            _choose(dock.frames, kept.frames)
            _choose(dock.device, kept.device)
        finally:
            self._restoring = False

    def choose_device(self) -> None:
        """Choose the kept device; devices are known seconds after the dock is there."""
        if isalive(self._dock):
            self._restoring = True
            _choose(self._dock.device, self._kept.device)
            self._restoring = False


def _choose(box: Any, value: str | None) -> None:
    if value is not None and value in box.choices and value != box.value:
        box.value = value
