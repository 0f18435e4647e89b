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
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from napari_udt.cube import DOMAINS, MODALITIES, Domain, Modality
from napari_udt.errors import CubeError
from napari_udt.files import hdf5_strings
from napari_udt.files.reading import require_regular
from napari_udt.files.writing import new_hdf5, whole_or_nothing
from napari_udt.outgoing_text import one_line

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
    except MemoryError as error:
        raise CubeError(f"{path}: the data set is too large for this machine's memory.") from error
    except (OSError, KeyError, ValueError, TypeError, OverflowError, RuntimeError) as error:
        raise CubeError(
            f"{path}: not a napari-udt data set ({one_line(str(error))[:200]}); make one with `napari-udt simulate`."
        ) from error


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
    if texts["modality"] not in MODALITIES or texts["domain"] not in DOMAINS:
        raise ValueError(f"modality {texts['modality']!r}, domain {texts['domain']!r}")
    parameters = _group(file, "parameters")
    dataset = Dataset(
        samples=_numbers(file, _samples_key(texts["modality"]), "f")[:],
        labels=_numbers(file, "labels", "iu")[:],
        wavelengths_nm=_numbers(file, "wavelengths_nm", "fiu")[:],
        class_names=tuple(hdf5_strings.attributes(file, "class_names", path)),
        modality=texts["modality"],
        domain=texts["domain"],
        origin=texts["origin"],
        seed=int(attrs["seed"]),
        generator=json.loads(texts["generator"]),
        oxygenation=_numbers(file, "oxygenation", "f")[:] if "oxygenation" in file else None,
        parameters={name: _numbers(parameters, name, "fiub")[:] for name in parameters},
    )
    _check(dataset)
    return dataset


def _group(file: h5py.File, name: str) -> h5py.Group | dict[str, Any]:
    found = file.get(name, {})
    if not isinstance(found, h5py.Group | dict):
        raise ValueError(f"{name} is no group")
    return found


def _numbers(parent: h5py.Group | dict[str, Any], name: str, kinds: str) -> h5py.Dataset:
    """Return an array that lies in the file itself and holds numbers of some kinds, those of a numpy type."""
    if not isinstance(parent, h5py.Group) or not isinstance(parent.get(name, getlink=True), h5py.HardLink):
        raise ValueError(f"{name} is missing, or a link")
    found = parent[name]
    if (
        not isinstance(found, h5py.Dataset)
        or found.dtype.kind not in kinds
        or found.is_virtual
        or found.external
    ):
        raise ValueError(f"{name} is no array of such numbers")
    return found


def _check(dataset: Dataset) -> None:
    """Refuse arrays that do not go together.

    Raises
    ------
    ValueError
    """
    samples, labels, nm = dataset.samples, dataset.labels, dataset.wavelengths_nm
    pictures = dataset.modality == "PAT"
    if samples.ndim != (4 if pictures else 2) or nm.shape != samples.shape[1:2]:
        raise ValueError(f"samples of shape {samples.shape} at wavelengths of shape {nm.shape}")
    if not (np.isfinite(nm).all() and (np.diff(nm) > 0).all()):
        raise ValueError("its wavelengths do not increase")
    if labels.shape != (len(samples), *samples.shape[2:]):
        raise ValueError(f"labels of shape {labels.shape} for samples of shape {samples.shape}")
    if labels.size and not -1 <= labels.min() <= labels.max() < len(dataset.class_names):
        raise ValueError(f"labels {labels.min()} to {labels.max()} of {len(dataset.class_names)} classes")
    if dataset.oxygenation is not None and dataset.oxygenation.shape != labels.shape:
        raise ValueError(f"oxygenation of shape {dataset.oxygenation.shape}")
    if any(len(values) != len(samples) for values in dataset.parameters.values()):
        raise ValueError(f"parameters of another number than its {len(samples)} samples")
    if not isinstance(dataset.generator, Mapping):
        raise ValueError("its generator is no mapping")


def _samples_key(modality: str) -> str:
    return "spectra" if modality == "HSI" else "images"
