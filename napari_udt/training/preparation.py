"""From cubes of the user's own to a training run: what was found, a data set of each domain, a configuration that fits them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from napari_udt.collection import Collection, gather
from napari_udt.collection.datasets import make_dataset
from napari_udt.collection.doubts import MOST_CLASSES
from napari_udt.collection.inspecting import Rules
from napari_udt.collection.survey import Survey, survey
from napari_udt.collection.wavelengths import common_wavelengths
from napari_udt.cube import Domain
from napari_udt.dataset import Dataset, save_dataset
from napari_udt.errors import TrainingError
from napari_udt.files.writing import whole_or_nothing
from napari_udt.io.registry import sniff
from napari_udt.models.classes import plain_name
from napari_udt.models.spec import ModelSpec
from napari_udt.models.store import PROPOSED
from napari_udt.training.config import TrainingConfig
from napari_udt.training.estimate import estimate, lasting
from napari_udt.training.findings import WORDS, class_lines, found_lines, warnings
from napari_udt.training.fine_tuning import obstacle, parent_classes, parent_spec, refusal
from napari_udt.training.fitting import fitted, picture_multiple
from napari_udt.training.loop import CHECKPOINT
from napari_udt.training.objective import DOMAINS
from napari_udt.training.preview_cubes import save_preview_cubes
from napari_udt.training.run import run_folder
from napari_udt.training.tables import checked
from napari_udt.training.untouched import save_untouched
from napari_udt.wording import counted, listed

Progress = Callable[[int, int], None]

# By the domain of training: which domains of cubes it takes before others, and what it is called on the screen.
_TAKEN = {"simulated": ("simulated",), "second": ("real", "second")}
PREPARED = "prepared.json"


def is_dataset(path: Path) -> bool:
    """Whether a file is a data set of ``napari-udt simulate``, which training takes as it is."""
    known = sniff(path).format
    return known is not None and known.name == "dataset"


def prepare(
    config: TrainingConfig,
    simulated: Sequence[Path],
    target: Sequence[Path],
    folder: Path,
    *,
    structures: Mapping[str, str] | None = None,
    minutes: float | None = None,
    device: str = "cpu",
    progress: Progress = lambda done, total: None,
    report: Callable[[str], None] = lambda line: None,
) -> TrainingConfig:
    """Make the data sets of a run from files, folders and collections of any format.

    Classes are the structures that simulated cubes name; wavelengths those that all cubes cover. The data sets and the
    configuration lie in the run's folder, so that ``--resume`` finds them.

    Parameters
    ----------
    config : TrainingConfig
        The size of images, classes and wavelengths follow from the data.
    simulated, target : sequence of path
        Of a mixed folder, simulated cubes are taken for the first, measured ones and stand-ins for the second, and those
        of unknown domain where there are no others.
    folder : Path
        Of the model; its name is the model's.
    structures : mapping of str to str, optional
        What structures are called, by their names in the files.
    minutes : float, optional
        How long the run shall take; by default as many steps as the configuration has.
    device : str
        On which the first steps are timed.
    progress : callable, optional
        ``progress(done, total)``; what it raises ends the work.
    report : callable, optional
        Gets the lines for the screen as they come: what was found, what is doubtful, what it costs.

    Returns
    -------
    TrainingConfig
        With the data sets that were made; sizes and what cannot be judged follow from them.

    Raises
    ------
    TrainingError, CollectionError
        One sentence: what does not fit and what to do.
    """
    if (begun := run_folder(folder) / CHECKPOINT).exists():
        raise TrainingError(f"{begun}: a run was begun here; go on with --resume or choose another folder.")
    paths = {"simulated": simulated, "second": target}
    parent = parent_spec(config)
    collections = _collections(paths, config, Rules(structures=structures or {}), progress, parent, report)
    found, tests = (
        {
            domain: survey(replace(known, members=members(known)), progress)
            for domain, known in collections.items()
        }
        for members in (lambda known: known.for_training, lambda known: known.for_tests)
    )
    problems = [sentence for known in (*found.values(), *tests.values()) for sentence in known.problems]
    names = _class_names(found)
    names, unused = (names, []) if parent is None else parent_classes(parent, names)
    for line in (*found_lines(found), *(f"left out: {problem}" for problem in problems)):
        report(line)
    multiple = picture_multiple(config, [cube.shape for known in found.values() for cube in known.cubes])
    domains: dict[str, Domain] = {"simulated": "simulated", "second": _domain_of(found["second"])}
    data, notes = {}, []
    for domain in DOMAINS:
        data[domain], own = make_dataset(
            found[domain], names, domains[domain], multiple=multiple, seed=config.seed, progress=progress
        )
        notes += [f"{WORDS[domain]}: {note}" for note in own]
    asked = config.architecture
    config, changes = fitted(_named(config, folder, found["second"].origin), data)
    if parent is not None and config.architecture != asked:
        raise refusal(parent, "the images are too small for its network")
    for line in (
        *class_lines(found, names, data),
        *notes,
        *save_untouched(
            tests, names, domains, run_folder(folder), multiple=multiple, seed=config.seed, progress=progress
        ),
        *([f"not in your cubes, and free to change: {listed(unused)}"] if unused else []),
        *warnings(config, found, data),
        *changes,
    ):
        report(line)
    config = _with_files(config, data, run_folder(folder))
    save_preview_cubes(found, run_folder(folder))
    cost = estimate(config, device)
    if minutes is not None:
        config = lasting(config, minutes, cost)
    _remember(config, run_folder(folder))
    report(cost.sentence(config, device))
    return config


def prepared_config(folder: Path) -> TrainingConfig | None:
    """Return the configuration that an earlier `prepare` made for a model's folder; None where there was none."""
    path = run_folder(folder) / PREPARED
    if not path.is_file():
        return None
    try:
        table = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise TrainingError(f"{path}: not readable ({error}); start anew in another folder.") from error
    config: TrainingConfig = checked(TrainingConfig, table, str(path), "")
    return config


def _collections(
    paths: dict[str, Sequence[Path]],
    config: TrainingConfig,
    rules: Rules,
    progress: Progress,
    parent: ModelSpec | None,
    report: Callable[[str], None],
) -> dict[str, Collection]:
    """Return the cubes of each domain at the wavelengths that both cover, or at those of a model that is trained on."""
    found: dict[str, Collection] = {}
    left_out: dict[str, None] = {}  # a collection may be on both sides
    for domain in DOMAINS:
        collection, problems = gather(paths[domain], rules, progress)
        for problem in problems:
            if problem not in left_out:
                report(f"left out: {problem}")
        left_out |= dict.fromkeys(problems)
        if collection.modality != config.modality:
            if found:
                raise TrainingError(
                    f"The simulated cubes are {config.modality}, the target cubes {collection.modality}; a model is trained on cubes of "
                    "one modality: exchange one side."
                )
            fitting = next(name for name in PROPOSED if name.startswith(collection.modality.lower()))
            raise TrainingError(
                f"The {WORDS[domain]} cubes are {collection.modality}, the configuration is for {config.modality}; take one "
                f"for {collection.modality}, such as {fitting}."
            )
        if collection.preprocessing:
            steps = ", ".join(map(str, collection.preprocessing))
            raise TrainingError(
                f"The {WORDS[domain]} collection is preprocessed ({steps}), but models take spectra as cubes have them; "
                "train from a collection without preprocessing."
            )
        found[domain], lines = _of_domain(collection, domain, len(problems))
        for line in lines:
            report(line)
    grid = common_wavelengths([(f"the range of the {WORDS[d]} cubes", found[d].grid, None) for d in DOMAINS])
    at = tuple(grid.tolist()) if parent is None else parent.wavelengths_nm
    if parent is not None and (reason := obstacle(parent, config, (grid[0], grid[-1]))):
        raise refusal(parent, reason)
    return {domain: replace(known, wavelengths_nm=at) for domain, known in found.items()}


def _of_domain(collection: Collection, domain: str, broken: int) -> tuple[Collection, list[str]]:
    """Return the cubes that may be used as a domain, for training or the test, and lines about the others."""
    training = collection.for_training
    taken = _TAKEN[domain] if any(m.domain in _TAKEN[domain] for m in training) else ("unknown",)
    if not any(m.domain in taken for m in training):
        raise _none_left(collection, domain, broken)
    kept = tuple(m for m in collection.members if m.domain in taken)
    lines = []
    for other in dict.fromkeys(m.domain for m in training if m not in kept):
        names = [m.name for m in training if m.domain == other]
        lines.append(
            f"not used as {WORDS[domain]}: {counted(len(names), 'cube')} of the domain {other} ({listed(names, 3)})"
        )
    used = {*training, *collection.for_tests}
    lines += [f"left out: {m.name}: {m.subject} is kept for the test" for m in kept if m not in used]
    return replace(collection, members=kept), lines


def _none_left(collection: Collection, domain: str, broken: int) -> TrainingError:
    """Return the error that says why a side has no cubes to be trained on."""
    stated = sorted({m.domain for m in collection.for_training})
    if not stated:
        return TrainingError(
            f"All {WORDS[domain]} cubes are of subjects kept for the test; leave some for training (the column split of a table, or "
            "Use in the Collections dock)."
        )
    unopened = f", and {counted(broken, 'file')} could not be used" if broken else ""
    return TrainingError(
        f"None of the {WORDS[domain]} cubes can be used as such: they are {', '.join(stated)}{unopened}; state what they are with "
        "`napari-udt collect --domain`, or in the Collections dock."
    )


def _class_names(found: dict[str, Survey]) -> tuple[str, ...]:
    names = tuple(
        {plain_name(name): name for name in reversed(list(found["simulated"].structures))}.values()
    )[::-1]
    theirs = {plain_name(name) for name in found["second"].structures}
    if not names:
        raise TrainingError(
            "No simulated cube names a structure; the classes are taken from there: add labels with names."
        )
    if len(names) > MOST_CLASSES:
        raise TrainingError(
            f"The simulated cubes name {len(names):,} structures ({listed(names)}); expected at most {MOST_CLASSES}: give "
            "several one name (More > Structures, or --map OLD=NEW)."
        )
    if theirs and not theirs & set(map(plain_name, names)):
        raise TrainingError(
            f"No structure is in both domains: simulated {listed(names, 3)}; target {listed(sorted(theirs), 3)}; give "
            "them the same names (More > Structures, or --map OLD=NEW)."
        )
    return names


def _domain_of(found: Survey) -> Domain:
    return "real" if found.origin == "measured" else "second"


def model_name(folder: Path) -> str:
    """Return the name of the model that is trained from cubes into a folder."""
    return re.sub(r"[^A-Za-z0-9_.-]+", "_", folder.resolve().name).lstrip(".-")[:100] or "model"


def _named(config: TrainingConfig, folder: Path, origin: str) -> TrainingConfig:
    """Return a configuration whose model is named as its folder."""
    name = model_name(folder)
    method = config.title.partition(" (")[0]
    return replace(config, name=name, title=f"{name}: {method} (own cubes, target: {origin})")


def _with_files(config: TrainingConfig, data: dict[str, Dataset], folder: Path) -> TrainingConfig:
    paths = {"simulated": folder / "simulated.h5", "second": folder / "target.h5"}
    for domain, path in paths.items():
        save_dataset(data[domain], path)
    named = replace(config.data, simulated=str(paths["simulated"]), second=str(paths["second"]))
    return replace(config, data=named)


def _remember(config: TrainingConfig, folder: Path) -> None:
    with whole_or_nothing(folder / PREPARED) as temporary:
        temporary.write_text(json.dumps(config.as_dict(), indent=2), encoding="utf-8")
