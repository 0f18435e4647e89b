"""The question before a window whose training is running closes."""

from __future__ import annotations

from qtpy.QtWidgets import QMainWindow

from napari_udt.viewer.session.widgets.close_guard import CloseGuard
from napari_udt.viewer.train.run import TrainingRun

GO_ON, STOP = "Train on without the window", "Stop and keep the best so far"


class TrainingGuard(CloseGuard):
    """Asks the person who closes a window what shall become of its training, which needs no window.

    Parameters
    ----------
    training : TrainingRun
    main : QMainWindow
    """

    def __init__(self, training: TrainingRun, main: QMainWindow) -> None:
        super().__init__(main)
        self._training = training

    def may_close(self) -> bool:
        """Ask where a training runs; stop it if that is the answer."""
        if not self._training.running:
            return True
        name = "A model" if self._training.plan is None else self._training.plan.name
        text = f"{name} is still being trained. Without the window it goes on, and is listed when it is finished."
        chosen = self.ask("A model is being trained", text, GO_ON, STOP)
        if chosen == STOP:
            self._training.stop()
        return bool(chosen)
