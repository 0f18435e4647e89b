"""Work in the background: progress, cancelling, the newest request wins."""

from __future__ import annotations

import threading

import pytest

from napari_udt.errors import CubeError, TransferCancelled
from napari_udt.viewer.state.jobs import Job, KeyedJobs, LatestJob, WorkerThread, error_text


def test_a_job_holds_what_the_work_returns():
    job = Job(lambda report: "found")
    job.run()
    assert (job.result, job.error) == ("found", None)


def test_reports_are_throttled_and_the_last_is_never_left_out():
    reports = []

    def quick(report):
        for done in range(100_001):
            report(done, 100_000)

    Job(quick).run(lambda *report: reports.append(report))
    assert len(reports) < 20
    assert reports[0] == (0, 100_000)
    assert reports[-1] == (100_000, 100_000)


def test_a_cancelled_job_ends_at_its_next_report():
    steps = []

    def work(report):
        for step in range(5):
            report(step, 5)
            steps.append(step)
            if step == 1:
                job.cancel()

    job = Job(work)
    job.run()
    assert steps == [0, 1]
    assert job.result is None
    assert isinstance(job.error, TransferCancelled)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (CubeError("There is no cube."), "There is no cube."),
        (ValueError("odd"), "This could not be computed (ValueError: odd)."),
        (
            MemoryError("Unable to allocate 93.1 GiB"),
            "This could not be computed: there is not enough memory; close other cubes, or other programs.",
        ),
    ],
)
def test_errors_become_sentences(error, words):
    def work(_report):
        raise error

    job = Job(work)
    job.run()
    assert error_text(job.error) == words


def test_a_librarys_many_lines_become_one_short_sentence():
    error = ValueError("operands could not be broadcast\n together " + "(3,4) " * 60)
    for consequence in (".", "; the open cubes are as they were."):
        sentence = error_text(error, consequence=consequence)
        assert len(sentence) < 200
        assert "\n" not in sentence
        assert sentence.endswith(f"…){consequence}")


def test_only_the_newest_answer_counts():
    functions = []
    latest = LatestJob(functions.append)
    results = []
    latest.done.connect(lambda: results.append(latest.result))
    latest.start(lambda: "old")
    latest.start(lambda: "new")
    assert latest.busy
    for function in reversed(functions):  # the older one is even later
        function()
    assert (latest.result, latest.busy, results) == ("new", False, ["new"])


def test_an_answer_that_is_overtaken_while_it_is_computed_is_dropped():
    functions = []
    latest = LatestJob(functions.append)

    def slow():
        latest.start(lambda: "new")
        return "old"

    latest.start(slow)
    functions[0]()
    assert latest.busy
    assert latest.result is None
    functions[1]()
    assert latest.result == "new"


def test_a_later_result_replaces_an_error_and_dropping_forgets_both():
    latest = LatestJob()
    latest.start(lambda: 1 / 0)
    assert "ZeroDivisionError" in latest.error
    latest.start(lambda: 3)
    assert (latest.result, latest.error) == (3, "")
    latest.drop()
    assert latest.result is None


def test_work_of_one_key_is_done_once_and_announced():
    functions, done, ended = [], [], []
    jobs = KeyedJobs(functions.append)
    jobs.ended.connect(lambda: ended.append(list(done)))
    for key in ("a", "a", "b"):
        jobs.request(key, lambda key=key: done.append(key))
    assert len(functions) == 2
    assert jobs.is_pending("a")
    for function in functions:
        function()
    assert ended == [["a"], ["a", "b"]]
    assert not jobs.busy


def test_work_that_is_not_requested_again_is_left_out():
    functions, done = [], []
    jobs = KeyedJobs(functions.append)
    for keys in (("old", "wanted"), ("wanted",)):
        jobs.start_round()
        for key in keys:
            jobs.request(key, lambda key=key: done.append(key))
    for function in functions:
        function()
    assert done == ["wanted"]
    assert not jobs.busy


def test_work_that_fails_is_pending_no_more():
    functions = []
    jobs = KeyedJobs(functions.append)
    jobs.request("a", lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        functions.pop()()
    assert not jobs.busy


def test_the_worker_thread_drops_what_waits_when_stopped():
    worker, begun, go, ran = WorkerThread(), threading.Event(), threading.Event(), []

    def first():
        begun.set()
        go.wait(5)
        ran.append(threading.current_thread().name)

    worker.submit(first)
    worker.submit(lambda: ran.append("second"))
    assert begun.wait(5)
    worker.stop("what Qt sends along")
    go.set()
    for thread in threading.enumerate():
        if thread.name.startswith("napari-udt"):
            thread.join(5)
    assert len(ran) == 1
    assert ran[0].startswith("napari-udt")
