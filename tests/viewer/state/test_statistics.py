import gc
import weakref

import numpy as np
import pytest
from spectra_scene import real, simulated

from napari_udt.errors import CubeError
from napari_udt.spectral.spectra import group_statistics, normalise, structure_spectra
from napari_udt.spectral.transforms import Transform
from napari_udt.viewer.state.statistics import StructureStatistics


def test_structures_are_found_by_name_however_it_is_spelt():
    statistics = StructureStatistics()
    assert statistics.label_of(real(), "small_bowel") == 8
    assert statistics.label_of(real(), "LIVER") == 7
    assert statistics.label_of(real(), "skin") is None


def test_a_name_that_no_pixel_bears_is_not_found():
    cube = simulated(label_names={0: "liver", 9: "spleen"})
    assert StructureStatistics().label_of(cube, "spleen") is None


@pytest.mark.parametrize("centre", ["mean", "median"])
@pytest.mark.parametrize("spread", ["std", "quantiles", "none"])
def test_answers_are_the_statistics_of_the_structures_spectra(centre, spread):
    cube = simulated()
    found = StructureStatistics().get(cube, 1, Transform("l1"), centre, spread)
    expected = group_statistics(normalise(structure_spectra(cube, 1), "l1"), centre, spread)
    for name in ("centre", "lower", "upper"):
        np.testing.assert_allclose(getattr(found, name), getattr(expected, name), rtol=1e-6)
    assert found.count == expected.count


def test_nothing_is_computed_twice_and_nothing_outlives_its_cube(monkeypatch):
    calls = []
    whole = simulated()
    statistics = StructureStatistics()
    monkeypatch.setattr(type(whole), "rows", lambda self, a, b: calls.append(a) or self.data[a:b])
    statistics.get(whole, 1, Transform("l2"), "mean", "std")
    read = len(calls)
    # The same pass over the cube knows all structures.
    statistics.get(whole, 2, Transform("l2"), "mean", "none")
    assert len(calls) == read > 0
    gone = weakref.ref(whole)
    del whole
    gc.collect()
    assert gone() is None


def test_in_the_background_the_answer_comes_later_and_is_announced():
    jobs, news = [], []
    statistics = StructureStatistics(jobs.append)
    statistics.jobs.ended.connect(lambda: news.append(True))
    cube = simulated()
    question = (cube, 0, Transform(), "median", "quantiles")
    assert statistics.get(*question) is None
    assert statistics.get(*question) is None
    assert (len(jobs), news) == (1, [])  # asked twice, computed once
    jobs.pop()()
    assert news == [True]
    np.testing.assert_allclose(
        statistics.get(*question).centre, np.median(structure_spectra(cube, 0), axis=0), rtol=1e-6
    )


def test_what_nobody_waits_for_any_more_is_not_computed_and_can_be_asked_again():
    jobs, news = [], []
    statistics, cube = StructureStatistics(jobs.append), simulated()
    statistics.jobs.ended.connect(lambda: news.append(True))
    old, wanted = ((cube, label, Transform(), "median", "quantiles") for label in (0, 1))
    statistics.jobs.start_round()
    statistics.get(*old), statistics.get(*wanted)
    statistics.jobs.start_round()
    statistics.get(*wanted)
    for job in jobs:
        job()
    assert news == [True]
    assert not statistics.jobs.busy
    assert statistics.get(*wanted) is not None
    assert statistics.get(*old) is None
    jobs[-1]()
    assert statistics.get(*old) is not None


def test_a_cube_that_cannot_be_read_says_so_and_is_not_tried_again():
    class Gone:
        shape, dtype, tries = (12, 16, 10), np.dtype(np.float32), 0

        def __getitem__(self, key):
            self.tries += 1
            raise OSError("the file vanished")

    data = Gone()
    statistics, cube = StructureStatistics(), simulated(data=data)
    for _ in range(2):
        with pytest.raises(CubeError, match=r"phantom.*the file vanished"):
            statistics.get(cube, 0, Transform("l2"), "mean", "std")
    assert data.tries == 1
