"""The demo from start to screenshots, on small cubes and with a transfer that needs no network."""

from __future__ import annotations

import gc

import imageio.v3 as imageio
import numpy as np
import pytest

from napari_udt import samples, save_cube
from napari_udt.errors import UdtError
from napari_udt.viewer import demo


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
    yield slow_transfer
    gc.collect()  # the demo's window shall not be found by the next test


@pytest.mark.usefixtures("qapp")
def test_demo_leaves_screenshots_and_times(small_world, tmp_path, capsys):
    demo.run_demo(tmp_path / "out", interactive=False)
    assert [call[:3] for call in small_world.calls] == [
        ("hsi_simulated", "organs", "sim2real"),
        ("pat_simulated", "forearm", "sim2real"),
    ]
    pictures = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert pictures == [
        "hsi_population.png",
        "hsi_side_by_side.png",
        "hsi_structure.png",
        "hsi_transfer.png",
        "pat_open.png",
        "pat_side_by_side.png",
        "pat_transfer.png",
    ]
    for name in pictures:
        picture = imageio.imread(tmp_path / "out" / name)
        assert picture.shape[:2] == (1000, 1600)
        assert picture.std() > 10
    said = capsys.readouterr().out
    assert "window after" in said
    assert said.count("click to painted") == 2


@pytest.mark.usefixtures("qapp", "small_world")
def test_demo_without_a_model_says_so_and_closes(monkeypatch, tmp_path):
    import napari_udt.models

    monkeypatch.setattr(napari_udt.models, "list_models", list)
    with pytest.raises(UdtError, match="No installed model fits"):
        demo.run_demo(tmp_path / "out", interactive=False)
