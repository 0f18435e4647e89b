"""The wavelet flow: our engine against the plain network. The weights are random: the time does not depend on them."""

from __future__ import annotations

import copy
from collections.abc import Iterator

import torch
from torch import Tensor, nn

from napari_udt.bench.image_figures import (
    CHANNELS,
    CLASSES,
    ERROR_PICTURE,
    PICTURE,
    ImageResult,
    compare_engines,
    smooth_picture,
)
from napari_udt.inference.wavelet_engine import FlowPlan
from napari_udt.models.flow_level import LevelSize
from napari_udt.models.flow_prior import DOMAIN_CHANNELS, LinearPrior
from napari_udt.models.wavelet_flow import WaveletFlow

# The bundled networks' size.
LEVELS = (LevelSize(2, 32), LevelSize(3, 40), LevelSize(4, 48), LevelSize(4, 48), LevelSize(4, 48))
TOP = LevelSize(4, 48)
COMPONENTS = 4


def bench_flow(repeats: int = 3) -> ImageResult:
    """Time the transfer of one picture, 16 wavelengths and 128 x 256 pixels, on the CPU; see `bench_image`."""
    network = random_flow()
    x, source, target = _picture(PICTURE)
    plan = FlowPlan(network, source, target)
    return compare_engines(
        "wavelet flow",
        network,
        (lambda: plan(x), lambda: plain_transfer(network, x, source, target)),
        transfer_gflop(network, *PICTURE),
        lambda: _errors(network),
        repeats,
    )


def random_flow() -> WaveletFlow:
    """Return a flow of the bundled networks' size with random weights."""
    torch.manual_seed(0)
    network = WaveletFlow(CHANNELS, DOMAIN_CHANNELS + CLASSES, LEVELS, TOP, COMPONENTS).requires_grad_(False)
    for parameter in network.parameters():
        parameter.add_(0.03 * torch.randn_like(parameter))
    return network.eval()


@torch.inference_mode()
def plain_transfer(network: WaveletFlow, x: Tensor, source: Tensor, target: Tensor) -> Tensor:
    """Encode and decode as the network itself does it."""
    return network.inverse(network(x, source)[0], target)[0]


def transfer_gflop(network: WaveletFlow, rows: int, columns: int) -> float:
    """Count the floating point operations of the convolutions, computed directly, in both passes; in 10^9."""
    halvings = [*range(1, len(network.levels) + 1), len(network.levels)]
    operations = sum(
        2 * weight.numel() * (rows >> halved) * (columns >> halved)
        for level, halved in zip((*network.detail_levels, network.top), halvings, strict=True)
        for weight in (*(layer.weight for layer in _convolutions(level)), *_one_of_each(level.prior))
    )
    return 2 * operations / 1e9


def _errors(network: WaveletFlow) -> tuple[float, float]:
    """Largest errors of the engine and of the plain network against float64, over the output's range."""
    x, source, target = _picture(ERROR_PICTURE)
    exact = plain_transfer(copy.deepcopy(network).double(), x.double(), source.double(), target.double())
    spread = float(exact.max() - exact.min())
    both = (FlowPlan(network, source, target)(x), plain_transfer(network, x, source, target))
    ours, base = (float((moved - exact).abs().max()) / spread for moved in both)
    return ours, base


def _picture(shape: tuple[int, int]) -> tuple[Tensor, Tensor, Tensor]:
    x, conditions, labels = smooth_picture(shape)
    source, target = (conditions.expected((1, *shape), d, labels, x) for d in ("simulated", "real"))
    return x, source, target


def _convolutions(module: nn.Module) -> Iterator[nn.Conv2d]:
    return (layer for layer in module.modules() if isinstance(layer, nn.Conv2d))


def _one_of_each(prior: LinearPrior) -> Iterator[Tensor]:
    """Weights of the prior that a place meets: those of its group."""
    kinds = (prior.by_class, prior.by_neighbours, prior.by_coarse, prior.by_variation)
    return (weights[0] for weights in kinds if weights is not None)
