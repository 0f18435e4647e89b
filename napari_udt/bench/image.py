"""Image networks: our engine against the plain network, which runs our own blocks as they are written.

The weights are random: the time does not depend on them.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

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
from napari_udt.bench.wavelet import bench_flow
from napari_udt.inference.image_engine import ImagePlan
from napari_udt.inference.memory import available_bytes
from napari_udt.models.image_cinn import DOMAIN_CHANNELS, ImageCINN, Scale

# Table of the image network in the authors' code (Dreher et al., MICCAI 2023).
PUBLISHED = (
    Scale(4, 256, (3, 3, 3)),
    Scale(2, 256, (3, 3, 3)),
    Scale(1, 1040, (3, 3, 3)),
    Scale(1, 2056, (3, 3, 3)),
    Scale(2, 256, (3, 3, 3)),
)
LIGHT = (
    Scale(2, 32, (3, 1, 3)),
    Scale(2, 64, (3, 1, 3)),
    Scale(2, 128, (3, 1, 3)),
    Scale(2, 128, (3, 1, 3)),
)
# The weights in float32, transformed and in float64, and the activations.
_MB_NEEDED = {"published": 5120, "light": 300}


def bench_image(repeats: int = 3) -> dict[str, Any]:
    """Time the transfer (encode and decode) of one picture, 16 wavelengths and 128 x 256 pixels, on the CPU.

    Returns
    -------
    dict
        For the "light" and the "published" size of network and the "wavelet flow": medians in seconds of the engine and of the plain
        network, and the engine's first picture with the preparation of the weights; the ratio; GFLOP of the
        convolutions when they are computed directly, and the rates in GFLOP/s that this amounts to, beside the rate
        of the machine's matrix products; peak memory above the start, prepared weights included, and the size of the
        weights, in MB; the largest errors against float64, in parts of the output's range. Where memory is
        short, instead: "skipped", with the reason. Also "threads", those of torch.
    """
    results: dict[str, Any] = {"threads": torch.get_num_threads()}
    for name, scales in (("light", LIGHT), ("published", PUBLISHED)):
        available, needed = available_bytes() >> 20, _MB_NEEDED[name]
        if available < needed:
            results[name] = {"skipped": f"{available} MB of memory free, {needed} needed"}
        else:
            results[name] = asdict(bench_network(name, random_network(scales), repeats))
    results["wavelet flow"] = asdict(bench_flow(repeats))
    return results


def random_network(scales: Sequence[Scale]) -> ImageCINN:
    """Return a network with random weights that moves pictures noticeably, unlike a fresh one."""
    torch.manual_seed(0)
    network = ImageCINN(CHANNELS, DOMAIN_CHANNELS + CLASSES, scales, initial_scale=0.7).requires_grad_(False)
    for layer in _convolutions(network):
        nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
        nn.init.normal_(layer.bias, std=0.1)  # type: ignore[arg-type]
    return network


def bench_network(name: str, network: ImageCINN, repeats: int = 3) -> ImageResult:
    """Time and check one network."""
    x, source, target = _picture(network, PICTURE)
    plan = ImagePlan(network, source, target)
    return compare_engines(
        name,
        network,
        (lambda: plan(x), lambda: plain_transfer(network, x, source, target)),
        transfer_gflop(network, *PICTURE),
        lambda: _errors(network),
        repeats,
    )


@torch.inference_mode()
def plain_transfer(
    network: ImageCINN, x: Tensor, source: Sequence[Tensor], target: Sequence[Tensor]
) -> Tensor:
    """Encode and decode as the network itself does it."""
    latent, _ = network(x, source)
    moved: Tensor = network.inverse(latent, target)[0]
    return moved


def transfer_gflop(network: ImageCINN, rows: int, columns: int) -> float:
    """Count the floating point operations of the convolutions, computed directly, in both passes; in 10^9."""
    operations = sum(
        2 * layer.weight.numel() * (rows >> level) * (columns >> level)
        for level, chain in enumerate(network.scales)
        for layer in _convolutions(chain)
    )
    return 2 * operations / 1e9


def _errors(network: ImageCINN) -> tuple[float, float]:
    """Largest errors of the engine and of the plain network against float64, over the output's range."""
    x, source, target = _picture(network, ERROR_PICTURE)
    exact = plain_transfer(
        copy.deepcopy(network).double(),
        x.double(),
        [m.double() for m in source],
        [m.double() for m in target],
    )
    spread = float(exact.max() - exact.min())
    both = (ImagePlan(network, source, target)(x), plain_transfer(network, x, source, target))
    ours, base = (float((moved - exact).abs().max()) / spread for moved in both)
    return ours, base


def _picture(network: ImageCINN, shape: tuple[int, int]) -> tuple[Tensor, list[Tensor], list[Tensor]]:
    """Return a picture in the network's units and the conditions of both domains."""
    x, conditions, labels = smooth_picture(shape, len(network.scales))
    source, target = (conditions.expected((1, *shape), d, labels, x) for d in ("simulated", "real"))
    return x, source, target


def _convolutions(module: nn.Module) -> Iterator[nn.Conv2d]:
    return (layer for layer in module.modules() if isinstance(layer, nn.Conv2d))
