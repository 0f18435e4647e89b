"""Tensors of the published UNIT and CycleGAN networks, translated to this package's."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import reduce
from typing import Any

import torch
from torch import Tensor

from napari_udt.models.autoencoders import DOMAINS, AutoencoderPair, image_pair
from napari_udt.models.image_layers import ImageSize
from napari_udt.models.published_cinn import Translation

# Which published generator holds the encoder and which the decoder of (simulated, real).
_UNIT = (("gen_a", "gen_b"), ("gen_a", "gen_b"))
_CYCLEGAN = (("gen_ab", "gen_ba"), ("gen_ba", "gen_ab"))

Layer = tuple[Tensor, Tensor]  # weight, bias


def translate_spectral_pair(state: Mapping[str, Tensor], config: Mapping[str, Any]) -> Translation:
    """Translate stacks of linear layers, multiplied out in double precision.

    There is one activation in the middle, and the latent is the sum of two linear heads (mu and s): encoder and
    decoder are Linear - activation - Linear and Linear, whatever the number of layers.
    """
    tensors: dict[str, Tensor] = {}
    encoders, decoders = _generators(state)
    for domain, encoder, decoder in zip(DOMAINS, encoders, decoders, strict=True):
        first = _multiplied(_layers(state, f"{encoder}.Encoder.model."))
        mu, s = (_layers(state, f"{encoder}.Encoder.{head}.")[0] for head in ("fc_mu", "fc_sig"))
        second = (mu[0].double() + s[0].double(), mu[1].double() + s[1].double())
        output = _multiplied(_layers(state, f"{decoder}.Decoder.model."))
        for key, layer in (("0", first), ("2", second)):
            tensors |= _named(f"encoders.{domain}.{key}", layer)
        tensors |= _named(f"decoders.{domain}", output)
    channels = len(tensors["decoders.real.bias"])
    hidden, inputs = tensors["encoders.real.0.weight"].shape
    return Translation(
        channels=channels,
        class_count=inputs - channels,
        architecture={
            "hidden": hidden,
            "latent": len(tensors["encoders.real.2.bias"]),
            "activation": config["gen"]["activ"],
        },
        tensors=tensors,
    )


def translate_image_pair(state: Mapping[str, Tensor], config: Mapping[str, Any]) -> Translation:
    """Translate the convolutional auto-encoders: the same layers in the same order, under other names."""
    encoders, decoders = _generators(state)
    layers = {
        **{f"encoders.{d}": _layers(state, f"{g}.enc.") for d, g in zip(DOMAINS, encoders, strict=True)},
        **{f"decoders.{d}": _layers(state, f"{g}.dec.") for d, g in zip(DOMAINS, decoders, strict=True)},
    }
    channels = len(layers["decoders.real"][-1][1])
    weights = [weight for weight, _ in layers["encoders.real"]]
    class_count = weights[0].shape[1] - channels
    architecture = {
        "widths": [len(weight) for weight in weights if weight.shape[-1] != 3],
        "residual_blocks": sum(weight.shape[-1] == 3 for weight in weights) // 2,
        "padding": config["gen"]["pad_type"],
        "activation": config["gen"]["activ"],
    }
    with torch.device("meta"):
        network = image_pair(channels, class_count, ImageSize(**architecture))
    return Translation(channels, class_count, architecture, _in_order(network, layers))


def _in_order(network: AutoencoderPair, layers: Mapping[str, list[Layer]]) -> dict[str, Tensor]:
    tensors: dict[str, Tensor] = {}
    for half, found in layers.items():
        names = [
            key for key in network.state_dict() if key.startswith(f"{half}.") and key.endswith(".weight")
        ]
        for name, (weight, bias) in zip(names, found, strict=True):
            tensors |= {name: weight.float(), name.removesuffix("weight") + "bias": bias.float()}
    return tensors


def _generators(state: Mapping[str, Tensor]) -> tuple[tuple[str, str], tuple[str, str]]:
    return _CYCLEGAN if any(key.startswith("gen_ab.") for key in state) else _UNIT


def _layers(state: Mapping[str, Tensor], prefix: str) -> list[Layer]:
    """Weights and biases below a prefix, in the order of the numbers in their names."""
    names = [key.removesuffix("weight") for key in state if key.startswith(prefix) and key.endswith("weight")]
    if not names:
        raise KeyError(f"nothing is named {prefix}*")
    return [(state[f"{name}weight"], state[f"{name}bias"]) for name in sorted(names, key=_numbers)]


def _numbers(name: str) -> list[int]:
    return [int(digits) for digits in re.findall(r"\d+", name)]


def _multiplied(layers: Iterable[Layer]) -> Layer:
    """Two linear layers after one another are one: W2 (W1 x + b1) + b2."""

    def after(first: Layer, second: Layer) -> Layer:
        weight = second[0].double()
        return weight @ first[0].double(), weight @ first[1].double() + second[1].double()

    return reduce(after, layers)


def _named(prefix: str, layer: Layer) -> dict[str, Tensor]:
    return {f"{prefix}.weight": layer[0].float(), f"{prefix}.bias": layer[1].float()}
