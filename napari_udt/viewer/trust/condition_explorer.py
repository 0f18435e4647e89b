"""A spectrum decoded under another condition: another tissue, or a domain between both. No Qt."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from psygnal import Signal

from napari_udt.viewer.spectra.curves import Curve
from napari_udt.viewer.state.chosen_model import ChosenModel
from napari_udt.viewer.state.session import Session
from napari_udt.viewer.style import EXPLORED
from napari_udt.viewer.transfer.live import (
    CurvesAndRemarks,
    DerivedEntries,
    around,
    condition_words,
    extra_curve,
    is_transferable,
)
from napari_udt.viewer.transfer.probes import Probes

if TYPE_CHECKING:
    from napari_udt.inference.probe import SpectralProbe
    from napari_udt.models import ModelSpec


class ConditionExplorer:
    """A source of curves: the simulated HSI spectrum under the mouse, or of the newest pin, decoded elsewhere.

    It is encoded as what it is, under its own condition in the simulated domain, and decoded under the condition
    that the session's options name.
    """

    changed = Signal()

    def __init__(self, probes: Probes, chosen: ChosenModel) -> None:
        self.probes, self.chosen = probes, chosen
        self._entries = DerivedEntries()
        probes.jobs.ended.connect(self.changed.emit)
        chosen.changed.connect(self.changed.emit)

    def curves(self, session: Session, shown: Sequence[Curve]) -> CurvesAndRemarks:
        """Return the explored curve."""
        base = next((curve for curve in shown if is_transferable(curve)), None)
        if base is None or not session.options.explore:
            return [], []
        spec = self.chosen.of(base.entry.cube)
        probe = None if spec is None else self.probes.get(base.entry.cube, spec)
        if spec is None or probe is None:
            return [], []
        if not probe.planned:
            return [], [f"{spec.name} ({spec.kind}) knows no conditions between its domains; choose a cINN."]
        name = wanted_class(session, spec)
        if not probe.can_explore(name):
            self._prepare(base, probe, name)
            return [], ["Preparing the condition ..."]
        try:
            return [self._curve(session, base, probe, name)], []
        except Exception as error:  # whatever a network raises: the other curves go on
            self.probes.give_up(base.entry.cube, spec, error)
            return [], []

    def _prepare(self, base: Curve, probe: SpectralProbe, name: str | None) -> None:
        cube, spec = base.entry.cube, probe.job.model.spec
        work = partial(_prepared, self, base, probe, name)
        self.probes.jobs.request((id(cube), f"{spec.name} explored as {name}"), work)

    def _curve(self, session: Session, base: Curve, probe: SpectralProbe, name: str | None) -> Curve:
        spectra, entries = around(session, base, probe)
        domain = session.options.explore_domain
        decoded = probe.explore(spectra, entries, name, domain)
        own = condition_words(probe, entries).removeprefix("condition ")
        other = own if name is None else name.replace("_", " ")
        label = f"{own} → {other}, domain {domain:g} (model {probe.job.model.spec.name})"
        entry = self._entries.of(base.entry, probe.job.model.spec, "explored")
        return extra_curve(session, base, entry, probe, decoded, "explored", label, EXPLORED)


def wanted_class(session: Session, spec: ModelSpec) -> str | None:
    """Return the class to decode as; None (its own) where the model does not know the chosen one."""
    name = session.options.explore_class
    return name if spec.class_count and name in spec.class_names else None


def class_choices(spec: ModelSpec | None) -> list[tuple[str, str | None]]:
    """Return title and name of the classes to decode as, its own first."""
    names = spec.class_names if spec is not None and spec.class_count else ()
    return [("its own tissue", None), *((name.replace("_", " "), name) for name in names)]


def domain_words(domain: float) -> str:
    """Return the value of the slider in words."""
    ends = {0.0: " (simulated)", 1.0: " (target)"}
    return f"{domain:.2f}{ends.get(domain, '')}"


def _prepared(explorer: ConditionExplorer, base: Curve, probe: SpectralProbe, name: str | None) -> None:
    try:
        probe.prepare_exploring(name)
    except Exception as error:  # reported once; this model is not used on this cube any more
        explorer.probes.give_up(base.entry.cube, probe.job.model.spec, error)
