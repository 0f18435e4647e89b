"""The model card: what a model is, what it was made from, what it reaches and what it cannot do.

Written from the record of the run alone, so that card and model cannot disagree.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from napari_udt.collection.datasets import OWN_CUBES
from napari_udt.evaluation.judgement import Judgement
from napari_udt.models import ModelSpec
from napari_udt.models.noise import InputNoise
from napari_udt.outgoing_text import markdown
from napari_udt.training.card_page import failing_lines, folded, number_lines, picture_lines
from napari_udt.training.families import FAMILIES
from napari_udt.wording import counted

_LIMITS = """\
* **Research use only.** Not for diagnosis, treatment or any clinical decision.
* A transferred spectrum is a guess of how the other domain would show it. The network **can hallucinate**:
  it can add or remove features that the tissue does not have. Check with data of your own;
  {check}
* It knows only the wavelengths and classes below and spectra like those it was trained on.{target}
* The numbers in the details were computed on held-out samples of the training data{not_measured}."""

_GUESS = "A transferred spectrum is a guess of how the other domain would show it. The network"
_FROM_LABELS = (
    "Its pictures are **generated from labels**: they are no transfer of a picture, of which the labels alone are used, and **know no\n  "
    "oxygenation**. What they show beside the labels is drawn at random. The network"
)
_NOT_MEASURED = " It has seen\n  **no measured images**: "

_TARGETS = {
    "drawn from measured statistics": f"{_NOT_MEASURED}its target was drawn from published means and spreads of measured "
    "spectra, not from recordings.",
    "digital device": f"{_NOT_MEASURED}its target is a digital device, a simulation with other anatomy and a detector's errors.",
    "simulated": f"{_NOT_MEASURED}its target is another simulation.",
    "target domain (not measured)": f"{_NOT_MEASURED}its target stands in for measured images.",
    "measured": " Its target's\n  cubes say that they were measured; nobody has checked that.",
    "origin unknown": " Its target's\n  cubes do not say, or not all alike, what they are: measured or not.",
}

_CONDITIONS = {
    "class": "domain and tissue class",
    "domain": "domain only",
    "none": "none but the domain, which chooses the network",
}

_DRAWN_BY_CLASS = "the samples were drawn class by class"
_SECOND_LABELS = {
    "given": "The classes of the target's samples **were used** in training. That departs from the paper, "
    f"where real data have no classes; here they are known because {_DRAWN_BY_CLASS}.",
    "proxy": "The classes of the target's samples were **not** used in training; proxies stood in for them, as "
    "in the paper.",
}

_SECOND_BALANCE = {
    "given": "The classes of the target's samples were used for nothing but drawing each class equally often.",
    "proxy": "The classes of the target's samples were **not** used in training.",
}


def model_card(spec: ModelSpec, judgement: Judgement | None = None, *, has_picture: bool = False) -> str:
    """Markdown text of the card: one page, then details that are folded.

    Parameters
    ----------
    spec : ModelSpec
        With the record of its training, see :func:`napari_udt.training.record.training_record`.
    judgement : Judgement, optional
        Of an evaluation on untouched data.
    has_picture : bool
        Whether a picture lies beside the card.
    """
    record = spec.training
    return "\n".join(
        [
            f"# {markdown(spec.title)}",
            "",
            *picture_lines(has_picture),
            f"{_network_words(spec)}. For {spec.modality} spectra. Condition: {_CONDITIONS[spec.condition]}.",
            f"Licence: {markdown(spec.licence)}. Name: `{spec.name}`.",
            "",
            *number_lines(judgement),
            "## What fails",
            *failing_lines(judgement),
            _limits(spec),
            "",
            *folded(
                [
                    "## Training data",
                    *(_data_line(domain, entry) for domain, entry in record["data"].items()),
                    *_preparation_lines(record["config"]["data"], spec),
                    "",
                    *_training_lines(record, spec),
                    "",
                    "## What it reaches on held-out samples of its training data",
                    *_metric_lines(record["metrics"]),
                ]
            ),
        ]
    )


def _network_words(spec: ModelSpec) -> str:
    words = FAMILIES[spec.kind].words
    if "residual_bound" in spec.architecture and spec.kind in _RESIDUAL:
        return _RESIDUAL[spec.kind]
    if spec.architecture.get("class_transport"):
        return f"{words}. {_TRANSPORT}"
    return f"{_FLOW}; {words[0].lower()}{words[1:]}" if "levels" in spec.architecture else words


def _limits(spec: ModelSpec) -> str:
    unknown = spec.target in ("measured", "origin unknown")
    limits = _LIMITS.replace(_GUESS, _FROM_LABELS) if spec.from_labels else _LIMITS
    text = limits.format(
        target=_TARGETS[spec.target],
        not_measured="" if unknown else ", not on measurements",
        check=FAMILIES["syndiff" if spec.is_bridge else spec.kind].check,  # both draw samples
    )
    low, high = spec.wavelengths_nm[0], spec.wavelengths_nm[-1]
    classes = ", ".join(map(markdown, spec.class_names))
    text += f"\n* Wavelengths: {len(spec.wavelengths_nm)} from {low:g} to {high:g} nm. Classes: {classes}."
    notes = spec.training["config"]["notes"]
    return f"{text}\n* {markdown(notes)}" if notes else text


_RESIDUAL = {
    "cyclegan": (
        'Two generators, one per direction, that add a bounded change to a sample, after Zhu et al., "Unpaired Image-to-Image Translation using '
        'Cycle-Consistent Adversarial Networks", ICCV 2017'
    ),
    "unit": (
        "Two auto-encoders that share a latent space; the difference of their decoders, within bounds, is added to a sample, after Liu et al., "
        '"Unsupervised Image-to-Image Translation Networks", NeurIPS 2017'
    ),
}
_FLOW = "Wavelet flow (details are coded given the coarser picture, after Yu, Derpanis and Brubaker, NeurIPS 2020)"
_TRANSPORT = (
    "Its first layer is fixed: each class is moved by a Gaussian transport in closed form that keeps the order of the oxygen saturation "
    "(500-600 and 700-900 nm); the coupling blocks learn the rest"
)
_REALISM = {
    "PAT": "realism of transfers (patches, class means, roughness, order of the vessels' saturations)",
    "HSI": "realism of transfers (a forest's ability to distinguish them, order of the saturations)",
}

_TERMS = {
    "content_weight": (
        "Beside the paper's losses (weight {:g}): within a class, the order of what HbO2 and Hb absorb must survive the "
        "transfer."
    ),
    "moments_weight": (
        "Beside the paper's losses (weight {:g}): transferred classes are drawn to the target's class means, "
        "and for spectra to its spreads."
    ),
    "vessels_weight": (
        "Beside the paper's losses (weight {:g}): the saturation of every vessel must follow its source's along one line."
    ),
    "texture_weight": (
        "Beside the paper's losses (weight {:g}): the details of every class must have the power that they have in the target, level by "
        "level."
    ),
}


def _data_line(domain: str, entry: Mapping[str, Any]) -> str:
    generator = markdown(str(entry["generator"].get("name", "unknown generator")))
    if device := entry["generator"].get("device"):
        generator += f" --device {markdown(str(device))}"
    if entry["generator"].get("name") == OWN_CUBES:
        generator += (
            f" ({entry['generator']['cubes']} of {counted(entry['generator']['subjects'], 'subject')})"
        )
    name = "target" if domain == "second" else domain
    return (
        f"* {name}: {entry['samples']} samples ({entry['held_out']} held out), {markdown(entry['origin'])}; {generator}, "
        f"seed {entry['seed']}, SHA-256 `{entry['sha256'][:16]}`."
    )


def _preparation_lines(data: Mapping[str, Any], spec: ModelSpec) -> list[str]:
    """Lines on the preparation of the samples where it differs from the usual one."""
    lines = []
    if left_out := data["leave_out"]:
        lines.append(
            f"* **Left out** of the target in training: {', '.join(map(markdown, left_out))}. Held-out numbers below include "
            "them: they show what the model makes of a class that it never saw there."
        )
    if spec.intensity != "linear":
        scales = ", ".join(f"{scale:.3g} ({domain})" for domain, scale in spec.intensity_scales.items())
        how = (
            "to asinh(x / scale)"
            if spec.intensity == "asinh"
            else "logarithmically above a scale, and stay positive,"
        )
        lines.append(f"* Values x are compressed {how} before anything else; scales: {scales}.")
    if noise := InputNoise.of(spec):
        sample = "image" if spec.modality == "PAT" else "spectrum"
        lines.append(
            f"* **Noise** ({noise}; seeded by the {sample}) lies on every "
            f"simulated {sample} before it is transferred, as in training; all numbers include it. `--noise none`, or a choice in the "
            "window, leaves it out."
        )
    return lines


def _training_lines(record: Mapping[str, Any], spec: ModelSpec) -> list[str]:
    config = record["config"]
    adversarial = config["optimisation"]["gan_weight"]
    lines = [
        f"Trained for {record['steps']} steps of {config['optimisation']['batch_size']} samples per domain in "
        f"{record['seconds'] / 60:.1f} minutes on {markdown(record['hardware'])} (torch {record['torch']}), seed {config['seed']}; "
        f"weights of step {record['best_step']}, the best held-out {_criterion(config, spec)}.",
        *_parent_lines(record),
        f"Adversarial weight {adversarial:g}." if adversarial else "No adversarial loss.",
        *(words.format(config["terms"][key]) for key, words in _TERMS.items() if config["terms"].get(key)),
    ]
    labels = config["condition"]["second_labels"]
    words = (_SECOND_LABELS if spec.condition == "class" else _SECOND_BALANCE)[labels]
    own = record["data"]["second"]["generator"].get("name") == OWN_CUBES
    return [*lines, words.replace(_DRAWN_BY_CLASS, "the cubes have labels") if own else words]


def _parent_lines(record: Mapping[str, Any]) -> list[str]:
    parent = record.get("parent")
    if not parent:
        return []
    return [
        f"Fine-tuned: training began with the weights of `{markdown(parent['name'])}` (SHA-256 `{parent['weights_sha256'][:16]}`), whose "
        "normalisation it keeps; what that model was made from is in its own card."
    ]


def _criterion(config: Mapping[str, Any], spec: ModelSpec) -> str:
    chosen = config["optimisation"].get("choose_by", "likelihood")
    return _REALISM[spec.modality] if chosen == "realism" else FAMILIES[spec.kind].criterion


def _metric_lines(found: Mapping[str, Any]) -> list[str]:
    rms, accuracy = found["class_mean_relative_rms"], found["nearest_class_mean_balanced_accuracy"]
    return [
        *(words(found[key]) for key, words in _QUALITIES.items() if key in found),
        f"* Balanced accuracy of the nearest class mean on the target: {_share(accuracy['before'])} with simulated, "
        f"{_share(accuracy['after'])} with transferred class means.",
        "",
        "Distance of class means from the target's (root mean square over wavelengths of L2-normalised",
        "spectra, relative to the target's mean):",
        "",
        *_table(
            ["simulated", "transferred"],
            {
                name: [f"{100 * rms[when][name]:.1f} %" for when in ("before", "after")]
                for name in rms["after"]
            },
        ),
        *_away_lines(rms),
        *_level_lines(found["class_levels"]),
    ]


def _likelihood_line(found: Mapping[str, float]) -> str:
    return (
        f"* Negative log-likelihood per dimension (equation 1, without its constant): simulated "
        f"{found['held_out_simulated']:.3f}, target {found['held_out_second']:.3f} nats."
    )


def _round_trip_line(found: Mapping[str, float]) -> str:
    return (
        f"* Largest round-trip error: simulated {found['simulated']:.1e}, target {found['second']:.1e} in normalised "
        "units."
    )


def _cycle_line(found: Mapping[str, float]) -> str:
    return (
        f"* Not invertible, and without a likelihood. Transferred there and back, samples differ from themselves by "
        f"{found['simulated']:.3f} (simulated) and {found['second']:.3f} (target) of their domain's standard deviation "
        "(root mean square)."
    )


def _distance_line(found: Mapping[str, float]) -> str:
    words = {"simulated": "in the simulated", "second": "in the target"}
    values = [
        f"{found[key]:.4f} {word}"
        for domain, word in words.items()
        if (key := f"held_out_distance_{domain}") in found
    ]
    return (
        "* Energy distance of transferred samples from those of the domain they arrived in, in normalised units: "
        f"{', '.join(values)}."
    )


# Lines that only some families have, by their key in the metrics.
_QUALITIES = {
    "ml_per_dimension": _likelihood_line,
    "round_trip_max_error": _round_trip_line,
    "held_out": _distance_line,
    "cycle_rms_error": _cycle_line,
}


def _away_lines(rms: Mapping[str, Mapping[str, float]]) -> list[str]:
    """Line that names the classes that the transfer made worse."""
    away = [name for name, after in rms["after"].items() if after > rms["before"][name]]
    return ["", f"Moved **away** from the target: {', '.join(map(markdown, away))}."] if away else []


def _level_lines(levels: Mapping[str, Mapping[str, float]]) -> list[str]:
    if not levels:
        return []
    columns = ("simulated", "rescaled", "transferred", "second")
    common = [name for name in levels["simulated"] if name in levels["second"]]
    rows = {name: [f"{levels[column][name]:.3g}" for column in columns] for name in common}
    words = (
        'Median level per class [units of the images]; "rescaled" is what the domains\' statistics do alone:'
    )
    shown = ["target" if column == "second" else column for column in columns]
    return ["", words, "", *_table(shown, rows)]


def _table(columns: Sequence[str], rows: Mapping[str, Sequence[str]]) -> list[str]:
    """Lines of a table with one row per class."""
    head = [f"| class | {' | '.join(columns)} |", "|---" * (len(columns) + 1) + "|"]
    return head + [f"| {markdown(name)} | {' | '.join(values)} |" for name, values in rows.items()]


def _share(value: float | None) -> str:
    return "not computed" if value is None else f"{value:.3f}"
