"""Measures of pictures against scikit-image, scikit-learn, closed forms, and what a copy must give."""

import numpy as np
import pytest
from skimage.metrics import structural_similarity
from sklearn.metrics import f1_score, mutual_info_score

from napari_udt.cube import SpectralCube
from napari_udt.errors import TransferCancelled
from napari_udt.population.groups import population_of_cubes
from napari_udt.population.pictures import (
    PICTURE_MEASURES,
    dice,
    measure_pictures,
    otsu_overlap,
    similarity,
    source_of,
)

NM = np.array([750.0, 800.0, 850.0])
NAMES = {0: "coupling medium", 1: "epidermis", 2: "fat", 3: "vein"}


def labels():
    found = np.zeros((24, 32), int)
    found[4:6], found[6:], found[10:16, 5:15] = 1, 2, 3
    return found


def cube(domain="simulated", seed=0, name="sim", noise=0.05, **facts):
    rng = np.random.default_rng(seed)
    signal = np.array([0.1, 5, 1, 3])[labels()][..., None] * np.array([0.9, 1, 1.1])
    data = (signal * np.exp(noise * rng.standard_normal((24, 32, 3)))).astype(np.float32)
    return SpectralCube(data, NM, "PAT", domain, labels=labels(), label_names=NAMES, name=name, **facts)


def moved(source, change):
    return source.with_(
        data=change(source.data),
        domain="transferred",
        name="moved",
        provenance={"source": {"name": source.name}},
    )


def population(*cubes):
    parts = {"simulated": "simulated", "transferred": "transferred", "second": "real"}
    return population_of_cubes([(c.name, parts[c.domain], c) for c in cubes])


def values(found, group):
    return {row.key: row.value for row in found.rows if row.group == group}


def test_a_copy_has_everything_in_common_with_its_source():
    source = cube()
    found = values(measure_pictures(population(source, moved(source, np.copy))), "moved")
    assert found["nmi"] == pytest.approx(2)
    assert found["ssim"] == pytest.approx(1)


def test_mutual_information_does_not_see_brightness_but_noise():
    source = cube()
    data = np.moveaxis(source.data.astype(float), 2, 0)
    noise = np.random.default_rng(1).permuted(data.reshape(3, -1), axis=1).reshape(data.shape)
    assert similarity(3 * data + 7, data)["nmi"] == pytest.approx(2, abs=1e-6)
    assert similarity(noise, data)["nmi"] < 1.2
    assert similarity(3 * data + 7, data)["ssim"] < 0.9


def test_similarities_are_those_of_other_libraries():
    rng = np.random.default_rng(0)
    a, b = rng.random((2, 1, 30, 20))
    b = b + a
    found = similarity(a, b)

    def binned(x):
        return np.digitize(x.ravel(), np.histogram_bin_edges(x, 100)[1:-1])

    i, j = binned(a), binned(b)
    expected = (mutual_info_score(i, i) + mutual_info_score(j, j)) / (
        mutual_info_score(i, i) + mutual_info_score(j, j) - mutual_info_score(i, j)
    )
    assert found["nmi"] == pytest.approx(expected, rel=1e-6)
    scale = max(a.max(), b.max()) - min(a.min(), b.min())
    assert found["ssim"] == pytest.approx(structural_similarity(a[0], b[0], data_range=scale))
    assert similarity(b, a)["nmi"] == pytest.approx(found["nmi"])


def test_missing_pixels_and_flat_pictures():
    a = np.random.default_rng(0).random((1, 20, 20))
    holed = a.copy()
    holed[0, :3] = np.nan
    assert similarity(holed, a)["ssim"] == pytest.approx(1)
    assert np.isnan(similarity(np.ones_like(a), a)["nmi"])
    small = similarity(a[:, :5], a[:, :5])
    assert small["nmi"] == pytest.approx(2)
    assert np.isnan(small["ssim"])


def test_dice_is_scikit_learns_f1():
    a, b = np.random.default_rng(0).random((2, 200)) > 0.6
    assert dice(a, b) == pytest.approx(f1_score(a, b)) == dice(b, a)
    assert dice(a, a) == 1
    assert np.isnan(dice(~a & a, b & ~b))


def test_otsu_finds_vessels_that_stand_out_on_either_side():
    vessels, everything = labels() == 3, np.ones((24, 32), bool)
    picture = vessels + 0.1 * np.random.default_rng(0).standard_normal((24, 32))
    assert otsu_overlap(picture, vessels, everything) > 0.98
    assert otsu_overlap(-picture, vessels, everything) > 0.98
    assert otsu_overlap(np.random.default_rng(0).random((24, 32)), vessels, everything) < 0.5
    assert np.isnan(otsu_overlap(picture, vessels, vessels))
    assert np.isnan(otsu_overlap(picture, ~everything, everything))


def test_the_skin_does_not_hide_the_vessels_from_the_threshold():
    found = values(measure_pictures(population(cube())), "sim")
    assert found["mask_overlap"] > 0.98


def test_heterogeneity_is_the_noise_that_was_put_in():
    found = values(measure_pictures(population(cube(noise=0.2))), "sim")
    assert found["skin_heterogeneity"] == pytest.approx(0.2, rel=0.25)  # 64 pixels
    assert found["background_heterogeneity"] == pytest.approx(0.2, rel=0.1)


def test_the_source_is_found_by_its_name_and_size():
    first, second = cube(name="a"), cube(name="b", seed=1)
    result = moved(second, np.copy)
    together = population(first, second, result)
    group = together.part("transferred")[0]
    assert source_of(group, together).name == "b"
    assert source_of(group, population(first, result)) is None
    notes = measure_pictures(population(first, result)).notes
    assert notes == ("moved: its source is not open, so there is no similarity to it.",)
    unknown = result.with_(provenance={})
    assert (
        source_of(population(second, unknown).part("transferred")[0], population(second, unknown)).name == "b"
    )


def test_hyperspectral_pictures_are_distinguished_from_their_background():
    marks = np.where(labels() == 3, 1, 0)
    data = np.repeat((0.2 + 0.5 * marks)[..., None], 3, axis=2).astype(np.float32)
    data += 0.01 * np.random.default_rng(0).random(data.shape, np.float32)
    scene = SpectralCube(
        data, NM, "HSI", "second", labels=marks, label_names={0: "background drape", 1: "skin"}, name="s"
    )
    found = values(measure_pictures(population(scene)), "s")
    assert found["mask_overlap"] > 0.98
    assert set(found) == {"mask_overlap", "skin_heterogeneity", "background_heterogeneity"}


def test_progress_cancels_and_the_table_has_all_rows():
    source = cube()
    together = population(source, moved(source, np.copy))

    def cancel(done, total):
        raise TransferCancelled

    with pytest.raises(TransferCancelled):
        measure_pictures(together, progress=cancel)
    found = measure_pictures(together)
    assert len(found.table().rows) == len(found.rows) == 3 + 5
    assert {row.measure for row in found.rows} == set(PICTURE_MEASURES.values())
