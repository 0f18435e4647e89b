import numpy as np
import pytest
from population_toys import toy_cube, toy_group
from scipy.ndimage import maximum_filter

from napari_udt.errors import EvaluationError
from napari_udt.population.groups import population_of_cubes
from napari_udt.population.splits import GAP_PIXELS, TEST, TRAIN, split, usual_rule

ALL = (0, 1, 2)


def picture(group, sides, shape=(24, 36)):
    shown = np.zeros(shape, int)
    shown[tuple(group.places.T)] = sides
    return shown


def real_groups(*seeds, **changes):
    cubes = [(f"cube {seed}", "real", toy_cube(seed, **changes)) for seed in seeds]
    return population_of_cubes(cubes).part("real")


@pytest.mark.parametrize("seed", range(5))
def test_blocks_leave_no_neighbouring_pixels_on_both_sides(seed):
    groups = real_groups(1)
    found = split(groups, ALL, "blocks", seed=seed)
    shown = picture(groups[0], found.sides[0])
    near_test = maximum_filter(shown == TEST, size=2 * GAP_PIXELS + 1)
    assert not (near_test & (shown == TRAIN)).any()
    assert {int(v) for v in np.unique(shown)} == {0, TRAIN, TEST}
    assert found.sentence.startswith("Split by blocks of 16 × 16 pixels: 2 of 6 are held out")


def test_single_spectra_do_put_neighbours_on_both_sides():
    groups = real_groups(1)
    shown = picture(groups[0], split(groups, ALL, "spectra").sides[0])
    assert (maximum_filter(shown == TEST, size=3) & (shown == TRAIN)).any()


def test_pictures_of_several_subjects_do_not_guard_each_other():
    groups = real_groups(1, 2)
    found = split(groups, ALL, "blocks", seed=1)
    for group, sides in zip(groups, found.sides, strict=True):
        shown = picture(group, sides)
        lost = maximum_filter(shown == TEST, size=2 * GAP_PIXELS + 1) & (shown != TEST)
        assert np.array_equal(lost, shown == 0)


def test_several_cubes_are_several_subjects_and_one_is_divided_by_blocks():
    one, two = real_groups(1), real_groups(1, 2)
    assert (usual_rule(one), usual_rule(two)) == ("blocks", "subjects")
    found = split(two, ALL)
    assert [np.unique(sides).tolist() for sides in found.sides] in ([[TRAIN], [TEST]], [[TEST], [TRAIN]])
    assert found.sentence == (
        "Split by subject: 1 of 2 cubes or files, each taken for one subject, is held out for testing."
    )


def test_no_subject_stands_on_both_sides():
    subjects = np.arange(90) // 10
    group = toy_group("people", "real", 0, subjects=subjects)
    found = split([group], ALL, seed=3)
    held = np.unique(subjects[found.sides[0] == TEST])
    assert not np.isin(subjects[found.sides[0] == TRAIN], held).any()
    assert found.sentence == "Split by subject: 3 of 9 subjects are held out for testing."


def test_subjects_of_two_groups_are_not_mixed_up():
    groups = [toy_group(name, "real", 0, subjects=np.zeros(90, int)) for name in "ab"]
    found = split(groups, ALL)
    assert {int(sides[0]) for sides in found.sides} == {TRAIN, TEST}


def test_every_class_is_on_both_sides_or_the_rarest_is_named_as_the_way_out():
    labels = np.zeros((24, 36), int)
    labels[:, 18:] = 1
    labels[:4, :4] = 2  # one corner: in no two blocks that lie apart
    groups = real_groups(1, labels=labels)
    assert split(groups, (0, 1)).rule == "blocks"
    with pytest.raises(EvaluationError, match="leave the rarest class out"):
        split(groups, ALL)


def test_classes_that_are_not_chosen_are_on_neither_side():
    groups = real_groups(1)
    sides = split(groups, (0, 1)).sides[0]
    assert not sides[groups[0].labels == 2].any()


def test_the_same_seed_divides_alike_and_another_one_otherwise():
    groups = real_groups(1)
    first, again, other = (split(groups, ALL, seed=seed).sides[0] for seed in (0, 0, 1))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_spectra_without_places_are_divided_singly_and_never_by_blocks_or_one_subject():
    group = toy_group("drawn", "real", 0)
    assert split([group], ALL).rule == "spectra"
    with pytest.raises(EvaluationError, match="where spectra lie"):
        split([group], ALL, "blocks")
    with pytest.raises(EvaluationError, match="needs two subjects"):
        split([group], ALL, "subjects")


def test_too_few_spectra_of_a_class_are_refused():
    with pytest.raises(EvaluationError, match="only 3 reference spectra"):
        split([toy_group("tiny", "real", 0, n=9)], ALL)
