"""A network's word on spectra: invertible, likelier where the domain is right, silent where it cannot know."""

from pathlib import Path

import numpy as np
import pytest

import napari_udt
from napari_udt.errors import TransferCancelled
from napari_udt.population.groups import population_of_cubes
from napari_udt.population.measures import MeasureOptions, measure
from napari_udt.population.model_judge import ModelJudge

SAMPLES = Path(__file__).parents[2] / "sample_data"


def small(name, step, rows=None, columns=None):
    cube = napari_udt.open_cube(SAMPLES / name)
    block = slice(0, rows, step), slice(0, columns, step)
    return cube.with_(data=np.asarray(cube.data[:])[block], labels=cube.labels[block], oxygenation=None)


@pytest.fixture(scope="module")
def hsi():
    simulated, second = small("hsi_organs_simulated.udt.h5", 5), small("hsi_organs_second.udt.h5", 5)
    moved = napari_udt.transfer(simulated, "hsi_cinn_dy", device="cpu")
    return population_of_cubes(
        [("S", "simulated", simulated), ("T", "transferred", moved), ("R", "real", second)]
    )


def test_the_model_is_invertible_and_says_what_it_takes_for_real(hsi):
    judge = ModelJudge()
    simulated, moved, real = (judge("hsi_cinn_dy", group) for group in hsi.groups)
    for found, group in zip((simulated, moved, real), hsi.groups, strict=True):
        assert len(found["round_trip"]) == len(found["log_likelihood"]) == len(group)
    tissue = hsi.groups[1].labels != hsi.class_names.index("background drape")
    assert np.median(moved["round_trip"][tissue]) < 1e-3
    assert np.median(moved["log_likelihood"][tissue]) > np.median(simulated["log_likelihood"][tissue])


def test_likelihoods_are_the_models_own(hsi):
    model = napari_udt.load_model("hsi_cinn_dy")
    group = hsi.reference.take(
        np.flatnonzero(hsi.reference.labels != hsi.class_names.index("background drape"))[:20]
    )
    names = [hsi.class_names[label] for label in group.labels]
    labels = np.array([model.spec.class_names.index(name) for name in names])
    unit = group.spectra / np.linalg.norm(group.spectra, axis=1, keepdims=True)
    nats = model.log_likelihood(model.normalise(unit, "real"), "real", labels)
    found = ModelJudge({"mine": model})("mine", group)["log_likelihood"]
    np.testing.assert_allclose(found, nats / (100 * np.log(2)), rtol=1e-3)


def test_numbers_come_as_rows_beside_the_references(hsi):
    options = MeasureOptions(measures=("round_trip", "log_likelihood"), resamples=20, judge=ModelJudge())
    table = measure(hsi, options)
    assert table.groups == ("T",)
    assert all("reference" in row.note for row in table.rows)


def test_a_picture_has_one_likelihood():
    cube = small("pat_forearm_simulated.udt.h5", 1, 32, 48)
    moved = napari_udt.transfer(cube, "pat_cinn_dy", device="cpu")
    population = population_of_cubes(
        [("T", "transferred", moved), ("R", "real", small("pat_forearm_second.udt.h5", 1, 32, 48))]
    )
    found = ModelJudge()("pat_cinn_dy", population.groups[0])
    assert np.ptp(found["log_likelihood"]) == 0
    assert np.ptp(found["round_trip"]) > 0
    options = MeasureOptions(measures=("log_likelihood",), resamples=20, judge=ModelJudge())
    row = measure(population, options).rows[0]
    assert "of the whole picture" in row.note
    assert np.isnan(row.low)


def test_what_cannot_be_judged_gives_no_numbers(hsi):
    judge = ModelJudge()
    assert judge("no such model", hsi.groups[0]) == {}
    assert judge("baseline:moments", hsi.groups[0]) == {}
    assert judge("pat_cinn_dy", hsi.groups[0]) == {}
    assert (
        judge("hsi_cinn_dy", hsi.groups[0].__class__("x", "real", "x", np.ones((3, 100)), np.zeros(3, int)))
        == {}
    )


def test_judging_can_be_cancelled(hsi):
    def cancel(done, total):
        raise TransferCancelled

    with pytest.raises(TransferCancelled):
        ModelJudge(progress=cancel)("hsi_cinn_dy", hsi.groups[0])


def test_the_model_judges_the_cubes_own_spectra_whatever_the_reference_lacks(hsi):
    plain = hsi.groups[1]
    index = np.flatnonzero(plain.labels != hsi.class_names.index("background drape"))[:20]
    moved, real = plain.cube, hsi.reference.cube
    bad = np.zeros(100, bool)
    bad[50] = True
    other = population_of_cubes([("T", "transferred", moved), ("R", "real", real.with_(bad_bands=bad))])
    assert other.groups[0].spectra.shape[1] == 99
    judge = ModelJudge()
    found, expected = (judge("hsi_cinn_dy", p.groups[i].take(index)) for p, i in ((other, 0), (hsi, 1)))
    for key in expected:
        np.testing.assert_array_equal(found[key], expected[key])
