r"""A conditional wavelet flow for images (PAT): details are coded given the coarser picture.

A picture goes into an orthogonal spectral basis, then level by level through the Haar transform. The density is the product

.. math:: p(x | Y, D) = p(c_L | Y, D) \prod_{l=1}^{L} p(d_l | c_l, Y, D)

of the coarsest picture :math:`c_L` and the details :math:`d_l` that lead from one picture to the next finer one. Every factor is a
small flow of its own, so that each level learns from the first step, and the levels can be trained on different parts of a picture.

Where the spectral shape is kept, only the brightness goes through the levels: :mod:`napari_udt.models.kept_shape` has the rest.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from napari_udt.errors import ModelError
from napari_udt.models.flow_level import FlowLevel, LevelSize
from napari_udt.models.flow_prior import DOMAIN_CHANNELS
from napari_udt.models.haar import haar_downsample, haar_upsample
from napari_udt.models.kept_shape import KeptShape


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
    shape : KeptShape, optional
        Takes all spectral components but the brightness, the mean over wavelengths, which alone is coded level by level then.

    Notes
    -----
    The basis and the linear part of every level are fitted in closed form (`fit`); training corrects the latter.

    Every level sees the domain, the classes' shares of its blocks and, for details, the Haar details of the class maps, which say on
    which side of a block an outline lies. Until `fit` is called the basis is the identity, all units
    are 1 and no detail is predicted.

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
        shape: KeptShape | None = None,
    ) -> None:
        super().__init__()
        classes = condition_channels - DOMAIN_CHANNELS
        self.channels = channels
        self.coded = channels if shape is None else 1  # components that are coded level by level
        self.shape = shape
        components = min(components, self.coded)
        # on the processor even while networks are built without numbers: there torch would import its compiler
        self.register_buffer("basis", torch.eye(channels, device="cpu"))
        self.levels = nn.ModuleList(
            FlowLevel(self.coded, 3, components, 4 * classes, size, clamp, initial_scale) for size in levels
        )
        self.top = FlowLevel(self.coded, 1, components, classes, top, clamp, initial_scale)

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
            The levels one after the other, the finest first; then the spectral shape where it is kept.
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
        shapes = [(3 * self.coded, height >> n, width >> n) for n in range(1, len(self.levels) + 1)]
        last = (self.coded, height >> len(self.levels), width >> len(self.levels))
        kept = (self.channels - self.coded, height, width)
        *codes, code, rest = z.split([math.prod(shape) for shape in (*shapes, last, kept)], dim=1)
        conditions = self.conditions(condition)
        coarse, log_det = self.top.inverse(code.unflatten(1, last), conditions[-1])
        for index in reversed(range(len(shapes))):
            given = self._given(coarse, conditions[index], index)
            details, change = self.detail_levels[index].inverse(
                codes[index].unflatten(1, shapes[index]), given
            )
            log_det = log_det + change
            coarse = joined(coarse, details)
        if self.shape is not None:
            shape, change = self.shape.inverse(rest.unflatten(1, kept), condition)
            coarse, log_det = torch.cat((coarse, shape), dim=1), log_det + change
        return torch.einsum("kc,nkhw->nchw", self.basis, coarse), log_det

    def parts(self, x: Tensor, condition: Tensor, window: int = 0) -> list[tuple[Tensor, Tensor]]:
        """Latent and log-determinant of every level, then of the coarsest picture, then of a kept spectral shape.

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
        components, found = torch.einsum("kc,nchw->nkhw", self.basis, x), []
        coarse, rest = components.tensor_split((self.coded,), dim=1)
        for index, level in enumerate(self.detail_levels):
            coarse, details = parted(coarse)
            seen = _part(details.shape, window)
            given = self._given(coarse, conditions[index], index)
            found.append(level(details[seen], given[seen]))
        seen = _part(coarse.shape, window)
        found.append(self.top(coarse[seen], conditions[-1][seen]))
        if self.shape is not None:
            seen = _part(rest.shape, window)
            found.append(self.shape(rest[seen], condition[seen]))
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
    def fit(self, domains: Sequence[tuple[Tensor, Tensor]]) -> None:
        """Set the spectral basis and the levels' priors from training data, in closed form.

        The basis holds the eigenvectors of the wavelengths' second moments, largest first, both domains weighing the same. Where
        the spectral shape is kept the mean over wavelengths comes first, and they are taken at right angles to it.

        Parameters
        ----------
        domains : sequence of (Tensor, Tensor)
            Images (N, channels, H, W) of each domain in normalised units, with the noise of training, and their conditions.
        """
        rows, columns = (side - side % self.multiple for side in domains[0][0].shape[2:])
        pairs = [tuple(values[:, :, :rows, :columns].double() for values in pair) for pair in domains]
        moments = [torch.einsum("nchw,ndhw->cd", x, x) / (x.numel() / x.shape[1]) for x, _ in pairs]
        moment = torch.stack(moments).mean(dim=0)
        if self.shape is not None:
            moment = _mean_first(moment)
        vectors = torch.linalg.eigh(moment).eigenvectors.flip(1).T
        # an eigenvector's sign is arbitrary: every machine takes the same
        vectors = vectors * torch.where(vectors.sum(dim=1, keepdim=True) < 0, -1.0, 1.0)
        self.basis.copy_(vectors)
        components = [torch.einsum("kc,nchw->nkhw", vectors, x) for x, _ in pairs]
        coarse = [values[:, : self.coded] for values in components]
        if self.shape is not None:
            rest = [values[:, self.coded :] for values in components]
            self.shape.fit([(r, condition) for r, (_, condition) in zip(rest, pairs, strict=True)])
        conditions = [self.conditions(condition) for _, condition in pairs]
        for index, level in enumerate(self.detail_levels):
            coarse, details = map(list, zip(*map(parted, coarse), strict=True))
            given = [self._given(c, own[index], index) for c, own in zip(coarse, conditions, strict=True)]
            level.fit(list(zip(details, given, strict=True)))
        self.top.fit([(c, own[-1]) for c, own in zip(coarse, conditions, strict=True)])

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


def _mean_first(moment: Tensor) -> Tensor:
    """Replace second moments (C, C) by ones whose largest eigenvector is flat, and whose others are at right angles to it."""
    flat = torch.full_like(moment, 1 / len(moment))
    others = torch.eye(len(moment)).to(moment) - flat
    return others @ moment @ others + 2 * moment.trace() * flat


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
