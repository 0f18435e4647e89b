"""Tensors of the published invertible networks, translated to this package's."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from napari_udt.errors import ModelError

_PREFIX = "model.module_list."
_DOMAIN_ENTRIES = 2
_PUBLISHED_INITIAL_SCALE = 0.7


@dataclass(frozen=True, eq=False)
class Translation:
    """A foreign network in the terms of this package."""

    channels: int
    class_count: int
    architecture: dict[str, Any]
    tensors: dict[str, Tensor]


def translate_spectral_cinn(state: Mapping[str, Tensor], config: Mapping[str, Any]) -> Translation:
    """Translate the published network of spectra; see :class:`~napari_udt.models.spectral_cinn.SpectralCINN`."""
    indices = _modules(state, "global_scale")
    _check_whole(indices)
    blocks = [_block(state, index) for index in indices]
    channels = blocks[0]["global_scale"].shape[1]
    passive = channels - channels // 2
    entries = [block["subnet.0.weight"].shape[1] - passive for block in blocks]
    conditional = sum(count > 0 for count in entries)
    if not conditional or any(entries[conditional:]):
        raise ModelError("the conditional blocks are not the first ones of its network.")
    return Translation(
        channels=channels,
        class_count=entries[0] - _DOMAIN_ENTRIES,
        architecture={
            "blocks": len(blocks),
            "conditional_blocks": conditional,
            "width": blocks[0]["subnet.0.weight"].shape[0],
            **_common(config),
        },
        tensors={f"blocks.{i}.{key}": t for i, block in enumerate(blocks) for key, t in block.items()},
    )


def translate_image_cinn(state: Mapping[str, Tensor], config: Mapping[str, Any]) -> Translation:
    """Translate the published network of images; see :class:`~napari_udt.models.image_cinn.ImageCINN`.

    Its modules are numbered through, with the Haar transforms between the scales.
    """
    scales: list[list[dict[str, Tensor]]] = [[]]
    transforms = set(_modules(state, "haar_weights"))
    indices = sorted(transforms.union(_modules(state, "global_scale")))
    _check_whole(indices)
    for index in indices:
        if index in transforms:
            scales.append([])
        else:
            scales[-1].append(_block(state, index))
    first = scales[0][0]
    channels = first["global_scale"].shape[1]
    passive = channels - channels // 2
    return Translation(
        channels=channels,
        class_count=first["subnet.0.weight"].shape[1] - passive - _DOMAIN_ENTRIES,
        architecture={"scales": [_scale(blocks) for blocks in scales], **_common(config)},
        tensors={
            f"scales.{level}.{i}.{key}": tensor
            for level, blocks in enumerate(scales)
            for i, block in enumerate(blocks)
            for key, tensor in block.items()
        },
    )


def _modules(state: Mapping[str, Tensor], entry: str) -> list[int]:
    pattern = re.compile(re.escape(_PREFIX) + r"(\d+)\." + re.escape(entry))
    return sorted(int(match[1]) for match in map(pattern.fullmatch, state) if match)


def _check_whole(indices: list[int]) -> None:
    """Refuse a chain that lacks a module: without it, the others would make another network."""
    for expected, index in enumerate(indices):
        if index != expected:
            raise ModelError(f"module {expected} of its network is missing.")


def _block(state: Mapping[str, Tensor], index: int) -> dict[str, Tensor]:
    """Tensors of one coupling block, the permutation as an index vector."""
    prefix = f"{_PREFIX}{index}."
    own = {key.removeprefix(prefix): tensor for key, tensor in state.items() if key.startswith(prefix)}
    block = {key: tensor.float() for key, tensor in own.items() if not key.startswith("w_perm")}
    return {**block, "permutation": _permutation(own["w_perm"])}


def _permutation(stored: Tensor) -> Tensor:
    """Index vector of a 0/1 matrix (C, C[, 1, 1]); an index vector (C,) stays what it is."""
    if stored.ndim == 1:
        return stored.long()
    matrix = stored.reshape(len(stored), -1)
    indices = matrix.argmax(dim=1)
    if not torch.equal(matrix, torch.nn.functional.one_hot(indices, matrix.shape[1]).to(matrix.dtype)):
        raise ModelError("its blocks mix channels by more than a permutation, which is not supported.")
    return indices


def _scale(blocks: list[dict[str, Tensor]]) -> dict[str, Any]:
    weights = [tensor for key, tensor in blocks[0].items() if re.fullmatch(r"subnet\.\d+\.weight", key)]
    return {
        "blocks": len(blocks),
        "width": weights[0].shape[0],
        "kernels": [weight.shape[-1] for weight in weights],
    }


def _common(config: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "clamp": config.get("clamping", 1.0),
        "initial_scale": config.get("actnorm", _PUBLISHED_INITIAL_SCALE),
    }
