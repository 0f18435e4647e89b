"""Sections of an evaluation: how well each row is distinguished from the target, and in what it differs."""

from __future__ import annotations

import math
from collections.abc import Sequence

from napari_udt.evaluation.fine_detail import GapClosed, Roughness
from napari_udt.evaluation.run import RowResult
from napari_udt.evaluation.two_sample import TwoSampleAuc
from napari_udt.population.report.document import Section, plain_sheet

_AUC = (
    "AUC of a classifier (randomised trees) that has to tell the row from the untouched target: 0.5, it cannot; 1, it always can. 95 % "
    "interval over pictures or animals. The target's own row is its training data: what chance and other draws leave."
)


def realism(rows: Sequence[RowResult]) -> Section | None:
    """Return the two-sample tests with what explains them; None where nothing was computed."""
    hsi = [row for row in rows if row.hsi]
    return _hsi(hsi) if hsi else _pat([row for row in rows if row.pat])


def _hsi(rows: Sequence[RowResult]) -> Section | None:
    found = {row.name: row.hsi.realism for row in rows if row.hsi}
    first = next(iter(found.values()))
    if not first.classes:
        return None
    summary = [
        [name, _number(r.mean_auc, ".3f"), _number(r.mean_correlation_rms, ".3f")]
        for name, r in found.items()
    ]
    classes = [entry.class_name for entry in first.classes]
    cells = {name: {e.class_name: _auc(e.auc) for e in r.classes} for name, r in found.items()}
    body = [[kind, *(cells[name].get(kind, "") for name in found)] for kind in classes]
    sheets = (
        plain_sheet(
            ["row", "AUC, mean over classes", "correlations of wavelengths off by (rms)"], summary, "Summary."
        ),
        plain_sheet(["class", *found], body, "AUC within each class."),
    )
    return Section("Distinguished from the target, within a class", (_AUC,), (), sheets)


def _pat(rows: Sequence[RowResult]) -> Section | None:
    found = [(row.name, row.pat.realism) for row in rows if row.pat]
    if not found:
        return None
    body = [
        [
            name,
            _auc(r.patches) if r.patches else "",
            "" if not r.gaps else ", ".join(r.moved_away) or "none",
            _rough(r.roughness),
            *(_gap(r.gaps, what) for what in ("vessel edge slope", "skin variation", "background variation")),
            f"{r.band_error:.2f}",
            f"{r.recovery.mean:.2f} [{r.recovery.low:.2f}, {r.recovery.high:.2f}]",
        ]
        for name, r in found
    ]
    columns = [
        "row",
        "patches of 32 x 32 pixels, AUC",
        "classes further away than before (L2 mean)",
        "roughest wavelength over the median one",
        "vessel edge slope: gap closed",
        "skin variation: gap closed",
        "background variation: gap closed",
        "Haar energies off by [factors of 2, rms]",
        "labels read by a segmenter trained on the target, mean IoU",
    ]
    kinds = list(found[0][1].recovery.per_class)
    overlaps = [
        [name, *(f"{r.recovery.per_class.get(k, float('nan')):.2f}" for k in kinds)] for name, r in found
    ]
    text = (
        _AUC,
        "Gap closed: 0 % as simulated, 100 % as the target, more is past it, negative is away from it.",
    )
    sheets = (plain_sheet(columns, body), plain_sheet(["row", *kinds], overlaps, "IoU of each class."))
    return Section("Distinguished from the target, and in what", text, (), sheets)


def _auc(auc: TwoSampleAuc) -> str:
    return f"{auc.value:.3f} [{auc.low:.3f}, {auc.high:.3f}]"


def _gap(gaps: Sequence[GapClosed], name: str) -> str:
    found = next((gap for gap in gaps if gap.name == name), None)
    if found is None:
        return ""
    if not math.isfinite(found.share):
        return ""
    return f"{100 * found.share:.0f} % [{100 * found.low:.0f}, {100 * found.high:.0f}]"


def _rough(found: Roughness) -> str:
    worst = _number(found.worst_over_rest, ".2f")
    return worst and f"{worst} at {found.roughest_nm:g} nm"


def _number(value: float | None, form: str) -> str:
    return "" if value is None or not math.isfinite(value) else format(value, form)
