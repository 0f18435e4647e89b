"""Bad bands of any cube take no part in a comparison of populations."""

import numpy as np

from napari_udt.cube import SpectralCube
from napari_udt.population.groups import population_of_cubes

NM = np.linspace(500, 900, 5)


def test_bad_bands_of_any_cube_are_left_out():
    rng = np.random.default_rng(0)
    labels = np.ones((6, 5), int)
    simulated, real = (
        SpectralCube(rng.random((6, 5, 5), dtype=np.float32), NM, "HSI", domain, labels, {1: "skin"})
        for domain in ("simulated", "real")
    )
    data = real.data.copy()
    data[..., 2] = np.nan
    spoilt = real.with_(data=data, bad_bands=NM == 700)
    population = population_of_cubes([("a", "simulated", simulated), ("b", "real", spoilt)])
    np.testing.assert_array_equal(population.wavelengths_nm, [500, 600, 800, 900])
    assert "left out: 700 nm" in population.notes[0]
    for group, cube in zip(population.groups, (simulated, real), strict=True):
        kept = cube.data.reshape(-1, 5)[:, NM != 700]
        np.testing.assert_array_equal(np.sort(group.spectra, axis=0), np.sort(kept, axis=0))
    plain = population_of_cubes([("a", "simulated", simulated), ("b", "real", real)])
    np.testing.assert_array_equal(plain.wavelengths_nm, NM)
    assert plain.notes == ()
