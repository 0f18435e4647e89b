"""The picture of a model's card: one held-out picture simulated, transferred and beside one of the target."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_udt.errors import UdtError

if TYPE_CHECKING:
    from PIL import ImageFont

    from napari_udt.cube import SpectralCube
    from napari_udt.models.model import TransferModel

MOST_BYTES = 60_000
WAVELENGTHS_NM = {"HSI": (550.0, 650.0, 800.0), "PAT": (700.0, 760.0, 850.0)}
_COLUMNS = ("simulated", "transferred", "target")
_WIDTHS = (170, 150, 130, 110, 90)  # pixels of one picture, the largest that fits the file
_GREYS, _GAP, _TOP, _LEFT, _BOTTOM = 32, 6, 22, 62, 22
_BACKGROUND, _INK = 30, 225
_BRIGHTEST = 0.99  # quantile that becomes white
_GAMMA = {"HSI": 1.0, "PAT": 0.5}


def card_picture(model: TransferModel, simulated: SpectralCube, target: SpectralCube) -> bytes | None:
    """Draw three wavelengths (rows) of both cubes and of the transfer of the first, all on one grey scale.

    Parameters
    ----------
    model : TransferModel
    simulated, target : SpectralCube
        That the model was not trained on.

    Returns
    -------
    bytes or None
        A PNG file of at most 60 kB; None where the model does not fit the cubes.
    """
    from napari_udt.inference import transfer

    try:
        moved = transfer(simulated, model, device="cpu")
    except UdtError:
        return None
    wanted = [nm for nm in WAVELENGTHS_NM[simulated.modality] if _covers(moved, nm) and _covers(target, nm)]
    if not wanted:
        return None
    values = [[cube.image(nm).astype(np.float64) for cube in (simulated, moved, target)] for nm in wanted]
    white = float(
        np.nanquantile(np.concatenate([v[np.isfinite(v)] for row in values for v in row]), _BRIGHTEST)
    )
    gamma = _GAMMA[simulated.modality]
    shown = [[_grey(picture, white, gamma) for picture in row] for row in values]
    root = "" if gamma == 1 else "; greys by the square root"
    scale = f"black 0, white {white:.3g}: {simulated.quantity or 'values'}{root}"
    for width in _WIDTHS:
        drawn = _drawn(shown, [f"{nm:g} nm" for nm in wanted], scale, width)
        if len(drawn) <= MOST_BYTES:
            break
    return drawn


def _covers(cube: SpectralCube, nm: float) -> bool:
    return bool(cube.wavelengths_nm[0] <= nm <= cube.wavelengths_nm[-1])


def _grey(picture: NDArray[Any], white: float, gamma: float) -> NDArray[np.uint8]:
    share = np.clip(np.nan_to_num(picture) / max(white, 1e-30), 0, 1) ** gamma
    return np.round(np.round(share * (_GREYS - 1)) * 255 / (_GREYS - 1)).astype(np.uint8)


def _drawn(rows: list[list[NDArray[np.uint8]]], names: list[str], scale: str, width: int) -> bytes:
    from PIL import Image, ImageDraw, ImageFont

    font: ImageFont.ImageFont | ImageFont.FreeTypeFont = ImageFont.load_default(13)
    height = max(round(width * picture.shape[0] / picture.shape[1]) for row in rows for picture in row)
    size = (_LEFT + 3 * (width + _GAP), _TOP + len(rows) * (height + _GAP) + _BOTTOM)
    canvas = Image.new("L", size, _BACKGROUND)
    draw = ImageDraw.Draw(canvas)
    for column, title in enumerate(_COLUMNS):
        draw.text((_LEFT + column * (width + _GAP), 3), title, fill=_INK, font=font)
    for place, (row, name) in enumerate(zip(rows, names, strict=True)):
        top = _TOP + place * (height + _GAP)
        draw.text((6, top + height // 2 - 8), name, fill=_INK, font=font)
        for column, picture in enumerate(row):
            own = Image.fromarray(picture).resize(
                (width, round(width * picture.shape[0] / picture.shape[1])), Image.Resampling.NEAREST
            )
            canvas.paste(own, (_LEFT + column * (width + _GAP), top))
    draw.text((_LEFT, size[1] - _BOTTOM), scale, fill=_INK, font=font)
    file = io.BytesIO()
    canvas.quantize(_GREYS + 2, dither=Image.Dither.NONE).save(file, "PNG", optimize=True)
    return file.getvalue()
