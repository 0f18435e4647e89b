"""UNIT and CycleGAN behind the same interface as the invertible network."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from napari_udt.errors import ModelError
from napari_udt.models.autoencoders import DOMAINS, AutoencoderPair
from napari_udt.models.conditions import DomainLike, Labels, domain_number
from napari_udt.models.model import Array, TransferModel, as_given, picture_of
from napari_udt.models.residual_pair import ResidualPair


class AutoencoderModel(TransferModel):
    """A transfer by an encoder of one domain and a decoder of the other.

    Not invertible: there is no likelihood, a round trip is not exact, and domains between the two do not exist.
    The latent of a spectrum has shape (n, latent), that of an image (n, width, rows / m, columns / m) with m the
    model's ``picture_multiple``; where generators add a change to the sample, see
    :class:`~napari_udt.models.residual_pair.ResidualPair`. The published networks add noise to an image's latent, at inference too; here it
    is the mean. See :class:`~napari_udt.models.model.TransferModel` for parameters and conventions.
    """

    network: AutoencoderPair | ResidualPair

    def encode(
        self, x: Array, domain: DomainLike, labels: Labels = None, normalised: bool = True
    ) -> tuple[Array, Array]:
        """Encode; the second value, the log-determinant of the invertible networks, is NaN here."""
        values: Tensor = self._tensor(x if normalised else self.normalise(x, domain))
        self._check(values)
        self._check_picture(values.shape[2:])
        classes = self._classes(picture_of(values), labels) if self.spec.class_count else None
        with torch.no_grad():
            z = self.network.encode(values, self._domain(domain), classes)
        return as_given(x, z), as_given(x, z.new_full((len(z),), torch.nan))

    def decode(
        self,
        z: Array,
        domain: DomainLike,
        labels: Labels = None,
        *,
        picture_shape: Sequence[int] | None = None,
    ) -> Array:
        """Decode; labels matter only where the decoder's normalisation takes them, the picture's size never."""
        del picture_shape
        values: Tensor = self._tensor(z)
        multiple = self.picture_multiple
        classes: Tensor | None = None
        if self.network.decodes_by_class:
            rows, columns = values.shape[2] * multiple, values.shape[3] * multiple
            classes = self._classes((len(values), rows, columns), labels)
        with torch.no_grad():
            return as_given(z, self.network.decode(values, self._domain(domain), classes))

    def log_likelihood(
        self, x: Array, domain: DomainLike, labels: Labels = None, *, per_dimension: bool = False
    ) -> Array:
        """Refuse: an auto-encoder has no likelihood."""
        raise ModelError(
            f"Model {self.spec.name!r} ({self.spec.kind}) has no likelihood; only a cINN has one."
        )

    def _classes(self, shape: Sequence[int], labels: Labels) -> Tensor:
        condition: Tensor = self.condition(shape, 0.0, labels)
        return condition[:, 2:]  # the domain entries come first; here the domain chooses the network instead

    def _domain(self, domain: DomainLike) -> str:
        number = float(domain_number(domain, torch.empty(0, dtype=torch.float64)))
        if number not in (0.0, 1.0):
            raise ModelError(
                f"Model {self.spec.name!r} ({self.spec.kind}) knows no domain between simulated and real."
            )
        return DOMAINS[int(number)]

    @property
    def smallest_picture(self) -> int:
        """Least height and width of an image: mirrored borders of 3 pixels, and of 1 at the coarsest scale, must fit."""
        return max(4, 2 * self.picture_multiple)

    def _check_picture(self, picture: Sequence[int]) -> None:
        if any(side % self.picture_multiple or side < self.smallest_picture for side in picture):
            raise ModelError(
                f"The picture is {picture[0]} x {picture[1]} pixels; model {self.spec.name!r} needs multiples of "
                f"{self.picture_multiple}, at least {self.smallest_picture}: pad or crop it first."
            )
