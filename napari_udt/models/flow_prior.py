r"""The linear part of a level of a wavelet flow, fitted in closed form.

A detail is predicted from the coarser picture around it, from the classes, and from the details next to it that are known already, and what
remains is divided by its size in that class. Each domain has coefficients of its own.

Known already: the places of a level fall into four groups, by whether row and column are even. One group is coded after the other, so that the
last ones have neighbours on all sides. Textures that hang together over a few pixels become noise this way.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

DOMAIN_CHANNELS = 2  # simulated, real
# (row, column) of the first place of each group, in the order of coding.
_GROUPS = ((0, 0), (1, 1), (0, 1), (1, 0))
_NEIGHBOURS = 3
# Bound of the log-scale, which may meet labels that it was not fitted to.
_BOUND = 6.0
# Ridge: as if so many further places had been seen where nothing follows from any regressor. Coarse levels have few places.
_PLACES_OF_DOUBT = 50
_PLACES_OF_DOUBT_OF_SCALES = 200
_SMALLEST = 1e-6
# Places of a level and group that a fit looks at, about.
_PLACES = 20_000


class LinearPrior(nn.Module):
    """Linear prediction and scale of what a level codes; see the module. Before `fit` it changes nothing.

    Parameters
    ----------
    components : int
        Spectral components; each has a picture that is coarser, and details of its own.
    details : int
        Details of each component at a place: 3, or 1 for the coarsest picture.
    coarse : bool
        Whether there is a coarser picture.
    class_channels : int
        Maps of the classes.
    """

    unit: Tensor

    def __init__(self, components: int, details: int, coarse: bool, class_channels: int) -> None:
        super().__init__()
        self.components = components
        self.coarse_channels = components if coarse else 0
        channels = components * details
        # root mean square of each channel in the training data, so that what is fitted and learnt is near 1
        self.register_buffer("unit", torch.ones(1, channels, 1, 1))
        self.by_class = _parameters(2 * channels, DOMAIN_CHANNELS * (1 + class_channels), 1)
        # the first group has no neighbours yet
        self.by_neighbours = _parameters(channels, DOMAIN_CHANNELS * details, _NEIGHBOURS)[1:]
        self.by_coarse = _parameters(channels, DOMAIN_CHANNELS, _NEIGHBOURS) if coarse else None

    def forward(self, x: Tensor, condition: Tensor) -> tuple[Tensor, Tensor]:
        """Encode (n, channels, H, W) given (n, coarse + 2 + classes, H, W); with the log-determinant (n,) in nats."""
        x = x / self.unit
        z = known = torch.zeros_like(x)
        log_det = -x[0, 0].numel() * self.unit.log().sum().expand(len(x))
        regressors = self._regressors(condition)
        for group in _groups(x):
            at = _places(group)
            log_scale, shift = self._predicted(group, regressors, known)
            z = _with(z, at, (x[at] - shift) * log_scale.exp())
            log_det = log_det + log_scale.flatten(1).sum(dim=1)
            known = _with(known, at, x[at])
        return z, log_det

    def inverse(self, z: Tensor, condition: Tensor) -> tuple[Tensor, Tensor]:
        """Decode; with the log-determinant of the inverse map."""
        known = torch.zeros_like(z)
        log_det = z[0, 0].numel() * self.unit.log().sum().expand(len(z))
        regressors = self._regressors(condition)
        for group in _groups(z):
            at = _places(group)
            log_scale, shift = self._predicted(group, regressors, known)
            known = _with(known, at, z[at] * torch.exp(-log_scale) + shift)
            log_det = log_det - log_scale.flatten(1).sum(dim=1)
        return known * self.unit, log_det

    @torch.no_grad()
    def fit(self, domains: Sequence[tuple[Tensor, Tensor]]) -> None:
        """Set units and coefficients from what is to be coded, (N, channels, H, W), and its condition, for each domain."""
        power = torch.stack([x.square().mean(dim=(0, 2, 3)) for x, _ in domains]).mean(dim=0)
        self.unit.copy_(power.sqrt().clamp_min(_SMALLEST).view_as(self.unit))
        domains = [(x / self.unit.to(x), condition) for x, condition in domains]
        for group in _groups(domains[0][0]):
            parts = [self._columns(group, x, condition) for x, condition in domains]
            values, around, by_class = (torch.cat(columns) for columns in zip(*parts, strict=True))
            rest, shifts = [], []
            for index, own in enumerate(values.chunk(self.components, dim=1)):
                regressors = torch.cat((around[:, index], by_class), dim=1)
                shifts.append(_least_squares(regressors, own, _PLACES_OF_DOUBT))
                rest.append(own - regressors @ shifts[-1])
            self._put(group, self._scale(torch.cat(rest, dim=1), by_class), shifts)

    def _scale(self, rest: Tensor, by_class: Tensor) -> Tensor:
        """Coefficients (F, channels) of the log-scale: domain and the classes' shares, not where in a place these lie."""
        shares = torch.zeros(by_class.shape[1] // 2, dtype=torch.bool)
        shares[0], shares[1 :: 1 if self.by_coarse is None else 4] = True, True
        known = by_class * shares.repeat_interleave(2)
        domains = by_class[:, :DOMAIN_CHANNELS]
        size = rest.abs().clamp_min(_SMALLEST).log()
        common = _least_squares(domains, size, 0)
        found = -_least_squares(known, size - domains @ common, _PLACES_OF_DOUBT_OF_SCALES)
        found[:DOMAIN_CHANNELS] -= common
        # outliers count: what is left must have unit mean square in each domain
        square = (rest * torch.exp(by_class @ found)).square()
        power = _least_squares(domains, square, 0).clamp_min(_SMALLEST)
        found[:DOMAIN_CHANNELS] -= 0.5 * power.log()
        return found

    def _put(self, group: int, scale: Tensor, shifts: list[Tensor]) -> None:
        classes = len(scale)
        by_class = torch.cat((scale, *(w[-classes:] for w in shifts)), dim=1).T
        self.by_class[group].copy_(by_class.view_as(self.by_class[group]))
        around = torch.cat([w[:-classes] for w in shifts], dim=1).T
        taps = self.by_neighbours[0][0].numel()
        if group:
            neighbours = self.by_neighbours[group - 1]
            neighbours.copy_(around[:, :taps].reshape(neighbours.shape))
        if self.by_coarse is not None:
            coarse = self.by_coarse[group]
            coarse.copy_(around[:, taps:].reshape(coarse.shape))

    def _predicted(
        self, group: int, regressors: tuple[Tensor, Tensor, Tensor], known: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Log-scale and shift at the places of one group."""
        domain, coarse, by_class = regressors
        log_scale, shift = functional.conv2d(by_class[_places(group)], self.by_class[group]).chunk(2, dim=1)
        if group:
            padded = functional.pad(_gated(known, domain), (1, 1, 1, 1))
            shift = shift + self._strided(padded, self.by_neighbours[group - 1], group)
        if self.by_coarse is not None:
            shift = shift + self._strided(coarse, self.by_coarse[group], group)
        return log_scale.clamp(-_BOUND, _BOUND), shift

    def _strided(self, padded: Tensor, weight: Tensor, group: int) -> Tensor:
        row, column = _GROUPS[group]
        return functional.conv2d(padded[..., row:, column:], weight, stride=2, groups=self.components)

    def _regressors(self, condition: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Domain, padded coarser picture, and classes; the last two multiplied by the domain's shares."""
        coarse, domain, classes = condition.tensor_split(
            (self.coarse_channels, self.coarse_channels + DOMAIN_CHANNELS), dim=1
        )
        with_one = torch.cat((torch.ones_like(domain[:, :1]), classes), dim=1)
        padded = (
            functional.pad(_gated(coarse, domain), (1, 1, 1, 1), mode="replicate")
            if len(coarse[0])
            else coarse
        )
        return domain, padded, _gated(with_one, domain)

    def _columns(self, group: int, x: Tensor, condition: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return the places of a group as rows: values (m, channels), surroundings (m, components, taps), classes."""
        step = max(
            1, len(x) * x.shape[2] * x.shape[3] // (8 * _PLACES)
        )  # whole pictures first, to spare memory
        x, condition = x[::step], condition[::step]
        domain, coarse, by_class = self._regressors(condition)
        known = torch.zeros_like(x)
        for earlier in range(group):
            known[_places(earlier)] = x[_places(earlier)]
        sources = [functional.pad(_gated(known, domain), (1, 1, 1, 1))]
        sources += [coarse] if self.by_coarse is not None else []
        row, column = _GROUPS[group]
        taps = torch.cat(
            [
                functional.unfold(source[..., row:, column:], _NEIGHBOURS, stride=2).unflatten(
                    1, (self.components, -1)
                )
                for source in sources
            ],
            dim=2,
        )
        values, classes = (v[_places(group)].movedim(1, -1).flatten(0, 2) for v in (x, by_class))
        every = max(1, len(values) // _PLACES)
        return values[::every], taps.movedim(3, 1).flatten(0, 1)[::every], classes[::every]


def _gated(maps: Tensor, domain: Tensor) -> Tensor:
    """Return maps (n, K, H, W) times the domain's shares (n, 2, H, W), shape (n, 2 K, H, W); both shares of a map side by side."""
    return (maps.unsqueeze(2) * domain.unsqueeze(1)).flatten(1, 2)


def _groups(x: Tensor) -> list[int]:
    """Return groups that have a place in a picture: a single row or column has two, or one."""
    return [
        number for number, (row, column) in enumerate(_GROUPS) if row < x.shape[2] and column < x.shape[3]
    ]


def _places(group: int) -> tuple[Any, ...]:
    row, column = _GROUPS[group]
    return (..., slice(row, None, 2), slice(column, None, 2))


def _with(known: Tensor, at: tuple[Any, ...], values: Tensor) -> Tensor:
    """Return the known values with more of them, out of place: gradients pass through both."""
    found = known.clone()
    found[at] = values
    return found


def _least_squares(regressors: Tensor, values: Tensor, doubt: float) -> Tensor:
    """Coefficients (F, K) that predict values (m, K) from regressors (m, F)."""
    moments = regressors.T @ regressors
    ridge = doubt / len(regressors) * moments.diagonal() + _SMALLEST
    return torch.linalg.solve(moments + torch.diag(ridge), regressors.T @ values)


def _parameters(outputs: int, inputs: int, side: int) -> nn.ParameterList:
    """Weights of one convolution for each group, zero at first."""
    return nn.ParameterList(nn.Parameter(torch.zeros(outputs, inputs, side, side)) for _ in _GROUPS)
