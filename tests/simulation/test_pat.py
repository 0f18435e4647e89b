import zlib
from dataclasses import replace

import numpy as np
import pytest

from napari_udt.errors import SimulationError
from napari_udt.simulation.forearm import ARTERY, COUPLING, EPIDERMIS, MUSCLE, VEIN
from napari_udt.simulation.pat import (
    DOMAINS,
    ImageFactory,
    is_telling,
    make_pat_samples,
    rounded,
    simulate_pat,
)
from napari_udt.simulation.pat_components import ComponentFactory
from napari_udt.simulation.pat_image import PatImage
from napari_udt.simulation.tables import find_tables


@pytest.fixture(scope="module")
def tables():
    return find_tables()


@pytest.fixture(scope="module")
def simulated(tables):
    return simulate_pat("simulated", 2, 5, tables=tables)


def test_a_data_set_is_complete(simulated):
    assert simulated.samples.shape == (2, 16, 128, 256)
    assert simulated.samples.dtype == np.float32
    assert np.isfinite(simulated.samples).all()
    assert simulated.samples.min() >= 0
    assert 1 < simulated.samples.std() < 10
    assert (simulated.modality, simulated.domain, simulated.origin) == ("PAT", "simulated", "simulated")
    np.testing.assert_array_equal(simulated.wavelengths_nm, np.arange(700, 851, 10))
    assert simulated.labels.dtype == np.int8
    assert len(simulated.parameters["artery_depth_mm"]) == 2
    blood = np.isin(simulated.labels, (VEIN, ARTERY))
    np.testing.assert_array_equal(np.isfinite(simulated.oxygenation), blood)


def test_components_are_those_of_the_same_images(simulated, tables):
    made = ComponentFactory(5, tables).block(0)
    scale = simulated.samples[0].max()
    np.testing.assert_allclose(made["image"][0], simulated.samples[0], atol=1e-4 * scale)
    np.testing.assert_array_equal(made["labels"][0], simulated.labels[0])
    parts = made["components"][0].astype(np.float32)
    assert parts.shape == (3, 16, 128, 256)
    assert (
        parts.sum(axis=0) > made["image"][0] - 2e-3 * scale
    ).all()  # waves may cancel, not more than add up
    share = parts / np.maximum(parts.sum(axis=0), 1e-9)
    own = {0: (EPIDERMIS,), 2: (VEIN, ARTERY)}
    for part, kinds in own.items():
        assert share[part][:, np.isin(made["labels"][0], kinds)].mean() > 0.6


def test_the_skin_is_brightest_and_lies_where_it_is_labelled(simulated):
    picture, labels = simulated.samples[0, 10], simulated.labels[0]
    brightest = np.argmax(picture[:, 128])
    assert np.min(np.abs(np.flatnonzero(labels[:, 128] == EPIDERMIS) - brightest)) <= 1
    assert picture[labels == EPIDERMIS].mean() > 4 * picture[labels == COUPLING].mean()


def test_arteries_grow_brighter_towards_long_wavelengths_than_veins(simulated):
    def slope(label):
        spectra = [np.median(image[:, where], axis=1) for image, where in pairs(label)]
        return np.mean([spectrum[15] / spectrum[0] for spectrum in spectra])

    def pairs(label):
        return [(image, m == label) for image, m in zip(simulated.samples, simulated.labels, strict=True)]

    assert slope(ARTERY) > 1.2 * slope(VEIN)


def test_processes_and_interruptions_change_nothing(tables, simulated, tmp_path):
    calls = []
    simulate_pat("simulated", 1, 5, tables=tables, parts=tmp_path)  # as if stopped after the first image
    parallel = simulate_pat(
        "simulated", 3, 5, tables=tables, jobs=2, parts=tmp_path, progress=lambda *done: calls.append(done)
    )
    np.testing.assert_array_equal(parallel.samples[:2], simulated.samples)
    np.testing.assert_array_equal(parallel.labels[:2], simulated.labels)
    assert calls == [(2, 3), (3, 3)]


def test_other_seeds_and_domains_give_other_images(tables, simulated):
    other = ImageFactory("simulated", 6, tables).image(0)
    assert not np.array_equal(other.labels, simulated.labels[0])
    assert not np.array_equal(simulated.labels[0], simulated.labels[1])


def test_the_digital_device_agrees_with_measured_radial_arteries(tables):
    measured = tables.radial_artery
    target = simulate_pat("second", 3, 3, tables=tables)
    channels = [list(target.wavelengths_nm).index(nm) for nm in measured.wavelengths_nm]
    medians = np.array(
        [
            np.median(image[:, labels == ARTERY], axis=1)[channels]
            for image, labels in zip(target.samples, target.labels, strict=True)
            if (labels == ARTERY).any()
        ]
    )
    apart = (medians / medians.mean(axis=1, keepdims=True)).mean(axis=0) - measured.mean
    assert np.all(np.abs(apart) < 1.5 * measured.std)  # three images scatter
    assert target.domain == "second"
    assert target.origin == "digital device"


def test_a_band_limited_device_sees_the_same_forearms_otherwise(tables, simulated):
    heard = ImageFactory("simulated", 5, tables, "band-limited").image(0)
    np.testing.assert_array_equal(heard.labels, simulated.labels[0])
    assert 0.03 <= heard.parameters["noise"] <= 0.15
    ideal = simulated.samples[0, 10]
    muscle = simulated.labels[0] == MUSCLE

    def unevenness(picture):
        return np.abs(np.diff(np.log(picture), axis=1))[muscle[:, 1:]].mean()  # from pixel to pixel

    assert unevenness(heard.image[10]) > 1.5 * unevenness(ideal)


def test_the_first_device_is_still_there_and_is_named(tables):
    first = simulate_pat("second", 1, 3, tables=tables, device="first")
    assert first.generator["device"] == "first"
    assert "clutter" not in first.parameters
    np.testing.assert_array_equal(first.labels[0], ImageFactory("second", 3, tables, "first").image(0).labels)


def test_a_device_of_the_other_domain_is_refused(tables):
    with pytest.raises(
        SimulationError, match="'first' is none of the simulated domain; choose ideal or band-limited"
    ):
        simulate_pat("simulated", 1, 1, tables=tables, device="first")


def test_samples_say_what_they_are_and_are_small(tables, monkeypatch):
    # the first images with both vessels; which ones are worth looking at is tested below
    monkeypatch.setattr("napari_udt.simulation.pat.SAMPLE_IMAGES", dict.fromkeys(DOMAINS, 0))
    monkeypatch.setattr(
        "napari_udt.simulation.pat.is_telling", lambda image: {VEIN, ARTERY} <= set(np.unique(image.labels))
    )
    cubes = make_pat_samples(tables, 1)
    assert [cube.domain for cube in cubes] == ["simulated", "second"]
    assert [cube.origin for cube in cubes] == ["simulated", "digital device"]
    for cube in cubes:
        assert cube.shape == (128, 256, 16)
        assert cube.pixel_size_mm == (0.15625, 0.15625)
        assert "[a.u.]" in cube.quantity
        assert {"vein", "artery"} <= set(cube.present_labels.values())
        shuffled = np.ascontiguousarray(cube.data).view(np.uint8).reshape(-1, 4).T.tobytes()
        assert len(zlib.compress(shuffled, 4)) < 1.7e6


def test_a_telling_image_shows_an_artery_and_a_vein_that_cross_the_plane(simulated):
    labels = np.full((128, 256), MUSCLE, dtype=np.int8)
    labels[60:70, 50:60] = VEIN
    labels[60:70, 100:115] = ARTERY
    picture = np.where(labels == MUSCLE, 1.0, 10.0).astype(np.float32)
    image = PatImage(np.repeat(picture[None], 16, axis=0), labels, simulated.oxygenation[0], {})
    assert is_telling(image)
    assert not is_telling(replace(image, image=np.ones_like(image.image)))
    assert not is_telling(replace(image, labels=np.where(labels == VEIN, MUSCLE, labels)))
    lengthwise = labels.copy()
    lengthwise[60:70, 100:180] = ARTERY
    assert not is_telling(replace(image, labels=lengthwise))


def test_rounding_keeps_the_relative_error_small():
    values = np.random.default_rng(0).lognormal(0, 3, 1000).astype(np.float32)
    error = np.abs(rounded(values, 9) / values - 1)
    assert error.max() <= 2.0**-9
    assert np.unique(np.frexp(rounded(values, 9))[0]).size <= 2**8 + 1
    assert rounded(np.zeros(3, np.float32), 9).tolist() == [0, 0, 0]


@pytest.mark.parametrize(
    ("domain", "n", "seed", "named"),
    [("real", 1, 1, "real"), ("simulated", 0, 1, "0 images"), ("second", 1, -1, "seed -1")],
)
def test_what_cannot_be_simulated_is_named(tables, domain, n, seed, named):
    with pytest.raises(SimulationError, match=named):
        simulate_pat(domain, n, seed, tables=tables)
