"""Sets of spectra or images to train on, kept in HDF5.

A data set file has the root attributes ``format`` ("napari-udt dataset"), ``version``, ``modality``, ``domain``,
``origin``, ``seed``, ``generator`` (JSON), ``class_names`` and the datasets

* ``wavelengths_nm`` (C,);
* HSI: ``spectra`` (N, C) and ``labels`` (N,);
* PAT: ``images`` (N, C, H, W), ``labels`` (N, H, W) and ``oxygenation`` (N, H, W);
* ``parameters/<name>`` (N, ...): everything that was drawn, the ground truth of the evaluation.

Labels are indices into ``class_names``; -1 stands for "unknown".
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import h5py
import numpy as np
from numpy.typing import NDArray

from napari_udt.cube import Domain, Modality
from napari_udt.errors import CubeError
from napari_udt.files import hdf5_strings
from napari_udt.files.reading import require_regular
from napari_udt.files.writing import new_hdf5, whole_or_nothing

FORMAT = "napari-udt dataset"
VERSION = 1


@dataclass(frozen=True, eq=False)
class Dataset:
    """Unpaired samples of one domain.

    Parameters
    ----------
    samples : float32 array
        Spectra (N, C) for HSI, images (N, C, H, W) for PAT.
    labels : integer array
        (N,) for HSI, (N, H, W) for PAT; indices into ``class_names``, -1 where unknown.
    wavelengths_nm : array, shape (C,)
    class_names : tuple of str
        In the order of the one-hot condition.
    modality, domain : str
        As in :class:`napari_udt.cube.SpectralCube`.
    origin : str
        What the samples honestly are: "simulated", "drawn from measured statistics", "digital device".
    seed : int
        Seed of the generator.
    generator : mapping
        Name, version and settings of what made the samples; JSON-serialisable.
    oxygenation : array, shape (N, H, W), optional
        Fraction 0-1, NaN where there is no blood.
    parameters : mapping of str to array (N, ...)
        Everything that was drawn for each sample.
    """

    samples: NDArray[np.float32]
    labels: NDArray[np.integer[Any]]
    wavelengths_nm: NDArray[np.float64]
    class_names: tuple[str, ...]
    modality: Modality
    domain: Domain
    origin: str
    seed: int
    generator: Mapping[str, Any] = field(default_factory=dict)
    oxygenation: NDArray[np.float32] | None = None
    parameters: Mapping[str, NDArray[Any]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.samples)


def save_dataset(dataset: Dataset, path: str | Path) -> None:
    """Write a data set, whole or not at all.

    Raises
    ------
    WriteError
        When the disk is full, read-only, and the like; an older file is untouched then.
    """
    with whole_or_nothing(Path(path)) as temporary, new_hdf5(temporary) as file:
        texts = {
            "format": FORMAT,
            "modality": dataset.modality,
            "domain": dataset.domain,
            "origin": dataset.origin,
            "generator": json.dumps(dict(dataset.generator)),
        }
        file.attrs.update(version=VERSION, seed=dataset.seed)
        file.attrs.update({name: hdf5_strings.fixed(value) for name, value in texts.items()})
        file.attrs["class_names"] = hdf5_strings.fixed_list(dataset.class_names)
        packed = {"chunks": True, "compression": "gzip", "compression_opts": 1, "shuffle": True}
        file["wavelengths_nm"] = dataset.wavelengths_nm
        file.create_dataset(_samples_key(dataset.modality), data=dataset.samples, **packed)
        file.create_dataset("labels", data=dataset.labels, **packed)
        if dataset.oxygenation is not None:
            file.create_dataset("oxygenation", data=dataset.oxygenation, **packed)
        for name, values in dataset.parameters.items():
            file.create_dataset(f"parameters/{name}", data=values)


def load_dataset(path: str | Path) -> Dataset:
    """Read a data set.

    Raises
    ------
    CubeError
        When the file is not a data set of a version that is known.
    """
    path = Path(path)
    try:
        require_regular(path)
        with h5py.File(path, "r") as file:
            return _read(file, path)
    except CubeError:
        raise
    except (OSError, KeyError, ValueError) as error:
        raise CubeError(f"{path}: not a napari-udt data set ({error}).") from error


def _read(file: h5py.File, path: Path) -> Dataset:
    attrs = file.attrs
    texts = {
        name: hdf5_strings.attribute(file, name, path) or ""
        for name in ("format", "modality", "domain", "origin", "generator")
    }
    if texts["format"] != FORMAT:
        raise CubeError(f"{path}: not a napari-udt data set; make one with `napari-udt simulate`.")
    if attrs["version"] > VERSION:
        raise CubeError(
            f"{path}: data set version {attrs['version']}, known up to {VERSION}; update napari-udt."
        )
    oxygenation = file.get("oxygenation")
    return Dataset(
        samples=file[_samples_key(texts["modality"])][:],
        labels=file["labels"][:],
        wavelengths_nm=file["wavelengths_nm"][:],
        class_names=tuple(hdf5_strings.attributes(file, "class_names", path)),
        modality=cast(Modality, texts["modality"]),
        domain=cast(Domain, texts["domain"]),
        origin=texts["origin"],
        seed=int(attrs["seed"]),
        generator=json.loads(texts["generator"]),
        oxygenation=None if oxygenation is None else oxygenation[:],
        parameters={name: values[:] for name, values in file.get("parameters", {}).items()},
    )


def _samples_key(modality: str) -> str:
    return "spectra" if modality == "HSI" else "images"
