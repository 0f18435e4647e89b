"""Metadata that a user states because a file lacks them: parsing, and the options that follow for a file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from napari_udt.cube import Domain, Modality
from napari_udt.errors import CubeError, MissingMetadata
from napari_udt.io.opening import PathLike, open_cube

_NUMBER = r"\d+(?:\.\d+)?"
_SPAN = re.compile(rf"\s*({_NUMBER})\s*(?:-|–|\.\.|\bto\b)\s*({_NUMBER})\s*(?:nm)?\s*", re.IGNORECASE)


@dataclass(frozen=True)
class Span:
    """Evenly spaced wavelengths from the first to the last channel, in nm."""

    first_nm: float
    last_nm: float

    def over(self, count: int) -> tuple[float, ...]:
        """Return the wavelengths of ``count`` channels."""
        return tuple(np.linspace(self.first_nm, self.last_nm, count).tolist())


Wavelengths = tuple[float, ...] | Span


@dataclass(frozen=True)
class StatedMetadata:
    """Metadata that a user states about a file; None where the file's own hold.

    Parameters
    ----------
    wavelengths : tuple of float or Span, optional
        One per channel in nm, or the first and the last of evenly spaced ones.
    spectral_axis : int, optional
        Which axis of a plain array holds the channels.
    domain, modality : str, optional
        As in :class:`napari_udt.SpectralCube`.
    """

    wavelengths: Wavelengths | None = None
    spectral_axis: int | None = None
    domain: Domain | None = None
    modality: Modality | None = None

    def __bool__(self) -> bool:
        return self != StatedMetadata()

    def to_dict(self) -> dict[str, Any]:
        """Return what was stated, JSON-serialisable."""
        span = self.wavelengths if isinstance(self.wavelengths, Span) else None
        stated = {
            "wavelengths_nm": [span.first_nm, "to", span.last_nm] if span else self.wavelengths,
            "spectral_axis": self.spectral_axis,
            "domain": self.domain,
            "modality": self.modality,
        }
        return {key: list(v) if isinstance(v, tuple) else v for key, v in stated.items() if v is not None}


def parse_wavelengths(text: str) -> Wavelengths:
    """Parse "700, 710, 720" (one per channel) and "500-1000" (evenly spaced from the first to the last).

    Raises
    ------
    CubeError
        When the text is neither, or holds impossible wavelengths.
    """
    if found := _SPAN.fullmatch(text):
        span = Span(float(found[1]), float(found[2]))
        if not 0 < span.first_nm < span.last_nm:
            raise CubeError(f"Wavelengths {text.strip()!r}: the first must be smaller than the last.")
        return span
    words = re.split(r"[\s,;]+", re.sub(r"nm\b", " ", text).strip().strip("[](),;").strip())
    if not all(re.fullmatch(_NUMBER, word) for word in words):
        raise CubeError(
            f"Wavelengths {text.strip()!r} are not understood; write a list in nm (700, 710, 720) or the first and the "
            "last of evenly spaced ones (500-1000)."
        )
    values = tuple(map(float, words))
    if min(values) <= 0 or len(set(values)) != len(values):
        raise CubeError(f"Wavelengths {text.strip()!r}: expected positive numbers in nm, each once.")
    return values


def options_for(path: PathLike, stated: StatedMetadata) -> Mapping[str, Any]:
    """Return the options of :func:`napari_udt.open_cube` that stated metadata mean for a file.

    Raises
    ------
    CubeError
        When evenly spaced wavelengths are stated and it is not clear over how many channels.
    """
    values = stated.wavelengths
    if isinstance(values, Span):
        values = values.over(_channels(Path(path), stated))
    options = {
        "wavelengths_nm": values,
        "spectral_axis": stated.spectral_axis,
        "domain": stated.domain,
        "modality": stated.modality,
    }
    return {key: value for key, value in options.items() if value is not None}


def _channels(path: Path, stated: StatedMetadata) -> int:
    """Return the number of channels of a file that may lack wavelengths."""
    try:
        return open_cube(path, spectral_axis=stated.spectral_axis).shape[2]
    except MissingMetadata as missing:
        axis = stated.spectral_axis
        if axis is None and len(missing.axes) == 1:
            axis = missing.axes[0]
        if axis is None or not -len(missing.shape) <= axis < len(missing.shape):
            raise CubeError(
                f"{path}: an array of shape {missing.shape}; say which axis is spectral "
                f"(spectral axis {', '.join(map(str, missing.axes))}), or give one wavelength per channel."
            ) from missing
        return missing.shape[axis]
