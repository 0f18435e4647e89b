"""What the numbers of the Trust dock usually are: measured on a picture that no bundled model was trained on. No Qt."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from napari_udt.errors import UdtError
from napari_udt.spectral.labels import is_background
from napari_udt.viewer.transfer.probes import Probes
from napari_udt.viewer.trust.rows import TrustRow

if TYPE_CHECKING:
    from napari_udt.cube import SpectralCube
    from napari_udt.inference.job import Job
    from napari_udt.inference.latent_quantiles import LatentQuantiles
    from napari_udt.models import ModelSpec
    from napari_udt.models.model import TransferModel

Judgement = Literal["normal", "unusual", "far out", ""]
MARKS: Mapping[Judgement, str] = {"normal": "✓", "unusual": "△", "far out": "✗", "": ""}
# Green, amber and red of Okabe and Ito (2008); the marks differ as well.
COLOURS: Mapping[Judgement, str] = {
    "normal": "#009E73",
    "unusual": "#E69F00",
    "far out": "#D55E00",
    "": "#808080",
}
LATENT = "latent"  # key of the latent's distance from the standard normal
_SPECTRA, _LATENT_SPECTRA = 400, 300
_USUAL, _RARE = 0.95, 0.995  # shares of the held-out spectra
# What is always normal: rounding; a few values of a latent beyond ±3, as a normal distribution has them.
_FLOORS: Mapping[str, float] = {"round_trip": 0.01, "tail": 1.0}


@dataclass(frozen=True)
class NormalRange:
    """Bounds of one number over held-out simulated spectra, on the side on which it gives reason for doubt.

    Parameters
    ----------
    usual, rare : float
        95 % and 99.5 % of the spectra are not beyond.
    is_upper : bool
        Whether large values give reason for doubt; else small ones do.
    count : int
        Spectra.
    """

    usual: float
    rare: float
    is_upper: bool
    count: int

    def judgement(self, value: float | None) -> Judgement:
        """Return whether a value is normal (as 95 % are), unusual, or far out (as fewer than 0.5 % are)."""
        if value is None or math.isnan(value):
            return ""
        sign = 1 if self.is_upper else -1
        if sign * value <= sign * self.usual:
            return "normal"
        return "unusual" if sign * value <= sign * self.rare else "far out"

    def text(self, row: TrustRow) -> str:
        """Return the bound as it is written."""
        return f"{'≤' if self.is_upper else '≥'} {self.usual:{row.form}}"

    @property
    def explanation(self) -> str:
        """What the mark and the bound mean."""
        return (
            f"Normal range: that of 95 % of {self.count} spectra of the simulated sample picture, which no bundled model was "
            "trained on. ✓ within it, △ beyond it, ✗ beyond 99.5 % of them."
        )


class NormalRanges:
    """The normal ranges of each model, measured once in the thread of the probes; for hyperspectral models."""

    def __init__(self, probes: Probes) -> None:
        self._probes = probes
        self._known: dict[str, dict[str, NormalRange]] = {}

    def of(self, spec: ModelSpec | None) -> Mapping[str, NormalRange]:
        """Return the ranges by the keys of the numbers; none while they are measured, and where there can be none."""
        if spec is None or spec.modality != "HSI":
            return {}
        key = f"{spec.name} {spec.weights_sha256}"
        if key not in self._known:
            self._probes.jobs.request(("normal ranges", key), partial(self._measure, key, spec))
        return self._known.get(key, {})

    def _measure(self, key: str, spec: ModelSpec) -> None:
        from napari_udt.io import open_cube
        from napari_udt.samples import sample_path

        self._known[key] = {}
        try:
            cube, model = open_cube(sample_path("hsi_simulated")), self._probes.model_of(spec)
            self._known[key] = measured_ranges(model, cube) | latent_range(model, cube)
        except (UdtError, OSError, ValueError):  # samples of another grid, or none: the numbers stand alone
            return


def measured_ranges(model: TransferModel, cube: SpectralCube) -> dict[str, NormalRange]:
    """Return the ranges of a model over 400 spectra of tissue of a simulated cube, by the keys of the numbers.

    Raises
    ------
    UdtError
        When model and cube do not fit.
    """
    from napari_udt.inference.probe import SpectralProbe, make_job
    from napari_udt.inference.trust import OF_SPECTRA, spectral_trust

    probe = SpectralProbe(make_job(cube, model))
    probe.prepare()
    rows, columns = drawn_places(cube, None, _SPECTRA)
    spectra = np.stack([cube.spectrum(int(r), int(c)) for r, c in zip(rows, columns, strict=True)])
    entries = np.asarray(probe.job.tissue.index[rows, columns], np.intp)
    found: dict[str, Any] = {}
    for group in OF_SPECTRA:
        found |= spectral_trust(probe, group, spectra, entries)
    ranges = {key: _range(key, values[np.isfinite(values)]) for key, values in found.items()}
    return {key: known for key, known in ranges.items() if known is not None}


def latent_range(model: TransferModel, cube: SpectralCube) -> dict[str, NormalRange]:
    """Return how far the latent of a structure lies off the standard normal, over the tissues and wavelengths of a simulated cube.

    Under the key `LATENT`; nothing for a network without a latent.
    """
    from napari_udt.inference.probe import make_job

    job = make_job(cube, model)
    tissues = [number for number, name in cube.present_labels.items() if not is_background(name)]
    found = [latent_of_structure(job, number) for number in tissues]
    known = [one.deviations for one in found if one is not None]
    judged = _range(LATENT, np.concatenate(known)) if known else None
    return {} if judged is None else {LATENT: judged}


def latent_of_structure(job: Job, label: int | None) -> LatentQuantiles | None:
    """Return the latent's quantiles over at most 300 spectra of one structure, None: of all tissue."""
    from napari_udt.inference.latent_quantiles import of_spectra

    rows, columns = drawn_places(job.cube, label, _LATENT_SPECTRA)
    if not len(rows):
        return None
    spectra = np.stack([job.cube.spectrum(int(r), int(c)) for r, c in zip(rows, columns, strict=True)])
    return of_spectra(job, spectra, np.asarray(job.tissue.index[rows, columns], np.intp))


def drawn_places(
    cube: SpectralCube, label: int | None, most: int
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Draw pixels of a structure (None: of all tissue), always the same; rows and columns."""
    labels = np.zeros(cube.shape[:2], int) if cube.labels is None else cube.labels
    background = [number for number, name in cube.label_names.items() if is_background(name)]
    rows, columns = np.nonzero(~np.isin(labels, background) if label is None else labels == label)
    kept = np.random.default_rng(0).permutation(len(rows))[:most]
    return rows[kept], columns[kept]


def _range(key: str, values: NDArray[np.floating[Any]]) -> NormalRange | None:
    if not len(values):
        return None
    is_upper = key not in ("target", "source")  # unlikely ones give reason for doubt
    shares = [share if is_upper else 1 - share for share in (_USUAL, _RARE)]
    floor = _FLOORS.get(key, -math.inf)
    usual, rare = (max(float(bound), floor) for bound in np.quantile(values, shares))
    return NormalRange(usual, rare, is_upper, len(values))
