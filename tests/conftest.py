"""Fixtures that every test may use."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def shared() -> Path:
    """Folder with measured tables and fixtures that do not belong to the project; skips where absent."""
    folder = Path(os.environ.get("NAPARI_UDT_SHARED", PROJECT.parent / "shared"))
    if not folder.is_dir():
        pytest.skip(f"shared measured tables and fixtures are not at {folder} (set NAPARI_UDT_SHARED)")
    return folder


@pytest.fixture(scope="session", autouse=True)
def _ctrl_c_is_heard() -> Iterator[None]:
    """A shell's background job, and all its children, ignore SIGINT from birth: tests of Ctrl-C would wait for ever."""
    before = signal.getsignal(signal.SIGINT)
    if before is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(autouse=True)
def _no_samples_of_the_user(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Let tests open the samples that come with the program, not those that somebody made on this machine."""
    monkeypatch.setenv("NAPARI_UDT_SAMPLES", str(tmp_path_factory.getbasetemp() / "no samples"))
