"""Terms for images: what whole vessels must keep, and the texture that tissue must get."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor, nn

from napari_udt.models.model import TransferModel
from napari_udt.models.wavelet_flow import WaveletFlow, parted
from napari_udt.spectral.chromophores import absorption
from napari_udt.spectral.unmixing import HAEMOGLOBINS
from napari_udt.training.running import RunningMoments
from napari_udt.training.samples import Samples
from napari_udt.training.term import Term, as_spectra
from napari_udt.training.terms import class_moments

VESSELS = ("vein", "artery")
# Pixels of a vessel in a crop below which its spectrum says little.
_FEWEST_PIXELS = 8
# Vessels before which a line through them says little.
_FEWEST_VESSELS = 20
# The saturation may shrink by this factor at most: a flat line would keep no order.
_SMALLEST_SLOPE = 0.8
# Normalised values beyond this are early mistakes of the network; sinh would make them dominate everything.
_LARGEST = 8.0
# Share of a block that a class must fill to count for it.
_MOST_OF_A_BLOCK = 0.6
# Pictures of the target domain that its texture is computed from.
_PICTURES = 64
# Spectral components whose details are judged by themselves; the rest are judged together.
_COMPONENTS = 4


class VesselSaturation(Term):
    """The saturation of every vessel must follow that of its source, along one line for all recent vessels.

    Least squares of HbO2 and Hb tell it from the vessel's mean spectrum. The line is fitted to the recent vessels: veins and arteries
    may shift and contract a little together, and keep their order.

    Parameters
    ----------
    model : TransferModel
    memory : int
        Recent vessels that count.
    sees_noise : bool
        Whether the transfers bear the noise of training.
    """

    loss = "vessels_simulated"

    def __init__(self, model: TransferModel, memory: int, *, sees_noise: bool = False) -> None:
        super().__init__(model)
        self.sees_noise = sees_noise
        self.memory = memory
        names = model.spec.class_names
        self.vessels = [index for index, name in enumerate(names) if name in VESSELS]
        at = np.array(model.spec.wavelengths_nm)
        blood = np.stack([absorption().at(name, at) for name in HAEMOGLOBINS], axis=1)
        self.readout = torch.from_numpy(np.linalg.pinv(blood / blood.mean()).T.astype(np.float32))
        self.recent = torch.zeros(0, 2)

    def __call__(self, x: Tensor, moved: Tensor, labels: Tensor) -> Tensor:
        """Mean square distance from the line, relative to the spread of the source's saturations; 0 without a vessel."""
        regions = self._regions(labels)
        if not regions:
            return moved.new_zeros(())
        pairs = torch.stack(
            [
                torch.stack(
                    [self._saturation(v, d, index, inside) for v, d in ((x, "simulated"), (moved, "second"))]
                )
                for index, inside in regions
            ]
        )
        loss = self._from_line(pairs)
        self.recent = torch.cat((self.recent.to(pairs), pairs.detach()))[-self.memory :]
        return loss

    def state(self) -> dict[str, Tensor]:
        """Return the recent vessels."""
        return {"recent": self.recent}

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Go back to such vessels."""
        self.recent = state["recent"]

    def _from_line(self, pairs: Tensor) -> Tensor:
        if len(self.recent) < _FEWEST_VESSELS:
            return 0.0 * pairs.sum()
        before, after = self.recent.to(pairs).unbind(dim=1)
        variance = before.var().clamp_min(1e-4)
        covariance = ((before - before.mean()) * (after - after.mean())).mean()
        slope = (covariance / variance).clamp_min(_SMALLEST_SLOPE)
        wanted = after.mean() + slope * (pairs[:, 0] - before.mean())
        return (pairs[:, 1] - wanted).square().mean() / variance

    def _saturation(self, values: Tensor, domain: str, index: int, inside: Tensor) -> Tensor:
        pixels = values[index][:, inside].clamp(-_LARGEST, _LARGEST).T
        mean = self.raw(pixels, domain).mean(dim=0)
        oxy, deoxy = mean @ self.readout.to(mean)
        return (oxy / (oxy + deoxy).clamp_min(1e-6)).clamp(-1.0, 2.0)

    def _regions(self, labels: Tensor) -> list[tuple[int, Tensor]]:
        """Sample and mask of every connected region of a vessel class."""
        from scipy.ndimage import label

        found = []
        for index, kinds in enumerate(labels.cpu().numpy()):
            for vessel in self.vessels:
                regions, count = label(kinds == vessel)
                masks = (regions == number for number in range(1, count + 1))
                found += [
                    (index, torch.from_numpy(m).to(labels.device)) for m in masks if m.sum() >= _FEWEST_PIXELS
                ]
        return found


class DetailPower(Term):
    """The details of a class must have the power that they have in the target domain, at every level of a wavelet flow.

    The likelihood asks for it too, of the target domain's own pictures. Transferred ones come from latents that are not quite
    normal, and this tells the network what becomes of them. Of the brightest spectral component horizontal, vertical
    and diagonal details count by themselves, in mean square and in mean size; of the next ones the mean square; of all others
    together too. Compared are logarithms. A network that does not know the class is held to all classes together.

    Parameters
    ----------
    model : TransferModel
        Of a wavelet flow that has been fitted to the data.
    samples : mapping of {"simulated", "second"} to Samples
    memory : float
        How far back batches count, see :class:`~napari_udt.training.running.RunningMoments`.
    sees_noise : bool
        Whether the transfers bear the noise of training.
    """

    loss = "texture_simulated"

    def __init__(
        self, model: TransferModel, samples: Mapping[str, Samples], memory: float, *, sees_noise: bool = False
    ) -> None:
        super().__init__(model)
        assert isinstance(model.network, WaveletFlow)
        self.sees_noise = sees_noise
        self.network = model.network
        self.recent = [RunningMoments(memory) for _ in self.network.levels]
        second = samples["second"]
        self.by_class = model.spec.condition == "class" and bool((second.labels >= 0).any())
        every = max(1, len(second) // _PICTURES)
        self.targets = [
            class_moments(features, kinds, self.classes)
            for features, kinds in self._details(second.values[::every], second.labels[::every])
        ]

    def __call__(self, x: Tensor, moved: Tensor, labels: Tensor) -> Tensor:
        """Mean square difference of the logarithms."""
        losses = []
        levels = self._details(moved.clamp(-_LARGEST, _LARGEST), labels)
        for (features, kinds), recent, target in zip(levels, self.recent, self.targets, strict=True):
            found = recent(class_moments(features, kinds, self.classes))
            usable = (found.samples >= _FEWEST_PIXELS) & (target.samples >= _FEWEST_PIXELS).to(
                features.device
            )
            wanted = target.mean.to(features)[usable].clamp_min(1e-8).log()
            apart = found.mean[usable].clamp_min(1e-8).log() - wanted
            losses.append(
                recent.unhurried(apart.square().mean() if bool(usable.any()) else features.sum() * 0)
            )
        return torch.stack(losses).mean()

    def state(self) -> dict[str, Tensor]:
        """Return the moments of the recent batches."""
        return {
            f"{level}.{name}": value
            for level, recent in enumerate(self.recent)
            for name, value in recent.state().items()
        }

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Go back to such moments."""
        for level, recent in enumerate(self.recent):
            prefix = f"{level}."
            own = {name.removeprefix(prefix): v for name, v in state.items() if name.startswith(prefix)}
            recent.restore(own)

    def _details(self, pictures: Tensor, labels: Tensor) -> list[tuple[Tensor, Tensor]]:
        """Features (m, F) and classes (m,) of the blocks of every level."""
        if not self.by_class:
            labels = torch.zeros_like(labels)
        known = nn.functional.one_hot(labels.clamp_min(0), self.classes) * (labels >= 0).unsqueeze(-1)
        shares = known.movedim(-1, 1).to(pictures.dtype)
        coarse, found = torch.einsum("kc,nchw->nkhw", self.network.basis, pictures), []
        for level in self.network.detail_levels:
            coarse, details = parted(coarse)
            shares = nn.functional.avg_pool2d(shares, 2)
            most, kinds = shares.max(dim=1)
            kinds = torch.where(most >= _MOST_OF_A_BLOCK, kinds, -1)
            found.append((as_spectra(_powers(details / level.prior.unit, coarse.shape[1])), kinds.flatten()))
        return found


def _powers(details: Tensor, components: int) -> Tensor:
    """Features (n, F, H, W) of details (n, 3 C, H, W) in units of their root mean square."""
    each = details.unflatten(1, (components, 3))
    first, squares = each[:, 0], each.square()
    parts = [first.square(), first.abs(), squares[:, 1:_COMPONENTS].mean(dim=2)]
    if components > _COMPONENTS:
        parts.append(squares[:, _COMPONENTS:].mean(dim=(1, 2))[:, None])
    return torch.cat(parts, dim=1)
