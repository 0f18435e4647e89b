"""From raw photoacoustic time series to a preview picture: delay and sum.

Importing this package loads no torch; :func:`delay_and_sum` does when it is first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari_udt.reconstruction.options import ReconstructionOptions
from napari_udt.reconstruction.plane import ImagePlane, picture_plane
from napari_udt.reconstruction.water import water_speed_m_per_s

__all__ = [
    "ImagePlane",
    "ReconstructionOptions",
    "delay_and_sum",
    "picture_plane",
    "water_speed_m_per_s",
]

if TYPE_CHECKING:
    from napari_udt.reconstruction.beamforming import delay_and_sum


def __getattr__(name: str) -> Any:
    """Load ``delay_and_sum``, and torch with it, when it is first used (PEP 562)."""
    if name != "delay_and_sum":
        raise AttributeError(f"module 'napari_udt.reconstruction' has no attribute {name!r}")
    from napari_udt.reconstruction.beamforming import delay_and_sum

    return delay_and_sum
