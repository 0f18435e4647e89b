"""The sample data: four small cubes, two per modality."""

from __future__ import annotations

import os
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Literal

import platformdirs

from napari_udt.errors import CubeError

SampleKey = Literal["hsi_simulated", "hsi_second", "pat_simulated", "pat_second"]

SAMPLES: dict[SampleKey, str] = {
    "hsi_simulated": "hsi_organs_simulated.udt.h5",
    "hsi_second": "hsi_organs_second.udt.h5",
    "pat_simulated": "pat_forearm_simulated.udt.h5",
    "pat_second": "pat_forearm_second.udt.h5",
}
SAMPLES_VARIABLE = "NAPARI_UDT_SAMPLES"


def user_sample_folder() -> Path:
    """Folder of samples that the user made; the environment variable NAPARI_UDT_SAMPLES overrides it."""
    override = os.environ.get(SAMPLES_VARIABLE)
    if override:
        return Path(override)
    return platformdirs.user_data_path("napari-udt", appauthor=False) / "sample_data"


def sample_folder() -> Path:
    """Folder that the samples are opened from: the user's own when all four are there, else the built-in one."""
    folders = list(_folders())
    return next((folder for folder in folders if _is_complete(folder)), folders[-1])


def sample_path(key: SampleKey) -> Path:
    """Return the file of a sample.

    Raises
    ------
    CubeError
        When it is not there: the installation is incomplete.
    """
    path = sample_folder() / SAMPLES[key]
    if not path.is_file():
        raise CubeError(
            f"Sample {SAMPLES[key]} is not at {path.parent}: install napari-udt again, "
            "or make the samples with `napari-udt simulate samples`."
        )
    return path


def _folders() -> Iterator[Path]:
    """Folders that may hold the samples: the user's, that of an installed wheel, that of a source tree."""
    package = Path(str(files("napari_udt")))  # pip unpacks packages: there are always plain files
    yield user_sample_folder()
    yield package / "sample_data"
    yield package.parent / "sample_data"


def _is_complete(folder: Path) -> bool:
    return all((folder / name).is_file() for name in SAMPLES.values())
