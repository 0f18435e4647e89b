"""From cubes of a collection to a data set that networks are trained on."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from napari_udt.collection.reading import opened
from napari_udt.collection.survey import Survey
from napari_udt.cube import Domain
from napari_udt.dataset import Dataset
from napari_udt.errors import CollectionError
from napari_udt.models.classes import plain_name
from napari_udt.wording import counted

Progress = Callable[[int, int], None]
OWN_CUBES = "own cubes"  # as the generator of such data sets

# More spectra of one class do not make a network better; of cubes without labels, as many as of some classes.
MOST_PER_CLASS = 20_000
MOST_UNLABELLED = 60_000
MOST_BYTES = 2**30  # of all images
_NAMED_FILES = 20


def make_dataset(
    found: Survey,
    class_names: Sequence[str],
    domain: Domain,
    *,
    multiple: int = 1,
    seed: int = 0,
    progress: Progress = lambda done, total: None,
) -> tuple[Dataset, list[str]]:
    """Draw spectra (HSI), or cut images (PAT), from the cubes of a collection.

    Of spectra, each class gets at most ``MOST_PER_CLASS``, as evenly from its cubes as they allow; where no cube has labels,
    pixels are drawn anywhere. Images get one size: that of the smallest, from the top row on and from the middle
    columns. Spectra with missing values are left out; in images they are 0 and of unknown class.

    Parameters
    ----------
    found : Survey
    class_names : sequence of str
        Structures with another name have an unknown class.
    domain : str
        Which domain of the training these cubes are.
    multiple : int
        Number that divides height and width of images.
    seed : int
        Of the draw of spectra.
    progress : callable, optional
        ``progress(cubes done, cubes in all)``; what it raises ends the work.

    Returns
    -------
    Dataset
        ``parameters["animal"]`` numbers the subjects: none is both trained on and held out.
    list of str
        Sentences about what was left out.

    Raises
    ------
    CollectionError
        When nothing usable is left.
    """
    classes = {plain_name(name): index for index, name in enumerate(class_names)}
    hsi = found.collection.modality == "HSI"
    draw = _spectra if hsi else _images
    samples, labels, cube_of, notes = draw(found, classes, multiple, np.random.default_rng(seed), progress)
    if len(samples) < 2:
        raise CollectionError(
            f"The {'simulated' if domain == 'simulated' else 'target'} cubes hold {len(samples)} usable "
            f"{'spectra' if hsi else 'images'}; training needs two or more, of which one is held out: add cubes. Missing values and "
            "structures of one domain only do not count."
        )
    subjects = {name: number for number, name in enumerate(found.subjects)}
    numbers = np.array([subjects[cube.member.subject] for cube in found.cubes])
    dataset = Dataset(
        samples=samples,
        labels=labels,
        wavelengths_nm=found.collection.grid,
        class_names=tuple(class_names),
        modality=found.collection.modality,
        domain=domain,
        origin=found.origin,
        seed=seed,
        generator={
            "name": OWN_CUBES,
            "cubes": len(found.cubes),
            "subjects": len(subjects),
            "files": [cube.member.name for cube in found.cubes[:_NAMED_FILES]],
            "structures": dict(found.collection.structures),
        },
        parameters={"animal": numbers[cube_of]},
    )
    return dataset, notes


Drawn = tuple[NDArray[np.float32], NDArray[np.int16], NDArray[np.intp], list[str]]


def _spectra(
    found: Survey, classes: dict[str, int], multiple: int, rng: np.random.Generator, progress: Progress
) -> Drawn:
    with_class = np.zeros(len(classes), int)
    for cube in found.cubes:
        with_class[sorted({classes[plain_name(n)] for n in cube.structures if plain_name(n) in classes})] += 1
    quota = {index: -(-MOST_PER_CLASS // max(1, count)) for index, count in enumerate(with_class)}
    quota[-1] = -(-MOST_UNLABELLED // max(1, len(found.cubes))) if not with_class.any() else 0
    spectra, labels, cube_of, missing = [], [], [], 0
    for number, cube in enumerate(found.cubes):
        progress(number, len(found.cubes))
        with opened(cube.member, found.collection) as prepared:
            numbers = prepared.class_numbers(classes)
            for index, most in quota.items():
                pixels = np.flatnonzero(numbers == index)
                chosen = np.sort(rng.permutation(pixels)[:most])
                rows, columns = np.unravel_index(chosen, numbers.shape)
                drawn = prepared.spectra(rows, columns)
                usable = np.isfinite(drawn).all(axis=1) & (drawn != 0).any(axis=1)
                missing += int(np.count_nonzero(~usable))
                spectra.append(drawn[usable])
                labels.append(np.full(len(spectra[-1]), index, np.int16))
                cube_of.append(np.full(len(spectra[-1]), number))
    progress(len(found.cubes), len(found.cubes))
    notes = [f"{counted(missing, 'spectrum')} with missing values or zeros left out"] if missing else []
    return np.concatenate(spectra), np.concatenate(labels), np.concatenate(cube_of), notes


def _images(
    found: Survey, classes: dict[str, int], multiple: int, rng: np.random.Generator, progress: Progress
) -> Drawn:
    rows, columns = (
        min(sides) // multiple * multiple for sides in zip(*(c.shape for c in found.cubes), strict=True)
    )
    if not (rows and columns):
        raise CollectionError(
            f"The smallest image has {' x '.join(map(str, min(c.shape for c in found.cubes)))} pixels; the network needs "
            f"{multiple} x {multiple} or more: leave it out, or choose a smaller network."
        )
    bytes_each = 4 * rows * columns * len(found.collection.wavelengths_nm)
    chosen = _evenly(len(found.cubes), max(2, MOST_BYTES // bytes_each))
    images, labels, cube_of, missing, empty = [], [], [], 0, 0
    for done, number in enumerate(chosen):
        progress(done, len(chosen))
        cube = found.cubes[number]
        left = (cube.shape[1] - columns) // 2
        with opened(cube.member, found.collection) as prepared:
            image = prepared.image(slice(0, rows), slice(left, left + columns))
            own = prepared.class_numbers(classes)[:rows, left : left + columns]
        broken = np.asarray(~np.isfinite(image).all(axis=2))
        if broken.all() or not np.nan_to_num(image).any():
            empty += 1
            continue
        missing += int(np.count_nonzero(broken))
        images.append(np.where(broken[..., None], np.float32(0), image).transpose(2, 0, 1))
        labels.append(np.where(broken, -1, own).astype(np.int16))
        cube_of.append(number)
    progress(len(chosen), len(chosen))
    notes = []
    if len(chosen) < len(found.cubes):
        notes.append(
            f"{len(chosen)} of {len(found.cubes)} images taken, evenly spread: more need too much memory"
        )
    if empty:
        notes.append(f"{counted(empty, 'image')} without a value left out")
    if missing:
        notes.append(f"{counted(missing, 'pixel')} with missing values set to 0")
    if not images:
        return np.empty((0, 1, 1, 1), np.float32), np.empty((0, 1, 1), np.int16), np.array([], int), notes
    return np.stack(images), np.stack(labels), np.array(cube_of), notes


def _evenly(count: int, most: int) -> list[int]:
    return np.unique(np.linspace(0, count - 1, min(count, most)).round().astype(int)).tolist()
