"""Options of the live curve and of the condition explorer."""

from __future__ import annotations

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QCheckBox, QComboBox, QGridLayout, QLabel, QSizePolicy, QSlider, QWidget

from napari_udt.viewer.state.session import DisplayOptions
from napari_udt.viewer.trust.condition_explorer import class_choices, domain_words

STEPS = 20  # of the domain, from simulated to the target


class ConditionBox(QWidget):
    """Check boxes for the live curve and its band; class and domain of the explored curve."""

    chosen = Signal(str, object)  # name of the option, value

    def __init__(self, *, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._names: list[str | None] = [None]
        self._boxes = {
            "live_band": self._check_box(
                "live_band",
                "Spread of the live transfer",
                "Condition band around the dashed curve that “Live” in the Spectra dock draws under the mouse: ±1 "
                "standard deviation over 20 admissible conditions, or 20 seeds of a stochastic model.",
            ),
            "explore": self._check_box(
                "explore",
                "Explore the condition",
                "Encode the spectrum as what it is, and decode it as another tissue or between the domains: the "
                "dotted curve. It shows what the model learnt about the condition, not another measurement.",
            ),
        }
        self._class = QComboBox(self)
        self._class.setObjectName("explore_class")
        self._class.setAccessibleName("Tissue to decode as")
        self._class.setToolTip(
            "<qt>The tissue class that the spectrum is decoded as: the network's condition.</qt>"
        )
        self._class.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._slider = QSlider(Qt.Orientation.Horizontal, self)
        self._slider.setObjectName("explore_domain")
        self._slider.setAccessibleName("Domain from simulated to the target")
        self._slider.setToolTip(
            "<qt>The domain that the spectrum is decoded in: 0 is simulated, 1 the model's target (real, or what "
            "stood for it in training); between them lies what the network makes of a mixed condition.</qt>"
        )
        self._slider.setRange(0, STEPS)
        self._slider.setPageStep(5)
        self._domain = QLabel(self)
        self._domain.setMinimumWidth(self._domain.fontMetrics().horizontalAdvance("0.00 (simulated)"))
        self._arrange()
        self._class.activated.connect(self._on_class)
        self._slider.valueChanged.connect(self._on_domain)

    def set_options(self, options: DisplayOptions) -> None:
        """Show the options; no signal is emitted."""
        for name, box in self._boxes.items():
            box.blockSignals(True)
            box.setChecked(getattr(options, name))
            box.blockSignals(False)
        self._slider.blockSignals(True)
        self._slider.setValue(round(options.explore_domain * STEPS))
        self._slider.blockSignals(False)
        self._domain.setText(domain_words(options.explore_domain))
        known = options.explore_class in self._names
        self._class.setCurrentIndex(self._names.index(options.explore_class) if known else 0)
        self._boxes["live_band"].setEnabled(options.live)
        self._class.setEnabled(options.explore)
        self._slider.setEnabled(options.explore)

    def set_possible(self, possible: bool) -> None:
        """Say whether single spectra can be transferred: image networks see whole pictures."""
        self.setEnabled(possible)
        self.setToolTip("" if possible else "Image networks transfer whole pictures, not single spectra.")

    def set_classes(self, choices: list[tuple[str, str | None]]) -> None:
        """Offer the classes of a model, see :func:`class_choices`."""
        names = [name for _, name in choices]
        if names != self._names or not self._class.count():
            self._names = names
            self._class.clear()
            self._class.addItems([title for title, _ in choices])

    def _arrange(self) -> None:
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(4)
        grid.addWidget(self._boxes["live_band"], 0, 0, 1, 3)
        grid.addWidget(self._boxes["explore"], 1, 0, 1, 2)
        grid.addWidget(self._class, 1, 2)
        domain = QLabel("D&omain", self)
        domain.setBuddy(self._slider)
        grid.addWidget(domain, 2, 0)
        grid.addWidget(self._slider, 2, 1)
        grid.addWidget(self._domain, 2, 2)
        grid.setColumnStretch(1, 1)
        grid.setColumnStretch(2, 1)
        self.set_classes(class_choices(None))

    def _check_box(self, name: str, text: str, tooltip: str) -> QCheckBox:
        box = QCheckBox(text, self)
        box.setObjectName(name)
        box.setToolTip(f"<qt>{tooltip}</qt>")
        box.toggled.connect(self._on_toggled)
        return box

    def _on_toggled(self, checked: bool) -> None:
        box = self.sender()
        if box is not None:
            self.chosen.emit(box.objectName(), checked)

    def _on_class(self, index: int) -> None:
        self.chosen.emit("explore_class", self._names[index])

    def _on_domain(self, step: int) -> None:
        self.chosen.emit("explore_domain", step / STEPS)
