"""A transfer network with what is needed to use it: normalisation, conditions, likelihood."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from napari_udt.errors import ModelError
from napari_udt.models.conditions import Conditions, DomainLike, Labels, domain_number
from napari_udt.models.intensity import compress, expand, log_slope
from napari_udt.models.spec import ModelSpec

Array = TypeVar("Array", Tensor, NDArray[Any])


class TransferModel:
    """A conditional invertible network that moves spectra between domains.

    Parameters
    ----------
    spec : ModelSpec
    network : Module
        Built by :func:`napari_udt.models.build.build_network` for the same specification.

    Notes
    -----
    Spectra have shape (n, channels), images (n, channels, rows, columns). Arrays that come as numpy go as numpy,
    tensors go as tensors on the model's device. ``domain`` is "simulated", "real" or a number in [0, 1]
    (0 = simulated, 1 = real). ``labels`` are class indices in the order of ``spec.class_names`` (-1 = unknown),
    class probabilities, or None; see :class:`napari_udt.models.conditions.Conditions`.

    A transfer is ``decode(encode(x, "simulated", labels)[0], "real", labels)``: the same labels in both passes
    (Dreher et al., MICCAI 2023).
    """

    def __init__(self, spec: ModelSpec, network: nn.Module) -> None:
        self.spec = spec
        self.network = network.eval()
        self.conditions = Conditions.of(spec)

    @property
    def device(self) -> torch.device:
        """Where the network's parameters are."""
        return next(self.network.parameters()).device

    @property
    def dtype(self) -> torch.dtype:
        """Floating type of the network's parameters."""
        return next(self.network.parameters()).dtype

    @property
    def picture_multiple(self) -> int:
        """Number that must divide the height and width of an image, in pixels; 1 for spectra."""
        return int(getattr(self.network, "multiple", 1))

    @property
    def smallest_picture(self) -> int:
        """Least height and width of an image that the network can take, in pixels."""
        return self.picture_multiple

    def to(self, device: str | torch.device) -> TransferModel:
        """Move the network to a device and return the model."""
        self.network.to(device)
        return self

    def normalise(self, x: Array, domain: DomainLike) -> Array:
        """Raw values of a domain in the network's units: L2 norm (HSI) or compression (PAT), then (x - mean) / std.

        A spectrum of zeros stays one before standardisation. Between the domains the statistics are interpolated.
        """
        mean, std = self._statistics(domain)
        values = self._unit(_floating(x))
        if self._compresses:
            values = compress(values, self._intensity_scale(domain), self.spec.intensity)
        return (values - mean) / std

    def denormalise(self, x: Array, domain: DomainLike) -> Array:
        """Undo the standardisation, and the compression, with the statistics of ``domain``.

        Spectra of a model with ``spectrum_norm`` "l2" come back on the scale of L2-normalised spectra: multiply by
        the input's norm where absolute values are wanted.
        """
        mean, std = self._statistics(domain)
        values = _floating(x) * std + mean
        return (
            expand(values, self._intensity_scale(domain), self.spec.intensity) if self._compresses else values
        )

    def encode(
        self, x: Array, domain: DomainLike, labels: Labels = None, normalised: bool = True
    ) -> tuple[Array, Array]:
        """Encode into the latent space that both domains share.

        Parameters
        ----------
        x : array, shape (n, channels) or (n, channels, rows, columns)
            In normalised units, or raw with ``normalised=False``.
        domain, labels
            See the class.
        normalised : bool

        Returns
        -------
        z : array, shape (n, channels) or (n, channels * rows * columns)
        log_det : array, shape (n,)
            Logarithm of the absolute Jacobian determinant with respect to normalised units, in nats.

        Raises
        ------
        ModelError
            When the shape, the domain or the labels do not fit the model.
        """
        values: Tensor = self._tensor(x if normalised else self.normalise(x, domain))
        self._check(values)
        with torch.no_grad():
            z, log_det = self.network(values, self.condition(picture_of(values), domain, labels))
        return as_given(x, z), as_given(x, log_det)

    def decode(
        self,
        z: Array,
        domain: DomainLike,
        labels: Labels = None,
        *,
        picture_shape: Sequence[int] | None = None,
    ) -> Array:
        """Decode a latent in a domain, into normalised units.

        Parameters
        ----------
        z : array, shape (n, channels) or (n, channels * rows * columns)
        domain, labels
            See the class; for a transfer the same labels as in encoding.
        picture_shape : (rows, columns), optional
            Size of the images; needed where it does not follow from ``labels``.

        Returns
        -------
        array, shape (n, channels) or (n, channels, rows, columns)

        Raises
        ------
        ModelError
            When the shape, the domain or the labels do not fit the model, or the picture's size is unknown.
        """
        values: Tensor = self._tensor(z)
        shape = (values.shape[0], *self._picture_size(values, labels, picture_shape))
        with torch.no_grad():
            x, _ = self.network.inverse(values, self.condition(shape, domain, labels))  # type: ignore[operator]
        return as_given(z, x)

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
        """Transfer samples from one domain to another.

        Parameters
        ----------
        x : array, shape (n, channels) or (n, channels, rows, columns)
            In normalised units, as is the result.
        source, target, labels
            See the class; the same labels hold in both domains.
        seed : int
            Of what is drawn, where the model is stochastic: together with the sample's own values it decides the result.
        steps : int
            Steps between the domains, where the model takes steps; 0 for its own number.

        Returns
        -------
        array of the shape of ``x``

        Raises
        ------
        ModelError
            When the shape, the domains or the labels do not fit the model.
        """
        del seed, steps
        z, _ = self.encode(x, source, labels)
        return self.decode(z, target, labels, picture_shape=x.shape[2:] or None)

    def log_likelihood(
        self, x: Array, domain: DomainLike, labels: Labels = None, *, per_dimension: bool = False
    ) -> Array:
        """Log-likelihood of normalised values under the model, the constant -d/2 log(2 pi) included.

        Parameters
        ----------
        x : array, shape (n, channels) or (n, channels, rows, columns)
            In normalised units.
        domain, labels
            See the class.
        per_dimension : bool
            Divide by the d values of each sample, so that pictures of different sizes can be compared.

        Returns
        -------
        array, shape (n,)
            In nats, of values in units of the domain's standard deviation. Where intensities are compressed the
            compression's determinant is included: the density is that of raw values in units of scale * std.
        """
        values: Tensor = self._tensor(x)
        z, log_det = self.encode(values, domain, labels)
        return as_given(x, self.log_density(values, z, log_det, domain, per_dimension=per_dimension))

    def log_density(
        self, x: Array, z: Array, log_det: Array, domain: DomainLike, *, per_dimension: bool = False
    ) -> Array:
        """Log-likelihood of normalised values that were encoded already, see `log_likelihood`.

        Parameters
        ----------
        x : array, shape (n, channels) or (n, channels, rows, columns)
            In normalised units.
        z, log_det : array
            What `encode` made of it.
        domain, per_dimension
            See `log_likelihood`.
        """
        latent: Tensor = self._tensor(z)
        dimensions = latent.shape[1]
        constant = 0.5 * dimensions * math.log(2.0 * math.pi)
        found = self._tensor(log_det) - 0.5 * latent.square().sum(dim=1) - constant
        if self._compresses:
            mean, std = self._statistics(domain)
            found = found + log_slope(self._tensor(x) * std + mean, self.spec.intensity).flatten(1).sum(dim=1)
        return as_given(x, found / dimensions if per_dimension else found)

    def round_trip_error(self, x: Array, domain: DomainLike, labels: Labels = None) -> Array:
        """Largest deviation of each sample after encoding and decoding in its own domain.

        An invertible network deviates by rounding only; an auto-encoder shows what it loses.

        Returns
        -------
        array, shape (n,)
            In normalised units.
        """
        values: Tensor = self._tensor(x)
        z, _ = self.encode(values, domain, labels)
        back = self.decode(z, domain, labels, picture_shape=values.shape[2:] or None)
        return as_given(x, (back - values).abs().flatten(1).amax(dim=1))

    @property
    def parameter_count(self) -> int:
        """Number of trained values of the network."""
        return sum(parameter.numel() for parameter in self.network.parameters())

    def condition(self, shape: Sequence[int], domain: DomainLike, labels: Labels = None) -> Any:
        """Make the expected condition for ``shape`` (n,) or (n, rows, columns), on the model's device."""
        like = torch.empty(0, dtype=self.dtype, device=self.device)
        return self.conditions.expected(shape, domain, labels, like)

    @property
    def _compresses(self) -> bool:
        return self.spec.intensity != "linear"

    def _statistics(self, domain: DomainLike) -> tuple[float, float]:
        pairs = zip(self.spec.statistics["simulated"], self.spec.statistics["real"], strict=True)
        mean, std = (_between(simulated, real, domain) for simulated, real in pairs)
        return mean, std

    def _intensity_scale(self, domain: DomainLike) -> float:
        scales = self.spec.intensity_scales
        return _between(scales["simulated"], scales["real"], domain)

    def _unit(self, values: Array) -> Array:
        if self.spec.spectrum_norm == "none":
            return values
        norm = (values**2).sum(1) ** 0.5
        return values / (norm + (norm == 0))[:, None]

    def _tensor(self, x: Any) -> Tensor:
        return torch.as_tensor(x, dtype=self.dtype, device=self.device)

    def _check(self, x: Tensor) -> None:
        channels = len(self.spec.wavelengths_nm)
        axes = 2 if self.spec.modality == "HSI" else 4
        if x.ndim != axes or x.shape[1] != channels:
            expected = ("n", str(channels), "rows", "columns")[:axes]
            raise ModelError(
                f"Model {self.spec.name!r} needs an array ({', '.join(expected)}); this one has shape {tuple(x.shape)}."
            )

    def _picture_size(
        self, z: Tensor, labels: Labels, picture_shape: Sequence[int] | None
    ) -> tuple[int, ...]:
        channels = len(self.spec.wavelengths_nm)
        size: tuple[int, ...] = ()
        if self.spec.modality == "PAT":
            size = tuple(picture_shape or (() if labels is None else labels.shape[-2:]))
            if len(size) != 2:
                raise ModelError(
                    f"Model {self.spec.name!r}: give the picture's (rows, columns) to decode without labels."
                )
        if z.ndim != 2 or z.shape[1] != channels * math.prod(size):
            raise ModelError(
                f"Model {self.spec.name!r} needs latents (n, {channels * math.prod(size)}); these have shape "
                f"{tuple(z.shape)}."
            )
        return size


def _between(simulated: float, real: float, domain: DomainLike) -> float:
    """Interpolate a number of both domains."""
    share = float(domain_number(domain, torch.empty(0, dtype=torch.float64)))
    return simulated + share * (real - simulated)


def _floating(x: Array) -> Array:
    """Return ``x`` in its own floating type, integers in float32."""
    if isinstance(x, Tensor):
        return x if x.is_floating_point() else x.float()
    x = np.asarray(x)
    return x if x.dtype.kind == "f" else x.astype(np.float32)


def picture_of(x: Tensor) -> tuple[int, ...]:
    """Shape (n,) of spectra or (n, rows, columns) of images: everything but the channels."""
    return (x.shape[0], *x.shape[2:])


def as_given(given: Array, result: Tensor) -> Array:
    """Return ``result`` as the kind of array that was given."""
    return result if isinstance(given, Tensor) else result.cpu().numpy()
