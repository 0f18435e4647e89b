import numpy as np
import pytest

from napari_udt.errors import SimulationError
from napari_udt.simulation import hsi_simulated
from napari_udt.simulation.hsi import simulate_hsi
from napari_udt.simulation.hsi_organs import CLASS_NAMES, WAVELENGTHS_NM
from napari_udt.simulation.hsi_simulated import (
    DEEPEST_MM,
    RANGES,
    blood_absorption,
    draw_tissues,
    layered_reflectance_of,
    match_organs,
    nearest_first,
)
from napari_udt.simulation.hsi_target import organ_fields
from napari_udt.simulation.tables import find_tables


@pytest.fixture(scope="module")
def tables():
    return find_tables()


@pytest.fixture(scope="module")
def simulated(tables):
    return simulate_hsi("simulated", 100, 3, tables)


def test_parameters_stay_in_their_ranges():
    tissues = draw_tissues(500, np.random.default_rng(0))
    np.testing.assert_array_equal(tissues["thickness_mm"][:, 2], DEEPEST_MM)
    tissues["thickness_mm"] = tissues["thickness_mm"][:, :2]
    for name, (low, high) in RANGES.items():
        assert low <= tissues[name].min() < tissues[name].max() <= high


def test_blood_volume_is_even_over_its_logarithm():
    blood = draw_tissues(20_000, np.random.default_rng(0))["blood_volume"]
    low, high = RANGES["blood_volume"]
    assert np.median(blood) == pytest.approx(np.sqrt(low * high), rel=0.05)


def test_a_data_set_keeps_everything_that_was_drawn(simulated, tables):
    assert set(simulated.parameters) == set(RANGES)
    parameters = {name: values[:3].astype(np.float64) for name, values in simulated.parameters.items()}
    again = layered_reflectance_of(parameters, blood_absorption(tables))
    np.testing.assert_allclose(simulated.samples[:3], again, rtol=1e-3)


def test_spectra_are_reflectance_with_labels(simulated):
    assert simulated.samples.shape == (40, 100)
    assert 0 < simulated.samples.min() < simulated.samples.max() < 1
    np.testing.assert_array_equal(np.bincount(simulated.labels), 4)
    assert (simulated.domain, simulated.origin, simulated.class_names) == (
        "simulated",
        "simulated",
        CLASS_NAMES,
    )


def test_the_result_does_not_depend_on_the_number_of_processes(tables, monkeypatch):
    monkeypatch.setattr(hsi_simulated, "BLOCK", 20)
    one, two = (simulate_hsi("simulated", 40, 3, tables, jobs=jobs) for jobs in (1, 2))
    np.testing.assert_array_equal(one.samples, two.samples)
    np.testing.assert_array_equal(one.labels, two.labels)


def test_oxygenated_blood_has_two_dips_and_deoxygenated_one(tables):
    tissues = draw_tissues(2, np.random.default_rng(0))
    tissues = {name: np.repeat(values[:1], 2, axis=0) for name, values in tissues.items()}
    tissues["blood_volume"][:] = 0.02
    tissues["oxygenation"][:] = [[1.0], [0.0]]
    oxy, deoxy = layered_reflectance_of(tissues, blood_absorption(tables))

    def at(spectrum: np.ndarray, wavelength_nm: float) -> float:
        return float(np.interp(wavelength_nm, WAVELENGTHS_NM, spectrum))

    assert at(oxy, 542) < at(oxy, 560) > at(oxy, 577)
    assert at(deoxy, 555) < min(at(deoxy, 530), at(deoxy, 585))
    assert at(deoxy, 760) < at(oxy, 760)


def test_drawn_spectra_find_their_own_organ(tables):
    """Spectra of the organs themselves, in equal shares, are labelled right far more often than by chance."""
    rng = np.random.default_rng(5)
    spectra = np.concatenate(
        [field.spectra(rng.standard_normal((30, 16))) for field in organ_fields(tables).values()]
    )
    labels = match_organs(spectra, tables, draws=300)
    true = np.repeat(np.arange(10), 30)
    assert np.mean(labels[labels >= 0] == true[labels >= 0]) > 0.5


def test_nearest_pairs_come_first_and_quotas_hold():
    distances = np.array([[1.0, 2.0, 3.0, 9.0], [1.5, 2.5, 2.0, 8.0]])
    np.testing.assert_array_equal(nearest_first(distances, quota=2), [0, 0, 1, 1])
    np.testing.assert_array_equal(nearest_first(distances, quota=1), [0, -1, 1, -1])


def test_unknown_domains_are_refused(tables):
    with pytest.raises(SimulationError, match="'real'"):
        simulate_hsi("real", 10, 1, tables)
