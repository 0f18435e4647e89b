"""The conditions of the transfer networks: domain and tissue class, at inference and in training.

At inference the condition is deterministic, the *expected* training condition: the domain (0.95, 0.05) and the
class (one-hot + level / 2) / sum. A clean one-hot vector would lie outside what the network was trained on.
In training both carry uniform noise (Dreher et al., MICCAI 2023, and the authors' code).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import torch
from numpy.typing import NDArray
from torch import Tensor

from napari_udt.errors import ModelError
from napari_udt.models.spec import ModelSpec

DomainLike = Literal["simulated", "real"] | float | Tensor
Labels = Tensor | NDArray[Any] | None

_DOMAIN_NUMBERS = {"simulated": 0.0, "real": 1.0}


@dataclass(frozen=True)
class Conditions:
    """Maker of the conditions of one model.

    Parameters
    ----------
    class_count : int
        Classes K of the one-hot part; 0 when the model is conditioned on the domain only.
    label_noise_level : float
        Upper bound of the noise on every class entry (0.5 for HSI, 0.2 for PAT).
    domain_noise : float
        Upper bound of the noise on the domain entries (0.1).
    scales : int
        Scales of an image cINN; 0 for all other networks.
    even_proxies : bool
        Whether an unknown class of a spectrum is 1 / K in training, as the published UNIT has it, and not a class
        drawn at random.
    proxy_classes : tuple of int
        Classes that a random one is drawn from; empty for all. Those left out of a training are missing here.

    Notes
    -----
    ``shape`` below is (n,) for spectra and (n, H, W) for images. A condition is a tensor (n, 2 + K) for
    spectra and for images a list with one tensor per scale: (n, 2 + K, H, W), (n, 2, H / 2, W / 2), ...
    ``domain`` is "simulated", "real", a number in [0, 1] (0 = simulated, 1 = real) or a tensor (n,) of numbers.
    ``labels`` are class indices of shape ``shape`` (-1 = unknown), class probabilities (n, K) or (n, K, H, W),
    or None when every class is unknown.
    """

    class_count: int
    label_noise_level: float
    domain_noise: float = 0.1
    scales: int = 0
    even_proxies: bool = False
    proxy_classes: tuple[int, ...] = ()

    @classmethod
    def of(cls, spec: ModelSpec) -> Conditions:
        """Maker of the conditions that a model was trained with."""
        return cls(
            class_count=spec.class_count,
            label_noise_level=spec.label_noise_level,
            domain_noise=spec.domain_noise,
            scales=len(spec.architecture.get("scales", ())),
            even_proxies=spec.kind != "cinn",
        )

    def expected(
        self, shape: Sequence[int], domain: DomainLike, labels: Labels = None, like: Tensor | None = None
    ) -> Any:
        """Condition of inference: deterministic; an unknown class becomes 1 / K.

        Parameters
        ----------
        shape, domain, labels
            See the class.
        like : Tensor, optional
            Gives the floating type and the device of the result.

        Raises
        ------
        ModelError
            When the domain or the labels do not fit.
        """
        like = _float32() if like is None else like
        classes = self._class_probabilities(shape, labels, like)
        level = 0.5 * self.label_noise_level
        return self._assemble(shape, domain, _normalised(classes + level), like, None)

    def random(
        self,
        shape: Sequence[int],
        domain: DomainLike,
        labels: Labels = None,
        like: Tensor | None = None,
        generator: torch.Generator | None = None,
    ) -> Any:
        """Condition of one training step, with noise on every entry.

        An unknown class is a class drawn at random for spectra and plain noise for images. Draw the condition
        once and use it in encoding and, through `with_domain`, in decoding.
        """
        like = _float32() if like is None else like
        noise = _uniform((shape[0], self.class_count, *shape[1:]), like, generator)
        classes = self._class_probabilities(shape, labels, like)
        unknown = self._unknown(shape, labels, like)
        if len(shape) > 1:
            classes = torch.where(unknown, noise, classes + self.label_noise_level * noise)
        elif self.class_count:
            classes = torch.where(unknown, self._proxies(classes, generator), classes)
            classes = classes + self.label_noise_level * noise
        return self._assemble(shape, domain, _normalised(classes), like, generator or torch.default_generator)

    def with_domain(
        self, condition: Any, domain: DomainLike, generator: torch.Generator | None = None
    ) -> Any:
        """Return the same condition in another domain; with a generator the domain noise is drawn anew."""
        finest = condition[0] if self.scales else condition
        shape = (finest.shape[0], *finest.shape[2:])
        return self._assemble(shape, domain, finest[:, 2:], finest, generator)

    def _assemble(
        self,
        shape: Sequence[int],
        domain: DomainLike,
        classes: Tensor,
        like: Tensor,
        generator: torch.Generator | None,
    ) -> Any:
        finest = torch.cat((self._domain(shape, domain, like, generator), classes), dim=1)
        if not self.scales:
            return finest
        n, height, width = shape
        coarser = [
            self._domain((n, height >> level, width >> level), domain, like, generator)
            for level in range(1, self.scales)
        ]
        return [finest, *coarser]

    def _domain(
        self, shape: Sequence[int], domain: DomainLike, like: Tensor, generator: torch.Generator | None
    ) -> Tensor:
        """Domain entries (simulated, real), shape (n, 2[, H, W]); without a generator the expected ones."""
        share = domain_number(domain, like).reshape(-1, *[1] * len(shape))
        size = (shape[0], 1, *shape[1:])
        noise = torch.full(size, 0.5, dtype=like.dtype, device=like.device)
        if generator is not None:
            noise = _uniform(size, like, generator)
        noise = self.domain_noise * noise
        real = noise + share * (1.0 - 2.0 * noise)
        return torch.cat((1.0 - real, real), dim=1)

    def _class_probabilities(self, shape: Sequence[int], labels: Labels, like: Tensor) -> Tensor:
        """Probabilities (n, K[, H, W]) that sum to 1; 1 / K where the class is unknown."""
        size = (shape[0], self.class_count, *shape[1:])
        if labels is None or not self.class_count:
            return torch.full(size, 1.0 / max(self.class_count, 1), dtype=like.dtype, device=like.device)
        given = torch.as_tensor(labels, device=like.device)
        if given.is_floating_point():
            return _checked_probabilities(given.to(like.dtype), size)
        known = _checked_indices(given.long(), shape, self.class_count)
        one_hot = _one_hot(known.clamp(min=0), self.class_count, like)
        return torch.where((known < 0).unsqueeze(1), 1.0 / self.class_count, one_hot)

    def _proxies(self, like: Tensor, generator: torch.Generator | None) -> Tensor:
        """Classes (n, K) that stand in for unknown ones of spectra."""
        if self.even_proxies:
            return torch.full_like(like, 1.0 / self.class_count)
        choices = torch.tensor(self.proxy_classes or range(self.class_count))
        drawn = torch.randint(len(choices), (len(like),), generator=generator, device=_device(generator))
        return _one_hot(choices[drawn.cpu()].to(like.device), self.class_count, like)

    @staticmethod
    def _unknown(shape: Sequence[int], labels: Labels, like: Tensor) -> Tensor:
        """Where the class is unknown, shape (n, 1[, H, W])."""
        size = (shape[0], 1, *shape[1:])
        if labels is None:
            return torch.ones(size, dtype=torch.bool, device=like.device)
        given = torch.as_tensor(labels, device=like.device)
        if given.is_floating_point():
            return torch.zeros(size, dtype=torch.bool, device=like.device)
        return (given < 0).unsqueeze(1)


def domain_number(domain: DomainLike, like: Tensor) -> Tensor:
    """Turn a domain into numbers, 0 = simulated and 1 = real; shape () or (n,).

    Raises
    ------
    ModelError
        When the domain is neither a known name nor within [0, 1].
    """
    value = _DOMAIN_NUMBERS.get(domain, domain) if isinstance(domain, str) else domain
    if isinstance(value, str):
        raise ModelError(
            f'The domain {value!r} is unknown; expected "simulated", "real" or a number in [0, 1].'
        )
    number = torch.as_tensor(value, dtype=like.dtype, device=like.device)
    if not bool(((number >= 0) & (number <= 1)).all()):
        raise ModelError(f"The domain {domain!r} lies outside [0, 1] (0 = simulated, 1 = real).")
    return number


def _checked_indices(labels: Tensor, shape: Sequence[int], count: int) -> Tensor:
    if tuple(labels.shape) != tuple(shape):
        raise ModelError(f"The class labels have shape {tuple(labels.shape)}; expected {tuple(shape)}.")
    if labels.numel() and not (int(labels.min()) >= -1 and int(labels.max()) < count):
        raise ModelError(
            f"The class labels run from {int(labels.min())} to {int(labels.max())}; expected indices below {count}, "
            "or -1 for unknown."
        )
    return labels


def _checked_probabilities(values: Tensor, size: Sequence[int]) -> Tensor:
    if tuple(values.shape) != tuple(size):
        raise ModelError(f"The class probabilities have shape {tuple(values.shape)}; expected {tuple(size)}.")
    sums = values.sum(dim=1)
    if not bool((values >= 0).all()) or not torch.allclose(sums, torch.ones_like(sums), atol=1e-3):
        raise ModelError("The class probabilities of a pixel must not be negative and must sum to 1.")
    return values


def _one_hot(indices: Tensor, count: int, like: Tensor) -> Tensor:
    return torch.nn.functional.one_hot(indices, count).movedim(-1, 1).to(like.dtype)


def _normalised(classes: Tensor) -> Tensor:
    return classes / classes.sum(dim=1, keepdim=True)


def _uniform(size: Sequence[int], like: Tensor, generator: torch.Generator | None) -> Tensor:
    drawn = torch.rand(tuple(size), dtype=like.dtype, device=_device(generator), generator=generator)
    return drawn.to(like.device)


def _device(generator: torch.Generator | None) -> torch.device:
    return torch.device("cpu") if generator is None else generator.device


def _float32() -> Tensor:
    return torch.empty(0, dtype=torch.float32)
