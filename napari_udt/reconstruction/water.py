"""Speed of sound in the water between a scanner's detectors and the skin."""

from __future__ import annotations

import numpy as np

# Marczak, J. Acoust. Soc. Am. 102, 2776 (1997), equation 2: powers of the temperature in degrees Celsius.
_MARCZAK = (1.402385e3, 5.038813, -5.799136e-2, 3.287156e-4, -1.398845e-6, 2.787860e-9)


def water_speed_m_per_s(temperature_c: float) -> float:
    """Return the speed of sound in distilled water [m/s] at 0 to 95 degrees Celsius (Marczak 1997, equation 2)."""
    return float(np.polynomial.polynomial.polyval(temperature_c, _MARCZAK))
