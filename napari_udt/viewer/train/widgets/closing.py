"""The question before a window whose training is running closes."""

from __future__ import annotations

from qtpy.QtCore import QEvent, QObject
from qtpy.QtWidgets import QMainWindow, QMessageBox

from napari_udt.viewer.train.run import TrainingRun
from napari_udt.viewer.transfer.widgets.closing import closed_by_user

GO_ON, STOP = "Train on without the window", "Stop and keep the best so far"


class TrainingGuard(QObject):
    """Asks the person who closes a window what shall become of its training, which needs no window.

    Parameters
    ----------
    training : TrainingRun
    main : QMainWindow
    """

    def __init__(self, training: TrainingRun, main: QMainWindow) -> None:
        super().__init__(main)
        self._training, self._main = training, main
        main.installEventFilter(self)

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:  # noqa: N802 - Qt's name
        """Keep the window open where the user says so."""
        if event is None or event.type() != QEvent.Type.Close or not closed_by_user(watched):
            return False
        if self._training.running and not self._may_close():
            event.ignore()
            return True
        return False

    def _may_close(self) -> bool:
        name = "A model" if self._training.plan is None else self._training.plan.name
        box = QMessageBox(self._main)
        box.setWindowTitle("A model is being trained")
        box.setIcon(QMessageBox.Icon.Question)
        box.setText(
            f"{name} is still being trained. Without the window it goes on, and is listed when it is finished."
        )
        go_on = box.addButton(GO_ON, QMessageBox.ButtonRole.AcceptRole)
        stop = box.addButton(STOP, QMessageBox.ButtonRole.DestructiveRole)
        stay = box.addButton(QMessageBox.StandardButton.Cancel)
        box.setDefaultButton(go_on)
        box.setEscapeButton(stay)
        box.exec()
        chosen = box.clickedButton()
        box.deleteLater()
        if chosen is stop:
            self._training.stop()
        return chosen in (go_on, stop)
