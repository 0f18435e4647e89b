"""Seed and number of steps of a transfer: what a model can do with them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_udt.errors import TransferError

if TYPE_CHECKING:
    from napari_udt.models.model import TransferModel

MOST_STEPS = 200


def check_draws(model: TransferModel, seed: int, steps: int | None) -> None:
    """Raise ``TransferError`` where a seed or a number of steps is out of range, or the model goes in no steps."""
    if not 0 <= seed < 2**32:
        raise TransferError(f"Seed {seed} is out of range; choose a whole number from 0 to {2**32 - 1}.")
    if steps is None:
        return
    if not model.spec.takes_steps:
        raise TransferError(
            f"{model.spec.name} does not go in steps that can be chosen; leave steps out, or choose a flow-matching model."
        )
    if not 1 <= steps <= MOST_STEPS:
        raise TransferError(f"{steps} steps are out of range; choose a whole number from 1 to {MOST_STEPS}.")
