"""Draw what every method makes of the sample cubes: pictures at 800 nm, and the mean spectrum of the liver.

    python docs/scripts/draw_methods.py
    python docs/scripts/draw_methods.py -o PICTURE.png [--add MODEL_FOLDER ...]

Without arguments it prints which methods are drawn. Methods that learn nothing take their statistics from the sample of the target.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from napari_udt import SpectralCube, open_cube, transfer
from napari_udt.inference.baselines import transfer_baseline

SAMPLES = Path(__file__).resolve().parents[2] / "sample_data"
BASELINES = ("moments", "histograms", "gaussian", "coral")
PAT_MODELS = (
    "pat_flow_dy_closed_form",
    "pat_cyclegan_residual",
    "pat_cinn_dy_without_gan",
    "pat_cinn_dy",
    "pat_unit_y",
    "pat_cyclegan",
)
HSI_MODELS = ("hsi_transport_dy", "hsi_cinn_dy", "hsi_unit_y", "hsi_cyclegan")
WAVELENGTH_NM, ORGAN = 800.0, "liver"
COLUMNS = 3


def made(name: str, models: tuple[str, ...]) -> Iterator[tuple[str, SpectralCube]]:
    """Yield titles and cubes: the source, what methods make of it, and the target."""
    source, target = (open_cube(SAMPLES / f"{name}_{part}.udt.h5") for part in ("simulated", "second"))
    yield "simulated", source
    for baseline in BASELINES:
        yield f"{baseline} (learns nothing)", transfer_baseline(source, baseline, target)
    for model in models:
        yield Path(model).name, transfer(source, model)
    yield f"target: {target.origin}", target


def main() -> None:
    """Print the methods; draw them where a picture is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-o", "--output", type=Path)
    parser.add_argument("--add", nargs="*", default=[], help="further models: folders or names")
    args = parser.parse_args()
    if args.output is None:
        print("\n".join((*BASELINES, *PAT_MODELS, *HSI_MODELS)))
        return
    import matplotlib.pyplot as plt

    extra = {kind: tuple(a for a in args.add if Path(a).name.startswith(kind)) for kind in ("pat", "hsi")}
    pictures = list(made("pat_forearm", PAT_MODELS + extra["pat"]))
    curves = list(made("hsi_organs", HSI_MODELS + extra["hsi"]))
    rows = -(-len(pictures) // COLUMNS)
    figure = plt.figure(figsize=(11, 1.75 * rows + 4.2), layout="constrained")
    top, below = figure.subfigures(2, 1, height_ratios=(1.75 * rows, 4.2))
    for (title, cube), axes in zip(pictures, top.subplots(rows, COLUMNS).flat, strict=False):
        picture = np.asarray(cube.image(WAVELENGTH_NM), float)
        height, width = (
            n * size for n, size in zip(picture.shape, cube.pixel_size_mm or (1, 1), strict=True)
        )
        axes.imshow(
            picture / np.nanpercentile(picture, 99.5),
            cmap="inferno",
            vmin=0,
            vmax=1,
            extent=(0, width, height, 0),
        )
        axes.set_title(title, fontsize=8)
        axes.tick_params(labelsize=6)
    for axes in top.axes[len(pictures) :]:
        axes.set_visible(False)
    top.suptitle(
        f"PAT at {WAVELENGTH_NM:.0f} nm, each divided by its 99.5th percentile; axes in mm", fontsize=9
    )
    axes = below.subplots()
    for title, cube in curves:
        number = next(k for k, name in cube.present_labels.items() if name == ORGAN)
        spectra = np.asarray(cube.data)[np.asarray(cube.labels) == number]
        mean = (spectra / np.linalg.norm(spectra, axis=1, keepdims=True)).mean(axis=0)
        ends = title == "simulated" or title.startswith("target")
        style = {"color": "black", "linestyle": "--" if title == "simulated" else "-"} if ends else {}
        axes.plot(cube.wavelengths_nm, mean, label=title, linewidth=2 if ends else 1.1, **style)
    axes.set_xlabel("wavelength [nm]")
    axes.set_ylabel("mean reflectance, L2-normalised [1]")
    axes.set_title(f"HSI, mean spectra of the {ORGAN}", fontsize=9)
    axes.legend(fontsize=7, ncols=2)
    figure.savefig(args.output, dpi=110)
    print(f"{args.output}: drawn.")


if __name__ == "__main__":
    main()
