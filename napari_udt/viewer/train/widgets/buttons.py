"""What can be done with a training, as a row of buttons."""

from __future__ import annotations

from qtpy.QtWidgets import QWidget

from napari_udt.viewer.qt.fields import push_button, row_of


class TrainButtons(QWidget):
    """Check, Train and Stop; Resume and Dismiss where a training was interrupted."""

    def __init__(self, *, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.check = push_button(
            "Check",
            "Say what is in the cubes, what does not fit, and what the training would cost; train nothing.",
            self,
        )
        self.train = push_button("Train", "Look at the cubes, then train, in a process of its own.", self)
        self.stop = push_button(
            "Stop", "End the training after its step; the best weights so far are the model.", self
        )
        self.resume = push_button(
            "Resume", "Go on with the training that was interrupted, as if it had not been.", self
        )
        self.dismiss = push_button(
            "Dismiss", "Offer this training no more, in no window; its checkpoint stays on the disk.", self
        )
        self.all = (self.check, self.train, self.stop, self.resume, self.dismiss)
        row_of(*self.all, parent=self)

    def show_state(self, *, busy: bool, interrupted: bool) -> None:
        """Enable and show what is possible."""
        self.check.setEnabled(not busy)
        self.train.setEnabled(not busy)
        self.stop.setEnabled(busy)
        for button in (self.resume, self.dismiss):
            button.setVisible(interrupted)
