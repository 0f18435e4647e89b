"""What a wavelet flow does to the shape of spectra where it keeps it: every class is moved as a whole, nothing is stretched.

On a logarithmic scale a picture is a brightness, the mean over wavelengths, and a shape, what is left of each wavelength. Speckle, shadows and
gains of a device are in the brightness; the ratios of the wavelengths, and with them oxygenation, are in the shape. A flow that gives
every spectral component the target's spread also turns ratios: it enlarges noise into the target's and the saturation of a vessel with it. Here
the shape is moved by the difference of the domains' class means and is otherwise as it was; noise comes from the picture, see
:mod:`napari_udt.models.noise`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

DOMAINS = ("simulated", "real")
# As if so many further pixels had been seen that do not move: rare classes are not moved by noise.
_PIXELS_OF_DOUBT = 1
_SMALLEST = 1e-6


class KeptShape(nn.Module):
    """Move components of spectra by an offset that follows from domain and class; see the module.

    Parameters
    ----------
    components : int
        All but the brightness.
    class_channels : int
        Maps of the classes.
    statistics : mapping of {"simulated", "real"} to (mean, std)
        By which the domains were standardised: a shape keeps its size in compressed values, not in standardised ones.
    domain_noise : float
        Noise of training on the domain entries of a condition, which are this far from 0 and 1.
    """

    spread: Tensor
    unit: Tensor
    offset: Tensor

    def __init__(
        self,
        components: int,
        class_channels: int,
        statistics: Mapping[str, tuple[float, float]],
        domain_noise: float,
    ) -> None:
        super().__init__()
        self.domain_noise = domain_noise
        self.register_buffer("spread", torch.tensor([statistics[domain][1] for domain in DOMAINS]))
        # root mean square of what is coded, in compressed values
        self.register_buffer("unit", torch.ones(components))
        self.register_buffer("offset", torch.zeros(len(DOMAINS), components, 1 + class_channels))

    def forward(self, x: Tensor, condition: Tensor) -> tuple[Tensor, Tensor]:
        """Encode (n, components, H, W) given (n, 2 + classes, H, W); with the log-determinant (n,) in nats."""
        spread, offset = self.move(condition)
        gain = spread / self.unit[:, None, None]
        return x * gain - offset, gain.log().flatten(1).sum(dim=1)

    def inverse(self, z: Tensor, condition: Tensor) -> tuple[Tensor, Tensor]:
        """Decode; with the log-determinant of the inverse map."""
        spread, offset = self.move(condition)
        gain = spread / self.unit[:, None, None]
        return (z + offset) / gain, -gain.log().flatten(1).sum(dim=1)

    def move(self, condition: Tensor) -> tuple[Tensor, Tensor]:
        """Spread (n, 1, H, W) of the domain, and offset (n, components, H, W), of a condition."""
        share = self._real(condition)
        spread = torch.lerp(self.spread[0], self.spread[1], share)
        classes = self._with_one(condition)
        simulated, real = (torch.einsum("ck,nkhw->nchw", offset, classes) for offset in self.offset)
        return spread, torch.lerp(simulated, real, share)

    @torch.no_grad()
    def fit(self, domains: Sequence[tuple[Tensor, Tensor]]) -> None:
        """Set units and offsets from components (N, components, H, W) and conditions (N, 2 + classes, H, W) of each domain."""
        values = [x * self.spread[index].to(x) for index, (x, _) in enumerate(domains)]
        found, power = [], []
        for x, (_, condition) in zip(values, domains, strict=True):
            pixels, classes = (
                x.movedim(1, -1).flatten(0, 2),
                self._with_one(condition).movedim(1, -1).flatten(0, 2),
            )
            doubt = _PIXELS_OF_DOUBT * torch.eye(classes.shape[1]).to(classes)
            doubt[0, 0] = _SMALLEST
            found.append(torch.linalg.solve(classes.T @ classes + doubt, classes.T @ pixels))
            power.append((pixels - classes @ found[-1]).square().mean(dim=0))
        unit = torch.stack(power).mean(dim=0).sqrt().clamp_min(_SMALLEST)
        self.unit.copy_(unit)
        for index, coefficients in enumerate(found):
            self.offset[index].copy_(coefficients.T / unit[:, None])

    def _real(self, condition: Tensor) -> Tensor:
        """Share of the real domain, 0 to 1, shape (n, 1, H, W)."""
        noise = self.domain_noise
        return ((condition[:, 1:2] - noise / 2) / max(1 - noise, 1e-6)).clamp(0, 1)

    def _with_one(self, condition: Tensor) -> Tensor:
        classes = condition[:, len(DOMAINS) :]
        return torch.cat(
            (torch.ones_like(classes[:, :1] if classes.shape[1] else condition[:, :1]), classes), dim=1
        )
