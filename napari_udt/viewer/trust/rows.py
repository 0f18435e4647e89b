"""The rows of the Trust dock: names, units, tooltips, and colours of their maps. No Qt."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from napari_udt.inference.trust import Group
    from napari_udt.models import ModelSpec

_FENCES = 3.0  # interquartile ranges
_FLAT = 1e-6  # relative; a colour bar needs two ends


@dataclass(frozen=True)
class TrustRow:
    """One number of the panel.

    Parameters
    ----------
    key : str
        See :func:`napari_udt.inference.trust.spectral_trust`.
    group : {"network", "conditions", "trainings"}
        What it is computed with.
    title, unit, tooltip : str
    colormap : str
        napari's name, of its map.
    form : str
        How the number is written.
    """

    key: str
    group: Group
    title: str
    unit: str
    tooltip: str
    colormap: str = "viridis"
    form: str = ".2f"


ROWS = (
    TrustRow(
        "round_trip",
        "network",
        "Round trip",
        "% SD",
        "Transfer to the other domain and back: rms deviation from the input over all wavelengths, in % of the "
        "standard deviation of the training data. An invertible network deviates by rounding only; UNIT and CycleGAN "
        "show what they lose.",
        "magma",
        ".2g",
    ),
    TrustRow(
        "target",
        "network",
        "Log-likelihood after",
        "bit/dim",
        "Log-likelihood of the transferred spectrum under the condition of its new domain, per wavelength, of "
        "standardised values, constant included. Larger is likelier. It is exact, but it judges typicality, not truth: "
        "compare spectra with each other, not with a threshold.",
    ),
    TrustRow(
        "source",
        "network",
        "Log-likelihood before",
        "bit/dim",
        "Log-likelihood of the input under the condition of its own domain, per wavelength, of standardised values. "
        "Low values mean that the model was not trained on spectra like this one.",
    ),
    TrustRow(
        "norm",
        "network",
        "Latent norm",
        "σ of chi",
        "How far the norm of the latent code lies from what N(0, 1) in all dimensions gives (the mean of the chi "
        "distribution), in its standard deviations. Far above: outside the training data. Below: smoother than the "
        "training data, to which noise was added.",
        "viridis",
        "+.2f",
    ),
    TrustRow(
        "tail",
        "network",
        "Latent beyond ±3",
        "%",
        "Share of the latent code's values with |z| > 3. A standard normal distribution has 0.27 %.",
        "inferno",
    ),
    TrustRow(
        "spread",
        "conditions",
        "Condition spread",
        "%",
        "Standard deviation of the transferred spectrum over admissible conditions (20; 10 for a picture: the noise of the training on "
        "domain and class), rms over the wavelengths, in % of the mean spectrum. It is the part of the uncertainty "
        "that the condition explains, no more. Of a stochastic model: over as many seeds, what it leaves open itself.",
        "magma",
        ".3g",
    ),
    TrustRow(
        "trainings",
        "trainings",
        "Training spread",
        "%",
        "Standard deviation of the transferred spectrum over trainings of the same configuration with other seeds, as far as they are "
        "installed, rms over the wavelengths, in % of the mean spectrum: what the seed of the training decided. Few trainings "
        "underestimate it, and all may be wrong alike. Only for whole cubes: press the map.",
        "magma",
        ".3g",
    ),
    TrustRow(
        "magnitude",
        "network",
        "Largest value",
        "SD",
        "Largest absolute standardised value of the input: its distance from the training mean at the worst "
        "wavelength, in standard deviations. The model keeps no range for each wavelength, so this one stands for all.",
        "inferno",
    ),
)
ROW_OF: Mapping[str, TrustRow] = {row.key: row for row in ROWS}
WHOLE_PICTURE_ONLY = "one number for the picture: the latent of an image network has no pixels"


def mappable(spec: ModelSpec | None, other_trainings: int = 0) -> set[str]:
    """Return the keys of the numbers that exist for every pixel, where so many other trainings of the model's configuration are installed."""
    from napari_udt.inference.trust import WHOLE_PICTURE

    if spec is None:
        return set()
    keys = set(ROW_OF)
    if spec.kind != "cinn":
        keys -= set(WHOLE_PICTURE)
    if not spec.has_spread:
        keys.discard("spread")
    if not other_trainings:
        keys.discard("trainings")
    return keys - set(WHOLE_PICTURE) if spec.modality == "PAT" else keys


def number_text(row: TrustRow, value: float | None) -> str:
    """Return a number as it is written, a dash where there is none."""
    return "–" if value is None or math.isnan(value) else format(value, row.form)


def clipboard_text(row: TrustRow, value: float | None) -> str:
    """Return what a click on a number copies: name, number and unit, separated by tabs."""
    return "" if value is None or math.isnan(value) else f"{row.title}\t{value:.7g}\t{row.unit}"


def limits(row: TrustRow, values: NDArray[np.floating[Any]]) -> tuple[float, float]:
    """Return both ends of a map's colour bar: Tukey's outer fences, so that what lies far out saturates."""
    known = values[np.isfinite(values)]
    if not known.size:
        return 0.0, 1.0
    low, first, third, high = (float(v) for v in np.percentile(known, (0, 25, 75, 100)))
    reach = _FENCES * (third - first) or high - low
    low, high = max(low, first - reach), min(high, third + reach)
    return low, max(high, low + _FLAT * max(abs(low), _FLAT))
