"""The compact rows of choices above the plot of spectra."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from qtpy.QtCore import Qt, Signal, SignalInstance
from qtpy.QtGui import QResizeEvent
from qtpy.QtWidgets import QCheckBox, QGridLayout, QSizePolicy, QToolButton, QWidget

from napari_udt.viewer.layers.layer_data import structure_colour
from napari_udt.viewer.qt.fields import fill, set_tab_order
from napari_udt.viewer.spectra.curves import CurveSet
from napari_udt.viewer.spectra.widgets.choice_box import OptionBox
from napari_udt.viewer.spectra.widgets.more_options import MoreControls
from napari_udt.viewer.spectra.widgets.picker import Pick, PickButton
from napari_udt.viewer.state.session import DisplayOptions

_Places = Mapping[str, tuple[int, int]]
_NAMES = ("mode", "normalisation", "hover", "window", "centre", "spread", "more", "live", "large")
# Rows and columns, where three rows, two or one hold all words; structures take the place of the window.
_IN_THREE: _Places = {name: (place // 3, place % 3) for place, name in enumerate(_NAMES)}
_IN_TWO: _Places = {name: (place // 5, place % 5) for place, name in enumerate(_NAMES)}
_IN_ONE: _Places = {name: (0, place) for place, name in enumerate(_NAMES)}
_OPTIONS = ("mode", "normalisation", "window", "centre", "spread")
_SPACING = 4
_MOST_LISTED = 500  # structures; a list of 70,000 took seconds, and nobody would read it

_USUAL_TEXTS: Mapping[str, str] = {"none": "Automatic: none", "l2": "Automatic: L2"}
_SHORT_MORE, _LEAST_LETTERS = "More", 30
_MORE = "Curves: derivative, comparison, chromophores, regions, maps"


class SpectraControls(QWidget):
    """Mode, normalisation, window or structures, centre, spread, following the mouse, live transfer; the rest folded away."""

    chosen = Signal(str, object)  # name of the option, value

    def __init__(self, *, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._boxes = {option: OptionBox(option, parent=self) for option in _OPTIONS}
        self._structures = PickButton(
            "structures",
            "Structures",
            "Structures whose mean or median is drawn. A click on a structure in the picture ticks it as well.",
            parent=self,
        )
        self._hover = QCheckBox("Follow mouse", parent=self)
        self._hover.setObjectName("hover")
        self._hover.setToolTip(
            "Draw the spectra under the mouse while it moves; if not, only what is pinned or ticked."
        )
        self._live = QCheckBox("Live", parent=self)
        self._live.setAccessibleName("Live transfer")
        self._live.setObjectName("live")
        self._live.setToolTip(
            "<qt>Live transfer: draw what the model makes of the simulated hyperspectral spectrum under the mouse, without a run: the dashed "
            "curve. The condition comes from the cube's structures, else it is unknown.</qt>"
        )
        self._fold = _fold_button(self)
        self._large = QToolButton(self)
        self._large.setObjectName("plot large")
        self._large.setAccessibleName("Plot large")
        self._large.setText("⤢")
        self._large.setToolTip("Show the plot large, or as before.")
        self._large.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._large.hide()
        self.more = MoreControls(parent=self)
        self.more.hide()
        self._arrange()
        for box in self._boxes.values():
            box.chosen.connect(self.chosen)
        self._structures.chosen.connect(self.chosen)
        self.more.chosen.connect(self.chosen)
        self._hover.toggled.connect(self._on_hover_toggled)
        self._live.toggled.connect(self._on_live_toggled)
        self._fold.toggled.connect(self._on_fold_toggled)

    def offer_large(self, key: str) -> SignalInstance:
        """Show the button that shows the plot large, as this key does, and return the signal of its press."""
        self._large.setToolTip(f"Show the plot large, or as before ({key}).")
        self._large.show()
        return self._large.clicked

    def set_options(self, options: DisplayOptions) -> None:
        """Show the options; no signal is emitted."""
        for option, box in self._boxes.items():
            box.set_value(getattr(options, option))
        self._boxes["normalisation"].name(
            "wavelength",
            f"At {options.normalisation_nm:.0f} nm" if options.normalisation == "wavelength" else "",
        )
        of_structures = options.mode == "structure"
        self._boxes["window"].setVisible(not of_structures)
        self._structures.setVisible(of_structures)
        self._structures.set_ticked(options.structures)
        for box, checked in ((self._hover, options.hover), (self._live, options.live)):
            box.blockSignals(True)
            box.setChecked(checked)
            box.blockSignals(False)
        self.more.set_options(options)
        self._fit()

    def set_structures(self, names: Sequence[str]) -> None:
        """Offer these structures; of very many the first ones and those that are ticked, the others in the picture."""
        ticked = set(self._structures.ticked)
        listed = [name for row, name in enumerate(names) if row < _MOST_LISTED or name in ticked]
        picks = [Pick(name, name, structure_colour(name)) for name in listed]
        more = len(names) - len(listed)
        self._structures.set_picks(picks, f"{more:,} more: click them in the picture" if more else "")

    def offer_trainings(self, obstacle: str) -> None:
        """Offer bands over trainings, or say why there can be none."""
        for value in ("trainings", "trainings_range"):
            self._boxes["spread"].forbid(value, obstacle)

    def set_curves(self, curves: CurveSet) -> None:
        """Offer these curves as a reference, and say what "automatic" is for them."""
        shown = curves.curves[:1]
        usual = [
            _USUAL_TEXTS[DisplayOptions().of(curve.entry.cube.modality).normalisation] for curve in shown
        ]
        self._boxes["normalisation"].name("auto", "".join(usual))
        self._fit()
        self.more.set_curves(curves)

    def resizeEvent(self, event: QResizeEvent | None) -> None:  # noqa: N802 - Qt's name
        """Use one row where it is wide enough: the plot needs the height."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """Place the controls in as few rows as leave their words whole."""
        needed = self._needed()
        in_two = sum(
            max(width for name, width in needed.items() if _IN_TWO[name][1] == column) for column in range(5)
        )
        if self.width() >= sum(needed.values()) + _SPACING * (len(needed) - 1):
            self._place(_IN_ONE)
        else:
            self._place(_IN_TWO if self.width() >= in_two + 4 * _SPACING else _IN_THREE)
        for column in range(len(_NAMES)):
            inside = [needed[name] for name, place in self._placed.items() if place[1] == column]
            self._grid.setColumnStretch(column, max(inside, default=0))

    def _needed(self) -> dict[str, int]:
        """Return how many pixels of width each control needs for its words."""
        needed: dict[str, int] = {name: box.needed_width() for name, box in self._boxes.items()}
        others = {"hover": self._hover, "live": self._live, "large": self._large}
        needed |= {name: widget.sizeHint().width() for name, widget in others.items()}
        needed["more"] = (
            self._fold.fontMetrics().horizontalAdvance(_SHORT_MORE) + 3 * self._fold.iconSize().width()
        )
        return {name: needed[name] for name in _NAMES}

    def _arrange(self) -> None:
        self._grid = QGridLayout()
        self._grid.setSpacing(_SPACING)
        self._placed: _Places = {}
        self._place(_IN_THREE)
        fill(self, self._grid, self.more).setSpacing(2)
        boxes = self._boxes
        set_tab_order(
            boxes["mode"],
            boxes["normalisation"],
            self._hover,
            boxes["window"],
            self._structures,
            boxes["centre"],
            boxes["spread"],
            self._fold,
            self._live,
            self._large,
        )

    def _place(self, places: _Places) -> None:
        if places is self._placed:
            return
        self._placed = places
        widgets = {**self._boxes, "hover": self._hover, "live": self._live}
        for name, place in places.items():
            self._grid.addWidget((widgets | {"more": self._fold, "large": self._large})[name], *place)
        self._grid.setAlignment(self._large, Qt.AlignmentFlag.AlignRight)
        self._grid.addWidget(self._structures, *places["window"])

    def _on_hover_toggled(self, checked: bool) -> None:
        self.chosen.emit("hover", checked)

    def _on_live_toggled(self, checked: bool) -> None:
        self.chosen.emit("live", checked)

    def _on_fold_toggled(self, opened: bool) -> None:
        self._fold.setArrowType(Qt.ArrowType.DownArrow if opened else Qt.ArrowType.RightArrow)
        self.more.setVisible(opened)


class FoldButton(QToolButton):
    """Opens and closes the other choices; its text is cut where it is too long."""

    def resizeEvent(self, event: QResizeEvent | None) -> None:  # noqa: N802 - Qt's name
        """Shorten the words."""
        super().resizeEvent(event)
        room = self.width() - 2 * self.iconSize().width()
        fits = room >= _LEAST_LETTERS * self.fontMetrics().averageCharWidth()
        self.setText(
            self.fontMetrics().elidedText(_MORE, Qt.TextElideMode.ElideRight, room) if fits else _SHORT_MORE
        )


def _fold_button(parent: QWidget) -> FoldButton:
    button = FoldButton(parent)
    button.setObjectName("more")
    button.setText(_MORE)
    button.setAccessibleName(_MORE)
    button.setToolTip("What can be done with the curves beyond averaging them; click to open or close.")
    button.setCheckable(True)
    button.setAutoRaise(True)
    button.setArrowType(Qt.ArrowType.RightArrow)
    button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
    button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    button.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
    return button
