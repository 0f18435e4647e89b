"""The transferred spectrum under the mouse, without a run, and what the condition explorer shares with it. No Qt."""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal

from napari_udt.cube import SpectralCube, nested
from napari_udt.spectral.spectra import group_statistics, window_spectra
from napari_udt.viewer.spectra.curves import Curve
from napari_udt.viewer.state.chosen_model import ChosenModel
from napari_udt.viewer.state.session import Entry, Session
from napari_udt.viewer.style import LIVE_DASH, LineStyle, model_style, model_title
from napari_udt.viewer.transfer.probes import Probes
from napari_udt.wording import counted

if TYPE_CHECKING:
    from napari_udt.inference.probe import Entries, Floats, SpectralProbe
    from napari_udt.models import ModelSpec

Extra = Literal["live", "explored"]
CurvesAndRemarks = tuple[list[Curve], list[str]]


class LiveTransfer:
    """A source of curves: the simulated HSI spectrum under the mouse, transferred by the chosen model.

    Parameters
    ----------
    probes : Probes
    chosen : ChosenModel
    """

    changed = Signal()  # another curve is available; may be emitted in another thread

    def __init__(self, probes: Probes, chosen: ChosenModel) -> None:
        self.probes, self.chosen = probes, chosen
        self._entries = DerivedEntries()
        probes.jobs.ended.connect(self.changed.emit)
        chosen.changed.connect(self.changed.emit)

    def curves(self, session: Session, shown: Sequence[Curve]) -> CurvesAndRemarks:
        """Return the live curve, where there is a simulated HSI spectrum under the mouse."""
        base = next((curve for curve in shown if is_transferable(curve) and curve.pin is None), None)
        if base is None or not session.options.live:
            return [], []
        spec = self.chosen.of(base.entry.cube)
        if spec is None:
            return [], [
                f"No installed model fits {base.entry.key}, so nothing is transferred under the mouse."
            ]
        probe = self.probes.get(base.entry.cube, spec)
        if probe is None:
            return [], ["Preparing the model ..."] if self.probes.is_pending(base.entry.cube, spec) else []
        if not session.options.live_band and any(_shows_the_same(curve, base, probe) for curve in shown):
            return [], []
        try:
            return [self._curve(session, base, probe)], []
        except Exception as error:  # whatever a network raises: the other curves go on
            self.probes.give_up(base.entry.cube, spec, error)
            return [], []

    def _curve(self, session: Session, base: Curve, probe: SpectralProbe) -> Curve:
        spec, (spectra, entries) = probe.job.model.spec, around(session, base, probe)
        transferred = probe.transfer(spectra, entries)
        label = (
            f"live, {model_title(spec.name, spec.kind)}: {_whose(base)}, {condition_words(probe, entries)}"
        )
        style = replace(model_style(spec.name, spec.kind), dash=LIVE_DASH)
        entry = self._entries.of(base.entry, spec, "live")
        curve = extra_curve(session, base, entry, probe, transferred, "live", label, style)
        if not session.options.live_band or not spec.has_spread:
            return curve
        drawn = _centres(session, probe, probe.draws(spectra, entries))
        middle, width = drawn.mean(axis=0), drawn.std(axis=0, ddof=1)
        over = "seeds" if spec.is_stochastic else "admissible conditions"
        label = f"{label}; band: ±1 standard deviation over {len(drawn)} {over}"
        return replace(curve, label=label, lower=middle - width, upper=middle + width)


class DerivedEntries:
    """Entries of transferred cubes that exist only as the origin of a curve; one per cube and model."""

    def __init__(self) -> None:
        self._known: weakref.WeakKeyDictionary[SpectralCube, dict[tuple[str, str], SpectralCube]] = (
            weakref.WeakKeyDictionary()
        )

    def of(self, entry: Entry, spec: ModelSpec, extra: Extra) -> Entry:
        """Return the entry for a model's curve on a cube."""
        known = self._known.setdefault(entry.cube, {})
        key = (spec.name, extra)
        if key not in known:
            known[key] = _derived_cube(entry.cube, spec, extra)
        return Entry(entry.key, known[key], "transferred")


def is_transferable(curve: Curve) -> bool:
    """Whether a curve is a simulated HSI spectrum of single pixels, which a model can transfer at once."""
    return (
        curve.basis in ("pixel", "window")
        and curve.entry.role == "simulated"
        and curve.entry.cube.modality == "HSI"
    )


def _shows_the_same(curve: Curve, base: Curve, probe: SpectralProbe) -> bool:
    """Whether a curve of a finished transfer is the live one: the same pixels, model, direction and tissue condition."""
    made, spec = curve.entry.cube.provenance, probe.job.model.spec
    if curve.subject != base.subject or curve.basis != base.basis or curve.entry.role != "transferred":
        return False
    return (
        nested(made, "model").get("weights_sha256") == spec.weights_sha256
        and made.get("direction") == "sim2real"
        and made.get("condition") == probe.job.tissue.note
    )


def around(session: Session, base: Curve, probe: SpectralProbe) -> tuple[Floats, Entries]:
    """Return the raw spectra behind a curve, and their tissue entries."""
    pixel, side = base.pixel, session.options.window
    if pixel is None:
        raise ValueError("The curve has no pixel.")
    spectra = window_spectra(base.entry.cube, pixel.row, pixel.column, side)
    reach, index = side // 2, probe.job.tissue.index
    near = index[
        max(pixel.row - reach, 0) : pixel.row + reach + 1,
        max(pixel.column - reach, 0) : pixel.column + reach + 1,
    ]
    return spectra, near.reshape(-1).astype(np.intp)


def condition_words(probe: SpectralProbe, entries: Entries) -> str:
    """Return the tissue condition that the network gets for some spectra, in few words."""
    names, rows = probe.job.model.spec.class_names, probe.job.tissue.table[np.unique(entries)]
    if not probe.job.model.spec.class_count:
        return "no tissue condition"
    words = ["unknown (proxy)" if np.allclose(row, row[0]) else _mixture(row, names) for row in rows]
    return f"condition {', '.join(dict.fromkeys(words))}"


def extra_curve(
    session: Session,
    base: Curve,
    entry: Entry,
    probe: SpectralProbe,
    transferred: NDArray[np.float32],
    extra: Extra,
    label: str,
    style: LineStyle,
) -> Curve:
    """Return a curve beside ``base``, treated as it was: transformed, averaged, with the same band."""
    options = session.options.of(base.entry.cube.modality)
    found = group_statistics(
        options.transform(transferred, probe.wavelengths_nm), options.centre, options.own_spread
    )
    banded = base.lower is not None
    return replace(
        base,
        id=replace(base.id, extra=extra),
        entry=entry,
        label=label,
        style=style,
        wavelengths_nm=probe.wavelengths_nm,
        values=found.centre,
        lower=found.lower if banded else None,
        upper=found.upper if banded else None,
        count=found.count,
        unmixed=None,
    )


def _centres(session: Session, probe: SpectralProbe, drawn: NDArray[np.float32]) -> NDArray[np.floating[Any]]:
    """Return the curve of each draw, shape (draws, channels)."""
    options = session.options.of(probe.job.model.spec.modality)
    transformed = (options.transform(draw, probe.wavelengths_nm) for draw in drawn)
    return np.stack([group_statistics(draw, options.centre, "none").centre for draw in transformed])


def _whose(base: Curve) -> str:
    return "this pixel" if base.basis == "pixel" else f"{counted(base.count, 'pixel')} around"


def _mixture(row: NDArray[np.floating[Any]], names: Sequence[str]) -> str:
    return " or ".join(name.replace("_", " ") for name, p in zip(names, row, strict=True) if p > 0)


def _derived_cube(cube: SpectralCube, spec: ModelSpec, extra: Extra) -> SpectralCube:
    word = "live transfer" if extra == "live" else "condition explored"
    return cube.with_(
        domain="transferred",
        origin=f"{word} by {spec.name}, no layer; target domain: {spec.target}",
        provenance={
            "source": {"name": cube.name},
            "model": {"name": spec.name, "kind": spec.kind, "weights_sha256": spec.weights_sha256},
            "how": word,
        },
    )
