"""Small good files of the photoacoustic formats, for the fuzz run."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np

WAVELENGTHS_NM = np.linspace(700, 850, 4)


def write_pat_seeds(folder: Path, image: np.ndarray) -> None:
    """Write PATATO, IPASC and iThera files; those of a sub-folder go together.

    Parameters
    ----------
    folder : Path
    image : array, shape (rows, columns, 4)
    """
    rng = np.random.default_rng(1)
    _write_patato(folder / "patato.hdf5", image)
    _write_patato_raw(folder / "patato_raw.hdf5", rng)
    _write_ipasc(folder / "ipasc.hdf5", rng)
    (folder / "ithera").mkdir(exist_ok=True)
    _write_ithera(folder / "ithera" / "scan.msot", rng)


def _write_patato(path: Path, image: np.ndarray) -> None:
    with h5py.File(path, "w") as file:
        file["wavelengths"] = WAVELENGTHS_NM
        stored = np.stack([image.transpose(2, 0, 1)[:, None]] * 2)
        for group, part in (("recons", stored), ("so2", stored[:, :1])):
            dataset = file.create_dataset(f"{group}/BP/0", data=part)
            for axis in "XYZ":
                dataset.attrs[f"RECONSTRUCTION_FIELD_OF_VIEW_{axis}"] = 0.02
        file["rois/tumour_left/0"] = [[0, 0], [0.01, 0], [0, 0.01]]


def _write_patato_raw(path: Path, rng: np.random.Generator) -> None:
    with h5py.File(path, "w") as file:
        file["wavelengths"] = WAVELENGTHS_NM
        file["raw_data"] = rng.integers(0, 4096, (2, 4, 5, 40), dtype=np.uint16)
        file["raw_data"].attrs.update({"fs": 4e7, "speedofsound": 1500.0})
        file["GEOMETRY"] = _arc_mm() / 1e3


def _write_ipasc(path: Path, rng: np.random.Generator) -> None:
    with h5py.File(path, "w") as file:
        file["binary_time_series_data"] = rng.random((5, 40, 4, 2), dtype=np.float32)
        file["meta_data/acquisition_wavelengths"] = WAVELENGTHS_NM * 1e-9
        file["meta_data/ad_sampling_rate"] = 4e7
        file["meta_data/speed_of_sound"] = "None"
        file["meta_data_device/general/field_of_view"] = [0, 0.002, 0, 0, 0, 0.002]
        for number, place in enumerate(_arc_mm()):
            file[f"meta_data_device/detectors/{number:010}/detector_position"] = place / 1e3


def _write_ithera(path: Path, rng: np.random.Generator) -> None:
    """Write a header and, beside it, time series and one picture."""
    values = "".join(
        f"<PROJECTION>{''.join(f'<VALUE>{v / 1e3:g}</VALUE>' for v in place)}</PROJECTION>"
        for place in _arc_mm()
    )
    taken = [f"<WAVELENGTH>{wavelength:g}</WAVELENGTH>" for wavelength in WAVELENGTHS_NM]
    frames = "".join(f"<Frame>{one}<TEMPERATURE>25</TEMPERATURE></Frame>" for one in taken * 2)
    path.write_text(
        '<?xml version="1.0"?><DataModelMsotProject><HARDWARE-DESC xmlns="Header_Schema"><SAMPLING-FREQUENCY>40'
        f"</SAMPLING-FREQUENCY><FRAME-DESC>{values}</FRAME-DESC></HARDWARE-DESC><MEASUREMENT-DESC><RECORDED-LENGTH>40"
        f"</RECORDED-LENGTH><WAVELENGTHS>{''.join(taken)}</WAVELENGTHS></MEASUREMENT-DESC><ScanNode><ScanFrames>{frames}"
        "</ScanFrames></ScanNode><ReconNodes><R><GUID>a-b</GUID><Resolution>5</Resolution></R></ReconNodes>"
        "</DataModelMsotProject>",
        "utf-8",
    )
    (path.parent / "RECONs").mkdir(exist_ok=True)
    (path.parent / "RECONs" / "a-b.bin").write_bytes(rng.random((2, 4, 5, 5)).tobytes())
    path.with_suffix(".bin").write_bytes(rng.integers(0, 4096, (2, 4, 5, 40), dtype=np.uint16).tobytes())


def _arc_mm() -> np.ndarray:
    """Five detectors on an arc of 1 mm radius: previews of it are small."""
    angles = np.linspace(0.5, 2.5, 5)
    return np.stack([np.cos(angles), np.sin(angles), np.zeros(5)], axis=1)
