"""The Trust dock: how far a model's transfer can be believed, for a pixel and for the whole cube."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from qtpy.compat import isalive
from qtpy.QtCore import QEvent, QObject, QSize, Qt, QTimer
from qtpy.QtGui import QGuiApplication, QShowEvent
from qtpy.QtWidgets import QFrame, QLabel, QWidget
from superqt.utils import ensure_main_thread

from napari_udt.viewer.layers.overlays.maps import MapLayers
from napari_udt.viewer.qt.elided_combo_box import ElidedComboBox
from napari_udt.viewer.qt.fields import push_button, row_of
from napari_udt.viewer.qt.jobs import JobRunner
from napari_udt.viewer.qt.scroll_area import scrolling_layout
from napari_udt.viewer.qt.stable_label import StableLabel, wrapping_label
from napari_udt.viewer.qt.visibility import VisibilityTracker
from napari_udt.viewer.spectra.maps import shown_text
from napari_udt.viewer.state.session import DisplayOptions, Session
from napari_udt.viewer.trust import numbers as trust
from napari_udt.viewer.trust.condition_explorer import class_choices
from napari_udt.viewer.trust.maps import Pane, panes, trust_maps
from napari_udt.viewer.trust.numbers import Subject, TrustResults
from napari_udt.viewer.trust.rows import ROW_OF, mappable
from napari_udt.viewer.trust.widgets.calibration_plot import CalibrationPlot
from napari_udt.viewer.trust.widgets.condition_box import ConditionBox
from napari_udt.viewer.trust.widgets.latent_plot import LatentPlot
from napari_udt.viewer.trust.widgets.table import TrustTable
from napari_udt.wording import counted

if TYPE_CHECKING:
    from napari_udt.inference.trust import Group
    from napari_udt.models import ModelSpec

_PAUSE_MS = 60  # numbers that change more often cannot be read
NO_CUBE = "Open a cube: what a model makes of it is judged here."


class TrustDock(QWidget):
    """Numbers, maps and warnings, and the options of the live curve and the condition explorer.

    Parameters
    ----------
    session : Session
    results : TrustResults
    maps : MapLayers
    parent : QWidget, optional
    """

    def __init__(
        self, session: Session, results: TrustResults, maps: MapLayers, *, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._session, self._results, self._layers = session, results, maps
        self._subject: Subject | None = None
        self._specs: list[ModelSpec] = []
        self._run = JobRunner(self)
        self._wanted: str | None = None  # row whose map is to be shown
        self._make_widgets()
        self._arrange()
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_PAUSE_MS)
        self._visibility = VisibilityTracker(self)
        self._connect()
        self._on_options(session.options)
        self.refresh()

    @property
    def running(self) -> bool:
        """Whether a whole cube is being judged."""
        return self._run.running

    @property
    def busy(self) -> bool:
        """Whether the dock is about to change."""
        return self.running or self._timer.isActive()

    def refresh(self) -> None:
        """Show the numbers that are known, and request the others."""
        self._subject = trust.subject_of(self._session)
        self._offer_models()
        self._statement.setText(NO_CUBE if self._subject is None else self._subject.statement)
        pixel, cube = self._results.of_pixel(self._subject), self._results.of_cube(self._subject)
        self._table.set_numbers(pixel, cube, self._results.normal(self._subject))
        missing = self._results.missing(self._subject)
        self._missing.setText(missing)
        self._missing.setVisible(bool(missing))
        self._latent.set_picture(self._results.latent(self._subject))
        lines = self._results.warnings(self._subject)
        self._warnings.setText(trust.joined(lines))
        self._warnings.setVisible(bool(lines))
        self._show_state()

    def start(self, group: Group, row: str | None = None) -> None:
        """Judge the whole cube; with a row all that are compared, and show it as maps afterwards."""
        if self.running or self._subject is None:
            return
        cubes = (
            [self._subject.entry.cube]
            if row is None
            else list({id(p.judged): p.judged for p in self._panes()}.values())
        )
        self._wanted = row
        self._run.start(self._results.work(cubes, group), self._on_judged)
        self._show_state()
        self._show_message(f"Judging every spectrum of {counted(len(cubes), 'cube')} ...")

    def cancel(self) -> None:
        """Stop judging; nothing is kept."""
        if self._run.drop():
            self._finish("Cancelled; nothing was added.")

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Ask for room for all rows."""
        return QSize(420, 460)

    def showEvent(self, event: QShowEvent | None) -> None:  # noqa: N802 - Qt's name
        """Watch the window for its closing."""
        super().showEvent(event)
        self.window().installEventFilter(self)

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:  # noqa: N802 - Qt's name
        """Stop judging when the window closes."""
        if event is not None and event.type() == QEvent.Type.Close:
            self.cancel()
        return False

    def _make_widgets(self) -> None:
        self._model = ElidedComboBox(
            "trust model",
            "Model that judges",
            "The model whose transfer is judged; the Transfer dock follows.",
            parent=self,
        )
        self._statement, self._warnings = StableLabel("statement", self), StableLabel("warnings", self)
        self._missing = StableLabel("missing", self)
        self._message = wrapping_label("message", self)
        self._message.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._table = TrustTable(parent=self)
        self._latent = LatentPlot(parent=self)
        self._judge = push_button(
            "Judge whole cube",
            "Compute the numbers of every spectrum: medians and maps. The condition spread, which costs as much as "
            "twenty transfers, is computed when its map is requested.",
            self,
        )
        self._copy = push_button("Copy all", "Copy all numbers, with their units, to the clipboard.", self)
        self._calibration = CalibrationPlot(parent=self)
        self._box = ConditionBox(parent=self)

    def _arrange(self) -> None:
        title = QLabel("&Model", self)
        title.setBuddy(self._model)
        head = row_of(title, self._model, equal=False)
        head.setStretch(1, 1)
        line = QFrame(self)
        line.setFrameShape(QFrame.Shape.HLine)
        layout = scrolling_layout(self)
        layout.setContentsMargins(6, 6, 6, 6)
        layout.setSpacing(4)
        layout.addLayout(head)
        layout.addWidget(self._statement)
        layout.addWidget(self._missing)
        layout.addWidget(self._table)
        layout.addWidget(self._warnings)
        layout.addLayout(row_of(self._judge, self._copy))
        layout.addWidget(self._message)
        layout.addWidget(self._latent)
        layout.addWidget(self._calibration)
        layout.addWidget(line)
        layout.addWidget(self._box)
        layout.addStretch()
        self._message.hide()

    def _connect(self) -> None:
        session = self._session
        for change in (
            session.cubes_changed,
            session.pictures_changed,
            session.cursor_changed,
            session.pins_changed,
        ):
            change.connect(self._request_refresh)
        session.options_changed.connect(self._on_options)
        self._results.changed.connect(self._on_results_changed)
        self._timer.timeout.connect(self.refresh)
        self._visibility.shown.connect(self._request_refresh)
        self._model.activated.connect(self._on_model)
        self._table.copy_wanted.connect(self._on_copy)
        self._table.map_wanted.connect(self._on_map)
        self._judge.clicked.connect(self._on_judge)
        self._copy.clicked.connect(self._on_copy_all)
        self._box.chosen.connect(self._on_chosen)
        self._run.progressed.connect(self._on_progressed)
        self._run.failed.connect(self._on_failed)

    def _offer_models(self) -> None:
        specs = [] if self._subject is None else self._results.chosen.fitting(self._subject.entry.cube)
        if specs != self._specs:
            self._specs = specs
            self._model.clear()
            self._model.addItems([spec.name for spec in specs])
        spec = self._results.model_of(self._subject)
        self._calibration.set_spec(spec)
        if spec in specs:
            self._model.setCurrentIndex(specs.index(spec))
        self._box.set_classes(class_choices(spec))
        self._box.set_possible(spec is None or spec.modality == "HSI")

    def _request_refresh(self, _: object = None) -> None:
        if isalive(self) and not self._timer.isActive() and not self._visibility.skip_while_hidden():
            self._timer.start()

    def _show_state(self) -> None:
        others = () if self._subject is None else self._results.other_trainings(self._subject.entry.cube)
        possible = mappable(self._results.model_of(self._subject), len(others))
        self._table.set_possible(possible, busy=self.running)
        self._judge.setText("Cancel" if self.running else "Judge whole cube")
        self._judge.setEnabled(self.running or bool(self._specs))
        self._copy.setEnabled(bool(self._specs))

    def _show_message(self, sentence: str) -> None:
        self._message.setText(sentence)
        self._message.setVisible(bool(sentence))

    @ensure_main_thread
    def _on_results_changed(self) -> None:
        self._request_refresh()

    def _on_options(self, options: DisplayOptions) -> None:
        if isalive(self):
            self._box.set_options(options)
            self._request_refresh()

    def _on_chosen(self, option: str, value: object) -> None:
        self._session.set_options(**{option: value})

    def _on_model(self, index: int) -> None:
        self._results.chosen.choose(self._specs[index])

    def _on_judge(self) -> None:
        if self.running:
            self.cancel()
        else:
            self.start("network")

    def _panes(self) -> tuple[Pane, ...]:
        return panes(self._session, self._layers.compared(), self._subject)

    def _on_map(self, key: str) -> None:
        row = ROW_OF[key]
        if all(self._results.is_judged(pane.judged, row.group) for pane in self._panes()):
            self._show_maps(key)
        else:
            self.start(row.group, key)

    def _show_maps(self, key: str, remarks: tuple[str, ...] = ()) -> None:
        found = trust_maps(self._results, self._panes(), ROW_OF[key])
        if found is None:
            self._show_message(f"{ROW_OF[key].title}: this network has no such number.")
            return
        shown = [pair for pair in found.maps if self._layers.show(*pair) is not None]
        if shown:
            self._show_message(shown_text(replace(found, maps=tuple(shown), remarks=found.remarks + remarks)))

    def _on_copy(self, text: str) -> None:
        clipboard = QGuiApplication.clipboard()
        if clipboard is not None and text:
            clipboard.setText(text)
            self._show_message(
                "Copied " + (" ".join(text.split("\t")) if "\n" not in text else "all numbers")
            )

    def _on_copy_all(self) -> None:
        spec = self._results.model_of(self._subject)
        if self._subject is not None and spec is not None:
            pixel, cube = self._results.of_pixel(self._subject), self._results.of_cube(self._subject)
            self._on_copy(trust.all_text(self._subject, spec, pixel, cube))

    def _on_progressed(self, done: int, total: int) -> None:
        self._judge.setText(f"Cancel ({100 * done // max(total, 1)} %)")

    def _on_judged(self, remarks: tuple[str, ...]) -> None:
        self._finish("")
        if self._wanted is not None:
            self._show_maps(self._wanted, remarks)
        self.refresh()

    def _on_failed(self, error: Exception) -> None:
        self._finish(f"The cube was not judged: {error}")

    def _finish(self, sentence: str) -> None:
        self._show_message(sentence)
        self._show_state()
