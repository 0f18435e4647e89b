r"""One level of a wavelet flow: details given the coarser picture, or the coarsest picture given the classes.

What is coded first becomes nearly standard normal by a *prior* that is linear and fitted in closed form: a detail is predicted from the
coarser picture around it and from the classes, in each domain by its own coefficients, and divided by what remains in that class. A
context network corrects both, and coupling blocks code what is neither linear nor normal.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from napari_udt.models.coupling import CouplingBlock, CouplingChain, conv_subnet

DOMAIN_CHANNELS = 2  # simulated, real
# Bound of the context network's part of a log-scale.
_LOG_SCALE_BOUND = 3.0
# Bound of the prior's log-scale, which may meet labels that it was not fitted to.
_PRIOR_BOUND = 8.0
_KERNELS = (3, 1, 3)
_NEIGHBOURS = 3
# Mean of ln |x| of a standard normal x.
_MEAN_LOG_NORMAL = -0.6351814
# Share of the mean square of the regressors that is added to their moments, so that rare classes keep small coefficients.
_RIDGE = 1e-6
_SMALLEST = 1e-6
# Blocks of a level that a fit looks at, about.
_BLOCKS = 60_000


@dataclass(frozen=True)
class LevelSize:
    """Coupling blocks of one level, and the channels of their subnets and of the context network."""

    blocks: int
    width: int


class FlowLevel(nn.Module):
    """Flow of the details of one level, or of the coarsest picture.

    Only the first channels go through the coupling blocks: the others, weak spectral components that are mostly noise, are normal
    given the coarser picture.

    Parameters
    ----------
    channels : int
        Of what is coded.
    coupled : int
        Of them, those that go through the coupling blocks.
    coarse_channels : int
        Of the coarser picture, 0 for the coarsest; every one of them has as many details as any other.
    class_channels : int
        Maps of the classes.
    size : LevelSize
    clamp, initial_scale : float
        See :class:`~napari_udt.models.coupling.CouplingBlock`.

    Notes
    -----
    The condition of a level is (n, coarse_channels + 2 + class_channels, H, W): coarser picture, domain, classes.
    """

    unit: Tensor

    def __init__(
        self,
        channels: int,
        coupled: int,
        coarse_channels: int,
        class_channels: int,
        size: LevelSize,
        clamp: float,
        initial_scale: float,
    ) -> None:
        super().__init__()
        width, condition = size.width, coarse_channels + DOMAIN_CHANNELS + class_channels
        self.parts = coupled, channels - coupled
        self.coarse_channels = coarse_channels
        # root mean square of each channel in the training data, so that what is fitted and learnt is near 1
        self.register_buffer("unit", torch.ones(1, channels, 1, 1))
        self.class_prior = _zero(nn.Conv2d(DOMAIN_CHANNELS * (1 + class_channels), 2 * channels, 1))
        self.coarse_prior = (
            _zero(
                nn.Conv2d(
                    DOMAIN_CHANNELS * coarse_channels,
                    channels,
                    _NEIGHBOURS,
                    padding=1,
                    padding_mode="replicate",
                    groups=coarse_channels,
                    bias=False,
                )
            )
            if coarse_channels
            else None
        )
        self.context = nn.Sequential(
            nn.Conv2d(condition, width, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(width, width, 3, padding=1),
            nn.ReLU(),
        )
        self.affine = _zero(nn.Conv2d(width, 2 * channels, 1))
        self.blocks = CouplingChain(
            CouplingBlock(
                coupled,
                width,
                conv_subnet(width, _KERNELS),
                clamp=clamp,
                picture=True,
                initial_scale=initial_scale,
            )
            for _ in range(size.blocks)
        )

    def forward(self, x: Tensor, condition: Tensor) -> tuple[Tensor, Tensor]:
        """Encode details (n, channels, H, W) given their condition; with the log-determinant (n,) in nats."""
        features, log_scale, shift = self.coefficients(condition)
        coupled, rest = ((x / self.unit - shift) * log_scale.exp()).split(self.parts, dim=1)
        coupled, change = self.blocks(coupled, features)
        return torch.cat((coupled, rest), dim=1), change + self._log_det(log_scale)

    def inverse(self, z: Tensor, condition: Tensor) -> tuple[Tensor, Tensor]:
        """Decode; with the log-determinant of the inverse map."""
        features, log_scale, shift = self.coefficients(condition)
        coupled, rest = z.split(self.parts, dim=1)
        coupled, change = self.blocks.inverse(coupled, features)
        x = torch.cat((coupled, rest), dim=1)
        return (x * torch.exp(-log_scale) + shift) * self.unit, change - self._log_det(log_scale)

    def coefficients(self, condition: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Features (n, width, H, W) of a condition, and log-scale and shift (n, channels, H, W)."""
        features = self.context(condition)
        log_scale, shift = combined(self.affine(features), self.prior(condition))
        return features, log_scale, shift

    def prior(self, condition: Tensor) -> Tensor:
        """Log-scale and shift of the linear prior, shape (n, 2 channels, H, W)."""
        coarse, by_class = self._regressors(condition)
        found: Tensor = self.class_prior(by_class)
        if self.coarse_prior is None:
            return found
        log_scale, shift = found.chunk(2, dim=1)
        return torch.cat((log_scale, shift + self.coarse_prior(coarse)), dim=1)

    @torch.no_grad()
    def fit(self, domains: Sequence[tuple[Tensor, Tensor]]) -> None:
        """Set units and prior from what is to be coded, (N, channels, H, W), and its condition, for each domain."""
        power = torch.stack([x.square().mean(dim=(0, 2, 3)) for x, _ in domains]).mean(dim=0)
        self.unit.copy_(power.sqrt().clamp_min(_SMALLEST).view_as(self.unit))
        parts = [self._columns(x / self.unit.to(x), condition) for x, condition in domains]
        x, coarse, by_class = (torch.cat(columns) for columns in zip(*parts, strict=True))
        # each of the coarse channels predicts its own details
        each = max(1, self.coarse_channels)
        scales, shifts = [], []
        for index, details in enumerate(x.chunk(each, dim=1)):
            own = coarse[:, index] if self.coarse_channels else coarse.flatten(1)
            regressors = torch.cat((own, by_class), dim=1)
            weights = _least_squares(regressors, details)
            rest = (details - regressors @ weights).abs().clamp_min(_SMALLEST).log() - _MEAN_LOG_NORMAL
            scales.append(-_least_squares(by_class, rest))
            shifts.append(weights)
        count = by_class.shape[1]
        self.class_prior.weight.copy_(
            torch.cat((*scales, *(w[-count:] for w in shifts)), dim=1).T[..., None, None]
        )
        if self.coarse_prior is not None:
            taps = torch.cat([w[:-count] for w in shifts], dim=1).T
            self.coarse_prior.weight.copy_(taps.reshape(self.coarse_prior.weight.shape))

    def _regressors(self, condition: Tensor) -> tuple[Tensor, Tensor]:
        """Coarser picture and classes, each multiplied by the domain's shares."""
        coarse, domain, classes = condition.split(
            (
                self.coarse_channels,
                DOMAIN_CHANNELS,
                condition.shape[1] - self.coarse_channels - DOMAIN_CHANNELS,
            ),
            dim=1,
        )
        with_one = torch.cat((torch.ones_like(domain[:, :1]), classes), dim=1)
        gated = (coarse.unsqueeze(2) * domain.unsqueeze(1)).flatten(1, 2)
        return gated, (with_one.unsqueeze(2) * domain.unsqueeze(1)).flatten(1, 2)

    def _columns(self, x: Tensor, condition: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return blocks as rows: values (m, channels), neighbourhoods (m, coarse, 18), classes (m, 2 + 2 classes)."""
        step = max(
            1, len(x) * x.shape[2] * x.shape[3] // (2 * _BLOCKS)
        )  # whole pictures first, to spare memory
        x, condition = x[::step], condition[::step]
        coarse, by_class = self._regressors(condition)
        every = max(1, x.shape[0] * x.shape[2] * x.shape[3] // _BLOCKS)
        values, classes = (v.movedim(1, -1).flatten(0, 2)[::every] for v in (x, by_class))
        if not self.coarse_channels:
            return values, values[:, :0].unsqueeze(1), classes
        around = functional.unfold(functional.pad(coarse, (1, 1, 1, 1), mode="replicate"), _NEIGHBOURS)
        taps = around.movedim(1, -1).flatten(0, 1)[::every]
        return values, taps.unflatten(1, (self.coarse_channels, -1)), classes

    def _log_det(self, log_scale: Tensor) -> Tensor:
        pixels = math.prod(log_scale.shape[2:])
        return log_scale.flatten(1).sum(dim=1) - pixels * self.unit.log().sum()


def combined(correction: Tensor, prior: Tensor) -> tuple[Tensor, Tensor]:
    """Log-scale and shift from what the context network and the prior say, (n, 2 channels, H, W) each."""
    raw, change = correction.chunk(2, dim=1)
    log_scale, shift = prior.chunk(2, dim=1)
    bounded = _LOG_SCALE_BOUND * torch.tanh(raw / _LOG_SCALE_BOUND)
    return bounded + log_scale.clamp(-_PRIOR_BOUND, _PRIOR_BOUND), change + shift


def _least_squares(regressors: Tensor, values: Tensor) -> Tensor:
    """Coefficients (F, K) that predict values (m, K) from regressors (m, F)."""
    moments = regressors.T @ regressors / len(regressors)
    ridge = _RIDGE * moments.diagonal().mean() * torch.eye(len(moments), dtype=moments.dtype)
    return torch.linalg.solve(moments + ridge, regressors.T @ values / len(regressors))


def _zero(layer: nn.Conv2d) -> nn.Conv2d:
    nn.init.zeros_(layer.weight)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
    return layer
