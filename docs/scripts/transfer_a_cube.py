"""Transfer a cube from the simulated to the target domain, and see how far every structure moved.

    python docs/scripts/transfer_a_cube.py [CUBE] [--model NAME] [-o OUT.udt.h5]

Without arguments the simulated organs of the sample data are transferred and nothing is written.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

import napari_udt
from napari_udt.samples import sample_path
from napari_udt.spectral.distances import spectral_angle


def main() -> None:
    """Open, transfer, compare, save."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cube", nargs="?", type=Path, default=sample_path("hsi_simulated"))
    parser.add_argument("--model", default="hsi_cinn_dy")
    parser.add_argument("-o", "--output", type=Path)
    args = parser.parse_args()

    cube = napari_udt.open_cube(args.cube)
    print(
        f"{cube.name}: {cube.shape}, {cube.wavelengths_nm[0]:g}-{cube.wavelengths_nm[-1]:g} nm, {cube.origin}"
    )
    moved = napari_udt.transfer(cube, args.model, direction="sim2real")

    for label, name in cube.label_names.items():
        pixels = cube.labels == label
        if pixels.any():
            before, after = (np.nanmean(c.data[pixels], axis=0) for c in (cube, moved))
            print(
                f"{name:16} mean spectrum turned by {spectral_angle(before, after, degrees=True):5.2f} degrees"
            )
    if args.output is not None:
        napari_udt.save_cube(moved, args.output)


if __name__ == "__main__":
    main()
