"""How much faster the image engine is than the plain network, measured on this machine.

The weights are random: the time does not depend on them. Both ways run in turn in one process, so that whatever
else the machine is doing slows both.
"""

from __future__ import annotations

import copy
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from napari_udt.inference.image_engine import ImagePlan
from napari_udt.inference.memory import available_bytes
from napari_udt.models.conditions import Conditions
from napari_udt.models.image_cinn import DOMAIN_CHANNELS, ImageCINN, Scale

CHANNELS = 16
CLASSES = 7
PICTURE = (128, 256)
# A float64 pass over the whole picture would take longer than all the rest.
ERROR_PICTURE = (64, 128)

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
_BYTES_NEEDED = {"published": 5 << 30, "light": 300 << 20}


def bench_image(repeats: int = 3) -> dict[str, Any]:
    """Time the transfer (encode and decode) of one picture, 16 wavelengths and 128 x 256 pixels, on the CPU.

    Returns
    -------
    dict
        For "published" and "light", the sizes of network: medians in seconds of the plain network and of the
        engine, of the engine's first picture (with the preparation of the weights), their ratio (median over
        the pairs), GFLOP of a transfer by direct convolution and the GFLOP/s that either time amounts to, and the
        largest errors against float64 in parts of the output's range. Instead, where memory is
        short: "skipped", with the reason. Also "threads", those of torch.
    """
    results: dict[str, Any] = {"threads": torch.get_num_threads()}
    for name, scales in (("light", LIGHT), ("published", PUBLISHED)):
        available = available_bytes()
        if available < _BYTES_NEEDED[name]:
            results[name] = {
                "skipped": f"{available >> 20} MB of memory free, {_BYTES_NEEDED[name] >> 20} needed"
            }
        else:
            results[name] = bench_network(random_network(scales), repeats)
    return results


def random_network(scales: Sequence[Scale]) -> ImageCINN:
    """Return a network with random weights that moves pictures noticeably, unlike a fresh one."""
    torch.manual_seed(0)
    network = ImageCINN(CHANNELS, DOMAIN_CHANNELS + CLASSES, scales, initial_scale=0.7).requires_grad_(False)
    for layer in _convolutions(network):
        nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
        nn.init.normal_(layer.bias, std=0.1)  # type: ignore[arg-type]
    return network


def bench_network(network: ImageCINN, repeats: int) -> dict[str, Any]:
    """Time and check one network; see `bench_image`."""
    x, source, target = _picture(network, PICTURE)
    plan = ImagePlan(network, source, target)
    first = _seconds(lambda: plan(x))
    pairs = [
        (_seconds(lambda: plain_transfer(network, x, source, target)), _seconds(lambda: plan(x)))
        for _ in range(repeats)
    ]
    plain, engine = (statistics.median(times) for times in zip(*pairs, strict=True))
    gflop = transfer_gflop(network, *PICTURE)
    return {
        "plain_s": plain,
        "engine_s": engine,
        "engine_first_s": first,
        "ratio": statistics.median(slow / fast for slow, fast in pairs),
        "gflop": gflop,
        "plain_gflop_per_s": gflop / plain,
        "engine_gflop_per_s": gflop / engine,
        **_errors(network),
    }


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


def _errors(network: ImageCINN) -> dict[str, float]:
    """Largest differences of both ways from float64, in parts of the output's range."""
    x, source, target = _picture(network, ERROR_PICTURE)
    exact = plain_transfer(
        copy.deepcopy(network).double(),
        x.double(),
        [m.double() for m in source],
        [m.double() for m in target],
    )
    spread = float(exact.max() - exact.min())
    ways = {
        "plain": plain_transfer(network, x, source, target),
        "engine": ImagePlan(network, source, target)(x),
    }
    return {f"{way}_error": float((moved - exact).abs().max()) / spread for way, moved in ways.items()}


def _picture(network: ImageCINN, shape: tuple[int, int]) -> tuple[Tensor, list[Tensor], list[Tensor]]:
    """Return a smooth picture in the network's units and the conditions of both domains, with labels in blocks."""
    generator = torch.Generator().manual_seed(1)
    coarse = torch.randn(1, CHANNELS, 8, 16, generator=generator)
    x = nn.functional.interpolate(coarse, shape, mode="bilinear")
    labels = torch.arange(shape[0])[:, None] * CLASSES // shape[0] * torch.ones(shape, dtype=torch.long)
    conditions = Conditions(CLASSES, label_noise_level=0.2, scales=len(network.scales))
    source, target = (conditions.expected((1, *shape), d, labels[None], x) for d in ("simulated", "real"))
    return x, source, target


def _convolutions(module: nn.Module) -> Iterator[nn.Conv2d]:
    return (layer for layer in module.modules() if isinstance(layer, nn.Conv2d))


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start
