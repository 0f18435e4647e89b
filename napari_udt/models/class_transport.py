r"""The first layer of a spectral flow that starts from a transport of class means and covariances.

Normalised spectra become :math:`u = \operatorname{arsinh}(R / s)`, the logarithm of what is reflected, linear below a small
:math:`s`; then :math:`z = W_{d,c} (u - m_{d,c})` with a matrix for each domain :math:`d` and class :math:`c`, made of the
means and covariances of the training samples. Spectra of every class so start as nearly normal in both domains, and
encoding in one and decoding in the other is a Gaussian transport in closed form before anything is learnt. Of all such
transports it is the one that keeps the order of the oxygen saturation (:func:`napari_udt.models.transport.ordered_whitenings`).

The matrices are no parameters: training leaves them as they are. Where no class stands out in the condition, the matrices of
all classes together serve. A class that has no samples of the target is moved as the other classes are on average. Between the domains the way back, from
:math:`z` to :math:`u`, is interpolated.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from napari_udt.models.transport import Whitening, ordered_whitenings
from napari_udt.spectral.chromophores import absorption
from napari_udt.spectral.unmixing import HAEMOGLOBINS, NEAR_INFRARED, VISIBLE, background

Array = NDArray[np.float64]

DOMAINS = ("simulated", "real")
# Of the root mean square of L2-normalised spectra: below it their logarithm becomes linear.
_LINEAR_BELOW = 0.04
# A class counts as known where its entry of the condition is this many times the second largest; noise on it in training
# never gets there for a wrong one.
_STANDS_OUT = 1.5
# Spectra of a class in both domains without which its covariance is not worth having.
_FEWEST = 20
# Wavelengths in a window of haemoglobin's without which its saturation cannot be read.
_FEWEST_BANDS = 5


@dataclass(frozen=True, eq=False)
class Stage:
    """The layer in one domain and for one class.

    Parameters
    ----------
    mean, std : float
        Of the domain's standardisation.
    scale : float
        Reflectance below which the logarithm becomes linear.
    centre : Tensor, shape (channels,)
    matrix, inverse : Tensor, shape (channels, channels)
        In double precision: directions in which simulated spectra hardly vary are stretched ten thousandfold.
    log_det : float
        Logarithm of the matrix's determinant.
    """

    mean: float
    std: float
    scale: float
    centre: Tensor
    matrix: Tensor
    inverse: Tensor
    log_det: float

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Turn standardised spectra (n, channels) into z and the log-determinants (n,)."""
        ratio = (x.to(self.matrix) * self.std + self.mean) / self.scale
        z = (torch.asinh(ratio) - self.centre) @ self.matrix.transpose(0, 1)
        return z.to(x), self._log_det(ratio).to(x)

    def decode(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """Undo `encode`, with the log-determinant of the inverse map."""
        ratio = torch.sinh(z.to(self.matrix) @ self.inverse.transpose(0, 1) + self.centre)
        x = (ratio * self.scale - self.mean) / self.std
        return x.to(z), -self._log_det(ratio).to(z)

    def _log_det(self, ratio: Tensor) -> Tensor:
        slope = np.log(self.std / self.scale)
        return (slope - 0.5 * torch.log1p(ratio.square())).sum(dim=1) + self.log_det


class ClassTransport(nn.Module):
    """Whitening of spectra by domain and class.

    Parameters
    ----------
    channels : int
    classes : int
        K of the condition; 0 where it holds the domain only.
    statistics : mapping of {"simulated", "real"} to (mean, std)
        Of the standardisation that spectra come with.
    domain_noise : float
        Upper bound of the noise on the domain's entries in training: what lies within it is wholly in its domain.
    """

    statistics: Tensor
    centre: Tensor
    colouring: Tensor

    def __init__(
        self,
        channels: int,
        classes: int,
        statistics: Mapping[str, tuple[float, float]],
        domain_noise: float,
    ) -> None:
        super().__init__()
        self.classes, self.domain_noise = classes, domain_noise
        self.scale = _LINEAR_BELOW / channels**0.5
        self._known: tuple[tuple[object, ...], Tensor, Tensor, list[list[float]]] | None = None
        size = (2, classes + 1, channels)
        self.register_buffer("statistics", torch.tensor([statistics[domain] for domain in DOMAINS]))
        self.register_buffer("centre", torch.zeros(size))
        # the inverses of the matrices, which are computed from them: the two could not be rounded alike
        self.register_buffer("colouring", torch.eye(channels, device="cpu").expand(*size, channels).clone())

    def forward(self, x: Tensor, condition: Tensor) -> tuple[Tensor, Tensor]:
        """Whiten standardised spectra (n, channels); returns z and log-determinants (n,)."""
        return self._each(x, condition, backwards=False)

    def inverse(self, z: Tensor, condition: Tensor) -> tuple[Tensor, Tensor]:
        """Undo `forward`, with the log-determinants of the inverse map."""
        return self._each(z, condition, backwards=True)

    def fit(self, values: Mapping[str, Tensor], labels: Mapping[str, Tensor], wavelengths_nm: Array) -> None:
        """Take means and covariances from standardised training samples.

        Parameters
        ----------
        values : mapping of {"simulated", "real"} to Tensor, shape (n, channels)
        labels : mapping of {"simulated", "real"} to integer Tensor, shape (n,)
            -1 where unknown.
        wavelengths_nm : array, shape (channels,)
        """
        windows = saturation_windows(wavelengths_nm)
        logarithms = {d: self._logarithm(values[d], i) for i, d in enumerate(DOMAINS)}
        pairs: list[tuple[Whitening, Whitening] | None] = []
        for index in (*range(self.classes), None):
            own = [
                logarithms[d] if index is None else logarithms[d][labels[d].numpy() == index] for d in DOMAINS
            ]
            known = min(map(len, own)) >= _FEWEST
            pairs.append(_whitenings(own[0], own[1], windows) if known else None)
        moved = [pair for pair in pairs[: self.classes] if pair is not None] or [
            p for p in pairs if p is not None
        ]
        for index, pair in enumerate(pairs):
            own_source = logarithms["simulated"][labels["simulated"].numpy() == index]
            self._keep(index, pair or _like_the_others(own_source, moved))

    def _keep(self, index: int, pair: tuple[Whitening, Whitening]) -> None:
        for domain, whitening in enumerate(pair):
            self.centre[domain, index] = torch.as_tensor(whitening.centre, dtype=self.centre.dtype)
            self.colouring[domain, index] = torch.as_tensor(whitening.inverse, dtype=self.colouring.dtype)

    def _logarithm(self, x: Tensor, domain: int) -> Array:
        mean, std = self.statistics[domain].double()
        return np.asarray(torch.asinh((x.double().cpu() * std + mean) / self.scale))

    def _each(self, x: Tensor, condition: Tensor, *, backwards: bool) -> tuple[Tensor, Tensor]:
        """Send the spectra of each domain and class through their own stage."""
        share, entry = self.places(condition)
        if torch.jit.is_tracing():
            return self._every(x, share, entry, backwards=backwards)
        places, group = torch.unique(torch.stack([share, entry.to(share)], dim=1), dim=0, return_inverse=True)
        rows, found = [], []
        for index, (own_share, own_entry) in enumerate(places.tolist()):
            rows.append(torch.nonzero(group == index).flatten())
            stage = self.stage_at(own_share, int(own_entry))
            found.append(stage.decode(x[rows[-1]]) if backwards else stage.encode(x[rows[-1]]))
        if not found:
            return x, x.new_zeros(0)
        order = torch.argsort(torch.cat(rows))
        return torch.cat([z for z, _ in found])[order], torch.cat([log_det for _, log_det in found])[order]

    def _every(self, x: Tensor, share: Tensor, entry: Tensor, *, backwards: bool) -> tuple[Tensor, Tensor]:
        """Send all spectra through every stage and keep each one's own: a fixed graph, for spectra of either domain."""
        found, log_dets = x, x[:, 0]
        for domain in range(len(DOMAINS)):
            for index in range(self.classes + 1):
                stage = self.stage_at(float(domain), index)
                values, log_det = stage.decode(x) if backwards else stage.encode(x)
                own = (share.round() == domain) & (entry == index)
                found = torch.where(own[:, None], values.to(x.dtype), found)
                log_dets = torch.where(own, log_det.to(x.dtype), log_dets)
        return found, log_dets

    def places(self, condition: Tensor) -> tuple[Tensor, Tensor]:
        """Share of the real domain, 0 to 1, and class (K where none stands out), each (n,)."""
        noise = self.domain_noise
        share = ((condition[:, 1] - noise) / max(1 - 2 * noise, 1e-6)).clamp(0, 1)
        unknown = torch.full((condition.shape[0],), self.classes, device=condition.device)
        if self.classes < 2:
            return share, torch.zeros_like(unknown) if self.classes else unknown
        largest, places = condition[:, 2:].topk(2, dim=1)
        return share, torch.where(largest[:, 0] >= _STANDS_OUT * largest[:, 1], places[:, 0], unknown)

    def stage_at(self, share: float, entry: int) -> Stage:
        """Return the layer for a share of the real domain, 0 to 1, and a class, K for all together."""
        (mean, mean_real), (std, std_real) = self.statistics.T.tolist()
        colouring, matrices, log_dets = self._precise()
        centre = self.centre[:, entry].to(colouring)
        if share in (0.0, 1.0):
            domain = int(share)
            inverse, matrix = colouring[domain, entry], matrices[domain, entry]
            log_det = log_dets[domain][entry]
        else:
            inverse = torch.lerp(colouring[0, entry], colouring[1, entry], share)
            matrix, log_det = torch.linalg.inv(inverse), -float(torch.linalg.slogdet(inverse).logabsdet)
        return Stage(
            mean + share * (mean_real - mean),
            std + share * (std_real - std),
            self.scale,
            torch.lerp(centre[0], centre[1], share),
            matrix,
            inverse,
            log_det,
        )

    def _precise(self) -> tuple[Tensor, Tensor, list[list[float]]]:
        """Colouring matrices, their inverses and the logarithms of these's determinants; computed once for the same weights."""
        kept = self.colouring
        version = (kept.data_ptr(), kept._version, kept.dtype, kept.device)
        if self._known is None or self._known[0] != version:
            # Apple's GPUs have no double precision
            precise = kept if kept.device.type == "mps" else kept.double()
            log_dets = (-torch.linalg.slogdet(precise.cpu()).logabsdet).tolist()
            self._known = version, precise, torch.linalg.inv(precise), log_dets
        return self._known[1:]


def saturation_windows(wavelengths_nm: Array) -> list[Array]:
    """Coefficients (2, channels) of HbO2 and Hb as functions of the logarithm of a spectrum, for each window that has room."""
    found = []
    for window in (VISIBLE, NEAR_INFRARED):
        inside = window.mask(wavelengths_nm)
        if inside.sum() < _FEWEST_BANDS:
            continue
        at = wavelengths_nm[inside]
        blood = np.stack([absorption().at(name, at) for name in HAEMOGLOBINS], axis=1)
        coefficients = np.zeros((2, len(wavelengths_nm)))
        coefficients[:, inside] = -np.linalg.pinv(np.hstack([blood, background(at, "HSI")]))[:2]
        found.append(coefficients)
    return found


def _saturation(coefficients: Array, mean: Array) -> Array:
    """Gradient (channels,) of c_HbO2 / (c_HbO2 + c_Hb) at a mean logarithm, up to a positive factor."""
    oxygenated, deoxygenated = coefficients @ mean
    gradient: Array = deoxygenated * coefficients[0] - oxygenated * coefficients[1]
    return gradient


def _whitenings(source: Array, target: Array, windows: list[Array]) -> tuple[Whitening, Whitening]:
    first = [
        np.array([_saturation(c, v.mean(axis=0)) for c in windows]).reshape(-1, v.shape[1])
        for v in (source, target)
    ]
    return ordered_whitenings(source, target, *first)


def _like_the_others(source: Array, others: list[tuple[Whitening, Whitening]]) -> tuple[Whitening, Whitening]:
    """Whitenings of a class without target samples: it is moved as the others are on average."""
    shift = np.mean([real.centre - simulated.centre for simulated, real in others], axis=0)
    matrix = np.mean([real.inverse @ simulated.matrix for simulated, real in others], axis=0)
    if len(source) < _FEWEST:
        simulated = others[0][0]
    else:
        simulated = ordered_whitenings(
            source, source, np.zeros((0, source.shape[1])), np.zeros((0, source.shape[1]))
        )[0]
    inverse = matrix @ simulated.inverse
    return simulated, Whitening(simulated.centre + shift, np.linalg.inv(inverse), inverse)
