"""The rows of an evaluation: target, simulated, baselines and models, made one at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from napari_udt.evaluation import paper
from napari_udt.evaluation.cost import Cost, measured
from napari_udt.evaluation.data import EvaluationData
from napari_udt.evaluation.transferring import transferred, with_training_noise
from napari_udt.evaluation.untrained import BASELINES
from napari_udt.models.noise import InputNoise

if TYPE_CHECKING:
    from napari_udt.models.model import TransferModel

Kind = Literal["second", "simulated", "baseline", "model"]
Samples = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Row:
    """Samples of one row with their true classes.

    Parameters
    ----------
    name : str
        In tables.
    kind : {"second", "simulated", "baseline", "model"}
    samples : array, shape (n, C) or (n, C, H, W)
    labels : integer array, shape (n,) or (n, H, W)
    paper_row : str
        Row of the paper's Table 1 that it corresponds to; empty for none.
    model : TransferModel, optional
        The model that made the samples.
    cost : Cost, optional
        Of the transfer of all samples.
    """

    name: str
    kind: Kind
    samples: Samples
    labels: NDArray[Any]
    paper_row: str = ""
    model: TransferModel | None = None
    cost: Cost | None = None

    @property
    def is_transferred(self) -> bool:
        """Whether the samples are transfers of the simulated ones."""
        return self.kind in ("baseline", "model")


def make_rows(
    data: EvaluationData, models: Sequence[TransferModel], baselines: Sequence[str]
) -> Iterator[Row]:
    """Yield the rows in the order of Table 1; the target's row holds its training samples.

    Parameters
    ----------
    data : EvaluationData
    models : sequence of TransferModel
        They transfer with the true classes as condition.
    baselines : sequence of str
        Names in `~napari_udt.evaluation.untrained.BASELINES`, matched to the target's training samples; those that the
        modality does not allow are left out. Where a model was trained on noisy images of a noise-free simulation, a row
        with that noise and nothing else is added.
    """
    simulated, second = data.simulated.dataset, data.second_train.dataset
    yield Row(data.target, "second", second.samples, second.labels, paper.REAL)
    yield Row("Simulated", "simulated", simulated.samples, simulated.labels, paper.SIMULATED)
    for baseline in (BASELINES[name] for name in baselines):
        if simulated.modality in baseline.modalities:
            with measured() as cost:
                made = baseline.make(simulated, second)
            yield Row(baseline.title, "baseline", made, simulated.labels, cost=cost)
    if noisy := next((model for model in models if InputNoise.of(model.spec)), None):
        # Noise alone, without any transfer: the control of every model of noise-free images.
        samples = with_training_noise(noisy, simulated.samples)
        yield Row("Simulated with noise", "baseline", samples, simulated.labels)
    for model in models:
        with measured() as cost:
            moved = transferred(model, simulated.samples, simulated.labels)
        yield Row(model.spec.name, "model", moved, simulated.labels, paper.row_of(model.spec), model, cost)
