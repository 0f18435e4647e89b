"""The sections of a training configuration, as frozen dataclasses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from napari_udt.training.tables import (
    CROP,
    FILLED,
    FRACTION,
    NOT_NEGATIVE,
    POSITIVE,
    SHARE,
    SIZES,
    bounded,
)

Condition = Literal["class", "domain", "none"]
Intensity = Literal["linear", "asinh", "softplus"]
NoiseProfile = Literal["none", "target"]
SecondLabels = Literal["proxy", "given"]
ChosenBy = Literal["likelihood", "realism"]
Pairs = Literal["transport", "random"]
Judge = Literal["picture", "segmentation"]


@dataclass(frozen=True)
class DataConfig:
    """Where the samples come from and how they are varied.

    Parameters
    ----------
    simulated, second : str
        Data set files of the two domains; relative to the working directory.
    held_out_fraction : float
        Share of each data set that is never trained on: early stopping and the card's numbers use it.
    noise : float
        Standard deviation of the noise added to every training sample, in normalised units.
    second_noise_share : float
        Share of it that the target domain's samples get: less where they have noise of their own.
    speckle : float
        PAT whose intensity is compressed only: strength of speckle on simulated images, in units of their median absolute value, see
        :mod:`napari_udt.models.noise`.
    clutter : float
        Share of the speckle's spectrum that is the skin's, 0 to 1.
    noise_profile : {"none", "target"}
        PAT whose intensity is compressed only: whether simulated images get noise as strong, at every depth, as that which the target's
        wavelengths do not share. How it differs from image to image is then taken from the target too.
    noise_variation : float
        PAT only: standard deviation, from image to image, of the logarithm of the simulated images' white noise.
    noise_in_transfer : bool
        Whether transfers may add that noise to simulated samples too (``input_noise`` of the model), and are judged with it
        in training: where the simulation has no noise of its own.
    centre : bool
        Whether each domain's mean is subtracted. Without it values are only divided by their root mean square: a
        transfer then starts from a pure gain, which keeps dark pixels of an image positive.
    intensity : {"linear", "asinh", "softplus"}
        PAT only: how values x are compressed before they are standardised, with the median absolute value of the domain's
        training samples as scale, see :mod:`napari_udt.models.intensity`.
    crop : tuple of int
        (rows, columns) of the random crops that images are trained on; empty for whole images.
    flips : bool
        Whether images are flipped left-right at random; never outside training.
    fitted_pictures : int
        PAT only: images of each domain, about, that what is fitted in closed form is fitted to.
    leave_out : tuple of str
        HSI only: classes whose samples of the target domain are neither trained on nor evaluated while training; the
        simulated ones stay. The card's numbers include them.
    """

    simulated: str = bounded(FILLED)
    second: str = bounded(FILLED)
    held_out_fraction: float = bounded(FRACTION, 0.1)
    noise: float = bounded(NOT_NEGATIVE, 0.1)
    second_noise_share: float = bounded(NOT_NEGATIVE, 1.0)
    speckle: float = bounded(NOT_NEGATIVE, 0.0)
    clutter: float = bounded(SHARE, 0.0)
    noise_profile: NoiseProfile = "none"
    noise_variation: float = bounded(SHARE, 0.0)
    noise_in_transfer: bool = False
    centre: bool = True
    intensity: Intensity = "linear"
    crop: tuple[int, ...] = bounded(CROP, ())
    flips: bool = False
    fitted_pictures: int = bounded(POSITIVE, 48)
    leave_out: tuple[str, ...] = ()


@dataclass(frozen=True)
class ConditionConfig:
    """How the conditions are drawn, see :class:`napari_udt.models.conditions.Conditions`.

    Parameters
    ----------
    on : {"class", "domain", "none"}
        What the network is conditioned on: domain and class (cINN_DY), the domain alone (cINN_D), for UNIT and
        CycleGAN, which have a network per domain, the class (UNIT_Y) or nothing.
    second_labels : {"proxy", "given"}
        Whether the target domain's classes are treated as unknown, as in the paper, or used.
    label_noise_level : float
        Uniform noise on every class entry before it is normalised: 0.5 HSI, 0.2 PAT in the paper's code.
    domain_noise : float
        Uniform noise on the domain entries.
    """

    on: Condition = "class"
    second_labels: SecondLabels = "proxy"
    label_noise_level: float = bounded(NOT_NEGATIVE, 0.5)
    domain_noise: float = bounded(SHARE, 0.1)


@dataclass(frozen=True)
class DiscriminatorConfig:
    """Size of the two discriminators, and what keeps them in check.

    Parameters
    ----------
    width : int
        Hidden units (HSI) or channels after the first convolution (PAT: doubled by each following one).
    layers : int
        Hidden layers (HSI) or strided convolutions per scale (PAT).
    scales : int
        PAT only: resolutions that are judged, each half of the one before.
    dropout : float
        HSI only: probability in the first hidden layer.
    spectral_norm : bool
        Whether every layer is divided by its largest singular value (Miyato et al., "Spectral Normalization for Generative
        Adversarial Networks", ICLR 2018): scores then change slowly, and so do the gradients that the network learns from.
    real_target : float
        Score that a domain's own samples, and in the network's eyes its transfers, shall get: below 1 for smoothed labels.
    """

    width: int = bounded(POSITIVE, 256)
    layers: int = bounded(POSITIVE, 2)
    scales: int = bounded(POSITIVE, 3)
    dropout: float = bounded(SHARE, 0.2)
    spectral_norm: bool = False
    real_target: float = bounded(POSITIVE, 1.0)


@dataclass(frozen=True)
class AutoencoderConfig:
    """Losses of UNIT and CycleGAN; the defaults are the published weights.

    Parameters
    ----------
    cycle_weight : float
        Of the mean squared error after a transfer there and back.
    reconstruction_weight, prior_weight, cycle_prior_weight : float
        UNIT only: of each domain's own reconstruction, and of the latents' mean square before and after a transfer.
    latent_noise : float
        Standard deviation of the noise added to latents in training: 1 for images in the published code, 0 for
        spectra.
    """

    cycle_weight: float = bounded(NOT_NEGATIVE, 10.0)
    reconstruction_weight: float = bounded(NOT_NEGATIVE, 10.0)
    prior_weight: float = bounded(NOT_NEGATIVE, 0.05)
    cycle_prior_weight: float = bounded(NOT_NEGATIVE, 0.05)
    latent_noise: float = bounded(NOT_NEGATIVE, 0.0)


@dataclass(frozen=True)
class FlowMatchingConfig:
    """How flow matching pairs the samples of a batch.

    Parameters
    ----------
    pairs : {"transport", "random"}
        By least sum of squared distances within each class, or as they are drawn.
    """

    pairs: Pairs = "transport"


@dataclass(frozen=True)
class DicycleConfig:
    """Losses of DicycleGAN beside those that it has in common with CycleGAN; the weights are the published ones.

    Parameters
    ----------
    align_weight : float
        Of what the mutual information of a picture and its undeformed transfer lacks of 1.
    dicycle_weight : float
        Of the mean absolute error after a deformed transfer there and back.
    pixels, wavelengths : int
        Of each picture, drawn at random in every step, that the mutual information is computed on.
    """

    align_weight: float = bounded(NOT_NEGATIVE, 0.9)
    dicycle_weight: float = bounded(NOT_NEGATIVE, 10.0)
    pixels: int = bounded(POSITIVE, 4096)
    wavelengths: int = bounded(POSITIVE, 4)


@dataclass(frozen=True)
class SynDiffConfig:
    """Losses of SynDiff beside the adversarial ones; the weights are the published ones.

    Parameters
    ----------
    denoised_weight, cycle_weight : float
        Of the mean absolute error of the denoised target sample, and of pseudo-sources that are transferred back.
    source_noise : float
        Standard deviation, in normalised units, of noise on pseudo-sources: a generator could hide the target in them.
    penalty_weight : float
        Of the squared gradient of a discriminator of steps at true samples (R1, Mescheder et al., ICML 2018).
    penalty_every : int
        Steps from one penalty to the next.
    """

    denoised_weight: float = bounded(NOT_NEGATIVE, 0.5)
    cycle_weight: float = bounded(NOT_NEGATIVE, 0.5)
    source_noise: float = bounded(NOT_NEGATIVE, 0.1)
    penalty_weight: float = bounded(NOT_NEGATIVE, 1.0)
    penalty_every: int = bounded(POSITIVE, 10)


@dataclass(frozen=True)
class LabelToImageConfig:
    """What teaches a generator of pictures from labels, see :mod:`napari_udt.training.label_to_image`.

    Parameters
    ----------
    discriminator : {"picture", "segmentation"}
        "picture" tells real pictures from made ones, and a segmenter that learns from the made ones alone says whether the labels can
        be recognised (USIS, Med-USIS: the target needs no labels). "segmentation" is both in one: a segmenter of real
        pictures, by their labels, for which made ones are a class of their own (OASIS).
    wavelets : bool
        Whether the discriminator sees the Haar bands of a picture at every scale.
    widths : tuple of int
        Channels of the discriminator, from the finest scale to the coarsest.
    segmenter_widths : tuple of int
        Channels of the segmenter.
    segmentation_weight : float
        Of the class-weighted cross-entropy of the labels and what the segmenter recognises.
    reconstruction_weight : float
        Of the L1 error of reconstructing real pictures from the discriminator's features (USIS); 0 for none.
    r1_weight : float
        Of the squared gradient of the discriminator at real pictures.
    r1_every : int
        Steps from one of these to the next, which counts as many times as much.
    """

    discriminator: Judge = "picture"
    wavelets: bool = True
    widths: tuple[int, ...] = bounded(SIZES, (24, 32, 48, 64, 64))
    segmenter_widths: tuple[int, ...] = bounded(SIZES, (16, 32, 48))
    segmentation_weight: float = bounded(NOT_NEGATIVE, 1.0)
    reconstruction_weight: float = bounded(NOT_NEGATIVE, 0.0)
    r1_weight: float = bounded(NOT_NEGATIVE, 10.0)
    r1_every: int = bounded(POSITIVE, 4)


@dataclass(frozen=True)
class TermsConfig:
    """Weights of the terms that are not the paper's, see :mod:`napari_udt.training.terms`; 0 leaves a term out.

    Parameters
    ----------
    content_weight : float
        Of the haemoglobin content that a transfer must keep.
    content_batches : int
        Recent batches over which the content's order counts too; 1 takes every batch by itself.
    moments_weight : float
        Of the class means (and spreads, for spectra) that it must meet.
    moments_memory : float
        Share of a batch's weight that is left a step later, where the moments are taken over the recent batches; 0
        takes every batch for itself.
    vessels_weight : float
        PAT only: of the saturation of whole vessels, which must follow the source's.
    vessels_memory : int
        Recent vessels that this is judged over.
    texture_weight : float
        PAT, wavelet flow only: of the power of the details that every class must have, level by level; over as many batches as the
        moments.
    samples : int
        Samples of a batch that are transferred for the terms, the first ones; 0 for all.
    every : int
        Steps from one on which the terms count to the next: transfers cost more than likelihoods.
    """

    content_weight: float = bounded(NOT_NEGATIVE, 0.0)
    content_batches: int = bounded(POSITIVE, 1)
    moments_weight: float = bounded(NOT_NEGATIVE, 0.0)
    moments_memory: float = bounded(SHARE, 0.0)
    vessels_weight: float = bounded(NOT_NEGATIVE, 0.0)
    vessels_memory: int = bounded(POSITIVE, 120)
    texture_weight: float = bounded(NOT_NEGATIVE, 0.0)
    samples: int = bounded(NOT_NEGATIVE, 0)
    every: int = bounded(POSITIVE, 1)


@dataclass(frozen=True)
class OptimisationConfig:
    """How long and how fast.

    Parameters
    ----------
    steps : int
        Optimiser steps; the learning rates fall to zero over them along a half cosine. With 0 the model is what is fitted in
        closed form before the first one.
    batch_size : int
        Samples of each domain per step.
    learning_rate, discriminator_learning_rate : float
        Of Adam at the start; the two optimisers share no parameter.
    momentum : float
        Of Adam, its first decay rate; adversarial training is often steadier with 0.
    gradient_clip : float
        Largest absolute value of a gradient entry.
    weight_decay : float
        Of Adam: 0 for the cINN, 1e-4 for UNIT and CycleGAN in the published code.
    gan_weight : float
        Weight of the adversarial terms: equation (4) for the cINN; 1 for UNIT and 5 for CycleGAN in the published
        code. 0 leaves the discriminators out.
    evaluate_every : int
        Steps between two evaluations on held-out data; a line of the log and a checkpoint follow each.
    patience : int
        Evaluations without improvement after which the run stops early.
    held_out_samples : int
        Held-out samples per domain that an evaluation uses.
    window : int
        Wavelet flow only: a square of that side has as many of a level's blocks as the likelihood sees in a step; 0 for all.
    weight_average : float
        Share of the moving average of the weights that is left a step later; evaluations and the model take the average. 0 takes
        the weights themselves.
    choose_by : {"likelihood", "realism"}
        By what held-out value the weights that are kept are chosen; for UNIT and CycleGAN the first is their own criterion. See
        :mod:`napari_udt.training.realism` (PAT) and :mod:`napari_udt.training.spectral_realism` (HSI).
    single_thread : bool
        Steps use one thread of the processor: layers as narrow as a residual generator's take longer on two that sleep while they
        wait for each other, and the window keeps a core.
    """

    steps: int = bounded(NOT_NEGATIVE)
    batch_size: int = bounded(POSITIVE)
    learning_rate: float = bounded(POSITIVE, 1e-3)
    discriminator_learning_rate: float = bounded(POSITIVE, 1e-3)
    momentum: float = bounded(SHARE, 0.9)
    gradient_clip: float = bounded(POSITIVE, 0.1)
    weight_decay: float = bounded(NOT_NEGATIVE, 0.0)
    gan_weight: float = bounded(NOT_NEGATIVE, 1.0)
    evaluate_every: int = bounded(POSITIVE, 100)
    patience: int = bounded(POSITIVE, 10)
    held_out_samples: int = bounded(POSITIVE, 1000)
    window: int = bounded(NOT_NEGATIVE, 0)
    weight_average: float = bounded(SHARE, 0.0)
    choose_by: ChosenBy = "likelihood"
    single_thread: bool = False
