"""Whether a model's spread predicts its error: what was found when the model was evaluated. No Qt."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from napari_udt.models.store import find_folder
from napari_udt.viewer.state.jobs import Report, Work

if TYPE_CHECKING:
    from napari_udt.evaluation.calibration import SpreadCalibration
    from napari_udt.models import ModelSpec

# Median of the absolute value of a normal distribution, in its standard deviations.
MEDIAN_OF_SIGMA = 0.6745
_POINTS = 100.0  # saturation in percentage points


@dataclass(frozen=True)
class CalibrationPicture:
    """What is drawn and said of a model's spread and error.

    Parameters
    ----------
    spread, error : array, shape (bins,)
        Median spread over conditions and median absolute error of the saturation in each bin, in percentage points; empty where the model
        was not judged.
    sentence : str
        What they show, or why there is nothing and what makes it.
    explanation : str
        How it was computed.
    """

    spread: NDArray[np.float64]
    error: NDArray[np.float64]
    sentence: str
    explanation: str = ""

    @property
    def end(self) -> float:
        """Where the axis of the spread ends."""
        return 1.1 * float(self.spread.max())

    def words_at(self, x: float) -> str:
        """Return the numbers of the bin nearest to a spread."""
        at = int(np.abs(self.spread - x).argmin())
        return f"fifth {at + 1} of {len(self.spread)}: spread {self.spread[at]:.1f}, error {self.error[at]:.1f} points"


def calibration_picture(spec: ModelSpec) -> CalibrationPicture:
    """Read what is stored with a model.

    Raises
    ------
    ModelError, EvaluationError
        When the model is gone, or what is stored is damaged.
    """
    from napari_udt.evaluation.judgement import COMMAND, read_judgement

    nothing = np.empty(0)
    if spec.kind != "cinn":
        return CalibrationPicture(
            nothing, nothing, f"{spec.name} has no spread over conditions: it is no cINN."
        )
    found = read_judgement(find_folder(spec.name), spec.weights_sha256)
    if found is None or found.calibration is None:
        return CalibrationPicture(
            nothing, nothing, f"Not known for {spec.name}. This finds it out: {COMMAND}"
        )
    return _picture(found.calibration, found.data)


def reading(spec: ModelSpec) -> Work[CalibrationPicture]:
    """Return the work that reads it."""
    return partial(_read, spec)


def _read(spec: ModelSpec, _report: Report) -> CalibrationPicture:
    return calibration_picture(spec)


def _picture(found: SpreadCalibration, data: str) -> CalibrationPicture:
    return CalibrationPicture(
        _POINTS * np.array(found.spread),
        _POINTS * np.array(found.error),
        found.sentence,
        f"Saturation unmixed from {found.count:,} transferred samples against the simulated one, in fifths by the spread over admissible "
        f"conditions. Dashed: errors as large as the spread says (their median is {MEDIAN_OF_SIGMA:.2f} of a standard "
        f"deviation); above it the spread is too small. Computed when the model was evaluated, not on the open cubes. {data}.",
    )
