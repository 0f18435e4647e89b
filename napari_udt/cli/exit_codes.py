"""Exit codes of the commands."""

from __future__ import annotations

SUCCESS = 0
ERROR = 2
SOME_FAILED = 3  # of several files or models
INTERRUPTED = 130  # what a shell expects of a command that Ctrl-C has stopped
