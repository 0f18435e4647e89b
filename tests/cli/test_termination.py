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


def _asked_to_end(ask, seconds=10.0):
    end = time.monotonic() + seconds
    with ending_cleanly():
        ask()
        _works_until(end)


def _works_until(end):
    while time.monotonic() < end:
        time.sleep(0.01)


def test_the_request_to_end_interrupts():
    with pytest.raises(KeyboardInterrupt):
        _asked_to_end(lambda: signal.raise_signal(signal.SIGTERM))


def test_a_request_that_falls_into_a_destructor_is_not_lost():
    start = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        _asked_to_end(_AskedWhileDying)
    assert time.monotonic() - start < 5


def test_afterwards_all_is_as_it_was():
    answers = signal.getsignal(signal.SIGTERM), sys.unraisablehook
    with ending_cleanly():
        assert signal.getsignal(signal.SIGTERM) != answers[0]
    assert (signal.getsignal(signal.SIGTERM), sys.unraisablehook) == answers
