"""Figure data against scikit-learn, numpy and what was put in."""

import csv
import io
from dataclasses import replace

import numpy as np
import pytest
from populations import CLASSES, cubes_population, gaussian_population, make_cube
from sklearn.decomposition import PCA

from napari_udt.errors import CubeError
from napari_udt.population.bands import bands, occurring
from napari_udt.population.components import components, fit_basis, inside
from napari_udt.population.depth import FEWEST, depths
from napari_udt.population.differences import differences
from napari_udt.population.groups import population_of_cubes
from napari_udt.population.oxygenation import oxygenations
from napari_udt.population.scenes import CallOut, common_limits, mean_in, scenes
from napari_udt.population.summary import grid_text, summary
from napari_udt.spectral.unmixing import unmix_spectra


@pytest.fixture
def population():
    return gaussian_population()


@pytest.fixture
def cubes():
    return cubes_population()


def rows(table):
    text = "".join(line for line in table.csv_text().splitlines(keepends=True) if not line.startswith("#"))
    return list(csv.DictReader(io.StringIO(text)))


def test_basis_is_that_of_scikit_learn(population):
    spectra = population.reference.spectra
    oracle, basis = PCA(2).fit(spectra.astype(np.float64)), fit_basis(spectra)
    np.testing.assert_allclose(basis.explained, oracle.explained_variance_ratio_, rtol=1e-4)
    np.testing.assert_allclose(np.abs(basis.axes @ oracle.components_.T), np.eye(2), atol=1e-3)
    signs = np.sign(np.sum(basis.axes * oracle.components_, axis=1))
    np.testing.assert_allclose(basis.project(spectra), oracle.transform(spectra) * signs, atol=1e-3)


def test_components_are_fitted_on_real_and_lie_about_zero_there(population):
    found = components(population, 0, "none")
    assert found.fitted_on is population.reference
    scores = {p.group.name: p.scores for p in found.projections}
    np.testing.assert_allclose(scores["real"].mean(axis=0), 0, atol=1e-5)
    assert np.linalg.norm(scores["simulated"].mean(axis=0)) > np.linalg.norm(
        scores["transferred"].mean(axis=0)
    )
    assert found.axis_labels[0].startswith("PC1 (")
    assert all(
        len(p.scores) == len(p.index) == np.count_nonzero(p.group.labels == 0) for p in found.projections
    )


def test_components_do_not_change_with_the_brightness_of_l2_normalised_spectra(population):
    brighter = replace(population, groups=tuple(replace(g, spectra=g.spectra * 4) for g in population.groups))
    a, b = (components(p, 1).projections[0].scores for p in (population, brighter))
    np.testing.assert_allclose(a, b, atol=1e-6)


def test_points_inside_an_outline_lead_back_to_their_spectra(population):
    found = components(population, 1)
    projection = found.projections[0]
    x, y = projection.scores[7]
    box = np.array([(x - 1e-6, y - 1e-6), (x + 1e-6, y - 1e-6), (x + 1e-6, y + 1e-6), (x - 1e-6, y + 1e-6)])
    np.testing.assert_array_equal(inside(projection, box), [projection.index[7]])
    assert projection.group.labels[inside(projection, box)] == 1
    assert len(inside(projection, box[:2])) == 0


def test_without_real_spectra_the_last_group_stands_in(population):
    alone = replace(population, groups=population.groups[:1])
    found = components(alone, 0)
    assert found.fitted_on.name == "simulated"
    assert "fitted on simulated" in found.statement
    with pytest.raises(CubeError, match="needs a second cube"):
        differences(alone, 0)


def test_too_few_spectra_are_refused_in_a_sentence(population):
    few = replace(population, groups=tuple(g.take(np.arange(3)) for g in population.groups))
    with pytest.raises(CubeError, match="2 components need at least 3 spectra"):
        components(few, 1)


def test_differences_are_those_of_the_medians(population):
    found = differences(population, 1, "none")
    real = np.median(population.reference.of_class(1), axis=0)
    for difference in found.differences:
        expected = np.abs(real - np.median(difference.group.of_class(1), axis=0))
        np.testing.assert_allclose(difference.values, expected, atol=1e-6)
        assert difference.mean == pytest.approx(expected.mean(), abs=1e-6)
        assert difference.outline.at[0] >= 0
        assert np.trapezoid(difference.outline.values, difference.outline.at) == pytest.approx(1, abs=0.05)
    simulated, transferred = found.differences
    assert simulated.mean > transferred.mean


def test_a_group_differs_from_itself_by_nothing(population):
    twin = replace(population.reference, name="twin", part="simulated")
    found = differences(replace(population, groups=(twin, population.reference)), 0)
    assert found.differences[0].mean == 0
    assert found.differences[0].outline is None


def test_bands_are_mean_and_standard_deviation_of_l1_normalised_spectra(population):
    found = bands(population)
    assert [s.structure for s in found.structures] == list(CLASSES)
    for label, structure in enumerate(found.structures):
        for band in structure.bands:
            spectra = band.group.of_class(label).astype(np.float64)
            spectra /= np.abs(spectra).sum(axis=1, keepdims=True)
            np.testing.assert_allclose(band.mean, spectra.mean(axis=0), atol=1e-6)
            np.testing.assert_allclose(band.std, spectra.std(axis=0), atol=1e-6)
            assert band.images == 0
    assert found.has_zoom
    assert "Over the spectra of one image" in found.notes[0]


def test_bands_over_images_are_those_of_their_medians(population):
    subjects = np.arange(len(population.reference)) % 5
    real = replace(population.reference, subjects=subjects)
    found = bands(replace(population, groups=(real,)), normalisation="none")
    medians = [np.median(real.spectra[(real.labels == 0) & (subjects == s)], axis=0) for s in range(5)]
    band = found.structures[0].bands[0]
    np.testing.assert_allclose(band.mean, np.mean(medians, axis=0), rtol=1e-6)
    np.testing.assert_allclose(band.std, np.std(medians, axis=0), rtol=1e-5)
    assert band.basis == "5 images"


def test_all_spectra_are_a_structure_too(population):
    found = bands(population, [None])
    assert found.structures[0].structure == "all spectra"
    assert found.structures[0].bands[0].spectra == len(population.groups[0])


def test_a_class_that_only_one_group_holds_is_offered_and_its_absence_reported(population):
    third = replace(population.groups[0], labels=np.full(len(population.groups[0]), 2, np.int16))
    mixed = replace(population, class_names=(*CLASSES, "fat"), groups=(third, *population.groups[1:]))
    assert occurring(mixed) == (0, 1, 2)
    found = components(mixed, 2)
    assert found.fitted_on is third
    assert found.notes == ("transferred holds no spectrum of fat.", "real holds no spectrum of fat.")
    with pytest.raises(CubeError, match="No open cube holds spectra of vein"):
        components(replace(mixed, groups=(third,)), 0)


def test_summary_counts_classes_and_measures_values(population):
    found = summary(population)
    for group, numbers in zip(population.groups, found.groups, strict=True):
        np.testing.assert_array_equal(numbers.counts, np.bincount(group.labels))
        assert numbers.shares.sum() == pytest.approx(1)
        assert (numbers.values[0], numbers.values[4]) == (group.spectra.min(), group.spectra.max())
        assert numbers.values[2] == pytest.approx(np.median(group.spectra), abs=1e-4)
    assert found.grid == "500–1000 nm, 12 channels, step 45.5 nm"
    assert [row["vein"] for row in rows(found.table())] == ["200", "150", "250"]


def test_wavelengths_in_words():
    assert grid_text(np.array([700.0, 710, 730])) == "700–730 nm, 3 channels, steps 10–20 nm"
    assert grid_text(np.array([800.0])) == "800 nm, 1 channel"


def test_unlabelled_spectra_are_counted_as_unknown(population):
    blank = replace(population.groups[0], labels=np.full(len(population.groups[0]), -1, np.int16))
    found = summary(replace(population, groups=(blank,))).groups[0]
    assert (found.unknown, found.counts.sum(), found.shares.sum()) == (400, 0, 0)


def test_pictures_share_wavelength_and_scale(cubes):
    found = scenes(cubes, 797.0)
    assert found.wavelength_nm == 800
    for picture, group in zip(found.pictures, cubes.groups, strict=True):
        np.testing.assert_array_equal(picture.values, group.cube.data[:, :, 10])
        low, high = np.percentile(picture.values, (1, 99))
        assert found.limits[0] <= low < high <= found.limits[1]
    assert "800 nm" in found.statement


def test_a_scale_of_nothing_is_zero_to_one():
    assert common_limits([]) == (0, 1)
    low, high = common_limits([np.full((3, 3), 2.0)])
    assert low == 2 < high


def test_a_call_out_is_cut_out_and_averaged(cubes):
    picture = scenes(cubes).pictures[0]
    call_out = CallOut("sim", 4, 10, 6, "a vessel")
    np.testing.assert_array_equal(picture.cut_out(call_out), picture.values[1:7, 7:13])
    assert picture.cut_out(CallOut("sim", 0, 0, 6)).shape == (3, 3)
    assert np.isnan(mean_in(picture, CallOut("sim", 500, 500, 6)))
    assert CallOut(**call_out.plain()) == call_out
    (row,) = rows(scenes(cubes).table([call_out, CallOut("closed", 1, 1)]))
    assert (row["call-out"], row["row"]) == ("a vessel", "4")
    assert float(row["mean value [a.u.]"]) == pytest.approx(picture.values[1:7, 7:13].mean(), rel=1e-5)


def test_depths_are_means_of_bins(cubes):
    found = depths(cubes, 0, "none", bin_mm=2.0)
    group, cube = found.groups[0], cubes.groups[0].cube
    assert found.bin_titles == ("0–2 mm", "2–4 mm", "4–6 mm")
    assert found.filled == (0, 1, 2)
    expected = cube.data[4:8].reshape(-1, 16)  # rows of half a millimetre: their middles lie in 2-4 mm
    np.testing.assert_allclose(group.mean[1], expected.mean(axis=0), rtol=1e-5)
    np.testing.assert_allclose(group.std[1], expected.std(axis=0), rtol=1e-4)
    assert group.counts[1] == len(expected)


def test_bins_with_few_spectra_are_empty(cubes):
    few = replace(cubes, groups=(cubes.groups[0].take(np.arange(FEWEST - 1)),))
    found = depths(few, 0)
    assert np.isnan(found.groups[0].mean).all()
    assert found.filled == ()
    assert rows(found.table()) == []


def test_depth_needs_a_pixel_size():
    flat = population_of_cubes([("a", "simulated", make_cube(pixel_size_mm=None))])
    with pytest.raises(CubeError, match="No open cube knows the depth of its vein"):
        depths(flat, 0)


def test_oxygenation_is_the_unmixing_beside_the_truth(cubes):
    found = oxygenations(cubes, 1)
    first = found.groups[0]
    expected = unmix_spectra(cubes.groups[0].of_class(1), cubes.wavelengths_nm, "PAT").oxygenation
    np.testing.assert_allclose(first.estimated, expected)
    assert first.known_median == pytest.approx(0.95)
    assert first.density.at[0] >= 0
    assert first.density.at[-1] <= 1
    row = rows(found.table())[0]
    assert float(row["mean error [1]"]) == pytest.approx(np.nanmean(expected - 0.95), abs=1e-6)


def test_oxygenation_says_when_it_draws(cubes):
    found = oxygenations(cubes, None, most=50)
    assert all(len(s.estimated) == 50 for s in found.groups)
    assert found.notes[0] == "sim: 50 of 600 spectra."


def test_every_figure_has_a_table_that_reads_back(cubes):
    tables = [
        summary(cubes).table(),
        components(cubes, 0).table(),
        differences(cubes, 0).table(),
        bands(cubes).table(),
        depths(cubes, 0).table(),
        oxygenations(cubes, 0).table(),
    ]
    for table in tables:
        read = rows(table)
        assert len(read) == len(table.rows) > 0
        assert tuple(read[0]) == table.columns
        assert table.csv_text().startswith(f"# {table.title}\n")


def test_two_spellings_of_a_structure_are_one_class():
    a = make_cube("a")
    b = make_cube("b", "second", label_names={5: "Vein", 6: "Artery "}, seed=2)
    found = population_of_cubes([("a", "simulated", a), ("b", "real", b)])
    assert found.class_names == ("vein", "artery")
    assert found.classes_in() == (0, 1)
