"""What the monkey plays with: good files, bad files, a second model of each kind, a transfer that takes its time."""

from __future__ import annotations

import json
import random
import shutil
import time
from dataclasses import replace
from pathlib import Path

import imageio.v3 as imageio
import numpy as np
from monkey_hostile import hostile_files

from napari_udt import SpectralCube, save_cube
from napari_udt.models.store import bundled_folder
from napari_udt.series import Series

PAT_NM = np.arange(700.0, 851.0, 10.0)
HSI_NM = np.linspace(500, 1000, 100)
_PAT_NAMES = {0: "coupling medium", 4: "muscle", 5: "vein", 6: "artery"}
_HSI_NAMES = {1: "skin", 2: "liver", 3: "small_bowel", 9: "something unheard of"}


class World:
    """A folder with everything that can be dropped on a window or chosen in a file dialog.

    Parameters
    ----------
    folder : Path
        Empty; ``models`` in it is what NAPARI_UDT_MODELS shall name.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.good = [_saved(cube, folder) for cube in _cubes()]
        self.bad = _bad_files(folder, self.good[0])
        self.hostile = hostile_files(folder / "hostile")
        self.foreign = folder / "photo.png"
        imageio.imwrite(self.foreign, np.zeros((8, 9), np.uint8))
        self.models = folder / "models"
        for path in sorted(bundled_folder().iterdir()):
            if (path / "model.json").is_file():
                _copy_model(path, self.models)

    def export_name(self, rng: random.Random) -> str:
        """Return a file to write to; sometimes one that cannot be written."""
        name = rng.choice(["curves.csv", "curves.json", "plot.png", "plot.svg", "curves"])
        return str(self.folder / rng.choice(["out", "no such folder"]) / name)


class SlowTransfer:
    """The package's own transfer after a moment of waiting in which it can be cancelled."""

    def __init__(self, seed: int) -> None:
        self._rng = random.Random(seed)
        self.started = self.finished = 0

    def __call__(self, cube, model, direction, device, progress, **options):
        from napari_udt.inference import transfer

        self.started += 1
        for step in range(self._rng.randrange(20)):
            progress(step, 100)
            time.sleep(0.02)
        result = transfer(cube, model, direction, device, progress, **options)
        self.finished += 1
        return result


def _cubes():
    rng = np.random.default_rng(7)
    for domain in ("simulated", "second"):
        labels = rng.choice(list(_PAT_NAMES), (32, 48)).astype(np.int32)
        yield _cube("forearm", domain, PAT_NM, labels, _PAT_NAMES, pixel_size_mm=(0.15625, 0.15625))
        striped = np.repeat([[1, 2, 3, 9]], 24, axis=0).repeat(8, axis=1)
        yield _cube("organs", domain, HSI_NM, striped, _HSI_NAMES, "HSI")
    for name, axis, modality, wavelengths in (
        ("scan", "time", "PAT", PAT_NM),
        ("volume", "depth", "HSI", HSI_NM),
    ):
        names = _PAT_NAMES if modality == "PAT" else _HSI_NAMES
        labels = rng.choice(list(names), (16, 20)).astype(np.int32)
        first = _cube(name, "simulated", wavelengths, labels, names, modality)
        yield _series(first, axis, np.array([0.0, 0.5, 1.2, 2.0]))
    holes = rng.random((20, 25, 100)).astype(np.float32)
    holes[3:9, 4:9], holes[0, 0, 50:] = np.nan, np.inf
    yield _cube("holes", "real", HSI_NM, None, {}, "HSI", data=holes)
    yield _cube("uneven", "simulated", np.array([680.0, 700, 730, 800, 850, 930]), None, {})
    yield _cube("one wavelength", "simulated", np.array([800.0]), None, {})
    yield _cube("one pixel", "simulated", HSI_NM, np.array([[2]]), _HSI_NAMES, "HSI")
    yield _cube(
        "constant", "second", HSI_NM, np.full((6, 7), 2), _HSI_NAMES, "HSI", data=np.zeros((6, 7, 100))
    )


def _cube(name, domain, wavelengths, labels, names, modality="PAT", data=None, **fields):
    rng = np.random.default_rng(len(name))
    shape = (16, 20) if labels is None else labels.shape
    data = rng.random((*shape, len(wavelengths))) if data is None else data
    if name == "forearm":
        fields["oxygenation"] = np.where(labels > 4, 0.7, np.nan).astype(np.float32)
    return SpectralCube(
        data.astype(np.float32), wavelengths, modality, domain=domain, name=name,
        labels=labels, label_names=names, **fields,
    )  # fmt: skip


def _series(first, axis, positions):
    def picture(index):
        return replace(first, data=first.data * np.float32(1 + index), series=series, place=index)

    series = Series(axis, len(positions), picture, positions)
    return picture(1)


def _saved(cube, folder):
    path = folder / f"{cube.name} {cube.domain}.udt.h5"
    save_cube(cube, path)
    return path


def _bad_files(folder: Path, good: Path) -> list[Path]:
    contents = {
        "truncated.udt.h5": good.read_bytes()[:5000],
        "empty.h5": b"",
        "text.hdf5": b"no cube at all",
        "broken.npz": b"PK\x03\x04 not an archive",
        "no header.npy": b"\x93NUMPY",
        "lonely.hdr": b"ENVI\nsamples = 3\n",
    }
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    (folder / "out").mkdir()
    return [*(folder / name for name in contents), folder / "missing.h5"]


def _copy_model(source: Path, target: Path) -> None:
    """Put a copy under another name among the user's models, so that there is something to switch to."""
    name = f"{source.name}_twin"
    shutil.copytree(source, target / name)
    spec = json.loads((source / "model.json").read_text())
    (target / name / "model.json").write_text(json.dumps(spec | {"name": name}))
