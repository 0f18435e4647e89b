"""What a session is made of: open cubes, their roles and how they change, pixels, pins, regions. No Qt, no napari."""

from __future__ import annotations

from collections.abc import Iterable
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


def entry_of(cube: SpectralCube, key: str | None = None, role: Role | None = None) -> Entry:
    """Return the entry of a cube: by default under its own name, in the role that its domain suggests."""
    return Entry(key or cube.name, cube, role or default_role(cube))


def default_role(cube: SpectralCube) -> Role:
    """Return the role that a cube's domain suggests; surrogates of real data play "real"."""
    match cube.domain:
        case "simulated" | "transferred":
            return cube.domain
        case "real" | "second":
            return "real"
    return "none"


def origin_text(cube: SpectralCube) -> str:
    """Return where a cube's data come from; data in the place of measured ones are said not to be a measurement."""
    stands_in = cube.domain == "second" and "not measured" not in cube.origin
    return f"{cube.origin}, not a measurement" if stands_in else cube.origin


@dataclass(frozen=True)
class CubesChange:
    """What changed about the open cubes of a session, as one event.

    Parameters
    ----------
    added, removed : tuple of Entry
        Cubes that were opened, and closed.
    replaced : tuple of (Entry, Entry)
        Entries before and after, where a key stands for another cube now: the same data with completed metadata.
    renamed : tuple of (str, str)
        Keys before and after.
    roles : tuple of str
        Keys of cubes that play another role in comparisons.
    """

    added: tuple[Entry, ...] = ()
    removed: tuple[Entry, ...] = ()
    replaced: tuple[tuple[Entry, Entry], ...] = ()
    renamed: tuple[tuple[str, str], ...] = ()
    roles: tuple[str, ...] = ()

    @classmethod
    def between(cls, before: Iterable[Entry], after: Iterable[Entry]) -> CubesChange:
        """Return what leads from some entries to others, none of which was renamed."""
        old, new = ({entry.key: entry for entry in entries} for entries in (before, after))
        kept = [(old[key], new[key]) for key in new if key in old]
        return cls(
            added=tuple(entry for key, entry in new.items() if key not in old),
            removed=tuple(entry for key, entry in old.items() if key not in new),
            replaced=tuple((a, b) for a, b in kept if a.cube is not b.cube),
            roles=tuple(b.key for a, b in kept if a.cube is b.cube and a.role != b.role),
        )

    @property
    def opened(self) -> tuple[Entry, ...]:
        """Entries whose cube is shown from now on: the added ones and the new ones of the replaced."""
        return (*self.added, *(after for _, after in self.replaced))

    @property
    def closed(self) -> tuple[Entry, ...]:
        """Entries whose cube is no longer shown: the removed ones and the former ones of the replaced."""
        return (*self.removed, *(before for before, _ in self.replaced))

    def __bool__(self) -> bool:
        return self != CubesChange()


@dataclass(frozen=True)
class PixelRef:
    """A pixel of an open cube: the cube's key, row and column."""

    key: str
    row: int
    column: int


@dataclass(frozen=True)
class Pin:
    """A pinned pixel: its permanent number, the colour of its dot (hex) and, if given, a name."""

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
        Permanent.
    key : str
        The cube on whose picture it was drawn.
    outline : {"polygon", "ellipse"}
        What the vertices mean: corners, or the four corners of the ellipse's (rotated) bounding box.
    vertices : tuple of (row, column)
        In pixels; the middle of the first pixel is (0, 0).
    colour : str
        Hex.
    name : str
        Empty where it has none.
    """

    number: int
    key: str
    outline: Outline
    vertices: tuple[tuple[float, float], ...]
    colour: str
    name: str = ""

    @property
    def title(self) -> str:
        """The name, or "region 3"."""
        return self.name or f"region {self.number}"


@dataclass(frozen=True)
class CurveId:
    """Identity of a curve, which stays while the cursor moves.

    Parameters
    ----------
    key : str
        The cube's.
    pin : int, optional
        Number of the pin that it belongs to.
    structure : str, optional
        The ticked structure that it shows.
    region : int, optional
        Number of the drawn region that it shows. Without any of the three it is the cursor's.
    extra : str, optional
        Which result of a model on that spectrum it is: "live" or "explored".
    """

    key: str
    pin: int | None = None
    structure: str | None = None
    region: int | None = None
    extra: str | None = None
