"""The demo from start to end, and the docs' pictures, on small cubes and with a transfer that needs no network."""

from __future__ import annotations

import gc
from pathlib import Path

import imageio.v3 as imageio
import numpy as np
import pytest
import screenshots

from napari_udt import samples, save_cube
from napari_udt.errors import UdtError
from napari_udt.viewer import demo
from napari_udt.viewer.context import context_of
from napari_udt.viewer.napari_adapter import main_window
from napari_udt.viewer.qt.tour_panel import TourPanel


@pytest.fixture
def small_world(monkeypatch, tmp_path, pat, hsi, make_spec, slow_transfer):
    """Samples and models small enough for a test."""
    import napari_udt.inference
    import napari_udt.models

    labels = np.tile(np.repeat([1, 2, 3], 10), (24, 1))
    organs = {"labels": labels, "label_names": {1: "skin", 2: "liver", 3: "spleen"}}
    cubes = {
        "hsi_simulated": hsi("hsi_simulated", **organs),
        "hsi_second": hsi("hsi_second", domain="second", **organs),
        "pat_simulated": pat("pat_simulated"),
        "pat_second": pat("pat_second", domain="second"),
    }
    for key, name in samples.SAMPLES.items():
        save_cube(cubes[key], tmp_path / name)
    models = [
        make_spec("organs", "HSI", 500, 1000, 100, class_names=("skin", "liver", "spleen")),
        make_spec("forearm"),
    ]
    slow_transfer.gate.set()
    monkeypatch.setattr(samples, "sample_folder", lambda: tmp_path)
    monkeypatch.setattr(napari_udt.models, "list_models", lambda: models, raising=False)
    monkeypatch.setattr(napari_udt.inference, "transfer", slow_transfer, raising=False)
    settle = demo.settle
    for module in (demo, screenshots):
        monkeypatch.setattr(module, "settle", lambda seconds: settle(seconds / 10))
    yield slow_transfer
    gc.collect()  # the next test must not find the demo's window


TRANSFERS = [("pat_simulated", "forearm", "sim2real"), ("hsi_simulated", "organs", "sim2real")]


def assert_pictures(folder, names):
    assert sorted(path.name for path in folder.iterdir()) == sorted(f"{name}.png" for name in names)
    for path in folder.iterdir():
        picture = imageio.imread(path)
        assert picture.shape[:2] == (1000, 1600)
        assert picture.std() > 10


@pytest.mark.usefixtures("qapp")
def test_the_headless_demo_leaves_screenshots(small_world, tmp_path, capsys):
    demo.run_demo(tmp_path / "out")
    assert [call[:3] for call in small_world.calls] == TRANSFERS
    shown = ("transfer", "side_by_side", "structure")
    assert_pictures(tmp_path / "out", [f"{modality}_{what}" for modality in ("pat", "hsi") for what in shown])
    assert "screenshots are in" in capsys.readouterr().out


@pytest.mark.usefixtures("qapp")
def test_with_a_screen_the_window_is_left_to_the_user_and_nothing_is_written(
    small_world, tmp_path, monkeypatch
):
    import napari

    seen = []

    def user_looks_and_closes():
        viewer = napari.current_viewer()
        session = context_of(viewer).session
        panel = main_window(viewer).findChild(TourPanel)
        seen.append(([entry.key for entry in session], len(session.pins), panel.step.title))
        viewer.close()

    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setattr(napari, "run", user_looks_and_closes)
    monkeypatch.setattr(demo, "freeze_imported", lambda window: None)
    demo.run_demo()
    assert [call[:3] for call in small_world.calls] == TRANSFERS
    ((keys, pins, stop),) = seen
    assert stop == "The picture"
    assert {"hsi_second", "hsi_simulated", "pat_second", "pat_simulated"} < set(keys)
    assert (len(keys), pins) == (6, 4)
    assert list((tmp_path / "here").iterdir()) == []


@pytest.mark.parametrize(
    ("words", "screen", "virtual", "expected"),
    [
        ([], True, False, None),
        (["--headless"], True, False, "again"),
        ([], False, False, "again"),
        (["--headless", "-o", "there"], True, True, Path("there")),
    ],
)
def test_the_command_chooses_a_display(monkeypatch, words, screen, virtual, expected):
    from napari_udt.cli import main
    from napari_udt.viewer import display

    found = []
    monkeypatch.setattr(display, "has_display", lambda: screen)
    monkeypatch.setattr(display, "on_virtual_display", lambda: virtual)
    monkeypatch.setattr(display, "run_on_virtual_display", lambda again: (found.append("again"), 0)[1])
    monkeypatch.setattr(demo, "run_demo", lambda out=None: found.append(out))
    assert main(["demo", *words]) == 0
    assert found == [expected]


@pytest.mark.usefixtures("qapp", "small_world")
def test_the_pictures_of_the_docs_and_their_times(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(screenshots, "SAMPLES", ("hsi",))
    written = screenshots.take_all(tmp_path / "images")
    names = ["hsi_transfer", "hsi_side_by_side", "hsi_structure", "hsi_population"]
    assert [path.stem for path in written] == names
    assert_pictures(tmp_path / "images", names)
    said = capsys.readouterr().out
    assert "window after" in said
    assert said.count("click to painted") == 1


@pytest.mark.usefixtures("qapp", "small_world")
def test_demo_without_a_model_says_so_and_closes(monkeypatch, tmp_path):
    import napari_udt.models

    monkeypatch.setattr(napari_udt.models, "list_models", list)
    with pytest.raises(UdtError, match="No installed model fits"):
        demo.run_demo(tmp_path / "out")
