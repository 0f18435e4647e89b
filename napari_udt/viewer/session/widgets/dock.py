"""The Session dock: what is open and which role it plays, the pins, steps back, and the session as a file."""

from __future__ import annotations

from qtpy.compat import isalive
from qtpy.QtCore import QSize, Qt
from qtpy.QtGui import QKeySequence, QShortcut
from qtpy.QtWidgets import QHBoxLayout, QLabel, QPushButton, QWidget

from napari_udt.outgoing_text import without_markup
from napari_udt.viewer.qt.scroll_area import scrolling_layout
from napari_udt.viewer.session.script import is_reproducible
from napari_udt.viewer.session.widgets import actions as session_actions
from napari_udt.viewer.session.widgets.tables import CubeTable, PinTable
from napari_udt.viewer.state.session import DisplayOptions, Session

_MARGIN = 20  # pixels around the words of a button


class SessionDock(QWidget):
    """Roles of cubes, pins, undo and redo, saving and opening sessions.

    Parameters
    ----------
    session : Session
    parent : QWidget, optional
    """

    def __init__(self, session: Session, *, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.session = session
        self._make_widgets()
        self._lay_out()
        self._connect()
        self._refresh_all()

    def _make_widgets(self) -> None:
        """Make them as they are read: Tab walks in this order."""
        self.undo_button = _button("Undo", "Take the last step back (Ctrl+Z).", self)
        self.redo_button = _button("Redo", "Make the step again that was taken back (Ctrl+Shift+Z).", self)
        self.open_button = _button("Open session…", "Bring back cubes, roles, pins and settings.", self)
        self.save_button = _button(
            "Save session…", "Save which cubes are open, roles, pins and settings in one file.", self
        )
        self.close_button = _button("Close cube", "Close the selected cubes; Undo brings them back.", self)
        self.copy_button = _button(
            "Copy as Python",
            "Copy a script that makes the selected results again; with a cube of the target domain selected too, it writes a report "
            "with the figures of all of them.",
            self,
        )
        self.cubes = CubeTable(self.session, parent=self)
        self.delete_button = _button("Delete pins", "Delete the selected pins (Delete key).", self)
        self.pins = PinTable(self.session, parent=self)

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.setSpacing(4)
        for button in (self.undo_button, self.redo_button, self.open_button, self.save_button):
            top.addWidget(button, stretch=1)
        layout = scrolling_layout(self)
        layout.setContentsMargins(6, 6, 6, 6)
        layout.setSpacing(4)
        layout.addLayout(top)
        layout.addLayout(_headed("C&ubes", self.cubes, self.close_button, self.copy_button))
        layout.addWidget(self.cubes, stretch=1)
        layout.addLayout(_headed("P&ins", self.pins, self.delete_button))
        layout.addWidget(self.pins, stretch=1)

    def _connect(self) -> None:
        session = self.session
        session.cubes_changed.connect(self._refresh_all)
        session.pins_changed.connect(self._refresh_pins)
        session.options_changed.connect(self._options_changed)
        session.history.changed.connect(self._refresh_history)
        self.undo_button.clicked.connect(self._undo)
        self.redo_button.clicked.connect(self._redo)
        self.open_button.clicked.connect(self._open)
        self.save_button.clicked.connect(self._save)
        self.close_button.clicked.connect(self.cubes.close_selected)
        self.copy_button.clicked.connect(self._copy)
        self.delete_button.clicked.connect(self.pins.delete_selected)
        for table in (self.cubes, self.pins):
            table.selection_changed.connect(self._allow)
        for keys, action in ((QKeySequence.StandardKey.Undo, self._undo), ("Ctrl+Shift+Z", self._redo)):
            shortcut = QShortcut(QKeySequence(keys), self)
            shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            shortcut.activated.connect(action)

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Ask for room for a few cubes and pins."""
        return QSize(420, 360)

    def _refresh_all(self) -> None:
        if isalive(self):
            self.cubes.refresh()
            self.pins.refresh()
            self._refresh_history()

    def _refresh_pins(self) -> None:
        if isalive(self):
            self.pins.refresh()
            self._allow()

    def _options_changed(self, _options: DisplayOptions) -> None:
        self._refresh_pins()

    def _refresh_history(self) -> None:
        if not isalive(self):
            return
        history = self.session.history
        for button, title, word, keys in (
            (self.undo_button, history.undo_title, "Undo", "Ctrl+Z"),
            (self.redo_button, history.redo_title, "Redo", "Ctrl+Shift+Z"),
        ):
            button.setEnabled(title is not None)
            button.setAccessibleName(f"{word}: {title}" if title else word)
            button.setStatusTip(title or "")
            tip = f"{word}: {title} ({keys})" if title else f"Nothing to {word.lower()}"
            button.setToolTip(without_markup(tip))
        self._allow()

    def _allow(self) -> None:
        keys = self.cubes.selected_cubes()
        self.close_button.setEnabled(bool(keys))
        self.copy_button.setEnabled(any(is_reproducible(self.session[key].cube) for key in keys))
        self.delete_button.setEnabled(bool(self.pins.selected_rows()))
        self.save_button.setEnabled(len(self.session) > 0)

    def _undo(self) -> None:
        self.session.history.undo()

    def _redo(self) -> None:
        self.session.history.redo()

    def _open(self) -> None:
        session_actions.ask_and_open(self.session, self)

    def _save(self) -> None:
        session_actions.ask_and_save(self.session, self)

    def _copy(self) -> None:
        keys = self.cubes.selected_cubes()
        if keys:
            session_actions.copy_script(*(self.session[key].cube.with_(name=key) for key in keys))


def _headed(title: str, table: QWidget, *buttons: QPushButton) -> QHBoxLayout:
    row = QHBoxLayout()
    row.setSpacing(4)
    heading = QLabel(title)
    heading.setBuddy(table)
    row.addWidget(heading)
    row.addStretch()
    for button in buttons:
        row.addWidget(button)
    return row


def _button(text: str, tooltip: str, parent: QWidget) -> QPushButton:
    button = QPushButton(text, parent)
    button.setObjectName(text)
    button.setMinimumWidth(button.fontMetrics().horizontalAdvance(text) + _MARGIN)
    button.setToolTip(f"<qt>{tooltip}</qt>")
    return button
