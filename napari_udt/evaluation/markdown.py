"""Results of an evaluation as Markdown tables, readable as plain text too."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence

from napari_udt.evaluation import paper
from napari_udt.evaluation.downstream import METRICS, SeededScores
from napari_udt.evaluation.organs import SPREAD_FACTOR, ClassDistance
from napari_udt.evaluation.oxygenation import LARGEST_DROP, OxygenationKept
from napari_udt.evaluation.run import Evaluation, RowResult

_SHORT = {"balanced_accuracy": "balanced accuracy", "auroc": "AUROC", "f1": "F1"}


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Markdown table whose columns line up as plain text.

    Parameters
    ----------
    columns : sequence of str
    rows : iterable of sequences of str
        As long as ``columns``.
    """
    lines = [list(columns), *(list(row) for row in rows)]
    widths = [max(3, *(len(line[i]) for line in lines)) for i in range(len(columns))]
    shown = [
        "| " + " | ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)) + " |" for line in lines
    ]
    rule = "|" + "|".join("-" * (width + 2) for width in widths) + "|"
    return "\n".join([shown[0], rule, *shown[1:]])


def as_markdown(evaluation: Evaluation) -> str:
    """The whole report."""
    parts = [f"# Evaluation: {evaluation.modality}", _data(evaluation), *_sections(evaluation)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _sections(evaluation: Evaluation) -> Iterator[str]:
    rows = evaluation.rows
    yield _table_1(evaluation)
    yield _margins(rows)
    yield _recognised(rows)
    yield from _organs(rows)
    yield _oxygenation(rows)
    yield _arteries(rows)
    yield _textures(rows)
    yield _networks(rows)


def _data(evaluation: Evaluation) -> str:
    facts = evaluation.facts
    lines = [
        f"* {part}: `{told['file']}`, {told['samples']} samples, {told['origin']}, seed {told['seed']}, SHA-256 "
        f"`{told['sha256'][:16]}`"
        for part, told in facts["data"].items()
    ]
    split = facts["split"]
    overlap = [f"* **Overlap that was allowed:** {sentence}" for sentence in split["overlaps"]]
    return "\n".join([*lines, f"* {split['rule']}", *overlap, *(f"* {note}" for note in facts["notes"])])


def _table_1(evaluation: Evaluation) -> str:
    settings = evaluation.facts["settings"]
    values = paper.TABLE_1[evaluation.modality]
    body = []
    for row in evaluation.rows:
        known = values.get(row.paper_row)
        theirs = [f"{getattr(known, m):.2f}" if known else "" for m in METRICS]
        body.append([row.name, *_spread(row.downstream), " / ".join(theirs) if known else "", row.paper_row])
    text = (
        "## Table 1: trained on the row, tested on the untouched second domain\n\n"
        f"Calibrated random forest, {len(settings['seeds'])} seeds (mean ± standard deviation), at most "
        f"{settings['per_class']} spectra of each class. The paper's real data are measured, ours are not: compare "
        "rows within a column, not columns.\n\n"
    )
    columns = [
        "trained on",
        *(_SHORT[m] for m in METRICS),
        "paper's value (same order)",
        "row of the paper",
    ]
    return text + table(columns, body)


def _spread(scores: SeededScores) -> list[str]:
    return [f"{getattr(scores.mean, m):.3f} ± {getattr(scores.std, m):.3f}" for m in METRICS]


def _margins(rows: Sequence[RowResult]) -> str:
    body = [
        [
            row.name,
            _SHORT[m.metric],
            f"{100 * m.computed:+.1f} %",
            f"{100 * m.paper:+.1f} %",
            "yes" if m.met else "**no**",
        ]
        for row in rows
        for m in row.margins
    ]
    if not body:
        return ""
    head = "## Gain over Simulated, relative\n\n"
    columns = ["model", "metric", "computed here", "paper's value (cINN_DY)", "at least the paper's"]
    return head + table(columns, body)


def _recognised(rows: Sequence[RowResult]) -> str:
    body = [[row.name, *_spread(row.recognised)] for row in rows]
    head = (
        "## Labels kept: trained on the second domain, tested on the row with its true classes\n\n"
        "The second domain's row is tested on its untouched test set.\n\n"
    )
    return head + table(["tested on", *(_SHORT[m] for m in METRICS)], body)


def _organs(rows: Sequence[RowResult]) -> Iterator[str]:
    for title, key in (
        ("the second domain (test set)", "to_second"),
        ("the measured statistics", "to_measured"),
    ):
        found = {row.name: getattr(row.hsi, key) for row in rows if row.hsi and getattr(row.hsi, key)}
        if found:
            yield _distances(title, found)


def _distances(title: str, found: dict[str, list[ClassDistance]]) -> str:
    names = [d.class_name for d in next(iter(found.values()))]
    cells = {row: {d.class_name: d for d in distances} for row, distances in found.items()}

    def block(what: str, cell: str) -> str:
        body = [[n, *(_cell(cells[row].get(n), cell) for row in found)] for n in names]
        return f"{what}\n\n" + table(["class", *found], body)

    return "\n\n".join(
        [
            f"## Distance to {title}, L1-normalised spectra",
            block("Class means: relative rms and spectral angle.", "mean"),
            block(
                "Spread: standard deviation over the wanted one, smallest / median / largest over wavelengths; share "
                f"of wavelengths within a factor {SPREAD_FACTOR:g}.",
                "spread",
            ),
        ]
    )


def _cell(distance: ClassDistance | None, what: str) -> str:
    if distance is None:
        return ""
    if what == "mean":
        return f"{100 * distance.relative_rms:.1f} %, {distance.angle_degrees:.2f}°"
    s = distance.spread
    return f"{s.low:.2f} / {s.median:.2f} / {s.high:.2f}; {100 * s.share_within:.0f} %"


def _oxygenation(rows: Sequence[RowResult]) -> str:
    found = [(row.name, kept) for row in rows for kept in _kept_of(row)]
    if not found:
        return ""
    head = (
        "## Oxygenation kept: rank correlation of simulated saturation with its estimate\n\n"
        "Unmixing reads haemoglobin's bands; the linear readout is learnt from the spectra it judges (moved, not "
        f"erased, where it stays high). Goal: a drop of at most {LARGEST_DROP:g}. Interval: paired bootstrap, 95 %.\n\n"
    )
    columns = [
        "row",
        "wavelengths",
        "saturation",
        "estimate",
        "before",
        "after",
        "change",
        "interval",
        "within class",
        "kept",
    ]
    return head + table(columns, [_kept_line(name, kept) for name, kept in found])


def _kept_of(row: RowResult) -> list[OxygenationKept]:
    if row.hsi:
        return row.hsi.oxygenation
    return [row.pat.oxygenation] if row.pat and row.pat.oxygenation else []


def _kept_line(name: str, kept: OxygenationKept) -> list[str]:
    c, (before, after) = kept.overall, kept.within_class
    return [
        name,
        kept.window,
        kept.truth,
        kept.estimate,
        f"{c.before:.3f}",
        f"{c.after:.3f}",
        f"{c.change:+.3f}",
        f"{c.low:+.3f} to {c.high:+.3f}",
        f"{before:.3f} → {after:.3f}",
        "yes" if kept.kept else "**no**",
    ]


def _arteries(rows: Sequence[RowResult]) -> str:
    found = [(row.name, row.pat.arteries) for row in rows if row.pat and row.pat.arteries]
    if not found:
        return ""
    first = found[0][1]
    columns = [
        "row",
        "arteries",
        *(f"{w:g} nm" for w in first.wavelengths_nm),
        "relative rms",
        "angle",
        "largest deviation [measured sd]",
    ]
    measured = [f"{m:.3f} ± {s:.3f}" for m, s in zip(first.measured_mean, first.measured_std, strict=True)]
    body = [["measured radial arteries", str(first.measured_count), *measured, "", "", ""]]
    body += [
        [
            name,
            str(a.count),
            *(f"{value:.3f}" for value in a.mean),
            f"{100 * a.relative_rms:.1f} %",
            f"{a.angle_degrees:.2f}°",
            f"{a.largest_deviation:.1f}",
        ]
        for name, a in found
    ]
    return "## Artery spectra, each divided by its mean\n\n" + table(columns, body)


def _textures(rows: Sequence[RowResult]) -> str:
    found = [(row.name, row.pat.texture) for row in rows if row.pat]
    if not found:
        return ""
    body = [
        [
            name,
            _number(t.skin),
            _number(t.background),
            _number(t.sharpness_per_pixel),
            f"{100 * t.dark_share:.1f} %",
        ]
        for name, t in found
    ]
    columns = [
        "row",
        "skin heterogeneity",
        "background heterogeneity",
        "vessel sharpness [1/pixel]",
        "not positive",
    ]
    return "## Texture near 800 nm (medians over images)\n\n" + table(columns, body)


def _networks(rows: Sequence[RowResult]) -> str:
    body = []
    for row in rows:
        facts = row.network
        if facts is None:
            continue
        trip = [f"{facts.round_trip[domain]:.1e}" for domain in ("simulated", "second")]
        bits = [f"{b.data:.2f} ({b.normalised:.2f})" if b else "none" for b in (facts.second, facts.simulated)]
        z = facts.latent
        latent = (
            [
                f"{z.std_low:.2f} / {z.std_median:.2f} / {z.std_high:.2f}",
                f"{z.ks_median:.3f} / {z.ks_high:.3f}",
                f"{z.norm_mean:.2f}, {z.norm_std:.1f}",
            ]
            if z
            else ["", "", ""]
        )
        body.append([row.name, *trip, *bits, *latent])
    if not body:
        return ""
    head = (
        "## Round trip, likelihood, latent\n\n"
        "Round trip: largest error in normalised units. Bits per dimension (smaller is likelier) under the second "
        "domain's condition and true classes, constant included: as a density of L2-normalised spectra or raw images "
        "(of normalised values in brackets). Latent of the second domain's test set: standard deviation per dimension "
        "(ideal 1), Kolmogorov-Smirnov distance to N(0, 1) per dimension (ideal 0), and mean of |z|²/d and standard "
        "deviation of |z|²/√(2d) (ideal 1). Training adds noise that the test data lack: latents narrower than 1 are "
        "expected.\n\n"
    )
    columns = [
        "model",
        "round trip simulated",
        "round trip second",
        "bits/dim second",
        "bits/dim simulated",
        "std low / median / high",
        "KS median / largest",
        "norm: mean, std",
    ]
    return head + table(columns, body)


def _number(value: float) -> str:
    return f"{value:.3f}" if math.isfinite(value) else "none"
