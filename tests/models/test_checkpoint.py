"""Checkpoints are read without running anything in them."""

from __future__ import annotations

import os
import pathlib
import sys
import types
import zipfile
from collections import OrderedDict, defaultdict

import numpy as np
import pytest
import torch

from napari_udt.errors import ModelError
from napari_udt.models.checkpoint import read_state_dict

WEIGHTS = {"a.weight": torch.arange(6.0).reshape(2, 3), "a.bias": torch.ones(2)}


def save(path, **entries):
    torch.save({"state_dict": OrderedDict(WEIGHTS), **entries}, path)
    return path


def assert_weights(state):
    assert state.keys() == WEIGHTS.keys()
    for key, tensor in WEIGHTS.items():
        assert torch.equal(state[key], tensor)


@pytest.fixture
def lightning(monkeypatch):
    """A stand-in for a library that is not installed where the checkpoint is read."""
    module = types.ModuleType("pytorch_lightning.utilities.parsing")

    class AttributeDict(dict):
        pass

    class Callback:
        def __init__(self):
            self.best = torch.tensor(1.0)

        def __setstate__(self, state):
            raise AssertionError("must not be called")

    for cls in (AttributeDict, Callback):
        cls.__module__, cls.__qualname__ = module.__name__, cls.__name__
        setattr(module, cls.__name__, cls)
    monkeypatch.setitem(sys.modules, "pytorch_lightning", types.ModuleType("pytorch_lightning"))
    monkeypatch.setitem(sys.modules, "pytorch_lightning.utilities", types.ModuleType("utilities"))
    monkeypatch.setitem(sys.modules, module.__name__, module)
    return module


def test_a_plain_checkpoint(tmp_path):
    assert_weights(read_state_dict(save(tmp_path / "x.ckpt", epoch=3, optimizer_states=[{"lr": 1e-3}])))


def test_companions_of_the_weights_are_tolerated(tmp_path, lightning):
    path = save(
        tmp_path / "x.ckpt",
        hyper_parameters=lightning.AttributeDict(dim=3, paths=pathlib.PurePosixPath("/data")),
        callbacks={"best": lightning.Callback(), "score": np.float64(0.5), "values": np.arange(3)},
        loops=defaultdict(dict, a={"b": 1}),
    )
    assert_weights(read_state_dict(path))


class Hostile:
    """Runs a command when unpickled."""

    def __init__(self, function, *args):
        self.function, self.args = function, args

    def __reduce__(self):
        return self.function, self.args


@pytest.mark.parametrize("function", [os.system, eval, exec, getattr, bytearray, os.mkdir])
def test_a_hostile_pickle_is_refused_and_runs_nothing(tmp_path, function):
    canary = tmp_path / "canary"
    path = save(tmp_path / "x.ckpt", hyper_parameters=Hostile(function, f"mkdir {canary}"))
    with pytest.raises(ModelError, match="has no place among weights; nothing of it was run"):
        read_state_dict(path)
    assert not canary.exists()


def test_a_hostile_pickle_in_the_weights_themselves(tmp_path):
    canary = tmp_path / "canary"
    path = tmp_path / "x.ckpt"
    torch.save({"state_dict": {"a": Hostile(os.mkdir, str(canary))}}, path)
    with pytest.raises(ModelError, match="nothing of it was run"):
        read_state_dict(path)
    assert not canary.exists()


def test_code_under_the_name_of_a_companion_is_not_run(tmp_path, lightning):
    """A stand-in takes the place of whatever has the name."""
    canary = tmp_path / "canary"
    lightning.run = os.mkdir

    class Named:
        def __reduce__(self):
            return lightning.AttributeDict, (str(canary),)

    lightning.AttributeDict.__new__ = lambda cls, path=None: os.mkdir(path) if path else dict.__new__(cls)
    assert_weights(read_state_dict(save(tmp_path / "x.ckpt", extra=Named())))
    assert not canary.exists()


def rewritten(path, change, compression=zipfile.ZIP_STORED):
    """Copy a checkpoint, changing its pickle on the way."""
    target = path.with_suffix(".new")
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(target, "w", compression) as copy:
        for name in source.namelist():
            data = source.read(name)
            copy.writestr(name, change(data) if name.endswith("data.pkl") else data)
    return target


def test_a_pickle_of_a_newer_protocol_is_refused(tmp_path):
    import pickle

    path = rewritten(save(tmp_path / "x.ckpt"), lambda data: pickle.dumps(OrderedDict(), protocol=4))
    with pytest.raises(ModelError, match="instructions that torch never writes"):
        read_state_dict(path)


def test_a_compressed_archive_is_refused(tmp_path):
    path = rewritten(save(tmp_path / "x.ckpt"), lambda data: data, zipfile.ZIP_DEFLATED)
    with pytest.raises(ModelError, match="compressed"):
        read_state_dict(path)


def test_sizes_beyond_the_file_are_refused(tmp_path):
    path = tmp_path / "x.ckpt"
    torch.save({"state_dict": {"a": torch.zeros(1).expand(10**6, 10**6)}}, path)
    with pytest.raises(ModelError, match="claims 4000000000000 bytes"):
        read_state_dict(path)


@pytest.mark.parametrize("cut", [0.1, 0.5, 0.99])
def test_a_truncated_file_is_refused(tmp_path, cut):
    path = save(tmp_path / "x.ckpt")
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * cut)])
    with pytest.raises(ModelError, match="not a torch checkpoint"):
        read_state_dict(path)


def test_a_storage_that_is_cut_short_is_refused(tmp_path):
    path = save(tmp_path / "x.ckpt")
    target = tmp_path / "short.ckpt"
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(target, "w") as copy:
        for name in source.namelist():
            copy.writestr(name, source.read(name)[:4] if "/data/" in name else source.read(name))
    with pytest.raises(ModelError, match=r"short\.ckpt: the parts of the archive"):
        read_state_dict(target)


@pytest.mark.parametrize("content", [b"", b"hello", b"PK\x05\x06" + bytes(18), b"\x80\x02}q\x00."])
def test_what_is_no_checkpoint_is_refused(tmp_path, content):
    path = tmp_path / "x.ckpt"
    path.write_bytes(content)
    with pytest.raises(ModelError, match="not a torch checkpoint"):
        read_state_dict(path)


def test_a_missing_file(tmp_path):
    with pytest.raises(ModelError, match="not a torch checkpoint"):
        read_state_dict(tmp_path / "nowhere.ckpt")


def test_a_checkpoint_without_weights(tmp_path):
    path = tmp_path / "x.ckpt"
    for content in ({"epoch": 3}, [1, 2], {"state_dict": 3}):
        torch.save(content, path)
        with pytest.raises(ModelError, match="no 'state_dict'"):
            read_state_dict(path)
