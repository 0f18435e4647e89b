from dataclasses import replace

import pytest
from model_specs import hsi_spec

from napari_udt.evaluation.downstream import Scores
from napari_udt.evaluation.paper import TABLE_1, margins, row_of


def test_gains_are_relative_and_beside_those_of_the_papers_method():
    found = margins("HSI", Scores(0.5, 0.8, 0.5), Scores(0.75, 0.8, 0.55), Scores(1, 1, 1))
    assert [m.computed for m in found] == pytest.approx([0.5, 0, 0.1])
    assert [m.ceiling for m in found] == pytest.approx([1, 0.25, 1])
    assert [m.paper for m in found] == pytest.approx([0.29 / 0.24 - 1, 0.76 / 0.75 - 1, 0.24 / 0.18 - 1])
    assert [m.met for m in found] == [True, False, False]


def test_the_papers_own_scores_meet_the_papers_margin():
    for modality, rows in TABLE_1.items():
        assert all(m.met for m in margins(modality, *(rows[row] for row in ("Simulated", "cINN_DY", "Real"))))


@pytest.mark.parametrize(
    ("changes", "row"),
    [
        ({}, "cINN_DY"),
        ({"training": {"config": {"optimisation": {"gan_weight": 0}}}}, "cINN_DY without GAN"),
        ({"condition": "domain"}, "cINN_D"),
        ({"kind": "unit"}, "UNIT_Y"),
        ({"kind": "unit", "condition": "none"}, "UNIT"),
        ({"kind": "cyclegan", "condition": "none"}, "CycleGAN"),
    ],
)
def test_every_model_knows_its_row(changes, row):
    assert row_of(replace(hsi_spec(), **changes)) == row
    assert row in TABLE_1["HSI"]
