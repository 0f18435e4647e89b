"""How much memory there is: a plausible number, and no more than a container grants."""

from types import SimpleNamespace

import numpy as np
import psutil
import pytest
from transfer_samples import make_cube, make_model

import napari_udt
from napari_udt.errors import TransferError
from napari_udt.inference import memory


def test_the_machine_has_some_but_not_more_than_it_has():
    assert 0 < memory.available_bytes() <= psutil.virtual_memory().total


@pytest.mark.parametrize(
    ("limit", "used", "left"), [("max", "5", 3_000_000), ("1000000", "400000", 600_000), ("100", "400", 0)]
)
def test_a_container_s_limit_counts(tmp_path, monkeypatch, limit, used, left):
    (tmp_path / "memory.max").write_text(limit + "\n")
    (tmp_path / "memory.current").write_text(used + "\n")
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=3_000_000))
    monkeypatch.setattr(memory, "_CONTAINER", tmp_path)
    assert memory.available_bytes() == left


@pytest.mark.parametrize(("modality", "said"), [("HSI", "works block by block"), ("PAT", "crop the cube")])
def test_a_run_that_memory_cannot_hold_is_refused_before_it_starts(monkeypatch, modality, said):
    monkeypatch.setattr(memory, "available_bytes", lambda: 1000)
    channels = {"HSI": 12, "PAT": 4}[modality]
    cube, model = make_cube(8, 8, channels, modality), make_model(modality, channels)
    with pytest.raises(TransferError, match=said):
        napari_udt.transfer(cube, model)
    with pytest.raises(TransferError, match="crop the cube"):
        napari_udt.transfer(cube, "baseline:identity")


def test_a_streamed_result_needs_no_room(monkeypatch):
    monkeypatch.setattr(memory, "available_bytes", lambda: 1000)
    cube, model = make_cube(8, 8, 12), make_model("HSI", 12)
    out = np.empty((8, 8, 12), np.float32)
    moved = napari_udt.transfer(cube, model, out=out)
    assert np.shares_memory(moved.data, out)
