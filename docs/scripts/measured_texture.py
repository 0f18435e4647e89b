"""Compare photoacoustic data sets with measured forearms: texture, and how well patches are recognised.

    python docs/scripts/measured_texture.py
    python docs/scripts/measured_texture.py FOLDER NAME=DATASET.h5 ... [-o PICTURE.png]

Without arguments it prints what was stored when the device was calibrated. FOLDER holds the measured pictures, which are
no part of the project; each data set comes from `napari-udt simulate pat`. The picture shows no measured image, only what
was computed from them.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path

import numpy as np

from napari_udt.dataset import load_dataset
from napari_udt.simulation.compare_pictures import recognition, recognition_by_person
from napari_udt.simulation.fitted_tables import parameters
from napari_udt.simulation.measured_pictures import CALIBRATION, JUDGING, read_measured_pictures
from napari_udt.simulation.picture_texture import autocorrelations, depth_profile, mean_texture, relative
from napari_udt.simulation.pixel_grid import IMAGE_GRID

PERSONS = tuple(sorted((*CALIBRATION, *JUDGING)))


def main() -> None:
    """Print the numbers; draw the picture where one is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("datasets", nargs="*", metavar="NAME=DATASET.h5")
    parser.add_argument("-o", "--output", type=Path)
    args = parser.parse_args()
    if args.folder is None:
        stored = parameters("pat_device")
        print(json.dumps({k: stored[k] for k in ("measured_forearms", "device", "recognised")}, indent=1))
        return

    measured = read_measured_pictures(args.folder)
    named = [text.split("=", 1) for text in args.datasets]
    envelopes = {name: load_dataset(path).samples[:, 0].astype(float) for name, path in named}
    people = {f"person {p}": measured.of((p,), ("forearm",)) for p in PERSONS}
    for name, pictures in {**people, **envelopes}.items():
        texture = ", ".join(f"{key} {value:.3f}" for key, value in asdict(mean_texture(pictures)).items())
        print(f"{name}: {len(pictures)} pictures, {texture}")
    for name, pictures in envelopes.items():
        areas = recognition_by_person(pictures, measured, PERSONS)
        judged = recognition(pictures, measured, CALIBRATION, JUDGING)
        print(f"{name}: patches recognised, by person {areas}; judging people {judged:.3f}")
    if args.output:
        draw(args.output, envelopes, people)


def draw(path: Path, envelopes: dict[str, np.ndarray], people: dict[str, np.ndarray]) -> None:
    """Two pictures of each data set over curves of texture and depth."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    columns = max(3, len(envelopes))
    figure, axes = plt.subplots(3, columns, figsize=(4 * columns, 7.5), layout="constrained")
    for column, (name, pictures) in enumerate(envelopes.items()):
        for row in range(2):
            axis = axes[row, column]
            shown = np.log10(relative(pictures[row]) + 0.05)
            extent = (-20, 20, 17, -3)
            axis.imshow(shown, cmap="gray", vmin=-1, vmax=1.3, extent=extent)
            axis.set_title(name if row == 0 else "")
            axis.set(xlabel="mm", ylabel="depth [mm]")
    lags = np.arange(8) * IMAGE_GRID.pixel_mm
    depths = -3 + (np.arange(16) + 0.5) * 8 * IMAGE_GRID.pixel_mm
    for axis, title, of in (
        (axes[2, 0], "lateral autocorrelation", lambda e: autocorrelations(e)[0][:8]),
        (axes[2, 1], "axial autocorrelation", lambda e: autocorrelations(e)[1][:8]),
        (axes[2, 2], "envelope over its median", lambda e: depth_profile(e)[:-1]),
    ):
        along = depths if axis is axes[2, 2] else lags
        curves = np.array([of(pictures[0]) for pictures in people.values()])
        axis.fill_between(
            along, curves.min(axis=0), curves.max(axis=0), color="0.8", label="measured, four people"
        )
        for name, pictures in envelopes.items():
            axis.plot(along, np.mean([of(e) for e in pictures], axis=0), label=name)
        axis.set(title=title, xlabel="depth [mm]" if axis is axes[2, 2] else "distance [mm]")
        if axis is axes[2, 2]:
            axis.set_yscale("log")
    axes[2, 0].legend(fontsize=8)
    for axis in axes[2, 3:]:
        axis.set_visible(False)
    figure.savefig(path, dpi=80)


if __name__ == "__main__":
    main()
