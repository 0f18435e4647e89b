"""Table 1 of the paper (Dreher et al., MICCAI 2023): its values, never mixed with those computed here."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from napari_udt.evaluation.downstream import METRICS, Scores

if TYPE_CHECKING:
    from napari_udt.models.spec import ModelSpec

REAL, SIMULATED, PROPOSED = "Real", "Simulated", "cINN_DY"

# Balanced accuracy, AUROC (one-vs-rest), F1 (weighted) of the classifier trained on each row's spectra.
TABLE_1: dict[str, dict[str, Scores]] = {
    "PAT": {
        REAL: Scores(0.75, 0.84, 0.82),
        SIMULATED: Scores(0.52, 0.64, 0.64),
        "CycleGAN": Scores(0.39, 0.20, 0.16),
        "UNIT": Scores(0.50, 0.44, 0.65),
        "UNIT_Y": Scores(0.64, 0.81, 0.77),
        "cINN_D": Scores(0.66, 0.73, 0.72),
        "cINN_DY without GAN": Scores(0.65, 0.78, 0.76),
        PROPOSED: Scores(0.71, 0.80, 0.78),
    },
    "HSI": {
        REAL: Scores(0.40, 0.81, 0.44),
        SIMULATED: Scores(0.24, 0.75, 0.18),
        "CycleGAN": Scores(0.11, 0.57, 0.06),
        "UNIT": Scores(0.20, 0.72, 0.20),
        "UNIT_Y": Scores(0.24, 0.74, 0.25),
        "cINN_D": Scores(0.25, 0.72, 0.20),
        "cINN_DY without GAN": Scores(0.28, 0.75, 0.26),
        PROPOSED: Scores(0.29, 0.76, 0.24),
    },
}


@dataclass(frozen=True)
class Margin:
    """Relative gain (transferred - simulated) / simulated of one metric, and the paper's.

    Parameters
    ----------
    metric : str
    computed, paper : float
    ceiling : float
        The same gain of the target's own row: what a perfect transfer would reach.
    """

    metric: str
    computed: float
    paper: float
    ceiling: float

    @property
    def met(self) -> bool:
        """Whether the gain computed here is at least the paper's."""
        return self.computed >= self.paper


def as_document(modality: str) -> dict[str, Any]:
    """Table 1 of one modality for JSON files, marked as the paper's."""
    note = "paper's values (Dreher et al., MICCAI 2023), not computed here"
    return {"note": note, **{row: asdict(scores) for row, scores in TABLE_1[modality].items()}}


def row_of(spec: ModelSpec) -> str:
    """Name of the row of Table 1 that a model belongs to; "" for methods that are not the paper's."""
    by_class = spec.condition == "class"
    if spec.kind not in ("cinn", "unit", "cyclegan") or not {"residual_bound", "norm"}.isdisjoint(
        spec.architecture
    ):
        return ""
    if spec.kind == "cyclegan":
        return "CycleGAN"
    if spec.kind == "unit":
        return "UNIT_Y" if by_class else "UNIT"
    if not by_class:
        return "cINN_D"
    adversarial = spec.training.get("config", {}).get("optimisation", {}).get("gan_weight", 1)
    return PROPOSED if adversarial else "cINN_DY without GAN"


def margins(modality: str, simulated: Scores, transferred: Scores, second: Scores) -> list[Margin]:
    """Gains of a transfer over the simulated row, beside those of the paper's proposed method.

    Parameters
    ----------
    modality : {"HSI", "PAT"}
    simulated, transferred, second : Scores
        Computed here: of the rows "Simulated", the transfer, and the target itself.
    """
    theirs = TABLE_1[modality]

    def gain(metric: str, low: Scores, high: Scores) -> float:
        return float(getattr(high, metric) / getattr(low, metric) - 1)

    return [
        Margin(
            metric,
            computed=gain(metric, simulated, transferred),
            paper=gain(metric, theirs[SIMULATED], theirs[PROPOSED]),
            ceiling=gain(metric, simulated, second),
        )
        for metric in METRICS
    ]
