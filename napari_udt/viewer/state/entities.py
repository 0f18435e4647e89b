"""What a session is made of: open cubes and their roles, pixels, pins, regions. No Qt, no napari."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from napari_udt.cube import SpectralCube

Role = Literal["simulated", "transferred", "real", "none"]
Outline = Literal["polygon", "ellipse"]

ROLES: tuple[Role, ...] = ("simulated", "transferred", "real", "none")

# Colour-blind-safe dots for pins (Okabe and Ito, 2008, without black and without the yellow that
# vanishes on white).
PIN_COLOURS = ("#E69F00", "#56B4E9", "#009E73", "#D55E00", "#0072B2", "#CC79A7")


@dataclass(frozen=True)
class Entry:
    """An open cube: its key in the session, the cube, and the role it plays in comparisons."""

    key: str
    cube: SpectralCube
    role: Role


@dataclass(frozen=True)
class PixelRef:
    """A pixel of an open cube: the cube's key, row and column."""

    key: str
    row: int
    column: int


@dataclass(frozen=True)
class Pin:
    """A pinned pixel with a number that stays its own, the colour of its dot (hex) and, if given, a name."""

    number: int
    pixel: PixelRef
    colour: str
    name: str = ""

    @property
    def title(self) -> str:
        """Its name, else its number."""
        return self.name or str(self.number)


@dataclass(frozen=True)
class Region:
    """A shape drawn on a picture, whose pixels are averaged.

    Parameters
    ----------
    number : int
        Its own for as long as it exists.
    key : str
        The cube on whose picture it was drawn.
    outline : {"polygon", "ellipse"}
        What the vertices mean: corners, or the four corners of the ellipse's (rotated) bounding box.
    vertices : tuple of (row, column)
        In pixels; the middle of the first pixel is (0, 0).
    colour : str
        Hex.
    """

    number: int
    key: str
    outline: Outline
    vertices: tuple[tuple[float, float], ...]
    colour: str


@dataclass(frozen=True)
class CurveId:
    """What makes a curve the same one while the cursor moves.

    Parameters
    ----------
    key : str
        The cube's.
    pin : int, optional
        Number of the pin that it belongs to.
    structure : str, optional
        The ticked structure that it stands for.
    region : int, optional
        Number of the drawn region that it stands for. Without any of the three it is the cursor's.
    extra : str, optional
        What a model was asked about the spectrum of that place: "live" or "explored".
    """

    key: str
    pin: int | None = None
    structure: str | None = None
    region: int | None = None
    extra: str | None = None
