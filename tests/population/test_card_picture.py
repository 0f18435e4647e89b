"""The picture of a model's card, and which of its numbers are behind."""

import io
import math

import numpy as np
import pytest
from PIL import Image
from transfer_samples import make_cube, make_model

from napari_udt.evaluation.card_numbers import Measurement
from napari_udt.evaluation.judgement import CardNumber, Judgement, read_judgement, save_judgement
from napari_udt.population.report.card_picture import MOST_BYTES, card_picture
from napari_udt.training.card_page import failing_lines, number_lines, page_and_details


def _number(model, baseline, better="lower", form=".2f"):
    values = [Measurement(model, model - 0.1, model + 0.1), Measurement(baseline), Measurement(0.5)]
    return CardNumber("a | number", "short", "%", form, better, *values, Measurement())


def test_a_brighter_target_is_brighter_on_the_common_scale():
    simulated, model = make_cube(24, 30, 12), make_model("HSI", 12)
    target = simulated.with_(data=3 * np.asarray(simulated.data))
    drawn = card_picture(model, simulated, target)
    assert len(drawn) <= MOST_BYTES
    picture = np.asarray(Image.open(io.BytesIO(drawn)).convert("L"), float)
    first, last = (picture[22 : 22 + 100, left : left + 160] for left in (67, 67 + 2 * 176))
    assert last.mean() > 1.5 * first.mean()


def test_noise_is_drawn_small_enough():
    rng = np.random.default_rng(1)
    simulated, model = make_cube(200, 300, 12), make_model("HSI", 12)
    target = simulated.with_(data=rng.random(simulated.shape).astype(np.float32))
    assert len(card_picture(model, simulated, target)) <= MOST_BYTES


def test_a_model_that_does_not_fit_has_no_picture():
    assert card_picture(make_model("PAT", 8), make_cube(8, 8, 12), make_cube(8, 8, 12)) is None


@pytest.mark.parametrize(
    ("model", "baseline", "better", "is_worse"),
    [
        (0.72, 0.63, "lower", True),
        (0.634, 0.631, "lower", False),  # written alike
        (0.5, 0.6, "lower", False),
        (0.5, 0.6, "higher", True),
        (0.5, math.nan, "higher", False),
    ],
)
def test_a_number_is_behind_where_it_is_written_so(model, baseline, better, is_worse):
    assert _number(model, baseline, better).is_worse == is_worse


def test_the_page_shows_numbers_and_names_what_fails(tmp_path):
    made = Judgement("0" * 64, "seed 9", "Idle", (_number(0.7, 0.6), _number(0.5, 0.6)), ("skin",))
    save_judgement(made, tmp_path)
    found = read_judgement(tmp_path, "0" * 64)
    assert found.numbers[0].model == made.numbers[0].model
    assert math.isnan(found.numbers[0].target.value)
    text = "\n".join(number_lines(found))
    assert "| a \\| number | – | 0.50 % | 0.60 % | **0.70 [0.60, 0.80] %** |" in text
    lines = failing_lines(found)
    assert lines[0] == "* **Behind Idle, which learns nothing**, in: short."
    assert "skin" in lines[1]


def test_a_card_without_details_is_a_page():
    assert page_and_details("# Mine\n\nWords.") == ("# Mine\n\nWords.\n", "")
