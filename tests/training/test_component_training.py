"""A network of components on pictures whose components are known."""

import numpy as np
import pytest
import torch

from napari_udt import open_cube
from napari_udt.cube import SpectralCube
from napari_udt.dataset import Dataset, save_dataset
from napari_udt.errors import TrainingError, TransferError
from napari_udt.inference.components import split
from napari_udt.samples import sample_folder
from napari_udt.training.components import train_components

NM = np.array([700.0, 750.0, 800.0, 850.0])
SPECTRA = np.array([[4, 3, 2, 1], [1, 1, 1, 1], [1, 2, 4, 6]], np.float32)  # skin, tissue, vessels


@pytest.fixture(scope="module")
def toy():
    """Layers of skin over tissue, with a round vessel; every part has a spectrum of its own."""
    rng = np.random.default_rng(0)
    rows, columns = np.mgrid[:24, :32]
    labels, parts = [], []
    for _ in range(10):
        label = np.where(rows < 5, 2, 4)
        label[(rows - rng.uniform(12, 18)) ** 2 + (columns - rng.uniform(8, 24)) ** 2 < 16] = 6
        sizes = [4.0 * (label == 2) + 0.02, 0.6 * (label == 4) + 0.02, 5.0 * (label == 6) + 0.02]
        speckle = rng.uniform(0.7, 1.3, (3, 1, 24, 32))
        parts.append(
            np.stack([s * size for s, size in zip(SPECTRA[..., None, None], sizes, strict=True)]) * speckle
        )
        labels.append(label)
    components = np.array(parts, np.float32)
    pictures = np.sqrt(np.square(components).sum(axis=1))
    return Dataset(
        pictures, np.array(labels, np.int8), NM, tuple("abcdefg"), "PAT", "simulated", "simulated", 0,
        parameters={"components": components},
    )  # fmt: skip


@pytest.fixture(scope="module")
def trained(toy, tmp_path_factory):
    path = tmp_path_factory.mktemp("components") / "toy.h5"
    save_dataset(toy, path)
    return train_components(toy, path, steps=50)


def cube_of(toy, **changes):
    fields = {
        "data": np.moveaxis(toy.samples[-1], 0, 2)[:23, :31],
        "labels": toy.labels[-1, :23, :31].astype(int),
    }
    names = {2: "dermis", 4: "muscle", 6: "artery"}
    return SpectralCube(
        wavelengths_nm=NM,
        modality="PAT",
        domain="simulated",
        name="toy",
        label_names=names,
        **(fields | changes),
    )


def test_dimming_takes_a_component_out_and_leaves_the_others(toy, trained):
    network, record = trained
    cube = cube_of(toy)  # held out; its sides are odd
    parts = split(cube, network)
    skin, vessels = cube.labels == 2, cube.labels == 6

    def level(made, where):
        return float(np.mean(made.data[where]))

    same = parts.recomposed((1, 1, 1))
    assert np.sqrt(np.mean((same.data - cube.data) ** 2) / np.mean(cube.data**2)) < 1e-5
    without = parts.recomposed((0, 1, 1))
    assert level(without, skin) < 0.2 * level(cube, skin)
    assert level(without, vessels) > 0.95 * level(cube, vessels)
    double = parts.recomposed((1, 1, 2))
    assert level(double, vessels) > 1.8 * level(cube, vessels)
    assert record["held_out"]["skin_in_skin"] > 0.8
    assert record["held_out"]["sum_rms"] < 1e-5
    assert record["data"]["pictures"] == 8


def test_the_bundled_network_takes_the_skin_of_the_simulated_sample_away():
    cube = open_cube(sample_folder() / "pat_forearm_simulated.udt.h5")  # of another seed than it learnt from
    made = split(cube).recomposed((0, 1, 1)).data
    for names, low, high in ((("epidermis", "dermis"), 0.0, 0.2), (("vein", "artery"), 0.95, 1.0)):
        where = np.isin(cube.labels, [number for number, name in cube.label_names.items() if name in names])
        assert low <= made[where].mean() / np.asarray(cube.data)[where].mean() <= high


def test_a_recomposed_cube_says_what_it_is(toy, trained):
    cube = cube_of(toy)
    made = split(cube, trained[0]).recomposed((0, 1, 1.5))
    assert made.name == "recomposed (skin × 0, vessels × 1.5) · toy"
    assert made.origin.startswith("recomposed of:")
    assert made.provenance["factors"] == {"skin": 0.0, "tissue": 1.0, "vessels": 1.5}
    assert made.provenance["source"]["name"] == "toy"
    assert np.array_equal(made.labels, cube.labels)


def test_training_is_repeatable_and_leaves_torch_as_it_was(toy, trained, tmp_path):
    path = tmp_path / "toy.h5"
    save_dataset(toy, path)
    state = torch.get_rng_state()
    first, second = (train_components(toy, path, steps=2)[0] for _ in range(2))
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(a, b) for a, b in zip(first.parameters(), second.parameters(), strict=True))


def test_what_cannot_be_split_or_trained_on_is_refused(toy, trained, tmp_path):
    hsi = SpectralCube(np.ones((8, 8, 4), np.float32), NM, "HSI", domain="simulated", name="organs")
    with pytest.raises(TransferError, match="in photoacoustic pictures only"):
        split(hsi, trained[0])
    with pytest.raises(TransferError, match="from 0 to 2"):
        split(cube_of(toy), trained[0]).recomposed((0, 1, 3))
    far = SpectralCube(cube_of(toy).data, NM + 100, "PAT", domain="simulated", name="far")
    with pytest.raises(TransferError, match="far"):
        split(far, trained[0])
    plain = Dataset(toy.samples, toy.labels, NM, toy.class_names, "PAT", "simulated", "simulated", 0)
    with pytest.raises(TrainingError, match="has no components"):
        train_components(plain, tmp_path / "plain.h5")
