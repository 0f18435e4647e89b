"""What a user may choose about a preview reconstruction."""

from __future__ import annotations

import math
from dataclasses import dataclass

from napari_udt.errors import CubeError

PIXEL_MM = 0.1
BAND_MHZ = (0.3, 6.5)  # what transducer arrays for small animals hear, without the blur of what is lower
_SPEEDS_M_PER_S = (300.0, 7000.0)  # from air to bone and metal: beyond, a unit was mixed up


@dataclass(frozen=True)
class ReconstructionOptions:
    """How raw time series are made into a picture; None means "as the file says, else a usual value".

    Parameters
    ----------
    speed_of_sound_m_per_s : float, optional
        One speed between the pixels and all detectors.
    field_of_view_mm : float or (float, float), optional
        Width and height of the picture; one number for a square.
    pixel_mm : float, optional
        Side of a pixel (0.1 mm).
    band_mhz : (float, float), optional
        Frequencies that are kept of the recordings; None keeps all.
    envelope : bool
        Whether the picture shows the magnitude of the analytic signal, or the signed pressure.
    start_us : float
        When the first sample was taken, after the laser pulse [us].
    device : str
        "auto" (a CUDA card where there is one), "cpu", "cuda", "cuda:0".

    Raises
    ------
    CubeError
        When a number is out of range.
    """

    speed_of_sound_m_per_s: float | None = None
    field_of_view_mm: float | tuple[float, float] | None = None
    pixel_mm: float | None = None
    band_mhz: tuple[float, float] | None = BAND_MHZ
    envelope: bool = True
    start_us: float = 0.0
    device: str = "auto"

    def __post_init__(self) -> None:
        low, high = _SPEEDS_M_PER_S
        if self.speed_of_sound_m_per_s is not None and not low <= self.speed_of_sound_m_per_s <= high:
            raise CubeError(
                f"speed of sound {self.speed_of_sound_m_per_s:g} m/s; expected {low:g} to {high:g} m/s (water: 1480)."
            )
        for what, value in (("field of view", self.field_of_view_mm), ("pixel size", self.pixel_mm)):
            numbers = value if isinstance(value, tuple) else (1.0 if value is None else value,)
            if not all(math.isfinite(number) and 0 < number < 1000 for number in numbers):
                raise CubeError(f"{what} {value!r} mm; expected positive numbers below 1000 mm.")
        if not math.isfinite(self.start_us):
            raise CubeError(f"start {self.start_us!r} us; expected a finite time.")
        if self.band_mhz is not None and not 0 <= self.band_mhz[0] < self.band_mhz[1]:
            raise CubeError(f"band {self.band_mhz!r} MHz; expected (low, high) with 0 <= low < high.")

    @property
    def size_mm(self) -> tuple[float, float] | None:
        """Width and height of the picture, None where the user left them open."""
        if self.field_of_view_mm is None or isinstance(self.field_of_view_mm, tuple):
            return self.field_of_view_mm
        return self.field_of_view_mm, self.field_of_view_mm
