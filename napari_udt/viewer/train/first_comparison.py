"""What a new model makes of the first simulated cube of its training, beside a cube of the target. No Qt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from napari_udt.cube import SpectralCube
from napari_udt.io import open_cube
from napari_udt.models.spec import ModelSpec
from napari_udt.models.store import find_folder, read_spec
from napari_udt.training.preview_cubes import CANDIDATE, CUBES, FILE
from napari_udt.viewer.state.jobs import Report
from napari_udt.viewer.train.plan import SIMULATED, TARGET, Plan
from napari_udt.viewer.transfer.job import TransferRequest
from napari_udt.viewer.transfer.job import run as run_transfer

_COPIES = {SIMULATED: CUBES["simulated"], TARGET: CUBES["second"]}


@dataclass(frozen=True, eq=False)
class Comparison:
    """Cubes to be opened, the result last, and the model.

    Parameters
    ----------
    spec : ModelSpec
    cubes : tuple of SpectralCube
        Without those that are open already.
    sentence : str
        What is open now.
    """

    spec: ModelSpec
    cubes: tuple[SpectralCube, ...]
    sentence: str


def make_comparison(
    plan: Plan,
    folder: Path,
    entries: Mapping[str, SpectralCube],
    report: Report = lambda done, total: None,
) -> Comparison:
    """Open a simulated and a target cube of a training and transfer the first; meant for another thread.

    Parameters
    ----------
    plan : Plan
    folder : Path
        Of the run.
    entries : mapping of str to SpectralCube
        Open cubes by their keys; those that were trained on are taken before files.
    report : callable

    Raises
    ------
    UdtError
        When a cube or the model cannot be read, or does not fit.
    """
    spec = read_spec(find_folder(plan.name))
    opened: list[SpectralCube] = []
    shown: dict[str, SpectralCube] = {}
    for side in (SIMULATED, TARGET):
        key = next((s.key for s in plan.sources(side) if s.key in entries), "")
        shown[side] = (
            entries[key].with_(name=key) if key else _from_file(folder / _COPIES[side], plan, entries)
        )
        if not key and shown[side].name not in entries:
            opened.append(shown[side])
    simulated = shown[SIMULATED]
    result = run_transfer(TransferRequest(simulated.name, simulated, spec, "sim2real"), None, report)
    return Comparison(
        spec, (*opened, result), f"{result.name} is open beside {simulated.name} and {shown[TARGET].name}."
    )


def _from_file(copy: Path, plan: Plan, entries: Mapping[str, SpectralCube]) -> SpectralCube:
    """Open the cube of which a small copy was made; the copy itself where the file is gone."""
    small = open_cube(copy)
    path = Path(str(small.metadata.get(FILE, "")))
    if not path.exists():
        return small.in_memory()
    domain = None if small.domain == "unknown" else small.domain
    cube = open_cube(path, candidate=str(small.metadata.get(CANDIDATE, "")) or None, domain=domain)
    return cube.with_structures_named(dict(plan.structures))
