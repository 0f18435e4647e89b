"""Terms beside the paper's losses: what a transferred sample must keep, and what it must meet.

Likelihood and adversarial losses alone do not tie a transferred spectrum to its origin: any rotation of the latent space
fits the two domains equally well, and most of them mix the oxygenation that was simulated with everything else. Both
terms are not in Dreher et al., MICCAI 2023; a configuration that gives them the weight 0 trains as the paper
does.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor, nn

from napari_udt.cube import Modality
from napari_udt.errors import TrainingError
from napari_udt.models.model import TransferModel
from napari_udt.spectral.chromophores import absorption
from napari_udt.spectral.unmixing import HAEMOGLOBINS, TRAINING_WINDOWS, background
from napari_udt.training.running import Moments, RecentSamples, RunningMoments, steered
from napari_udt.training.samples import Samples
from napari_udt.training.term import Term, as_spectra

# A reflectance (of an L2-normalised spectrum) below this counts as this in a logarithm; typical values are 0.1.
_DARKEST = 1e-3
# Classes with fewer spectra in a batch say nothing about a correlation or a spread.
_FEWEST = 8
# Wavelengths that a window's coefficients are fitted to, at least.
_FEWEST_BANDS = 5
# Distance between two mean shapes that counts as one unit, relative to their size.
_SHAPE_TOLERANCE = 0.05
# Pixels of each domain that a target is computed from, at most.
_TARGET_PIXELS = 400_000


class HaemoglobinContent(Term):
    r"""The haemoglobin content must be recoverable from a transferred spectrum.

    In each window, least squares give the coefficients of HbO2 and Hb (reflectance: of :math:`-\ln R`, with a free
    constant and a free logarithm of the wavelength for scattering; photoacoustic pressure: of the spectrum itself). The loss is one minus
    the correlation, within each class, of the coefficients, and of their angle
    :math:`\operatorname{atan2}(c_{HbO2}, c_{Hb})`, before and after the transfer: a class may move as a whole, but its
    members keep their order. Where samples of recent batches are kept, their correlation counts as well: one image
    says nothing about the order of vessels in different images.

    Parameters
    ----------
    model : TransferModel
    batches : int
        Recent batches that samples are kept of, the newest included; 1 for none but the newest.

    Raises
    ------
    TrainingError
        When no window holds enough of the model's wavelengths.
    """

    loss = "content_simulated"

    def __init__(self, model: TransferModel, batches: int = 1) -> None:
        super().__init__(model)
        self.readouts = _readouts(np.array(model.spec.wavelengths_nm), model.spec.modality)
        self.recent = RecentSamples(batches) if batches > 1 else None
        if not self.readouts:
            windows = " or ".join(f"{w.low_nm:g}-{w.high_nm:g}" for w in TRAINING_WINDOWS)
            raise TrainingError(
                f"{model.spec.name}: terms.content_weight uses the haemoglobin content, which needs {_FEWEST_BANDS} "
                f"wavelengths within {windows} nm; set it to 0 for these data."
            )

    def __call__(self, x: Tensor, moved: Tensor, labels: Tensor) -> Tensor:
        """Lost correlation, mean over coefficients and classes."""
        before, after = (self.coefficients(self.raw(v, d)) for v, d in ((x, "simulated"), (moved, "second")))
        labels = labels.flatten()
        lost = lost_correlation(before, after, labels, self.classes)
        return (
            lost if self.recent is None else lost + self._lost_over_time(self.recent, before, after, labels)
        )

    def _lost_over_time(self, recent: RecentSamples, before: Tensor, after: Tensor, labels: Tensor) -> Tensor:
        values, kinds, batches = recent(torch.cat((before, after), dim=1), labels)
        first, second = values.chunk(2, dim=1)
        return steered(lost_correlation(first, second, kinds, self.classes), batches)

    def state(self) -> dict[str, Tensor]:
        """Return the samples that are kept."""
        return {} if self.recent is None else self.recent.state()

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Go back to such samples."""
        if self.recent is not None:
            self.recent.restore(state)

    def coefficients(self, spectra: Tensor) -> Tensor:
        """Coefficients of HbO2 and Hb and their angle in every window, shape (n, 3 windows)."""
        values = spectra if self.model.spec.modality == "PAT" else -spectra.clamp_min(_DARKEST).log()
        found = [values[:, index.to(values.device)] @ readout.to(values) for index, readout in self.readouts]
        angles = [torch.atan2(c[:, 0], c[:, 1])[:, None] for c in found]
        return torch.cat([*found, *angles], dim=1)


class ClassMoments(Term):
    """A transferred class must have the target domain's mean, and for spectra its spread, at each wavelength.

    Distances count in the target domain's standard deviations (spectra) or in 5 % of a mean shape's size (images, whose
    pixels are compared L2-normalised, and by their level in normalised units). A network that does not know the class
    is held to the moments of all classes together.

    Parameters
    ----------
    model : TransferModel
    samples : mapping of {"simulated", "second"} to Samples
        What is trained on; the targets come from the target domain's, with the labels that training may see.
    memory : float
        How far back batches count, see :class:`~napari_udt.training.running.RunningMoments`.
    sees_noise : bool
        Whether the transfers bear the noise of training, as they must where inference adds it.
    """

    loss = "moments_simulated"

    def __init__(
        self,
        model: TransferModel,
        samples: Mapping[str, Samples],
        memory: float = 0.0,
        *,
        sees_noise: bool = False,
    ) -> None:
        super().__init__(model)
        self.sees_noise = sees_noise
        self.recent = RunningMoments(memory)
        self.by_class = model.spec.condition == "class" and bool((samples["second"].labels >= 0).any())
        self.spread = model.spec.modality == "HSI"
        features, labels = self._target(samples["second"])
        count, self.mean, variance = class_moments(features, self._groups(labels), self.classes)
        self.known = count >= _FEWEST
        self.deviation = variance.sqrt() if self.spread else self._tolerance(variance)

    def __call__(self, x: Tensor, moved: Tensor, labels: Tensor) -> Tensor:
        """Mean square distance of the transfers' moments."""
        features = self._features(moved, "second")
        batch = class_moments(features, self._groups(labels.flatten()), self.classes)
        count, mean, variance = self.recent(batch)
        # Classes without a target are cut out first: what is divided by their deviation of 0 would spoil the gradient.
        usable = (count >= _FEWEST) & self.known.to(mean.device)
        target, deviation = (values.to(mean)[usable] for values in (self.mean, self.deviation))
        distance = ((mean[usable] - target) / deviation).square()
        if self.spread:
            log_spread = 0.5 * variance[usable].clamp_min(1e-12).log()
            distance = distance + (log_spread - deviation.log()).square()
        return self.recent.unhurried(distance.mean() if bool(usable.any()) else distance.sum())

    def state(self) -> dict[str, Tensor]:
        """Return the moments of the recent batches."""
        return self.recent.state()

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Go back to such moments."""
        self.recent.restore(state)

    def _target(self, second: Samples) -> tuple[Tensor, Tensor]:
        """Features and labels of the target domain's spectra; of images, pixels evenly spread over all of them."""
        if self.spread:
            return self._features(second.values, "second"), second.labels
        every = max(1, second.labels.numel() // _TARGET_PIXELS)
        features = [self._features(image[None], "second")[::every] for image in second.values]
        return torch.cat(features), torch.cat([image.flatten()[::every] for image in second.labels])

    def _features(self, x: Tensor, domain: str) -> Tensor:
        if self.spread:
            return x
        level = as_spectra(x).mean(dim=1, keepdim=True)
        return torch.cat((nn.functional.normalize(self.raw(x, domain), dim=1), level), dim=1)

    def _tolerance(self, variance: Tensor) -> Tensor:
        """5 % of a shape's size at every wavelength; the level's own standard deviation."""
        shape = self.mean[:, :-1]
        size = shape.square().mean(dim=1, keepdim=True).sqrt().expand_as(shape)
        return torch.cat((_SHAPE_TOLERANCE * size, variance[:, -1:].sqrt()), dim=1)

    def _groups(self, labels: Tensor) -> Tensor:
        return labels if self.by_class else torch.zeros_like(labels)


def class_moments(values: Tensor, labels: Tensor, classes: int) -> Moments:
    """Count, mean and variance of every class.

    Parameters
    ----------
    values : Tensor, shape (n, F)
    labels : integer Tensor, shape (n,)
        -1 where unknown.
    classes : int
        K.

    Returns
    -------
    Moments
    """
    members, count = _membership(values, labels, classes)
    mean = members.T @ values / count[:, None].clamp_min(1)
    variance = members.T @ (values - members @ mean).square() / (count[:, None] - 1).clamp_min(1)
    return Moments(count, mean, variance)


def lost_correlation(before: Tensor, after: Tensor, labels: Tensor, classes: int) -> Tensor:
    """One minus Pearson's correlation within each class, mean over features (n, F) and the classes that occur."""
    members, count = _membership(before, labels, classes)
    centred = [v - members @ (members.T @ v / count[:, None].clamp_min(1)) for v in (before, after)]
    variances = [members.T @ v.square() for v in centred]
    covariance = members.T @ (centred[0] * centred[1])
    correlation = covariance / (variances[0] * variances[1]).clamp_min(1e-24).sqrt()
    return _mean_where((1 - correlation).mean(dim=1), count >= _FEWEST)


def _membership(values: Tensor, labels: Tensor, classes: int) -> tuple[Tensor, Tensor]:
    """Which sample is in which class (n, K), as numbers; and how many each class has."""
    members = (labels[:, None] == torch.arange(classes, device=labels.device)).to(values.dtype)
    return members, members.sum(dim=0)


def _mean_where(values: Tensor, chosen: Tensor) -> Tensor:
    """Mean of the chosen values; 0 where there is none."""
    return values[chosen].mean() if bool(chosen.any()) else values.new_zeros(())


def _readouts(wavelengths_nm: np.ndarray, modality: Modality) -> list[tuple[Tensor, Tensor]]:
    """Of every window that holds enough wavelengths: their indices, and the matrix (L, 2) of the least squares."""
    found = []
    for window in TRAINING_WINDOWS:
        index = np.flatnonzero(window.mask(wavelengths_nm))
        if len(index) < _FEWEST_BANDS:
            continue
        at = wavelengths_nm[index]
        blood = np.stack([absorption().at(name, at) for name in HAEMOGLOBINS], axis=1)
        readout = np.linalg.pinv(np.hstack([blood, background(at, modality)]))[:2]
        found.append((torch.from_numpy(index), torch.from_numpy(readout.T.astype(np.float32))))
    return found
