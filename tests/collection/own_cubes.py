"""Files as users have them, in formats of others: two domains of the same tissues, with names of their own."""

import h5py
import numpy as np
from pa_scenes import write_patato
from PIL import Image

from napari_udt.cube import SpectralCube
from napari_udt.io import save_cube

PAT_NM = np.array([700.0, 730.0, 760.0, 800.0, 850.0])
HSI_NM = np.linspace(500, 800, 31)
TISSUES = {"Leber": 0.35, "Haut": 0.8}
SIDE = 32


def tissue_spectrum(name, wavelengths_nm):
    """A smooth made-up spectrum per tissue."""
    x = (np.asarray(wavelengths_nm) - 500) / 500
    return TISSUES[name] * (1 + 0.5 * np.sin(2 * np.pi * x + (1.5 if name == "Haut" else 0)))


def _values(rng, wavelengths_nm, shape, names, *, target):
    """Spectra (rows, columns, channels) with stripes of the tissues, and their numbers (1, 2, ...)."""
    labels = np.arange(shape[1])[None, :] * len(names) // shape[1] + 1 + np.zeros(shape, int)
    spectra = np.stack([tissue_spectrum(name, wavelengths_nm) for name in names])
    tilt = 1 + 0.8 * (np.asarray(wavelengths_nm) - 650) / 300 if target else 1.0
    gain = 1 + 0.15 * rng.standard_normal((*shape, 1))
    noise = 1 + 0.02 * rng.standard_normal((*shape, len(wavelengths_nm)))
    return (spectra[labels - 1] * tilt * gain * noise).astype(np.float32), labels


def write_envi(
    path, seed, *, target=False, names=tuple(TISSUES), wavelengths_nm=HSI_NM, shape=(20, 24), **fields
):
    """Write an ENVI cube with a label image beside it."""
    values, labels = _values(np.random.default_rng(seed), wavelengths_nm, shape, list(TISSUES), target=target)
    fields = {"domain": "real" if target else "simulated", **fields}
    cube = SpectralCube(
        values,
        wavelengths_nm,
        "HSI",
        labels=labels,
        label_names=dict(enumerate(names, 1)),
        name=path.stem,
        **fields,
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    save_cube(cube, path)
    return path


def write_tivita(folder, seed, *, names=tuple(TISSUES), wavelengths_nm=HSI_NM, shape=(20, 24)):
    """Write a recording as a Tivita camera does, with outlines, but with fewer bands, which the file does not name."""
    values, labels = _values(np.random.default_rng(seed), wavelengths_nm, shape, list(TISSUES), target=True)
    (folder / "annotations").mkdir(parents=True)
    path = folder / f"{folder.name}_SpecCube.dat"
    stored = values[::-1].transpose(1, 0, 2)
    path.write_bytes(np.array(stored.shape, ">i4").tobytes() + stored.astype(">f4").tobytes())
    for number, name in enumerate(names, 1):
        outline = folder / "annotations" / f"{folder.name}#polygon#annotator1#{name}#binary.png"
        Image.fromarray(labels == number).convert("1").save(outline)
    return path


def write_simpa_file(path, seed, names=("fat", "muscle"), wavelengths_nm=PAT_NM, side=SIDE):
    """Write SIMPA's layout, from the top: one tissue above the other."""
    values, labels = _values(
        np.random.default_rng(seed), wavelengths_nm, (side, side), list(TISSUES), target=False
    )
    numbers = {"fat": 6, "muscle": 1, "blood": 3}
    with h5py.File(path, "w") as file:
        file["simpa_version"] = "0.8.0"
        file["settings/voxel_spacing_mm"] = 0.5
        file["settings/volume_name"] = path.stem
        for channel, wavelength in enumerate(wavelengths_nm):
            file[f"simulations/reconstructed_data/{wavelength:g}"] = values[..., channel]
        file["simulations/simulation_properties/seg"] = np.vectorize(lambda n: numbers[names[n - 1]])(labels)
    return path


def write_patato_file(path, seed, names=("fatty", "muscular"), wavelengths_nm=PAT_NM, side=SIDE):
    """Write PATATO's layout with a region per tissue, left and right."""
    rng = np.random.default_rng(seed)
    values, _ = _values(rng, wavelengths_nm, (side, side), list(TISSUES), target=True)
    image = 20 * values.transpose(2, 1, 0)[None, :, None, ::-1]  # (frames, wavelengths, z, y, x), y upwards
    half = 0.0099
    boxes = {
        names[0]: np.array([[-half, 0.0003], [half, 0.0003], [half, half], [-half, half]]),
        names[1]: np.array([[-half, -half], [half, -half], [half, -0.0003], [-half, -0.0003]]),
    }
    rois = {(name, "0"): (box, {}) for name, box in boxes.items()}
    return write_patato(
        path,
        recons={("BP", "0"): image.astype(np.float32)},
        rois=rois,
        wavelengths=np.asarray(wavelengths_nm),
    )
