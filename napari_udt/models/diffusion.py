r"""A diffusion in few, large steps: how much of a sample is left, and how one step is taken back.

A sample x_0 is drowned in noise in T steps, x_t = sqrt(1 - g_t) x_{t-1} + sqrt(g_t) e, with

.. math:: g_t = 1 - \exp\left(-b_{min} h - (b_{max} - b_{min}) (2 s h - h^2) / 2\right), \quad s = t / T, \; h = 1 / T,

the variance-preserving process of Song et al., "Score-Based Generative Modeling through Stochastic Differential Equations", ICLR 2021,
cut into T steps as by Xiao et al., "Tackling the Generative Learning Trilemma with Denoising Diffusion GANs", ICLR 2022. Of all steps
together a share a_t = exp(-b_min s - (b_max - b_min) s^2 / 2) of the variance is left.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

SMALLEST, LARGEST = 0.1, 20.0  # b_min and b_max


class Diffusion:
    """The schedule of T steps.

    Parameters
    ----------
    steps : int
        T.
    """

    def __init__(self, steps: int) -> None:
        self.steps = steps
        h = 1.0 / steps
        s = np.arange(1, steps + 1) * h
        exponent = SMALLEST * h + (LARGEST - SMALLEST) * (2 * s * h - h * h) / 2
        # both by t from 0 to T
        self.step_variance = np.concatenate([[0.0], -np.expm1(-exponent)])
        self.kept = np.concatenate([[1.0], np.exp(-np.cumsum(exponent))])

    def noised(self, x0: Tensor, t: Tensor, noise: Tensor) -> Tensor:
        """Return samples after ``t`` (n,) steps, from standard normal noise of their shape (n, ...)."""
        kept = _at(self.kept, t, x0)
        return kept.sqrt() * x0 + (1 - kept).sqrt() * noise

    def stepped(self, before: Tensor, t: Tensor, noise: Tensor) -> Tensor:
        """Return samples after step ``t`` (n,), from what they were before it."""
        variance = _at(self.step_variance, t, before)
        return (1 - variance).sqrt() * before + variance.sqrt() * noise

    def posterior(self, x_t: Tensor, x0: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
        """Return mean and standard deviation of q(x_{t-1} | x_t, x_0), a normal distribution; for t = 1 they are x_0 and 0."""
        g, kept, before = _at(self.step_variance, t, x0), _at(self.kept, t, x0), _at(self.kept, t - 1, x0)
        mean = (before.sqrt() * g * x0 + (1 - g).sqrt() * (1 - before) * x_t) / (1 - kept)
        last = (t == 1).reshape(before.shape)
        return torch.where(last, x0, mean), (g * (1 - before) / (1 - kept)).sqrt().expand_as(mean)


def _at(values: NDArray[np.float64], t: Tensor, x: Tensor) -> Tensor:
    """Return one value per sample (n,), for arithmetic with samples (n, ...)."""
    chosen = torch.from_numpy(values).to(x.device)[t]
    return chosen.to(x.dtype).reshape(-1, *[1] * (x.ndim - 1))
