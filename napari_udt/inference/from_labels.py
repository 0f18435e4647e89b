"""Pictures that a model makes from a cube's labels alone: what is allowed, and how they are called."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_udt.errors import TransferError

if TYPE_CHECKING:
    from napari_udt.models.spec import ModelSpec

GENERATED = "generated from labels"
MADE_BY = (
    "generated from labels with a generative model: no transfer of the source's picture, of which only the labels were used; it knows no "
    "oxygenation; research use only, it can hallucinate"
)


def check_from_labels(spec: ModelSpec, direction: str, condition: str, truncation: float | None) -> None:
    """Raise ``TransferError`` where a model from labels cannot do what is wanted, or where a truncation has no meaning."""
    from napari_udt.models.label_to_image import LARGEST_TRUNCATION

    if not spec.from_labels:
        if truncation is not None:
            raise TransferError(
                f"{spec.name} draws no code that can be truncated; leave truncation out, or choose a model that makes pictures from labels."
            )
        return
    if direction != "sim2real":
        raise TransferError(
            f"{spec.name} makes pictures of the target domain from labels; there is no way back, choose sim2real."
        )
    if condition not in ("auto", "labels"):
        raise TransferError(
            f"{spec.name} makes pictures from labels alone; condition {condition!r} would leave it nothing to show, choose 'labels'."
        )
    if truncation is not None and not 0 <= truncation <= LARGEST_TRUNCATION:
        raise TransferError(
            f"Truncation {truncation:g} is out of range; choose a number from 0 to {LARGEST_TRUNCATION:g}, or none."
        )


def truncation_note(truncation: float | None) -> str:
    """Return in words how the random code was drawn, for the provenance."""
    if truncation is None:
        return "normal, not truncated"
    return f"normal, truncated to ±{truncation:g} standard deviations"
