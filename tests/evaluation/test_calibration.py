"""Spread beside error."""

import numpy as np
import pytest
from model_specs import hsi_spec

from napari_udt.evaluation.calibration import saturation_spread, spread_calibration
from napari_udt.models import TransferModel
from napari_udt.models.build import build_network


def test_a_spread_that_is_the_errors_scale_predicts_it():
    rng = np.random.default_rng(1)
    spread = rng.uniform(0.01, 0.2, 4000)
    found = spread_calibration(spread, spread * rng.normal(size=4000), rng)
    assert found.low > 0.3
    assert list(found.spread) == sorted(found.spread)
    # The median of |N(0, 1)| is 0.674.
    np.testing.assert_allclose(np.array(found.error) / found.spread, 0.674, rtol=0.2)


def test_a_spread_that_has_nothing_to_do_with_the_error_is_seen():
    rng = np.random.default_rng(2)
    found = spread_calibration(rng.uniform(0, 1, 800), rng.normal(size=800), rng)
    assert found.low < 0 < found.high
    assert abs(found.rank_correlation) < 0.1


def test_samples_without_a_value_take_no_part_and_few_give_nothing():
    rng = np.random.default_rng(3)
    spread, error = rng.uniform(0, 1, 40), rng.normal(size=40)
    spread[:15] = np.nan
    assert spread_calibration(spread, error, rng).count == 25
    assert spread_calibration(spread[:30], error[:30], rng) is None


def test_the_spread_over_conditions_is_reproducible_and_not_zero():
    spec = hsi_spec()
    model = TransferModel(spec, build_network(spec))
    samples = np.random.default_rng(4).random((12, len(spec.wavelengths_nm))).astype(np.float32) + 0.5
    first, again = (
        saturation_spread(model, samples, np.zeros(12, int), lambda x: x.mean(axis=1), draws=4)
        for _ in range(2)
    )
    assert first.shape == (12,)
    np.testing.assert_array_equal(first, again)
    other = saturation_spread(model, samples, np.zeros(12, int), lambda x: x.mean(axis=1), draws=4, seed=1)
    assert np.any(other != first) or np.all(first == pytest.approx(0, abs=1e-6))
