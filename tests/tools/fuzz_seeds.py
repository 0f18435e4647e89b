"""Small good files of the formats that other programs write, for the search for bad ones (see ``fuzz``).

Files that belong together lie in a folder of their own: one of them is damaged, and all are opened.
"""

from __future__ import annotations

import gzip
import pickle
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import tifffile
from numpy.typing import NDArray
from scipy.io import savemat

from napari_udt.cube import SpectralCube
from napari_udt.io import save_cube
from napari_udt.io.generic.envi_header import as_text

Cube = NDArray[np.float32]


def write_hsi_seeds(folder: Path, cube: SpectralCube) -> None:
    """Write a cube (rows, columns, channels) in every format below ``folder``."""
    image = np.asarray(cube.data, dtype=np.float32)
    facts: dict[str, Any] = {"wavelengths": cube.wavelengths_nm}
    _write_tivita(folder / "time_SpecCube.dat", image)
    _write_tiffs(folder, image, facts)
    _write_nrrds(folder, image, facts["wavelengths"])
    savemat(folder / "five.mat", {"cube": image, "labels": cube.labels, **facts})
    savemat(folder / "packed.mat", {"cube": image, **facts}, do_compression=True)
    savemat(folder / "struct.mat", {"s": {"cube": image, **facts}}, do_compression=True)
    _write_matlab73(folder / "seven.mat", cube)
    _write_prisma(folder / "prisma.he5", image, cube.wavelengths_nm)
    _write_hyperspy(folder / "signal.hspy", image, cube.wavelengths_nm)
    if find_spec("zarr"):
        save_cube(cube, folder / "picture.ome.zarr", overwrite=True)
    _write_envi(folder / "scan" / "scan", image, cube.wavelengths_nm)
    _write_classes(folder / "scan" / "scan_gt", cube.labels)
    _write_helicoid(folder / "patient", image, cube)
    if find_spec("blosc"):
        _write_htc(folder, image)
    _write_series(folder, image, cube.wavelengths_nm)


def _write_series(folder: Path, image: Cube, wavelengths_nm: NDArray[np.float64]) -> None:
    """Write two frames in the formats that hold plain arrays."""
    frames = np.stack([image, image[::-1]])
    said: dict[str, Any] = {"wavelengths": wavelengths_nm, "dims": "tyxc", "time_s": [0.0, 0.5]}
    np.savez(folder / "frames.npz", cube=frames, **said)
    savemat(folder / "frames.mat", {"s": {"cube": frames, **said}})
    with h5py.File(folder / "frames.h5", "w") as file:
        file["cube"], file["wavelengths"], file["time_s"] = frames, wavelengths_nm, [0.0, 0.5]
        file["cube"].attrs["axes"] = np.bytes_("tyxc")
    channels, columns, rows = image.shape[2], image.shape[1], image.shape[0]
    head = (
        f"NRRD0004\ntype: float\ndimension: 4\nsizes: {channels} {columns} {rows} 2\nendian: little\nencoding: raw\n"
        'kinds: list space space time\nunits: "" "mm" "mm" "ms"\nspacings: nan 0.1 0.2 5\n'
        f"wavelengths:={' '.join(map(str, wavelengths_nm))}\n\n"
    )
    (folder / "frames.nrrd").write_bytes(head.encode() + frames.tobytes())
    stem = folder / "tall" / "frames"
    _write_envi(stem, np.concatenate(frames), wavelengths_nm)
    header = stem.with_suffix(".hdr")
    header.write_text(
        header.read_text() + "series axis = time\nseries length = 2\nseries positions = {0, 0.5}\n"
    )


def _write_tivita(path: Path, image: Cube) -> None:
    spectra = np.repeat(image, 25, axis=2).transpose(1, 0, 2)
    path.write_bytes(np.array(spectra.shape, ">i4").tobytes() + spectra.astype(">f4").tobytes())


def _write_tiffs(folder: Path, image: Cube, facts: dict[str, Any]) -> None:
    stack = np.moveaxis(image, 2, 0)
    listed = {"wavelengths": facts["wavelengths"].tolist()}
    tifffile.imwrite(folder / "bare.tif", stack, photometric="minisblack", metadata=listed)
    tifffile.imwrite(
        folder / "packed.tif", stack, photometric="minisblack", metadata=listed, compression="zlib"
    )
    labels = {"axes": "CYX", "unit": "mm", "Labels": [f"{w:g} nm" for w in facts["wavelengths"]]}
    tifffile.imwrite(folder / "imagej.tif", stack, imagej=True, resolution=(20, 10), metadata=labels)
    channels = {"EmissionWavelength": facts["wavelengths"].tolist()}
    tifffile.imwrite(
        folder / "ome.tif",
        stack,
        photometric="minisblack",
        ome=True,
        metadata={"axes": "CYX", "Channel": channels},
    )


def _write_nrrds(folder: Path, image: Cube, wavelengths_nm: NDArray[np.float64]) -> None:
    rows, columns, channels = image.shape
    head = (
        f"NRRD0004\ntype: float\ndimension: 3\nsizes: {columns} {rows} {channels}\nendian: little\n"
        f'units: "mm" "mm" ""\nspacings: 0.1 0.2 nan\nwavelengths:={" ".join(map(str, wavelengths_nm))}\n'
    )
    stored = np.moveaxis(image, 2, 0).tobytes()
    (folder / "bare.nrrd").write_bytes(f"{head}encoding: raw\n\n".encode() + stored)
    (folder / "packed.nrrd").write_bytes(f"{head}encoding: gzip\n\n".encode() + gzip.compress(stored))


def _write_hyperspy(path: Path, image: Cube, wavelengths_nm: NDArray[np.float64]) -> None:
    with h5py.File(path, "w") as file:
        file.attrs["file_format"] = "HyperSpy"
        file["Experiments/one/data"] = image
        for place, length in enumerate(image.shape):
            axis = file.create_group(f"Experiments/one/axis-{place}")
            axis.attrs.update({"navigate": place < 2, "units": "mm" if place < 2 else "nm", "size": length})
        file["Experiments/one/axis-2/axis"] = wavelengths_nm


def _write_prisma(path: Path, image: Cube, wavelengths_nm: NDArray[np.float64]) -> None:
    with h5py.File(path, "w") as file:
        for name in ("Vnir", "Swir"):
            counts = (image * 6e4).astype(np.uint16).transpose(0, 2, 1)
            file[f"HDFEOS/SWATHS/PRS_L2D_HCO/Data Fields/{name.upper()}_Cube"] = counts
            file.attrs[f"List_Cw_{name}"] = wavelengths_nm[::-1] + (name == "Swir")
            file.attrs.update({f"L2Scale{name}Min": 0.0, f"L2Scale{name}Max": 1.0})


def _write_matlab73(path: Path, cube: SpectralCube) -> None:
    with h5py.File(path, "w", userblock_size=512) as file:
        file["cube"] = np.asarray(cube.data).T
        file["gt"] = np.asarray(cube.labels).T
        file["wavelengths"] = cube.wavelengths_nm[np.newaxis]
    with open(path, "r+b") as raw:
        raw.write(b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(124) + b"\x00\x02IM")


def _write_envi(
    stem: Path, image: NDArray[Any], wavelengths_nm: NDArray[np.float64], ending: str = ".img"
) -> None:
    """Write counts as unsigned 16-bit numbers, big-endian, interleaved by pixel."""
    stem.parent.mkdir(exist_ok=True)
    stem.with_name(stem.name + ending).write_bytes((image * 1000).astype(">u2").tobytes())
    header: dict[str, str | list[str]] = {
        **_envi_structure(image.shape, "12"),
        "byte order": "1",
        "reflectance scale factor": "1000",
        "wavelength units": "Micrometers",
        "wavelength": [str(w / 1000) for w in wavelengths_nm],
        "pixel size": ["0.0002", "0.0001", "units=Meters"],
    }
    stem.with_name(stem.name + ".hdr").write_text(as_text(header))


def _write_classes(stem: Path, labels: Any, ending: str = ".img") -> None:
    stem.with_name(stem.name + ending).write_bytes(labels.astype(np.uint8).tobytes())
    header = {**_envi_structure((*labels.shape, 1), "1"), "file type": "ENVI Classification"}
    stem.with_name(stem.name + ".hdr").write_text(
        as_text({**header, "class names": ["none", "vein", "artery"]})
    )


def _envi_structure(shape: tuple[int, ...], kind: str) -> dict[str, str | list[str]]:
    lines, samples, bands = map(str, shape)
    return {"samples": samples, "lines": lines, "bands": bands, "data type": kind, "interleave": "bip"}


def _write_helicoid(folder: Path, image: Cube, cube: SpectralCube) -> None:
    for name, counts in (("raw", image), ("whiteReference", image[:1] + 2), ("darkReference", image[:1] * 0)):
        _write_envi(folder / name, counts, cube.wavelengths_nm, ending="")
    _write_classes(folder / "gtMap", cube.labels, ending="")


def _write_htc(folder: Path, image: Cube) -> None:
    import blosc

    cube = np.repeat(image, 25, axis=2).astype(np.float16)
    packed = blosc.compress(cube.tobytes(), typesize=2, cname="zstd")
    (folder / "one.blosc").write_bytes(pickle.dumps((cube.shape, cube.dtype)) + packed)
    listed = {"a": (cube.shape, cube.dtype, len(packed)), "b": (cube.shape, cube.dtype, len(packed))}
    (folder / "two.blosc").write_bytes(pickle.dumps(listed) + packed + packed)
