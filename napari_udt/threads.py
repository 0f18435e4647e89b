"""How torch's threads wait."""

from __future__ import annotations

import os
import sys


def wait_passively() -> None:
    """Let OpenMP's threads sleep while they wait; call this before torch is first imported.

    Threads that spin occupy the cores that the window (or another program) needs: two of them beside one busy
    process were measured to run 10 to 25 times slower. Whoever has set a policy keeps it.
    """
    if "torch" not in sys.modules:
        os.environ.setdefault("OMP_WAIT_POLICY", "passive")
