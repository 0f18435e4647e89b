"""The first page of a model's card: picture, ten numbers, what fails; what follows is folded."""

from __future__ import annotations

from collections.abc import Sequence

from napari_udt.evaluation.judgement import COMMAND, Judgement
from napari_udt.models.store import PICTURE
from napari_udt.outgoing_text import markdown

_FOLD, _UNFOLD = "<details>", "</details>"
_TEN = 10
_NOT_JUDGED = f"No numbers on untouched data are stored here. This makes them, beside rows that learn nothing: `{COMMAND}`"


def judged_on(judgement: Judgement) -> str:
    """Return which samples a judgement stands on, in words."""
    if len(judgement.held_out) > 1:
        return "held-out samples of its own training"
    if judgement.held_out:
        other = {"simulated": "target", "target": "simulated"}[judgement.held_out[0]]
        return f"untouched {other} samples, and {judgement.held_out[0]} ones that training held out"
    return "untouched data"


def picture_lines(has_picture: bool) -> list[str]:
    """Lines that show the picture beside the card."""
    if not has_picture:
        return []
    return [f"![Simulated, transferred and target at three wavelengths, on one grey scale]({PICTURE})", ""]


def number_lines(judgement: Judgement | None) -> list[str]:
    """Lines of the ten numbers, or the sentence that says how to make them."""
    if judgement is None:
        return ["## Ten numbers", "", _NOT_JUDGED, ""]
    baseline = judgement.baseline or "no row without learning"
    rows = [
        f"| {markdown(n.title)} | {n.text(n.target)} | {n.text(n.simulated)} | {n.text(n.baseline)} | **{n.text(n.model)}** |"
        for n in judgement.numbers
    ]
    caution = (
        "The held-out samples also chose the weights: a new subject may look worse. "
        if judgement.held_out
        else ""
    )
    return [
        "## Ten numbers" if len(judgement.numbers) == _TEN else "## Numbers",
        "",
        f"| on {judged_on(judgement)} | the target's own | simulated | {markdown(baseline)} | this model |",
        "|---|---|---|---|---|",
        *rows,
        "",
        f"{markdown(baseline)}: of the rows that learn nothing, the one that is distinguished least from the target; such rows take "
        f"their statistics from the very samples that they move. {caution}In brackets 95 % intervals over pictures or animals. Data: "
        f"{markdown(judgement.data)}.",
        "",
    ]


def failing_lines(judgement: Judgement | None) -> list[str]:
    """Lines that name where the model is behind what learns nothing, and what it makes worse."""
    if judgement is None:
        return []
    lines = []
    behind = [markdown(number.short) for number in judgement.numbers if number.is_worse]
    if behind:
        lines.append(
            f"* **Behind {markdown(judgement.baseline)}, which learns nothing**, in: {', '.join(behind)}."
        )
    if away := judgement.moved_away:
        lines.append(f"* Mean spectra that move **away** from the target: {', '.join(map(markdown, away))}.")
    calibration = judgement.calibration
    lines.append(
        f"* {calibration.sentence}"
        if calibration
        else "* Whether a spread of its results predicts their error is not known."
    )
    return lines


def folded(lines: Sequence[str]) -> list[str]:
    """Lines that a reader of Markdown unfolds."""
    return [_FOLD, "<summary>Details</summary>", "", *lines, "", _UNFOLD, ""]


def page_and_details(card: str) -> tuple[str, str]:
    """Split a card into its first page and what is folded; the latter is empty where nothing is."""
    page, _, rest = card.partition(f"\n{_FOLD}\n")
    details = rest.rpartition(_UNFOLD)[0].removeprefix("<summary>Details</summary>")
    return page.rstrip() + "\n", details.strip()
