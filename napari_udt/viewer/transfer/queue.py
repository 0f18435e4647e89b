"""The runs of one press of a button, one after the other: what is next, how far all of them are, what came of them. No Qt."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from napari_udt.cube import SpectralCube, nested
from napari_udt.inference.far_outside import warning
from napari_udt.viewer.session.script import ARGUMENTS
from napari_udt.viewer.state.session import Session
from napari_udt.viewer.style import model_title
from napari_udt.viewer.transfer.job import TransferRequest, condition_choices, success_text
from napari_udt.wording import counted

if TYPE_CHECKING:
    from napari_udt.models import ModelSpec

STEPS = 1000  # of the bar that shows how far all runs are


class TransferQueue:
    """Runs that wait, the one that is under way, and what came of those that ended.

    Parameters
    ----------
    requests : sequence of TransferRequest
        At least one.
    """

    def __init__(self, requests: Sequence[TransferRequest]) -> None:
        self._waiting = list(requests)
        self._count = len(requests)
        self._line, self._seconds = "", 0.0
        self.current: TransferRequest | None = None
        self.made = 0
        self.failures: list[str] = []
        self.warnings: list[str] = []

    def next(self) -> TransferRequest | None:
        """Return the run to start now; None once all have ended."""
        self.current = self._waiting.pop(0) if self._waiting else None
        return self.current

    def succeeded(self, result: SpectralCube, seconds: float) -> None:
        """Take note of a result."""
        self.made += 1
        self._seconds += seconds
        self._line = success_text(result, seconds, "each" if self.current is None else self.current.frames)
        if far := warning(result.provenance, result.shape[0] * result.shape[1]):
            self.warnings.append(f"{result.name}: {far}")

    def failed(self, sentence: str) -> None:
        """Take note of a run without a result; the others go on."""
        self.failures.append(sentence)

    def share(self, done: int, total: int) -> int:
        """Return how far all runs are, of ``STEPS``, when the present one has done a part of its pixels."""
        ended = self.made + len(self.failures)
        return round(STEPS * (ended + done / max(total, 1)) / self._count)

    @property
    def status(self) -> str:
        """One line on the present run."""
        if self.current is None:
            return ""
        if self._count == 1:
            return f"Transferring {self.current.key} …"
        number, spec = 1 + self.made + len(self.failures), self.current.spec
        return f"{number} of {self._count}: {self.current.key} with {model_title(spec.name, spec.kind)} …"

    @property
    def conclusion(self) -> str:
        """One line on all runs, once they have ended."""
        if self._count == 1:
            return "".join(self.failures) or self._line
        text = f"{counted(self.made, 'transfer')} in {self._seconds:.1f} s"
        text = f"{text}; {len(self.failures)} failed: {self.failures[0]}" if self.failures else text
        return " ".join((text, *self.warnings))

    @property
    def given_up(self) -> str:
        """One line for a queue that the user cancelled."""
        kept = f"{counted(self.made, 'finished transfer')} kept" if self.made else "nothing was changed"
        return f"Cancelled; {kept}."


def requests_for_all(
    session: Session, request: TransferRequest, specs: Iterable[ModelSpec]
) -> list[TransferRequest]:
    """Return one request per model, as ``request`` but for the model; results that are open already are not made again.

    The request's own model comes last: the newest result is the one in front. A model that does not know the chosen tissue condition gets the one that it would by itself.
    """
    found = []
    for spec in sorted(specs, key=lambda spec: spec == request.spec):
        known = {key for key, _ in condition_choices(request.cube, spec)}
        condition = request.condition if request.condition in known else "auto"
        each = replace(request, spec=spec, condition=condition)
        if not any(_is_result_of(each, entry.cube) for entry in session):
            found.append(each)
    return found


def all_text(specs: Collection[ModelSpec]) -> str:
    """Return what stands on the button that transfers with all models."""
    return f"All {len(specs)} models"


def all_tooltip(specs: Iterable[ModelSpec]) -> str:
    """Return the tooltip of that button: which models."""
    names = ", ".join(model_title(spec.name, spec.kind) for spec in specs)
    return (
        f"<qt>Transfer the cube with every model that fits, one after the other: {names}. Results that are open already are "
        "not made again.</qt>"
    )


def _is_result_of(request: TransferRequest, cube: SpectralCube) -> bool:
    """Whether a cube is what a request would make."""
    made = cube.provenance
    arguments = nested(made, ARGUMENTS)
    return (
        nested(made, "source").get("name") == request.key
        and nested(made, "model").get("name") == request.spec.name
        and nested(made, "model").get("weights_sha256") == request.spec.weights_sha256
        and made.get("direction") == request.direction
        and all(arguments.get(key, value) == value for key, value in request.arguments.items())
        and bool(arguments.get("deformed")) == request.deformed
        and "condition" in arguments
    )
