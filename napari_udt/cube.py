"""The spectral cube: an image with one spectrum per pixel, and its metadata.

The whole package works on :class:`SpectralCube`. This module imports numpy only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from napari_udt.errors import CubeError
from napari_udt.series import Series

Modality = Literal["HSI", "PAT"]
Domain = Literal["simulated", "real", "second", "transferred", "unknown"]

MODALITIES: tuple[Modality, ...] = ("HSI", "PAT")
DOMAINS: tuple[Domain, ...] = ("simulated", "real", "second", "transferred", "unknown")

NAMED = "structures_named"  # in the metadata: names of structures that the user changed, new by old
_LARGEST_LABEL = 2**31 - 1

# Shown where a cube does not state its origin. "second" is data in the place of real ones that were not measured: the
# sample data state exactly what they are ("drawn from measured statistics", "digital device").
ORIGINS: dict[Domain, str] = {
    "simulated": "simulated",
    "real": "measured",
    "second": "target domain (not measured)",
    "transferred": "transferred",
    "unknown": "origin unknown",
}


@runtime_checkable
class ArrayLike3D(Protocol):
    """Protocol of the data of a cube: numpy-style indexing over (rows, columns, channels)."""

    @property
    def shape(self) -> tuple[int, ...]:
        """(rows, columns, channels)."""

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the values that indexing returns."""

    def __getitem__(self, key: Any) -> NDArray[Any]: ...


@dataclass(frozen=True, eq=False)
class SpectralCube:
    """A spectral image: one spectrum per pixel.

    Parameters
    ----------
    data : array, shape (rows, columns, channels)
        The spectra. A numpy array is converted to float32; any other object with numpy-style indexing
        is kept as it is and read lazily. Row 0 is the top of the picture (for PAT the smallest depth),
        column 0 its left.
    wavelengths_nm : array, shape (channels,)
        Strictly increasing, in nanometres.
    modality : {"HSI", "PAT"}
        Hyperspectral reflectance or photoacoustic tomography.
    domain : {"simulated", "real", "second", "transferred", "unknown"}
        ``second`` is the honest word for data that stand in for real ones but were not measured.
    labels : integer array, shape (rows, columns), optional
        One structure (tissue class) per pixel.
    label_names : mapping of int to str
        Names of the numbers in ``labels``.
    oxygenation : array, shape (rows, columns), optional
        Blood oxygen saturation as a fraction 0-1, NaN where unknown.
    pixel_size_mm : (float, float), optional
        Height and width of a pixel in millimetres.
    quantity : str
        What the values are, with the unit: "reflectance", "initial pressure [a.u.]", ...
    origin : str
        A phrase that says where the data come from, for display; by default derived from ``domain``.
    name : str
        Short name, usually the file's.
    provenance : mapping
        How the data came to be; JSON-serialisable. For a transferred cube: model, weights hash,
        conditions, source, software versions, date.
    metadata : mapping
        Anything else worth keeping; JSON-serialisable.
    bad_bands : boolean array, shape (channels,), optional
        Channels whose values are not to be trusted (water absorption, dead detectors). Their values stay in ``data``;
        curves, statistics, interpolation and transfer leave them out. None where no channel is bad.
    series : Series of SpectralCube, optional
        The pictures of the recording that this one belongs to: frames of a scan, slices of a volume.
    place : int
        Which picture of the series this one is, counted from 0.

    Raises
    ------
    CubeError
        When shapes, wavelengths, labels or names do not belong together.
    """

    data: NDArray[Any] | ArrayLike3D
    wavelengths_nm: NDArray[np.float64]
    modality: Modality
    domain: Domain = "unknown"
    labels: NDArray[np.integer[Any]] | None = None
    label_names: Mapping[int, str] = field(default_factory=dict)
    oxygenation: NDArray[np.floating[Any]] | None = None
    pixel_size_mm: tuple[float, float] | None = None
    quantity: str = "value [a.u.]"
    origin: str = ""
    name: str = "cube"
    provenance: Mapping[str, Any] = field(default_factory=dict)
    metadata: Mapping[str, Any] = field(default_factory=dict)
    bad_bands: NDArray[np.bool_] | None = None
    series: Series[SpectralCube] | None = None
    place: int = 0

    def __post_init__(self) -> None:
        put = object.__setattr__  # the class is frozen
        put(self, "data", _checked_data(self.data, self.name))
        put(self, "wavelengths_nm", _checked_wavelengths(self.wavelengths_nm, self.shape[2], self.name))
        if self.modality not in MODALITIES:
            raise CubeError(
                f"{self.name}: modality {self.modality!r} is unknown; expected one of {', '.join(MODALITIES)}."
            )
        if self.domain not in DOMAINS:
            raise CubeError(
                f"{self.name}: domain {self.domain!r} is unknown; expected one of {', '.join(DOMAINS)}."
            )
        put(self, "labels", _checked_labels(self.labels, self.shape[:2], self.name))
        put(self, "label_names", {int(k): str(v) for k, v in dict(self.label_names).items()})
        put(self, "oxygenation", _checked_oxygenation(self.oxygenation, self.shape[:2], self.name))
        put(self, "pixel_size_mm", checked_pixel_size(self.pixel_size_mm, self.name))
        put(self, "bad_bands", _checked_bad_bands(self.bad_bands, self.shape[2], self.name))
        put(self, "origin", self.origin or ORIGINS[self.domain])
        if self.series is not None and not 0 <= self.place < len(self.series):
            raise CubeError(f"{self.name}: picture {self.place} of a series of {len(self.series)}.")

    @property
    def shape(self) -> tuple[int, int, int]:
        """(rows, columns, channels)."""
        rows, columns, channels = self.data.shape
        return int(rows), int(columns), int(channels)

    @property
    def is_lazy(self) -> bool:
        """Whether the spectra still live in the file."""
        return not isinstance(self.data, np.ndarray)

    @property
    def present_labels(self) -> dict[int, str]:
        """Numbers that occur in ``labels``, with their names ("label 7" where there is none)."""
        if self.labels is None:
            return {}
        return {int(i): self.label_names.get(int(i), f"label {int(i)}") for i in np.unique(self.labels)}

    def spectrum(self, row: int, column: int) -> NDArray[np.float32]:
        """Spectrum of one pixel, shape (channels,); raises ``CubeError`` outside the picture."""
        rows, columns, _ = self.shape
        if not (0 <= row < rows and 0 <= column < columns):
            raise CubeError(
                f"{self.name}: pixel ({row}, {column}) lies outside the {rows} x {columns} picture."
            )
        return np.asarray(self.data[row, column], dtype=np.float32)

    def image(self, wavelength_nm: float) -> NDArray[np.float32]:
        """Picture at the wavelength nearest to ``wavelength_nm``, shape (rows, columns)."""
        return np.asarray(self.data[:, :, self.nearest_channel(wavelength_nm)], dtype=np.float32)

    def rows(self, start: int, stop: int) -> NDArray[np.float32]:
        """Spectra of some rows, shape (stop - start, columns, channels); reads only these from a file."""
        return np.asarray(self.data[start:stop], dtype=np.float32)

    def without_bad_bands(self, spectra: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return spectra (..., channels) with NaN at the bad bands; the same array where there are none."""
        return spectra if self.bad_bands is None else np.where(self.bad_bands, np.float32(np.nan), spectra)

    def nearest_channel(self, wavelength_nm: float) -> int:
        """Index of the wavelength nearest to ``wavelength_nm``."""
        return int(np.argmin(np.abs(self.wavelengths_nm - wavelength_nm)))

    def is_bad_at(self, wavelength_nm: float) -> bool:
        """Whether the wavelength nearest to ``wavelength_nm`` is a bad band."""
        return self.bad_bands is not None and bool(self.bad_bands[self.nearest_channel(wavelength_nm)])

    def in_memory(self) -> SpectralCube:
        """Return the same cube with its spectra read into memory."""
        return self if not self.is_lazy else replace(self, data=np.asarray(self.data[:], dtype=np.float32))

    def with_(self, **changes: Any) -> SpectralCube:
        """Return a copy with some fields replaced; checked anew.

        Bad bands, and ``metadata["fwhm_nm"]``, belong to the wavelengths: with others they are dropped unless given. So is
        the series with other data or wavelengths: its further pictures would not fit.
        """
        if changes.keys() & {"data", "wavelengths_nm", "modality"}:
            changes = {"series": None, "place": 0, **changes}
        if "wavelengths_nm" in changes and not np.array_equal(changes["wavelengths_nm"], self.wavelengths_nm):
            kept = {key: value for key, value in self.metadata.items() if key != "fwhm_nm"}
            changes = {"bad_bands": None, "metadata": kept, **changes}
        return replace(self, **changes)

    def throughout(self, change: Callable[[SpectralCube], SpectralCube]) -> SpectralCube:
        """Return a copy that is changed, and so are the further pictures of its series, each when it is asked for."""
        if self.series is None:
            return change(self)
        series: Series[SpectralCube] = self.series.derived(
            lambda index, picture: replace(change(picture), series=series, place=index)
        )
        return replace(change(self), series=series, place=self.place)

    def with_structures_named(self, names: Mapping[str, str]) -> SpectralCube:
        """Return a copy in which structures have other names, so that models and other cubes know them.

        A structure that gets the name of another one becomes part of it. ``metadata["structures_named"]`` keeps what they
        were called before, and a transfer writes it into its provenance.

        Parameters
        ----------
        names : mapping of str to str
            New names by the present ones; names that the cube does not have are ignored.
        """
        names = {old: new.strip() for old, new in names.items() if new.strip() and old != new.strip()}
        before = self.present_labels
        found = {number: names.get(name, name) for number, name in before.items()}
        if self.labels is None or found == before:
            return self
        first: dict[str, int] = {}
        for number in sorted(found, key=lambda n: before[n] in names):  # those that had the name before
            first.setdefault(found[number], number)
        labels = self.labels.copy()
        for number, name in found.items():
            if first[name] != number:
                labels[self.labels == number] = first[name]
        earlier = nested(self.metadata, NAMED)
        present = set(self.present_labels.values()) - set(earlier.values())
        named = {old: new for old, new in names.items() if old in present}
        named |= {old: now for old, new in earlier.items() if (now := names.get(new, new)) != old}
        return replace(
            self,
            labels=labels,
            label_names={**self.label_names, **found},
            metadata={**self.metadata, NAMED: named},
        )


def nested(mapping: Any, *names: str) -> Mapping[str, Any]:
    """Return the mapping below some names of a provenance; empty where a file holds anything else in its place."""
    for name in names:
        mapping = mapping.get(name) if isinstance(mapping, Mapping) else None
    return mapping if isinstance(mapping, Mapping) else {}


def _checked_data(data: Any, name: str) -> Any:
    shape = tuple(getattr(data, "shape", ()))
    if len(shape) != 3 or 0 in shape:
        raise CubeError(
            f"{name}: the data have shape {shape}; expected (rows, columns, channels), none of them empty."
        )
    if np.dtype(data.dtype).kind not in "fiub":
        raise CubeError(f"{name}: the data are of type {data.dtype}; expected real numbers.")
    return np.asarray(data, dtype=np.float32) if isinstance(data, np.ndarray) else data


def _checked_wavelengths(wavelengths: Any, channels: int, name: str) -> NDArray[np.float64]:
    values = np.array(wavelengths, dtype=np.float64).reshape(-1)
    if len(values) != channels:
        raise CubeError(
            f"{name}: {len(values)} wavelengths for {channels} channels; expected one wavelength per channel."
        )
    if not np.all(np.isfinite(values)) or np.any(values <= 0) or np.any(np.diff(values) <= 0):
        raise CubeError(
            f"{name}: the wavelengths are not strictly increasing positive numbers in nm; sort them and remove duplicates."
        )
    values.setflags(write=False)
    return values


def _checked_bad_bands(bad: Any, channels: int, name: str) -> NDArray[np.bool_] | None:
    if bad is None:
        return None
    marks = np.array(bad, dtype=np.bool_).reshape(-1)
    if len(marks) != channels:
        raise CubeError(
            f"{name}: {len(marks)} marks of bad bands for {channels} channels; expected one per channel."
        )
    marks.setflags(write=False)
    return marks if marks.any() else None


def _checked_labels(labels: Any, picture: tuple[int, int], name: str) -> NDArray[Any] | None:
    if labels is None:
        return None
    array = np.asarray(labels)
    if array.shape != picture:
        raise CubeError(f"{name}: the labels have shape {array.shape}; expected {picture} as the picture.")
    if array.dtype.kind not in "iub":
        raise CubeError(f"{name}: the labels are of type {array.dtype}; expected integers.")
    if array.size and (int(array.max()) > _LARGEST_LABEL or int(array.min()) < -_LARGEST_LABEL - 1):
        raise CubeError(
            f"{name}: the labels reach from {int(array.min())} to {int(array.max())}; expected class numbers between "
            f"{-_LARGEST_LABEL - 1} and {_LARGEST_LABEL}: number the classes anew."
        )
    return array.astype(np.int32)


def _checked_oxygenation(oxygenation: Any, picture: tuple[int, int], name: str) -> NDArray[np.float32] | None:
    if oxygenation is None:
        return None
    array = np.asarray(oxygenation)
    if array.shape != picture:
        raise CubeError(
            f"{name}: the oxygenation map has shape {array.shape}; expected {picture} as the picture."
        )
    if array.dtype.kind not in "fiub":
        raise CubeError(
            f"{name}: the oxygenation map is of type {array.dtype}; expected numbers between 0 and 1."
        )
    return array.astype(np.float32)


def checked_pixel_size(size: Any, name: str) -> tuple[float, float] | None:
    """Return height and width of a pixel in mm, of one number both; ``CubeError`` unless they are positive numbers."""
    if size is None:
        return None
    values = np.asarray(size, dtype=np.float64).reshape(-1)
    if values.size == 1:
        values = np.repeat(values, 2)
    if values.size != 2 or not np.all(np.isfinite(values)) or np.any(values <= 0):
        raise CubeError(f"{name}: pixel size {size!r} mm; expected two positive numbers (height, width).")
    return float(values[0]), float(values[1])
