"""A monkey at the window: random actions from a seed, and after each the question whether all is well.

``xvfb-run -a python tests/viewer/monkey/monkey.py --actions 5000 --seed 1`` does the long run and prints its figures.
"""

from __future__ import annotations

import argparse
import faulthandler
import gc
import json
import logging
import os
import random
import sys
import tempfile
import threading
import time
import traceback
from collections import Counter, deque
from dataclasses import dataclass, field
from pathlib import Path
from unittest.mock import patch

import numpy as np
from monkey_actions import Actions
from monkey_checks import problems
from monkey_world import SlowTransfer, World
from napari.utils.notifications import ErrorNotification, notification_manager
from qtpy.QtCore import QEvent, QThreadPool, QTimer
from qtpy.QtWidgets import QApplication, QFileDialog, QListWidget, QMenu

from napari_udt.viewer.app import Window, open_window

SIZE = (820, 640)
_ROUND = 100  # actions between two looks at an empty window
_PATIENCE_S = 30.0


@dataclass
class Report:
    """Figures of a run; ``failures`` holds one text for each thing that went wrong."""

    seed: int
    actions: int = 0
    failures: list[str] = field(default_factory=list)
    counts: Counter = field(default_factory=Counter)
    reported: Counter = field(default_factory=Counter)
    memory_mb: list[float] = field(default_factory=list)
    widgets: list[int] = field(default_factory=list)
    threads: list[int] = field(default_factory=list)
    seconds: float = 0.0
    transfers: int = 0

    @property
    def growth_kb_per_action(self) -> float:
        """Slope of the resident memory over the second half of the looks at an empty window."""
        late = self.memory_mb[len(self.memory_mb) // 2 :]
        return float(np.polyfit(np.arange(len(late)), late, 1)[0] * 1e3 / _ROUND) if len(late) > 2 else 0.0

    def text(self) -> str:
        """Return the figures as JSON."""
        figures = {
            "seed": self.seed, "actions": self.actions, "seconds": round(self.seconds, 1),
            "transfers": self.transfers, "failures": len(self.failures),
            "memory_mb": [round(m, 1) for m in self.memory_mb],
            "growth_kb_per_action": round(self.growth_kb_per_action, 2),
            "widgets": self.widgets, "threads": self.threads, "counts": dict(self.counts.most_common()),
            "reported": dict(self.reported.most_common(30)),
        }  # fmt: skip
        return json.dumps(figures, indent=1)


class Monkey:
    """Acts on a window and watches it.

    Parameters
    ----------
    window : Window
    world : World
    seed : int
    """

    def __init__(self, window: Window, world: World, seed: int) -> None:
        self.window, self.world, self.rng = window, world, random.Random(seed)
        self.report = Report(seed)
        self.actions = Actions(window, world, self.rng)
        self._slow = SlowTransfer(seed)
        window.transfer._runs._transfer = self._slow
        self._recent: deque[str] = deque(maxlen=12)
        self._closer = QTimer(window.viewer.window._qt_window)
        self._closer.timeout.connect(self._answer_what_blocks)
        self._closer.start(30)

    def run(self, count: int) -> Report:
        """Do ``count`` actions."""
        start = time.perf_counter()
        with self._watching():
            for index in range(count):
                self.step()
                if (index + 1) % _ROUND == 0 or index + 1 == count:
                    self.look_at_an_empty_window()
                    print(
                        f"{index + 1} actions, {time.perf_counter() - start:.0f} s",
                        file=sys.stderr,
                        flush=True,
                    )
        self.report.seconds, self.report.transfers = time.perf_counter() - start, self._slow.finished
        return self.report

    def step(self) -> None:
        """Do one action, let the window answer, and ask whether all is well."""
        action = self.actions.choose()
        self._recent.append(action.__name__)
        self.report.counts[action.__name__] += 1
        self.report.actions += 1
        try:
            action()
            QApplication.processEvents()
            if self.rng.random() < 0.2:
                settle(self.rng.uniform(0.0, 0.1))
        except Exception:
            self.fail(traceback.format_exc())
        for problem in problems(self.window):
            self.fail(problem)

    def look_at_an_empty_window(self) -> None:
        """Close everything, wait until nothing runs, and note memory, widgets and threads."""
        self.window.transfer.cancel()
        self.window.viewer.layers.clear()
        self.window.viewer.dims.ndisplay = 2
        self.window.viewer.canvas.grid.enabled = False
        self.window.viewer.theme = "dark"
        self.window.context.session.set_options(hover=True)
        end = time.monotonic() + _PATIENCE_S
        while (
            QThreadPool.globalInstance().activeThreadCount() or self.window.spectra.busy
        ) and time.monotonic() < end:
            settle(0.05)
        settle(0.1)
        _dismiss_notifications()
        history = self.window.context.session.history
        history._done, history._undone = [], []  # up to 2 GB of closed cubes, kept for Undo as they should be
        _delete_what_shall_go()
        gc.collect()
        settle(0.1)
        self.report.memory_mb.append(_resident_mb())
        self.report.widgets.append(len(QApplication.allWidgets()))
        self.report.threads.append(threading.active_count())

    def fail(self, text: str) -> None:
        """Note a failure, with what led to it; the same one only once."""
        text = text.strip()
        if all(not known.startswith(text) for known in self.report.failures):
            self.report.failures.append(
                f"{text}\nafter {self.report.actions} actions: {', '.join(self._recent)}"
            )
            print(f"FAILURE {self.report.failures[-1]}\n", file=sys.stderr, flush=True)

    def _watching(self):
        """Catch what would otherwise only be printed: errors in slots, in threads, in callbacks of the canvas."""
        from contextlib import ExitStack

        stack = ExitStack()
        stack.enter_context(patch.object(sys, "excepthook", self._hook))
        stack.enter_context(
            patch.object(
                sys, "unraisablehook", lambda u: self._hook(u.exc_type, u.exc_value, u.exc_traceback)
            )
        )
        stack.enter_context(
            patch.object(
                threading, "excepthook", lambda a: self._hook(a.exc_type, a.exc_value, a.exc_traceback)
            )
        )
        rng, world = self.rng, self.world
        answers = {
            "getOpenFileNames": lambda *a, **k: (
                [str(p) for p in rng.sample([*world.good, *world.bad], 2)],
                "",
            ),
            "getOpenFileName": lambda *a, **k: (str(rng.choice([*world.good, *world.bad])), ""),
            "getSaveFileName": lambda *a, **k: (world.export_name(rng), "Table (*.csv)"),
            "getExistingDirectory": lambda *a, **k: str(rng.choice([world.folder, world.models, ""])),
        }
        for name, answer in answers.items():
            stack.enter_context(patch.object(QFileDialog, name, staticmethod(answer)))
        handler = _Listener(self.fail)
        logging.getLogger("vispy").addHandler(handler)
        stack.callback(logging.getLogger("vispy").removeHandler, handler)
        notification_manager.notification_ready.connect(self._on_notification)
        stack.callback(notification_manager.notification_ready.disconnect, self._on_notification)
        return stack

    def _hook(self, kind, error, trace) -> None:
        self.fail("".join(traceback.format_exception(kind, error, trace)))

    def _on_notification(self, notification) -> None:
        if isinstance(notification, ErrorNotification):
            error = notification.exception
            self._hook(type(error), error, error.__traceback__)
        self.report.reported[f"{notification.severity}: {notification.message[:150]}"] += 1

    def _answer_what_blocks(self) -> None:
        """Pick something in an open menu, and close it; answer a dialog that holds the window."""
        popup, dialog = QApplication.activePopupWidget(), QApplication.activeModalWidget()
        if isinstance(popup, QMenu):
            for view in popup.findChildren(QListWidget):
                self.actions._poke_view(view)
            popup.close()
        elif popup is not None:
            popup.close()
        if dialog is not None:
            dialog.close()


class _Listener(logging.Handler):
    """Hands warnings of a log on."""

    def __init__(self, tell) -> None:
        super().__init__(logging.WARNING)
        self._tell = tell

    def emit(self, record: logging.LogRecord) -> None:
        self._tell(record.getMessage())


def settle(seconds: float) -> None:
    """Let the window live for a while."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        QApplication.processEvents()
        time.sleep(0.005)


def _dismiss_notifications() -> None:
    """Close what napari has reported: only the newest notification is taken away after a while, slower than they come here."""
    from napari._qt.dialogs.qt_notification import NapariQtNotification

    for reported in list(NapariQtNotification._instances):
        reported.close()


def _delete_what_shall_go() -> None:
    """Delete widgets that wait for it: Qt does so when control returns to the event loop, which nobody runs here."""
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)


def _resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def main() -> int:
    """Run the monkey from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--actions", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    faulthandler.enable()
    faulthandler.dump_traceback_later(900, repeat=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ["NAPARI_CONFIG"] = str(folder / "settings.yaml")
        os.environ["XDG_CONFIG_HOME"] = str(folder)  # where Qt keeps what docks remember
        os.environ["NAPARI_UDT_CHOICES"] = str(folder / "choices.json")
        (folder / "world").mkdir()
        world = World(folder / "world")
        os.environ["NAPARI_UDT_MODELS"] = str(world.models)
        window = open_window()
        window.viewer.window._qt_window.resize(*SIZE)
        report = Monkey(window, world, args.seed).run(args.actions)
        window.viewer.close()
    print(report.text())
    return 1 if report.failures else 0


if __name__ == "__main__":
    sys.exit(main())
