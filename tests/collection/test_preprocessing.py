import numpy as np
import pytest

from napari_udt.collection.preprocessing import STEPS, Step, applied, parse_step, without_continuum
from napari_udt.errors import CollectionError

NM = np.linspace(500.0, 600.0, 21)


@pytest.fixture
def spectra():
    return (1 + np.random.default_rng(0).random((7, 21))).astype(np.float32)


def test_snv_knows_neither_offset_nor_gain(spectra):
    once = Step("snv")(spectra, NM)
    np.testing.assert_allclose(once.mean(axis=1), 0, atol=1e-5)
    np.testing.assert_allclose(once.std(axis=1), 1, rtol=1e-5)
    np.testing.assert_allclose(Step("snv")(3 * spectra + 2, NM), once, atol=1e-4)
    assert np.isnan(Step("snv")(np.ones((1, 21), np.float32), NM)).all()


def test_a_parabola_passes_savitzky_golay_and_its_derivative_is_per_nm():
    parabola = (2 + 0.1 * (NM - 500) + 0.01 * (NM - 500) ** 2).astype(np.float32)[None]
    step = parse_step("savitzky_golay:window=7:degree=2")
    np.testing.assert_allclose(step(parabola, NM), parabola, rtol=1e-5)
    slope = parse_step("savitzky_golay:window=7:degree=2:derivative=1")(parabola, NM)
    np.testing.assert_allclose(slope[0], 0.1 + 0.02 * (NM - 500), rtol=1e-3)


def test_a_continuum_lies_above_and_touches(spectra):
    found = without_continuum(spectra, NM)
    assert (found <= 1 + 1e-5).all()
    np.testing.assert_allclose(found[:, [0, -1]], 1, rtol=1e-6)
    np.testing.assert_allclose(without_continuum(5 * spectra, NM), found, rtol=1e-4)
    hull = without_continuum(
        (1 - ((NM - 550) / 100) ** 2).astype(np.float32)[None], NM
    )  # concave: its own hull
    np.testing.assert_allclose(hull, 1, rtol=1e-6)
    assert np.isnan(without_continuum(-spectra, NM)).all()


def test_steps_are_applied_in_their_order(spectra):
    steps = [Step("savitzky_golay", {"window": 5}), Step("l2")]
    np.testing.assert_allclose(np.linalg.norm(applied(steps, spectra, NM), axis=1), 1, rtol=1e-5)
    assert not np.allclose(np.linalg.norm(applied(steps[::-1], spectra, NM), axis=1), 1, rtol=1e-5)


@pytest.mark.parametrize("name", STEPS)
def test_a_missing_value_never_becomes_a_number(name, spectra):
    spectra[2, 4] = np.nan
    found = Step(name)(spectra, NM)
    assert np.isnan(found[2, 4])
    assert np.isfinite(np.delete(found, 2, axis=0)).all()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("smooth", "'smooth' is unknown"),
        ("snv:window=3", "window = 3"),
        ("savitzky_golay:window=-3", "window = '-3'"),
        ("savitzky_golay:window=99", "window 99"),
    ],
)
def test_a_wrong_step_is_named(text, said, spectra):
    with pytest.raises(CollectionError, match=said):
        parse_step(text)(spectra, NM)


def test_uneven_wavelengths_are_refused(spectra):
    with pytest.raises(CollectionError, match="evenly spaced"):
        Step("savitzky_golay")(spectra, NM**2)
