"""The Train dock: from simulated and real cubes to a model, without the command line."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from magicgui.widgets import ComboBox, LineEdit
from qtpy.compat import isalive
from qtpy.QtCore import Qt, QTimer
from qtpy.QtGui import QFontDatabase
from qtpy.QtWidgets import QFormLayout, QPlainTextEdit, QSizePolicy, QToolButton, QWidget

from napari_udt.errors import UdtError
from napari_udt.viewer.collection.open_collection import OpenCollection
from napari_udt.viewer.qt.fields import push_button, row_of, set_tab_order
from napari_udt.viewer.qt.jobs import JobRunner
from napari_udt.viewer.qt.scroll_area import scrolling_layout
from napari_udt.viewer.qt.stable_label import wrapping_label
from napari_udt.viewer.qt.visibility import bring_to_front
from napari_udt.viewer.state.chosen_model import ChosenModel
from napari_udt.viewer.state.jobs import error_text
from napari_udt.viewer.state.session import Session
from napari_udt.viewer.train.plan import (
    BUDGETS,
    SIMULATED,
    TARGET,
    Plan,
    Source,
    free_name,
    methods,
    modality_of,
    parsed_names,
)
from napari_udt.viewer.train.run import TrainingRun
from napari_udt.viewer.train.widgets.loss_plot import LossPlot
from napari_udt.viewer.train.widgets.source_list import SourceList

_EVERY_MS = 700
_FEWEST_LINES = 7  # of the text, which scrolls
_DEVICES = [("processor", "cpu"), ("graphics card, if there is one", "auto")]
NOTHING_YET = (
    "Classes are the structures that the simulated cubes name. Check says what is in the cubes, what does not fit, and what the "
    "training would cost; Train says so too, and begins. It runs in a process of its own. Research use only."
)


class TrainDock(QWidget):
    """Form, findings and losses of a training run.

    Parameters
    ----------
    session : Session
    training : TrainingRun
        Of the window; it outlives the dock.
    chosen : ChosenModel, optional
        Learns of the model that was trained, so that all docks list it.
    collection : OpenCollection, optional
        Hands its cubes over.
    parent : QWidget, optional
    """

    def __init__(
        self,
        session: Session,
        training: TrainingRun,
        chosen: ChosenModel | None = None,
        collection: OpenCollection | None = None,
        *,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._session, self.training, self._chosen = session, training, chosen
        self._writing = JobRunner(self)
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
        return Plan(
            self.simulated.sources,
            self.target.sources,
            self.method.value or "",
            self.minutes.value,
            self.name.value.strip(),
            parsed_names(self.names.value),
            self.device.value,
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

    def _take_collection(self, path: Path) -> None:
        """Put a collection on both sides: each takes the cubes of its domain."""
        if isalive(self):
            for side in (self.simulated, self.target):
                side.add([Source(path=path)])
            bring_to_front(self)

    def refresh(self) -> None:
        """Show what the process has written."""
        if not isalive(self):
            return
        self._show_findings("\n".join(self.training.lines()) or NOTHING_YET)
        self.plot.show_losses(self.training.losses())
        if state := self.training.state():
            self.status.setText(state)
        if self._timer.isActive() and not self.training.running:
            self._timer.stop()
            self._over()
        self._show_state()

    def _show_findings(self, text: str) -> None:
        """Add what is new; who reads the end stays there."""
        before = self.findings.toPlainText()
        if before and text.startswith(f"{before}\n"):
            self.findings.appendPlainText(text[len(before) + 1 :])
        elif text != before:
            self.findings.setPlainText(text)

    def _begin(self, plan: Plan, files: dict[Source, Path], check: bool) -> None:
        try:
            self.training.start(plan, files, check=check)
        except OSError as error:
            self.status.setText(f"The training cannot be started ({error.strerror or error}).")
            return
        self._timer.start()
        self.refresh()

    def _over(self) -> None:
        bar = self.findings.verticalScrollBar()
        bar.setValue(bar.maximum())  # what was reached stands at the end
        self.training.clean()
        if name := self.training.finished():
            if self._chosen is not None:
                self._chosen.announce([name])
            self.name.value = free_name(name)

    def _make_fields(self) -> None:
        self.method = ComboBox(
            choices=[],
            tooltip="<qt>What is trained; the first one is proposed. docs/training.md compares them.</qt>",
        )
        self.minutes = ComboBox(
            choices=[(title, minutes) for minutes, title in BUDGETS.items()],
            tooltip="<qt>How long the training shall take, beside the reading of the cubes. Stop ends it before.</qt>",
        )
        self.name = LineEdit(value=free_name(), tooltip="<qt>What the model is called in all lists.</qt>")
        self.names = LineEdit(
            tooltip="<qt>Other names of structures, where the two domains call them differently: old = new, old = new</qt>"
        )
        self.names.native.setPlaceholderText("old = new, old = new")
        self.device = ComboBox(choices=_DEVICES, tooltip="<qt>Where the network is trained.</qt>")
        for field, title in (
            (self.method, "Method"),
            (self.minutes, "Time"),
            (self.name, "Name"),
            (self.names, "Names of structures"),
            (self.device, "Device"),
        ):
            field.native.setAccessibleName(title)
            field.native.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.method.native.setMinimumContentsLength(8)
        self.more_button = QToolButton(self)
        self.more_button.setObjectName("more")
        self.more_button.setText("More")
        self.more_button.setToolTip("<qt>Names of structures, and the device.</qt>")
        self.more_button.setCheckable(True)
        self.check_button = push_button(
            "Check",
            "Say what is in the cubes, what does not fit, and what the training would cost; train nothing.",
            self,
        )
        self.train_button = push_button(
            "Train", "Look at the cubes, then train, in a process of its own.", self
        )
        self.stop_button = push_button(
            "Stop", "End the training after its step; the best weights so far are the model.", self
        )
        self.findings = QPlainTextEdit(self)
        self.findings.setReadOnly(True)
        self.findings.setObjectName("findings")
        self.findings.setAccessibleName("What was found in the cubes")
        self.findings.setToolTip("<qt>What the training says about the cubes and about itself.</qt>")
        self.findings.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.findings.setMinimumHeight(_FEWEST_LINES * self.findings.fontMetrics().height())
        self.plot = LossPlot(parent=self)
        self.status = wrapping_label("status", self)

    def _lay_out(self) -> None:
        layout = scrolling_layout(self)
        layout.setContentsMargins(6, 6, 6, 6)
        layout.setSpacing(4)
        form, self._more = QFormLayout(), QWidget(self)
        form.addRow("&Method", self.method.native)
        form.addRow("T&ime", self.minutes.native)
        form.addRow("&Name", self.name.native)
        more = QFormLayout(self._more)
        more.setContentsMargins(0, 0, 0, 0)
        more.addRow("Structure&s", self.names.native)
        more.addRow("&Device", self.device.native)
        for each in (form, more):
            each.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
            each.setSpacing(4)
        layout.addLayout(row_of(self.simulated, self.target))
        layout.addLayout(form)
        layout.addWidget(self.more_button)
        layout.addWidget(self._more)
        layout.addLayout(row_of(self.check_button, self.train_button, self.stop_button))
        layout.addWidget(self.status)
        layout.addWidget(self.plot, stretch=1)
        layout.addWidget(self.findings, stretch=1)
        self._show_more(False)
        set_tab_order(
            *(b for side in (self.simulated, self.target) for b in (side.add_button, side.remove_button)),
            *(side.list for side in (self.simulated, self.target)),
            *(field.native for field in (self.method, self.minutes, self.name)),
            self.more_button,
            *(field.native for field in (self.names, self.device)),
            *(self.check_button, self.train_button, self.stop_button, self.plot.kind, self.findings),
        )

    def _connect(self) -> None:
        for side in (self.simulated, self.target):
            side.changed.connect(self._sources_changed)
        self.more_button.toggled.connect(self._show_more)
        self.check_button.clicked.connect(lambda: self.start(check=True))
        self.train_button.clicked.connect(lambda: self.start())
        self.stop_button.clicked.connect(self.stop)
        self._timer.timeout.connect(self.refresh)
        self._writing.ended.connect(self._show_state)
        self._writing.failed.connect(lambda error: self.status.setText(error_text(error)))
        self._writing.cancelled.connect(lambda: self.status.setText("Stopped before anything was trained."))

    def _sources_changed(self) -> None:
        """Offer the methods of the cubes' modality."""
        modality = modality_of(self._session, (*self.simulated.sources, *self.target.sources))
        chosen, offered = self.method.value, methods(modality)
        self.method.choices = [(title, name) for name, title in offered.items()]
        self.method.value = chosen if chosen in offered else next(iter(offered))
        self._show_state()

    def _show_more(self, shown: bool) -> None:
        self.more_button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.more_button.setArrowType(Qt.ArrowType.DownArrow if shown else Qt.ArrowType.RightArrow)
        self._more.setVisible(shown)

    def _show_state(self) -> None:
        busy = self.training.running or self._writing.running
        self.check_button.setEnabled(not busy)
        self.train_button.setEnabled(not busy)
        self.stop_button.setEnabled(busy)
