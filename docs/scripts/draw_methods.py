"""Draw what every method makes of the sample cubes, one picture per method: PAT at 800 nm on a logarithmic scale, and the mean spectrum of the liver.

    python docs/scripts/draw_methods.py
    python docs/scripts/draw_methods.py -o FOLDER [--models FOLDER] [--only METHOD ...]

Without arguments it prints which methods are drawn, and with what. Methods that learn nothing take their statistics from the sample of the
target. Models that do not come with the package are looked for in the folder that --models names; without them their pictures stay as they are.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.colors import LogNorm

from napari_udt import SpectralCube, open_cube, transfer
from napari_udt.evaluation.transferring import with_training_noise
from napari_udt.inference.baselines import transfer_baseline
from napari_udt.models import load_model

SAMPLES = Path(__file__).resolve().parents[2] / "sample_data"
NAMES = {"PAT": "pat_forearm", "HSI": "hsi_organs"}
# Methods that learn nothing go by the names of `napari-udt transfer --baseline`.
BASELINES = ("moments", "histograms", "gaussian", "coral")
MODELS = {
    "cinn": {"PAT": "pat_cinn_dy", "HSI": "hsi_cinn_dy"},
    "transport_cinn": {"HSI": "hsi_transport_dy"},
    "closed_form": {"PAT": "pat_flow_dy_closed_form"},
    "unit": {"PAT": "pat_unit_y", "HSI": "hsi_unit_y"},
    "cyclegan": {"PAT": "pat_cyclegan", "HSI": "hsi_cyclegan"},
    "cyclegan_residual": {"PAT": "pat_cyclegan_residual", "HSI": "hsi_cyclegan_residual"},
    "unit_residual": {"PAT": "pat_unit_y_residual"},
    "dicyclegan": {"PAT": "pat_dicyclegan"},
    "flow_matching": {"HSI": "hsi_flow_matching"},
    "bridge": {"HSI": "hsi_bridge"},
    "syndiff": {"PAT": "pat_syndiff", "HSI": "hsi_syndiff"},
    "med_usis": {"PAT": "pat_med_usis"},
}
# The default's noise, without any transfer: what is seen of it in a transfer is not the network's work.
NOISE = "noise"
# What the panel between simulated and target is called, where it is not the method's own name.
TITLES = {
    "noise": "noise alone",
    "moments": "matched moments",
    "histograms": "matched histograms",
    "gaussian": "Gaussian transport",
    "coral": "CORAL",
    "cinn": "cINN",
    "transport_cinn": "class transport",
    "closed_form": "closed form",
    "unit": "UNIT_Y",
    "cyclegan": "CycleGAN",
    "cyclegan_residual": "residual CycleGAN",
    "unit_residual": "residual UNIT_Y",
    "dicyclegan": "DicycleGAN",
    "flow_matching": "flow matching",
    "bridge": "bridge",
    "syndiff": "SynDiff",
    "med_usis": "from labels",
}
BUNDLED = Path(__file__).resolve().parents[2] / "napari_udt" / "models" / "bundled"
WAVELENGTH_NM, ORGAN = 800.0, "liver"
DARKEST = 0.01  # of the percentile: what is darker is drawn as dark


def makers(folder: Path | None) -> dict[str, dict[str, str | Path]]:
    """Return, by method and modality, the baseline (a word) or the model (a folder) that makes the transfer."""
    found: dict[str, dict[str, str | Path]] = {NOISE: {"PAT": NOISE}}
    found |= {name: dict.fromkeys(NAMES, name) for name in BASELINES}
    for method, models in MODELS.items():
        found[method] = {}
        for modality, name in models.items():
            places = [BUNDLED / name, *(sorted(folder.glob(f"{name}*")) if folder else ())]
            present = [place for place in places if (place / "model.json").exists()]
            if present:
                found[method][modality] = present[0]
    return found


def transferred(maker: str | Path, source: SpectralCube, target: SpectralCube) -> SpectralCube:
    """Return what a baseline or a model makes of the source."""
    if maker == NOISE:
        return noisy(source)
    if isinstance(maker, str):
        return transfer_baseline(source, maker, target)
    return transfer(source, str(maker), device="cpu")


def noisy(source: SpectralCube) -> SpectralCube:
    """Return a photoacoustic cube with the noise that the default model adds before it transfers."""
    model = load_model(MODELS["closed_form"]["PAT"])
    picture = np.moveaxis(np.asarray(source.data, np.float32), -1, 0)[None]
    return source.with_(data=np.moveaxis(with_training_noise(model, picture)[0], 0, -1))


def draw_pictures(axes: Any, cubes: dict[str, SpectralCube]) -> None:
    """Draw photoacoustic pictures, each divided by its 99.5th percentile, over two decades."""
    for place, (title, cube) in zip(axes, cubes.items(), strict=True):
        picture = np.asarray(cube.image(WAVELENGTH_NM), float)
        height, width = (
            n * size for n, size in zip(picture.shape, cube.pixel_size_mm or (1, 1), strict=True)
        )
        shown = place.imshow(
            np.maximum(picture / np.nanpercentile(picture, 99.5), DARKEST),
            cmap="inferno",
            norm=LogNorm(DARKEST, 1),
            extent=(0, width, height, 0),
        )
        place.set_title(title)
        place.set_xlabel("x [mm]")
    axes[0].set_ylabel("depth [mm]")
    bar = axes[-1].figure.colorbar(shown, ax=list(axes), shrink=0.7)
    bar.set_label(f"{WAVELENGTH_NM:.0f} nm, of the\n99.5th percentile [1]")


def draw_curves(axes: Any, cubes: dict[str, SpectralCube]) -> None:
    """Draw the mean spectrum of one organ."""
    # the target is drawn first and wide: a transfer that reaches it covers its middle only
    styles = {
        "target": ("0.7", "-", 3.5),
        "simulated": ("black", "--", 1.0),
    }
    ours = next(title for title in cubes if title not in ("target", "simulated"))
    for title, (colour, line, line_width) in (styles | {ours: ("tab:red", "-", 1.0)}).items():
        cube = cubes[title]
        number = next(k for k, name in cube.present_labels.items() if name == ORGAN)
        spectra = np.asarray(cube.data)[np.asarray(cube.labels) == number]
        mean = (spectra / np.linalg.norm(spectra, axis=1, keepdims=True)).mean(axis=0)
        axes.plot(cube.wavelengths_nm, mean, label=title, color=colour, linestyle=line, linewidth=line_width)
    axes.set_xlabel("wavelength [nm]")
    axes.set_ylabel("reflectance,\nL2-normalised [1]")
    axes.set_title(f"HSI, mean of the {ORGAN}")
    axes.legend()


def main() -> None:
    """Print the methods; draw them where a folder is given."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-o", "--output", type=Path, help="folder of the pictures")
    parser.add_argument("--models", type=Path, help="folder with models that do not come with the package")
    parser.add_argument("--only", nargs="*", help="methods to draw")
    args = parser.parse_args()
    methods = makers(args.models)
    if args.output is None:
        for method, of in methods.items():
            ways = ", ".join(f"{modality} by {Path(maker).name}" for modality, maker in of.items())
            print(f"{method}: {ways or 'not at hand'}")
        return
    import matplotlib.pyplot as plt

    plt.rcParams.update({"font.size": 8, "axes.titlesize": 9, "legend.fontsize": 7})
    args.output.mkdir(parents=True, exist_ok=True)
    pairs = {
        modality: [open_cube(SAMPLES / f"{name}_{part}.udt.h5") for part in ("simulated", "second")]
        for modality, name in NAMES.items()
    }
    for method, of in methods.items():
        complete = method == NOISE or of.keys() == MODELS.get(method, NAMES).keys()
        if not complete or (args.only and method not in args.only):
            continue
        ratios = [1.0] * 3 * ("PAT" in of) + [1.3] * ("HSI" in of)
        figure, places = plt.subplots(
            1,
            len(ratios),
            figsize=(2.8 * sum(ratios), 2.0),
            width_ratios=ratios,
            layout="constrained",
            squeeze=False,
        )
        for modality, maker in of.items():
            source, target = pairs[modality]
            cubes = {
                "simulated": source,
                TITLES[method]: transferred(maker, source, target),
                "target": target,
            }
            if modality == "PAT":
                draw_pictures(places[0][:3], cubes)
            else:
                draw_curves(places[0][-1], cubes)
        figure.savefig(args.output / f"{method}.png", dpi=100)
        plt.close(figure)
        print(f"{method}: drawn.")


if __name__ == "__main__":
    main()
