"""Colours and dashes of domains, fixed everywhere: in the viewer, in figures, in reports. No Qt."""

from __future__ import annotations

import colorsys
from collections.abc import Mapping
from dataclasses import dataclass, replace

from napari_udt.cube import SpectralCube


@dataclass(frozen=True)
class LineStyle:
    """Appearance of the curves of a domain.

    Parameters
    ----------
    colour : str
        Hex, as in the paper's figures; the plot passes it through :func:`readable`.
    dash : tuple of float
        Lengths of dashes and gaps in line widths; empty for a solid line.
    word : str
        One word for tight places.
    """

    colour: str
    dash: tuple[float, ...]
    word: str

    @property
    def look(self) -> tuple[str, tuple[float, ...]]:
        """What is seen of it."""
        return self.colour, self.dash


_MIDDLE_GREY = 0.18  # luminance, as photographers use it: halfway between black and white to the eye

# Line styles differ as well as colours: they survive a black-and-white print and a colour-blind eye.
REAL = LineStyle("#4363d8", (), "real")
SIMULATED = LineStyle("#911eb4", (5.0, 3.0), "simulated")
OTHER = LineStyle("#808080", (1.0, 2.0), "other")
METHODS: Mapping[str, LineStyle] = {
    "cinn": LineStyle("#00CC96", (), "cINN"),
    "unit": LineStyle("#e6194B", (8.0, 3.0, 1.5, 3.0), "UNIT"),
    "cyclegan": LineStyle("#f58231", (3.0, 2.0, 1.0, 2.0, 1.0, 2.0), "CycleGAN"),
    "flow_matching": LineStyle("#46b4e6", (14.0, 3.0, 2.0, 3.0), "flow matching"),
    "dicyclegan": LineStyle("#c9a227", (5.0, 2.0, 1.0, 2.0), "DicycleGAN"),
    "syndiff": LineStyle("#3a7d44", (2.0, 2.0, 6.0, 2.0), "SynDiff"),
    "label_to_image": LineStyle("#d3869b", (1.0, 2.0, 1.0, 4.0), "generated from labels"),
    "baseline": LineStyle("#bfef45", (10.0, 2.0), "baseline"),
}
# The rows of the paper's Table 1, and ours, by the names of the bundled models without their modality. The proposed method and UNIT
# have the paper's colours; variants have a hue beside their family's and dashes of their own.
_ROWS: Mapping[str, LineStyle] = {
    "cinn_dy": replace(METHODS["cinn"], word="cINN_DY"),
    "cinn_dy_without_gan": LineStyle("#17becf", (12.0, 3.0), "cINN_DY w/o GAN"),
    "cinn_d": LineStyle("#b6e880", (6.0, 2.0, 1.5, 2.0), "cINN_D"),
    "unit": METHODS["unit"],
    "unit_y": LineStyle("#ff6692", (4.0, 2.0), "UNIT_Y"),
    "cyclegan": METHODS["cyclegan"],
    "cyclegan_residual": LineStyle("#ffa15a", (6.0, 2.0, 2.0, 2.0), "residual CycleGAN"),
    "unit_y_residual": LineStyle("#c2185b", (10.0, 2.0, 1.5, 2.0), "residual UNIT_Y"),
    "flow_matching": METHODS["flow_matching"],
    "bridge": LineStyle("#2a7fa8", (14.0, 3.0, 2.0, 3.0, 2.0, 3.0), "bridge"),
    "dicyclegan": METHODS["dicyclegan"],
    "syndiff": METHODS["syndiff"],
    "med_usis": replace(METHODS["label_to_image"], word="generated from labels (Med-USIS)"),
    # Our own methods beside them, a hue for each family.
    "transport_dy": LineStyle("#b07d2b", (18.0, 2.0), "transport_DY"),
    "transport_dy_without_gan": LineStyle("#d9a441", (10.0, 3.0, 2.0, 3.0), "transport_DY w/o GAN"),
    "transport_d": LineStyle("#8a6d4b", (3.0, 1.5), "transport_D"),
    "flow_dy": LineStyle("#9acd32", (16.0, 3.0, 3.0, 3.0), "flow_DY"),
    "flow_dy_without_gan": LineStyle("#556b2f", (5.0, 2.0, 5.0, 4.0), "flow_DY w/o GAN"),
    "flow_dy_closed_form": LineStyle("#3cb371", (9.0, 4.0, 4.0, 4.0), "flow_DY closed form"),
    "flow_d": LineStyle("#6b8e23", (7.0, 2.0, 2.0, 2.0), "flow_D"),
}
# Dashes of further cubes of one style.
_VARIED: tuple[tuple[float, ...], ...] = (
    (14.0, 4.0),
    (7.0, 4.0),
    (2.0, 3.0),
    (9.0, 2.0, 2.0, 2.0),
    (4.0, 5.0),
)


def line_style(role: str, cube: SpectralCube) -> LineStyle:
    """Return the style of a cube's curves: of its role; transferred ones of their model's row, else method, cINN if unknown."""
    match role:
        case "real":
            return REAL
        case "simulated":
            return SIMULATED
        case "transferred":
            return model_style(model_name(cube), method(cube))
    return OTHER


def model_style(name: str, kind: str) -> LineStyle:
    """Return the style of a model: of its row in the paper's Table 1, else of its method, cINN if unknown."""
    return _ROWS.get(_row(name)) or METHODS.get(kind.casefold(), METHODS["cinn"])


def varied(style: LineStyle, turn: int) -> LineStyle:
    """Return the style of a further cube with the same style: the first (0) has it as it is, others have other dashes."""
    return style if not turn else replace(style, dash=_VARIED[(turn - 1) % len(_VARIED)])


def model_title(name: str, kind: str = "") -> str:
    """Return a model's name for tight places: that of its row in Table 1 ("cINN_DY w/o GAN"), else its own, else its kind's."""
    row = _ROWS.get(_row(name))
    return row.word if row is not None else name or (METHODS[kind].word if kind in METHODS else kind)


def model_name(cube: SpectralCube) -> str:
    """Return the name of the model that transferred a cube; "" where its provenance is silent."""
    model = cube.provenance.get("model")
    return str(model.get("name") or "") if isinstance(model, Mapping) else ""


def method(cube: SpectralCube) -> str:
    """Return the kind of model that transferred a cube ("cinn", "unit", ...); "" where its provenance is silent."""
    model = cube.provenance.get("model")
    kind = model.get("kind") if isinstance(model, Mapping) else None
    return str(kind or "").casefold()


def method_title(cube: SpectralCube) -> str:
    """Return what transferred a cube as people write it ("cINN_DY", "moments baseline"); "" where unknown."""
    kind = method(cube)
    if kind == "baseline":
        return f"{model_name(cube).removeprefix('baseline:').strip()} baseline".strip()
    return model_title(model_name(cube), kind)


def _row(name: str) -> str:
    """Return a model's name without its modality."""
    return name.casefold().removeprefix("hsi_").removeprefix("pat_")


def readable(colour: str, background: str, contrast: float = 3.0) -> str:
    """Return the colour, made lighter or darker until it can be seen on ``background``; its hue stays.

    Parameters
    ----------
    colour, background : str
        Hex.
    contrast : float
        Ratio to reach; 3 is what WCAG 2.1, criterion 1.4.11, requires of graphical objects.
    """
    hue, lightness, saturation = colorsys.rgb_to_hls(*_rgb(colour))
    step = -0.01 if is_light(background) else 0.01
    while contrast_ratio(colour, background) < contrast and 0 < lightness + step < 1:
        lightness += step
        colour = _hex(colorsys.hls_to_rgb(hue, lightness, saturation))
    return colour


def is_light(colour: str) -> bool:
    """Whether a colour (hex) is nearer to white than to black, to the eye."""
    return _luminance(colour) > _MIDDLE_GREY


def contrast_ratio(a: str, b: str) -> float:
    """Contrast of two colours, 1-21 (WCAG 2.1, "contrast ratio")."""
    darker, lighter = sorted((_luminance(a), _luminance(b)))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in _rgb(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _rgb(colour: str) -> tuple[float, float, float]:
    red, green, blue = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    return red, green, blue


def _hex(rgb: tuple[float, float, float]) -> str:
    return "#" + "".join(f"{round(255 * c):02x}" for c in rgb)
