"""Where the samples are found: the user's own, those of an installed wheel, those of a source tree."""

from pathlib import Path

import pytest

import napari_udt
from napari_udt import open_cube, samples
from napari_udt.errors import CubeError
from napari_udt.models import list_models


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package folder in an empty place, and a user without samples."""
    package = tmp_path / "site-packages" / "napari_udt"
    package.mkdir(parents=True)
    monkeypatch.setattr(samples, "files", lambda name: package)
    monkeypatch.setenv("NAPARI_UDT_SAMPLES", str(tmp_path / "own"))
    return package


def test_the_samples_come_with_the_program():
    for key in samples.SAMPLES:
        cube = open_cube(samples.sample_path(key))
        assert (cube.modality.lower(), cube.domain) == tuple(key.split("_"))


def test_the_forearms_are_of_the_devices_that_the_first_choice_was_trained_for():
    first = next(spec for spec in list_models() if spec.name.startswith("pat"))
    for domain in ("simulated", "second"):
        made = open_cube(samples.sample_path(f"pat_{domain}")).provenance["generator"]
        trained = first.training["data"][domain]["generator"]
        assert made["device"] == trained.get("device", "ideal")


def test_a_source_tree_has_them_beside_the_package(package):
    _fill(package.parent / "sample_data")
    assert samples.sample_folder() == package.parent / "sample_data"


def test_an_installed_package_has_them_inside(package):
    _fill(package / "sample_data")
    _fill(package.parent / "sample_data")  # of somebody else
    assert samples.sample_folder() == package / "sample_data"


def test_the_user_s_own_come_first_when_all_are_there(package, tmp_path):
    _fill(package / "sample_data")
    _fill(tmp_path / "own")
    assert samples.sample_path("pat_second").parent == tmp_path / "own"
    samples.sample_path("hsi_second").unlink()
    assert samples.sample_path("pat_second").parent == package / "sample_data"


@pytest.mark.usefixtures("package")
def test_a_missing_sample_says_where_it_would_be_and_what_helps():
    with pytest.raises(CubeError, match=r"pat_forearm_second\.udt\.h5 is not at .*simulate samples"):
        samples.sample_path("pat_second")


def test_by_default_the_user_s_own_lie_among_the_user_s_data(monkeypatch):
    monkeypatch.delenv("NAPARI_UDT_SAMPLES")
    folder = samples.user_sample_folder()
    assert folder.parts[-2:] == ("napari-udt", "sample_data")
    assert Path(napari_udt.__file__).parent not in folder.parents


def _fill(folder):
    folder.mkdir()
    for name in samples.SAMPLES.values():
        (folder / name).touch()
