"""Cubes on other wavelengths than the reference take part where they cover it, and are named."""

import numpy as np
import pytest
from population_toys import toy_cube

from napari_udt.population.groups import population_of_cubes
from napari_udt.population.verdict import verdict

FINE_NM = np.linspace(450, 1050, 31)
REAL = toy_cube(2)  # 500-1000 nm


def on_grid(nm, name="other", **changes):
    """A cube whose values are linear in the wavelength, with the labels of a toy."""
    cube = toy_cube(1, "simulated", name=name)
    scale = np.arange(1, 1 + cube.shape[0] * cube.shape[1]).reshape(*cube.shape[:2], 1)
    data = (scale * (nm / 500)).astype(np.float32)
    return type(cube)(
        data,
        nm,
        "HSI",
        domain="simulated",
        labels=cube.labels,
        label_names=cube.label_names,
        name=name,
        **changes,
    )


def test_a_cube_that_covers_the_reference_is_interpolated_and_says_so():
    found = population_of_cubes([("other", "simulated", on_grid(FINE_NM)), ("r", "real", REAL)])
    np.testing.assert_array_equal(found.wavelengths_nm, REAL.wavelengths_nm)
    own = found.groups[0]
    np.testing.assert_allclose(own.spectra, own.spectra[:, :1] * (found.wavelengths_nm / 500), rtol=1e-5)
    assert found.grid_notes == (
        f"other: interpolated linearly from 31 wavelengths (450-1050 nm) to those of {REAL.name}.",
    )
    assert found.grid_notes[0] in found.notes
    assert {row.group.name for row in verdict(found).rows} == {"other"}


def test_bad_bands_of_such_a_cube_are_interpolated_over():
    bad = FINE_NM == 730
    cube = on_grid(FINE_NM, bad_bands=bad)
    data = cube.data.copy()
    data[..., bad] = np.nan
    found = population_of_cubes([("other", "simulated", cube.with_(data=data)), ("r", "real", REAL)])
    np.testing.assert_array_equal(found.wavelengths_nm, REAL.wavelengths_nm)
    assert np.isfinite(found.groups[0].spectra).all()


@pytest.mark.parametrize("nm", [np.linspace(600, 1000, 9), np.linspace(500, 900, 9)])
def test_nothing_is_extrapolated_and_the_sentence_says_what_to_do(nm):
    found = population_of_cubes([("other", "simulated", on_grid(nm)), ("r", "real", REAL)])
    assert [group.name for group in found.groups] == ["r"]
    assert found.grid_notes[0].startswith(
        f"other is left out: it covers {nm[0]:g}-{nm[-1]:g} nm, but {REAL.name} 500-1000 nm; "
    )
    assert len(found.grid_notes[0]) < 200
