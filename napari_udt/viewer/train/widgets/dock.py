"""The Train dock: from simulated and real cubes to a model, without the command line."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.compat import isalive
from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QWidget

from napari_udt.errors import UdtError
from napari_udt.viewer.collection.open_collection import OpenCollection
from napari_udt.viewer.qt.fields import row_of, set_tab_order
from napari_udt.viewer.qt.jobs import JobRunner
from napari_udt.viewer.qt.scroll_area import VerticalScrollArea, scrolling_layout
from napari_udt.viewer.qt.stable_label import wrapping_label
from napari_udt.viewer.qt.visibility import VisibilityTracker, bring_to_front
from napari_udt.viewer.state.chosen_model import ChosenModel
from napari_udt.viewer.state.jobs import error_text
from napari_udt.viewer.state.session import Session
from napari_udt.viewer.train.first_comparison import Comparison, make_comparison
from napari_udt.viewer.train.plan import (
    SIMULATED,
    TARGET,
    Plan,
    Source,
    free_name,
    methods,
    modality_of,
    parsed_names,
)
from napari_udt.viewer.train.preview import LivePreview, pinned_scene
from napari_udt.viewer.train.run import TrainingRun
from napari_udt.viewer.train.starting_points import starting_points
from napari_udt.viewer.train.widgets.buttons import TrainButtons
from napari_udt.viewer.train.widgets.findings import Findings
from napari_udt.viewer.train.widgets.form import TrainForm
from napari_udt.viewer.train.widgets.loss_plot import LossPlot
from napari_udt.viewer.train.widgets.old_runs_row import OldRunsRow
from napari_udt.viewer.train.widgets.preview_plot import PreviewPlot
from napari_udt.viewer.train.widgets.source_list import SourceList

if TYPE_CHECKING:
    from napari_udt.viewer.layers.arrangements.side_by_side import SideBySide
    from napari_udt.viewer.train.preview import Preview

_EVERY_MS = 700
NOTHING_YET = (
    "Classes are the structures that the simulated cubes name. Check says what is in the cubes, what does not fit, and what the "
    "training would cost; Train says so too, and begins. It runs in a process of its own. Research use only."
)


class TrainDock(QWidget):
    """Form, findings, losses and preview of a training run.

    Parameters
    ----------
    session : Session
    training : TrainingRun
        Of the window; it outlives the dock.
    chosen : ChosenModel, optional
        Learns of the model that was trained, so that all docks list it.
    collection : OpenCollection, optional
        Hands its cubes over.
    side_by_side : SideBySide, optional
        Shows the first comparison of a new model.
    parent : QWidget, optional
    """

    def __init__(
        self,
        session: Session,
        training: TrainingRun,
        chosen: ChosenModel | None = None,
        collection: OpenCollection | None = None,
        side_by_side: SideBySide | None = None,
        *,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._session, self.training, self._chosen = session, training, chosen
        self._side_by_side = side_by_side
        self._writing, self._previewing, self._comparing = JobRunner(self), JobRunner(self), JobRunner(self)
        self._live, self._visible = LivePreview(), VisibilityTracker(self)
        self.simulated = SourceList(
            session,
            SIMULATED,
            "&Simulated cubes",
            "Cubes of the simulated domain: their structures are the classes. Files and folders can be dropped here.",
            parent=self,
        )
        self.target = SourceList(
            session,
            TARGET,
            "&Target cubes",
            "Cubes of the domain that the model shall transfer to: measured ones, with labels or without. Files and folders can be "
            "dropped here.",
            parent=self,
        )
        self._make_fields()
        self._lay_out()
        self._timer = QTimer(self)
        self._timer.setInterval(_EVERY_MS)
        self._connect()
        if collection is not None:
            collection.train_requested.connect(self._take_collection)
        self._sources_changed()
        training.find()
        self.refresh()
        if training.running:
            self._timer.start()

    @property
    def plan(self) -> Plan:
        """What the form says.

        Raises
        ------
        CollectionError
            When the names are not understood.
        """
        form = self.form
        return Plan(
            self.simulated.sources,
            self.target.sources,
            form.method.value or "",
            form.minutes.value,
            form.name.value.strip(),
            parsed_names(form.names.value),
            form.device.value,
            form.start.value or "",
            form.rate.value,
        )

    def start(self, *, check: bool = False) -> None:
        """Write the open cubes, then train or only look; what does not fit is said in the status line."""
        try:
            plan = self.plan
        except UdtError as error:
            self.status.setText(str(error))
            return
        if problem := plan.obstacle():
            self.status.setText(problem)
            return
        began = self._writing.start(
            partial(self.training.write_cubes, plan, self._session),
            lambda files: self._begin(plan, files, check),
        )
        if began:
            self.status.setText("Writing the open cubes ...")
            self._show_state()

    def stop(self) -> None:
        """End the run with the best weights so far."""
        self._writing.cancel()
        self.training.stop()
        self.refresh()

    def resume(self) -> None:
        """Go on with a run that was interrupted."""
        try:
            self.training.resume()
        except OSError as error:
            self.status.setText(f"The training cannot be resumed ({error.strerror or error}).")
            return
        self._timer.start()
        self.refresh()

    def dismiss(self) -> None:
        """Offer a run that was interrupted no more."""
        self.status.setText(self.training.dismiss())
        self.refresh()
        self.old_runs.refresh()

    def refresh(self) -> None:
        """Show what the process has written."""
        if not isalive(self):
            return
        self.findings.show_text("\n".join(self.training.lines()) or NOTHING_YET)
        self.plot.show_losses(self.training.losses())
        if state := self.training.state():
            self.status.setText(state)
        self._refresh_preview()
        if self._timer.isActive() and not self.training.running:
            self._timer.stop()
            self._over()
        self._show_state()

    def _refresh_preview(self) -> None:
        """Ask for the present weights, or draw what they make, when it is time and somebody looks."""
        folder, plan = self.training.folder, self.training.plan
        wanted = self.preview.box.isChecked() and self.training.running and not self.training.check
        if not wanted or folder is None or plan is None:
            self._live.withdraw()
        elif self._visible.is_shown and not self._previewing.running:
            if self._live.is_ready(folder):
                scene = pinned_scene(self._session, plan)
                self._previewing.start(partial(self._live.make, folder, scene), self._show_preview)
            else:
                self._live.ask(folder)

    def _show_preview(self, preview: Preview) -> None:
        if not isalive(self):
            return
        first = self.preview.preview is None
        self.preview.show_preview(preview, self._session.wavelength_nm)
        if first and self.preview.box.isChecked():
            QTimer.singleShot(0, self._scroll_to_preview)  # once it has its height

    def _scroll_to_preview(self) -> None:
        """Show state and preview where the dock is too low for all, as far up as they can be."""
        if isalive(self) and (area := self.findChild(VerticalScrollArea)) is not None:
            area.verticalScrollBar().setValue(self.buttons.y())

    def _take_collection(self, path: Path) -> None:
        """Put a collection on both sides: each takes the cubes of its domain."""
        if isalive(self):
            for side in (self.simulated, self.target):
                side.add([Source(path=path)])
            bring_to_front(self)

    def _begin(self, plan: Plan, files: dict[Source, Path], check: bool) -> None:
        self.preview.show_preview(None)
        try:
            self.training.start(plan, files, check=check)
        except OSError as error:
            self.status.setText(f"The training cannot be started ({error.strerror or error}).")
            return
        self._timer.start()
        self.refresh()

    def _over(self) -> None:
        self.findings.show_end()
        self.training.clean()
        if self.training.plan is not None and not self.training.check:
            self.form.name.value = free_name(self.training.plan.name)
        if name := self.training.finished():
            if self._chosen is not None:
                self._chosen.announce([name])
            self._compare()
        self.old_runs.refresh()

    def _compare(self) -> None:
        """Open the first comparison of a new model."""
        plan, folder = self.training.plan, self.training.folder
        if plan is None or folder is None:
            return
        entries = {entry.key: entry.cube for entry in self._session}
        began = self._comparing.start(partial(make_comparison, plan, folder, entries), self._show_comparison)
        if began:
            self.status.setText(f"{self.training.state()} Transferring a first cube ...")

    def _show_comparison(self, found: Comparison) -> None:
        if not isalive(self):
            return
        for cube in found.cubes:
            self._session.add(cube)
        if self._chosen is not None:
            self._chosen.choose(found.spec)
        if self._side_by_side is not None and self._side_by_side.possible():
            self._side_by_side.set_active(True)
        self.status.setText(f"{self.training.state()} {found.sentence}")

    def _make_fields(self) -> None:
        self.form = TrainForm(parent=self)
        self.buttons = TrainButtons(parent=self)
        self.check_button, self.train_button, self.stop_button, *_ = self.buttons.all
        self.findings = Findings(parent=self)
        self.plot = LossPlot(parent=self)
        self.preview = PreviewPlot(parent=self)
        self.status = wrapping_label("status", self)
        self.old_runs = OldRunsRow(lambda: self.training.working_on, parent=self)

    def _lay_out(self) -> None:
        layout = scrolling_layout(self)
        layout.setContentsMargins(6, 6, 6, 6)
        layout.setSpacing(4)
        layout.addLayout(row_of(self.simulated, self.target))
        layout.addWidget(self.form)
        layout.addWidget(self.buttons)
        layout.addWidget(self.status)
        layout.addWidget(self.preview)
        layout.addWidget(self.plot, stretch=1)
        layout.addWidget(self.findings, stretch=1)
        layout.addWidget(self.old_runs)
        lists = [side.list for side in (self.simulated, self.target)]
        set_tab_order(
            *(b for side in (self.simulated, self.target) for b in (side.add_button, side.remove_button)),
            *lists,
        )
        self.form.set_tab_order(lists[-1], self.check_button)
        set_tab_order(
            *self.buttons.all,
            *(self.preview.box, self.preview.wavelength, self.plot.kind, self.findings, self.old_runs.button),
        )

    def _connect(self) -> None:
        for side in (self.simulated, self.target):
            side.changed.connect(self._sources_changed)
        self.form.method_changed.connect(self._offer_starts)
        self.check_button.clicked.connect(lambda: self.start(check=True))
        self.train_button.clicked.connect(lambda: self.start())
        self.stop_button.clicked.connect(self.stop)
        self.buttons.resume.clicked.connect(self.resume)
        self.buttons.dismiss.clicked.connect(self.dismiss)
        self.old_runs.said.connect(self._removed)
        self.preview.box.toggled.connect(self._refresh_preview)
        self._timer.timeout.connect(self.refresh)
        self._writing.ended.connect(self._show_state)
        self._writing.failed.connect(lambda error: self.status.setText(error_text(error)))
        self._writing.cancelled.connect(lambda: self.status.setText("Stopped before anything was trained."))
        self._previewing.failed.connect(lambda error: self.preview.show_problem(error_text(error)))
        self._comparing.failed.connect(
            lambda error: self.status.setText(f"{self.training.state()} {error_text(error)}")
        )

    def _sources_changed(self) -> None:
        """Offer the methods of the cubes' modality."""
        modality = modality_of(self._session, (*self.simulated.sources, *self.target.sources))
        self.form.offer_methods(methods(modality))
        self._offer_starts()
        self._show_state()

    def _offer_starts(self) -> None:
        """Offer the models that the training can begin with."""
        if isalive(self) and self.form.method.value:
            plan = Plan(self.simulated.sources, self.target.sources, self.form.method.value)
            fitting, reasons = starting_points(self._session, plan)
            self.form.offer_starts([spec.name for spec in fitting], reasons)

    def _removed(self, sentence: str) -> None:
        """Forget an interrupted training that was removed, and say what was."""
        self.training.forget_removed()
        self.refresh()
        self.status.setText(sentence)

    def _show_state(self) -> None:
        busy = self.training.running or self._writing.running
        self.old_runs.button.setEnabled(not self._writing.running and not self._comparing.running)
        self.buttons.show_state(busy=busy, interrupted=self.training.interrupted)
