"""Names of structures find the model's classes."""

from __future__ import annotations

import time

import numpy as np
import pytest

from napari_udt.models.classes import known_names, match_labels

HSI = [
    "bladder",
    "colon",
    "fat",
    "liver",
    "peritoneum",
    "skin",
    "small_bowel",
    "spleen",
    "stomach",
    "omentum",
]
PAT = ["coupling medium", "epidermis", "dermis", "fat", "muscle", "vein", "artery"]


@pytest.mark.parametrize(
    "name", ["small bowel", "Small_Bowel", "SMALL-BOWEL", " small  bowel ", "small intestine"]
)
def test_spelling_does_not_matter(name):
    (probabilities,) = match_labels({28: name}, HSI).values()
    assert probabilities.argmax() == HSI.index("small_bowel")
    assert probabilities.sum() == 1


@pytest.mark.parametrize(
    ("name", "classes"),
    [
        ("blood", ["vein", "artery"]),
        ("veins", ["vein"]),
        ("ultrasound gel", ["coupling medium"]),
        ("coupling_artifact", ["coupling medium"]),
        ("water", ["coupling medium"]),
        ("air", ["coupling medium"]),
        ("soft tissue", ["dermis", "fat", "muscle"]),
        ("Epidermis", ["epidermis"]),
        ("generic", PAT),
        ("bone", PAT),
    ],
)
def test_foreign_names(name, classes):
    (probabilities,) = match_labels({1: name}, PAT).values()
    expected = np.isin(PAT, classes) / len(classes)
    np.testing.assert_allclose(probabilities, expected, rtol=1e-6)


def test_a_class_of_the_model_wins_over_an_alias():
    (probabilities,) = match_labels({1: "blood"}, ["blood", "vein", "artery"]).values()
    np.testing.assert_array_equal(probabilities, [1, 0, 0])


def test_an_alias_is_used_as_far_as_the_model_goes():
    (probabilities,) = match_labels({1: "blood"}, ["fat", "artery"]).values()
    np.testing.assert_array_equal(probabilities, [0, 1])


def test_every_structure_is_answered():
    matched = match_labels({-1: "unknown", 3: "liver"}, HSI)
    assert list(matched) == [-1, 3]
    np.testing.assert_allclose(matched[-1], 0.1)


def test_names_that_stand_for_all_classes_alike_are_not_known():
    names = {0: "gel", 1: "Fat", 2: "blood", 3: "bone"}
    assert known_names(names, ["fat", "vein", "artery", "muscle"]) == ["Fat", "blood"]
    assert known_names({1: "blood"}, ["vein", "artery"]) == []
    assert known_names({1: "fat"}, ["fat"]) == []


def test_a_name_is_looked_up_once_for_each_of_many_structures():
    """The structures of a cube were once gathered anew for each of them: a minute for 70,000."""
    names = {number: f"cell {number}" for number in range(70_000)}
    start = time.thread_time()
    assert known_names(names, ["fat", "vein", "artery"]) == []
    assert time.thread_time() - start < 2
