"""The sample data: four small cubes, two per modality."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import napari_udt
from napari_udt.errors import CubeError

SampleKey = Literal["hsi_simulated", "hsi_second", "pat_simulated", "pat_second"]

SAMPLES: dict[SampleKey, str] = {
    "hsi_simulated": "hsi_organs_simulated.udt.h5",
    "hsi_second": "hsi_organs_second.udt.h5",
    "pat_simulated": "pat_forearm_simulated.udt.h5",
    "pat_second": "pat_forearm_second.udt.h5",
}


def sample_folder() -> Path:
    """Folder of the sample data: beside the package in a checkout."""
    return Path(napari_udt.__file__).resolve().parent.parent / "sample_data"


def sample_path(key: SampleKey) -> Path:
    """Return the file of a sample.

    Raises
    ------
    CubeError
        When it is not there: an installed wheel does not carry the samples.
    """
    path = sample_folder() / SAMPLES[key]
    if not path.is_file():
        raise CubeError(
            f"Sample {SAMPLES[key]} is not at {path.parent}: the samples come with the source tree of napari-udt; "
            "get the source tree, or make them with `napari-udt simulate samples`."
        )
    return path
