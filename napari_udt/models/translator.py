"""Models without a likelihood, and among them those that have no latent space either.

An invertible network has a latent, its density and a way back; an auto-encoder a latent alone. What carries a sample straight to the
other domain (a generator, a path along a velocity field, a diffusion) has none of them: here it is said once what that means.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import NoReturn

import torch
from torch import Tensor

from napari_udt.errors import ModelError
from napari_udt.models.conditions import DomainLike, Labels, domain_number
from napari_udt.models.model import Array, TransferModel, as_given, picture_of


class ModelWithoutLikelihood(TransferModel):
    """A transfer whose network gives no density: see :class:`~napari_udt.models.model.TransferModel` for the conventions."""

    def log_likelihood(
        self, x: Array, domain: DomainLike, labels: Labels = None, *, per_dimension: bool = False
    ) -> Array:
        """Refuse: there is no density."""
        self._refuse("has no likelihood; only a cINN has one")

    @property
    def smallest_picture(self) -> int:
        """Least height and width of an image: mirrored borders of 3 pixels, and of 1 at the coarsest scale, must fit."""
        return max(4, 2 * self.picture_multiple)

    def _refuse(self, why: str) -> NoReturn:
        raise ModelError(f"Model {self.spec.name!r} ({self.spec.kind}) {why}.")

    def _entries(self, shape: Sequence[int], labels: Labels) -> Tensor | None:
        """Class entries (n, K[, H, W]) for ``shape`` (n[, H, W]); None where the network takes none."""
        if not self.spec.class_count:
            return None
        condition: Tensor = self.condition(shape, 0.0, labels)
        return condition[:, 2:]  # the domain entries come first; here the domain chooses the network instead

    def _end(self, domain: DomainLike) -> int:
        """0 for simulated, 1 for real: these networks know nothing between the two."""
        number = float(domain_number(domain, torch.empty(0, dtype=torch.float64)))
        if number not in (0.0, 1.0):
            self._refuse("knows no domain between simulated and real")
        return int(number)

    def _check_picture(self, picture: Sequence[int]) -> None:
        if any(side % self.picture_multiple or side < self.smallest_picture for side in picture):
            raise ModelError(
                f"The picture is {picture[0]} x {picture[1]} pixels; model {self.spec.name!r} needs multiples of "
                f"{self.picture_multiple}, at least {self.smallest_picture}: pad or crop it first."
            )


class TranslatorModel(ModelWithoutLikelihood):
    """A transfer straight from one domain to the other, without a latent space.

    `translate` is all there is; in its own domain a sample stays as it is, to the last bit.
    """

    def encode(
        self, x: Array, domain: DomainLike, labels: Labels = None, normalised: bool = True
    ) -> tuple[Array, Array]:
        """Refuse: there is no latent space."""
        self._refuse("has no latent space; use translate")

    def decode(
        self,
        z: Array,
        domain: DomainLike,
        labels: Labels = None,
        *,
        picture_shape: Sequence[int] | None = None,
    ) -> Array:
        """Refuse: there is no latent space."""
        self._refuse("has no latent space; use translate")

    def round_trip_error(self, x: Array, domain: DomainLike, labels: Labels = None) -> Array:
        """Refuse: a sample that stays in its domain is not changed, and that says nothing."""
        self._refuse("has no latent space, so that a round trip in one domain means nothing")

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
        """Carry samples in normalised units to another domain, see the base class."""
        values: Tensor = self._tensor(x)
        self._check(values)
        self._check_picture(values.shape[2:])
        entries = self._entries(picture_of(values), labels)
        with torch.no_grad():
            moved = self._carried(values, source, target, entries, seed, steps)
        return as_given(x, moved)

    @abstractmethod
    def _carried(
        self,
        x: Tensor,
        source: DomainLike,
        target: DomainLike,
        classes: Tensor | None,
        seed: int,
        steps: int,
    ) -> Tensor:
        """Carry checked samples (n, C[, H, W]) with their class entries."""
