"""What is in the archives that are built, and whether an installed wheel works away from the source tree."""

import json
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from napari_udt.samples import SAMPLES

# The archives are built once, in one process.
pytestmark = pytest.mark.xdist_group("install")

PROJECT = Path(__file__).resolve().parent.parent
_NOT_COPIED = shutil.ignore_patterns(".*cache", ".git", ".venv", "build", "dist", "*.egg-info", "__pycache__")
_OPEN_ALL = """
import json, sys
from pathlib import Path
from npe2 import PluginManager
import napari_udt
from napari_udt.models import list_models, load_model
plugins = PluginManager.instance()
plugins.discover()
samples = {sample.key: sample for _, samples in plugins.iter_sample_data() for sample in samples}
names = [samples[key].open()[0][1]["name"] for key in sys.argv[1:]]
print(json.dumps({
    "package": str(Path(napari_udt.__file__).parent),
    "layers": names,
    "models": len(list_models()),
    "channels": len(load_model("pat_cinn_dy").spec.wavelengths_nm),
}))
"""


@pytest.fixture(scope="module")
def archives(tmp_path_factory):
    """The source archive, and the wheel that is built from it; no network is needed."""
    pytest.importorskip("build", reason="archives are built with the package build")
    pytest.importorskip("setuptools", "77", reason="archives are built with setuptools 77 or newer")
    if not (PROJECT / "setup.py").is_file():
        pytest.skip("archives are built from a source tree")
    source, target = tmp_path_factory.mktemp("tree") / "napari-udt", tmp_path_factory.mktemp("dist")
    shutil.copytree(PROJECT, source, ignore=_NOT_COPIED)
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(target), str(source)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=target)
    assert done.returncode == 0, done.stdout + done.stderr
    (wheel,), (sdist,) = target.glob("*.whl"), target.glob("*.tar.gz")
    return sdist, wheel


def test_the_wheel_has_the_samples_and_all_that_the_package_reads(archives):
    names = set(zipfile.ZipFile(archives[1]).namelist())
    assert {f"napari_udt/sample_data/{name}" for name in (*SAMPLES.values(), "README.md")} <= names
    package = PROJECT / "napari_udt"
    files = {
        f"napari_udt/{path.relative_to(package).as_posix()}"
        for path in package.rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }
    assert files - names == set()
    assert {name.split("/")[0] for name in names} == {
        "napari_udt",
        f"{archives[1].name.rsplit('-', 3)[0]}.dist-info",
    }


def test_the_source_archive_has_docs_tests_and_samples(archives):
    with tarfile.open(archives[0]) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    for folder in (".ci", "docs", "sample_data", "tests"):
        files = [path for path in (PROJECT / folder).rglob("*") if path.is_file() and path.suffix != ".pyc"]
        assert {path.relative_to(PROJECT).as_posix() for path in files} - names == set()
        assert files


def test_an_installed_wheel_opens_its_samples_and_models_from_an_empty_folder(archives, tmp_path):
    site, empty = tmp_path / "site", tmp_path / "empty"
    empty.mkdir()
    with zipfile.ZipFile(archives[1]) as wheel:
        wheel.extractall(site)  # what pip does with a pure wheel
    done = subprocess.run(
        [sys.executable, "-c", _OPEN_ALL, *SAMPLES],
        cwd=empty,
        env=os.environ | {"PYTHONPATH": str(site)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["package"] == str(site / "napari_udt")
    assert found["layers"] == [name.removesuffix(".udt.h5") for name in SAMPLES.values()]
    assert (found["models"] >= 2, found["channels"]) == (True, 16)
    assert list(empty.iterdir()) == []
