"""Fixtures that every test may use."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

import pytest
import pytest_xvfb

PROJECT = Path(__file__).resolve().parent.parent

# torch's builds for CUDA look for triton when an optimiser is made. Where windows were drawn by the processor (Mesa) in the
# same process, loading it ends Python: both bring an LLVM. The tests need no triton; trainings have a process of their own.
sys.modules.setdefault("triton", None)  # type: ignore[arg-type]


@pytest.fixture(scope="session")
def shared() -> Path:
    """Folder with measured tables and fixtures that do not belong to the project; skips where absent."""
    folder = Path(os.environ.get("NAPARI_UDT_SHARED", PROJECT.parent / "shared"))
    if not folder.is_dir():
        pytest.skip(f"shared measured tables and fixtures are not at {folder} (set NAPARI_UDT_SHARED)")
    return folder


@pytest.fixture(autouse=True)
def _same_random_numbers() -> None:
    """Let torch draw the same numbers in every run, whichever tests ran before in the same process."""
    if "torch" in sys.modules:
        sys.modules["torch"].manual_seed(0)


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


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Begin each test with an empty cache, away from the user's.

    What engines chose by a measurement stays from test to test: processes of one test must choose alike.
    """
    speed = tmp_path_factory.getbasetemp() / "speed"
    folder = tmp_path_factory.getbasetemp() / "caches" / uuid4().hex
    speed.mkdir(exist_ok=True)
    folder.mkdir(parents=True)
    with suppress(OSError):  # where links are not allowed each test measures anew
        (folder / "speed").symlink_to(speed, target_is_directory=True)
    monkeypatch.setenv("NAPARI_UDT_CACHE", str(folder))


@pytest.fixture
def few_trees(monkeypatch: pytest.MonkeyPatch) -> None:
    """Grow small forests, for tests of what is done with scores rather than of how good they are."""
    for name in ("downstream.TREES", "two_sample.TREES", "label_recovery._TREES"):
        monkeypatch.setattr(f"napari_udt.evaluation.{name}", 5)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run tests with windows first, a file at a time; in one process where the processes share a screen.

    Two windows on one screen would take each other's focus and mouse; pytest-xvfb gives each process its own.
    """
    own_screen = pytest_xvfb.xvfb_instance is not None

    def has_windows(item: pytest.Item) -> bool:
        return "viewer" in item.path.parts or "qtbot" in getattr(item, "fixturenames", ())

    items.sort(key=lambda item: not has_windows(item))  # stable: the order within both parts stays
    for item in items:
        if has_windows(item):
            group = item.path.relative_to(PROJECT).as_posix() if own_screen else "windows"
            item.add_marker(pytest.mark.xdist_group(group))
            # A window system answers in its own time; what passes only at the second try is named in the summary.
            item.add_marker(pytest.mark.flaky(reruns=1))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """End a dialog that nobody answers shortly before the time limit: no signal reaches Python while Qt waits for events."""
    application = _qt_application()
    limit = float(item.config.getini("timeout") or 0)
    if application is None or not limit:
        return (yield)
    from qtpy.QtCore import QTimer

    timer = QTimer()
    timer.setSingleShot(True)
    stopped = []
    timer.timeout.connect(lambda: (stopped.append(1), application.exit(1)))
    timer.start(round(0.9 * limit * 1000))
    try:
        result = yield
    finally:
        timer.stop()
    if stopped:
        pytest.fail(f"Qt still waited for events after {0.9 * limit:.0f} s")
    return result


def _qt_application() -> object:
    """Return the Qt application of this process, without importing Qt for tests that do without."""
    return sys.modules["qtpy.QtWidgets"].QApplication.instance() if "qtpy.QtWidgets" in sys.modules else None
