"""The Compare dock: side by side, difference, swipe and blink of the open cubes, and their colours."""

from __future__ import annotations

from dataclasses import replace

from qtpy.compat import isalive
from qtpy.QtCore import QSettings, Qt, QTimer
from qtpy.QtGui import QHideEvent
from qtpy.QtWidgets import (
    QComboBox,
    QDoubleSpinBox,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QSlider,
    QVBoxLayout,
    QWidget,
)

from napari_udt.viewer.compare_settings import FASTEST_HZ, SLOWEST_HZ, settings_from
from napari_udt.viewer.comparison import MOST_CELLS, usual_pair
from napari_udt.viewer.layers import ColourLayers, PairMode, PairView, SideBySide
from napari_udt.viewer.session import Session
from napari_udt.viewer.style import line_style
from napari_udt.viewer.widgets.colour_row import ColourRow
from napari_udt.viewer.widgets.spectra_footer import text_line
from napari_udt.viewer.widgets.spectra_picker import Pick, PickButton

_STORED = "compare"  # name in the user's settings
_DIVIDER_STEPS = 200
_INVITATION = "Open a simulated and a real cube, transfer one, and compare them here."
_TOOLTIPS: dict[str, tuple[str, str]] = {
    "side by side": (
        "Side by side",
        "Two to four cubes beside each other, with one slider and one camera; press again to stack them.",
    ),
    "difference": (
        "Difference",
        "The first cube minus the second at the slider's wavelength. Only for cubes of the same pixels: a transferred "
        "one and the one that it was made from.",
    ),
    "swipe": (
        "Swipe",
        "The second cube left of a divider, the first right of it; drag the divider in the picture or here. Only for "
        "cubes of the same pixels.",
    ),
    "blink": (
        "Blink",
        "Both cubes in turn at the same place; the eye finds what changes. Space starts and stops it.",
    ),
}
_SCALES = {
    "automatic": "Scale: automatic",
    "common": "Scale: one for all",
    "own": "Scale: each its own",
}
_KINDS = {"absolute": "Difference: values", "relative": "Difference: in %"}


class CompareDock(QWidget):
    """Chooses which cubes are compared in the picture, and how.

    Parameters
    ----------
    session : Session
    side_by_side, pair_view, colours
        What the buttons switch.
    settings : QSettings, optional
        Where choices are remembered; the user's own by default.
    parent : QWidget, optional
    """

    def __init__(
        self,
        session: Session,
        side_by_side: SideBySide,
        pair_view: PairView,
        colours: ColourLayers,
        *,
        settings: QSettings | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._session, self._side_by_side, self._pair_view = session, side_by_side, pair_view
        self._stored = settings or QSettings("napari-udt", "napari-udt")
        self._settings = settings_from(str(self._stored.value(_STORED, "")))
        self._make_widgets(colours)
        self._arrange()
        self._timer = QTimer(self)
        self._show_settings()
        self._connect()
        self._follow_session()

    # -- building ---------------------------------------------------------------------------------

    def _make_widgets(self, colours: ColourLayers) -> None:
        self.buttons = {mode: _toggle(*texts, self) for mode, texts in _TOOLTIPS.items()}
        self.first = _box(
            "first", "First cube", "The cube that is looked at: usually the transferred one.", self
        )
        self.second = _box(
            "second", "Second cube", "The cube that it is compared with: usually its source.", self
        )
        self.pictures = PickButton(
            "pictures",
            "Pictures",
            f"Which cubes stand side by side, two to {MOST_CELLS}; with none ticked, the newest simulated, "
            "transferred and real one.",
            parent=self,
        )
        self.scale = _box(
            "scale",
            "Scale",
            "One scale shows the same value as the same brightness; each its own shows all structures. "
            "“Automatic” shares it unless one picture would go flat.",
            self,
        )
        self.kind = _box("kind", "Difference", "First minus second; in %, of the second.", self)
        for box, texts in ((self.scale, _SCALES), (self.kind, _KINDS)):
            for value, text in texts.items():
                box.addItem(text, value)
        self.rate = _rate_field(self)
        self.divider = _divider_slider(self)
        self.colours = ColourRow(colours, parent=self)
        self.status = text_line("status", self)
        self.status.setMinimumSize(1, 1)  # Qt would keep room for the text wrapped into a narrow column
        self.status.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)

    def _arrange(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(6, 6, 6, 6)
        layout.setSpacing(4)
        layout.addLayout(_row(*self.buttons.values()))
        layout.addLayout(_row(self.first, QLabel("with", self), self.second))
        layout.addLayout(_row(self.pictures, self.scale, self.kind))
        layout.addLayout(_row(QLabel("Divider", self), self.divider, QLabel("Blink", self), self.rate))
        layout.addWidget(self.colours)
        layout.addWidget(self.status)
        layout.addStretch()

    def _connect(self) -> None:
        for mode, button in self.buttons.items():
            button.setProperty("mode", mode)
            button.clicked.connect(self._on_button)
        self.first.activated.connect(self._on_pair_chosen)
        self.second.activated.connect(self._on_pair_chosen)
        self.pictures.chosen.connect(self._on_pictures)
        self.scale.activated.connect(self._on_scale)
        self.kind.activated.connect(self._on_kind)
        self.rate.valueChanged.connect(self._on_rate)
        self.divider.valueChanged.connect(self._on_divider)
        self.colours.rgb_chosen.connect(self._on_rgb)
        self.colours.told.connect(self.status.setText)
        self._timer.timeout.connect(self._pair_view.step)
        self._session.cubes_changed.connect(self._follow_session)
        self._side_by_side.changed.connect(self._show_state)
        self._pair_view.changed.connect(self._show_state)

    # -- what is open -----------------------------------------------------------------------------

    def _follow_session(self) -> None:
        if not isalive(self):
            return
        keys = [entry.key for entry in self._session]
        kept = [box.currentText() for box in (self.first, self.second)]
        usual = usual_pair(self._session)
        known = [self.first.itemText(i) for i in range(self.first.count())]
        wanted = usual if usual is not None and (set(keys) != set(known) or not all(kept)) else kept
        for box, key in zip((self.first, self.second), wanted, strict=True):
            box.clear()
            box.addItems(keys)
            box.setCurrentIndex(keys.index(key) if key in keys else -1)
        picks = [Pick(e.key, e.key, line_style(e.role, e.cube).colour) for e in self._session]
        self.pictures.set_picks(picks)
        self.pictures.set_ticked([key for key in self._side_by_side.chosen if key in keys])
        self._show_state()

    def _show_state(self, _active: bool | None = None) -> None:
        """Press the button of what is shown, and say on which scale."""
        if not isalive(self):
            return
        shown = "side by side" if self._side_by_side.active else self._pair_view.mode
        for mode, button in self.buttons.items():
            button.setChecked(mode == shown)
            button.setEnabled(len(self._session) > 1)
        self._turn_blinking(shown == "blink")
        self.divider.setEnabled(shown == "swipe")
        self.divider.blockSignals(True)
        self.divider.setValue(round(self._pair_view.divider * _DIVIDER_STEPS))
        self.divider.blockSignals(False)
        statement = self._side_by_side.statement if self._side_by_side.active else self._pair_view.statement
        self.status.setText(statement or ("" if len(self._session) > 1 else _INVITATION))

    def _turn_blinking(self, on: bool) -> None:
        if on and self.isVisible():
            self._timer.start(round(1000 / self.rate.value()))
        else:
            self._timer.stop()

    def hideEvent(self, event: QHideEvent | None) -> None:  # noqa: N802 - Qt's name
        """Stop blinking: nobody could stop it any more."""
        super().hideEvent(event)
        if self._pair_view.mode == "blink":
            self._pair_view.stop()

    # -- choices ----------------------------------------------------------------------------------

    def _on_button(self, checked: bool) -> None:
        mode = self.sender().property("mode")
        if mode == "side by side":
            self._side_by_side.set_active(checked)
        elif checked:
            self._show_pair(mode)
        else:
            self._pair_view.stop()

    def _show_pair(self, mode: PairMode) -> None:
        sentence = self._pair_view.show(mode, self.first.currentText(), self.second.currentText())
        if sentence:
            self._show_state()
            self.status.setText(sentence)

    def _on_pair_chosen(self, _index: int) -> None:
        if self._pair_view.mode != "off":
            mode = self._pair_view.mode
            self._pair_view.stop()
            self._show_pair(mode)

    def _on_pictures(self, _option: str, keys: tuple[str, ...]) -> None:
        self._side_by_side.choose(keys)
        self._show_state()

    def _on_scale(self, index: int) -> None:
        self._remember(scale=self.scale.itemData(index))
        self._side_by_side.set_scale(self._settings.scale)
        if self._pair_view.mode in ("swipe", "blink"):
            self._show_pair(self._pair_view.mode)

    def _on_kind(self, index: int) -> None:
        self._remember(kind=self.kind.itemData(index))
        self._pair_view.set_kind(self._settings.kind)

    def _on_rate(self, rate_hz: float) -> None:
        self._remember(rate_hz=rate_hz)
        self._turn_blinking(self._pair_view.mode == "blink")

    def _on_divider(self, value: int) -> None:
        self._pair_view.put_divider(value / _DIVIDER_STEPS)

    def _on_rgb(self, red: float, green: float, blue: float) -> None:
        self._remember(red_nm=red, green_nm=green, blue_nm=blue)

    def _remember(self, **changes: object) -> None:
        self._settings = replace(self._settings, **changes)  # type: ignore[arg-type]
        self._stored.setValue(_STORED, self._settings.text())

    def _show_settings(self) -> None:
        settings = self._settings
        self.scale.setCurrentIndex(self.scale.findData(settings.scale))
        self.kind.setCurrentIndex(self.kind.findData(settings.kind))
        self.rate.setValue(settings.rate_hz)
        self.colours.set_rgb_nm((settings.red_nm, settings.green_nm, settings.blue_nm))
        self._side_by_side.set_scale(settings.scale)
        self._pair_view.set_kind(settings.kind)


def _row(*widgets: QWidget) -> QHBoxLayout:
    row = QHBoxLayout()
    row.setSpacing(4)
    for widget in widgets:
        row.addWidget(widget, 0 if isinstance(widget, QLabel) else 1)
    return row


def _toggle(text: str, tooltip: str, parent: QWidget) -> QPushButton:
    button = QPushButton(text, parent)
    button.setObjectName(text)
    button.setToolTip(tooltip)
    button.setCheckable(True)
    button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    button.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
    return button


def _box(name: str, question: str, tooltip: str, parent: QWidget) -> QComboBox:
    box = QComboBox(parent)
    box.setObjectName(name)
    box.setAccessibleName(question)
    box.setToolTip(f"{question}: {tooltip}")
    box.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
    return box


def _rate_field(parent: QWidget) -> QDoubleSpinBox:
    field = QDoubleSpinBox(parent)
    field.setObjectName("rate")
    field.setAccessibleName("Blink rate")
    field.setToolTip("Pictures per second while two cubes blink.")
    field.setRange(SLOWEST_HZ, FASTEST_HZ)
    field.setSingleStep(0.5)
    field.setDecimals(1)
    field.setSuffix(" Hz")
    return field


def _divider_slider(parent: QWidget) -> QSlider:
    slider = QSlider(Qt.Orientation.Horizontal, parent)
    slider.setObjectName("divider")
    slider.setAccessibleName("Divider")
    slider.setToolTip("Where the divider of “Swipe” stands; it can be dragged in the picture as well.")
    slider.setRange(0, _DIVIDER_STEPS)
    slider.setSingleStep(2)
    slider.setPageStep(20)
    return slider
