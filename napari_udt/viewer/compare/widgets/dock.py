"""The Compare dock: side by side, difference, swipe and blink of the open cubes, and their colours."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from qtpy.compat import isalive
from qtpy.QtCore import QSettings, Qt, QTimer
from qtpy.QtGui import QHideEvent
from qtpy.QtWidgets import QFormLayout, QWidget

from napari_udt.viewer.compare.settings import FASTEST_HZ, SLOWEST_HZ, CompareSettings
from napari_udt.viewer.compare.widgets.colour_row import ColourRow
from napari_udt.viewer.compare.widgets.component_row import ComponentRow
from napari_udt.viewer.compare.widgets.fields import DIVIDER_STEPS, KINDS, SCALES, TOOLTIPS, divider_slider
from napari_udt.viewer.compare.widgets.structure_row import StructureRow
from napari_udt.viewer.layers.arrangements.comparison import MOST_CELLS, usual_pair
from napari_udt.viewer.layers.arrangements.pair_view import PairMode, PairView
from napari_udt.viewer.layers.arrangements.side_by_side import SideBySide
from napari_udt.viewer.layers.overlays.colours import ColourLayers
from napari_udt.viewer.layers.overlays.structure_names import StructureNames
from napari_udt.viewer.qt.elided_combo_box import ElidedComboBox
from napari_udt.viewer.qt.fields import double_spin_box, push_button, row_of, set_tab_order
from napari_udt.viewer.qt.scroll_area import scrolling_layout
from napari_udt.viewer.qt.stable_label import wrapping_label
from napari_udt.viewer.spectra.widgets.picker import Pick, PickButton
from napari_udt.viewer.state.session import CubesChange, Session
from napari_udt.viewer.state.settings import plain, read_user_settings, settings_from, write_user_settings
from napari_udt.viewer.style import line_style

_NAME = "compare"  # in the settings of the user and of the session
_INVITATION = "Open a simulated and a reference cube, transfer one, and compare them here."


class CompareDock(QWidget):
    """Chooses which cubes are compared in the picture, and how.

    Parameters
    ----------
    session : Session
    side_by_side, pair_view, colours, structures
        Views that the buttons switch.
    parent : QWidget, optional
    """

    def __init__(
        self,
        session: Session,
        side_by_side: SideBySide,
        pair_view: PairView,
        colours: ColourLayers,
        structures: StructureNames,
        *,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._session, self._side_by_side, self._pair_view = session, side_by_side, pair_view
        self._structures = structures
        self._settings = settings_from(
            CompareSettings, read_user_settings().get(_NAME) or _earlier_settings()
        )
        self._make_widgets(colours)
        self._arrange()
        self._timer = QTimer(self)
        self._show_settings()
        self._note()
        self._connect()
        self._offer_cubes()

    # -- building ---------------------------------------------------------------------------------

    def _make_widgets(self, colours: ColourLayers) -> None:
        self.buttons = {
            mode: push_button(*texts, self, checkable=True, shrinks=True) for mode, texts in TOOLTIPS.items()
        }
        self.first = ElidedComboBox(
            "first", "First cube", "The cube that is looked at: usually the transferred one.", parent=self
        )
        self.second = ElidedComboBox(
            "second", "Second cube", "The cube that it is compared with: usually its source.", parent=self
        )
        self.pictures = PickButton(
            "pictures",
            "Pictures",
            f"Which cubes stand side by side, two to {MOST_CELLS}; with none ticked, the newest simulated, "
            "transferred and reference one.",
            parent=self,
        )
        self.scale = ElidedComboBox(
            "scale",
            "Brightness",
            "One scale shows the same value as the same brightness; each its own shows all structures. "
            "“Automatic” shares it unless one picture would go flat.",
            parent=self,
        )
        self.kind = ElidedComboBox(
            "kind", "Difference", "First minus second; in %, of the second.", parent=self
        )
        for box, texts in ((self.scale, SCALES), (self.kind, KINDS)):
            for value, text in texts.items():
                box.addItem(text, value)
        self.rate = double_spin_box(
            "rate",
            "Blink rate",
            "Pictures per second while two cubes blink.",
            self,
            (SLOWEST_HZ, FASTEST_HZ),
            step=0.5,
            decimals=1,
            unit="Hz",
        )
        self.divider = divider_slider(self)
        self.structures = StructureRow(self._structures, parent=self)
        self.colours = ColourRow(colours, parent=self)
        self.components = ComponentRow(self._session, parent=self)
        self.status = wrapping_label("status", self)
        self.status.setMinimumSize(1, 1)  # Qt would keep room for the text wrapped into a narrow column
        self.status.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)

    def _arrange(self) -> None:
        layout = scrolling_layout(self)
        layout.setContentsMargins(6, 6, 6, 6)
        layout.setSpacing(4)
        layout.addLayout(row_of(*self.buttons.values()))
        layout.addLayout(self._choices())
        layout.addWidget(self.status)
        layout.addStretch()
        set_tab_order(self.kind, self.divider, self.rate)

    def _choices(self) -> QFormLayout:
        """Return a form of what is compared and how."""
        form = QFormLayout()
        form.setSpacing(4)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        for question, answer in (
            ("First &cube", self.first),
            ("&Second cube", self.second),
            ("Side &by side", self.pictures),
            ("Bri&ghtness", self.scale),
            ("&Difference", self.kind),
            ("Sw&ipe", self.divider),
            ("Blin&k", self.rate),
            ("Structures", self.structures),
        ):
            form.addRow(question, answer)
        form.addRow(self.colours)
        form.addRow(self.components)
        return form

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
        self.structures.chosen.connect(self._on_structures)
        self.colours.message.connect(self.status.setText)
        self.components.message.connect(self.status.setText)
        self.first.currentTextChanged.connect(self.components.set_key)
        self._timer.timeout.connect(self._pair_view.step)
        self._session.cubes_changed.connect(self._cubes_changed)
        self._session.settings_restored.connect(self._restore)
        self._side_by_side.changed.connect(self._show_state)
        self._pair_view.changed.connect(self._show_state)

    # -- open cubes -----------------------------------------------------------------------------

    def _cubes_changed(self, change: CubesChange) -> None:
        if isalive(self):
            self._offer_cubes(change)

    def _offer_cubes(self, change: CubesChange | None = None) -> None:
        """Offer the open cubes: the usual pair once cubes come or go, else those that were chosen."""
        keys = [entry.key for entry in self._session]
        new_keys = dict(change.renamed) if change else {}
        kept = [new_keys.get(key, key) for key in (self.first.currentText(), self.second.currentText())]
        usual = usual_pair(self._session)
        others = change is None or change.added or change.removed
        wanted = usual if usual is not None and (others or not all(kept)) else kept
        for box, key in zip((self.first, self.second), wanted, strict=True):
            box.clear()
            box.addItems(keys)
            box.setCurrentIndex(keys.index(key) if key in keys else -1)
        picks = [Pick(e.key, e.key, line_style(e.role, e.cube).colour) for e in self._session]
        self.pictures.set_picks(picks)
        self.pictures.set_ticked([key for key in self._side_by_side.chosen if key in keys])
        self._show_state()

    def _show_state(self, _active: bool | None = None) -> None:
        """Check the button of the current mode, and show the scale."""
        if not isalive(self):
            return
        shown: str = "side by side" if self._side_by_side.active else self._pair_view.mode
        if shown == "difference" and self._pair_view.kind == "added":
            shown = "added"
        for mode, button in self.buttons.items():
            button.setChecked(mode == shown)
            button.setEnabled(len(self._session) > 1)
        self._turn_blinking(shown == "blink")
        self.divider.setEnabled(shown == "swipe")
        self.divider.blockSignals(True)
        self.divider.setValue(round(self._pair_view.divider * DIVIDER_STEPS))
        self.divider.blockSignals(False)
        statement = self._side_by_side.statement if self._side_by_side.active else self._pair_view.statement
        self.status.setText(statement or ("" if len(self._session) > 1 else _INVITATION))

    def _turn_blinking(self, on: bool) -> None:
        if on and self.isVisible():
            self._timer.start(round(1000 / self.rate.value()))
        else:
            self._timer.stop()

    def hideEvent(self, event: QHideEvent | None) -> None:  # noqa: N802 - Qt's name
        """Stop blinking: its button is hidden now."""
        super().hideEvent(event)
        if self._pair_view.mode == "blink":
            self._pair_view.stop()

    # -- choices ----------------------------------------------------------------------------------

    def _on_button(self, checked: bool) -> None:
        mode = self.sender().property("mode")
        if mode == "side by side":
            self._side_by_side.set_active(checked)
        elif checked and mode in ("difference", "added"):
            self._show_difference(added=mode == "added")
        elif checked:
            self._show_pair(mode)
        else:
            self._pair_view.stop()

    def _show_difference(self, *, added: bool) -> None:
        """Show the difference of the chosen pair as it was shown last, or what the newest transfer added to its source."""
        pair = usual_pair(self._session)
        if added and pair is not None:
            for box, key in zip((self.first, self.second), pair, strict=True):
                box.setCurrentText(key)
        if added != (self._settings.kind == "added"):
            self.kind.setCurrentIndex(self.kind.findData("added" if added else "absolute"))
            self._remember(kind=self.kind.currentData())
            self._pair_view.set_kind(self._settings.kind)
        self._show_pair("difference")

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
        self._pair_view.put_divider(value / DIVIDER_STEPS)

    def _on_rgb(self, red: float, green: float, blue: float) -> None:
        self._remember(red_nm=red, green_nm=green, blue_nm=blue)

    def _on_structures(self, names: bool, legend: bool) -> None:
        if (names, legend) != (self._settings.names, self._settings.legend):
            self._remember(names=names, legend=legend)

    def _remember(self, **changes: object) -> None:
        self._settings = replace(self._settings, **changes)  # type: ignore[arg-type]
        write_user_settings(**{_NAME: plain(self._settings)})
        self._note()

    def _note(self) -> None:
        """Store the choices in the session, so that its file restores them."""
        self._session.settings[_NAME] = plain(self._settings)

    def _restore(self) -> None:
        if isalive(self) and _NAME in self._session.settings:
            self._settings = settings_from(CompareSettings, self._session.settings[_NAME])
            self._show_settings()

    def _show_settings(self) -> None:
        settings = self._settings
        self.scale.setCurrentIndex(self.scale.findData(settings.scale))
        self.kind.setCurrentIndex(self.kind.findData(settings.kind))
        self.rate.setValue(settings.rate_hz)
        self.colours.set_rgb_nm((settings.red_nm, settings.green_nm, settings.blue_nm))
        self._side_by_side.set_scale(settings.scale)
        self._pair_view.set_kind(settings.kind)
        self._structures.show(names=settings.names, legend=settings.legend)


def _earlier_settings() -> Any:
    """Return the settings that earlier versions kept among Qt's."""
    try:
        return json.loads(str(QSettings("napari-udt", "napari-udt").value(_NAME, "")))
    except ValueError:
        return None
