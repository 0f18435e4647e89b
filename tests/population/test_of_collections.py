"""Populations of collections: groups by domain and model, images and subjects."""

import numpy as np
import pytest
from own_cubes import write_envi

from napari_udt.collection import gather
from napari_udt.collection.inspecting import Rules
from napari_udt.errors import CollectionError
from napari_udt.population import of_collections
from napari_udt.population.bands import bands
from napari_udt.population.of_collections import population_of_collection
from napari_udt.population.splits import TEST, TRAIN, split


@pytest.fixture
def collection(tmp_path):
    """Two subjects with two images each in both domains."""
    for subject in range(2):
        for image in range(2):
            seed = 10 * subject + image
            write_envi(tmp_path / f"S{subject}" / f"s{image}.hdr", seed)
            write_envi(tmp_path / f"P{subject}" / f"r{image}.hdr", 50 + seed, target=True)
    return gather([tmp_path], Rules(subject_from="folder"))[0]


def test_a_group_per_domain_with_its_images_and_subjects(collection):
    population = population_of_collection(collection)
    simulated, real = population.groups
    assert (simulated.part, real.part) == ("simulated", "real")
    assert population.reference is real
    for group in population.groups:
        assert len(np.unique(group.images)) == 4
        assert len(np.unique(group.subjects)) == 2
        assert len(np.unique(np.stack([group.images, group.subjects]), axis=1).T) == 4
    assert not set(simulated.subjects) & set(real.subjects)
    assert "Measured: 4 cubes of 2 subjects" in "\n".join(population.notes)


def test_figures_are_over_the_medians_of_images(collection):
    population = population_of_collection(collection)
    band = bands(population, normalisation="none").structures[0].bands[0]
    group = population.groups[0]
    assert band.images == 4
    medians = [
        np.median(group.spectra[(group.images == image) & (group.labels == 0)], axis=0) for image in range(4)
    ]
    np.testing.assert_allclose(band.mean, np.mean(medians, axis=0), rtol=1e-5)
    np.testing.assert_allclose(band.std, np.std(medians, axis=0), rtol=1e-3, atol=1e-6)


def test_no_subject_is_on_both_sides_of_a_test(collection):
    real = population_of_collection(collection).groups[1]
    found = split([real], [0, 1])
    assert found.rule == "subjects"
    sides = found.sides[0]
    assert not set(real.subjects[sides == TRAIN]) & set(real.subjects[sides == TEST])


def test_memory_does_not_grow_with_the_number_of_cubes(collection, monkeypatch):
    monkeypatch.setattr(of_collections, "MOST_PER_CLASS", 4 * 30)
    population = population_of_collection(collection)
    for group in population.groups:
        assert np.bincount(group.labels).max() == 4 * 30
        assert np.bincount(group.images).tolist() == [60] * 4


def test_a_cube_that_does_not_open_and_one_of_unknown_domain_are_named(collection, tmp_path):
    write_envi(tmp_path / "U" / "u.hdr", 9, domain="unknown")
    collection = gather([tmp_path], Rules(subject_from="folder"))[0]
    image = next(p for p in (tmp_path / "P0").iterdir() if p.stem == "r0" and p.suffix != ".hdr")
    image.unlink()
    notes = "\n".join(population_of_collection(collection).notes)
    assert "u.hdr is left out: its domain is unknown" in notes
    assert "Left out: " in notes
    with pytest.raises(CollectionError, match="No cube of the collection can be used"):
        population_of_collection(collection.of(["unknown"]))


def test_progress_is_reported_and_ends_the_work(collection):
    seen = []
    population_of_collection(collection, progress=lambda done, total: seen.append((done, total)))
    assert seen[0] == (0, 8)
    assert seen[-1] == (8, 8)

    def stop(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        population_of_collection(collection, progress=stop)
