"""The tab "Pictures": Fig. 4, all domains at one wavelength on a common scale, with call-outs."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from functools import partial
from typing import Any

from qtpy.compat import isalive
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QWidget

from napari_udt.population.groups import Population
from napari_udt.population.scenes import WAVELENGTH_NM, Picture, Scenes, scenes
from napari_udt.population.tables import Table
from napari_udt.viewer.population.call_outs import CallOuts, call_outs_from, changed, inside, placed, without
from napari_udt.viewer.population.widgets.pictures.call_out_table import CallOutTable
from napari_udt.viewer.population.widgets.pictures.sheet import PictureSheet
from napari_udt.viewer.population.widgets.tab import FigureTab
from napari_udt.viewer.qt.fields import check_box, double_spin_box, fill, push_button, row_of
from napari_udt.viewer.state.settings import number_within

_ARROWS = {
    Qt.Key.Key_Left: (0, -1),
    Qt.Key.Key_Right: (0, 1),
    Qt.Key.Key_Up: (-1, 0),
    Qt.Key.Key_Down: (1, 0),
}


class PicturesTab(FigureTab):
    """Pictures, call-outs, and their magnified contents."""

    NAME = "pictures"
    TITLE = "Pictures"
    TIP = "Simulated, transferred and reference at one wavelength on a common scale, with call-outs (Fig. 4)."

    def make(self, body: QWidget) -> None:
        """Make the sheet, its controls and the list of call-outs."""
        self.call_outs: CallOuts = ()
        self._make_controls(body)
        self.sheet = self.figure_view = PictureSheet(parent=body)
        self.list = CallOutTable(parent=body)
        row = row_of(self.wavelength, self.follow, self.place_button, self.delete_button, equal=False)
        row.insertStretch(2)
        fill(body, row, self.sheet, self.list, stretched=self.sheet)
        self._connect()
        self._show_list()

    # -- the figure -------------------------------------------------------------------------------

    def settings(self) -> dict[str, Any]:
        """Return wavelength and call-outs."""
        return {
            "wavelength_nm": self.wavelength.value(),
            "follow": self.follow.isChecked(),
            "call_outs": [one.plain() for one in self.call_outs],
        }

    def set_settings(self, settings: Mapping[str, Any]) -> None:
        """Restore wavelength and call-outs."""
        self.blockSignals(True)
        box = self.wavelength
        if (nm := number_within(settings.get("wavelength_nm"), box.minimum(), box.maximum())) is not None:
            box.setValue(nm)
        self.follow.setChecked(settings.get("follow") is True)
        self._set_call_outs(call_outs_from(settings.get("call_outs")))
        self.blockSignals(False)

    def request(self, population: Population) -> tuple[Hashable, Callable[[], Scenes]]:
        """Return the work that makes the pictures at the chosen wavelength."""
        at = self.wavelength.value()
        return at, partial(scenes, population, at)

    def draw(self, figure: Scenes) -> None:
        """Draw the pictures that are not hidden."""
        group_appearances = self.group_appearances
        pictures = {name: (p, group_appearances[name].short) for name, p in self._pictures().items()}
        if pictures and self.source is not None:
            self.sheet.show_scenes(figure, pictures, self.source.modality, self.theme)
            self.sheet.show_call_outs(self.call_outs, self._chosen(), self.theme)
        self._show_list()

    def table(self) -> Table | None:
        """Return the call-outs with the means of their squares."""
        return None if self.figure is None or not self.call_outs else self.figure.table(self.call_outs)

    # -- call-outs --------------------------------------------------------------------------------

    def _pictures(self) -> dict[str, Picture]:
        """Pictures that are not hidden, by the name of their group."""
        figure: Scenes | None = self.figure
        pictures = () if figure is None else figure.pictures
        return {p.name: p for p in pictures if p.name not in self.choices.hidden}

    def _chosen(self) -> int:
        return next(iter(self.list.selected_positions()), -1)

    def _set_call_outs(self, call_outs: CallOuts) -> None:
        self.call_outs = call_outs
        if self.figure is not None:
            self.draw(self.figure)
        else:
            self._show_list()
        self.changed.emit()

    def _show_list(self) -> None:
        titles = {name: appearance.short for name, appearance in self.group_appearances.items()}
        self.list.show_call_outs(self.call_outs, titles)
        self.list.setVisible(bool(self.call_outs))
        self.delete_button.setEnabled(bool(self.call_outs))

    def _on_placed(self, name: str, row: int, column: int) -> None:
        self.place_button.setChecked(False)
        self._set_call_outs(placed(self.call_outs, self._pictures()[name], row, column))
        self.list.selectRow(len(self.call_outs) - 1)

    def _on_key(self, key: int, _shift: bool) -> None:
        """Place a call-out in the first picture on Return; move the selected one by arrows."""
        pictures, place = self._pictures(), self._chosen()
        if key in _ARROWS and place >= 0:
            down, right = _ARROWS[Qt.Key(key)]
            self._on_moved(place, self.call_outs[place].row + down, self.call_outs[place].column + right)
        elif key == Qt.Key.Key_Return and pictures:
            first = next(iter(pictures.values()))
            rows, columns = first.values.shape
            self._on_placed(first.name, rows // 2, columns // 2)

    def _on_moved(self, place: int, row: int, column: int) -> None:
        moved = changed(self.call_outs, place, row=row, column=column)
        picture = self._pictures().get(moved[place].picture)
        if picture is not None:
            kept = inside(moved[place], picture)
            self._set_call_outs(changed(moved, place, row=kept.row, column=kept.column))

    def _on_edited(self, place: int, what: str, typed: str) -> None:
        if what == "text":
            self._set_call_outs(changed(self.call_outs, place, text=typed))
        elif typed.strip().isdigit():
            self._set_call_outs(changed(self.call_outs, place, size=int(typed)))
        else:
            self.message.emit(f"{typed!r} is no number of pixels; the size stays as it was.")
            self._show_list()

    def _on_delete_pressed(self) -> None:
        self._set_call_outs(without(self.call_outs, self.list.selected_positions()))

    def _on_delete_button(self) -> None:
        chosen = self.list.selected_positions() or [len(self.call_outs) - 1]
        self._set_call_outs(without(self.call_outs, chosen))

    def _on_selection_changed(self) -> None:
        if self.figure is not None and self._pictures():
            self.sheet.show_call_outs(self.call_outs, self._chosen(), self.theme)

    # -- wavelength -------------------------------------------------------------------------------

    def _make_controls(self, body: QWidget) -> None:
        self.wavelength = double_spin_box(
            "picture wavelength",
            "Wavelength of the pictures",
            "The pictures show the channel nearest to this wavelength; 800 nm in the paper.",
            body,
            (100.0, 20_000.0),
            step=10.0,
            decimals=1,
            unit="nm",
        )
        self.wavelength.setValue(WAVELENGTH_NM)
        self.wavelength.setKeyboardTracking(False)
        self.follow = check_box("Follow slider", "Show the wavelength that the window's slider shows.", body)
        self.place_button = push_button(
            "Place call-out",
            "Then click on a picture: a square around the pixel is marked and magnified.",
            body,
            checkable=True,
        )
        self.delete_button = push_button("Delete", "Delete the selected call-outs, else the newest.", body)

    def _connect(self) -> None:
        self.wavelength.valueChanged.connect(self._on_wavelength)
        self.follow.toggled.connect(self._on_follow)
        self.place_button.toggled.connect(self._on_placing)
        self.delete_button.clicked.connect(self._on_delete_button)
        self.sheet.placed.connect(self._on_placed)
        self.sheet.keys = frozenset((*_ARROWS, Qt.Key.Key_Return))
        self.sheet.key_pressed.connect(self._on_key)
        self.sheet.moved.connect(self._on_moved)
        self.sheet.message.connect(self.message)
        self.list.edited.connect(self._on_edited)
        self.list.delete_pressed.connect(self._on_delete_pressed)
        self.list.selection_changed.connect(self._on_selection_changed)
        self.session.wavelength_changed.connect(self._on_slider)

    def _on_wavelength(self, _wavelength_nm: float) -> None:
        self.update_figure()
        self.changed.emit()

    def _on_follow(self, on: bool) -> None:
        self.wavelength.setEnabled(not on)
        if self.session.wavelength_nm is not None:
            self._on_slider(self.session.wavelength_nm)
        self.changed.emit()

    def _on_slider(self, wavelength_nm: float) -> None:
        if isalive(self) and self.follow.isChecked():
            self.wavelength.setValue(wavelength_nm)

    def _on_placing(self, on: bool) -> None:
        self.sheet.placing = on
        self.message.emit("Click on a picture to place the call-out." if on else "")
