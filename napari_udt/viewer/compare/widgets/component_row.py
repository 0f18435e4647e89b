"""Part of the Compare dock: sliders that dim skin, tissue and vessels of a photoacoustic picture."""

from __future__ import annotations

from qtpy.compat import isalive
from qtpy.QtCore import Qt, QTimer, Signal
from qtpy.QtWidgets import QFormLayout, QHBoxLayout, QLabel, QSlider, QWidget

from napari_udt.inference.components import LARGEST_FACTOR
from napari_udt.models.component_names import COMPONENTS
from napari_udt.viewer.compare.components import ComponentView
from napari_udt.viewer.qt.fields import fill, push_button, set_tab_order
from napari_udt.viewer.qt.jobs import JobRunner
from napari_udt.viewer.state.jobs import error_text
from napari_udt.viewer.state.session import Session

_STEPS = 20  # per factor of 1
_FRAME_MS = 40
_DONE = "Recomposed: what a network, trained on simulations, takes for skin, tissue and vessels, each times its slider."


class ComponentRow(QWidget):
    """A button that splits the first cube of the pair, and a slider for each component."""

    message = Signal(str)  # one sentence for the dock

    def __init__(
        self, session: Session, *, parent: QWidget | None = None, view: ComponentView | None = None
    ) -> None:
        super().__init__(parent)
        self.view = view or ComponentView(session)
        self._session, self._key = session, ""
        self._run = JobRunner(self)
        self.button = push_button(
            "Split into components",
            "Photoacoustics only. A network that learnt it from simulations tells what skin, tissue (fat, muscle and coupling medium) and "
            "vessels give to the first cube's picture; a recomposed cube appears, in which the sliders dim each of them. It can be "
            "pinned, compared and saved like any cube.",
            self,
            shrinks=True,
        )
        self.sliders = {name: self._slider(name) for name in COMPONENTS}
        form = QFormLayout()
        form.setSpacing(4)
        for name, slider in self.sliders.items():
            row, value = QHBoxLayout(), QLabel("1.00", self)
            row.addWidget(slider, stretch=1)
            row.addWidget(value)
            slider.valueChanged.connect(lambda place, label=value: label.setText(f"{place / _STEPS:.2f}"))
            form.addRow(name.capitalize(), row)
        fill(self, self.button, form)
        set_tab_order(self.button, *self.sliders.values())
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(_FRAME_MS)
        self._soon.timeout.connect(self._dim)
        self.button.clicked.connect(self._start)
        self._run.failed.connect(self._failed)
        session.cubes_changed.connect(self._show_state)
        self._show_state()

    def set_key(self, key: str) -> None:
        """Follow the pair: this cube would be split."""
        self._key = key
        self._show_state()

    @property
    def factors(self) -> tuple[float, float, float]:
        """What the sliders say: skin, tissue, vessels."""
        skin, tissue, vessels = (slider.value() / _STEPS for slider in self.sliders.values())
        return skin, tissue, vessels

    def _slider(self, name: str) -> QSlider:
        slider = QSlider(Qt.Orientation.Horizontal, self)
        slider.setObjectName(name)
        slider.setAccessibleName(f"Factor of {name}")
        slider.setToolTip(
            f"<qt>What {name} give to the picture, times this: 0 takes it out, 1 leaves it.</qt>"
        )
        slider.setRange(0, round(LARGEST_FACTOR * _STEPS))
        slider.setValue(_STEPS)
        slider.valueChanged.connect(self._request)
        return slider

    def _request(self) -> None:
        if not self._soon.isActive():
            self._soon.start()

    def _dim(self) -> None:
        self.view.dim(self.factors)

    def _start(self) -> None:
        if self._key in self._session and self._run.start(self.view.work(self._key), self._show):
            self.message.emit("Splitting …")
            self._show_state()

    def _show(self, components: object) -> None:
        for slider in self.sliders.values():
            slider.setValue(_STEPS)
        self.view.show(components)  # type: ignore[arg-type]
        self.message.emit(_DONE)
        self._show_state()

    def _failed(self, error: Exception) -> None:
        self.message.emit(error_text(error, "The picture could not be split"))
        self._show_state()

    def _show_state(self, _change: object = None) -> None:
        if not isalive(self):
            return
        fits = self._key in self._session and self._session[self._key].cube.modality == "PAT"
        self.button.setEnabled(fits and not self._run.running and self._key != self.view.key)
        for slider in self.sliders.values():
            slider.setEnabled(self.view.ready)
