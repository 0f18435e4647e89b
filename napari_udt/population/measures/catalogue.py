"""What each measure is called, what it means, and where it comes from: for tables, tooltips and documents."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from napari_udt.spectral.spectra import Normalisation

Better = Literal["lower", "higher", "near", "none"]
Family = Literal[
    "centres",
    "effect size",
    "wasserstein",
    "mmd",
    "frechet",
    "manifold",
    "neighbours",
    "classifier",
    "model",
    "pictures",
]

VALUE_UNITS: Mapping[Normalisation, str] = {
    "none": "value",
    "l1": "of the L1 norm",
    "l2": "of the L2 norm",
    "max": "of the maximum",
}


@dataclass(frozen=True)
class Measure:
    """One measure of a group of spectra against a reference.

    Parameters
    ----------
    key : str
        Stable name for files.
    title : str
        What tables call it.
    family : str
        Measures that are computed together.
    unit : str
        "" for a pure number; "{value}" stands for the unit of the normalised spectra.
    better : {"lower", "higher", "near", "none"}
        Direction of agreement; "near": as near to ``ideal`` as possible.
    ideal : float, optional
        Value of two samples of the same distribution, where there is one.
    meaning : str
        One sentence.
    source : str
        Paper or book.
    """

    key: str
    title: str
    family: Family
    unit: str
    better: Better
    ideal: float | None
    meaning: str
    source: str

    def unit_for(self, normalisation: Normalisation, quantity: str = "") -> str:
        """Return the unit of spectra that were normalised in a certain way; ``quantity`` is the cube's."""
        value = quantity if normalisation == "none" and quantity else VALUE_UNITS[normalisation]
        return self.unit.replace("{value}", value)

    @property
    def direction(self) -> str:
        """A few words for the head of a column."""
        match self.better:
            case "near":
                return f"best near {self.ideal:g}"
            case "none":
                return ""
        return f"{self.better} is better"


MEASURES: tuple[Measure, ...] = (
    Measure(
        "median_difference",
        "Median difference",
        "centres",
        "{value}",
        "lower",
        0.0,
        "Absolute difference between the median spectra, averaged over the wavelengths: the dashed line of Fig. 5b.",
        "Dreher et al. 2023, MICCAI, Fig. 5b",
    ),
    Measure(
        "mae",
        "MAE",
        "centres",
        "{value}",
        "lower",
        0.0,
        "Absolute difference between the mean spectra, averaged over the wavelengths.",
        "Willmott and Matsuura 2005, Climate Research 30, 79-82",
    ),
    Measure(
        "rmse",
        "RMSE",
        "centres",
        "{value}",
        "lower",
        0.0,
        "Root mean square difference between the mean spectra over the wavelengths: large differences count more than in the MAE.",
        "Willmott and Matsuura 2005, Climate Research 30, 79-82",
    ),
    Measure(
        "bias",
        "Bias",
        "centres",
        "%",
        "near",
        0.0,
        "Mean value over all wavelengths against the reference's: positive when too bright. Zero by construction for "
        "positive L1-normalised spectra.",
        "Walther and Moore 2005, Ecography 28, 815-829",
    ),
    Measure(
        "spectral_angle",
        "Spectral angle",
        "centres",
        "°",
        "lower",
        0.0,
        "Angle between the mean spectra as vectors: a difference in shape, blind to brightness.",
        "Kruse et al. 1993, Remote Sensing of Environment 44, 145-163",
    ),
    Measure(
        "cohens_d",
        "Cohen's d",
        "effect size",
        "",
        "lower",
        0.0,
        "Difference of the means in pooled standard deviations, as absolute value averaged over the wavelengths: 0.2 is "
        "called small, 0.8 large.",
        "Cohen 1988, Statistical Power Analysis for the Behavioral Sciences, 2nd ed.",
    ),
    Measure(
        "wasserstein",
        "Wasserstein-1",
        "wasserstein",
        "{value}",
        "lower",
        0.0,
        "How far values must be moved at each wavelength to turn one distribution into the other, averaged over the "
        "wavelengths: sees spread and shape, not only the centre.",
        "Villani 2009, Optimal Transport, ch. 6",
    ),
    Measure(
        "mmd",
        "MMD²",
        "mmd",
        "",
        "lower",
        0.0,
        "Distance between whole distributions of spectra under a Gaussian kernel as wide as the median distance; unbiased, "
        "so it can fall below 0 when nothing is to be told apart.",
        "Gretton et al. 2012, JMLR 13, 723-773, lemma 6",
    ),
    Measure(
        "mmd_p",
        "p of MMD²",
        "mmd",
        "",
        "none",
        None,
        "How often spectra shuffled between the two sets are at least as far apart: small when they differ; with many "
        "spectra even a small difference is significant.",
        "Gretton et al. 2012, JMLR 13, 723-773; Phipson and Smyth 2010, SAGMB 9, 39",
    ),
    Measure(
        "frechet",
        "Fréchet distance",
        "frechet",
        "({value})²",
        "lower",
        0.0,
        "Squared distance between Gaussians with the means and covariances of both sets, in the principal components of "
        "the reference; too large for few spectra.",
        "Dowson and Landau 1982, J. Multivariate Analysis 12, 450-455; Heusel et al. 2017, NeurIPS",
    ),
    Measure(
        "precision",
        "Precision",
        "manifold",
        "",
        "higher",
        None,
        "Share of the group's spectra that lie among the reference's: how many are believable.",
        "Kynkäänniemi et al. 2019, NeurIPS 32",
    ),
    Measure(
        "recall",
        "Recall",
        "manifold",
        "",
        "higher",
        None,
        "Share of the reference's spectra that lie among the group's: how much of the reference's variety is there.",
        "Kynkäänniemi et al. 2019, NeurIPS 32",
    ),
    Measure(
        "nearest_neighbour",
        "Nearest neighbour",
        "neighbours",
        "",
        "near",
        1.0,
        "Median distance to the nearest reference (or training) spectrum, divided by the same among those themselves: far "
        "below 1 hints at memorised spectra, above 1 at spectra off the reference.",
        "Meehan, Chaudhuri and Dasgupta 2020, AISTATS, PMLR 108, 3546-3556",
    ),
    Measure(
        "classifier",
        "Classifier score",
        "classifier",
        "",
        "near",
        0.5,
        "Accuracy of a classifier that tells the group from the reference, cross-validated on as many of each: 0.5 when "
        "it cannot.",
        "Lopez-Paz and Oquab 2017, ICLR",
    ),
    Measure(
        "round_trip",
        "Round-trip error",
        "model",
        "%",
        "lower",
        0.0,
        "Deviation of spectra carried to the other domain and back, of the standard deviation of the domain: zero for an "
        "invertible network up to rounding.",
        "Dreher et al. 2023, MICCAI, section 2",
    ),
    Measure(
        "log_likelihood",
        "Log-likelihood",
        "model",
        "bits per dimension",
        "higher",
        None,
        "How likely the group's model finds its spectra in the real domain; compare with the same of the reference. A high "
        "value does not say that a spectrum is right.",
        "Nalisnick et al. 2019, ICLR; Theis et al. 2016, ICLR",
    ),
)

CATALOGUE: Mapping[str, Measure] = {measure.key: measure for measure in MEASURES}
FAMILIES: tuple[Family, ...] = tuple(dict.fromkeys(measure.family for measure in MEASURES))
