"""Labels, oxygenation, outlines and sizes never keep spectra from opening: what does not fit is left out and said."""

from __future__ import annotations

import h5py
import numpy as np
import pytest
from fuzz_seeds import write_hsi_seeds
from pa_scenes import arc_mm, write_patato
from PIL import Image
from scipy.io import savemat

from napari_udt.cube import SpectralCube
from napari_udt.dataset import Dataset, save_dataset
from napari_udt.io import open_cube, save_cube

NM = np.array([700.0, 750.0, 800.0, 850.0])
SHAPE = (6, 5)
IMAGE = np.random.default_rng(0).random((*SHAPE, 4), dtype=np.float32)
LABELS = np.random.default_rng(1).integers(0, 3, SHAPE)


def cube(**fields):
    return SpectralCube(IMAGE, NM, "PAT", labels=LABELS, oxygenation=LABELS / 4, **fields)


# -- how a picture in HDF5 may be wrong --------------------------------------------------------------


def replaced(file, name, **how):
    del file[name]
    return file.create_dataset(name, **how)


def fractions(file, name):
    replaced(file, name, data=np.full(file[name].shape, 0.5))


def text(file, name):
    replaced(file, name, data=np.full(file[name].shape, b"liver"))


def compound(file, name):
    replaced(file, name, data=np.zeros(file[name].shape, [("a", "i4"), ("b", "f4")]))


def references(file, name):
    replaced(file, name, data=np.full(file[name].shape, file.ref, h5py.ref_dtype), dtype=h5py.ref_dtype)


def enormous(file, name):
    replaced(file, name, data=np.full(file[name].shape, 2**40))


def another_shape(file, name):
    replaced(file, name, data=np.zeros([n + 1 for n in file[name].shape], np.int32))


def declared(file, name):
    """Terabytes that were never written."""
    shape = [200_000 if n > 1 else n for n in file[name].shape]
    replaced(file, name, shape=shape, dtype="f8", chunks=tuple(min(n, 64) for n in shape))


def elsewhere(file, name):
    shape = file[name].shape
    replaced(file, name, shape=shape, dtype="i4", external=[("other.bin", 0, h5py.h5f.UNLIMITED)])


def virtual(file, name):
    layout = h5py.VirtualLayout(file[name].shape, "i4")
    layout[...] = h5py.VirtualSource("other.h5", "labels", file[name].shape)
    del file[name]
    file.create_virtual_dataset(name, layout)


def empty(file, name):
    replaced(file, name, dtype="f4", shape=None, data=h5py.Empty("f4"))


def unpackable(file, name):
    """A packed chunk of noise."""
    shape = file[name].shape or (1,)
    found = replaced(file, name, shape=shape, dtype="i4", chunks=shape, compression="gzip")
    found.id.write_direct_chunk((0,) * len(shape), b"no deflated numbers")


def a_group(file, name):
    del file[name]
    file.create_group(name)


WRONG = (
    *(fractions, text, compound, references, enormous, another_shape, declared, elsewhere),
    *(virtual, empty, unpackable, a_group),
)


# -- files of each format with everything beside their spectra ---------------------------------------


def own(folder):
    save_cube(cube(label_names={1: "vein"}), folder / "x.udt.h5")
    return folder / "x.udt.h5", ("cubes/0/labels", "cubes/0/oxygenation"), IMAGE


def data_set(folder):
    images = np.stack([IMAGE.transpose(2, 0, 1)] * 2)
    names = ("fat", "vein", "artery")
    save_dataset(
        Dataset(images, np.stack([LABELS] * 2), NM, names, "PAT", "simulated", "", 0), folder / "x.h5"
    )
    return folder / "x.h5", ("labels",), IMAGE


def simpa(folder):
    with h5py.File(folder / "x.hdf5", "w") as file:
        file["settings/Settings/voxel_spacing_mm"] = 0.5
        for channel, wavelength in enumerate(NM):
            file[f"simulations/reconstructed_data/{wavelength:g}"] = IMAGE[:, :, channel].T
        for name in ("seg", "oxy", "bvf"):
            file[f"simulations/simulation_properties/{name}"] = LABELS.T
        file["digital_device/Scanner/detection_geometry/Curved/device_position_mm"] = np.zeros(3)
        file["digital_device/Scanner/detection_geometry/Curved/field_of_view_extent_mm"] = np.zeros(6)
    properties = [f"simulations/simulation_properties/{name}" for name in ("seg", "oxy", "bvf")]
    place = "digital_device/Scanner/detection_geometry/Curved/device_position_mm"
    return folder / "x.hdf5", (*properties, "settings/Settings/voxel_spacing_mm", place), IMAGE


def patato(folder):
    stored = np.flip(IMAGE, 0).transpose(2, 0, 1)[None, :, :, None]  # (frames, wavelengths, z, y, x), upwards
    path = write_patato(
        folder / "x.hdf5",
        recons={("BP", "0"): stored},
        so2={("BP", "0"): stored[:, :1]},
        rois={("a", "0"): (np.array([[-0.01, 0], [0.01, 0], [0, 0.01]]), {"z": 1.0})},
        stage=np.ones((1, 4)),
        detectors_mm=arc_mm(),
        wavelengths=NM,
    )
    return path, ("so2/BP/0", "rois/a/0", "Z-POS", "GEOMETRY"), IMAGE


def unknown_hdf5(folder):
    with h5py.File(folder / "x.h5", "w") as file:
        file["cube"], file["wavelengths_nm"], file["gt"] = IMAGE, NM, LABELS
    return folder / "x.h5", ("gt",), IMAGE


@pytest.mark.parametrize("wrong", WRONG, ids=lambda f: f.__name__)
@pytest.mark.parametrize("write", [own, data_set, simpa, patato, unknown_hdf5], ids=lambda f: f.__name__)
def test_wrong_pictures_in_hdf5_are_left_out(tmp_path, write, wrong):
    path, names, expected = write(tmp_path)
    whole = open_cube(path)
    path.unlink()
    assert whole.labels is not None
    for name in names:
        write(tmp_path)
        with h5py.File(path, "r+") as file:
            wrong(file, name)
        found = open_cube(path)
        np.testing.assert_array_equal(found.data, expected)
        lost = [
            n
            for n in ("labels", "oxygenation")
            if getattr(found, n) is None and getattr(whole, n) is not None
        ]
        if lost and (write, wrong) != (unknown_hdf5, a_group):  # a group may have any name
            assert all(path.name not in remark for remark in found.metadata["remarks"])
            assert "oxygenation" not in lost or "labels" not in lost  # the other picture stays
        path.unlink()


# -- files beside the spectra, and formats that are no HDF5 ------------------------------------------


@pytest.fixture
def seeds(tmp_path):
    """Small files of the hyperspectral formats with their labels."""
    write_hsi_seeds(tmp_path, SpectralCube(IMAGE, NM, "HSI", labels=LABELS))
    return tmp_path


def left_out(path, *words, **options):
    """The remarks on a cube that opens without its labels."""
    found = open_cube(path, **options)
    assert found.labels is None
    (remark,) = found.metadata["remarks"]
    assert remark.startswith("Labels left out: ")
    assert all(word in remark for word in words)
    return found


@pytest.mark.parametrize("name", ["scan/scan", "patient/raw"])
@pytest.mark.parametrize("ending", [".hdr", ""])
def test_classes_of_envi_files_that_are_damaged(seeds, name, ending):
    path = seeds / f"{name}.hdr"
    beside = path.with_name("scan_gt.hdr" if name == "scan/scan" else "gtMap.hdr")
    numbers = beside.with_suffix(".img" if name == "scan/scan" else "")
    assert open_cube(path).labels is not None
    if ending:
        beside.write_text(beside.read_text().replace("data type = 1", "data type = 6"))
        left_out(path, beside.name, "data type 6 is not supported")
    else:
        numbers.write_bytes(numbers.read_bytes()[:-1])
        left_out(path, "cut short")
        numbers.unlink()
        left_out(path, "the file with the numbers is missing")


def test_classes_of_another_size_beside_an_envi_file(seeds):
    header = seeds / "scan" / "scan_gt.hdr"
    header.write_text(header.read_text().replace("lines = 6", "lines = 5"))
    left_out(seeds / "scan" / "scan.hdr", "scan_gt.hdr: the class numbers have another size; expected 6 x 5")


@pytest.mark.parametrize(("ending", "part"), [(".hdr", "labels"), (".hdr", "oxygenation")])
def test_files_that_our_envi_names(tmp_path, ending, part):
    save_cube(cube(), tmp_path / f"x{ending}")
    (tmp_path / f"x_{part}.img").unlink()
    found = open_cube(tmp_path / f"x{ending}")
    assert getattr(found, part) is None
    assert getattr(found, "labels" if part == "oxygenation" else "oxygenation") is not None
    assert f"x_{part}" in found.metadata["remarks"][0]


def test_labels_of_our_text_and_archives(tmp_path):
    save_cube(cube(), tmp_path / "x.csv")
    text = (tmp_path / "x.csv").read_text().replace("\n0,0,", "\n0,0,0.5", 1)
    (tmp_path / "x.csv").write_text(text)
    assert left_out(tmp_path / "x.csv", "label holds fractions").oxygenation is not None
    stored = np.moveaxis(IMAGE, 2, 0)
    for wrong, word in (
        (np.ones((3, 3)), "has shape (3, 3)"),
        (LABELS + 0.5, "fractions"),
        ("x", "has shape ()"),
    ):
        np.savez(tmp_path / "x.npz", reconstruction=stored, segmentation=wrong, wavelengths_nm=NM)
        left_out(tmp_path / "x.npz", word)


def test_labels_in_files_of_unknown_structure(tmp_path):
    for name, write in (("x.mat", savemat), ("x.npz", lambda path, arrays: np.savez(path, **arrays))):
        path, spectra = tmp_path / name, {"cube": IMAGE, "wavelengths": NM}
        write(path, {**spectra, "gt": LABELS})
        np.testing.assert_array_equal(open_cube(path).labels, LABELS)
        write(path, {**spectra, "gt": LABELS + 0.5})
        left_out(path, "gt holds fractions")
        write(path, {**spectra, "gt": LABELS, "mask": LABELS})
        left_out(path, "gt, mask may all hold them")
        write(path, {**spectra, "gt": LABELS.T})
        left_out(path, "gt (5, 6); expected the shape (6, 5)")


def test_class_numbers_beside_lists_of_spectra(tmp_path):
    path = tmp_path / "P001#2020_01_01_01_01_01.npy"
    np.save(path, np.ones((7, 100)))
    np.save(path.with_name(f"{path.stem}_seg.npy"), np.zeros(6))
    np.save(path.with_name(f"{path.stem}_ind.npy"), np.zeros(7))
    found = open_cube(path)
    assert found.labels is None
    assert [remark.partition(":")[0] for remark in found.metadata["remarks"]] == [
        "Labels left out",
        "Places of the spectra left out",
    ]


def test_an_outline_that_is_no_picture_of_the_recording(seeds):
    path = seeds / "time_SpecCube.dat"
    folder = seeds / "annotations"
    folder.mkdir()
    for organ, shape in (("liver", SHAPE), ("spleen", (3, 3)), ("skin", SHAPE)):
        Image.fromarray(np.full(shape, 255, np.uint8)).save(folder / f"time#polygon#a1#{organ}#binary.png")
    (folder / "time#polygon#a1#skin#binary.png").write_bytes(b"no picture")
    found = open_cube(path)
    assert found.label_names == {0: "unlabelled", 1: "liver"}
    skin, spleen = found.metadata["remarks"]
    assert skin.startswith("Outline of skin left out: ")
    assert "has 3 x 3 pixels; expected 6 x 5" in spleen


@pytest.mark.parametrize("size", ["nan", "-1", "1e400"])
def test_a_pixel_size_without_sense(tmp_path, size):
    save_cube(cube(pixel_size_mm=(0.25, 0.25)), tmp_path / "x.csv")
    text = (tmp_path / "x.csv").read_text()
    (tmp_path / "x.csv").write_text(text.replace("[0.25, 0.25]", f"[{size}, 0.25]".replace("nan", "NaN")))
    found = open_cube(tmp_path / "x.csv")
    assert found.pixel_size_mm is None
    assert "expected two positive numbers" in found.metadata["remarks"][0]
