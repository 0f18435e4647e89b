"""Readers of the measured tables that the package's parameters were fitted to.

The tables belong to others (each has its public source in :data:`SOURCES`) and are no part of the package. Who has
them can fit the parameters anew, or simulate from the tables themselves (``napari-udt simulate --tables FOLDER``).
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_udt.errors import SimulationError
from napari_udt.simulation.hsi_organs import TABLE_NAMES, WAVELENGTHS_NM
from napari_udt.simulation.tables_contract import ArteryStatistics, OrganStatistics, require_inside
from napari_udt.spectral.spectra import normalise

Array = NDArray[np.float64]

ARTERY_RANGE_NM = (700.0, 850.0)  # of the simulated images


@dataclass(frozen=True)
class Source:
    """What a table file must hold and where the public gets it.

    Parameters
    ----------
    file : str
        File name inside the tables folder.
    columns : str
        What the file holds, in words.
    origin, licence : str
        The public source, and its terms.
    """

    file: str
    columns: str
    origin: str
    licence: str = "MIT"


SOURCES: dict[str, Source] = {
    "absorption": Source(
        "absorption_coefficients.csv",
        "wavelength_nm, oxyhemoglobin_per_cm, deoxyhemoglobin_per_cm, water_per_cm, fat_per_cm, melanin_per_cm",
        "the spectra library of SIMPA, github.com/IMSY-DKFZ/simpa (Prahl, Jacques and others)",
    ),
    "scattering": Source(
        "scattering_coefficients.csv",
        "wavelength_nm, blood_per_cm, fat_per_cm, muscle_per_cm",
        "the spectra library of SIMPA, github.com/IMSY-DKFZ/simpa",
    ),
    "organs": Source(
        "hsi_pig_organs_tivita.csv",
        "species, organ, statistic (mean or std), then one column per wavelength in nm",
        "SpectraVisualization.ipynb of github.com/IMSY-DKFZ/htc (Seidlitz et al. 2022; HeiPorSPECTRAL, "
        "Studier-Fischer et al. 2023)",
    ),
    "skin_nist": Source(
        "hsi_human_skin_nist.csv",
        "subject, repeat, then one column per wavelength in nm",
        "the NIST reference data set of human skin reflectance, doi 10.18434/M38597 (Cooksey, Allen, Tsai 2017)",
        "US government work",
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
        require_inside(substance, wavelengths_nm, low, high)
        return np.interp(wavelengths_nm, self.wavelengths_nm, self.per_cm[substance])


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
class MeasuredTables:
    """The tables of one folder; each is read when it is first asked for.

    Parameters
    ----------
    folder : Path
        Folder that holds the files named in :data:`SOURCES`.
    """

    folder: Path
    name = "measured tables"

    def absorption_per_cm(self, substance: str, wavelengths_nm: Array) -> Array:
        """Absorption [1/cm]; see :class:`napari_udt.simulation.tables_contract.Tables`, as all below."""
        return self.absorption.at(substance, wavelengths_nm)

    def scattering_per_cm(self, substance: str, wavelengths_nm: Array) -> Array:
        """Scattering [1/cm], not reduced."""
        return self.scattering.at(substance, wavelengths_nm)

    def organ(self, class_name: str) -> OrganStatistics:
        """Statistics of an organ; the table's rounding is undone so that the mean sums to 1 again."""
        wanted = TABLE_NAMES[class_name]
        rows = {
            row[2]: np.array(row[3:], dtype=np.float64) for row in self._rows("organs") if row[1] == wanted
        }
        if not {"mean", "std"} <= set(rows):
            raise SimulationError(
                f"{SOURCES['organs'].file} has no mean and std rows for {wanted!r}; use the whole table."
            )
        wavelengths = self._wavelengths("organs", 3)
        mean, std = (np.interp(WAVELENGTHS_NM, wavelengths, rows[kind]) for kind in ("mean", "std"))
        return OrganStatistics(mean / mean.sum(), std / mean.sum())

    @cached_property
    def radial_artery(self) -> ArteryStatistics:
        """Statistics of the recorded arteries at their wavelengths from 700 to 850 nm."""
        recorded = self._recordings("radial_artery", 2)
        low, high = ARTERY_RANGE_NM
        inside = (recorded.wavelengths_nm >= low) & (recorded.wavelengths_nm <= high)
        spectra = inside.sum() * normalise(recorded.spectra[:, inside], "l1")
        return ArteryStatistics(
            recorded.wavelengths_nm[inside], spectra.mean(axis=0), spectra.std(axis=0, ddof=1), len(spectra)
        )

    @cached_property
    def absorption(self) -> Coefficients:
        """The absorption table, 450-1000 nm."""
        return self._coefficients("absorption")

    @cached_property
    def scattering(self) -> Coefficients:
        """The scattering table, 450-1000 nm."""
        return self._coefficients("scattering")

    @cached_property
    def skin_nist(self) -> Recordings:
        """Reflectance of forearm skin, 70 people x 3 repeats, 490-1000 nm and beyond."""
        return self._recordings("skin_nist", 2)

    @cached_property
    def skin_hyspex(self) -> Recordings:
        """Reflectance of facial skin from a hyperspectral camera, 415-950 nm."""
        return self._recordings("skin_hyspex", 1)

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
            source = SOURCES[key]
            raise SimulationError(
                f"{source.file} is not in {self.folder}: put a table with {source.columns}, from {source.origin}, "
                "there, or leave the tables out and use the package's own parameters."
            )
        return path


def measured_tables(folder: str | Path) -> MeasuredTables:
    """Return the measured tables of a folder; raises ``SimulationError`` when it lacks the absorption table."""
    tables = MeasuredTables(Path(folder))
    tables._path("absorption")
    return tables
