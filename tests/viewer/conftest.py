"""Fixtures of the viewer's tests: small cubes, a model's description, a transfer that needs no network."""

from __future__ import annotations

import gc
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from napari_udt import SpectralCube
from napari_udt.viewer.state.jobs import ignore_progress


@pytest.fixture(autouse=True, scope="module")
def _spared_collections():
    """Collect only garbage of the module's own: napari collects at each layer's end, among all that earlier tests left.

    What an earlier module left is not thawed again: looking through all of it for each module was 30 % of a sampled run.
    """
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def _small_forests(few_trees):
    """Let classifiers answer soon: how good they are is tested where there are no windows."""


@pytest.fixture(autouse=True)
def _own_napari_settings(tmp_path_factory, monkeypatch):
    """Keep the user's real napari settings and choices out of reach."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path_factory.mktemp("config")))  # QSettings
    monkeypatch.setenv("NAPARI_UDT_CHOICES", str(tmp_path_factory.mktemp("choices") / "choices.json"))
    monkeypatch.setenv("NAPARI_CONFIG", str(tmp_path_factory.mktemp("napari") / "settings.yaml"))


@pytest.fixture(autouse=True)
def _released_keys():
    """Release Shift and its like at the end: Qt takes them as held after a simulated key with a modifier."""
    yield
    if "qtpy.QtTest" in sys.modules:
        from qtpy.QtCore import Qt
        from qtpy.QtTest import QTest
        from qtpy.QtWidgets import QApplication, QWidget

        if QApplication.instance() and QApplication.keyboardModifiers() != Qt.KeyboardModifier.NoModifier:
            QTest.keyRelease(QWidget(), Qt.Key.Key_Shift)


@pytest.fixture
def pat():
    """Make a photoacoustic cube: two vessels in a coupling medium, 16 wavelengths."""
    return _pat


@pytest.fixture
def hsi():
    """Make a hyperspectral cube without labels and without pixel size, 100 wavelengths."""
    return _hsi


@pytest.fixture
def transferred():
    """Make what a transfer would make of a cube."""
    return _transferred


@pytest.fixture
def make_spec():
    """Make the description of a model; no network belongs to it."""
    return _spec


@pytest.fixture
def slow_transfer():
    """A transfer that waits in its middle until the test lets it go on."""
    return SlowTransfer()


def _pat(name="forearm", rows=32, columns=64, domain="simulated", wavelengths=None, **changes):
    wavelengths = np.arange(700.0, 851.0, 10.0) if wavelengths is None else np.asarray(wavelengths, float)
    data = np.random.default_rng(3).random((rows, columns, len(wavelengths)), dtype=np.float32)
    labels = np.zeros((rows, columns), dtype=np.int32)
    labels[8:12, 10:20], labels[16:20, 30:40] = 5, 6
    fields = {
        "labels": labels,
        "label_names": {0: "coupling medium", 5: "vein", 6: "artery"},
        "oxygenation": np.where(labels > 0, 0.7, np.nan).astype(np.float32),
        "pixel_size_mm": (0.15625, 0.15625),
    }
    return SpectralCube(data, wavelengths, "PAT", domain=domain, name=name, **{**fields, **changes})


def _hsi(name="organs", rows=24, columns=30, domain="simulated", **changes):
    data = np.random.default_rng(4).random((rows, columns, 100), dtype=np.float32)
    return SpectralCube(data, np.linspace(500, 1000, 100), "HSI", domain=domain, name=name, **changes)


def _transferred(cube, name="forearm → real", factor=0.9):
    return cube.with_(
        data=cube.data * np.float32(factor),
        domain="transferred",
        origin="",
        name=name,
        provenance={
            "source": {"name": cube.name},
            "model": {"name": "m", "kind": "cinn"},
            "device": "test device",
            "condition": "labels",
        },
    )


def _spec(name="pat-small", modality="PAT", low=700.0, high=850.0, count=16, **changes):
    from napari_udt.models import ModelSpec

    fields = {
        "title": f"{name} (test)",
        "kind": "cinn",
        "class_names": ("vein", "artery", "fat"),
        "condition": "class",
        "spectrum_norm": "none",
        "statistics": {"simulated": (0.0, 1.0), "real": (0.0, 1.0)},
        "label_noise_level": 0.2,
        "architecture": {},
        "target": "digital device",
    }
    wavelengths = tuple(np.linspace(low, high, count))
    return ModelSpec(name=name, modality=modality, wavelengths_nm=wavelengths, **{**fields, **changes})


class SlowTransfer:
    """Transfers in ten steps, each of which waits for the gate; counts its calls."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.calls: list[tuple] = []
        self.running = 0
        self.deaf = False  # to cancelling
        self.error: Exception | None = None

    def __call__(self, cube, model, direction, device, progress, *, condition, noise="training"):
        self.calls.append((cube.name, model, direction, device, condition))
        self.running += 1
        try:
            return self._transfer(cube, ignore_progress if self.deaf else progress)
        finally:
            self.running -= 1

    def _transfer(self, cube, progress):
        progress(0, 10)
        for i in range(10):
            if i == 5:
                while not self.gate.wait(0.02):
                    progress(i, 10)
            progress(i + 1, 10)
        if self.error is not None:
            raise self.error
        return _transferred(cube)


def save(cube: SpectralCube, path: Path) -> Path:
    """Write a cube as napari-udt's own file."""
    from napari_udt import save_cube

    save_cube(cube, path)
    return path
