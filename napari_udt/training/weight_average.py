"""The moving average of a network's weights.

Single steps of one crop each throw the weights about; their average over some hundred steps is what the loss falls to.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn


class WeightAverage:
    """Exponential moving average of the parameters; buffers are taken as they are.

    Parameters
    ----------
    network : Module
    decay : float
        Share of the average that is left a step later; 0 for no average at all.
    """

    def __init__(self, network: nn.Module, decay: float) -> None:
        self.network, self.decay = network, decay
        self._steps = 0
        self._values = {name: p.detach().clone() for name, p in network.named_parameters()} if decay else {}

    @torch.no_grad()
    def follow(self) -> None:
        """Take the weights of one more step in; early on the average is over all steps so far."""
        if not self.decay:
            return
        self._steps += 1
        decay = min(self.decay, self._steps / (self._steps + 1))
        for name, parameter in self.network.named_parameters():
            self._values[name].lerp_(parameter, 1 - decay)

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """Within it the network has the averaged weights."""
        if not self.decay:
            yield
            return
        own = {name: p.detach().clone() for name, p in self.network.named_parameters()}
        self._put(self._values)
        try:
            yield
        finally:
            self._put(own)

    def state(self) -> dict[str, Tensor]:
        """Return the average."""
        return {**self._values, "steps": torch.tensor(self._steps)} if self.decay else {}

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Go back to an average."""
        if self.decay:
            self._steps = int(state["steps"])
            for name, value in self._values.items():
                value.copy_(state[name])

    @torch.no_grad()
    def _put(self, values: Mapping[str, Tensor]) -> None:
        for name, parameter in self.network.named_parameters():
            parameter.copy_(values[name])
