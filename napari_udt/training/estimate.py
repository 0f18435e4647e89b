"""How long a run takes and how much memory, measured on its own first steps, which are thrown away."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

import psutil

from napari_udt.errors import TrainingError
from napari_udt.training.config import TrainingConfig
from napari_udt.training.processes import Processes
from napari_udt.training.run import begin

_STEPS = 3
_FITTED_PICTURES = 4
# Evaluations of a run whose length is chosen, at most; share of the time for them, and for steps and evaluations together:
# the rest is for what comes before and after.
_EVALUATIONS = 6
_FOR_EVALUATIONS = 0.4
_FOR_STEPS = 0.85
_FEWEST_STEPS = 20


@dataclass(frozen=True)
class Estimate:
    """What a run costs.

    Parameters
    ----------
    step_s, evaluation_s : float
        Seconds of one step (0 where there is none), and of one evaluation on held-out samples.
    fit_s : float
        Seconds of what comes before the first step: reading the data, and what is fitted in closed form.
    memory_bytes : int
        Of this process with the data and the network.
    """

    step_s: float
    evaluation_s: float
    fit_s: float
    memory_bytes: int

    def minutes(self, config: TrainingConfig) -> float:
        """Return about how long a whole run takes, unless it stops early."""
        wanted = config.optimisation
        evaluations = max(1, -(-wanted.steps // wanted.evaluate_every))
        return (self.fit_s + wanted.steps * self.step_s + evaluations * self.evaluation_s) / 60

    def sentence(self, config: TrainingConfig, device: str) -> str:
        """Return the costs in words."""
        steps = config.optimisation.steps
        what = f"{steps} steps" if steps else "fitted in closed form, without steps"
        each = f" ({self.step_s:.2g} s a step on {device})" if steps else ""
        return (
            f"{what}: about {self.minutes(config):.1f} min{each}, {self.memory_bytes / 1e9:.1f} GB of memory"
        )


def estimate(config: TrainingConfig, device: str = "cpu") -> Estimate:
    """Take a few steps and one evaluation, and measure."""
    few = min(_FITTED_PICTURES, config.data.fitted_pictures)
    start = time.monotonic()
    begun = begin(
        replace(config, data=replace(config.data, fitted_pictures=few)),
        Processes(device),
    )
    fit_s = time.monotonic() - start
    if "levels" in config.architecture:  # the time follows the number of pictures
        pictures = max(len(data.training) for data in begun.data.values())
        fit_s *= max(1.0, min(config.data.fitted_pictures, pictures) / few)
    step_s = 0.0
    if config.optimisation.steps:
        begun.trainer.step()  # the first one is slower
        start = time.monotonic()
        for _ in range(_STEPS):
            begun.trainer.step()
        step_s = (time.monotonic() - start) / _STEPS
    start = time.monotonic()
    begun.trainer.held_out_losses({domain: data.held_out for domain, data in begun.data.items()})
    if judge := begun.judge():
        judge()
    return Estimate(step_s, time.monotonic() - start, fit_s, int(psutil.Process().memory_info().rss))


def lasting(config: TrainingConfig, minutes: float, cost: Estimate) -> TrainingConfig:
    """Return a configuration whose run takes about so many minutes; one without steps stays as it is.

    Raises
    ------
    TrainingError
        When that is not enough for any training.
    """
    if not config.optimisation.steps:
        return config
    seconds = _FOR_STEPS * 60 * minutes
    evaluations = max(1, min(_EVALUATIONS, int(_FOR_EVALUATIONS * seconds / cost.evaluation_s)))
    steps = int((seconds - evaluations * cost.evaluation_s) / cost.step_s)
    if steps < _FEWEST_STEPS:
        needed = (_FEWEST_STEPS * cost.step_s + cost.evaluation_s) / (60 * _FOR_STEPS)
        raise TrainingError(
            f"{config.name}: {minutes:g} minutes are not enough for {_FEWEST_STEPS} steps; give {needed:.1f} or more, or take "
            "a smaller network."
        )
    every = -(-steps // evaluations)
    return replace(config, optimisation=replace(config.optimisation, steps=steps, evaluate_every=every))
