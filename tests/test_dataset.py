import h5py
import numpy as np
import pytest

from napari_udt.dataset import Dataset, load_dataset, save_dataset
from napari_udt.errors import CubeError


def small_dataset(rng: np.random.Generator) -> Dataset:
    return Dataset(
        samples=rng.random((7, 5), dtype=np.float32),
        labels=np.arange(7, dtype=np.int16) % 2,
        wavelengths_nm=np.linspace(500, 1000, 5),
        class_names=("liver", "skin"),
        modality="HSI",
        domain="simulated",
        origin="simulated",
        seed=3,
        generator={"name": "test"},
        parameters={"oxygenation": rng.random((7, 3))},
    )


def test_a_saved_data_set_comes_back_equal(tmp_path):
    written = small_dataset(np.random.default_rng(0))
    save_dataset(written, tmp_path / "set.h5")
    read = load_dataset(tmp_path / "set.h5")
    np.testing.assert_array_equal(read.samples, written.samples)
    np.testing.assert_array_equal(read.labels, written.labels)
    np.testing.assert_array_equal(read.parameters["oxygenation"], written.parameters["oxygenation"])
    assert (read.class_names, read.seed, read.generator) == (("liver", "skin"), 3, {"name": "test"})


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path):
    target = tmp_path / "set.h5"
    save_dataset(small_dataset(np.random.default_rng(0)), target)
    before = target.read_bytes()
    broken = small_dataset(np.random.default_rng(1))
    object.__setattr__(broken, "generator", {"not json": object()})
    with pytest.raises(TypeError):
        save_dataset(broken, target)
    assert target.read_bytes() == before
    assert list(tmp_path.iterdir()) == [target]


def test_other_files_are_refused_with_their_name(tmp_path):
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["x"] = [1]
    with pytest.raises(CubeError, match=r"other\.h5"):
        load_dataset(tmp_path / "other.h5")


def replaced(name, made):
    """Return what puts a new array, or a link, in an old one's place."""

    def change(file):
        del file[name]
        file[name] = made

    return change


@pytest.mark.parametrize(
    "change",
    [
        lambda file: file.attrs.update(version="one"),
        lambda file: file.attrs.update(seed=np.inf),
        lambda file: file.attrs.update(generator=np.bytes_(b"[1]")),
        lambda file: file.attrs.update(domain=np.bytes_(b"mine")),
        lambda file: file.create_group("parameters/group"),
        lambda file: file.create_group("oxygenation"),
        replaced("labels", np.zeros(3, int)),
        replaced("labels", np.full(7, 2)),
        replaced("labels", np.array([b"liver"] * 7)),
        replaced("labels", h5py.ExternalLink("other.h5", "/labels")),
        replaced("labels", h5py.SoftLink("/labels")),
        replaced("wavelengths_nm", np.array([500.0, 400, 300, 200, 100])),
        replaced("spectra", np.zeros((7, 4), np.float32)),
        replaced("spectra", np.zeros(7, np.float32)),
    ],
)
def test_parts_that_do_not_go_together_are_one_sentence(tmp_path, change):
    save_dataset(small_dataset(np.random.default_rng(0)), tmp_path / "set.h5")
    with h5py.File(tmp_path / "set.h5", "r+") as file:
        change(file)
    with pytest.raises(CubeError, match=r"set\.h5: not a napari-udt data set \(.*\); make one"):
        load_dataset(tmp_path / "set.h5")
