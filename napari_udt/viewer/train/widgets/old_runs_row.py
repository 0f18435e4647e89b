"""What trainings have left on the disk, and a button that removes it."""

from __future__ import annotations

from collections.abc import Callable

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QCheckBox, QMessageBox, QWidget

from napari_udt.files.write_errors import size_text
from napari_udt.viewer.qt.fields import push_button, row_of
from napari_udt.viewer.qt.stable_label import wrapping_label
from napari_udt.viewer.train.old_runs import OldRun, old_runs, remove, summary
from napari_udt.wording import counted, listed


class OldRunsRow(QWidget):
    """A line and a button; hidden while there is nothing to remove.

    Parameters
    ----------
    in_use : callable
        Returns the name of the training that the window works on; empty for none.
    parent : QWidget, optional
    """

    said = Signal(str)  # what was removed, or why not

    def __init__(self, in_use: Callable[[], str], *, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._in_use = in_use
        self.label = wrapping_label("old trainings", self)
        self.button = push_button(
            "Remove…",
            "Remove data sets, logs and checkpoints of trainings that are over. Models stay; a training that can be resumed stays "
            "unless it is chosen.",
            self,
        )
        self.button.setObjectName("remove old trainings")
        self.button.clicked.connect(self._ask)
        row_of(self.label, self.button, equal=False, parent=self).setStretch(0, 1)
        self.refresh()

    def refresh(self) -> None:
        """Look at the disk again."""
        text = summary(self._runs())
        self.label.setText(text)
        self.setVisible(bool(text))

    def _runs(self) -> list[OldRun]:
        return [run for run in old_runs() if run.name != self._in_use()]

    def _ask(self) -> None:
        runs = self._runs()
        finished = [run for run in runs if not run.resumable]
        others = [run for run in runs if run.resumable]
        box = QMessageBox(self)
        box.setIcon(QMessageBox.Icon.Question)
        box.setWindowTitle("Remove what trainings have left")
        box.setTextFormat(Qt.TextFormat.PlainText)
        names = listed([run.name for run in finished])
        box.setText(
            f"Remove data sets, logs and checkpoints of {counted(len(finished), 'finished training')} ({names}), "
            f"{size_text(sum(run.bytes for run in finished))}? Their models stay."
            if finished
            else "No finished training has left anything."
        )
        if others:
            choice = QCheckBox(
                f"also of those that can be resumed: {listed([run.name for run in others], 3)}, "
                f"{size_text(sum(run.bytes for run in others))}"
            )
            box.setCheckBox(choice)
        removing = box.addButton("Remove", QMessageBox.ButtonRole.DestructiveRole)
        box.setEscapeButton(box.addButton(QMessageBox.StandardButton.Cancel))
        box.exec()
        if box.clickedButton() is removing:
            wanted = [*finished, *(others if others and choice.isChecked() else [])]
            self.said.emit(remove(wanted) if wanted else "Nothing was removed.")
            self.refresh()
