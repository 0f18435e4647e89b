"""A cube whose blood gives its oxygen away and takes it back: a series that is made, not measured."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from napari_udt import SpectralCube
from napari_udt.series import Series
from napari_udt.spectral.chromophores import absorption
from napari_udt.spectral.labels import plain_name

_LEFT = 0.6  # part of the oxygen saturation that is left at the end of the occlusion


def saturation(seconds: np.ndarray, start: float) -> np.ndarray:
    """Return the oxygen saturation of a vessel before, during and after an occlusion from 15 s to 35 s."""
    fall = np.clip((seconds - 15) / 20, 0, 1)
    rise = np.clip((seconds - 35) / 10, 0, 1)
    return start - (1 - _LEFT) * start * fall + (1 - _LEFT) * start * rise


def kinetics(
    cube: SpectralCube, frames: int = 25, step_s: float = 2.5, vessels: tuple[str, ...] = ("vein", "artery")
) -> Series[SpectralCube]:
    """Return frames of a photoacoustic cube in which the absorption of vessels follows their oxygen saturation."""
    numbers = [number for number, name in cube.present_labels.items() if plain_name(name) in vessels]
    blood = np.isin(cube.labels, numbers)
    hb, hbo2 = (absorption().at(name, cube.wavelengths_nm) for name in ("Hb", "HbO2"))
    seconds = np.arange(frames) * step_s
    first = np.nan_to_num(cube.oxygenation[blood], nan=0.7)[:, None]

    def picture(index: int) -> SpectralCube:
        now = saturation(seconds[index], first)
        data, oxygenation = cube.data.copy(), cube.oxygenation.copy()
        data[blood] *= (now * hbo2 + (1 - now) * hb) / (first * hbo2 + (1 - first) * hb)
        oxygenation[blood] = now[:, 0]
        return replace(cube, data=data, oxygenation=oxygenation, series=series, place=index)

    series = Series("time", frames, picture, seconds)
    return series
