"""Open damaged files on purpose: whatever the bytes, only ``CubeError`` may come out.

Run ``python tests/tools/fuzz.py --n 20000`` for a long search. Small files of every format are written, bytes of them
changed, cut, doubled or overwritten, words and numbers of their texts replaced, the structure of HDF5 files changed, and
each is opened in full. A file that gets anything but a cube or a
``CubeError`` is kept. Files are tried in a process of their own, which ends with a crash or after ``--seconds`` for
one file: a file that does either is kept as well.
"""

from __future__ import annotations

import argparse
import faulthandler
import multiprocessing
import re
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from fuzz_hdf5 import restructured
from fuzz_seeds import write_hsi_seeds
from fuzz_seeds_pat import WAVELENGTHS_NM, write_pat_seeds

from napari_udt.cube import SpectralCube
from napari_udt.dataset import Dataset, save_dataset
from napari_udt.errors import CubeError
from napari_udt.io import describe, is_damaged, is_readable, list_candidates, open_cube, save_cube

LIMIT_S = 60.0  # for one file, on a busy machine
STRUCTURAL = 0.6  # share of the HDF5 files of which the structure is changed
_REPORT = 1000
Mutation = Callable[[bytearray, np.random.Generator], bytearray]


def seed_files(folder: Path) -> list[Path]:
    """Write one small good file for every reader and return the paths of all; those of a sub-folder go together."""
    rng = np.random.default_rng(0)
    image = rng.random((6, 5, 4), dtype=np.float32)
    labels = rng.integers(0, 3, (6, 5))
    cube = SpectralCube(
        image, WAVELENGTHS_NM, "PAT", labels=labels, label_names={1: "vein"}, metadata={"a": 1}
    )
    save_cube(cube, folder / "own.h5", overwrite=True)
    save_cube(cube, folder / "packed.h5", overwrite=True, compress=True)
    save_cube(cube, folder / "paper.npz", overwrite=True)
    save_cube(cube, folder / "spectra.csv", overwrite=True)
    save_cube(cube, folder / "envi" / "cube.hdr", overwrite=True)
    write_hsi_seeds(folder, cube)
    _write_simpa(folder / "simpa.hdf5", image, labels)
    _write_plain(folder / "plain.h5", image)
    np.savez(folder / "plain.npz", cube=image, wavelengths=WAVELENGTHS_NM)
    np.save(folder / "P001#2020_01_01_01_01_01.npy", rng.random((7, 100)))
    images = np.stack([image.transpose(2, 0, 1)] * 2)
    save_dataset(
        Dataset(
            images,
            np.stack([labels] * 2),
            WAVELENGTHS_NM,
            ("fat", "vein", "artery"),
            "PAT",
            "simulated",
            "",
            0,
        ),
        folder / "set.h5",
    )
    write_pat_seeds(folder, image)
    return sorted(path for path in folder.rglob("*") if path.is_file())


def mutated(good: bytes, rng: np.random.Generator) -> bytes:
    """Return bytes with one to eight random changes."""
    data = bytearray(good)
    for _ in range(int(rng.integers(1, 9))):
        data = _MUTATIONS[rng.integers(len(_MUTATIONS))](data, rng)
    return bytes(data)


def try_file(path: Path) -> str:
    """Use a file in every way that the viewer would; return "opened" or "refused"."""
    is_readable(path)
    is_damaged(path)
    try:
        list_candidates(path)
        describe(open_cube(path))
        return "opened"
    except CubeError as error:
        if str(path.parent) not in str(error):
            raise AssertionError(f"the error does not name the file: {error}") from error
        return "refused"


class Watched:
    """Calls a function in a process of its own; one call may take a limited time, and may crash the process.

    Parameters
    ----------
    function : callable
        Of one argument, importable by its name; returns a text.
    limit_s : float
        Time for one call.
    """

    def __init__(self, function: Callable[[Any], str], limit_s: float = LIMIT_S) -> None:
        self._function, self._limit = function, limit_s
        self._context = multiprocessing.get_context("spawn")
        self._process: Any = None

    def __call__(self, argument: Any) -> str:
        """Return the text of a call, the name of its exception, "hang" or "crash"."""
        if self._process is None:
            self._start()
        self._pipe.send(argument)
        if not self._pipe.poll(self._limit):
            self.close()
            return "hang"
        try:
            return str(self._pipe.recv())
        except EOFError:
            self.close()
            return "crash"

    def close(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.kill()
            self._process.join()
            self._pipe.close()
            self._process = None

    def _start(self) -> None:
        self._pipe, other = self._context.Pipe()
        self._process = self._context.Process(target=_serve, args=(self._function, other), daemon=True)
        self._process.start()
        other.close()
        assert self._pipe.recv() == "ready"  # imports do not count


def _serve(function: Callable[[Any], str], pipe: Any) -> None:
    faulthandler.enable()  # a crash inside a library says where it was
    pipe.send("ready")
    while True:
        argument = pipe.recv()
        try:
            outcome = function(argument)
        except Exception as error:  # the very thing that is searched for
            outcome = type(error).__name__
        pipe.send(outcome)


def run(count: int, seed: int, folder: Path, limit_s: float = LIMIT_S) -> tuple[Counter[str], list[Path]]:
    """Try ``count`` mutated files, each for ``limit_s`` seconds at most.

    Returns
    -------
    outcomes : Counter
        How many files were "opened", "refused", took too long ("hang"), ended the process ("crash"), or raised
        something else (by the error's name).
    kept : list of path
        The files that were neither opened nor refused, or the folders of those that go together.
    """
    rng = np.random.default_rng(seed)
    good_folder = folder / "good"
    good_folder.mkdir(exist_ok=True)
    seeds = [(path, path.read_bytes()) for path in seed_files(good_folder)]
    outcomes: Counter[str] = Counter()
    kept = []
    watched = Watched(_try_with_companions, limit_s)
    for number in range(count):
        path, good = seeds[number % len(seeds)]
        if h5py.is_hdf5(path) and rng.random() < STRUCTURAL:
            restructured(path, rng)
        else:
            path.write_bytes(mutated(good, rng))
        outcome = watched((path, good_folder))
        outcomes[outcome] += 1
        if number % _REPORT == _REPORT - 1:
            print(f"{number + 1} files: {dict(outcomes)}", flush=True)
        if outcome not in ("opened", "refused"):
            kept.append(_keep(path, good_folder, folder / f"{number}-{path.name}"))
        path.write_bytes(good)
    watched.close()
    return outcomes, kept


def _try_with_companions(file_and_root: tuple[Path, Path]) -> str:
    """Try a file, and through all others of its sub-folder; "opened" if any opens."""
    path, root = file_and_root
    top = root / path.relative_to(root).parts[0]
    if top.suffix == ".zarr":
        return try_file(top)
    together = [path] if path.parent == root else sorted(path.parent.iterdir())
    return min(try_file(each) for each in together)


def _keep(path: Path, root: Path, target: Path) -> Path:
    top = root / path.relative_to(root).parts[0]
    return Path(shutil.copy(path, target)) if path == top else shutil.copytree(top, target)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run from the command line; returns 1 when a file got anything but a cube or a ``CubeError``."""
    parser = argparse.ArgumentParser(prog="python tests/tools/fuzz.py", description=__doc__)
    parser.add_argument("--n", type=int, default=2000, help="number of mutated files")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=LIMIT_S, help="time limit for one file")
    parser.add_argument("--folder", type=Path, help="where to keep files (default: a new temporary folder)")
    options = parser.parse_args(arguments)
    folder = options.folder or Path(tempfile.mkdtemp(prefix="napari-udt-fuzz-"))
    folder.mkdir(parents=True, exist_ok=True)
    start = time.perf_counter()
    outcomes, kept = run(options.n, options.seed, folder, options.seconds)
    print(f"{options.n} files in {time.perf_counter() - start:.1f} s: {dict(outcomes)}")
    print(f"files below {folder}; kept: {', '.join(path.name for path in kept) or 'none'}")
    return 1 if kept else 0


def _write_simpa(path: Path, image: np.ndarray, labels: np.ndarray) -> None:
    with h5py.File(path, "w") as file:
        file["simpa_version"] = "1.0.0"
        file["settings/Settings/voxel_spacing_mm"] = 0.15625
        for channel, wavelength in enumerate(WAVELENGTHS_NM):
            file[f"simulations/reconstructed_data/{wavelength:g}"] = image[:, :, channel].T
        file["simulations/simulation_properties/seg"] = labels.T
        file["simulations/simulation_properties/oxy"] = labels.T / 3


def _write_plain(path: Path, image: np.ndarray) -> None:
    with h5py.File(path, "w") as file:
        file.create_dataset("scan/cube", data=image, chunks=(2, 5, 4), compression="gzip")
        file["scan/wavelengths"] = WAVELENGTHS_NM
        file["scan/cube"].attrs["unit"] = "a.u."


def _flip(data: bytearray, rng: np.random.Generator) -> bytearray:
    if data:
        data[rng.integers(len(data))] ^= 1 << int(rng.integers(8))
    return data


def _set_extreme(data: bytearray, rng: np.random.Generator) -> bytearray:
    at, length = int(rng.integers(len(data) + 1)), int(rng.choice([1, 2, 4, 8]))
    data[at : at + length] = bytes([int(rng.choice([0x00, 0x7F, 0x80, 0xFF]))]) * len(data[at : at + length])
    return data


def _cut(data: bytearray, rng: np.random.Generator) -> bytearray:
    return data[: int(rng.integers(len(data) + 1))] if rng.random() < 0.2 else data


def _copy_within(data: bytearray, rng: np.random.Generator) -> bytearray:
    source, target, length = (int(rng.integers(len(data) + 1)) for _ in range(3))
    piece = data[source : source + length % 64]
    data[target : target + len(piece)] = piece
    return data


def _replace_word(data: bytearray, rng: np.random.Generator) -> bytearray:
    """Replace a word or number of a text by one that is out of place; a few bytes of other data."""
    words = list(_WORD.finditer(data))
    if not words:
        return data
    found = words[int(rng.integers(len(words)))]
    other = words[int(rng.integers(len(words)))].group() if rng.random() < 0.3 else None
    data[found.start() : found.end()] = other or _ODD_WORDS[int(rng.integers(len(_ODD_WORDS)))]
    return data


_WORD = re.compile(rb"[A-Za-z]{2,40}|[-+]?[0-9][0-9.eE+-]{0,20}")
_ODD_WORDS = (
    *(
        b"-1",
        b"0",
        b"1e400",
        b"nan",
        b"inf",
        b"9223372036854775808",
        b"65536",
        b"0.5",
        b"",
        b"None",
        b"{",
        b"}",
    ),
    *(b'"', b"[]", b"{}", b"null", b"<", b"\x00", b"\xff\xfe", b"1,2", b"%s", b"../../x", b"9" * 400),
)
_MUTATIONS: tuple[Mutation, ...] = (_flip, _set_extreme, _cut, _copy_within, _replace_word)


if __name__ == "__main__":
    raise SystemExit(main())
