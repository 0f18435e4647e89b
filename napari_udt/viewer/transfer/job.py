"""A transfer in the viewer: choices, texts, the run itself and the name of its result. No Qt, no torch until it runs."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from napari_udt.cube import SpectralCube
from napari_udt.errors import TransferError
from napari_udt.inference.far_outside import warning
from napari_udt.inference.fitting import ModelChoice, model_obstacle
from napari_udt.inference.from_labels import GENERATED
from napari_udt.models.noise import InputNoise
from napari_udt.viewer.series.pictures import held, place_text, series_of
from napari_udt.viewer.session.script import ARGUMENTS
from napari_udt.viewer.state.jobs import Report, error_text
from napari_udt.viewer.state.session import Session
from napari_udt.viewer.style import model_title
from napari_udt.wording import counted

if TYPE_CHECKING:
    from napari_udt.models import ModelSpec

Direction = Literal["sim2real", "real2sim"]
Noise = Literal["training", "none"]
Frames = Literal["each", "all"]  # pictures of a series: each when it is looked at, or all now
TransferFunction = Callable[..., SpectralCube]

DIRECTIONS: tuple[Direction, ...] = ("sim2real", "real2sim")
_SHORT_TARGETS = {"drawn from measured statistics": "from statistics"}
FROM_LABELS = (
    "Generated from the cube's labels alone: no transfer of its picture, and it knows no oxygenation."
)
CAUTION = "Research use only: the model can hallucinate."


@dataclass(frozen=True, eq=False)
class TransferRequest:
    """One run: which cube, by which model, in which direction, under which tissue condition, on which device.

    Of a cube that belongs to a series, ``frames`` says whether its other pictures are transferred in the same run.
    """

    key: str
    cube: SpectralCube
    spec: ModelSpec
    direction: Direction
    condition: str = "auto"
    device: str = "auto"
    noise: Noise = "training"
    frames: Frames = "each"
    seed: int = 0
    steps: int | None = None
    deformed: bool = False
    truncation: float | None = None

    @property
    def arguments(self) -> dict[str, str | int | float]:
        """What the transfer function gets beside cube, model, direction and device."""
        drawn = self.noise == "training" and offers_noise(self.spec, self.direction)
        found: dict[str, str | int | float] = {"condition": self.condition, "noise": self.noise}
        if self.spec.is_stochastic or drawn:
            found["seed"] = self.seed
        if self.deformed and offers_deformation(self.spec):
            found["deformed"] = True
        if self.spec.from_labels and self.truncation is not None:
            found["truncation"] = self.truncation
        if self.spec.takes_steps and self.steps:
            found["steps"] = self.steps
        return found


def obstacles_text(choices: Iterable[ModelChoice]) -> str:
    """Return one line on the models of this modality that do not fit; empty when all do."""
    blocked = [c for c in choices if c.obstacle and not c.obstacle.startswith("made for")]
    return (
        f"Not for this cube: {'; '.join(f'{c.spec.title} {c.obstacle}' for c in blocked)}." if blocked else ""
    )


def invitation(cube: SpectralCube | None, choices: Iterable[ModelChoice]) -> str:
    """Return the status before a run: what is missing, or what the chosen cube is."""
    if cube is None:
        return "Open a file, or drop one on the window."
    if all(choice.obstacle for choice in choices):
        return f"No installed model fits this {cube.modality} cube ({source_line(cube)})."
    return source_line(cube)


def regridding(cube: SpectralCube | None, spec: ModelSpec | None) -> tuple[str, str]:
    """Return in a line and in full how a cube's wavelengths will be interpolated to the model's; empty where they agree."""
    from napari_udt.inference.grid import regrid

    if cube is None or spec is None or model_obstacle(cube, spec):
        return "", ""
    wanted = np.asarray(spec.wavelengths_nm)
    note = regrid(cube.wavelengths_nm, wanted, cube.name, bad_bands=cube.bad_bands).note
    counts = f"{cube.shape[2]} wavelengths to the model's {len(spec.wavelengths_nm)}"
    return (f"Will be interpolated: {counts}.", note.replace("were", "will be")) if note else ("", "")


def preferred_source(session: Session, current: str | None, opened: Collection[SpectralCube]) -> str | None:
    """Return the key of the cube to offer: a simulated one just opened, else the current one, else the newest.

    Parameters
    ----------
    current : str, optional
        Key of the cube that is offered now.
    opened : collection of SpectralCube
        Cubes that were just opened.
    """
    simulated = [entry.key for entry in session.with_role("simulated")]
    new = [key for key in simulated if session[key].cube in opened]
    if new:
        return new[-1]
    if current in session:
        return current
    return next(reversed([*(entry.key for entry in session), *simulated]), None)


def usual_direction(cube: SpectralCube) -> Direction:
    """Return the way a cube is usually carried: out of its own domain."""
    return "real2sim" if cube.domain in ("real", "second") else "sim2real"


def condition_choices(cube: SpectralCube, spec: ModelSpec) -> list[tuple[str, str]]:
    """Return the tissue conditions to choose from: key and title, the best first.

    Labels are offered when at least one structure of the cube means a class of the model.
    """
    if spec.from_labels:
        return [("labels", "structures of the cube")]
    if spec.condition != "class":
        return [("auto", "none: the model knows no tissue classes")]
    choices = [("proxy", "unknown tissue (all classes equally likely)")]
    if knows_structures(cube, spec):
        choices.insert(0, ("labels", "structures of the cube"))
    return [*choices, *((name, f"everything as {name.replace('_', ' ')}") for name in spec.class_names)]


def knows_structures(cube: SpectralCube, spec: ModelSpec) -> bool:
    """Whether the model knows the class of some structure of the cube."""
    from napari_udt.inference.tissue import tissue_condition

    if cube.labels is None:
        return False
    table = tissue_condition(cube, spec).table
    return not np.allclose(table, 1 / len(spec.class_names))


def target_words(spec: ModelSpec) -> str:
    """Return in few words the kind of a model's target domain; only measured data are called real."""
    kind = _SHORT_TARGETS.get(spec.target, spec.target)
    return "real" if spec.target == "measured" else f"target: {kind}"


def offers_noise(spec: ModelSpec | None, direction: Direction) -> bool:
    """Whether a run can add the noise of training, so that the choice is worth showing."""
    return spec is not None and bool(InputNoise.of(spec)) and direction == "sim2real"


def offers_seed(spec: ModelSpec | None, direction: Direction, noise: Noise) -> bool:
    """Whether a seed decides the result of a run."""
    return spec is not None and (
        spec.is_stochastic or (noise == "training" and offers_noise(spec, direction))
    )


def offers_deformation(spec: ModelSpec | None) -> bool:
    """Whether a model knows how the target's devices displace what they show."""
    return spec is not None and spec.kind == "dicyclegan"


def with_deformed(request: TransferRequest) -> list[TransferRequest]:
    """Return the runs of a request: one, or the undeformed one and after it the deformed one."""
    plain = replace(request, deformed=False)
    return [plain, request] if "deformed" in request.arguments else [plain]


def own_steps(spec: ModelSpec | None) -> int:
    """Return the number of steps that a model goes in by itself; 0 where it cannot be chosen."""
    return int(spec.architecture["steps"]) if spec is not None and spec.takes_steps else 0


def direction_choices(spec: ModelSpec | None) -> list[tuple[str, Direction]]:
    """Return title and key of both ways, with the kind of the model's target domain."""
    target = "target" if spec is None else target_words(spec)
    if spec is not None and spec.from_labels:
        return [(f"labels → {target}", DIRECTIONS[0])]
    return [(f"simulated → {target}", DIRECTIONS[0]), (f"{target} → simulated", DIRECTIONS[1])]


def direction_tooltip(spec: ModelSpec | None) -> str:
    """Return the tooltip of the direction: the target domain in full."""
    return "" if spec is None else f"Target domain: {_trained_on(spec)}."


def model_tooltip(spec: ModelSpec | None) -> str:
    """Return the tooltip of the model: the whole title."""
    return (
        "Models that fit the cube"
        if spec is None
        else f"{spec.title}\n{spec.modality}, version {spec.version}"
    )


def honest_note(spec: ModelSpec | None) -> str:
    """Return the lines above the button: the kind of the target domain, and a caution."""
    if spec is None:
        return CAUTION
    labels = f"{FROM_LABELS} " if spec.from_labels else ""
    return f"{labels}Target domain: {_trained_on(spec)}.\n{CAUTION}"


def _trained_on(spec: ModelSpec) -> str:
    return {
        "measured": "measured data",
        "drawn from measured statistics": "drawn from measured statistics, not real images",
        "digital device": "a digital device, not real images",
        "simulated": "another simulation, not real images",
    }.get(spec.target, spec.target)


def result_name(request: TransferRequest) -> str:
    """Return the name of the result's layer, first what tells it from other results: lists cut long names in their middle."""
    seed = request.arguments.get("seed")
    drawn = f" · seed {seed}" if seed else ""
    drawn += " · deformed" if request.arguments.get("deformed") else ""
    if (truncation := request.arguments.get("truncation")) is not None:
        drawn += f" · truncation {truncation:g}"
    title = model_title(request.spec.name, request.spec.kind)
    if request.spec.from_labels and GENERATED not in title:
        title = f"{GENERATED} ({title})"
    return f"{title}{drawn} · {request.key}"


def check(request: TransferRequest) -> None:
    """Raise ``TransferError`` when a request cannot be carried out."""
    problem = model_obstacle(request.cube, request.spec)
    if problem:
        raise TransferError(
            f"{request.spec.title} cannot be used on {request.key}: {problem}; choose another model."
        )


def run(request: TransferRequest, transfer: TransferFunction | None, report: Report) -> SpectralCube:
    """Carry out a request; called in a thread.

    Parameters
    ----------
    request : TransferRequest
    transfer : callable, optional
        Used instead of :func:`napari_udt.inference.transfer`.
    report : callable
        Called as ``report(done, total)`` after every chunk; what it raises ends the run, and nothing is kept.

    Raises
    ------
    TransferError, ModelError
        When the run is not possible.
    """
    check(request)
    transfer = transfer or _transfer()
    cube, series = request.cube, series_of(request.cube)
    pictures = 1 if series is None or request.frames == "each" else len(series)
    result = transfer(
        cube.throughout(lambda picture: picture.with_(name=request.key)),
        request.spec.name,
        request.direction,
        request.device,
        lambda done, total: report(done, total * pictures),
        **request.arguments,
    )
    arguments = {**request.arguments, "device": request.device}
    result = result.throughout(
        lambda picture: picture.with_(
            name=result_name(request), provenance={**picture.provenance, ARGUMENTS: arguments}
        ),
    )
    return held(result, report) if pictures > 1 else result


def _transfer() -> TransferFunction:
    from napari_udt.inference import transfer

    return transfer


def success_text(result: SpectralCube, seconds: float, frames: Frames = "each") -> str:
    """Return one line on a finished run: how much, how long, where, under which condition."""
    rows, columns, _ = result.shape
    series, at_once = series_of(result), frames == "all"
    count = rows * columns * (len(series) if series is not None and at_once else 1)
    parts = [f"{counted(count, 'spectrum', separator=' ')} in {seconds:.1f} s"]
    if series is not None and at_once:
        parts.append(series.summary)
    elif text := place_text(result):
        parts.append(f"{text}; the others are transferred when they are looked at")
    parts += [str(result.provenance[k]) for k in ("device", "condition") if result.provenance.get(k)]
    if "interpolated" in str(result.provenance.get("wavelengths")):
        parts.append("wavelengths interpolated to the model's")
    line = " · ".join(part.partition(" (")[0] for part in parts)  # details are in the provenance
    far = warning(result.provenance, rows * columns)
    return f"{far} {line}" if far else line


def failure_text(error: Exception) -> str:
    """Return one sentence for an error of a run."""
    return error_text(error, "The transfer failed", "; the open cubes are as they were.")


def source_line(cube: SpectralCube) -> str:
    """Return one line on a cube: its origin, size and wavelengths."""
    rows, columns, channels = cube.shape
    first, last = cube.wavelengths_nm[0], cube.wavelengths_nm[-1]
    reach = f"{first:g}" if channels == 1 else f"{first:g}–{last:g}"
    return f"{cube.origin}, {rows} × {columns} pixels, {counted(channels, 'wavelength')} {reach} nm"


def device_choices(devices: Iterable[Any]) -> list[tuple[str, str]]:
    """Return key and title of each device, the automatic choice (the first of them) first."""
    devices = list(devices)
    best = f"automatic ({devices[0].title})" if devices else "automatic"
    return [("auto", best), *((d.key, d.title) for d in devices)]
