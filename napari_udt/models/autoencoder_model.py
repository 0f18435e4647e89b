"""UNIT and CycleGAN behind the same interface as the invertible network."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from napari_udt.models.autoencoders import DOMAINS, AutoencoderPair
from napari_udt.models.conditions import DomainLike, Labels
from napari_udt.models.model import Array, as_given, picture_of
from napari_udt.models.translator import ModelWithoutLikelihood


class AutoencoderModel(ModelWithoutLikelihood):
    """A transfer by an encoder of one domain and a decoder of the other.

    Not invertible: there is no likelihood, a round trip is not exact, and domains between the two do not exist.
    The latent of a spectrum has shape (n, latent), that of an image (n, width, rows / m, columns / m) with m the
    model's ``picture_multiple``. The published networks add noise to an image's latent, at inference too; here it
    is the mean. See :class:`~napari_udt.models.model.TransferModel` for parameters and conventions.
    """

    network: AutoencoderPair

    def encode(
        self, x: Array, domain: DomainLike, labels: Labels = None, normalised: bool = True
    ) -> tuple[Array, Array]:
        """Encode; the second value, the log-determinant of the invertible networks, is NaN here."""
        values: Tensor = self._tensor(x if normalised else self.normalise(x, domain))
        self._check(values)
        self._check_picture(values.shape[2:])
        classes = self._entries(picture_of(values), labels)
        with torch.no_grad():
            z = self.network.encode(values, DOMAINS[self._end(domain)], classes)
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
            classes = self._entries((len(values), rows, columns), labels)
        with torch.no_grad():
            return as_given(z, self.network.decode(values, DOMAINS[self._end(domain)], classes))
