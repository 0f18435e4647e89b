r"""Quantiles of latent codes, wavelength by wavelength, beside those of the standard normal distribution they should have.

An entry of a latent code belongs to the wavelength in whose place it stands. Where a network begins with a linear map that mixes
the wavelengths (whitening by class, a spectral basis), the code is turned back by that map with its rows :math:`r_j` made unit
vectors: :math:`t_j = r_j \cdot z / \lVert r_j \rVert`, which is standard normal for every wavelength if :math:`z` is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_udt.inference.grid import transferable
from napari_udt.models.noise import with_noise

if TYPE_CHECKING:
    from napari_udt.inference.job import Job
    from napari_udt.models.flow_level import FlowLevel
    from napari_udt.models.image_cinn import ImageCINN
    from napari_udt.models.model import TransferModel
    from napari_udt.models.wavelet_flow import WaveletFlow

Array = NDArray[np.float64]
Floats = NDArray[np.floating[Any]]

FEWEST = 50  # samples: the quantiles of fewer are mostly chance
_REACH, _STEPS = 2.4, 25  # standard deviations; points of a line
_JUDGED = 2.0  # within so many standard deviations deviations count: further out lie too few samples


@dataclass(frozen=True, eq=False)
class LatentQuantiles:
    """Quantiles of a latent at each wavelength.

    Parameters
    ----------
    wavelengths_nm : array, shape (wavelengths,)
    expected : array, shape (points,)
        Of the standard normal distribution, increasing.
    observed : array, shape (points, wavelengths)
        At the same probabilities.
    count : int
        Samples: spectra, or coefficients of a picture.
    """

    wavelengths_nm: Array
    expected: Array
    observed: Array
    count: int

    @property
    def deviations(self) -> Array:
        """Largest distance from the diagonal within two standard deviations, shape (wavelengths,)."""
        near = np.abs(self.expected) <= _JUDGED
        found: Array = np.abs(self.observed - self.expected[:, None])[near].max(axis=0)
        return found


def quantiles(values: Floats, wavelengths_nm: Array) -> LatentQuantiles | None:
    """Compare samples (n, wavelengths) with a standard normal distribution; None for fewer than `FEWEST`."""
    from scipy.special import ndtr

    if len(values) < FEWEST:
        return None
    expected = np.linspace(-_REACH, _REACH, _STEPS)
    observed = np.quantile(values, ndtr(expected), axis=0, method="hazen")
    return LatentQuantiles(np.asarray(wavelengths_nm, np.float64), expected, observed, len(values))


def of_spectra(job: Job, spectra: Floats, entries: NDArray[np.intp]) -> LatentQuantiles | None:
    """Return the quantiles of the latents of spectra, encoded in their own domain under their own condition.

    Parameters
    ----------
    job : Job
        Of an HSI model; None comes back where it is no cINN.
    spectra : array, shape (n, cube channels)
        Raw; those that cannot be transferred are left out.
    entries : integer array, shape (n,)
        Tissue entry of each.
    """
    if job.model.spec.kind != "cinn":
        return None
    values = job.grid(np.asarray(spectra, np.float32))
    usable, _ = transferable(values)
    if np.count_nonzero(usable) < FEWEST:
        return None
    source = job.domains[0]
    tissue = job.tissue.table[np.asarray(entries)[usable]]
    x = with_noise(job.model.normalise(values[usable], source), job.noise)
    z, _ = job.model.encode(x, source, tissue)
    condition = job.model.condition((len(z),), source, tissue)
    return quantiles(_turned_back(job.model, z, condition), np.asarray(job.model.spec.wavelengths_nm))


def of_picture(model: TransferModel, z: Floats, picture: tuple[int, int]) -> LatentQuantiles | None:
    """Return the quantiles of the latent (wavelengths * rows * columns,) of one picture of (rows, columns) pixels."""
    values = coefficients_by_wavelength(model.network, np.asarray(z), picture)  # type: ignore[arg-type]
    return quantiles(values, np.asarray(model.spec.wavelengths_nm))


def _turned_back(model: TransferModel, z: Floats, condition: Any) -> Floats:
    """Return one standard score for each spectrum and wavelength, shape (n, wavelengths)."""
    transport = getattr(model.network, "transport", None)
    if transport is None:
        return z
    share, entry = (part.cpu().numpy() for part in transport.places(condition))
    found = np.empty_like(z)
    for place in set(zip(share.tolist(), entry.tolist(), strict=True)):
        own = (share == place[0]) & (entry == place[1])
        colouring = transport.stage_at(*place).inverse.cpu().numpy()
        found[own] = z[own] @ (colouring / np.linalg.norm(colouring, axis=1, keepdims=True)).T
    return found


def coefficients_by_wavelength(
    network: ImageCINN | WaveletFlow, z: Floats, picture: tuple[int, int]
) -> Floats:
    """Return the latent of a picture as coefficients for each wavelength, shape (rows * columns, wavelengths).

    Parameters
    ----------
    network : ImageCINN or WaveletFlow
    z : array, shape (wavelengths * rows * columns,)
    picture : (int, int)
        Rows and columns.
    """
    from napari_udt.models.image_cinn import ImageCINN

    rows, columns = picture
    if isinstance(network, ImageCINN):
        origins = np.arange(network.channels)
        for level, blocks in enumerate(network.scales):
            origins = _followed(np.repeat(origins, 4) if level else origins, blocks)
        return _gathered(z.reshape(len(origins), -1), origins)
    basis, start, found = network.basis.cpu().numpy(), 0, []
    parts: list[tuple[FlowLevel, int, int]] = [
        (level, 3, index + 1) for index, level in enumerate(network.detail_levels)
    ]
    for flow, details, halved in [*parts, (network.top, 1, len(parts))]:
        channels = network.coded * details
        size = channels * (rows >> halved) * (columns >> halved)
        coded = z[start : start + size].reshape(channels, -1).copy()
        start += size
        # each component's details in their own order, as all components are combined
        order = _followed(np.arange(flow.parts[0]), flow.blocks)
        coded[order] = coded[: flow.parts[0]].copy()
        found.append(coded.reshape(network.coded, -1).T @ _unit_columns(basis[: network.coded]))
    if network.shape is not None:
        found.append(z[start:].reshape(network.channels - 1, -1).T @ _unit_columns(basis[1:]))
    return np.concatenate(found)


def _unit_columns(rows: Floats) -> Floats:
    """Return part of a basis, its columns unit vectors: what they combine stays standard normal."""
    found: Floats = rows / np.linalg.norm(rows, axis=0)
    return found


def _followed(origins: NDArray[np.intp], blocks: Any) -> NDArray[np.intp]:
    """Return where the channels after some coupling blocks come from."""
    for block in blocks:
        origins = origins[block.permutation.cpu().numpy()]
    return origins


def _gathered(channels: Floats, origins: NDArray[np.intp]) -> Floats:
    """Return the values (n, origins) of channels (channels, places), with equally many channels of each origin."""
    order = np.argsort(origins, kind="stable")
    return channels[order].reshape(origins.max() + 1, -1).T
