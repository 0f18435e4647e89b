"""The present weights of a run, handed out on request: for a window that shows what they make of some spectra.

A file named ``preview.wanted`` in the run's folder asks for them. After the next step that is due a whole model lies in the
folder ``preview``, and the request is gone: who asks only after reading never meets a model that is being written, and a run
that nobody looks at writes none.
"""

from __future__ import annotations

import math
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from napari_udt.errors import UdtError
from napari_udt.models import TransferModel, save_model
from napari_udt.training.progress import PREVIEW, WANTED
from napari_udt.training.weight_average import WeightAverage

_LEAST_WAIT_S = 2.0
_MOST_SHARE = 0.02  # of the training's time that writing may take


class PreviewWriter:
    """Writes the model with its present weights when they are wanted, not too often.

    Parameters
    ----------
    folder : Path
        Of the run.
    model : TransferModel
        Its network is the one that is being trained.
    average : WeightAverage
        Whose weights the model would take.
    """

    def __init__(self, folder: Path, model: TransferModel, average: WeightAverage) -> None:
        self._folder, self._model, self._average = folder, model, average
        self._due = -math.inf

    def show(self, step: int) -> None:
        """Write the weights of a step if somebody waits for them; the run does not depend on it."""
        begin = time.monotonic()
        if begin < self._due or not (self._folder / WANTED).exists():
            return
        with suppress(OSError, UdtError), self._average.in_place():
            spec = replace(self._model.spec, training={"step": step}, card="")
            save_model(type(self._model)(spec, self._model.network), self._folder / PREVIEW, overwrite=True)
            (self._folder / WANTED).unlink(missing_ok=True)
        self._model.network.train()
        now = time.monotonic()
        self._due = now + max(_LEAST_WAIT_S, (now - begin) / _MOST_SHARE)
