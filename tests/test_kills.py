"""Writers that are killed: nothing half is left under a file's own name, and the next run cleans up and does all."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import patch

import numpy as np
import pytest
from test_write_faults import CUBE, MODEL, WRITERS, Write
from write_faults import faults, killed_at, tree

from napari_udt import SpectralCube, open_cube, save_cube
from napari_udt.cli.parser import main
from napari_udt.evaluation.run import Evaluation
from napari_udt.files import leftovers
from napari_udt.files.leftovers import SUFFIX
from napari_udt.models.archive import export_model, import_archive
from napari_udt.models.store import save_model

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="needs processes that begin as copies of this one"),
    pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning"),
]


def _exported(folder: Path) -> None:
    source = folder.parent / "models" / "m"
    if not source.exists():
        save_model(MODEL, source)
    export_model(source, folder / "m.zip", overwrite=True)


def _imported(folder: Path) -> None:
    """Into the folder of the user's models, which the test says."""
    if not (folder.parent / "m.zip").exists():
        _exported(folder.parent)
    import_archive(folder.parent / "m.zip", overwrite=True)


def _cubes(folder: Path) -> Path:
    """Return a folder of two small cubes beside ``folder``, made at the first call."""
    cubes = folder.parent / "cubes"
    if not cubes.exists():
        cubes.mkdir()
        for name in ("a", "b"):
            labels = np.repeat(np.arange(3), 4)[:, None].repeat(5, 1)
            named = {"labels": labels, "label_names": {0: "skin", 1: "liver", 2: "vein"}}
            data = np.random.default_rng(0).random((12, 5, 8), dtype=np.float32)
            save_cube(
                SpectralCube(data, np.linspace(500, 640, 8), "HSI", name=name, **named),
                cubes / f"{name}.udt.h5",
            )
    return cubes


def _collected(folder: Path) -> None:
    assert main(["collect", str(_cubes(folder)), "-o", str(folder / "all.udt-collection.toml")]) == 0


def _statistics(folder: Path) -> None:
    known = folder.parent / "known.udt-collection.toml"
    if not known.exists():
        assert main(["collect", str(_cubes(folder)), "-o", str(known)]) == 0
    assert main(["stats", str(known), "-o", str(folder / "table.csv")]) == 0


def _evaluated(folder: Path) -> None:
    """Write what an evaluation writes; its numbers, which take minutes, are none."""
    wavelengths = np.linspace(500, 990, 100)
    dataset = SimpleNamespace(wavelengths_nm=wavelengths, modality="HSI")
    data = SimpleNamespace(simulated=SimpleNamespace(dataset=dataset))
    found = Evaluation("HSI", {"data": "none", "models": []}, [])
    sets = [
        word for part in ("simulated", "second-train", "second-test") for word in (f"--{part}", "unused.h5")
    ]
    with (
        patch("napari_udt.evaluation.load_data", lambda *_: data),
        patch("napari_udt.evaluation.evaluate", lambda *_, **__: found),
        patch("napari_udt.population.report.evaluation.evaluation_markdown", lambda _: "# No numbers\n"),
    ):
        words = ["evaluate", *sets, "--baselines", "none", "--overwrite", "-o", str(folder / "result.json")]
        assert main(words) == 0


# A log is not among them: it grows line by line, and a run that goes on takes away what its checkpoint does not know.
MORE: dict[str, Write] = {"collect": _collected, "stats": _statistics, "evaluate": _evaluated}
ALL: dict[str, Write] = {
    name: write
    for name, write in {**WRITERS, "export": _exported, "import": _imported, **MORE}.items()
    if name != "log"
}


@pytest.mark.parametrize("name", ALL)
def test_a_killed_writer_leaves_whole_files_and_the_next_run_cleans_up(tmp_path, name, monkeypatch):
    write, folder = ALL[name], tmp_path / "out"
    monkeypatch.setenv("NAPARI_UDT_MODELS", str(folder))
    folder.mkdir()
    write(folder)
    whole = {path: len(content) for path, content in tree(folder).items()}
    _empty(folder)
    with faults(folder) as state:
        write(folder)
    _empty(folder)
    for call in sorted({1, 2, state.calls // 2, state.calls - 1, state.calls}):
        assert killed_at(call, folder, lambda: write(folder))
        left = {path: len(content) for path, content in tree(folder).items() if SUFFIX not in path}
        assert left.items() <= whole.items(), f"half after call {call} of {state.calls}"
        if call < state.calls:
            _empty(folder)
    leftovers._looked.clear()  # as in another process
    write(folder)
    done = {path: len(content) for path, content in tree(folder).items()}
    if name == "session":  # a result that the killed one had saved is whole, and never written over
        assert set(done) - set(whole) <= {"work 2.udt.h5"}
        assert open_cube(folder / "work.udt.h5").shape == CUBE.shape
    else:
        assert done == whole


def _empty(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.mkdir()
