"""Texts, tables and settings of the tab "Downstream". No Qt."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from napari_udt.cube import ORIGINS
from napari_udt.evaluation.downstream import METRICS, Scores
from napari_udt.population.downstream import DownstreamResult, DownstreamRow
from napari_udt.population.downstream_choices import Choices, possible_classes, usual_classes
from napari_udt.population.groups import Population
from napari_udt.population.splits import SplitRule, usual_rule
from napari_udt.population.tables import Table

TITLES = {"balanced_accuracy": "Balanced\naccuracy", "auroc": "AUROC\n", "f1": "F1\n"}
_SHORT = {"balanced_accuracy": "BA", "auroc": "AUROC", "f1": "F1"}
TIPS = {
    "Trained on": "The spectra that the random forests are trained on. All are tested on the same held-out reference spectra.",
    TITLES[
        "balanced_accuracy"
    ]: "Computed here: mean over the structures of the share that is recognised; mean ± standard "
    "deviation over seeds. By guessing: 1 / number of structures.",
    TITLES[
        "auroc"
    ]: "Computed here: area under the ROC curve, one structure against the rest; mean ± standard deviation over "
    "seeds. By guessing: 0.5.",
    TITLES[
        "f1"
    ]: "Computed here: harmonic mean of precision and recall, weighted by the size of the structures; mean ± "
    "standard deviation over seeds.",
}
PAPERS_TIP = (
    "The paper's value (Dreher et al., MICCAI 2023, Table 1), of the paper's data and models. Not computed here: compare the "
    "order of the rows, not the numbers."
)
RULES: dict[SplitRule | None, str] = {
    None: "Split: automatic",
    "subjects": "Split by subject",
    "blocks": "Split by blocks",
    "spectra": "Split single spectra",
}
NUMBERS = {"seeds": (1, 20), "division": (0, 99)}
INVITATION = (
    "Press “{}”: random forests are trained on each group and tested on reference spectra that were held out."
)
_LACKING = (
    "The downstream test needs a reference cube and a further one, both with labels, that share two "
    "structures or more."
)


@dataclass(frozen=True)
class DownstreamForm:
    """State of the controls of the tab.

    Parameters
    ----------
    classes, rows : tuple of str, optional
        Ticked structures and groups; None as long as the user ticked nothing: the paper's structures, all groups.
    rule : {"subjects", "blocks", "spectra"}, optional
    seeds : int
        How many.
    division : int
        Seed of the split.
    """

    classes: tuple[str, ...] | None = None
    rows: tuple[str, ...] | None = None
    rule: SplitRule | None = None
    seeds: int = 3
    division: int = 0

    def plain(self) -> dict[str, Any]:
        """Return the form as plain JSON."""
        return asdict(self)

    def ticked(self, population: Population) -> DownstreamForm:
        """Return the form with ticks for this population: only what it holds, by default the usual structures and all groups."""
        possible, names = possible_classes(population), [group.name for group in population.groups]
        classes = tuple(name for name in self.classes or () if name in possible)
        rows = tuple(name for name in self.rows or () if name in names)
        return replace(self, classes=classes or usual_classes(population), rows=rows or tuple(names))

    def choices(self, population: Population) -> Choices:
        """Return the choices of the test."""
        seen = self.ticked(population)
        seeds = tuple(range(self.seeds))
        return Choices(seen.classes or (), seen.rows or (), self.rule, seeds, split_seed=self.division)


def form_from(plain: Mapping[str, Any]) -> DownstreamForm:
    """Return a form from plain JSON; damaged or unknown parts keep their defaults."""
    known: dict[str, Any] = {}
    for name in ("classes", "rows"):
        found = plain.get(name)
        if isinstance(found, list | tuple) and all(isinstance(item, str) for item in found):
            known[name] = tuple(found)
    if plain.get("rule") in list(
        RULES
    ):  # a list compares, where a mapping would want to hash what the file holds
        known["rule"] = plain.get("rule")
    for name, (low, high) in NUMBERS.items():
        value = plain.get(name)
        if isinstance(value, int) and low <= value <= high:
            known[name] = value
    return DownstreamForm(**known)


PAPERS_TITLES = tuple(f"paper's\n{_SHORT[metric]}" for metric in METRICS)


def score_table(result: DownstreamResult) -> Table:
    """Return the table on the screen: rows computed here with the paper's values beside them, then the paper's other rows."""
    shown = [
        _computed_line(title, row, result.paper_table)
        for title, row in zip(row_titles(result), result.rows, strict=True)
    ]
    used = {row.paper_row for row in result.rows}
    shown += [
        (name, *("–",) * len(METRICS), *_paper_cells(scores))
        for name, scores in result.paper_table.items()
        if name not in used
    ]
    return Table("Downstream test", ("Trained on", *TITLES.values(), *PAPERS_TITLES), tuple(shown))


def row_titles(result: DownstreamResult) -> tuple[str, ...]:
    """Short names of the computed rows, none twice."""
    titles = [_short_title(row) for row in result.rows]
    return tuple(
        title if titles.count(title) == 1 else f"{title}: {row.name}"
        for title, row in zip(titles, result.rows, strict=True)
    )


def _short_title(row: DownstreamRow) -> str:
    if row.part == "transferred":
        return row.model or row.name
    return "Simulated" if row.part == "simulated" else _real_title(row)


def _real_title(row: DownstreamRow) -> str:
    return "Real" if row.origin == ORIGINS["real"] else "Target"


def _computed_line(title: str, row: DownstreamRow, paper_table: dict[str, Scores]) -> tuple[str, ...]:
    mean, std = row.scores.mean, row.scores.std
    cells = (_with_spread(getattr(mean, metric), getattr(std, metric)) for metric in METRICS)
    theirs = paper_table.get(row.paper_row)
    return (title, *cells, *(("–",) * len(METRICS) if theirs is None else _paper_cells(theirs)))


def row_tip(row: DownstreamRow) -> str:
    """Return the tooltip of a row: part, origin or model, number of spectra."""
    made = f"made by {row.model}" if row.model else row.origin
    return f"{row.name}: {row.part}, {made}; {min(row.available):,} spectra or more of each structure to draw from."


def _paper_cells(scores: Scores) -> tuple[str, ...]:
    return tuple(f"{getattr(scores, metric):.2f}" for metric in METRICS)


def _with_spread(mean: float, std: float) -> str:
    if math.isnan(mean):
        return "–"
    return f"{mean:.2f}" if math.isnan(std) else f"{mean:.2f} ± {std:.2f}"


def statement(result: DownstreamResult, *, outdated: bool, without: Collection[str] = ()) -> str:
    """Return how the test was done, without the sentences that are shown elsewhere."""
    return " ".join(line for line in _sentences(result, outdated) if line not in without)


def _sentences(result: DownstreamResult, outdated: bool) -> Iterator[str]:
    if outdated:
        yield "The cubes have changed since this test: press the button again."
    yield "Computed here, but for the columns “paper's”: values of Dreher et al. 2023, Table 1, of other data."
    target = next((row for row in result.rows if row.part == "real" and row.origin != ORIGINS["real"]), None)
    if target is not None:
        known = "not measured" in target.origin
        yield f"Target: {target.origin}{'' if known else ', not measured'}."
    yield result.split
    seeds = len(result.choices.seeds)
    counts = sorted(result.tested)
    tested = f"{counts[0]:,}" if counts[0] == counts[-1] else f"{counts[0]:,}–{counts[-1]:,}"
    yield (
        f"Tested on {tested} spectra of each of {len(result.classes)} structures; trained on at most "
        f"{result.choices.per_class:,} of each, with {seeds} seed{'s' * (seeds > 1)}."
    )
    yield from result.notes


def hint(population: Population | None, possible: tuple[str, ...], button: str) -> str:
    """Return what to do where nothing was tested yet."""
    lacking = population is None or not population.part("real") or len(possible) < 2
    return _LACKING if lacking else INVITATION.format(button)


def rule_title(rule: SplitRule | None, population: Population | None) -> str:
    """Return the title of a rule; that of the automatic one names the rule it leads to."""
    if rule is not None or population is None or not population.part("real"):
        return RULES[rule]
    found = usual_rule(population.part("real"))
    return f"{RULES[None]} ({RULES[found].removeprefix('Split ').removeprefix('by ')})"


def matrix_title(title: str) -> str:
    """Return the title of a confusion matrix."""
    return f"Trained on: {title}"
