import numpy as np
import pytest

from napari_udt.simulation.forearm import ARTERY, FAT, MUSCLE, VEIN, build_tissue
from napari_udt.simulation.pixel_grid import PixelGrid
from napari_udt.simulation.random_fields import smooth_field
from napari_udt.simulation.target_anatomy import BodyPart, body_parts, draw_target_anatomy, heterogeneous

GRID = PixelGrid()


@pytest.fixture
def parts():
    return body_parts()


def test_body_parts_are_as_wide_as_a_probe_and_hold_vessels(parts):
    assert set(parts) == {"human_forearm", "finger"}
    for part in parts.values():
        assert 15 < part.half_width_mm < 25
        depth = part.contour(np.linspace(-part.half_width_mm, part.half_width_mm, 200))
        assert 1 < np.ptp(depth) < 6
        heights = [outline.half_height_mm for outline in part.outlines]
        assert heights == sorted(heights, reverse=True)
    assert parts["finger"].outlines[0].half_width_mm > 10  # along the imaging plane
    assert all(outline.half_width_mm < 2 for outline in parts["human_forearm"].outlines)


def test_beyond_its_ends_a_contour_stands():
    part = BodyPart(10.0, (1.0, 0.5), ())
    np.testing.assert_allclose(part.contour(np.array([-99.0, -10, 0, 10, 99])), [1.5, 1.5, 1, 0.5, 0.5])


def test_drawn_anatomies_hold_vessels_under_the_skin(parts):
    lengthwise = 0
    for seed in range(40):
        anatomy = draw_target_anatomy(np.random.default_rng(seed), GRID, parts)
        assert np.all(anatomy.skin_mm > 0)
        assert all(0.5 <= v.oxygenation <= 1 and v.label in (VEIN, ARTERY) for v in anatomy.vessels)
        assert all(v.oxygenation > 0.9 for v in anatomy.vessels if v.label == ARTERY)
        lengthwise += anatomy.vessels[-1].half_width_mm > 3
    assert 0 < lengthwise < 20


def test_uneven_blood_leaves_vessels_alone(parts):
    rng = np.random.default_rng(1)
    even = build_tissue(draw_target_anatomy(rng, GRID, parts), GRID)
    uneven = heterogeneous(rng, even)
    vessel = np.isin(even.labels, (VEIN, ARTERY))
    background = np.isin(even.labels, (FAT, MUSCLE))
    for name in ("oxyhemoglobin", "deoxyhemoglobin"):
        np.testing.assert_array_equal(uneven.absorbers[name][vessel], even.absorbers[name][vessel])
        ratio = np.log(uneven.absorbers[name][background] / even.absorbers[name][background])
        assert 0.4 < ratio.std() < 0.8
    np.testing.assert_array_equal(uneven.absorbers["water"], even.absorbers["water"])


def test_a_smooth_field_is_standardised_and_smooth():
    field = smooth_field(np.random.default_rng(0), (128, 200), 5)
    assert (field.mean(), field.std()) == (pytest.approx(0, abs=1e-12), pytest.approx(1))
    neighbours = np.corrcoef(field[1:].ravel(), field[:-1].ravel())[0, 1]
    assert neighbours == pytest.approx(np.exp(-1 / (4 * 5**2)), abs=0.01)
