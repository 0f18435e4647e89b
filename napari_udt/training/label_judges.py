"""What teaches a generator of pictures from labels: discriminators of whole pictures, and a segmenter of what it makes.

They exist during training only. Written from the equations of Med-USIS (Tang, thesis, Stuttgart 2024), USIS (Eskandar et al., "USIS: Unsupervised
Semantic Image Synthesis", 2021), and OASIS (Schönfeld et al., ICLR 2021).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from napari_udt.models.haar import haar_downsample, haar_upsample

_SLOPE = 0.2
_MAX_WEIGHT = 50.0


class PictureDiscriminator(nn.Module):
    """Judge whole pictures: one score for each place of the coarsest scale, each of which sees most of the picture.

    With wavelets the trunk gets the Haar bands of the picture at every scale, so that fine detail is not lost on the way down;
    else it gets the picture alone.

    Parameters
    ----------
    channels : int
        Wavelengths C.
    widths : sequence of int
        Channels of the trunk from half the picture's size on, halved from one to the next.
    wavelets : bool
    reconstructs : bool
        Whether a decoder reconstructs a picture from the trunk (USIS): features that tell a picture tell more than real from fake.
    """

    def __init__(self, channels: int, widths: Sequence[int], *, wavelets: bool, reconstructs: bool) -> None:
        super().__init__()
        self.wavelets = wavelets
        self.looks = nn.ModuleList(
            nn.Conv2d(4 * channels, width, 1) for width in (widths if wavelets else widths[:1])
        )
        self.down = nn.ModuleList(_Down(fine, coarse) for fine, coarse in pairwise(widths))
        self.last = nn.Sequential(
            nn.Conv2d(widths[-1] + 1, widths[-1], 3, padding=1),
            nn.LeakyReLU(_SLOPE),
            nn.Conv2d(widths[-1], 1, 1),
        )
        self.decoder = _Decoder(channels, widths) if reconstructs else None

    def features(self, pictures: Tensor) -> list[Tensor]:
        """Return the trunk's features, from half the picture's size to the coarsest scale."""
        found = [functional.leaky_relu(self.looks[0](haar_downsample(pictures)), _SLOPE)]
        for level, down in enumerate(self.down, start=1):
            features = down(found[-1])
            if self.wavelets:
                pictures = functional.avg_pool2d(pictures, 2)
                features = features + self.looks[level](haar_downsample(pictures))
            found.append(functional.leaky_relu(features, _SLOPE))
        return found

    def forward(self, pictures: Tensor) -> Tensor:
        """Scores (n, 1, h, w)."""
        return self.scores(self.features(pictures)[-1])

    def scores(self, features: Tensor) -> Tensor:
        """Scores from the features of the coarsest scale, and from how much these vary within the batch."""
        varied = features.std(dim=0, correction=0).mean() if len(features) > 1 else features.new_zeros(())
        scores: Tensor = self.last(
            torch.cat((features, varied.expand(len(features), 1, *features.shape[-2:])), 1)
        )
        return scores

    def reconstruction(self, features: Sequence[Tensor]) -> Tensor:
        """Return the picture that the decoder sees in features."""
        assert self.decoder is not None
        picture: Tensor = self.decoder(features)
        return picture


class _Down(nn.Module):
    """Halve with a residual: 3 x 3, 3 x 3 with stride 2, beside an average and a 1 x 1."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(inputs, inputs, 3, padding=1)
        self.second = nn.Conv2d(inputs, outputs, 3, stride=2, padding=1)
        self.beside = nn.Conv2d(inputs, outputs, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        changed = self.second(functional.leaky_relu(self.first(x), _SLOPE))
        added: Tensor = (changed + self.beside(functional.avg_pool2d(x, 2))) / 2**0.5
        return added


class _Decoder(nn.Module):
    """Reconstruct a picture from the coarsest features; from the finer ones half of the channels are seen."""

    def __init__(self, channels: int, widths: Sequence[int]) -> None:
        super().__init__()
        coarse_first = list(reversed(widths))
        self.seen = [width // 2 for width in coarse_first[1:]]
        self.up = nn.ModuleList(
            nn.Conv2d(coarse + seen, fine, 3, padding=1)
            for (coarse, fine), seen in zip(pairwise(coarse_first), self.seen, strict=True)
        )
        self.last = nn.Conv2d(widths[0], 4 * channels, 1)

    def forward(self, features: Sequence[Tensor]) -> Tensor:
        state = features[-1]
        for layer, seen, finer in zip(self.up, self.seen, reversed(features[:-1]), strict=True):
            wider = functional.interpolate(state, scale_factor=2.0)
            state = functional.leaky_relu(layer(torch.cat((wider, finer[:, :seen]), dim=1)), _SLOPE)
        return haar_upsample(self.last(state))


def class_weights(labels: Tensor, classes: int) -> Tensor:
    """Weight of every class: all pixels over its own, alpha_c = H W / E[pixels of c], for maps (n, H, W); 0 where it does not occur.

    The rarest ones weigh 50 times as much as the commonest at most.
    """
    counts = torch.bincount(labels[labels >= 0].flatten(), minlength=classes).float()
    weights = torch.where(counts > 0, counts.sum() / counts.clamp_min(1), torch.zeros(()))
    return weights.clamp_max(_MAX_WEIGHT * float(weights[weights > 0].min()))


def segmentation_loss(logits: Tensor, labels: Tensor, weights: Tensor) -> Tensor:
    """Cross-entropy of logits (n, K, H, W) and labels (n, H, W), each pixel weighted by its class; unknown ones do not count.

    Every pixel counts with alpha_c, and the sum is divided by the number of pixels (Schönfeld et al., ICLR 2021, equation 1).
    """
    known = labels >= 0
    each = functional.cross_entropy(logits, labels.clamp_min(0), reduction="none")
    return (each * weights.to(each)[labels.clamp_min(0)] * known).sum() / known.sum().clamp_min(1)
