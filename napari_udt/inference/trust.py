"""Numbers per spectrum, computed by a model itself, on how far its transfer of a cube can be trusted.

None of them knows the truth. A high likelihood says that a spectrum resembles those of the training, a small spread
that the condition does not matter; neither says that the transferred spectrum is right.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from napari_udt.errors import TransferError
from napari_udt.inference.grid import transferable
from napari_udt.inference.job import Job
from napari_udt.inference.latent_quantiles import LatentQuantiles, of_picture
from napari_udt.inference.probe import Entries, Floats, SpectralProbe
from napari_udt.inference.trainings import spread_of_trainings
from napari_udt.io.contract import Progress
from napari_udt.models.noise import with_noise

if TYPE_CHECKING:
    from napari_udt.models.model import TransferModel

# Groups are computed for themselves: the second costs as much as many transfers, the third needs other models.
Group = Literal["network", "conditions", "trainings"]
GROUPS: Mapping[Group, tuple[str, ...]] = {
    "network": ("round_trip", "target", "source", "norm", "tail", "magnitude"),
    "conditions": ("spread",),
    "trainings": ("trainings",),
}
OF_SPECTRA: tuple[Group, ...] = (
    "network",
    "conditions",
)  # what is computed of single spectra as the mouse moves
# In pictures these belong to the picture as a whole: its latent has no pixels.
WHOLE_PICTURE = ("target", "source", "norm", "tail")

FAR = 3.0  # a standard normal value lies beyond +-3 in 0.27 % of all cases
_CHUNK: Mapping[Group, int] = {"network": 512, "conditions": 256}
_PERCENT = 100.0
_NATS_PER_BIT = math.log(2)
# A picture goes through the network as a whole: each draw takes seconds.
PICTURE_DRAWS = 10

_CODE = "code"  # the latent itself, beside the numbers

Numbers = dict[str, NDArray[np.float32]]


class Chi(NamedTuple):
    """Mean and standard deviation of the norm of a standard normal vector."""

    mean: float
    std: float


@dataclass(frozen=True, eq=False)
class CubeTrust:
    """Numbers of a whole cube.

    Parameters
    ----------
    maps : mapping of str to array, shape (rows, columns)
        NaN where a spectrum cannot be transferred.
    numbers : mapping of str to float
        Median of each map; for pictures also what belongs to the picture as a whole.
    latent : LatentQuantiles, optional
        Of a photoacoustic picture, judged by a cINN; spectra have theirs by structure.
    """

    maps: Mapping[str, NDArray[np.float32]]
    numbers: Mapping[str, float]
    latent: LatentQuantiles | None = None


def chi(dimensions: int) -> Chi:
    """Return the moments of the chi distribution with that many degrees of freedom."""
    mean = math.sqrt(2) * math.exp(math.lgamma((dimensions + 1) / 2) - math.lgamma(dimensions / 2))
    # For many dimensions d - mean^2 is a difference of large numbers; its series is 1/2 - 1/(8 d) + ...
    variance = dimensions - mean**2 if dimensions < 10_000 else 0.5 - 0.125 / dimensions
    return Chi(mean, math.sqrt(variance))


def spectral_trust(probe: SpectralProbe, group: Group, spectra: Floats, entries: Entries) -> Numbers:
    """Judge spectra of an HSI cube.

    Parameters
    ----------
    probe : SpectralProbe
    group : {"network", "conditions"}
        Which numbers.
    spectra : array, shape (n, cube channels)
        Raw.
    entries : integer array, shape (n,)
        Tissue entry of each.

    Returns
    -------
    dict of str to array, shape (n,)
        round_trip: rms deviation after a transfer there and back, % of the source domain's standard deviation.
        target, source: log-likelihood of the transferred spectrum under the target's condition and of the spectrum
        under the source's, bits per dimension of standardised values, constant included. norm: distance of the
        latent's norm from the mean of the chi distribution, in its standard deviations. tail: % of the latent's
        values beyond +-3. magnitude: largest absolute standardised value. spread: rms over the wavelengths of the
        standard deviation over admissible conditions (of a stochastic model: over seeds), % of the mean's rms. Numbers that a network does not have,
        and those of spectra that cannot be transferred, are NaN.
    """
    job = probe.job
    if group == "conditions":
        return {"spread": _spread(probe, spectra, entries)}
    values = job.grid(np.asarray(spectra, np.float32))
    usable, _ = transferable(values)
    out = {key: np.full(len(values), np.nan, np.float32) for key in GROUPS[group]}
    if usable.any():
        x = with_noise(job.model.normalise(values[usable], job.domains[0]), job.noise)
        for key, found in _of_network(job, x, job.tissue.table[np.asarray(entries)[usable]]):
            if key != _CODE:
                out[key][usable] = found
    return out


def trust_of_cube(
    probe: SpectralProbe, group: Group, progress: Progress, others: Sequence[TransferModel] = ()
) -> CubeTrust:
    """Judge every spectrum of a cube, chunk by chunk, or a photoacoustic picture as a whole.

    Parameters
    ----------
    progress : callable (done, total)
        Whatever it raises ends the run.
    others : sequence of TransferModel
        Other trainings of the model's configuration, for the group "trainings".

    Raises
    ------
    TransferError
        When the picture's size does not fit the network, or other trainings are missing.
    """
    if group == "trainings":
        spread = spread_of_trainings(probe.job, others, progress)
        return CubeTrust({"trainings": spread}, {"trainings": _median(spread)})
    if probe.job.cube.modality == "PAT":
        return _of_picture(probe.job, group, progress)
    rows, columns, channels = probe.job.cube.shape
    out = {key: np.full(rows * columns, np.nan, np.float32) for key in GROUPS[group]}
    progress(0, rows * columns)
    step = max(1, _CHUNK[group] // columns)
    for start in range(0, rows, step):
        stop = min(start + step, rows)
        pixels = slice(start * columns, stop * columns)
        spectra = probe.job.cube.rows(start, stop).reshape(-1, channels)
        entries = probe.job.tissue.of_block((slice(start, stop), slice(None))).reshape(-1)
        for key, found in spectral_trust(probe, group, spectra, entries).items():
            out[key][pixels] = found
        progress(pixels.stop, rows * columns)
    maps = {key: values.reshape(rows, columns) for key, values in out.items()}
    return CubeTrust(_known(maps), {key: _median(values) for key, values in maps.items()})


def _of_network(job: Job, x: NDArray[np.float32], tissue: Floats) -> Iterator[tuple[str, Floats]]:
    """Yield the numbers of one group of samples, (n,) or, where a picture's pixels have their own, (n, rows, columns); last the code."""
    yield "magnitude", np.abs(x).max(axis=1)
    model, (source, target) = job.model, job.domains
    if model.spec.kind != "cinn":  # only there latents are meant to be normal, and densities are exact
        moved = job.translated(x, tissue)
        back = model.translate(moved, target, source, tissue, seed=job.seed, steps=job.steps)
        yield "round_trip", _rms_percent(back - x)
        return
    picture = x.shape[2:] or None
    z, log_det = model.encode(x, source, tissue)
    moved = model.decode(z, target, tissue, picture_shape=picture)
    there, log_det_there = model.encode(moved, target, tissue)
    back = model.decode(there, source, tissue, picture_shape=picture)
    yield "round_trip", _rms_percent(back - x)
    there_density = model.log_density(moved, there, log_det_there, target, per_dimension=True)
    yield "target", there_density / _NATS_PER_BIT
    yield "source", model.log_density(x, z, log_det, source, per_dimension=True) / _NATS_PER_BIT
    normal = chi(z.shape[1])
    yield "norm", (np.linalg.norm(z.astype(np.float64), axis=1) - normal.mean) / normal.std
    yield "tail", _PERCENT * (np.abs(z) > FAR).mean(axis=1)
    yield _CODE, z


def _rms_percent(difference: Floats) -> Floats:
    """Root mean square over the wavelengths (axis 1), in % of a standard deviation."""
    return np.asarray(_PERCENT * np.sqrt(np.square(difference).mean(axis=1)))


def _spread(probe: SpectralProbe, spectra: Floats, entries: Entries) -> NDArray[np.float32]:
    if not probe.job.model.spec.has_spread:
        return np.full(len(spectra), np.nan, np.float32)
    drawn = probe.draws(spectra, entries)
    return _relative_spread(drawn.mean(axis=0), drawn.std(axis=0, ddof=1))


def _relative_spread(mean: Floats, std: Floats) -> NDArray[np.float32]:
    """Rms of the standard deviation over that of the mean, along axis 1, in %; NaN where the mean is zero."""
    size = np.sqrt(np.square(mean).mean(axis=1))
    share = np.divide(
        np.sqrt(np.square(std).mean(axis=1)), size, out=np.full_like(size, np.nan), where=size > 0
    )
    return (_PERCENT * share).astype(np.float32)


def _of_picture(job: Job, group: Group, progress: Progress) -> CubeTrust:
    rows, columns, _ = job.cube.shape
    multiple = job.model.picture_multiple
    if rows % multiple or columns % multiple:
        raise TransferError(
            f"{job.cube.name} has {rows} x {columns} pixels; {job.model.spec.name} judges pictures whose sides are "
            f"multiples of {multiple}, because a filled-up picture has another likelihood. Crop it first."
        )
    flat = job.grid(job.cube.rows(0, rows).reshape(rows * columns, -1)).reshape(rows, columns, -1)
    broken = np.asarray(~np.isfinite(flat).all(axis=2))
    image = np.moveaxis(np.where(broken[..., None], 0, flat), 2, 0)[None]
    tissue = job.tissue.as_image()[None]
    if group == "conditions":
        found = dict(_picture_spread(job, image, tissue, progress))
    else:
        steps = len(GROUPS[group])
        found = {}
        progress(0, steps)
        for key, values in _of_network(job, job.model.normalise(image, job.domains[0]), tissue):
            found[key] = values[0]
            progress(min(len(found), steps), steps)  # the code is no number
    code = found.pop(_CODE, None)
    latent = None if code is None else of_picture(job.model, code, (rows, columns))
    maps = {k: np.where(broken, np.nan, v).astype(np.float32) for k, v in found.items() if np.ndim(v) == 2}
    whole = {key: float(values) for key, values in found.items() if np.ndim(values) == 0}
    medians = {key: _median(values) for key, values in maps.items()}
    return CubeTrust(_known(maps), whole | medians, latent)


def _picture_spread(
    job: Job, image: Floats, tissue: Floats, progress: Progress
) -> Iterator[tuple[str, Floats]]:
    """Yield the spread of a picture's pixels over admissible conditions, or over seeds."""
    from napari_udt.inference.uncertainty import possible_transfers

    if not job.model.spec.has_spread:
        return
    x = np.asarray(job.model.normalise(image, job.domains[0]))
    known = None if np.allclose(job.tissue.table, job.tissue.table[0, 0]) else tissue
    mean, squares = np.zeros(x.shape), np.zeros(x.shape)
    progress(0, PICTURE_DRAWS)
    for count, drawn in enumerate(
        possible_transfers(job.model, x, job.domains, known, PICTURE_DRAWS, 0), start=1
    ):
        # Welford's update: no difference of large sums
        moved = job.model.denormalise(drawn, job.domains[1])
        step = moved - mean
        mean += step / count
        squares += step * (moved - mean)
        progress(count, PICTURE_DRAWS)
    yield "spread", _relative_spread(mean, np.sqrt(squares / (PICTURE_DRAWS - 1)))[0]


def _known(maps: Mapping[str, NDArray[np.float32]]) -> dict[str, NDArray[np.float32]]:
    """Drop maps without any finite value: the network has no such number."""
    return {key: values for key, values in maps.items() if np.isfinite(values).any()}


def _median(values: Floats) -> float:
    known = values[np.isfinite(values)]
    return float(np.median(known)) if known.size else math.nan
