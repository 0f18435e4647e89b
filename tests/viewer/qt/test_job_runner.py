"""One job at a time in Qt's threads: results in the window's thread, cancelling, late results."""

from __future__ import annotations

import threading

import pytest
from qtpy.QtCore import QObject

from napari_udt.viewer.qt.jobs import JobRunner


@pytest.fixture
def parent(qapp):
    return QObject()


@pytest.fixture
def runner(parent):
    runner = JobRunner(parent)
    runner.seen = []
    for name in ("progressed", "ended", "failed", "cancelled"):
        getattr(runner, name).connect(lambda *values, name=name: runner.seen.append((name, *values)))
    return runner


class Work:
    """Waits for the gate, reporting meanwhile unless it is deaf; says in which thread it ran, and whether it ended."""

    def __init__(self, result="result", deaf=False):
        self.gate, self.begun, self.over = threading.Event(), threading.Event(), threading.Event()
        self.result, self.deaf = result, deaf

    def __call__(self, report):
        self.thread = threading.current_thread()
        self.begun.set()
        try:
            while not self.gate.wait(0.01):
                if not self.deaf:
                    report(1, 2)
        finally:
            self.over.set()
        return self.result


def test_the_result_arrives_in_the_windows_thread(qtbot, runner):
    work, results = Work(), []
    assert runner.start(work, lambda result: results.append((result, threading.current_thread())))
    assert runner.running
    qtbot.waitUntil(lambda: ("progressed", 1, 2) in runner.seen, timeout=5000)
    work.gate.set()
    qtbot.waitUntil(lambda: not runner.running, timeout=5000)
    assert results == [("result", threading.main_thread())]
    assert work.thread is not threading.main_thread()
    assert runner.seen[-1] == ("ended",)


def test_there_is_one_job_at_a_time(qtbot, runner):
    first, second, results = Work("first"), Work("second"), []
    assert runner.start(first, results.append)
    assert not runner.start(second, results.append)
    first.gate.set()
    qtbot.waitUntil(lambda: not runner.running, timeout=5000)
    assert results == ["first"]
    assert not second.begun.is_set()


def test_a_cancelled_job_runs_until_it_has_ended(qtbot, runner):
    work, results = Work(), []
    runner.start(work, results.append)
    qtbot.waitUntil(work.begun.is_set, timeout=5000)
    runner.cancel()
    assert runner.running
    qtbot.waitUntil(lambda: not runner.running, timeout=5000)
    assert work.over.is_set()
    assert results == []
    assert runner.seen[-2:] == [("ended",), ("cancelled",)]


def test_the_late_result_of_a_dropped_job_is_ignored(qtbot, runner):
    late, next_one, results = Work("late", deaf=True), Work("next"), []
    runner.start(late, results.append)
    qtbot.waitUntil(late.begun.is_set, timeout=5000)
    assert runner.drop()
    assert not runner.running
    assert runner.start(next_one, results.append)
    late.gate.set()
    qtbot.waitUntil(late.over.is_set, timeout=5000)
    qtbot.wait(50)
    assert runner.running
    next_one.gate.set()
    qtbot.waitUntil(lambda: not runner.running, timeout=5000)
    assert results == ["next"]
    assert not runner.drop()


def test_an_error_is_handed_on_and_another_job_may_follow(qtbot, runner):
    error, results = ValueError("odd"), []

    def broken(_report):
        raise error

    runner.start(broken, results.append)
    qtbot.waitUntil(lambda: not runner.running, timeout=5000)
    assert runner.seen == [("ended",), ("failed", error)]
    runner.start(lambda _report: 3, results.append)
    qtbot.waitUntil(lambda: results == [3], timeout=5000)


def test_a_job_is_cancelled_with_the_parent(qtbot, parent, runner):
    work = Work()
    runner.start(work, lambda _result: pytest.fail("The window is gone."))
    qtbot.waitUntil(work.begun.is_set, timeout=5000)
    parent.deleteLater()
    qtbot.waitUntil(work.over.is_set, timeout=5000)
