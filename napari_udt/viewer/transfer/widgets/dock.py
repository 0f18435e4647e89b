"""The Transfer dock: choose a cube and a model, run, watch, cancel."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari.utils.notifications import show_error
from qtpy.compat import isalive
from qtpy.QtCore import QEvent, QObject, Signal
from qtpy.QtGui import QShowEvent
from qtpy.QtWidgets import QFileDialog, QLabel, QWidget

from napari_udt.inference.fitting import model_choices
from napari_udt.outgoing_text import without_markup
from napari_udt.viewer.files.opening import open_files
from napari_udt.viewer.files.recent import RecentFiles, recent_links
from napari_udt.viewer.files.widgets.metadata_questions import MetadataQuestions
from napari_udt.viewer.files.widgets.opening_progress import OpeningProgress
from napari_udt.viewer.session.widgets.close_guard import closed_by_user
from napari_udt.viewer.state.chosen_model import ChosenModel
from napari_udt.viewer.state.session import CubesChange, Session
from napari_udt.viewer.transfer import job as transfer_job
from napari_udt.viewer.transfer.job import TransferFunction, TransferRequest
from napari_udt.viewer.transfer.queue import STEPS, all_text, all_tooltip, requests_for_all
from napari_udt.viewer.transfer.structures import name_structures, proxy_text, references_of
from napari_udt.viewer.transfer.widgets.closing import RemovedDock, agrees_to_cancel
from napari_udt.viewer.transfer.widgets.device_search import DeviceSearch, Find, installed_devices
from napari_udt.viewer.transfer.widgets.form import TransferForm
from napari_udt.viewer.transfer.widgets.runs import TransferRuns
from napari_udt.viewer.transfer.widgets.settings import TransferMemory
from napari_udt.viewer.transfer.widgets.structure_dialog import StructureDialog

if TYPE_CHECKING:
    from napari_udt.models import ModelSpec
    from napari_udt.viewer.layers.arrangements.side_by_side import SideBySide


def _installed_models() -> list[ModelSpec]:
    from napari_udt.models import list_models

    return list_models()


class TransferDock(TransferForm):
    """Chooses, runs and cancels transfers of the session's cubes.

    Parameters
    ----------
    session : Session
    side_by_side : SideBySide, optional
        The arrangement that the button switches; without it there is no button.
    chosen : ChosenModel, optional
        The model chosen in any dock.
    transfer, models, devices : callable, optional
        Used instead of the package's own, by tests.
    parent : QWidget, optional
    """

    devices_found = Signal()
    succeeded = Signal()  # the last run brought a result

    def __init__(
        self,
        session: Session,
        side_by_side: SideBySide | None = None,
        *,
        chosen: ChosenModel | None = None,
        transfer: TransferFunction | None = None,
        models: Callable[[], Iterable[ModelSpec]] = _installed_models,
        devices: Find = installed_devices,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(session, parent)
        self._session, self._side_by_side, self._chosen = session, side_by_side, chosen
        self._models = models
        self._tissue: str | None = None  # the condition that the user chose, if any
        self._runs = TransferRuns(session, transfer, self)
        self._removed = RemovedDock(self, lambda: self._runs.cube_name, self.cancel)
        self._devices = DeviceSearch(self.device, devices, self)
        self._devices.ended.connect(self.devices_found)
        self.ask, self._opening = MetadataQuestions(session, self), OpeningProgress(parent=self)
        self.layout_button.native.setVisible(side_by_side is not None)
        self._connect()
        self._offer_sources(CubesChange(added=tuple(session)))
        self._recent = RecentFiles(session)
        self._memory = TransferMemory(session, self)
        self.devices_found.connect(self._memory.choose_device)

    def _connect(self) -> None:
        self._session.cubes_changed.connect(self._cubes_changed)
        self.source.changed.connect(self._source_chosen)
        self.file_row.opened.connect(self._choose_source)
        self.file_row.converted.connect(self._open_path)
        self.model.changed.connect(self._model_chosen)
        self.direction.changed.connect(self.offer_draws)
        self.noise.changed.connect(self.offer_draws)
        self.condition.changed.connect(self._tissue_chosen)
        self.names_button.changed.connect(self._show_structures)
        self.model_tools.imported.connect(self._imported)
        self.open_button.changed.connect(self._choose_files)
        self.status.linkActivated.connect(self._open_path)
        self.run_button.changed.connect(self.start)
        self.all_button.changed.connect(self.start_all)
        self.cancel_button.changed.connect(self.cancel)
        self._runs.began.connect(self._began)
        self._runs.progressed.connect(self._show_progress)
        self._runs.ended.connect(self._ended)
        self._runs.ended.connect(self._removed.run_ended)
        if self._chosen is not None:
            self._chosen.changed.connect(self._chosen_elsewhere)
            self.model_tools.follow(self._chosen)
        if self._side_by_side is not None:
            self.layout_button.native.toggled.connect(self._layout_toggled)
            self._side_by_side.changed.connect(self._layout_changed)

    def _cubes_changed(self, change: CubesChange) -> None:
        if isalive(self):
            self._offer_sources(change)

    def _offer_sources(self, change: CubesChange) -> None:
        """Offer the open cubes, first of all one that was just opened."""
        keys = [entry.key for entry in self._session]
        current = dict(change.renamed).get(self.source.value, self.source.value)
        opened = [entry.cube for entry in change.added]
        wanted = transfer_job.preferred_source(self._session, current, opened)
        with self.source.changed.blocked():
            self.source.choices = keys
            if wanted is not None:
                self.source.value = wanted
        self._source_chosen()
        if self._side_by_side is not None:
            self.layout_button.enabled = self._side_by_side.possible()

    def _source_chosen(self) -> None:
        cube = self._cube()
        self.file_row.set_cube(cube)
        self.offer_frames(cube)
        choices = [] if cube is None else model_choices(cube, self._models())
        fitting = [c.spec for c in choices if not c.obstacle]
        before = self.model.value
        with self.model.changed.blocked():
            self.model.choices = [(spec.name, spec) for spec in fitting]  # titles are too long for the box
            if before in fitting:
                self.model.value = before
        if cube is not None:
            self.direction.value = transfer_job.usual_direction(cube)
            self.source.tooltip = without_markup(transfer_job.source_line(cube))
        if not self.running:
            self.progress.value = 0
            recent = recent_links() if cube is None else ""
            invitation = without_markup(transfer_job.invitation(cube, choices))
            self.status.setText("<br>".join(filter(None, (invitation, recent))))
        self.all_button.text, self.all_button.tooltip = all_text(fitting), all_tooltip(fitting)
        self.all_button.native.setVisible(len(fitting) > 1)
        self._show_line(self.model_note, transfer_job.obstacles_text(choices))
        self._model_chosen()

    @staticmethod
    def _show_line(label: QLabel, text: str) -> None:
        """Show a line; an empty one takes no space."""
        label.setText(without_markup(text))
        label.setVisible(bool(text))

    def _model_chosen(self) -> None:
        cube, spec = self._cube(), self.model.value
        self._offer_conditions(
            [] if cube is None or spec is None else transfer_job.condition_choices(cube, spec)
        )
        self._name_directions(spec)
        line, whole = transfer_job.regridding(cube, spec)
        self._show_line(self.grid_note, line)
        self.grid_note.setToolTip(without_markup(whole))
        if self._chosen is not None and spec is not None:
            self._chosen.choose(spec)
        self.model.tooltip = without_markup(transfer_job.model_tooltip(spec))
        self.model_tools.set_spec(spec)
        self.offer_model(spec)
        self.show_note(transfer_job.honest_note(spec))
        self._show_state()

    def _offer_conditions(self, choices: Sequence[tuple[str, str]]) -> None:
        """Offer tissue conditions; the one that the user chose is kept where it is among them, else the best is chosen."""
        wanted, keys = self._tissue, [key for key, _ in choices]
        self.condition.choices = [(title, key) for key, title in choices]
        if keys:
            self.condition.value = wanted if wanted in keys else keys[0]
        self._tissue = wanted
        self._show_proxy()

    def _tissue_chosen(self, key: str | None) -> None:
        self._tissue = key
        self._show_proxy()

    def _show_proxy(self) -> None:
        """Say what goes through the proxy condition, before the run."""
        cube = self._cube()
        self._show_line(self.structure_note, proxy_text(cube, self.model.value, self.condition.value))
        self.names_button.enabled = cube is not None and cube.labels is not None

    def _show_structures(self) -> None:
        cube, key = self._cube(), self.source.value
        if cube is None:
            return
        others = references_of(self._session, key)
        dialog = StructureDialog(key, cube, self.model.value, others, parent=self)
        dialog.named.connect(self._name_structures)
        dialog.open()

    def _name_structures(self, key: str, names: dict[str, str]) -> None:
        if key in self._session:
            name_structures(self._session, key, names)

    def _chosen_elsewhere(self) -> None:
        cube = self._cube()
        spec = self._chosen.of(cube) if self._chosen is not None and cube is not None else None
        if isalive(self) and spec in self.model.choices and spec != self.model.value:
            self.model.value = spec

    def _name_directions(self, spec: ModelSpec | None) -> None:
        chosen = self.direction.value
        self.direction.choices = transfer_job.direction_choices(spec)
        if chosen in self.direction.choices:
            self.direction.value = chosen
        self.direction.tooltip = transfer_job.direction_tooltip(spec)

    def _imported(self, names: Sequence[str]) -> None:
        """Offer models that just came; one that fits is chosen."""
        self._source_chosen()
        came = [spec for spec in self.model.choices if spec.name in names]
        if came:
            self.model.value = came[0]
        if not self.running:
            self.status.setText(f"Imported {', '.join(names)}")

    def _cube(self) -> Any:
        key = self.source.value
        return self._session[key].cube if key in self._session else None

    # -- running ----------------------------------------------------------------------------------

    def request(self) -> TransferRequest | None:
        """Return the request that the widgets describe, None when a cube or a model is missing."""
        cube, spec = self._cube(), self.model.value
        if cube is None or spec is None:
            return None
        return TransferRequest(
            key=self.source.value,
            cube=cube,
            spec=spec,
            **self.choices(),
        )

    def start(self) -> None:
        """Start the run that the widgets describe."""
        if (request := self.request()) is not None:
            self._start(transfer_job.with_deformed(request))

    def start_all(self) -> None:
        """Start the run that the widgets describe with every model that fits, one after the other."""
        if (request := self.request()) is not None:
            self._start(requests_for_all(self._session, replace(request, deformed=False), self.model.choices))

    def _start(self, requests: Sequence[TransferRequest]) -> None:
        if not requests:
            self.status.setText("The results of all models are open already.")
            return
        self.progress.value = 0
        self._runs.start(requests)

    @property
    def running(self) -> bool:
        """Whether a run is under way."""
        return self._runs.running

    def cancel(self) -> None:
        """Stop the run and those that wait; nothing of them is kept."""
        self._runs.cancel()

    def _began(self, text: str) -> None:
        self.status.setText(without_markup(text))
        if not self.progress.value:
            self.progress.native.setRange(0, 0)  # busy, until the first chunk is done
        self._show_state()

    def _show_progress(self, share: int) -> None:
        self.progress.native.setRange(0, STEPS)
        self.progress.value = share

    def _ended(self, text: str, share: int) -> None:
        self._show_progress(share)
        self.status.setText(without_markup(text))
        self._show_state()
        if share:
            self.succeeded.emit()
        if self._runs.warned or not share:
            self.set_folded(False)  # the line says why nothing came, or what not to use

    def _show_state(self) -> None:
        ready = not self.running and self.request() is not None
        self.run_button.enabled = self.all_button.enabled = ready
        self.cancel_button.enabled = self.running

    # -- buttons, window --------------------------------------------------------------------------

    def _choose_files(self) -> None:
        names, _ = QFileDialog.getOpenFileNames(self, "Open files with spectra")
        self.open_files(names)

    def open_files(self, paths: Iterable[Path | str]) -> None:
        """Open files; one notification lists what cannot be opened; missing metadata are asked for."""
        with self._opening.announced(paths) as files:
            problems = open_files(self._session, files, self._opening, self.ask, self._opening.wait_for)
        if problems:
            show_error("\n".join(problems))

    def _choose_source(self, key: str) -> None:
        if key in self._session:
            self.source.value = key

    def _open_path(self, path: str) -> None:
        self.open_files([path])

    def _layout_toggled(self, checked: bool) -> None:
        if self._side_by_side is not None and checked != self._side_by_side.active:
            self._side_by_side.set_active(checked)

    def _layout_changed(self, active: bool) -> None:
        if isalive(self):
            self.layout_button.native.setChecked(active)

    def showEvent(self, event: QShowEvent | None) -> None:  # noqa: N802 - Qt's name
        """Watch the window for its closing; look for devices once the window stands."""
        super().showEvent(event)
        self.window().installEventFilter(self)
        self._devices.begin()

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:  # noqa: N802 - Qt's name
        """Cancel a run when the window closes; a person who closes it is asked first."""
        if event is not None and event.type() == QEvent.Type.Close:
            name = self._runs.cube_name
            if name is not None and closed_by_user(watched) and not agrees_to_cancel(name, self):
                event.ignore()
                return True
            self.cancel()
        return False
