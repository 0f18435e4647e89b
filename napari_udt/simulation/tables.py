"""Measured tables that the simulations start from: read where they lie, never copied into the package.

The tables belong to others (each has its public source in :data:`SOURCES`), so a user brings them: in the
folder given by ``--tables``, in ``$NAPARI_UDT_SHARED/data``, or in ``shared/data`` beside the project.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_udt.errors import SimulationError

Array = NDArray[np.float64]

PROJECT = Path(__file__).resolve().parents[2]
SHARED_VARIABLE = "NAPARI_UDT_SHARED"


@dataclass(frozen=True)
class Source:
    """What a table file must hold and where the public gets it.

    Parameters
    ----------
    file : str
        File name inside the tables folder.
    columns : str
        What the file holds, in words.
    origin : str
        The public source.
    """

    file: str
    columns: str
    origin: str


SOURCES: dict[str, Source] = {
    "absorption": Source(
        "absorption_coefficients.csv",
        "wavelength_nm, oxyhemoglobin_per_cm, deoxyhemoglobin_per_cm, water_per_cm, fat_per_cm, melanin_per_cm",
        "the spectra library of SIMPA, github.com/IMSY-DKFZ/simpa (Prahl, Jacques and others)",
    ),
    "scattering": Source(
        "scattering_coefficients.csv",
        "wavelength_nm, background_per_cm, blood_per_cm, bone_per_cm, fat_per_cm, muscle_per_cm",
        "the spectra library of SIMPA, github.com/IMSY-DKFZ/simpa",
    ),
    "organs": Source(
        "hsi_pig_organs_tivita.csv",
        "species, organ, statistic (mean or std), then one column per wavelength in nm",
        "SpectraVisualization.ipynb of github.com/IMSY-DKFZ/htc (Seidlitz et al. 2022)",
    ),
    "skin_nist": Source(
        "hsi_human_skin_nist.csv",
        "subject, repeat, then one column per wavelength in nm",
        "the NIST reference data set of human skin reflectance, doi 10.18434/M38597",
    ),
    "skin_hyspex": Source(
        "hsi_human_skin_hyspex.csv",
        "spectrum, then one column per wavelength in nm",
        "HyspexSkinReflectance of ISETCam, github.com/ISET/isetcam",
    ),
    "radial_artery": Source(
        "pat_radial_artery_msot.csv",
        "subject, scan, then one column per wavelength in nm",
        "PAISKINTONE, github.com/BohndiekLab (Else et al.)",
    ),
    "label_maps": Source(
        "pat_label_maps.npz",
        "pixel_size_mm and one integer picture per body part (1 water, 2 epidermis, 3 muscle, 4 blood)",
        "github.com/IPASC/standardised-image-reconstruction",
    ),
}


@dataclass(frozen=True, eq=False)
class Coefficients:
    """Optical coefficients of several substances over wavelengths.

    Parameters
    ----------
    wavelengths_nm : array, shape (L,)
    per_cm : mapping of substance to array, shape (L,)
        Coefficients in 1/cm; haemoglobin as whole blood of 150 g/l.
    """

    wavelengths_nm: Array
    per_cm: Mapping[str, Array]

    def at(self, substance: str, wavelengths_nm: Array) -> Array:
        """Linearly interpolated coefficient [1/cm]; raises ``SimulationError`` outside the table."""
        low, high = self.wavelengths_nm[[0, -1]]
        if np.min(wavelengths_nm) < low or np.max(wavelengths_nm) > high:
            raise SimulationError(
                f"{substance}: coefficients are known from {low:g} to {high:g} nm, asked for "
                f"{np.min(wavelengths_nm):g} to {np.max(wavelengths_nm):g} nm; stay inside."
            )
        return np.interp(wavelengths_nm, self.wavelengths_nm, self.per_cm[substance])


@dataclass(frozen=True, eq=False)
class OrganStatistics:
    """Mean and standard deviation of the L1-normalised reflectance spectra of organs.

    Parameters
    ----------
    wavelengths_nm : array, shape (L,)
    mean, std : mapping of organ to array, shape (L,)
    """

    wavelengths_nm: Array
    mean: Mapping[str, Array]
    std: Mapping[str, Array]


@dataclass(frozen=True, eq=False)
class Recordings:
    """Measured spectra, one per row.

    Parameters
    ----------
    wavelengths_nm : array, shape (L,)
    spectra : array, shape (N, L)
    subjects : tuple of str, length N
        Who or what each row was recorded from.
    """

    wavelengths_nm: Array
    spectra: Array
    subjects: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class LabelMaps:
    """Label pictures drawn on photoacoustic images.

    Parameters
    ----------
    pixel_size_mm : float
        Edge of a pixel.
    pictures : mapping of body part to integer array, shape (rows, columns)
        1 water, 2 epidermis, 3 muscle, 4 blood.
    """

    pixel_size_mm: float
    pictures: Mapping[str, NDArray[np.integer]]


@dataclass(frozen=True)
class Tables:
    """The tables of one folder; each is read when it is first asked for.

    Parameters
    ----------
    folder : Path
        Folder that holds the files named in :data:`SOURCES`.
    """

    folder: Path

    @cached_property
    def absorption(self) -> Coefficients:
        """Absorption of "oxyhemoglobin", "deoxyhemoglobin", "water", "fat", "melanin"."""
        return self._coefficients("absorption")

    @cached_property
    def scattering(self) -> Coefficients:
        """Scattering of "background", "blood", "bone", "fat", "muscle"."""
        return self._coefficients("scattering")

    @cached_property
    def organs(self) -> OrganStatistics:
        """Statistics of pig organs by name ("liver", "small intestine", ...), 500-1000 nm."""
        rows = list(self._rows("organs"))
        wavelengths = self._wavelengths("organs", 3)
        known = {(row[1], row[2]): np.array(row[3:], dtype=np.float64) for row in rows[1:]}
        by_statistic = {
            kind: {organ: values for (organ, what), values in known.items() if what == kind}
            for kind in ("mean", "std")
        }
        return OrganStatistics(wavelengths, **by_statistic)

    @cached_property
    def skin_nist(self) -> Recordings:
        """Reflectance of forearm skin, 70 people x 3 repeats, 490-1000 nm and beyond."""
        return self._recordings("skin_nist", 2)

    @cached_property
    def skin_hyspex(self) -> Recordings:
        """Reflectance of facial skin from a hyperspectral camera, 415-950 nm."""
        return self._recordings("skin_hyspex", 1)

    @cached_property
    def radial_artery(self) -> Recordings:
        """Photoacoustic signal [a.u.] of radial arteries, 700-1210 nm."""
        return self._recordings("radial_artery", 2)

    @cached_property
    def label_maps(self) -> LabelMaps:
        """Label pictures of "human_forearm" and "finger"."""
        with np.load(self._path("label_maps"), allow_pickle=False) as file:
            pictures = {name: file[name] for name in file.files}
        return LabelMaps(float(pictures.pop("pixel_size_mm")), pictures)

    def _coefficients(self, key: str) -> Coefficients:
        header, *rows = self._rows(key)
        columns = np.array(rows, dtype=np.float64).T
        names = [name.removesuffix("_per_cm") for name in header]
        return Coefficients(columns[0], dict(zip(names[1:], columns[1:], strict=True)))

    def _recordings(self, key: str, leading: int) -> Recordings:
        rows = list(self._rows(key))[1:]
        spectra = np.array([row[leading:] for row in rows], dtype=np.float64)
        return Recordings(self._wavelengths(key, leading), spectra, tuple(row[0] for row in rows))

    def _wavelengths(self, key: str, leading: int) -> Array:
        header = next(iter(self._rows(key)))
        return np.array(header[leading:], dtype=np.float64)

    def _rows(self, key: str) -> Iterator[list[str]]:
        with open(self._path(key), newline="", encoding="utf-8") as file:
            yield from csv.reader(file)

    def _path(self, key: str) -> Path:
        path = self.folder / SOURCES[key].file
        if not path.is_file():
            raise _missing(key, str(self.folder))
        return path


def find_tables(folder: str | Path | None = None) -> Tables:
    """Find the folder with the measured tables.

    Parameters
    ----------
    folder : path, optional
        Where to look, and nowhere else. By default ``$NAPARI_UDT_SHARED/data``, then ``shared/data`` beside the
        project, then beside the current folder.

    Raises
    ------
    SimulationError
        When no such folder holds the absorption table.
    """
    candidates = [Path(folder)] if folder is not None else list(dict.fromkeys(_candidates()))
    for candidate in candidates:
        if (candidate / SOURCES["absorption"].file).is_file():
            return Tables(candidate)
    raise _missing("absorption", ", ".join(map(str, candidates)))


def _candidates() -> Iterator[Path]:
    if shared := os.environ.get(SHARED_VARIABLE):
        yield Path(shared) / "data"
    yield PROJECT.parent / "shared" / "data"
    yield Path.cwd().parent / "shared" / "data"


def _missing(key: str, where: str) -> SimulationError:
    source = SOURCES[key]
    return SimulationError(
        f"{source.file} is not in {where}: put a table with {source.columns}, from {source.origin}, there, "
        f"or name its folder with --tables or {SHARED_VARIABLE}."
    )
