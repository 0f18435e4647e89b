"""Texts, tables and settings of the tab "Blind test". No Qt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, get_args

from napari_udt.cube import ORIGINS
from napari_udt.population.appearance import appearances
from napari_udt.population.blind_result import METHOD, BlindResult, Rate
from napari_udt.population.blind_stimuli import Design, Kind, common_structures, pairs
from napari_udt.population.blind_test import BlindTest
from napari_udt.population.groups import Population
from napari_udt.population.tables import Table
from napari_udt.spectral.labels import is_background

KINDS: dict[Kind, str] = {"spectra": "Spectra", "pictures": "Cut-outs of pictures"}
COUNTS = (4, 400)
NOTHING = "The blind test needs a transferred cube and a reference cube, open at the same time."
EXPLANATION = (
    "Real and transferred ones are shown in random order, half of each. Say which is which with the buttons or the keys R "
    "and T; S skips, Z undoes the last answer. Nothing is revealed before the end."
)


@dataclass(frozen=True)
class BlindForm:
    """State of the controls.

    Parameters
    ----------
    pair : tuple of (real, transferred)
        Names of groups; ("", "") for the newest.
    kind : {"spectra", "pictures"}
    count, seed : int
    """

    pair: tuple[str, str] = ("", "")
    kind: Kind = "spectra"
    count: int = 40
    seed: int = 0

    def plain(self) -> dict[str, Any]:
        """Return the form as plain JSON."""
        return {"pair": list(self.pair), "kind": self.kind, "count": self.count, "seed": self.seed}

    def seen(self, population: Population) -> BlindForm:
        """Return the form with a pair that the population holds."""
        possible = pairs(population)
        return self if self.pair in possible else replace(self, pair=possible[0] if possible else ("", ""))

    def design(self, population: Population, wavelength_nm: float | None) -> Design:
        """Return the design of the test; pictures are taken at the wavelength of the slider."""
        real, transferred = self.seen(population).pair
        wanted = 800.0 if wavelength_nm is None else wavelength_nm
        return Design(
            real,
            transferred,
            self.kind,
            self.count,
            self.seed,
            structures(population, (real, transferred)),
            wanted,
        )


def form_from(plain: Mapping[str, Any]) -> BlindForm:
    """Return a form from plain JSON; damaged or unknown parts keep their defaults."""
    known: dict[str, Any] = {}
    pair = plain.get("pair")
    if isinstance(pair, list | tuple) and len(pair) == 2 and all(isinstance(name, str) for name in pair):
        known["pair"] = tuple(pair)
    if plain.get("kind") in get_args(Kind):
        known["kind"] = plain["kind"]
    count, seed = plain.get("count"), plain.get("seed")
    if isinstance(count, int) and COUNTS[0] <= count <= COUNTS[1]:
        known["count"] = count - count % 2
    if isinstance(seed, int) and seed >= 0:
        known["seed"] = seed
    return BlindForm(**known)


def structures(population: Population, names: tuple[str, str]) -> tuple[str, ...]:
    """Return the tissues that both groups hold; a drape or a coupling medium is left out."""
    shared = common_structures(population, names)
    return tuple(name for name in shared if not is_background(name)) or shared


def pair_titles(population: Population | None) -> dict[tuple[str, str], str]:
    """Return the titles of pairs that can be compared, by the names of their groups."""
    if population is None:
        return {}
    group_appearances = appearances(population)
    found = {pair: tuple(group_appearances[name].short for name in pair) for pair in pairs(population)}
    twice = len(set(found.values())) < len(found)
    return {
        (real, transferred): (
            f"{transferred} against {real}"
            if twice
            else f"{found[real, transferred][1]} against {found[real, transferred][0]}"
        )
        for real, transferred in found
    }


def explanation(population: Population | None, pair: tuple[str, str]) -> str:
    """Return how to judge, and what the target is."""
    real = next((g for g in population.groups if g.name == pair[0]), None) if population is not None else None
    if real is None:
        return NOTHING
    measured = real.origin == ORIGINS["real"]
    return EXPLANATION if measured else f"{EXPLANATION} “Real” means {real.name}: {real.origin}."


def question(test: BlindTest) -> str:
    """Return the question of the current spectrum or cut-out."""
    stimulus = test.stimulus
    if stimulus is None:
        return "All are judged. The next step shows the result; until then the last answer can be undone."
    what = f"{stimulus.structure.replace('_', ' ')}: real or transferred?" if stimulus.structure else ""
    return f"{stimulus.number} of {test.total}   {what or 'Real or transferred?'}"


def result_rows(result: BlindResult) -> list[tuple[str, str, str]]:
    """Return rows of name, value with interval, and meaning."""
    rows = [
        ("Accuracy", rate_text(result.accuracy), "Share of right answers; 0.5 by guessing."),
        (
            "Sensitivity",
            rate_text(result.sensitivity),
            "Share of the transferred ones that were recognised as transferred.",
        ),
        (
            "Specificity",
            rate_text(result.specificity),
            "Share of the real ones that were recognised as real.",
        ),
        (
            "p (guessing)",
            f"{result.p_value:.3g}",
            "How probable an accuracy at least as far from 0.5 is by guessing: exact binomial test, two-sided.",
        ),
        ("Skipped", str(result.skipped), "Not counted."),
    ]
    return rows + [
        (name.replace("_", " "), rate_text(found), "Accuracy for this structure alone.")
        for name, found in result.by_structure.items()
    ]


def result_table(result: BlindResult) -> Table:
    """Return the rates as a table for export."""
    rates = {
        "accuracy": result.accuracy,
        "sensitivity": result.sensitivity,
        "specificity": result.specificity,
        **{f"accuracy, {name}": found for name, found in result.by_structure.items()},
    }
    rows = tuple((name, r.right, r.judged, r.value, r.low, r.high) for name, r in rates.items())
    columns = ("rate", "right", "judged", "value", "low", "high")
    return Table("Blind test", columns, rows, (result.sentence, METHOD))


def rate_text(found: Rate) -> str:
    """Return a share with its interval and its counts."""
    if not found.judged:
        return "none judged"
    return f"{found.value:.2f}  [{found.low:.2f}, {found.high:.2f}]  {found.right} of {found.judged}"
