r"""A conditional wavelet flow for images (PAT): details are coded given the coarser picture.

A picture goes into an orthogonal spectral basis, then level by level through the Haar transform. The density is the product

.. math:: p(x | Y, D) = p(c_L | Y, D) \prod_{l=1}^{L} p(d_l | c_l, Y, D)

of the coarsest picture :math:`c_L` and the details :math:`d_l` that lead from one picture to the next finer one. Every factor is a
small flow of its own, so that each level learns from the first step, and the levels can be trained on different parts of a picture.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from napari_udt.errors import ModelError
from napari_udt.models.coupling import CouplingBlock, CouplingChain, conv_subnet
from napari_udt.models.haar import haar_downsample, haar_upsample

DOMAIN_CHANNELS = 2  # simulated, real
# Bound of the log-scale of a level's affine layer: details of a noise-free simulation are that much smaller than others.
_LOG_SCALE_BOUND = 5.0
_KERNELS = (3, 1, 3)
# Pictures of each domain that the basis and the units are computed from, about.
_PICTURES = 64
_SMALLEST_UNIT = 1e-6


@dataclass(frozen=True)
class LevelSize:
    """Coupling blocks of one level, and the channels of their subnets and of the context network."""

    blocks: int
    width: int


class FlowLevel(nn.Module):
    """Flow of the details of one level, or of the coarsest picture.

    A context network looks at the condition. From its features follow a scale and a shift for every value (the conditional affine
    layer), and they are the condition of the coupling blocks after it. Only the first channels go through these: the others,
    weak spectral components that are mostly noise, are normal given the coarser picture.

    Parameters
    ----------
    channels : int
        Of what is coded.
    coupled : int
        Of them, those that go through the coupling blocks.
    condition_channels : int
        Of the coarser picture, the domain and the classes together.
    size : LevelSize
    clamp, initial_scale : float
        See :class:`~napari_udt.models.coupling.CouplingBlock`.
    """

    unit: Tensor

    def __init__(
        self,
        channels: int,
        coupled: int,
        condition_channels: int,
        size: LevelSize,
        clamp: float,
        initial_scale: float,
    ) -> None:
        super().__init__()
        width = size.width
        self.parts = coupled, channels - coupled
        # root mean square of each channel in the training data, so that all values that the subnets see are near 1
        self.register_buffer("unit", torch.ones(1, channels, 1, 1))
        self.context = nn.Sequential(
            nn.Conv2d(condition_channels, width, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(width, width, 3, padding=1),
            nn.ReLU(),
        )
        self.affine = nn.Conv2d(width + condition_channels, 2 * channels, 1)
        nn.init.zeros_(self.affine.weight)
        assert self.affine.bias is not None
        nn.init.zeros_(self.affine.bias)
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
        """Encode details (n, channels, H, W) given their condition (n, condition_channels, H, W)."""
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
        """Features (n, width, H, W) of a condition, and log-scale and shift (n, channels, H, W) of the affine layer."""
        features = self.context(condition)
        raw, shift = self.affine(torch.cat((features, condition), dim=1)).chunk(2, dim=1)
        return features, bounded_log_scale(raw), shift

    def _log_det(self, log_scale: Tensor) -> Tensor:
        pixels = math.prod(log_scale.shape[2:])
        return log_scale.flatten(1).sum(dim=1) - pixels * self.unit.log().sum()


class WaveletFlow(nn.Module):
    """Conditional wavelet flow: see the module.

    Parameters
    ----------
    channels : int
        Wavelengths per pixel.
    condition_channels : int
        Maps of the condition: 2 for the domain (simulated before real), then one per class.
    levels : sequence of LevelSize
        Of the details, from the finest to the coarsest.
    top : LevelSize
        Of the coarsest picture.
    components : int
        Spectral components, strongest first, whose details go through coupling blocks; two or more.
    clamp, initial_scale : float
        See :class:`~napari_udt.models.coupling.CouplingBlock`.

    Notes
    -----
    Every level sees the domain, the classes' shares of its blocks and, for details, the Haar details of the class maps, which say on
    which side of a block an outline lies. Until `fit` is called the basis is the identity and all units are 1.

    Sources: Yu, Derpanis, Brubaker, "Wavelet Flow", NeurIPS 2020 (details given the coarser picture, levels trained apart);
    Dreher et al., MICCAI 2023 (domain and classes as condition, transfer through the latent).
    """

    basis: Tensor

    def __init__(
        self,
        channels: int,
        condition_channels: int,
        levels: Sequence[LevelSize],
        top: LevelSize,
        components: int,
        *,
        clamp: float = 1.0,
        initial_scale: float = 1.0,
    ) -> None:
        super().__init__()
        classes = condition_channels - DOMAIN_CHANNELS
        self.channels = channels
        self.register_buffer("basis", torch.eye(channels))
        details = channels + DOMAIN_CHANNELS + 4 * classes
        self.levels = nn.ModuleList(
            FlowLevel(3 * channels, 3 * components, details, size, clamp, initial_scale) for size in levels
        )
        self.top = FlowLevel(channels, components, condition_channels, top, clamp, initial_scale)

    @property
    def detail_levels(self) -> list[FlowLevel]:
        """Levels of the details, from the finest to the coarsest."""
        return [level for level in self.levels if isinstance(level, FlowLevel)]

    @property
    def multiple(self) -> int:
        """Number that must divide a picture's height and width, in pixels."""
        return 2 ** len(self.levels)

    def forward(self, x: Tensor, condition: Tensor) -> tuple[Tensor, Tensor]:
        """Encode normalised images.

        Parameters
        ----------
        x : Tensor, shape (n, channels, H, W)
        condition : Tensor, shape (n, 2 + classes, H, W)

        Returns
        -------
        z : Tensor, shape (n, channels * H * W)
            The levels one after the other, the finest first.
        log_det : Tensor, shape (n,)
            In nats.

        Raises
        ------
        ModelError
            When H or W cannot be halved often enough.
        """
        parts = self.parts(x, condition)
        return torch.cat([z.flatten(1) for z, _ in parts], dim=1), sum((d for _, d in parts), x.new_zeros(()))

    def inverse(self, z: Tensor, condition: Tensor) -> tuple[Tensor, Tensor]:
        """Decode; the picture's size is that of the condition. Shapes as in `forward`."""
        height, width = condition.shape[-2:]
        self.check((height, width))
        shapes = [(3 * self.channels, height >> n, width >> n) for n in range(1, len(self.levels) + 1)]
        last = (self.channels, height >> len(self.levels), width >> len(self.levels))
        codes = z.split([math.prod(shape) for shape in (*shapes, last)], dim=1)
        conditions = self.conditions(condition)
        coarse, log_det = self.top.inverse(codes[-1].unflatten(1, last), conditions[-1])
        for index in reversed(range(len(shapes))):
            given = self._given(coarse, conditions[index], index)
            details, change = self.detail_levels[index].inverse(
                codes[index].unflatten(1, shapes[index]), given
            )
            log_det = log_det + change
            coarse = joined(coarse, details)
        return torch.einsum("kc,nkhw->nchw", self.basis, coarse), log_det

    def parts(self, x: Tensor, condition: Tensor, window: int = 0) -> list[tuple[Tensor, Tensor]]:
        """Latent and log-determinant of every level, the coarsest picture last.

        Parameters
        ----------
        x, condition
            As in `forward`.
        window : int
            0 for everything. Else every level encodes at most as many of its blocks as a square of that side has: a window, drawn anew at
            every call, of one picture of a fine level, and of as many of the first pictures as fit of coarse ones.
            Levels are independent given the coarser picture, so each learns from what it sees.
        """
        self.check(x.shape[-2:])
        conditions = self.conditions(condition)
        coarse, found = torch.einsum("kc,nchw->nkhw", self.basis, x), []
        for index, level in enumerate(self.detail_levels):
            coarse, details = parted(coarse)
            seen = _part(details.shape, window)
            given = self._given(coarse, conditions[index], index)
            found.append(level(details[seen], given[seen]))
        seen = _part(coarse.shape, window)
        found.append(self.top(coarse[seen], conditions[-1][seen]))
        return found

    def conditions(self, condition: Tensor) -> list[Tensor]:
        """Condition of every level of details, without the coarser picture, and of the coarsest picture."""
        found, domain, classes = [], condition[:, :DOMAIN_CHANNELS], condition[:, DOMAIN_CHANNELS:]
        for _ in self.levels:
            domain = nn.functional.avg_pool2d(domain, 2)
            bands = 0.5 * haar_downsample(classes)
            found.append(torch.cat((domain, bands), dim=1))
            classes = bands[:, ::4]
        return [*found, torch.cat((domain, classes), dim=1)]

    @torch.no_grad()
    def fit(self, domains: Mapping[str, Tensor]) -> None:
        """Set the spectral basis and the levels' units from training data.

        The basis holds the eigenvectors of the wavelengths' second moments, largest first, both domains weighing the same.

        Parameters
        ----------
        domains : mapping of str to Tensor, shape (N, channels, H, W)
            Images of each domain in normalised units.
        """
        rows, columns = (side - side % self.multiple for side in next(iter(domains.values())).shape[2:])
        some = [v[:: max(1, len(v) // _PICTURES), :, :rows, :columns].double() for v in domains.values()]
        moments = torch.stack([torch.einsum("nchw,ndhw->cd", v, v) / (v.numel() / v.shape[1]) for v in some])
        vectors = torch.linalg.eigh(moments.mean(dim=0)).eigenvectors.flip(1).T
        # an eigenvector's sign is arbitrary: every machine takes the same
        vectors = vectors * torch.where(vectors.sum(dim=1, keepdim=True) < 0, -1.0, 1.0)
        self.basis.copy_(vectors)
        coarse = [torch.einsum("kc,nchw->nkhw", vectors, v) for v in some]
        for level in self.detail_levels:
            coarse, details = map(list, zip(*map(parted, coarse), strict=True))
            level.unit.copy_(_rms(details).view_as(level.unit))
        self.top.unit.copy_(_rms(coarse).view_as(self.top.unit))

    def check(self, picture: Sequence[int]) -> None:
        """Raise ModelError when a picture of (rows, columns) cannot be halved often enough."""
        if any(side % self.multiple for side in picture):
            raise ModelError(
                f"The picture is {picture[0]} x {picture[1]} pixels; this network needs multiples of "
                f"{self.multiple}: pad or crop it first."
            )

    def _given(self, coarse: Tensor, condition: Tensor, index: int) -> Tensor:
        """Condition of one level: the coarser picture as local means, the domain and the classes."""
        return torch.cat((coarse * 0.5 ** (index + 1), condition), dim=1)


def bounded_log_scale(raw: Tensor) -> Tensor:
    """Log-scale of the affine layer from what its convolution gives."""
    return _LOG_SCALE_BOUND * torch.tanh(raw / _LOG_SCALE_BOUND)


def parted(x: Tensor) -> tuple[Tensor, Tensor]:
    """Coarse picture (n, C, H / 2, W / 2) and details (n, 3 C, H / 2, W / 2) of a picture (n, C, H, W)."""
    bands = haar_downsample(x).unflatten(1, (x.shape[1], 4))
    return bands[:, :, 0], bands[:, :, 1:].flatten(1, 2)


def joined(coarse: Tensor, details: Tensor) -> Tensor:
    """Undo `parted`."""
    bands = torch.cat((coarse.unsqueeze(2), details.unflatten(1, (coarse.shape[1], 3))), dim=2)
    return haar_upsample(bands.flatten(1, 2))


def _part(shape: Sequence[int], window: int) -> tuple[slice, ...]:
    """Index of some pictures and a window of them, drawn from torch's global generator; shape (n, C, H, W)."""
    if not window:
        return (slice(None),)
    sides = [min(side, window) for side in shape[2:]]
    starts = [int(torch.randint(side - part + 1, ())) for side, part in zip(shape[2:], sides, strict=True)]
    pictures = slice(max(1, window**2 // math.prod(sides)))
    return (pictures, slice(None), *(slice(s, s + part) for s, part in zip(starts, sides, strict=True)))


def _rms(domains: Sequence[Tensor]) -> Tensor:
    """Root mean square of every channel, both domains weighing the same; shape (channels,)."""
    power = torch.stack([v.square().mean(dim=(0, 2, 3)) for v in domains]).mean(dim=0)
    return power.sqrt().clamp_min(_SMALLEST_UNIT)
