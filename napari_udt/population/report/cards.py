"""Cards of models in their folders: the picture, and the text made anew from what is stored there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from napari_udt.errors import EvaluationError
from napari_udt.evaluation.judgement import judgement_of, read_judgement, save_judgement
from napari_udt.evaluation.run import Evaluation
from napari_udt.files.writing import whole_or_nothing
from napari_udt.io import open_cube
from napari_udt.models import load_model
from napari_udt.models.store import CARD, PICTURE, read_spec
from napari_udt.outgoing_text import markdown
from napari_udt.population.report.card_picture import card_picture
from napari_udt.samples import SampleKey, sample_path
from napari_udt.training.card import model_card
from napari_udt.training.card_page import (
    failing_lines,
    folded,
    number_lines,
    page_and_details,
    picture_lines,
)

_SAMPLES: dict[str, tuple[SampleKey, SampleKey]] = {
    "HSI": ("hsi_simulated", "hsi_second"),
    "PAT": ("pat_simulated", "pat_second"),
}


def update_card(folder: Path, evaluation: Evaluation, model: str) -> None:
    """Keep what an evaluation found of a model in its folder, and make picture and card anew.

    Raises
    ------
    EvaluationError
        When the folder holds no card, or the evaluation no such row.
    """
    _require_card(folder)
    save_judgement(judgement_of(evaluation, model), folder)
    redraw_card(folder)


def redraw_card(folder: Path, pair: Sequence[Path] | None = None) -> None:
    """Draw the card's picture from two cubes, where the model fits them, and write the text anew.

    Parameters
    ----------
    folder : Path
    pair : two paths, optional
        A simulated cube and one of the target that the model was not trained on; the samples unless given.

    Raises
    ------
    EvaluationError
        When the folder holds no card.
    CubeError
        When a cube cannot be read.
    """
    _require_card(folder)
    spec = read_spec(folder)
    paths = pair or [sample_path(key) for key in _SAMPLES[spec.modality]]
    simulated, target = (open_cube(path) for path in paths)
    picture = card_picture(load_model(folder), simulated, target)
    if picture is not None:
        with whole_or_nothing(folder / PICTURE) as temporary:
            temporary.write_bytes(picture)
    with whole_or_nothing(folder / CARD) as temporary:
        temporary.write_text(card_text(folder), encoding="utf-8")


def card_text(folder: Path) -> str:
    """Text of the card that follows from what a model's folder holds."""
    spec, has_picture = read_spec(folder), (folder / PICTURE).is_file()
    judgement = read_judgement(folder, spec.weights_sha256)
    if "metrics" in spec.training:
        return model_card(replace(spec, card=""), judgement, has_picture=has_picture)
    # a model that was trained elsewhere keeps the text that came with it
    page, details = page_and_details(spec.card)
    first = [
        f"# {markdown(spec.title)}",
        "",
        *picture_lines(has_picture),
        *number_lines(judgement),
        *failing_lines(judgement),
    ]
    return "\n".join([*first, "", *folded([details or page.strip()])])


def _require_card(folder: Path) -> None:
    if not (folder / CARD).is_file():
        raise EvaluationError(
            f"{folder / CARD}: there is no card to complete; give --cards only with folders of models."
        )
