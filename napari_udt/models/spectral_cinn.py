"""The conditional invertible network for spectra (HSI)."""

from __future__ import annotations

from torch import Tensor, nn

from napari_udt.models.class_transport import ClassTransport
from napari_udt.models.coupling import CouplingBlock, CouplingChain, linear_subnet


class SpectralCINN(nn.Module):
    """Chain of coupling blocks on spectra; the first ones see the condition.

    The unconditional blocks come last in encoding and first in decoding, so they cancel exactly in a transfer.

    Parameters
    ----------
    channels : int
        Wavelengths per spectrum.
    condition_channels : int
        Entries of the condition: 2 for the domain (simulated before real), then one per class.
    blocks, conditional_blocks : int
        Coupling blocks, and how many of them (the first) are conditional.
    width : int
        Hidden units of each subnet.
    clamp, initial_scale : float
        See :class:`~napari_udt.models.coupling.CouplingBlock`.
    transport : ClassTransport, optional
        A first layer that whitens by domain and class, so that the blocks learn what means and covariances leave.

    Notes
    -----
    The published network has 100 channels, 40 blocks of which 30 conditional, width 512, clamp 1 and initial
    scale 0.7 (Dreher et al., MICCAI 2023, and the authors' code).
    """

    def __init__(
        self,
        channels: int,
        condition_channels: int,
        *,
        blocks: int,
        conditional_blocks: int,
        width: int,
        clamp: float = 1.0,
        initial_scale: float = 1.0,
        transport: ClassTransport | None = None,
    ) -> None:
        super().__init__()
        self.transport = transport
        self.blocks = CouplingChain(
            CouplingBlock(
                channels,
                condition_channels if index < conditional_blocks else 0,
                linear_subnet(width),
                clamp=clamp,
                restore_order=True,
                initial_scale=initial_scale,
            )
            for index in range(blocks)
        )

    def forward(self, x: Tensor, condition: Tensor) -> tuple[Tensor, Tensor]:
        """Encode normalised spectra.

        Parameters
        ----------
        x : Tensor, shape (n, channels)
        condition : Tensor, shape (n, condition_channels)

        Returns
        -------
        z : Tensor, shape (n, channels)
        log_det : Tensor, shape (n,)
            In nats.
        """
        if self.transport is None:
            return self.blocks(x, condition)
        white, before = self.transport(x, condition)
        z, log_det = self.blocks(white, condition)
        return z, before + log_det

    def inverse(self, z: Tensor, condition: Tensor) -> tuple[Tensor, Tensor]:
        """Decode: shapes as in `forward`, with the log-determinant of the inverse map."""
        white, log_det = self.blocks.inverse(z, condition)
        if self.transport is None:
            return white, log_det
        x, after = self.transport.inverse(white, condition)
        return x, log_det + after
