"""Published values, other programs, and the laws of light."""

import json

import numpy as np
import pytest

from napari_udt.errors import SimulationError
from napari_udt.simulation.layered_reflectance import LayeredTissue, Response, solve

FINE = (12, 12)


def tissue(layers: list[tuple[float, float, float, float, float]]) -> LayeredTissue:
    """One tissue at one wavelength from rows of (n, absorption, scattering, g, thickness in cm)."""
    index, absorption, scattering, g, thickness_cm = np.array(layers, dtype=float).T[:, None]
    return LayeredTissue(absorption[:, None], scattering[:, None], g, index, thickness_cm * 10)


def random_tissues(count: int, rng: np.random.Generator) -> LayeredTissue:
    def draw(low: float, high: float) -> np.ndarray:
        return rng.uniform(low, high, (count, 3))

    return LayeredTissue(
        draw(0, 20)[:, None], draw(50, 400)[:, None], draw(0.8, 0.95), draw(1.33, 1.54), draw(0.02, 2)
    )


def value(response: Response, what: str) -> float:
    return getattr(response, what).item()


def test_slab_of_van_de_hulst():
    """Slab without a change of index: Rd 0.09739, Tt 0.66096 (van de Hulst 1980; Wang, Jacques, Zheng 1995)."""
    response = solve(tissue([(1.0, 10, 90, 0.75, 0.02)]), FINE)
    assert value(response, "reflectance") == pytest.approx(0.09739, abs=2e-5)
    assert value(response, "transmittance") == pytest.approx(0.66096, abs=2e-5)


def test_half_space_of_giovanelli():
    """Half space of n 1.5, isotropic, albedo 0.9: total reflectance 0.2600 (Giovanelli 1955)."""
    response = solve(tissue([(1.5, 10, 90, 0, 1000)]), FINE)
    assert value(response, "reflectance") == pytest.approx(0.2600, abs=2e-4)
    assert value(response, "specular") == pytest.approx(0.04)


def test_monte_carlo_of_tissues_whose_layers_differ_in_index(shared):
    """MCML, 300,000 photons a tissue: relative error below 1 % on average, 4 % at most."""
    prototypes = shared / "prototypes"
    cases = {
        int(k): v for p in (0, 1) for k, v in json.loads((prototypes / f"val_{p}.json").read_text()).items()
    }
    order = sorted(cases)
    with np.load(prototypes / "val_in.npz", allow_pickle=False) as file:
        n, g, mua, musp, d = (file[key][order] for key in ("n", "g", "mua", "musp", "d"))
    expected = np.array([cases[i][0][1] for i in order])
    response = solve(LayeredTissue(mua[:, None], (musp / (1 - g))[:, None], g, n, d * 10))
    error = np.abs(response.diffuse_reflectance[:, 0] / expected - 1)
    assert error.mean() < 0.01
    assert error.max() < 0.04
    np.testing.assert_allclose(response.specular[:, 0], [cases[i][0][0] for i in order], atol=1e-6)


def adding_doubling(layers: list[tuple[float, float, float, float, float]]) -> tuple[float, float]:
    """Reflectance and transmittance by iadpython, whose layers share one index and run from the bottom upwards."""
    iad = pytest.importorskip("iadpython")
    index, mua, mus, g, d = np.array(layers[::-1]).T
    sample = iad.Sample(a=mus / (mua + mus), b=(mua + mus) * d, g=g, n=index[0], quad_pts=16)
    sample.update_quadrature()
    reflection, _, transmission, _ = sample.rt_matrices()
    return sample.UX1_and_UXU(reflection, transmission)[:2]


def test_adding_doubling_of_a_symmetric_stack():
    skin, blood = (1.4, 1.0, 100.0, 0.9, 0.05), (1.4, 5.0, 150.0, 0.85, 0.1)
    reflectance, transmittance = adding_doubling([skin, blood, skin])
    ours = solve(tissue([skin, blood, skin]), (12, 12, 1, 1))
    assert value(ours, "reflectance") == pytest.approx(reflectance, rel=0.003)
    assert value(ours, "transmittance") == pytest.approx(transmittance, rel=0.003)


def test_adding_doubling_of_a_deep_stack_in_either_order():
    skin, blood, base = (1.4, 1, 100, 0.9, 0.05), (1.4, 5, 150, 0.85, 0.1), (1.4, 2, 120, 0.9, 20)
    for layers in ([skin, blood, base], [blood, skin, base]):
        ours = solve(tissue(layers), (12, 12, 1, 1))
        assert value(ours, "reflectance") == pytest.approx(adding_doubling(layers)[0], rel=0.003)


def test_without_absorption_no_light_is_lost():
    rng = np.random.default_rng(0)
    drawn = random_tissues(20, rng)
    lossless = LayeredTissue(
        0 * drawn.absorption_per_cm,
        drawn.scattering_per_cm,
        drawn.anisotropy,
        drawn.refractive_index,
        drawn.thickness_mm,
    )
    response = solve(lossless)
    np.testing.assert_allclose(response.reflectance + response.transmittance, 1, atol=1e-5)


def test_absorption_takes_light_from_both_sides():
    layers = [[(1.37, mua, 100, 0.9, 0.05), (1.45, 0.5, 120, 0.9, 0.3)] for mua in (0, 0.5, 2, 8, 30)]
    responses = [solve(tissue(case), (6, 4, 4)) for case in layers]
    for what in ("reflectance", "transmittance"):
        assert np.all(np.diff([value(response, what) for response in responses]) < 0)


def test_cutting_a_layer_in_two_changes_nothing():
    whole = solve(tissue([(1.4, 2, 100, 0.85, 0.1)]), (16, 16))
    halves = solve(tissue([(1.4, 2, 100, 0.85, 0.03), (1.4, 2, 100, 0.85, 0.07)]), (16, 16, 1))
    assert value(halves, "reflectance") == pytest.approx(value(whole, "reflectance"), rel=1e-4)
    assert value(halves, "transmittance") == pytest.approx(value(whole, "transmittance"), rel=1e-4)


def test_what_lies_below_an_opaque_layer_is_not_seen():
    top = (1.4, 20.0, 100.0, 0.9, 3.0)
    bright, dark = (solve(tissue([top, (1.4, mua, 100, 0.9, 1.0)]), (6, 4, 1)) for mua in (0.0, 50.0))
    assert value(bright, "reflectance") == pytest.approx(value(dark, "reflectance"), abs=1e-9)


def test_a_glass_plate_reflects_as_fresnel_says():
    """Without scattering and absorption: r + r (1-r)^2 / (1 - r^2) with r = ((n-1)/(n+1))^2."""
    r = (0.5 / 2.5) ** 2
    response = solve(tissue([(1.5, 0, 0, 0, 0.1)]), (6, 4))
    assert value(response, "reflectance") == pytest.approx(r + r * (1 - r) ** 2 / (1 - r**2), rel=1e-6)


def test_each_tissue_of_a_batch_is_solved_on_its_own():
    drawn = random_tissues(5, np.random.default_rng(1))
    alone = LayeredTissue(*(getattr(drawn, name)[3:4] for name in drawn.__dataclass_fields__))
    np.testing.assert_allclose(solve(drawn).reflectance[3:4], solve(alone).reflectance, rtol=1e-9)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"refractive_index": np.array([[0.9]])}, "refractive index"),
        ({"anisotropy": np.array([[1.0]])}, "Anisotropy"),
        ({"absorption_per_cm": np.array([[[-1.0]]])}, "negative"),
        ({"thickness_mm": np.ones((1, 2))}, "thickness_mm"),
        ({"scattering_per_cm": np.ones((1, 2, 1))}, "differ in shape"),
    ],
)
def test_impossible_tissues_are_refused(change, message):
    good = {name: getattr(tissue([(1.4, 1, 1, 0, 1)]), name) for name in LayeredTissue.__dataclass_fields__}
    with pytest.raises(SimulationError, match=message):
        LayeredTissue(**{**good, **change})


def test_streams_must_fit_the_layers():
    with pytest.raises(SimulationError, match="expected 2"):
        solve(tissue([(1.4, 1, 1, 0, 1)]), (6, 4, 2))
