"""Fixtures that every test may use."""

from __future__ import annotations

import os
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
