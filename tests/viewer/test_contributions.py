"""What napari calls: manifest, reader, writer, samples."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Layer
from npe2 import PluginManifest

import napari_udt
from napari_udt import open_cube, samples, save_cube
from napari_udt.errors import CubeError
from napari_udt.series import Series
from napari_udt.viewer.contributions import (
    get_reader,
    read,
    write,
    write_csv,
    write_envi,
    write_labelled_csv,
    write_npz,
)
from napari_udt.viewer.layers.layer_data import CUBE_KEY, cube_layers

MANIFEST = Path(napari_udt.__file__).with_name("napari.yaml")


@pytest.fixture(scope="module")
def manifest():
    return PluginManifest.from_file(MANIFEST)


def test_manifest_is_valid_and_every_command_can_be_imported(manifest):
    from npe2.manifest.utils import import_python_name

    for command in manifest.contributions.commands:
        assert callable(import_python_name(command.python_name))


def test_menus_are_allowed_and_titles_are_sentences(manifest):
    from napari._app_model.constants import MenuId

    own = {submenu.id for submenu in manifest.contributions.submenus}
    assert set(manifest.contributions.menus) <= {str(m) for m in MenuId.contributables()} | own
    assert all(
        " " in command.title and command.title[0].isupper() for command in manifest.contributions.commands
    )


def test_menus_are_those_of_nap_6(manifest):
    """What measures is under Layers > Measure; what concerns the session is in a menu of the plugin's own."""
    (own,) = manifest.contributions.submenus
    assert own.label == manifest.display_name
    commands = {
        menu: [item.command.removeprefix("napari-udt.") for item in items if hasattr(item, "command")]
        for menu, items in manifest.contributions.menus.items()
    }
    assert commands["napari/layers/measure"] == ["spectra", "trust", "population"]
    assert {"session", "undo", "redo"} <= set(commands[own.id])
    assert "napari/layers/data" not in commands
    everywhere = [command for items in commands.values() for command in items]
    assert len(everywhere) == len(set(everywhere))
    places = [
        menu
        for menu, items in manifest.contributions.menus.items()
        if any(hasattr(i, "submenu") for i in items)
    ]
    assert places == ["napari/layers/visualize"]


def test_samples_say_what_the_target_is(manifest):
    names = {sample.key: sample.display_name for sample in manifest.contributions.sample_data}
    assert "target: drawn from measured statistics" in names["hsi_second"]
    assert "target: digital device" in names["pat_second"]


def test_own_file_opens_as_layers(tmp_path, pat):
    path = tmp_path / "arm.udt.h5"
    save_cube(pat(), path)
    reader = get_reader(str(path))
    assert reader is not None
    image, labels = (Layer.create(*layer) for layer in reader(str(path)))
    np.testing.assert_array_equal(np.moveaxis(np.asarray(image.data), 0, -1), pat().data)
    np.testing.assert_array_equal(labels.data, pat().labels)


def test_simpa_file_opens_upright(shared):
    path = shared / "fixtures" / "simpa_forearm.hdf5"
    image, *_ = get_reader(str(path))(str(path))
    assert np.asarray(image[0]).shape == (16, 128, 256)
    depth = np.asarray(image[0]).mean(axis=(0, 2))
    assert depth.argmax() < 64  # light comes from above: the signal is in the upper half


def test_foreign_files_are_declined(tmp_path):
    foreign = tmp_path / "table.h5"
    with h5py.File(foreign, "w") as file:
        file["measurements"] = np.arange(5)
    broken = tmp_path / "broken.udt.h5"
    broken.write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(20))
    assert get_reader(str(foreign)) is None
    assert get_reader(str(broken)) is None
    assert get_reader(str(tmp_path / "missing.h5")) is None
    assert get_reader([]) is None


def test_one_foreign_file_among_several_declines_all(tmp_path, pat):
    path, foreign = tmp_path / "arm.udt.h5", tmp_path / "note.h5"
    save_cube(pat(), path)
    foreign.write_text("no")
    assert get_reader([str(path), str(foreign)]) is None
    assert get_reader([str(path), str(path)]) is not None


def test_reading_a_broken_file_is_one_sentence(tmp_path):
    broken = tmp_path / "broken.udt.h5"
    broken.write_bytes(b"nothing")
    with pytest.raises(CubeError, match=r"broken\.udt\.h5"):
        read(str(broken))


def test_saved_layers_come_back(tmp_path, pat):
    viewer = ViewerModel()
    layers = [viewer.add_layer(Layer.create(*layer)) for layer in _renamed(pat(), "mine")]
    (written,) = write(str(tmp_path / "result"), [layer.as_layer_data_tuple() for layer in layers])
    assert written.endswith("result.udt.h5")
    back = open_cube(written)
    np.testing.assert_array_equal(back.data, pat().data)
    np.testing.assert_array_equal(back.labels, pat().labels)
    assert back.name == "mine"
    assert back.origin == pat().origin


@pytest.mark.parametrize("ending", [".h5", ".udt.h5", ".npz", ".hdr", ".csv"])
def test_napari_saves_selected_layers_by_the_ending(npe2pm, manifest, tmp_path, pat, ending):
    npe2pm.register(manifest)
    viewer = ViewerModel()
    for layer in _renamed(pat(), "mine"):
        viewer.add_layer(Layer.create(*layer))
    path = tmp_path / f"arm{ending}"
    viewer.layers[0].save(str(path), plugin="napari-udt")  # one picture stands for its whole cube
    one = open_cube(path)
    written = viewer.layers.save(str(path), plugin="napari-udt")
    assert written == [str(path)]
    for back in (one, open_cube(path)):
        np.testing.assert_array_equal(back.data, pat().data)
        np.testing.assert_array_equal(back.labels, pat().labels)
        assert (back.name, back.origin) == ("mine", pat().origin)


@pytest.mark.parametrize(
    ("function", "ending"),
    [
        (write, ".udt.h5"),
        (write_npz, ".npz"),
        (write_envi, ".hdr"),
        (write_csv, ".csv"),
        (write_labelled_csv, ".csv"),
    ],
)
def test_a_name_without_an_ending_gets_the_writers(tmp_path, pat, function, ending):
    assert function(str(tmp_path / "arm"), _renamed(pat(), "arm")) == [str(tmp_path / f"arm{ending}")]
    assert open_cube(tmp_path / f"arm{ending}").shape == pat().shape


def test_saving_one_picture_of_a_series_says_so(tmp_path, pat, monkeypatch):
    said = []
    monkeypatch.setattr("napari.utils.notifications.show_info", said.append)
    cube = pat()
    series = Series("time", 3, lambda index: cube.with_(data=cube.data + index, series=series, place=index))
    layers = _renamed(series[1], "arm")
    write_csv(str(tmp_path / "arm"), layers)
    assert "frame 1 of 3 (counted from 0) was written; the slider chooses another" in said[0]
    write_envi(str(tmp_path / "arm"), layers)
    assert len(said) == 1, "ENVI holds all"
    np.testing.assert_array_equal(open_cube(tmp_path / "arm.csv").data, cube.data + 1)
    np.testing.assert_array_equal(open_cube(tmp_path / "arm.hdr").series[2].data, cube.data + 2)


def test_two_cubes_do_not_go_into_one_envi_file(tmp_path, pat):
    with pytest.raises(CubeError, match="2 cubes do not go into one file of ENVI"):
        write_envi(str(tmp_path / "x.hdr"), [*_renamed(pat(), "a"), *_renamed(pat(), "b")])


def test_napari_offers_our_reader_for_every_format(npe2pm, manifest, tmp_path):
    npe2pm.register(manifest)
    names = (
        "x.hdr",
        "X.IMG",
        "x.nhdr",
        "2020_SpecCube.dat",
        "P041#2020.blosc",
        "x.csv",
        "x.tif",
        "x.mat",
        "raw",
    )
    for name in (*names, "whiteReference", "darkReference.hdr", "gtMap", "x.nrrd"):
        assert list(npe2pm.iter_compatible_readers(str(tmp_path / name))), name
    assert list(npe2pm.iter_compatible_readers(str(tmp_path)))


def test_saving_replaces_what_the_dialog_asked_about(tmp_path, pat):
    path = tmp_path / "arm.h5"
    for factor in (1, 2):
        cube = pat().with_(data=pat().data * factor)
        write(str(path), _renamed(cube, "arm"))
    np.testing.assert_array_equal(open_cube(path).data, pat().data * 2)


def test_layers_without_a_cube_are_not_saved(tmp_path):
    with pytest.raises(CubeError, match=r"photo.*no spectral cube"):
        write(str(tmp_path / "photo.h5"), [(np.zeros((4, 4)), {"name": "photo", "metadata": {}}, "image")])
    assert not list(tmp_path.iterdir())


def test_samples_open(manifest, tmp_path, monkeypatch, pat):
    monkeypatch.setattr(samples, "sample_folder", lambda: tmp_path)
    for name in samples.SAMPLES.values():
        save_cube(pat(name=name), tmp_path / name)
    from npe2.manifest.utils import import_python_name

    commands = {c.id: c.python_name for c in manifest.contributions.commands}
    assert {s.key for s in manifest.contributions.sample_data} == set(samples.SAMPLES)
    for sample in manifest.contributions.sample_data:
        image, *_ = import_python_name(commands[sample.command])()
        assert image[1]["metadata"][CUBE_KEY].shape == (32, 64, 16)


def test_a_missing_sample_says_where_it_would_be(monkeypatch, tmp_path):
    monkeypatch.setattr(samples, "sample_folder", lambda: tmp_path)
    with pytest.raises(CubeError, match=r"pat_forearm_second\.udt\.h5 is not at"):
        samples.sample_path("pat_second")


def _renamed(cube, name):
    return cube_layers(cube.with_(name=name))
