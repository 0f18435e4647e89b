r"""The linear part of a level of a wavelet flow, fitted in closed form.

A detail is predicted from the coarser picture around it, from the classes, and from the details next to it that are known already, and what
remains is divided by its size. The logarithm of that size is linear too: in the classes, in the brightness, and in the logarithms of how much
the coarser picture and the known details vary around the place. A picture's noise, and speckle that is strong here and weak there, are
recognised by that. Each domain has coefficients of its own.

Known already: the places of a level fall into four groups, by whether row and column are even. One group is coded after the other, so that the
last ones have neighbours on all sides. Textures that hang together over a few pixels become noise this way.

Simulated pictures are smooth where the target's are not, at outlines above all: there their codes lie many standard deviations from zero, where the
target's never are, and would be decoded to dots and holes. So the codes' tails are shortened last, z -> asinh(t z) / t, in the simulated domain
more than in the target's, whose pictures have dark lines.
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
# What the size of a detail may depend on beside the classes: variation of the known details and of the coarser picture, brightness, its
# square. The coarsest picture knows the first only.
_VARIATIONS = 4
# Root mean square, in units of the training data's, below which variations are alike.
_QUIET = 1e-3
# Bound of the log-scale, which may meet labels that it was not fitted to.
_BOUND = 6.0
# Ridge: as if so many further places had been seen where nothing follows from any regressor. Coarse levels have few places.
_PLACES_OF_DOUBT = 50
_PLACES_OF_DOUBT_OF_SCALES = 200
_SMALLEST = 1e-6
# How much the codes' tails are shortened in each domain: 0.5 makes 3 standard deviations 2.4, and 10 of them 4.6.
_TAILS = (0.5, 0.25)
# Places of a level and group that a fit looks at, times components, about.
_PLACES = 320_000


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
    tails: Tensor

    def __init__(self, components: int, details: int, coarse: bool, class_channels: int) -> None:
        super().__init__()
        self.components = components
        self.coarse_channels = components if coarse else 0
        channels = components * details
        # root mean square of each channel in the training data, so that what is fitted and learnt is near 1
        self.register_buffer("unit", torch.ones(1, channels, 1, 1))
        self.register_buffer("tails", torch.zeros(1, DOMAIN_CHANNELS, 1, 1))
        self.by_class = _parameters(2 * channels, DOMAIN_CHANNELS * (1 + class_channels), 1)
        # the first group has no neighbours yet
        self.by_neighbours = _parameters(channels, DOMAIN_CHANNELS * details, _NEIGHBOURS)[1:]
        self.by_coarse = _parameters(channels, DOMAIN_CHANNELS, _NEIGHBOURS) if coarse else None
        self.by_variation = _parameters(channels, DOMAIN_CHANNELS * (_VARIATIONS if coarse else 1), 1)[
            0 if coarse else 1 :
        ]

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
        strength = self._strength(regressors[0])
        if strength is not None:
            log_det = log_det - 0.5 * torch.log1p((strength * z).square()).flatten(1).sum(dim=1)
            z = torch.asinh(strength * z) / strength
        return z, log_det

    def inverse(self, z: Tensor, condition: Tensor) -> tuple[Tensor, Tensor]:
        """Decode; with the log-determinant of the inverse map."""
        known = torch.zeros_like(z)
        log_det = z[0, 0].numel() * self.unit.log().sum().expand(len(z))
        regressors = self._regressors(condition)
        strength = self._strength(regressors[0])
        if strength is not None:
            z = torch.sinh(strength * z) / strength
            log_det = log_det + 0.5 * torch.log1p((strength * z).square()).flatten(1).sum(dim=1)
        for group in _groups(z):
            at = _places(group)
            log_scale, shift = self._predicted(group, regressors, known)
            known = _with(known, at, z[at] * torch.exp(-log_scale) + shift)
            log_det = log_det - log_scale.flatten(1).sum(dim=1)
        return known * self.unit, log_det

    @torch.no_grad()
    def fit(self, domains: Sequence[tuple[Tensor, Tensor]]) -> None:
        """Set units and coefficients from what is to be coded, (N, channels, H, W), and its condition, for each domain."""
        self.tails.copy_(torch.tensor(_TAILS).view_as(self.tails))
        power = torch.stack([x.square().mean(dim=(0, 2, 3)) for x, _ in domains]).mean(dim=0)
        self.unit.copy_(power.sqrt().clamp_min(_SMALLEST).view_as(self.unit))
        domains = [(x / self.unit.to(x), condition) for x, condition in domains]
        for group in _groups(domains[0][0]):
            parts = [self._columns(group, x, condition) for x, condition in domains]
            values, around, varied, by_class = (torch.cat(columns) for columns in zip(*parts, strict=True))
            shifts, scales, variations = [], [], []
            for index, own in enumerate(values.chunk(self.components, dim=1)):
                regressors = torch.cat((around[:, index], by_class), dim=1)
                shifts.append(_least_squares(regressors, own, _PLACES_OF_DOUBT))
                of_class, of_variation = self._scale(
                    own - regressors @ shifts[-1], by_class, varied[:, index]
                )
                scales.append(of_class)
                variations.append(of_variation)
            self._put(group, torch.cat(scales, dim=1), shifts)
            weights = self._of_variation(group)
            if weights is not None:
                weights.copy_(torch.cat(variations, dim=1).T.reshape(weights.shape))

    def _scale(self, rest: Tensor, by_class: Tensor, varied: Tensor) -> tuple[Tensor, Tensor]:
        """Coefficients of the log-scale, (F, details) of the classes' shares and (V, details) of the variations."""
        shares = torch.zeros(by_class.shape[1] // 2, dtype=torch.bool)
        shares[0], shares[1 :: 1 if self.by_coarse is None else 4] = True, True
        known = torch.cat((by_class * shares.repeat_interleave(2), varied), dim=1)
        domains = by_class[:, :DOMAIN_CHANNELS]
        size = rest.abs().clamp_min(_SMALLEST).log()
        common = _least_squares(domains, size, 0)
        found = -_least_squares(known, size - domains @ common, _PLACES_OF_DOUBT_OF_SCALES)
        found[:DOMAIN_CHANNELS] -= common
        # outliers count: what is left must have unit mean square in each domain
        log_scale = (known @ found).clamp(-_BOUND, _BOUND)
        power = _least_squares(domains, (rest * log_scale.exp()).square(), 0).clamp_min(_SMALLEST)
        found[:DOMAIN_CHANNELS] -= 0.5 * power.log()
        count = by_class.shape[1]
        return found[:count] * shares.repeat_interleave(2)[:, None], found[count:]

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
        self, group: int, regressors: tuple[Tensor, Tensor, Tensor, Tensor], known: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Log-scale and shift at the places of one group."""
        domain, coarse, by_class, of_coarse = regressors
        log_scale, shift = functional.conv2d(by_class[_places(group)], self.by_class[group]).chunk(2, dim=1)
        weights = self._of_variation(group)
        if weights is not None:
            variation = self._variation(group, known, of_coarse, domain)
            log_scale = log_scale + functional.conv2d(variation, weights, groups=self.components)
        if group:
            padded = functional.pad(_gated(known, domain), (1, 1, 1, 1))
            shift = shift + self._strided(padded, self.by_neighbours[group - 1], group)
        if self.by_coarse is not None:
            shift = shift + self._strided(coarse, self.by_coarse[group], group)
        return log_scale.clamp(-_BOUND, _BOUND), shift

    def _strength(self, domain: Tensor) -> Tensor | None:
        """How much tails are shortened, (n, 1, H, W) and never 0; None where they are not."""
        strength = (domain * self.tails).sum(dim=1, keepdim=True)
        return strength.clamp_min(_QUIET) if bool(self.tails.any()) else None

    def _of_variation(self, group: int) -> Tensor | None:
        """Weights of what the size depends on beside the classes; None for the first group of the coarsest picture."""
        if self.by_coarse is not None:
            return self.by_variation[group]
        return self.by_variation[group - 1] if group else None

    def _variation(self, group: int, known: Tensor, of_coarse: Tensor, domain: Tensor) -> Tensor:
        """Return what the size of a detail may depend on, times the domain's shares, at the places of a group.

        Shape (n, 2 variations * components, rows, columns), the same component's side by side.
        """
        at = _places(group)
        squares = known.square().unflatten(1, (self.components, -1)).mean(dim=2)
        # places that are not known yet are zero: the factor makes it a mean over the others
        share = max(1, group) / len(_GROUPS)
        around = functional.avg_pool2d(functional.pad(squares, (1, 1, 1, 1)), _NEIGHBOURS, stride=1) / share
        parts = [_log_size(around[at])]
        parts += [of_coarse[at].unflatten(1, (self.components, -1))] if self.by_coarse is not None else []
        joined = torch.cat([part if part.ndim == 5 else part.unsqueeze(2) for part in parts], dim=2)
        gated = joined.unsqueeze(3) * domain[at][:, None, None]
        return gated.flatten(1, 3)

    def _of_coarse(self, coarse: Tensor) -> Tensor:
        """Variation of the coarser picture, brightness and its square, shape (n, 3 components, H, W)."""
        if self.by_coarse is None:
            return coarse
        padded = functional.pad(coarse, (1, 1, 1, 1), mode="replicate")
        apart = coarse - functional.avg_pool2d(padded, _NEIGHBOURS, stride=1)
        squares = functional.pad(apart.square(), (2, 2, 2, 2), mode="replicate")
        variation = _log_size(functional.avg_pool2d(squares, 5, stride=1))
        brightness = 0.25 * coarse[:, :1].expand_as(coarse)
        return torch.stack((variation, brightness, brightness.square()), dim=2).flatten(1, 2)

    def _strided(self, padded: Tensor, weight: Tensor, group: int) -> Tensor:
        row, column = _GROUPS[group]
        return functional.conv2d(padded[..., row:, column:], weight, stride=2, groups=self.components)

    def _regressors(self, condition: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Domain; padded coarser picture and classes, multiplied by the domain's shares; see `_of_coarse`."""
        coarse, domain, classes = condition.tensor_split(
            (self.coarse_channels, self.coarse_channels + DOMAIN_CHANNELS), dim=1
        )
        with_one = torch.cat((torch.ones_like(domain[:, :1]), classes), dim=1)
        padded = (
            functional.pad(_gated(coarse, domain), (1, 1, 1, 1), mode="replicate")
            if len(coarse[0])
            else coarse
        )
        return domain, padded, _gated(with_one, domain), self._of_coarse(coarse)

    def _columns(self, group: int, x: Tensor, condition: Tensor) -> tuple[Tensor, ...]:
        """Return the places of a group as rows: values (m, channels), surroundings and variations (m, components, ...), classes."""
        most = _PLACES // self.components
        step = max(1, len(x) * x.shape[2] * x.shape[3] // (8 * most))  # whole pictures first, to spare memory
        x, condition = x[::step], condition[::step]
        domain, coarse, by_class, of_coarse = self._regressors(condition)
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
        varied = self._variation(group, known, of_coarse, domain)
        rows = (v.movedim(1, -1).flatten(0, 2) for v in (x[_places(group)], varied, by_class[_places(group)]))
        values, variations, classes = rows
        every = max(1, len(values) // most)
        return (
            values[::every],
            taps.movedim(3, 1).flatten(0, 1)[::every],
            variations[::every].unflatten(1, (self.components, -1)),
            classes[::every],
        )


def _log_size(squares: Tensor) -> Tensor:
    """Logarithm of a root mean square, flat where there is next to nothing."""
    return 0.5 * torch.log(squares + _QUIET**2)


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
