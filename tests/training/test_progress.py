import io
import signal
import threading

import pytest

from napari_udt.training import progress
from napari_udt.training.progress import (
    LiveLine,
    LiveLog,
    MeanLosses,
    append_row,
    forget_rows_after,
    interruption,
    read_live_log,
    read_log,
)


def test_means_start_anew_after_they_are_taken():
    means = MeanLosses()
    means.add({"ml": 1.0})
    means.add({"ml": 3.0})
    assert means.take() == {"ml": 2.0}
    means.add({"ml": 5.0})
    assert means.take() == {"ml": 5.0}


def test_a_log_is_read_as_it_was_written_and_cut_at_the_checkpoint(tmp_path):
    log = tmp_path / "run" / "log.csv"
    for step in (10, 20, 30):
        append_row(log, {"step": step, "seconds": 0.5 * step, "ml_simulated": -1 / step})
    assert [row["step"] for row in read_log(log)] == [10, 20, 30]
    forget_rows_after(log, 20)
    rows = read_log(log)
    assert [row["step"] for row in rows] == [10, 20]
    assert rows[1]["ml_simulated"] == pytest.approx(-0.05)
    assert "generator_second" not in rows[1]
    append_row(log, {"step": 30, "seconds": 15.0, "ml_simulated": -1 / 30})
    assert [row["step"] for row in read_log(log)] == [10, 20, 30]


def test_a_live_log_has_rows_of_what_there_was_and_a_torn_line_is_left_out(tmp_path, monkeypatch):
    monkeypatch.setattr(progress, "_LEAST_WAIT_S", 0.0)
    live = LiveLog(tmp_path / "run" / "live.jsonl", 10)
    assert read_live_log(live.path) == []
    live.show(1, {"ml_simulated": 2.0, "moments_simulated": 1.0}, 0.0)
    live.show(2, {"ml_simulated": 4.0}, 0.0)
    live.path.write_text(live.path.read_text() + '{"step": 3, "ml_')
    first, second = read_live_log(live.path)
    assert (first["step"], first["steps"], first["moments_simulated"]) == (1, 10, 1.0)
    assert second == {"step": 2, "steps": 10, "seconds_per_step": 0.0, "ml_simulated": 4.0}
    monkeypatch.setattr(progress, "_LEAST_WAIT_S", 60.0)
    live.show(3, {"ml_simulated": 4.0}, 0.0)
    assert len(read_live_log(live.path)) == 2


def test_a_log_that_is_cut_to_nothing_is_gone(tmp_path):
    log = tmp_path / "log.csv"
    append_row(log, {"step": 10, "cycle_simulated": 1.0})
    forget_rows_after(log, 5)
    assert read_log(log) == []
    append_row(log, {"step": 10, "ml_simulated": 2.0})
    assert read_log(log) == [{"step": 10, "ml_simulated": 2.0}]


def test_the_live_line_is_rewritten_on_terminals_only():
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    terminal, file = Terminal(), io.StringIO()
    for stream in (terminal, file):
        line = LiveLine(100, stream)
        line.show(10, {"ml_simulated": -1.25}, 2.0)
        line.finish(20, {"ml_simulated": -1.5}, 3.0)
    assert file.getvalue() == "step 20/100  ml simulated -1.500  3.00 s/step, 4 min left\n"
    assert terminal.getvalue().startswith("\rstep 10/100  ml simulated -1.250  2.00 s/step, 3 min left\r")


def test_the_first_ctrl_c_is_an_event_and_the_second_interrupts():
    before = signal.getsignal(signal.SIGINT)
    with interruption() as stopped:
        signal.raise_signal(signal.SIGINT)
        assert stopped.wait(5)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before


def test_other_threads_train_without_signals():
    found = []

    def work():
        with interruption() as stopped:
            found.append(stopped.is_set())

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == [False]
