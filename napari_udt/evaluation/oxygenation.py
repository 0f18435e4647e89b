r"""Rank correlation of the simulated oxygen saturation with estimates from spectra, before and after a transfer.

A tissue has one saturation per layer; a spectrum shows a mixture. The saturation that light sees is

.. math:: \bar s = \frac{\sum_l w_l s_l}{\sum_l w_l}, \qquad
   w_l = v_l \int_l \exp\Big(-2 \int_0^z \mu_{eff}\Big) dz, \qquad
   \mu_{eff} = \sqrt{3 \mu_a (\mu_a + \mu_s')}

with the blood volume fraction :math:`v_l`: blood counts by how much light reaches it and comes back (diffusion
theory's decay, both ways), averaged over the wavelengths that the estimate uses.

Two estimates separate what can happen. *Unmixing* (:mod:`napari_udt.spectral.unmixing`, HbO2 and Hb only) expects
haemoglobin's bands where they belong, as a reader of the spectra does. It is good for a rank statistic only: -ln R is no
linear function of the absorption. The *linear readout* is learnt from the very spectra that it judges (cross-validated),
so that it finds saturation in whatever shape it left: high where unmixing is low means moved, not erased.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_udt.evaluation.rank_correlation import CorrelationChange, correlation_change
from napari_udt.spectral.transforms import absorbance
from napari_udt.spectral.unmixing import EVALUATION_WINDOWS, HB, HBO2, Window, unmix_spectra

if TYPE_CHECKING:
    from napari_udt.simulation.tables_contract import Tables

Array = NDArray[np.float64]
Floats = NDArray[np.floating[Any]]

LARGEST_DROP = 0.02
UNMIXING, READOUT = "unmixing", "linear readout"
FEWEST_WAVELENGTHS = 4  # HbO2, Hb, offset and slope
_FOLDS = 5
_RIDGES = np.logspace(-6, 2, 9)
_MM_PER_CM = 10.0
_MIE_REFERENCE_NM = 500.0


@dataclass(frozen=True)
class Levels:
    """Medians of the saturation of one class, 0 to 1: the simulated one, and its estimate before and after."""

    truth: float
    before: float
    after: float


@dataclass(frozen=True)
class OxygenationKept:
    """How well one estimate follows the simulated saturation, before and after the transfer.

    Parameters
    ----------
    window : str
        Name of the wavelengths that the estimate uses.
    truth : str
        "light-weighted" or "top layer".
    estimate : str
        "unmixing" or "linear readout".
    overall : CorrelationChange
        Over all samples.
    per_class : mapping of class name to CorrelationChange
    levels : mapping of class name to Levels
        Of unmixing; a rank correlation is blind to them.
    """

    window: str
    truth: str
    estimate: str
    overall: CorrelationChange
    per_class: Mapping[str, CorrelationChange]
    levels: Mapping[str, Levels] = field(default_factory=dict)

    @property
    def kept(self) -> bool:
        """Whether the correlation drops by no more than 0.02."""
        return self.overall.change >= -LARGEST_DROP

    @property
    def within_class(self) -> tuple[float, float]:
        """Mean over classes of the correlation before and after: blind to what sets whole classes apart.

        Classes without a correlation are left out; NaN where none has one.
        """
        known = [(c.before, c.after) for c in self.per_class.values() if np.isfinite(c.change)]
        if not known:
            return float("nan"), float("nan")
        before, after = np.mean(known, axis=0)
        return float(before), float(after)


def haemoglobins(tables: Tables, wavelengths_nm: Array) -> dict[str, Array]:
    """Absorption of HbO2 and Hb [1/cm] at some wavelengths, from the tables."""
    names = {HBO2: "oxyhemoglobin", HB: "deoxyhemoglobin"}
    return {name: tables.absorption_per_cm(known, wavelengths_nm) for name, known in names.items()}


def layer_weights(
    parameters: Mapping[str, Floats],
    wavelengths_nm: Array,
    absorption_per_cm: Mapping[str, Array],
    window: Window,
) -> Array:
    """Weight of every layer's blood in a reflectance spectrum; see the module's formula.

    Parameters
    ----------
    parameters : mapping of name to array, shape (n, layers)
        "blood_volume", "oxygenation", "a_mie_per_cm", "b_mie", "thickness_mm"; topmost layer first.
    wavelengths_nm : array, shape (channels,)
    absorption_per_cm : mapping of substance to array, shape (channels,)
    window : Window

    Returns
    -------
    array, shape (n, layers)
        Sums to 1 over layers.
    """
    inside = window.mask(wavelengths_nm)
    p = {name: np.asarray(values, dtype=np.float64)[..., None] for name, values in parameters.items()}
    oxy, deoxy = absorption_per_cm[HBO2][inside], absorption_per_cm[HB][inside]
    absorption = p["blood_volume"] * (p["oxygenation"] * oxy + (1 - p["oxygenation"]) * deoxy)
    scattering = p["a_mie_per_cm"] * (wavelengths_nm[inside] / _MIE_REFERENCE_NM) ** -p["b_mie"]
    decay = 2 * np.sqrt(3 * absorption * (absorption + scattering))
    depth = decay * p["thickness_mm"] / _MM_PER_CM
    above = np.cumsum(depth, axis=1) - depth
    weight = p["blood_volume"] * np.exp(-above) * -np.expm1(-depth) / decay
    share = weight / weight.sum(axis=1, keepdims=True)
    return np.asarray(share.mean(axis=2))


def light_weighted_saturation(
    parameters: Mapping[str, Floats],
    wavelengths_nm: Array,
    absorption_per_cm: Mapping[str, Array],
    window: Window,
) -> Array:
    """Saturation that the light of a window sees, shape (n,); parameters as in `layer_weights`."""
    weights = layer_weights(parameters, wavelengths_nm, absorption_per_cm, window)
    return np.asarray((weights * parameters["oxygenation"]).sum(axis=1))


def oxygenation_kept(
    before: Floats,
    after: Floats,
    labels: NDArray[Any],
    class_names: Sequence[str],
    parameters: Mapping[str, Floats],
    wavelengths_nm: Array,
    absorption_per_cm: Mapping[str, Array],
    rng: np.random.Generator,
) -> list[OxygenationKept]:
    """Compare the simulated saturation with estimates from simulated and from transferred spectra.

    Parameters
    ----------
    before, after : array, shape (n, channels)
        Simulated spectra and the same after the transfer, on any scale.
    labels : integer array, shape (n,)
    class_names : sequence of str
    parameters : mapping of name to array, shape (n, layers)
        What was simulated, see `layer_weights`.
    wavelengths_nm : array, shape (channels,)
    absorption_per_cm : mapping of substance to array, shape (channels,)
    rng : Generator
        For the bootstrap.

    Returns
    -------
    list of OxygenationKept
        Three for every window that holds enough wavelengths to unmix.
    """
    found = []
    for window in EVALUATION_WINDOWS:
        if window.mask(wavelengths_nm).sum() < FEWEST_WAVELENGTHS:
            continue
        seen = light_weighted_saturation(parameters, wavelengths_nm, absorption_per_cm, window)
        top = np.asarray(parameters["oxygenation"][:, 0], dtype=np.float64)
        unmixed, read = (
            [
                unmix_spectra(
                    spectra,
                    wavelengths_nm,
                    "HSI",
                    window=window,
                    chromophores=absorption_per_cm,
                    largest_residual=1.0,
                ).oxygenation
                for spectra in (before, after)
            ],
            [linear_readout(spectra[:, window.mask(wavelengths_nm)], seen) for spectra in (before, after)],
        )
        for name, truth, estimate, values in (
            ("light-weighted", seen, UNMIXING, unmixed),
            ("top layer", top, UNMIXING, unmixed),
            ("light-weighted", seen, READOUT, read),
        ):
            overall = correlation_change(truth, values[0], values[1], rng)
            per_class = {
                class_name: correlation_change(truth[own], values[0][own], values[1][own], rng)
                for index, class_name in enumerate(class_names)
                if (own := labels == index).any()
            }
            levels = (
                levels_of(truth, values[0], values[1], labels, class_names) if estimate == UNMIXING else {}
            )
            found.append(OxygenationKept(window.name, name, estimate, overall, per_class, levels))
    return found


def levels_of(
    truth: Floats, before: Floats, after: Floats, labels: NDArray[Any], class_names: Sequence[str]
) -> dict[str, Levels]:
    """Medians of each class over the samples (n,) that have all three values."""
    known = np.isfinite(truth) & np.isfinite(before) & np.isfinite(after)
    return {
        name: Levels(*(float(np.median(values[own])) for values in (truth, before, after)))
        for index, name in enumerate(class_names)
        if (own := known & (labels == index)).any()
    }


def linear_readout(spectra: Floats, saturation: Array) -> Array:
    """Predict saturation (n,) from ln(spectra), spectra (n, channels), by ridge regression.

    Each spectrum is predicted by a regression on four fifths of the others (5-fold cross-validation). A spectrum with a
    value that is not positive takes no part: NaN.
    """
    from sklearn.linear_model import RidgeCV
    from sklearn.model_selection import KFold, cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    values = absorbance(np.asarray(spectra, dtype=np.float64))
    known = np.isfinite(values).all(axis=1)
    found = np.full(len(values), np.nan)
    if known.sum() >= _FOLDS:
        model = make_pipeline(StandardScaler(), RidgeCV(_RIDGES))
        folds = KFold(_FOLDS, shuffle=True, random_state=0)
        found[known] = cross_val_predict(model, values[known], saturation[known], cv=folds)
    return found
