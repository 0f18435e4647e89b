"""The families of networks that can be trained, by the name of their method in a configuration."""

from __future__ import annotations

from dataclasses import dataclass

from napari_udt.training.config import TrainingConfig
from napari_udt.training.cycle import UNIT, CycleGAN, ResidualCycleGAN, ResidualUNIT
from napari_udt.training.dicycle import DicycleGAN
from napari_udt.training.flow_matching import FlowMatching
from napari_udt.training.label_to_image import LabelToImage
from napari_udt.training.level_likelihood import LevelLikelihood
from napari_udt.training.likelihood import Likelihood
from napari_udt.training.objective import Objective
from napari_udt.training.syndiff import SynDiff


@dataclass(frozen=True)
class Family:
    """What is particular about a method, for its training and its card.

    Parameters
    ----------
    objective : type of Objective
    words : str
        What its networks are, and their source.
    criterion : str
        By what the weights that are kept are chosen on held-out samples.
    check : str
        How far a single result can be checked.
    """

    objective: type[Objective]
    words: str
    criterion: str
    check: str


_DISTANCE = "energy distance to the other domain plus cycle error"
_NO_CHECK = "no likelihood, and no exact way back, would tell where it fails."

FAMILIES = {
    "label_to_image": Family(
        LabelToImage,
        'Generator of pictures from labels alone, after Tang, "Med-USIS", thesis, Stuttgart 2024, and Eskandar et al., "Wavelet-based '
        'Unsupervised Label-to-Image Translation", ICASSP 2022',
        "energy distance to the target domain plus distance of the power of details",
        "no likelihood and no source would tell where it fails.",
    ),
    "cinn": Family(
        Likelihood,
        'Conditional invertible network, after Dreher et al., "Unsupervised Domain Transfer with Conditional '
        'Invertible Neural Networks", MICCAI 2023',
        "likelihood",
        "how much the condition leaves open is computed by `napari_udt.inference.uncertainty.condition_spread`.",
    ),
    "unit": Family(
        UNIT,
        'Pair of auto-encoders with one latent space, after Liu et al., "Unsupervised Image-to-Image Translation '
        'Networks", NeurIPS 2017, in the form that Dreher et al., MICCAI 2023, compare with',
        _DISTANCE,
        _NO_CHECK,
    ),
    "cyclegan": Family(
        CycleGAN,
        'Two auto-encoders, one per direction, after Zhu et al., "Unpaired Image-to-Image Translation using '
        'Cycle-Consistent Adversarial Networks", ICCV 2017, in the form that Dreher et al., MICCAI 2023, compare with',
        _DISTANCE,
        _NO_CHECK,
    ),
    "flow_matching": Family(
        FlowMatching,
        'Velocity field along which spectra move from domain to domain, after Lipman et al., "Flow Matching for Generative '
        'Modeling", ICLR 2023, with pairs as in Tong et al., "Improving and generalizing flow-based generative models with '
        'minibatch optimal transport", TMLR 2024',
        "energy distance to the target domain",
        "no likelihood would tell where it fails; the way back is exact up to the integration.",
    ),
    "dicyclegan": Family(
        DicycleGAN,
        'Generators with a field of offsets beside them, which takes what the target domain displaces, after Wang et al., "Unsupervised '
        'Learning for Cross-Domain Medical Image Synthesis Using Deformation Invariant Cycle Consistency Networks", SASHIMI 2018; transfers '
        "are undeformed",
        _DISTANCE,
        _NO_CHECK,
    ),
    "syndiff": Family(
        SynDiff,
        'Diffusion of few steps that is guided by the source, trained with discriminators, after Özbey et al., "Unsupervised '
        'Medical Image Translation with Adversarial Diffusion Models", IEEE TMI 2023, with denoisers that change the source '
        "within bounds",
        _DISTANCE,
        "a transfer is one sample, and how much samples differ is computed by `napari_udt.inference.uncertainty.condition_spread`.",
    ),
}


# Where generators add a bounded change instead of making a sample anew.
_RESIDUAL: dict[str, type[Objective]] = {"cyclegan": ResidualCycleGAN, "unit": ResidualUNIT}


def objective_of(config: TrainingConfig) -> type[Objective]:
    """Return what the training of a configuration minimises: a cINN with levels is a wavelet flow, generators may be residual."""
    if "residual_bound" in config.architecture and config.method in _RESIDUAL:
        return _RESIDUAL[config.method]
    if config.method == "cinn" and "levels" in config.architecture:
        return LevelLikelihood
    return FAMILIES[config.method].objective
