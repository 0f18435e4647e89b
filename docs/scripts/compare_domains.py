"""Compare a simulated cube before and after its transfer with a cube of the target domain, structure by structure.

    python docs/scripts/compare_domains.py [SIMULATED TARGET] [--model NAME]

Beside the model stands a baseline that learns nothing: the simulated spectra with the target's mean and standard
deviation at every wavelength, matched structure by structure. Its means are the target's by construction: a mean that fits
proves little.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import napari_udt
from napari_udt.population.groups import population_of_cubes
from napari_udt.population.measures import MeasureOptions, measure
from napari_udt.samples import sample_path


def main() -> None:
    """Transfer, gather the groups, print one measure for every structure and group."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("simulated", nargs="?", type=Path, default=sample_path("hsi_simulated"))
    parser.add_argument("target", nargs="?", type=Path, default=sample_path("hsi_second"))
    parser.add_argument("--model", default="hsi_cinn_dy")
    args = parser.parse_args()

    simulated, target = napari_udt.open_cube(args.simulated), napari_udt.open_cube(args.target)
    groups = [
        ("simulated", "simulated", simulated),
        (args.model, "transferred", napari_udt.transfer(simulated, args.model)),
        ("moments", "transferred", napari_udt.transfer(simulated, "baseline:moments", reference=target)),
        ("target", "real", target),
    ]
    population = population_of_cubes(groups)
    table = measure(population, MeasureOptions(measures=("spectral_angle",), resamples=20))
    print(
        "spectral angle between mean spectra, degrees, with its 95 % bootstrap interval (over spectra of one picture)"
    )
    for name in table.class_names:
        rows = [table.row(name, group, "spectral_angle") for group in table.groups]
        cells = [f"{r.group} {r.value:.2f} [{r.low:.2f}, {r.high:.2f}]" for r in rows if r is not None]
        print(f"{name:16} " + "   ".join(cells))


if __name__ == "__main__":
    main()
