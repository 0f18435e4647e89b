"""The loop around the training steps: evaluations, log, checkpoints, early stopping, Ctrl-C."""

from __future__ import annotations

import io
import math
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from napari_udt.errors import TrainingError
from napari_udt.models import TransferModel
from napari_udt.training import progress
from napari_udt.training.checkpoint import load_checkpoint, require_same_run, save_checkpoint
from napari_udt.training.curves import write_curves
from napari_udt.training.domains import DomainData
from napari_udt.training.objective import DOMAINS
from napari_udt.training.preview import PreviewWriter
from napari_udt.training.progress import LIVE, LOG, STOP
from napari_udt.training.trainer import Trainer

CHECKPOINT = "checkpoint.pt"
CURVES = "curves.svg"
# Between two checkpoints at most, beside those at evaluations, unless writing one takes more than this share of the time.
_SAVE_EVERY_S = 60.0
_MOST_SHARE = 0.02


class TrainingInterrupted(TrainingError):  # noqa: N818 - the user's wish, not an error
    """The user stopped the run; its checkpoint holds the last finished step."""


class TrainingLoop:
    """Steps, evaluations, checkpoints and early stopping.

    Parameters
    ----------
    trainer : Trainer
    data : mapping of {"simulated", "second"} to DomainData
    folder : Path
        Receives the log, its picture and the checkpoint.
    judge : callable, optional
        Gives the values whose sum decides which weights are kept, in place of the held-out losses.
    model : TransferModel, optional
        Of the trainer's network; with it a window can have a look at the present weights.
    """

    def __init__(
        self,
        trainer: Trainer,
        data: Mapping[str, DomainData],
        folder: Path,
        judge: Callable[[], dict[str, float]] | None = None,
        model: TransferModel | None = None,
    ) -> None:
        self.trainer = trainer
        self.judge = judge
        shown = model if trainer.processes.leads else None
        self.preview = None if shown is None else PreviewWriter(folder, shown, trainer.average)
        self.config = trainer.config
        self.held_out = {domain: data[domain].held_out for domain in DOMAINS}
        self.hashes = {domain: data[domain].sha256 for domain in DOMAINS}
        self.folder = folder
        self.identity = self.config.as_dict()
        if trainer.processes.size > 1:
            self.identity["devices"] = trainer.processes.size
        self.seconds = 0.0
        self.best_loss = math.inf
        self.best_step = 0
        self.best_network: dict[str, Any] = {}
        self.without_progress = 0
        self._saved_at = time.monotonic()
        self._save_every_s = _SAVE_EVERY_S

    def start(self, resume: bool) -> None:
        """Begin at step 0, or where the checkpoint is."""
        path = self.folder / CHECKPOINT
        if resume:
            state = load_checkpoint(path)
            require_same_run(state, self.identity, self.hashes, path)
            self._restore(state)
            if self.trainer.processes.leads:
                progress.forget_rows_after(self.folder / LOG, self.trainer.steps_done)
                progress.forget_live_rows_after(self.folder / LIVE, self.trainer.steps_done)
        elif self.trainer.processes.shared(path.exists):
            raise TrainingError(
                f"{path}: a run was begun here; go on with --resume or choose another folder."
            )
        if self.trainer.processes.leads:
            (self.folder / STOP).unlink(missing_ok=True)

    def bytes_to_write(self) -> int:
        """Return about how many bytes the run needs on the disk: two checkpoints for a moment, and the model."""
        modules = (self.trainer.network, self.trainer.discriminators)
        network, discriminators = (
            sum(value.nbytes for value in module.state_dict().values()) for module in modules
        )
        checkpoint = (
            2 * network + discriminators + 2 * (network + discriminators)
        )  # weights, best ones, moments
        return 2 * checkpoint + network

    def run(self) -> None:
        """Train to the end and put the best weights in place."""
        means, line = progress.MeanLosses(), self._live_line()
        live = progress.LiveLog(self.folder / LIVE, self.config.optimisation.steps)
        if not self.config.optimisation.steps:
            self._evaluate()
        with progress.interruption() as stopped:
            while not self._finished():
                begin = time.monotonic()
                losses = self.trainer.step()
                self.seconds += time.monotonic() - begin
                means.add(losses)
                line.show(self.trainer.steps_done, losses, self._seconds_per_step())
                if self.trainer.processes.leads:
                    live.show(self.trainer.steps_done, losses, self._seconds_per_step())
                if self.preview is not None:
                    self.preview.show(self.trainer.steps_done)
                ended = self.trainer.processes.any((self.folder / STOP).exists())
                if self._evaluation_is_due() or ended:
                    row = means.take() | self._evaluate()
                    line.finish(self.trainer.steps_done, row, self._seconds_per_step())
                    self._log(row)
                    self._save()
                elif time.monotonic() - self._saved_at > self._save_every_s:
                    self._save()
                if ended:
                    break
                if self.trainer.processes.any(stopped.is_set()):
                    self._interrupt()
        self.trainer.network.load_state_dict(self.best_network)

    def _finished(self) -> bool:
        done = self.trainer.steps_done >= self.config.optimisation.steps
        return done or self.without_progress >= self.config.optimisation.patience

    def _evaluation_is_due(self) -> bool:
        step, every = self.trainer.steps_done, self.config.optimisation.evaluate_every
        return step % every == 0 or step == self.config.optimisation.steps

    def _evaluate(self) -> dict[str, float]:
        begin = time.monotonic()
        with self.trainer.average.in_place():
            losses = self.trainer.processes.shared(lambda: self.trainer.held_out_losses(self.held_out))
            judged = losses if self.judge is None else self.trainer.processes.shared(self.judge)
            self.without_progress += 1
            if (total := sum(judged.values())) < self.best_loss:
                self.best_loss, self.best_step, self.without_progress = total, self.trainer.steps_done, 0
                network = self.trainer.network.state_dict()
                self.best_network = {name: value.detach().clone() for name, value in network.items()}
            losses = losses | judged
        self.seconds += time.monotonic() - begin
        return losses

    def _live_line(self) -> progress.LiveLine:
        silent = None if self.trainer.processes.leads else io.StringIO()
        return progress.LiveLine(self.config.optimisation.steps, silent)

    def _log(self, row: dict[str, float]) -> None:
        if not self.trainer.processes.leads:
            return
        known = {"step": float(self.trainer.steps_done), "seconds": self.seconds}
        progress.append_row(self.folder / LOG, known | row)
        write_curves(self.folder / LOG, self.folder / CURVES, self.config.title)

    def _interrupt(self) -> None:
        self._save()
        raise TrainingInterrupted(
            f"{self.config.name}: stopped after step {self.trainer.steps_done} as you wished; "
            f"{self.folder / CHECKPOINT} holds it, go on with --resume."
        )

    def _save(self) -> None:
        if not self.trainer.processes.leads:
            return
        begin = time.monotonic()
        save_checkpoint(
            {
                "config": self.identity,
                "data": self.hashes,
                "trainer": self.trainer.state(),
                "seconds": self.seconds,
                "best_loss": self.best_loss,
                "best_step": self.best_step,
                "best_network": self.best_network,
                "without_progress": self.without_progress,
            },
            self.folder / CHECKPOINT,
        )
        self._saved_at = time.monotonic()
        self._save_every_s = max(_SAVE_EVERY_S, (self._saved_at - begin) / _MOST_SHARE)

    def _restore(self, state: dict[str, Any]) -> None:
        self.trainer.restore(state["trainer"])
        for name in ("seconds", "best_loss", "best_step", "best_network", "without_progress"):
            setattr(self, name, state[name])

    def _seconds_per_step(self) -> float:
        return self.seconds / max(self.trainer.steps_done, 1)
