from dataclasses import replace

import numpy as np
import pytest
from population_toys import CENTRES, CLASSES, WAVELENGTHS_NM, toy_population

from napari_udt.dataset import Dataset, save_dataset
from napari_udt.errors import CubeError, EvaluationError
from napari_udt.population.datasets import (
    joined,
    load_population,
    population_of_datasets,
    transferred_population,
)
from napari_udt.population.downstream import run_downstream
from napari_udt.population.downstream_choices import Choices


def spectra_set(domain="second", seed=0, n=60, class_names=CLASSES, wavelengths_nm=WAVELENGTHS_NM):
    rng = np.random.default_rng(seed)
    labels = (np.arange(n) % 3).astype(np.int16)
    samples = (CENTRES[labels] + 0.3 * rng.standard_normal((n, 6))).astype(np.float32)
    return Dataset(samples, labels, wavelengths_nm, class_names, "HSI", domain, "simulated", seed)


def image_set(domain="second", seed=0, n=6):
    rng = np.random.default_rng(seed)
    labels = np.zeros((n, 16, 20), np.int8)
    labels[:, 2:8, 2:8], labels[:, 10:15, 10:18] = 1, 2
    labels[:, 0, 0] = -1
    images = np.moveaxis(CENTRES[labels], -1, 1) + 0.1 * rng.standard_normal((n, 6, 16, 20))
    oxygenation = np.where(labels == 2, 0.9, np.nan).astype(np.float32)
    return Dataset(
        images.astype(np.float32),
        labels,
        WAVELENGTHS_NM,
        ("muscle", "vein", "artery"),
        "PAT",
        domain,
        "digital device",
        seed,
        {"pixel_size_mm": [0.5, 0.25]},
        oxygenation,
    )


def test_pixels_keep_image_place_depth_and_oxygenation():
    dataset = image_set()
    group = population_of_datasets([("images", dataset)]).groups[0]
    assert len(group) == group.total == 6 * 16 * 20
    for index in (0, 333, 1900):
        image, (row, column) = group.subjects[index], group.places[index]
        assert np.array_equal(group.spectra[index], dataset.samples[image, :, row, column])
        assert group.labels[index] == dataset.labels[image, row, column]
        assert group.depth_mm[index] == pytest.approx((row + 0.5) * 0.5)
        assert group.oxygenation[index] == pytest.approx(dataset.oxygenation[image, row, column], nan_ok=True)


def test_animals_of_spectra_are_subjects():
    dataset = replace(spectra_set(), parameters={"animal": np.repeat(np.arange(4), 15)})
    group = population_of_datasets([("animals", dataset)]).groups[0]
    assert np.array_equal(group.subjects, dataset.parameters["animal"])
    assert population_of_datasets([("alone", spectra_set())]).groups[0].subjects is None


def test_a_draw_takes_some_of_each_class_and_says_so():
    population = population_of_datasets([("images", image_set())], most_per_class=50)
    group = population.groups[0]
    assert {int(c): int(n) for c, n in zip(*np.unique(group.labels, return_counts=True), strict=True)} == {
        -1: 6, 0: 50, 1: 50, 2: 50,
    }  # fmt: skip
    assert population.notes == ("images: 156 of 1,920 spectra, drawn per class.",)


def test_classes_are_known_by_name_whatever_their_numbers():
    turned = spectra_set("simulated", 1, class_names=("spleen", "liver", "fat"))
    population = population_of_datasets([("a", turned), ("b", spectra_set())])
    assert population.class_names == ("spleen", "liver", "fat", "skin")
    assert [group.name for group in population.groups] == ["a", "b"]
    assert population.groups[1].labels[:3].tolist() == [1, 3, 0]


def test_unknown_classes_stay_unknown():
    turned, unknown = spectra_set("simulated", 1, class_names=("spleen", "liver", "fat")), spectra_set()
    unknown.labels[:4] = -1
    both = population_of_datasets([("a", turned), ("b", unknown)])
    assert both.groups[1].labels[:6].tolist() == [-1, -1, -1, -1, 3, 0]


def test_files_and_open_cubes_stand_side_by_side(tmp_path):
    save_dataset(spectra_set("second", 5), tmp_path / "drawn.h5")
    both = joined([toy_population(), load_population([tmp_path / "drawn.h5"])])
    assert [(group.name, group.part) for group in both.groups] == [
        ("simulated", "simulated"), ("second", "real"), ("drawn.h5", "real"),
    ]  # fmt: skip
    assert both.reference.name == "drawn.h5"


def test_images_are_held_out_whole():
    population = population_of_datasets([("s", image_set("simulated", 1)), ("r", image_set("second", 2))])
    found = run_downstream(population, Choices(seeds=(0,), per_class=40))
    assert found.classes == ("vein", "artery")
    assert found.split == "Split by subject: 2 of 6 subjects are held out for testing."
    assert all(row.scores.mean.balanced_accuracy > 0.9 for row in found.rows)


def test_broken_pixels_are_left_out():
    dataset = image_set()
    dataset.samples[0, 2, 5, 5] = np.nan
    assert len(population_of_datasets([("images", dataset)]).groups[0]) == 1919


@pytest.mark.parametrize(
    ("datasets", "words"),
    [
        ([], "No data set was given"),
        ([("odd", spectra_set("unknown"))], "its domain is 'unknown'"),
        ([("a", spectra_set()), ("b", image_set())], "b .PAT, 6 wavelengths, 500-1000 nm. does not fit a"),
        (
            [("a", spectra_set()), ("b", spectra_set(wavelengths_nm=WAVELENGTHS_NM + 9))],
            "at the same wavelengths",
        ),
    ],
)
def test_what_does_not_belong_together_is_refused(datasets, words):
    with pytest.raises(CubeError, match=words):
        population_of_datasets(datasets)


class Tilting:
    """A model that multiplies by 2."""

    def __init__(self, dataset, **changes):
        from napari_udt.models.spec import ModelSpec

        fields = {
            "name": "tilt", "title": "t", "kind": "cinn", "modality": dataset.modality,
            "wavelengths_nm": tuple(dataset.wavelengths_nm), "class_names": dataset.class_names,
            "condition": "class", "spectrum_norm": "none", "label_noise_level": 0.2, "architecture": {},
            "statistics": {"simulated": (0.0, 1.0), "real": (0.0, 1.0)}, "target": "digital device",
        }  # fmt: skip
        self.spec = ModelSpec(**(fields | changes))

    def normalise(self, x, domain):
        return x

    def denormalise(self, x, domain):
        return x

    def translate(self, x, source, target, labels):
        assert (source, target) == ("simulated", "real")
        return 2 * x


@pytest.mark.parametrize("make", [spectra_set, image_set])
def test_a_simulated_data_set_is_transferred_portion_by_portion(tmp_path, make):
    dataset, reported = make("simulated"), []
    save_dataset(dataset, tmp_path / "sim.h5")
    found = transferred_population(
        tmp_path / "sim.h5", Tilting(dataset), progress=lambda *step: reported.append(step)
    )
    before = population_of_datasets([("sim", dataset)]).groups[0]
    (group,) = found.groups
    assert (group.name, group.part, group.model) == ("sim.h5 → tilt", "transferred", "tilt")
    assert group.origin == "transferred to: digital device"
    assert np.array_equal(group.spectra, 2 * before.spectra)
    assert np.array_equal(group.labels, before.labels)
    assert reported[0] == (0, len(dataset))
    assert reported[-1] == (len(dataset), len(dataset))


def test_only_simulated_data_of_the_models_kind_are_transferred(tmp_path):
    dataset = spectra_set("second")
    save_dataset(dataset, tmp_path / "second.h5")
    with pytest.raises(EvaluationError, match="only simulated data"):
        transferred_population(tmp_path / "second.h5", Tilting(dataset))
    save_dataset(spectra_set("simulated"), tmp_path / "sim.h5")
    with pytest.raises(EvaluationError, match=r"does not fit sim\.h5"):
        transferred_population(tmp_path / "sim.h5", Tilting(dataset, class_names=("fat",)))
