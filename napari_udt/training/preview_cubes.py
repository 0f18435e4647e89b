"""Small cubes that the preview of a run shows, made when its cubes are looked at."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from napari_udt.collection.reading import PreparedCube, opened
from napari_udt.collection.survey import Found, Survey
from napari_udt.cube import SpectralCube
from napari_udt.io import save_cube

CUBES = {"simulated": "preview_simulated.udt.h5", "second": "preview_target.udt.h5"}
# Where the cube comes from, in the metadata of its small copy.
FILE, CANDIDATE = "file", "candidate"
_MOST_SPECTRA = 12_000  # of a hyperspectral picture


def save_preview_cubes(found: Mapping[str, Survey], folder: Path) -> None:
    """Write a small cube of each domain at the run's wavelengths: of the cube that shows the most classes.

    Of a hyperspectral cube every n-th pixel is taken, so that its transfer takes a fraction of a second; an image stays whole,
    since a network looks at neighbours.

    Parameters
    ----------
    found : mapping of {"simulated", "second"} to Survey
    folder : Path
        Of the run.
    """
    for domain, known in found.items():
        chosen = max(known.cubes, key=lambda cube: (len(cube.structures), sum(cube.structures.values())))
        with opened(chosen.member, known.collection) as prepared:
            save_cube(_small(prepared, chosen), folder / CUBES[domain], overwrite=True)


def _small(prepared: PreparedCube, found: Found) -> SpectralCube:
    cube = prepared.cube
    step = thinning(cube.shape[:2]) if cube.modality == "HSI" else 1
    rows, columns = (np.arange(0, side, step) for side in cube.shape[:2])
    places = np.meshgrid(rows, columns, indexing="ij")
    spectra = prepared.spectra(*(place.reshape(-1) for place in places))
    return SpectralCube(
        spectra.reshape(len(rows), len(columns), -1),
        prepared.collection.grid,
        cube.modality,
        found.member.domain,
        None if cube.labels is None else cube.labels[::step, ::step],
        cube.label_names,
        quantity=cube.quantity,
        name=found.member.name,
        metadata={FILE: str(found.member.path), CANDIDATE: found.member.candidate},
    )


def thinning(shape: tuple[int, ...]) -> int:
    """Return n such that every n-th pixel of a picture, down and across, is few enough for a preview."""
    return max(1, math.ceil(math.sqrt(math.prod(shape) / _MOST_SPECTRA)))
