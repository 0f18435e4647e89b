import numpy as np
import pytest

from napari_udt.errors import SimulationError
from napari_udt.simulation.forearm import ARTERY, FAT, MUSCLE, VEIN, build_tissue
from napari_udt.simulation.pixel_grid import PixelGrid
from napari_udt.simulation.random_fields import smooth_field
from napari_udt.simulation.tables import LabelMaps
from napari_udt.simulation.target_anatomy import body_parts, draw_target_anatomy, heterogeneous

GRID = PixelGrid()


def label_map(left_depth: int, right_depth: int, *vessels: tuple[slice, slice]) -> np.ndarray:
    picture = np.ones((200, 200), dtype=np.uint8)
    for columns, depth in ((slice(100), left_depth), (slice(100, 200), right_depth)):
        picture[depth:, columns] = 3
        picture[depth : depth + 4, columns] = 2
    for vessel in vessels:
        picture[vessel] = 4
    return picture


@pytest.fixture
def parts():
    flat, tall = (slice(60, 66), slice(10, 40)), (slice(80, 100), slice(120, 150))
    speck = (slice(150, 152), slice(5, 7))
    forearm = label_map(50, 30, flat, tall, speck)
    finger = label_map(40, 40, (slice(60, 90), slice(0, 190)))
    return body_parts(LabelMaps(0.1, {"human_forearm": forearm, "finger": finger}))


def test_contour_and_outlines_are_read_from_the_map(parts):
    forearm = parts["human_forearm"]
    assert forearm.contour_mm[20] - forearm.contour_mm[180] == pytest.approx(2.0)
    assert forearm.contour_mm.min() == 0
    assert forearm.laterals_mm[[0, -1]] == pytest.approx([-9.95, 9.95])
    sizes = [(outline.half_width_mm, outline.half_height_mm) for outline in forearm.outlines]
    assert sizes == [pytest.approx((1.5, 1.0)), pytest.approx((1.5, 0.3))]  # tallest first, no speck


def test_a_missing_body_part_is_named():
    with pytest.raises(SimulationError, match="finger"):
        body_parts(LabelMaps(0.1, {"human_forearm": label_map(5, 5)}))


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
