"""Colour pictures of a cube: as the eye would see it, or three wavelengths as red, green and blue. No Qt."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from napari_udt.cube import SpectralCube
from napari_udt.errors import CubeError
from napari_udt.spectral import colour
from napari_udt.viewer.layers.overlays.pictures import ColourPicture as ColourPicture
from napari_udt.viewer.state.jobs import Report

RGB_NM = (640.0, 550.0, 510.0)

_NEEDED_SHARE = 0.8  # of a white's luminance: the 500-1000 nm of tissue cameras have 0.93
_WHOLE = 0.99
_BLOCK_VALUES = 4_000_000
_WHITE_PERCENTILE = 99.0


def fitting_rgb_nm(cube: SpectralCube, wanted: tuple[float, float, float]) -> tuple[float, float, float]:
    """Return the wanted wavelengths where the cube has them all, else three that are spread over its range."""
    low, high = float(cube.wavelengths_nm[0]), float(cube.wavelengths_nm[-1])
    if all(low - 1 <= nm <= high + 1 for nm in wanted):
        return wanted
    red, green, blue = (round(low + part * (high - low)) for part in (0.9, 0.5, 0.1))
    return float(red), float(green), float(blue)


def daylight_obstacle(cube: SpectralCube) -> str:
    """Return why a cube has no colour in daylight, as one sentence; "" where it has one."""
    low, high = cube.wavelengths_nm[0], cube.wavelengths_nm[-1]
    if cube.modality != "HSI":
        return f"{cube.name} is {cube.modality}: only reflectance has a colour in daylight; choose three wavelengths."
    if colour.visible_share(cube.wavelengths_nm)[1] < _NEEDED_SHARE:
        return (
            f"{cube.name} covers {low:.0f}-{high:.0f} nm, too little of what the eye sees for a colour in daylight; "
            "choose three wavelengths."
        )
    return ""


def daylight_picture(cube: SpectralCube, report: Report) -> ColourPicture:
    """Return the colours under daylight (CIE 1931, D65, sRGB).

    Raises
    ------
    CubeError
        When the cube has no colour in daylight, see :func:`daylight_obstacle`.
    """
    if sentence := daylight_obstacle(cube):
        raise CubeError(sentence)
    xyz = _tristimulus(cube, report)
    xyz = np.nan_to_num(xyz / _exposure(xyz))
    clipped = 100 * float(colour.outside_srgb(xyz).mean())
    values = np.round(255 * colour.xyz_to_srgb(xyz)).astype(np.uint8)
    remark = f"{_missing(cube)} The brightest hundredth is full brightness; {clipped:.1f} % of pixels were clipped to sRGB."
    return ColourPicture("colour in daylight (CIE 1931, D65)", values, remark.strip())


def _exposure(xyz: NDArray[np.float32]) -> float:
    """Return what is shown at full brightness: the brightest of red, green and blue in all but 1 % of the pixels."""
    brightest = colour.xyz_to_linear(xyz).max(axis=-1)
    known = brightest[np.isfinite(brightest)]
    top = float(np.percentile(known, _WHITE_PERCENTILE)) if known.size else 0.0
    return top if top > 0 else 1.0


def _missing(cube: SpectralCube) -> str:
    low = float(cube.wavelengths_nm[0])
    _, _, z = colour.visible_share(cube.wavelengths_nm)
    if z > _WHOLE:
        return ""
    return f"Below {low:.0f} nm nothing was measured ({100 * (1 - z):.0f} % of Z, blue): the value at {low:.0f} nm stands for it."


def _tristimulus(cube: SpectralCube, report: Report) -> NDArray[np.float32]:
    """Return XYZ, shape (rows, columns, 3), a block of rows at a time."""
    used = slice(None) if cube.bad_bands is None else np.flatnonzero(~cube.bad_bands)
    weights = colour.xyz_weights(cube.wavelengths_nm[used]).astype(np.float32)
    rows, columns, depth = cube.shape
    step = max(1, _BLOCK_VALUES // (columns * depth))
    xyz = np.empty((rows, columns, 3), dtype=np.float32)
    for start in range(0, rows, step):
        stop = min(start + step, rows)
        xyz[start:stop] = cube.rows(start, stop)[..., used] @ weights
        report(stop, rows)
    return xyz


def wavelengths_picture(
    cube: SpectralCube, rgb_nm: tuple[float, float, float], report: Report
) -> ColourPicture:
    """Return the pictures at three wavelengths as red, green and blue.

    Raises
    ------
    CubeError
        When the cube does not cover one of them.
    """
    low, high = cube.wavelengths_nm[0], cube.wavelengths_nm[-1]
    outside = [nm for nm in rgb_nm if not low - 1 <= nm <= high + 1]
    if outside:
        raise CubeError(
            f"{cube.name} covers {low:.0f}-{high:.0f} nm, not {outside[0]:.0f} nm; choose within that."
        )
    planes = []
    for done, nm in enumerate(rgb_nm, start=1):
        planes.append(cube.image(nm))
        report(done, 3)
    shown = [f"{cube.wavelengths_nm[cube.nearest_channel(nm)]:.0f}" for nm in rgb_nm]
    values = np.round(255 * colour.stretched(planes)).astype(np.uint8)
    remark = "False colours: each wavelength between its own 1st and 99th percentile."
    return ColourPicture(f"red {shown[0]}, green {shown[1]}, blue {shown[2]} nm", values, remark)
