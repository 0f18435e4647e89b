import numpy as np
import pytest

from napari_udt.simulation.diffusion import (
    REFRACTIVE_INDEX_RATIO,
    attenuated_beam,
    boundary_factor,
    fluence,
)

PIXEL_CM = 0.005


def uniform(rows: int, columns: int, absorption: float, scattering: float, surface: int = 0):
    shape = (rows, columns)
    tissue = np.zeros(shape, dtype=bool)
    tissue[surface:] = True
    return np.full(shape, absorption), np.full(shape, scattering), tissue


def half_space(depth_cm, absorption, scattering):
    """Delta-P1 diffusion in a half space under a wide beam, solved by hand."""
    total = absorption + scattering
    diffusion = 1 / (3 * total)
    effective = np.sqrt(absorption / diffusion)
    particular = scattering / (absorption - diffusion * total**2)
    a2 = 2 * boundary_factor(REFRACTIVE_INDEX_RATIO)
    homogeneous = -particular * (1 + a2 * diffusion * total) / (1 + a2 * diffusion * effective)
    diffuse = homogeneous * np.exp(-effective * depth_cm) + particular * np.exp(-total * depth_cm)
    return diffuse + np.exp(-total * depth_cm)


@pytest.mark.parametrize(("absorption", "scattering"), [(0.1, 10.0), (0.5, 15.0), (3.0, 20.0)])
def test_a_half_space_has_the_fluence_that_the_equation_gives_by_hand(absorption, scattering):
    rows = 600
    mua, musp, tissue = uniform(rows, 3, absorption, scattering)
    found = fluence(mua, musp, tissue, np.ones(3), PIXEL_CM)[:, 1]
    depth = (np.arange(rows) + 0.5) * PIXEL_CM
    near = depth < 0.8
    np.testing.assert_allclose(found[near], half_space(depth[near], absorption, scattering), rtol=0.02)


def test_deep_light_decays_with_the_effective_attenuation():
    mua, musp, tissue = uniform(500, 3, 0.4, 12.0)
    light = fluence(mua, musp, tissue, np.ones(3), PIXEL_CM)[:, 1]
    slope = -np.log(light[260] / light[220]) / (40 * PIXEL_CM)
    assert slope == pytest.approx(np.sqrt(3 * 0.4 * 12.4), rel=2e-3)


def test_all_light_is_absorbed_or_leaves():
    rng = np.random.default_rng(0)
    rows, columns, surface = 160, 60, 10
    _, _, tissue = uniform(rows, columns, 1, 1, surface)
    mua = rng.uniform(0.5, 5, tissue.shape)
    musp = rng.uniform(5, 20, tissue.shape)
    incident = rng.uniform(0.5, 1, columns)
    light = fluence(mua, musp, tissue, incident, PIXEL_CM)
    beam = attenuated_beam(np.where(tissue, mua + musp, 0), incident, PIXEL_CM)
    diffuse = (light - beam)[surface]
    resistance = 2 * boundary_factor(REFRACTIVE_INDEX_RATIO) + PIXEL_CM / 2 * 3 * (mua + musp)[surface]
    absorbed = np.sum((mua * light)[tissue]) * PIXEL_CM
    assert absorbed + np.sum(diffuse / resistance) == pytest.approx(incident.sum(), rel=1e-3)


def test_a_mirrored_body_has_mirrored_light():
    rng = np.random.default_rng(1)
    rows, columns = 60, 40
    tissue = np.arange(rows)[:, None] > 5 + 0.3 * np.arange(columns)  # a tilted surface
    mua, musp = rng.uniform(0.1, 5, tissue.shape), rng.uniform(5, 20, tissue.shape)
    incident = rng.uniform(0, 1, columns)
    straight = fluence(mua, musp, tissue, incident, 0.0156)
    mirrored = fluence(mua[:, ::-1], musp[:, ::-1], tissue[:, ::-1], incident[::-1], 0.0156)
    np.testing.assert_allclose(mirrored[:, ::-1], straight, rtol=1e-3, atol=1e-6)


def test_light_is_proportional_to_the_beam():
    mua, musp, tissue = uniform(50, 30, 0.3, 10, surface=5)
    incident = np.linspace(0, 1, 30)
    once = fluence(mua, musp, tissue, incident, 0.0156)
    np.testing.assert_allclose(
        fluence(mua, musp, tissue, 3 * incident, 0.0156), 3 * once, rtol=1e-4, atol=1e-7
    )


def test_clear_medium_passes_the_beam_unchanged():
    mua, musp, tissue = uniform(20, 10, 0.3, 10, surface=8)
    light = fluence(mua, musp, tissue, np.full(10, 0.7), 0.0156)
    np.testing.assert_array_equal(light[:8], 0.7)
    nowhere = np.zeros_like(tissue)
    np.testing.assert_array_equal(fluence(mua, musp, nowhere, np.full(10, 0.7), 0.0156), 0.7)


def test_a_coarse_grid_loses_no_beam():
    attenuation = np.full((100, 1), 30.0)
    beam = attenuated_beam(attenuation, np.ones(1), 0.05)
    assert np.sum(attenuation * beam) * 0.05 == pytest.approx(1, abs=1e-12)


def test_without_a_step_in_refractive_index_nothing_is_reflected():
    assert boundary_factor(1.0) == pytest.approx(1, abs=0.01)
    assert boundary_factor(1.4) == pytest.approx(3.25, abs=0.01)  # tissue against air
