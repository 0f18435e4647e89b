"""A file format of an outside package: cubes as text, read and written by napari-udt through entry points.

    python docs/scripts/own_format.py [CUBE] [-o OUT.udtxt]

In a package of your own this module needs no more than these lines in its pyproject.toml::

    [project.entry-points."napari_udt.readers"]
    spectra-as-text = "own_format:READER"
    [project.entry-points."napari_udt.writers"]
    spectra-as-text = "own_format:WRITER"

Without arguments a sample cube is written to a temporary folder and read back.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from napari_udt.cube import SpectralCube
from napari_udt.io.contract import Candidate, Format, Match, ReadOptions, Writer

READER = Format("udtxt", "Spectra as text", (".udtxt",), module=__name__)
WRITER = Writer("udtxt", "Spectra as text", (".udtxt",), module=__name__)
MAGIC = "# udtxt "


def sniff(path: Path) -> Match:
    """Recognise a file by its first bytes, never by its name."""
    with open(path, "rb") as file:
        return Match.YES if file.read(len(MAGIC)) == MAGIC.encode() else Match.NO


def candidates(path: Path, options: ReadOptions) -> list[Candidate]:
    """Return the only cube of a file; its values are read when it is chosen."""
    return [Candidate("cube", lambda: _read(path, options))]


def write(cubes: Sequence[SpectralCube], path: Path, compress: bool = False, **options: bool) -> None:
    """Write one cube: a line of metadata, then one spectrum per line."""
    (cube,) = cubes
    head = {
        "shape": cube.shape,
        "wavelengths_nm": cube.wavelengths_nm.tolist(),
        "modality": cube.modality,
        "domain": cube.domain,
    }
    spectra = np.asarray(cube.data).reshape(-1, cube.shape[2])
    np.savetxt(path, spectra, "%.9g", header=f"udtxt {json.dumps(head)}", comments="# ")


def _read(path: Path, options: ReadOptions) -> SpectralCube:
    with open(path, encoding="utf-8") as file:
        head = json.loads(file.readline().removeprefix(MAGIC))
        spectra = np.loadtxt(file, np.float32, ndmin=2)
    return SpectralCube(
        spectra.reshape(head["shape"]),
        options.wavelengths_nm or head["wavelengths_nm"],
        options.modality or head["modality"],
        options.domain or head["domain"],
        name=path.stem,
    )


def main() -> None:
    """Write a cube in this format and read it back."""
    from napari_udt import open_cube
    from napari_udt.samples import sample_path

    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("cube", nargs="?", type=Path, default=sample_path("hsi_simulated"))
    parser.add_argument("-o", "--output", type=Path)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = args.output or Path(folder) / "cube.udtxt"
        write([open_cube(args.cube)], path)
        back = candidates(path, ReadOptions())[0].read()
        print(
            f"{path.name}: {path.stat().st_size / 1e6:.1f} MB of text; read back as {back.shape}, {back.modality}"
        )


if __name__ == "__main__":
    main()
