"""Being asked to end, at a bad moment too."""

import signal
import sys
import time

import pytest

from napari_udt.cli.termination import ending_cleanly


class _AskedWhileDying:
    def __del__(self):
        signal.raise_signal(signal.SIGTERM)
        time.sleep(0.01)  # here the signal is answered, and Python drops what a destructor raises


def _asked_to_end(ask, worked):
    """Ask, then work for ten seconds if nothing interrupts."""
    with ending_cleanly():
        ask()
        for step in range(1000):
            time.sleep(0.01)
            worked.append(step)


def test_the_request_to_end_interrupts():
    worked = []
    with pytest.raises(KeyboardInterrupt):
        _asked_to_end(lambda: signal.raise_signal(signal.SIGTERM), worked)
    assert len(worked) < 1000


def test_a_request_that_falls_into_a_destructor_is_not_lost():
    worked = []
    with pytest.raises(KeyboardInterrupt):
        _asked_to_end(_AskedWhileDying, worked)
    assert len(worked) < 1000


def test_afterwards_all_is_as_it_was():
    answers = signal.getsignal(signal.SIGTERM), sys.unraisablehook
    with ending_cleanly():
        assert signal.getsignal(signal.SIGTERM) != answers[0]
    assert (signal.getsignal(signal.SIGTERM), sys.unraisablehook) == answers
