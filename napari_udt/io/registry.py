"""All file formats, and the step that finds out which one a file has.

To add a format here, write a module with ``sniff`` and ``candidates`` (see :class:`napari_udt.io.contract.FormatModule`)
and add a line to ``FORMATS``. Order matters only where two formats would claim one file: the first one gets it. A format
that can be written has a module with ``write`` (:class:`napari_udt.io.contract.WriterModule`) and a line in ``WRITERS``.
An outside package adds both through entry points, see :mod:`napari_udt.io.contract`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from napari_udt.errors import CubeError
from napari_udt.io import outside
from napari_udt.io.contract import Format, Match, Writer, reading

FORMATS: tuple[Format, ...] = (
    Format("udt", "napari-udt HDF5", (".udt.h5", ".h5", ".hdf5"), "napari_udt.io.generic.own"),
    Format("simpa", "SIMPA HDF5", (".hdf5", ".h5"), "napari_udt.io.photoacoustic.simpa"),
    Format("patato", "PATATO HDF5", (".hdf5", ".h5"), "napari_udt.io.photoacoustic.patato"),
    Format("ipasc", "IPASC HDF5", (".hdf5", ".h5"), "napari_udt.io.photoacoustic.ipasc"),
    Format("ithera", "iThera MSOT scan", (".msot",), "napari_udt.io.photoacoustic.ithera"),
    Format("dataset", "napari-udt data set", (".h5",), "napari_udt.io.generic.training_set"),
    Format(
        "paper_pat", "PAT images of the UDT-cINN archive", (".npz",), "napari_udt.io.photoacoustic.paper_pat"
    ),
    Format(
        "paper_hsi", "HSI spectra of the UDT-cINN archive", (".npy",), "napari_udt.io.hyperspectral.paper_hsi"
    ),
    Format("matlab", "MATLAB 3-D array", (".mat",), "napari_udt.io.generic.matlab", common=True),
    Format("prisma", "PRISMA HDF-EOS5", (".he5",), "napari_udt.io.hyperspectral.prisma"),
    Format("hyperspy", "HyperSpy HDF5", (".hspy",), "napari_udt.io.generic.hyperspy"),
    Format(
        "hdf5",
        "HDF5 or NetCDF 4 with a 3-D array",
        (".h5", ".hdf5", ".nc"),
        "napari_udt.io.generic.plain_hdf5",
    ),
    Format("numpy", "NumPy 3-D array", (".npy", ".npz"), "napari_udt.io.generic.plain_numpy"),
    Format("tiff", "TIFF stack", (".tif", ".tiff"), "napari_udt.io.generic.tiff", common=True),
    Format("nrrd", "NRRD volume", (".nrrd", ".nhdr"), "napari_udt.io.generic.nrrd", common=True),
    Format("csv", "napari-udt spectra in CSV", (".csv",), "napari_udt.io.generic.csv_spectra", common=True),
    Format(
        "tivita",
        "Tivita camera",
        ("_SpecCube.dat",),
        "napari_udt.io.hyperspectral.tivita",
        several_files=True,
    ),
    Format("htc", "htc blosc", (".blosc",), "napari_udt.io.hyperspectral.htc_blosc"),
    Format("zarr", "OME-Zarr or Zarr folder", (".zarr",), "napari_udt.io.generic.zarr_folder"),
    Format("helicoid", "HELICoiD folder", (), "napari_udt.io.hyperspectral.helicoid", several_files=True),
    Format(
        "envi",
        "ENVI",
        (".hdr", ".img", ".dat", ".raw"),
        "napari_udt.io.generic.envi",
        common=True,
        several_files=True,
    ),
)


WRITERS: tuple[Writer, ...] = (
    Writer(
        "udt",
        "napari-udt HDF5",
        (".udt.h5", ".h5", ".hdf5"),
        "napari_udt.io.generic.own",
        several=True,
        series=True,
    ),
    Writer(
        "paper_pat", "NumPy archive in the paper's layout", (".npz",), "napari_udt.io.photoacoustic.paper_pat"
    ),
    Writer("envi", "ENVI", (".hdr",), "napari_udt.io.generic.envi_writer", series=True),
    Writer("zarr", "OME-Zarr 0.5", (".ome.zarr", ".zarr"), "napari_udt.io.generic.zarr_writer", series=True),
    Writer("csv", "Spectra in CSV", (".csv",), "napari_udt.io.generic.csv_spectra", picks_pixels=True),
)


@cache
def formats() -> tuple[Format, ...]:
    """Return the formats of this package and those of outside packages, in the order in which files are tried."""
    return outside.with_others(FORMATS, outside.READERS, Format)


@cache
def writers() -> tuple[Writer, ...]:
    """Return the writers of this package and those of outside packages, in the order in which endings are tried."""
    return outside.with_others(WRITERS, outside.WRITERS, Writer)


def writer_for(path: Path, count: int = 1) -> Writer:
    """Return the writer of ``count`` cubes that a file's ending asks for.

    Raises
    ------
    CubeError
        When no writer has the ending, or it writes one cube per file only.
    """
    named = next((w for w in writers() if path.name.lower().endswith(w.endings)), None)
    if named is None:
        endings = ", ".join(ending for writer in writers() for ending in writer.endings)
        raise CubeError(f"{path}: cubes are saved as {endings}; choose one of these endings.")
    if count > 1 and not named.several:
        raise CubeError(
            f"{path}: {count} cubes do not go into one file of {named.title}; save one, or as .h5."
        )
    return named


@dataclass(frozen=True)
class Sniffed:
    """A file, the format that it has by its content, how well it fits, and what broke while looking."""

    path: Path
    format: Format | None
    match: Match
    damage: CubeError | None


def sniff(path: Path) -> Sniffed:
    """Find out a file's format from what is inside it; never raises.

    A file on which a format's ``sniff`` fails is not of that format; the first such error is kept, because it says more
    than "unknown format". Errors of outside packages count for files with their endings only.
    """
    best: tuple[Format | None, Match] = (None, Match.NO)
    damage: CubeError | None = None
    for known in formats():
        try:
            with reading(path, known):
                match = known.load().sniff(path)
        except CubeError as error:
            if not known.package or path.name.lower().endswith(known.extensions):
                damage = damage or error
            continue
        if match > best[1]:
            best = (known, match)
        if match is Match.YES:
            break
    return Sniffed(path, *best, damage)
