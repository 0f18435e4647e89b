import numpy as np
import pytest

from napari_udt.simulation.forearm import (
    ARTERY,
    CLASS_NAMES,
    COUPLING,
    DERMIS,
    EPIDERMIS,
    FAT,
    MUSCLE,
    VEIN,
    Anatomy,
    Vessel,
    build_tissue,
    draw_forearm,
)
from napari_udt.simulation.outline import Outline
from napari_udt.simulation.pixel_grid import PixelGrid

GRID = PixelGrid()


def anatomy(vessels: tuple[Vessel, ...] = (), **changes) -> Anatomy:
    line = np.ones(GRID.columns)
    settings = {
        "skin_mm": 0.37 * line,
        "epidermis_mm": 0.117 * line,
        "dermis_mm": 1.2 * line,
        "fat_mm": 2.0 * line,
        "vessels": vessels,
        "melanin": 0.02,
        "blood": {DERMIS: 0.01, FAT: 0.01, MUSCLE: 0.03},
        "background_oxygenation": 0.7,
    }
    return Anatomy(**(settings | changes))


def test_classes_are_in_the_order_that_models_expect():
    assert CLASS_NAMES == ("coupling medium", "epidermis", "dermis", "fat", "muscle", "vein", "artery")


def test_layers_lie_in_order_and_have_their_thickness():
    tissue = build_tissue(anatomy(), GRID)
    column = tissue.labels[:, 100]
    assert np.all(np.diff(column) >= 0)
    assert set(column) == {COUPLING, EPIDERMIS, DERMIS, FAT, MUSCLE}
    thickness_mm = {label: np.sum(column == label) * GRID.pixel_mm for label in (DERMIS, FAT)}
    assert thickness_mm[DERMIS] == pytest.approx(1.2, abs=GRID.pixel_mm)
    assert thickness_mm[FAT] == pytest.approx(2.0, abs=GRID.pixel_mm)


def test_a_layer_thinner_than_a_pixel_keeps_its_melanin():
    tissue = build_tissue(anatomy(), GRID)
    melanin_mm = tissue.absorbers["melanin"].sum(axis=0) * GRID.pixel_mm
    step = GRID.pixel_mm / 4  # what the finer drawing can resolve
    np.testing.assert_allclose(melanin_mm, 0.02 * 0.117, atol=0.02 * step)


def test_an_artery_is_full_of_blood_of_its_oxygenation():
    tissue = build_tissue(anatomy((Vessel(ARTERY, 0.0, 5.0, 1.2, 1.2, 0.95),)), GRID)
    area_mm2 = np.sum(tissue.labels == ARTERY) * GRID.pixel_mm**2
    assert area_mm2 == pytest.approx(np.pi * 1.2**2, rel=0.05)
    middle = (int(np.argmin(abs(GRID.depths_mm - 5.37))), GRID.columns // 2)
    assert tissue.labels[middle] == ARTERY
    assert tissue.absorbers["oxyhemoglobin"][middle] == pytest.approx(0.95, abs=1e-6)
    assert tissue.absorbers["deoxyhemoglobin"][middle] == pytest.approx(0.05, abs=1e-6)
    np.testing.assert_allclose(tissue.oxygenation[tissue.labels == ARTERY], 0.95, atol=1e-5)


def test_oxygenation_is_known_in_vessels_only():
    tissue = build_tissue(draw_forearm(np.random.default_rng(4), GRID), GRID)
    vessel = np.isin(tissue.labels, (VEIN, ARTERY))
    assert vessel.any()
    np.testing.assert_array_equal(np.isfinite(tissue.oxygenation), vessel)
    assert np.all((tissue.oxygenation[vessel] > 0.5) & (tissue.oxygenation[vessel] <= 1))


def test_background_blood_has_its_oxygenation():
    tissue = build_tissue(anatomy(), GRID)
    muscle = tissue.labels == MUSCLE
    oxygenated, deoxygenated = (tissue.absorbers[f"{kind}hemoglobin"][muscle] for kind in ("oxy", "deoxy"))
    deep = slice(-GRID.columns, None)  # the upper rows share their pixels with fat
    np.testing.assert_allclose(oxygenated[deep], 0.03 * 0.7)
    np.testing.assert_allclose(deoxygenated[deep], 0.03 * 0.3)


def test_scatterers_fill_all_tissue():
    tissue = build_tissue(draw_forearm(np.random.default_rng(2), GRID), GRID)
    filled = sum(tissue.scatterers.values())
    np.testing.assert_allclose(filled[-40:], 1)
    np.testing.assert_allclose(filled[:15], 0)


def test_a_vessel_never_reaches_into_the_epidermis():
    shallow = Vessel(VEIN, 0.0, 0.1, 2.0, 1.0, 0.7)
    tissue = build_tissue(anatomy((shallow,)), GRID)
    assert np.all((tissue.labels == EPIDERMIS).any(axis=0))


def test_an_outline_shapes_the_vessel():
    left_half = Outline(
        (0.0,), (0.5, 0.8), 1.0, 1.0
    )  # as high as the box at the left, nothing from u = 0.43 on
    vessel = Vessel(VEIN, 1.0, 3.0, 2.0, 0.5, 0.7, outline=left_half)
    x = np.array([-0.9, 0.9, 1.8, 1.95, 2.9, -1.1])
    np.testing.assert_array_equal(vessel.covers(x, np.full(6, 3.0)), [True, True, True, False, False, False])
    assert not vessel.covers(np.array([0.0]), np.array([3.6])).any()


def test_every_forearm_has_an_artery_between_two_veins():
    for seed in range(20):
        drawn = draw_forearm(np.random.default_rng(seed), GRID)
        arteries = [vessel for vessel in drawn.vessels if vessel.label == ARTERY]
        assert len(arteries) == 1
        beside = [v.lateral_mm - arteries[0].lateral_mm for v in drawn.vessels[-3:-1]]
        assert beside == pytest.approx([-2.5, 2.5])
        assert 3 <= drawn.parameters["artery_depth_mm"] < 10
