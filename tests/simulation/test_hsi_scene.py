import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from napari_udt.simulation.hsi_organs import CLASS_NAMES, l1_normalised
from napari_udt.simulation.hsi_scene import SCENE_STREAM, make_hsi_samples, mirrored
from napari_udt.simulation.hsi_simulated import (
    blood_absorption,
    draw_tissues,
    layered_reflectance_of,
    match_organs,
)
from napari_udt.simulation.parallel import block_rng
from napari_udt.simulation.scene_layout import LABEL_NAMES, Shape, draw_layout, smooth_field
from napari_udt.simulation.tables import find_tables


@pytest.fixture(scope="module")
def tables():
    return find_tables()


@pytest.fixture(scope="module")
def scenes(tables):
    return make_hsi_samples(tables, 1, shape=(60, 80), candidates=150)


def test_a_tube_is_deepest_on_its_middle_line():
    tube = Shape("colon", 0.5, ((0.0, 0.0), (2.0, 0.0)))
    x, y = np.array([1.0, 1.0, 1.0, 2.5]), np.array([0.0, 0.5, 1.0, 0.0])
    np.testing.assert_allclose(tube.depth(x, y), [1.0, 0.0, -1.0, 0.0])


def test_layouts_hold_all_organs_and_a_background():
    layout = draw_layout((90, 120), np.random.default_rng(0))
    assert set(np.unique(layout.labels)) == set(LABEL_NAMES) == set(range(11))
    assert 0.5 < layout.relief.min() <= layout.relief.max() <= 1


def test_smooth_fields_are_standardised_and_smooth():
    field = smooth_field((80, 100), 6, np.random.default_rng(0))
    assert (field.mean(), field.std()) == (pytest.approx(0, abs=1e-9), pytest.approx(1))
    assert np.abs(np.diff(field, axis=0)).max() < 0.5


def test_scenes_are_two_pictures_of_the_same_organs(scenes):
    simulated, second = scenes
    assert simulated.present_labels == second.present_labels == LABEL_NAMES
    assert np.mean(simulated.labels != second.labels) > 0.2
    assert (simulated.domain, second.domain) == ("simulated", "second")
    assert second.origin == "drawn from measured statistics"


def test_only_the_simulated_scene_knows_its_oxygenation(scenes):
    simulated, second = scenes
    tissue = simulated.labels > 0
    assert second.oxygenation is None
    assert np.isnan(simulated.oxygenation[~tissue]).all()
    assert np.all((simulated.oxygenation[tissue] >= 0) & (simulated.oxygenation[tissue] <= 1))


def test_simulated_organs_have_the_spectra_of_their_class(scenes, tables):
    tissues = draw_tissues(150, block_rng(1, SCENE_STREAM))
    spectra = layered_reflectance_of(tissues, blood_absorption(tables))
    labels = match_organs(spectra, tables)
    for label in range(len(CLASS_NAMES)):
        of_class = l1_normalised(spectra[labels == label]).mean(axis=0)
        here = scenes[0].data[scenes[0].labels == label + 1].astype(np.float64)
        difference = l1_normalised(here).mean(axis=0) - of_class
        assert np.sqrt(np.mean(difference**2)) < 0.05 * np.sqrt(np.mean(of_class**2))


def test_target_scene_has_the_measured_spectra(scenes, tables):
    _, second = scenes
    for label, name in enumerate(CLASS_NAMES, start=1):
        measured = tables.organ(name)
        mean = l1_normalised(second.data[second.labels == label].astype(np.float64)).mean(axis=0)
        away = np.abs(mean - measured.mean) / measured.std
        assert away.mean() < 2  # one organ in one picture is one draw, not the mean


def test_neighbours_are_alike_but_for_noise(scenes):
    simulated, _ = scenes
    picture, ratios = simulated.image(800), []
    for label in range(1, len(CLASS_NAMES) + 1):
        inside = simulated.labels == label
        pairs = inside[:, 1:] & inside[:, :-1]
        ratios.append(np.abs(np.diff(picture, axis=1))[pairs].mean() / picture[inside].std())
    assert np.median(ratios) < 0.5  # pixels without neighbours: 1.13


def test_wet_spots_mirror_the_lamp_in_a_few_places_on_organs_only():
    organs = np.zeros((90, 120), bool)
    organs[:, 30:] = True
    added = mirrored(organs, np.random.default_rng(0))
    assert not added[:, :30].any()
    assert 0.002 < (added[organs] > 0.02).mean() < 0.03
    assert added.max() > 0.2


def test_pixels_at_borders_mix_what_lies_side_by_side(scenes, tables):
    _, second = scenes
    drape = second.labels == 0
    beside = drape & (gaussian_filter((~drape).astype(float), 0.6) > 0.2)
    far = drape & (gaussian_filter((~drape).astype(float), 2.0) < 0.01)
    redness = second.image(800) / np.maximum(second.image(540), 0.01)
    assert np.median(redness[beside]) > 1.3 * np.median(redness[far])


def test_values_are_short_so_that_files_compress(scenes):
    for cube in scenes:
        np.testing.assert_array_equal(cube.data * 2**13 % 1, 0)
        assert np.isfinite(cube.data).all()
        assert cube.data.min() >= 0
