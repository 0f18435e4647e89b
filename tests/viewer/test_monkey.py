"""The short run of the monkey; the long one is ``python tests/viewer/monkey.py --actions 5000``."""

import random

import pytest
from monkey import Monkey, Report
from monkey_actions import Actions
from monkey_checks import problems
from monkey_world import World
from napari.utils.notifications import notification_manager

from napari_udt.viewer.app import furnish

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture
def world(tmp_path, monkeypatch):
    world = World(tmp_path)
    monkeypatch.setenv("NAPARI_UDT_MODELS", str(world.models))
    yield world
    notification_manager.records.clear()


@pytest.fixture
def window(world, make_napari_viewer):
    return furnish(make_napari_viewer(show=True))


def test_a_hundred_and_fifty_random_actions_leave_everything_in_order(window, world):
    window.viewer.window._qt_window.resize(820, 640)
    monkey = Monkey(window, world, seed=2)
    report = monkey.run(150)
    assert report.actions == 150
    assert report.counts["poke_a_widget"] > 20
    assert not report.failures, "\n\n".join(report.failures)
    monkey.look_at_an_empty_window()
    assert report.threads[-1] - report.threads[0] <= 1
    assert not len(window.desk.session)


def test_the_checks_find_what_is_wrong(window, world):
    Actions(window, world, random.Random(1)).drop_cubes()
    assert list(problems(window)) == []
    key = next(entry.key for entry in window.desk.session)
    window.desk.adapter[key].image.metadata.clear()
    window.desk.adapter._open.pop(key)
    assert any("disagree" in problem for problem in problems(window))


def test_growth_is_the_slope_of_the_second_half():
    report = Report(1, memory_mb=[0.0, 500.0, 100.0, 101.0, 102.0, 103.0])
    assert report.growth_kb_per_action == pytest.approx(10.0)
