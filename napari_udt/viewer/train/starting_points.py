"""The models whose weights a training can begin with, as far as the chosen cubes say. No Qt."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress

from napari_udt.collection.reading import is_unlabelled
from napari_udt.collection.toml_file import is_collection, load_collection
from napari_udt.cube import SpectralCube
from napari_udt.errors import UdtError
from napari_udt.io import open_cube
from napari_udt.models.spec import ModelSpec
from napari_udt.models.store import list_models
from napari_udt.training.config import load_config
from napari_udt.training.fine_tuning import Range, obstacle
from napari_udt.viewer.state.session import Session
from napari_udt.viewer.train.plan import Plan, Source

_MOST_FILES = 3  # that are looked into, of each side


def starting_points(session: Session, plan: Plan) -> tuple[list[ModelSpec], dict[str, str]]:
    """Return the models that a plan's training can begin with, and by its name why another of the modality cannot.

    Cubes in folders are not looked at; what they lack is said when the training looks at them.
    """
    config = load_config(plan.method)
    simulated, target = (list(_cubes(session, side)) for side in (plan.simulated, plan.target))
    covered = _covered([*simulated, *target], (*plan.simulated, *plan.target))
    names = {
        plan.structures.get(name, name)
        for cube in simulated
        for name in cube.present_labels.values()
        if cube.labels is not None and not is_unlabelled(name)
    }
    fitting, reasons = [], {}
    for spec in list_models():
        if spec.modality != config.modality:
            continue
        if reason := obstacle(spec, config, covered, sorted(names) if names else None):
            reasons[spec.name] = reason
        else:
            fitting.append(spec)
    return fitting, reasons


def _cubes(session: Session, sources: Sequence[Source]) -> Iterator[SpectralCube]:
    """Yield the open cubes among some sources, and those of the first files; no values are read but labels."""
    files = [s.path for s in sources if s.path is not None and s.path.is_file() and not is_collection(s.path)]
    for source in sources:
        if source.path is None and source.key in session:
            yield session[source.key].cube
    for path in files[:_MOST_FILES]:
        with suppress(UdtError):  # the run says what is wrong with it
            yield open_cube(path, memory_limit_mb=0)


def _covered(cubes: Iterable[SpectralCube], sources: Sequence[Source]) -> Range | None:
    """Return the range of wavelengths that all known cubes and collections cover; None where nothing is known."""
    ranges = [(float(cube.wavelengths_nm[0]), float(cube.wavelengths_nm[-1])) for cube in cubes]
    for source in sources:
        if source.path is not None and is_collection(source.path):
            with suppress(UdtError):
                grid = load_collection(source.path).wavelengths_nm
                ranges.append((grid[0], grid[-1]))
    if not ranges:
        return None
    return max(low for low, _ in ranges), min(high for _, high in ranges)
