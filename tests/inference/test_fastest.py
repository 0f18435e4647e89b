"""A way is chosen by a measurement once, and all processes keep to it."""

import json
import time

import pytest

from napari_udt.files.cache import cache_folder
from napari_udt.inference import fastest as module
from napari_udt.inference.fastest import choices, fastest


def spend(seconds):
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        pass


@pytest.fixture(autouse=True)
def _nothing_known(monkeypatch, tmp_path):
    monkeypatch.setattr(module, "_known", {})
    monkeypatch.setenv("NAPARI_UDT_CACHE", str(tmp_path / "cache"))


def ways(**seconds):
    return lambda: {name: lambda s=s: spend(s) for name, s in seconds.items()}


def files():
    return list((cache_folder() / "speed").glob("*/*"))


def test_the_fastest_is_chosen():
    assert fastest("a", ("slow", "fast"), ways(slow=0.004, fast=0.001)) == "fast"
    assert choices() == {"a": "fast"}


def test_the_usual_way_stays_where_another_is_hardly_faster():
    assert fastest("a", ("usual", "other"), ways(usual=0.0040, other=0.0038)) == "usual"


def test_it_is_measured_once_and_other_processes_find_it():
    assert fastest("a", ("slow", "fast"), ways(slow=0.004, fast=0.001)) == "fast"
    (file,) = files()
    assert json.loads(file.read_text())["seconds"]["fast"] < 0.004

    def never():
        raise AssertionError("measured again")

    assert fastest("a", ("slow", "fast"), never) == "fast"
    module._known.clear()  # as another process begins
    assert fastest("a", ("slow", "fast"), never) == "fast"


def test_of_two_processes_that_measure_at_the_same_time_the_first_decides():
    def meanwhile():
        module._keep("a", ("slow", "fast"), {"chosen": "slow"})
        return ways(slow=0.004, fast=0.001)()

    assert fastest("a", ("slow", "fast"), meanwhile) == "slow"
    assert len(files()) == 1


@pytest.mark.parametrize("text", ["", "[]", "{", '{"chosen": ["x"]}', '{"chosen": "gone"}'])
def test_a_damaged_file_costs_a_measurement(text):
    fastest("a", ("slow", "fast"), ways(slow=0.004, fast=0.001))
    (file,) = files()
    file.write_text(text)
    module._known.clear()
    assert fastest("a", ("slow", "fast"), ways(slow=0.004, fast=0.001)) == "fast"
    module._known.clear()
    assert fastest("a", ("slow", "fast"), ways(slow=0.001, fast=0.004)) == "fast"  # it was replaced


def test_a_cache_that_cannot_be_written_costs_a_measurement(monkeypatch, tmp_path):
    (tmp_path / "file").touch()
    monkeypatch.setenv("NAPARI_UDT_CACHE", str(tmp_path / "file"))
    assert fastest("a", ("slow", "fast"), ways(slow=0.004, fast=0.001)) == "fast"
