"""Cubes that a collection keeps for tests, as data sets beside the run's: neither training nor the choice of weights sees them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from napari_udt.collection.datasets import make_dataset
from napari_udt.collection.survey import Survey
from napari_udt.cube import Domain
from napari_udt.dataset import Dataset, load_dataset, save_dataset
from napari_udt.errors import CollectionError
from napari_udt.training.findings import WORDS
from napari_udt.wording import counted, listed

_FILES = {"simulated": "simulated_test.h5", "second": "target_test.h5"}
_NOT_USED = "the model is judged on held-out subjects, which also choose the weights"


def save_untouched(
    tests: Mapping[str, Survey],
    class_names: Sequence[str],
    domains: Mapping[str, Domain],
    folder: Path,
    *,
    multiple: int = 1,
    seed: int = 0,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[str]:
    """Write the data sets of the test cubes into a run's folder; those of an earlier attempt are gone.

    Parameters
    ----------
    tests : mapping of {"simulated", "second"} to Survey
        Of the test cubes; some may have none.
    class_names : sequence of str
        Of the training.
    domains : mapping of {"simulated", "second"} to str
        As those of the training's data sets.
    folder : Path
    multiple, seed, progress
        As of :func:`~napari_udt.collection.datasets.make_dataset`.

    Returns
    -------
    list of str
        Lines for the screen: whom the model will be judged on, and why not where test cubes are of no use.
    """
    lines = []
    for domain, known in tests.items():
        path = folder / _FILES[domain]
        path.unlink(missing_ok=True)
        if not known.cubes:
            continue
        cubes = f"{counted(len(known.cubes), 'cube')} of {counted(len(known.subjects), 'subject')}"
        try:
            dataset, _ = make_dataset(
                known, class_names, domains[domain], multiple=multiple, seed=seed, progress=progress
            )
        except CollectionError:
            lines.append(
                f"warning: {WORDS[domain]}: {cubes} for the test hold nothing to judge by; {_NOT_USED}"
            )
            continue
        if not (dataset.labels >= 0).any():
            lines.append(
                f"warning: {WORDS[domain]}: {cubes} for the test name no class of the training; {_NOT_USED}"
            )
            continue
        save_dataset(dataset, path)
        lines.append(f"{WORDS[domain]}: judged at the end on {cubes} for the test ({listed(known.subjects)})")
    return lines


def load_untouched(folder: Path) -> dict[str, Dataset]:
    """Return the data sets of test cubes in a run's folder, by domain; none where the collections keep none."""
    return {
        domain: load_dataset(folder / name) for domain, name in _FILES.items() if (folder / name).is_file()
    }
