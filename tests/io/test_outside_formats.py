"""Readers and writers of outside packages, found through entry points: a toy package, installed for each test."""

import base64
import hashlib
import importlib
import subprocess
import sys
import warnings
import zipfile
from pathlib import Path

import numpy as np
import pytest

from napari_udt.cli import main
from napari_udt.cube import SpectralCube
from napari_udt.errors import CubeError
from napari_udt.io import is_damaged, is_readable, list_candidates, open_cube, save_cube
from napari_udt.io.convert import convert
from napari_udt.io.registry import FORMATS, WRITERS, formats, sniff, writers

TOY = Path(__file__).parents[2] / "docs" / "scripts" / "own_format.py"
BOTH = {"readers": "toy = own_format:READER", "writers": "toy = own_format:WRITER"}


@pytest.fixture
def fresh():
    """Look for entry points anew, and forget them and the toy's module afterwards."""

    def forget():
        formats.cache_clear()
        writers.cache_clear()
        for name in [n for n in sys.modules if n.startswith(("own_format", "toy_"))]:
            del sys.modules[name]
        importlib.invalidate_caches()

    forget()
    yield
    forget()


@pytest.fixture
def install(fresh, tmp_path, monkeypatch):
    """Install a package: a function of its entry points and its modules."""
    site = tmp_path / "site"

    def put(groups=BOTH, modules=None):
        for name, text in (modules or {"own_format.py": TOY.read_text()}).items():
            (site / name).parent.mkdir(parents=True, exist_ok=True)
            (site / name).write_text(text)
        info = site / "toy_format-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: toy-format\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(_entry_points(groups))
        monkeypatch.syspath_prepend(site)

    return put


def _entry_points(groups):
    return "".join(f"[napari_udt.{group}]\n{line}\n" for group, line in groups.items())


@pytest.fixture
def cube():
    data = np.random.default_rng(0).random((3, 4, 5)).astype(np.float32)
    return SpectralCube(data, np.linspace(500, 900, 5), "HSI", "real", name="toy")


def test_a_toy_format_is_written_recognised_listed_and_opened(install, tmp_path, cube):
    install()
    path = tmp_path / "x.udtxt"
    save_cube(cube, path)
    assert sniff(path).format.package == "toy-format"
    assert is_readable(path)
    assert list_candidates(path) == ["cube"]
    back = open_cube(path, domain="simulated")
    np.testing.assert_array_equal(back.data, cube.data)
    np.testing.assert_array_equal(back.wavelengths_nm, cube.wavelengths_nm)
    assert (back.domain, back.metadata["file"]["format"]) == ("simulated", "udtxt")


def test_commands_know_the_toy_format(install, tmp_path, cube, capsys):
    install()
    save_cube(cube, tmp_path / "x.h5")
    assert main(["convert", str(tmp_path / "x.h5"), str(tmp_path / "x.udtxt")]) == 0
    assert main(["convert", str(tmp_path / "x.udtxt"), str(tmp_path / "y.udt.h5")]) == 0
    np.testing.assert_array_equal(open_cube(tmp_path / "y.udt.h5").data, cube.data)
    capsys.readouterr()
    assert main(["info", str(tmp_path / "x.udtxt")]) == 0
    assert "udtxt" in capsys.readouterr().out
    assert main(["info", "--formats"]) == 0
    assert "Spectra as text: *.udtxt\n" in capsys.readouterr().out


def test_napari_and_dropped_files_take_the_toy_format(install, tmp_path, cube):
    from napari_udt.viewer.contributions import get_reader
    from napari_udt.viewer.files.opening import spectral_files

    path = tmp_path / "x.udtxt"
    path.write_text("# udtxt {}")
    assert get_reader(str(path)) is None
    install()
    formats.cache_clear()
    assert get_reader(str(path)) is not None
    assert [file.path for file in spectral_files([path])] == [path]


def test_without_the_package_nothing_is_known_of_it(fresh, tmp_path, cube):
    assert (formats(), writers()) == (FORMATS, WRITERS)
    with pytest.raises(CubeError, match="choose one of these endings"):
        save_cube(cube, tmp_path / "x.udtxt")


def test_a_wheel_installed_by_pip_is_found(fresh, tmp_path, monkeypatch, cube):
    wheel, site = tmp_path / "toy_format-1.0-py3-none-any.whl", tmp_path / "site"
    info = "toy_format-1.0.dist-info"
    files = {
        "own_format.py": TOY.read_text(),
        f"{info}/METADATA": "Metadata-Version: 2.1\nName: toy-format\nVersion: 1.0\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: hand\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/entry_points.txt": _entry_points(BOTH),
    }
    hashes = {
        name: base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
        for name, text in files.items()
    }
    record = "".join(f"{name},sha256={hashes[name]},{len(text.encode())}\n" for name, text in files.items())
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
        archive.writestr(f"{info}/RECORD", f"{record}{info}/RECORD,,\n")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    if subprocess.run([*pip[:3], "--version"], capture_output=True, check=False).returncode:
        pytest.skip("this environment has no pip")
    subprocess.run([*pip, "--no-deps", "--no-index", "--target", str(site), str(wheel)], check=True)
    monkeypatch.syspath_prepend(site)
    convert(_saved(cube, tmp_path / "x.h5"), tmp_path / "x.udtxt")
    assert open_cube(tmp_path / "x.udtxt").metadata["file"]["format"] == "udtxt"


def _saved(cube, path):
    save_cube(cube, path)
    return path


@pytest.mark.parametrize(
    ("groups", "source", "complaint"),
    [
        ({"readers": "toy = toy_absent:READER"}, "", "ModuleNotFoundError: No module named 'toy_absent'"),
        ({"readers": "toy = toy_broken"}, "1 / 0", "ZeroDivisionError: division by zero"),
        (
            {"readers": "toy = toy_broken"},
            "x = 1",
            "TypeError: toy_broken is no Format and no module that holds one",
        ),
        (
            {"readers": "toy = toy_broken"},
            "from napari_udt.io.contract import Format\nR = Format('t', 'T', ('.t',), __name__)",
            "TypeError: toy_broken has no function sniff",
        ),
        (
            {"writers": "toy = toy_broken"},
            "from napari_udt.io.contract import Writer\nR = Writer('udt', 'T', ('.t',), __name__)",
            "ValueError: the name 'udt' is taken",
        ),
    ],
)
def test_a_package_that_cannot_be_used_costs_one_warning(install, tmp_path, cube, groups, source, complaint):
    install(groups, {"toy_broken.py": source})
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        save_cube(cube, tmp_path / "x.h5")
        assert open_cube(tmp_path / "x.h5").shape == cube.shape
    sentence = f"toy-format: its entry 'toy' in napari_udt.{next(iter(groups))} cannot be used ({complaint}"
    assert [str(w.message)[: len(sentence)] for w in caught] == [sentence]
    assert (formats(), writers()) == (FORMATS, WRITERS)


def test_errors_of_an_outside_reader_name_the_file_and_the_package(install, tmp_path, cube):
    text = TOY.read_text().replace("spectra.reshape(head", "spectra.no_such_method(head")
    install(modules={"own_format.py": text})
    path = _saved(cube, tmp_path / "x.udtxt")
    with pytest.raises(CubeError, match=r"x\.udtxt: the file is damaged.*no_such_method"):
        open_cube(path)
    path.write_text("# udtxt {")
    assert not is_damaged(path)
    with pytest.raises(CubeError, match=r"x\.udtxt"):
        open_cube(path)


def test_programming_errors_of_an_outside_package_are_sentences_too(install, tmp_path, cube):
    text = TOY.read_text()
    reading = text.replace("def _read(", "def _reads(")
    install(modules={"own_format.py": reading.replace("(cube,) = cubes", "(cube,) = cubs")})
    (tmp_path / "x.udtxt").write_text("# udtxt {}")
    with pytest.raises(CubeError, match=r"x\.udtxt: the reader of Spectra as text in toy-format failed"):
        open_cube(tmp_path / "x.udtxt")
    with pytest.raises(CubeError, match=r"y\.udtxt: the cube cannot be written .*'cubs'"):
        save_cube(cube, tmp_path / "y.udtxt")
    assert not (tmp_path / "y.udtxt").exists()


@pytest.mark.parametrize("first", [False, True])
def test_built_in_formats_come_first_unless_the_package_says_otherwise(install, tmp_path, cube, first):
    text = TOY.read_text().replace("module=__name__)", f"module=__name__, first={first})")
    text = text.replace('(".udtxt",)', '(".csv",)')
    text = text.replace("def sniff(", "def sniff(path):\n    return Match.YES\n\n\ndef _sniff(")
    install(modules={"own_format.py": text})
    save_cube(cube, tmp_path / "x.csv")
    assert (tmp_path / "x.csv").read_text().startswith("# udtxt") is first
    assert sniff(tmp_path / "x.csv").format.name == ("udtxt" if first else "csv")
