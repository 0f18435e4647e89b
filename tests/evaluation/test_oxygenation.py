import numpy as np
import pytest
from scipy.integrate import quad

from napari_udt.evaluation.oxygenation import (
    READOUT,
    UNMIXING,
    layer_weights,
    light_weighted_saturation,
    linear_readout,
    oxygenation_kept,
)
from napari_udt.evaluation.rank_correlation import spearman
from napari_udt.population.groups import Group, Population
from napari_udt.population.oxygenation import oxygenations
from napari_udt.spectral.unmixing import HB, HBO2, NEAR_INFRARED, Window

NM = np.linspace(500, 900, 41)
ABSORPTION = {HBO2: 50 + 40 * np.sin(NM / 25), HB: 60 + 30 * np.cos(NM / 40)}
ONE_LINE = Window("550 nm", 549, 551)


def tissues(n, seed=0):
    rng = np.random.default_rng(seed)
    return {
        "blood_volume": rng.uniform(0.01, 0.1, (n, 3)),
        "oxygenation": rng.random((n, 3)),
        "a_mie_per_cm": rng.uniform(5, 50, (n, 3)),
        "b_mie": rng.uniform(0.3, 3, (n, 3)),
        "thickness_mm": np.column_stack([rng.uniform(0.02, 2, (n, 2)), np.full(n, 200.0)]),
    }


def test_weights_are_the_integral_of_light_that_goes_down_and_comes_back():
    p = tissues(1)
    found = layer_weights(p, NM, ABSORPTION, ONE_LINE)[0]
    at = int(np.argmin(np.abs(NM - 550)))
    s, v = p["oxygenation"][0], p["blood_volume"][0]
    mua = v * (s * ABSORPTION[HBO2][at] + (1 - s) * ABSORPTION[HB][at])
    mus = p["a_mie_per_cm"][0] * 1.1 ** -p["b_mie"][0]
    mueff = np.sqrt(3 * mua * (mua + mus))
    cm = p["thickness_mm"][0] / 10
    wanted, above = [], 0.0
    for layer in range(3):
        deepest = min(cm[layer], 20 / mueff[layer])
        area = quad(lambda z, m=mueff[layer], a=above: np.exp(-a - 2 * m * z), 0, deepest)[0]
        wanted.append(v[layer] * area)
        above += 2 * mueff[layer] * cm[layer]
    np.testing.assert_allclose(found, np.array(wanted) / np.sum(wanted), rtol=1e-6)


def test_weights_sum_to_one_and_a_thick_top_layer_is_all_that_is_seen():
    p = tissues(20)
    np.testing.assert_allclose(layer_weights(p, NM, ABSORPTION, Window("", 500, 600)).sum(axis=1), 1)
    p["thickness_mm"][:, 0] = 50
    seen = light_weighted_saturation(p, NM, ABSORPTION, Window("", 500, 600))
    np.testing.assert_allclose(seen, p["oxygenation"][:, 0], atol=1e-6)


def homogeneous(n=300):
    """Tissues with one saturation in all layers, and Beer-Lambert spectra of it."""
    p = tissues(n)
    p["oxygenation"] = np.repeat(p["oxygenation"][:, :1], 3, axis=1)
    s = p["oxygenation"][:, :1]
    return p, np.exp(-0.02 * (s * ABSORPTION[HBO2] + (1 - s) * ABSORPTION[HB]))


def kept(before, after, p):
    labels = np.arange(len(before)) % 2
    found = oxygenation_kept(
        before, after, labels, ("skin", "liver"), p, NM, ABSORPTION, np.random.default_rng(0)
    )
    return {(k.window, k.truth, k.estimate): k for k in found}


def test_a_scale_per_spectrum_and_a_smooth_tilt_keep_oxygenation():
    p, spectra = homogeneous()
    scale = np.random.default_rng(1).uniform(0.1, 10, (len(spectra), 1))
    found = kept(spectra, scale * spectra * (NM / 500) ** 0.4, p)
    unmixed = found["visible", "light-weighted", UNMIXING]
    assert unmixed.kept
    assert unmixed.overall.before == pytest.approx(1)
    assert set(unmixed.per_class) == {"skin", "liver"}
    assert unmixed.within_class == pytest.approx((1, 1))


def test_a_transfer_that_erases_and_one_that_moves_are_kept_apart():
    p, spectra = homogeneous()
    erased = kept(spectra, np.random.default_rng(1).permutation(spectra), p)
    assert not erased["visible", "light-weighted", UNMIXING].kept
    assert abs(erased["visible", "light-weighted", READOUT].overall.after) < 0.3
    moved = kept(spectra, 1 / spectra, p)
    assert not moved["visible", "light-weighted", UNMIXING].kept
    assert moved["visible", "light-weighted", READOUT].kept


def test_the_viewer_and_an_evaluation_agree_in_the_same_window():
    p, spectra = homogeneous()
    spectra = (spectra * np.random.default_rng(3).uniform(0.95, 1.05, spectra.shape)).astype(np.float32)
    group = Group("g", "real", "measured", spectra, np.zeros(len(spectra), int), total=len(spectra))
    population = Population("HSI", NM, ("skin",), (group,))
    seen = oxygenations(population, 0, window=NEAR_INFRARED, chromophores=ABSORPTION).groups[0].estimated
    truth = light_weighted_saturation(p, NM, ABSORPTION, NEAR_INFRARED)
    found = kept(spectra, spectra, p)["near infrared", "light-weighted", UNMIXING]
    assert 0.5 < found.overall.before < 1
    assert found.overall.before == pytest.approx(float(spearman(truth, seen)), abs=1e-12)


def test_spectra_without_a_logarithm_take_no_part():
    p, spectra = homogeneous(100)
    dark = spectra.copy()
    dark[:7, 20] = 0
    counts = {key[::2]: found.overall.count for key, found in kept(spectra, dark, p).items()}
    assert counts["both", UNMIXING] == counts["both", READOUT] == 93
    assert counts["visible", UNMIXING] == 100  # 700 nm lies outside
    assert np.isnan(linear_readout(dark, p["oxygenation"][:, 0])[:7]).all()


def test_the_readout_finds_a_linear_trace_and_nothing_in_noise():
    rng = np.random.default_rng(0)
    truth = rng.random(200)
    trace = np.exp(truth[:, None] * rng.standard_normal(8) + 0.01 * rng.standard_normal((200, 8)))
    assert np.corrcoef(linear_readout(trace, truth), truth)[0, 1] > 0.99
    assert (
        abs(np.corrcoef(linear_readout(np.exp(rng.standard_normal((200, 8))), truth)[:], truth)[0, 1]) < 0.3
    )
