"""Pictures made from labels behind the same interface as a transfer."""

from __future__ import annotations

import zlib

import numpy as np
import torch
from torch import Tensor

from napari_udt.models.conditions import DomainLike, Labels
from napari_udt.models.label_to_image import LabelGenerator, truncated_normal
from napari_udt.models.model import Array, as_given
from napari_udt.models.translator import TranslatorModel


class LabelToImageModel(TranslatorModel):
    """A picture of the target domain from labels and a random code.

    Of the picture that is "transferred" nothing but its size is used. The code follows from the labels and a seed: the same of
    both give the same picture, bit for bit. See :class:`~napari_udt.models.model.TransferModel` for parameters and conventions.
    """

    network: LabelGenerator

    def generate(self, labels: Labels, seed: int = 0, truncation: float | None = None) -> Tensor:
        """Make pictures (n, C, H, W) in normalised units of the target domain.

        Parameters
        ----------
        labels : array
            Class indices (n, H, W), -1 = unknown, or probabilities (n, K, H, W).
        seed : int
        truncation : float, optional
            The code is drawn between -a and a, with 0 <= a <= 3; by default without a bound.

        Raises
        ------
        ModelError
            When there are no labels, their size does not fit the network, or the truncation is out of bounds.
        """
        if labels is None:
            self._refuse("makes pictures from labels alone, and none were given; give class labels")
        given = torch.as_tensor(labels, device=self.device)
        shape = tuple(given.shape) if given.ndim == 3 else (given.shape[0], *given.shape[2:])
        self._check_picture(shape[1:])
        entries = self._entries(shape, given)
        assert entries is not None  # the specification was checked
        with torch.no_grad():
            return self._made(entries, seed, truncation)

    def translate(
        self,
        x: Array,
        source: DomainLike,
        target: DomainLike,
        labels: Labels = None,
        *,
        seed: int = 0,
        steps: int = 0,
    ) -> Array:
        """Make pictures of the target domain from labels, as many as ``x`` holds; towards the simulated domain none can be made."""
        del steps
        if self._end(source) == self._end(target):
            return x
        if self._end(target) == 0:
            self._refuse("makes pictures of the target domain only; there is no way back")
        return as_given(x, self.generate(labels, seed))

    def _carried(
        self,
        x: Tensor,
        source: DomainLike,
        target: DomainLike,
        classes: Tensor | None,
        seed: int,
        steps: int,
    ) -> Tensor:
        del x, source, target, steps
        assert classes is not None
        return self._made(classes, seed, None)

    def _made(self, entries: Tensor, seed: int, truncation: float | None) -> Tensor:
        size, pixels = self.network.size, entries.shape[-2:]
        codes = []
        for each in entries:
            generator = torch.Generator().manual_seed(_seed_of(each, seed))
            shapes = ((size.latent,), (size.texture, *pixels))
            codes.append([truncated_normal(shape, truncation, generator) for shape in shapes])
        latent, texture = (torch.stack(parts).to(entries) for parts in zip(*codes, strict=True))
        made: Tensor = self.network(entries, latent, texture)
        return made


def _seed_of(entries: Tensor, seed: int) -> int:
    """Return the seed of a picture's code: of the user's seed and its labels (K, H, W)."""
    labels = entries.argmax(dim=0).to(torch.uint8).cpu().numpy()
    state = np.random.SeedSequence([seed, zlib.crc32(np.ascontiguousarray(labels).tobytes())])
    return int(state.generate_state(1, np.uint32)[0])
