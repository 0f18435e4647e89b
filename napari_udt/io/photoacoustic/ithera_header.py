"""The ``.msot`` file of iThera's scanners: XML that describes time series and pictures.

Names of elements are looked up without their namespaces. Entities and document type definitions are refused.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, ParseError

import numpy as np
from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring
from numpy.typing import NDArray

from napari_udt.errors import CubeError
from napari_udt.io.contract import reason
from napari_udt.io.photoacoustic.time_series import TICK_S, Array, energy_table
from napari_udt.io.positions import usable_positions
from napari_udt.reconstruction import water_speed_m_per_s

MAX_XML_BYTES = 300_000_000
MAX_PIXELS = 10_000  # along a side of a picture
_TEMPERATURES_C = (5.0, 60.0)  # of a water bath: beyond, the sensor was not connected


@dataclass(frozen=True)
class Picture:
    """Pictures made by the scanner's software, one file of ``RECONs``.

    Parameters
    ----------
    path : Path
    title : str
    dtype : numpy dtype
    shape : (int, int)
        Lengths of the two stored axes.
    x_first : bool
        Whether the stored axes are x and y (downwards), rather than rows (upwards) and columns.
    pixel_size_mm : (float, float), optional
    metadata : dict
    """

    path: Path
    title: str
    dtype: np.dtype[Any]
    shape: tuple[int, int]
    x_first: bool
    pixel_size_mm: tuple[float, float] | None
    metadata: dict[str, Any]


@dataclass(frozen=True, eq=False)
class Header:
    """Content of the XML; see :class:`napari_udt.io.photoacoustic.time_series.Recording` for the numbers.

    Parameters
    ----------
    positions : integer array, shape (frames, wavelengths)
        Where in the file of time series each recording stands.
    times_s : array, shape (frames,), optional
        When each frame was taken, counted from the first one.
    """

    path: Path
    wavelengths_nm: Array
    detectors_mm: Array
    samples: int
    sampling_rate_mhz: float
    positions: NDArray[np.intp]
    speed_m_per_s: float | None
    speed_source: str
    size_mm: tuple[float, float] | None
    energy: Array | None
    energy_source: str
    pictures: list[Picture]
    metadata: dict[str, Any] = field(default_factory=dict)
    times_s: Array | None = None

    @property
    def series_path(self) -> Path:
        """File of the time series."""
        return self.path.with_suffix(".bin")


def read_header(path: Path) -> Header:
    """Read a ``.msot`` file.

    Raises
    ------
    CubeError
        When it is no XML of a scan, holds entities, or lacks what time series and pictures need.
    """
    root = _root(path)
    hardware, measurement = _needed(root, "HARDWARE-DESC", path), _needed(root, "MEASUREMENT-DESC", path)
    wavelengths = np.array([_value(e, path) for e in _all(measurement, "WAVELENGTHS/WAVELENGTH")])
    if not wavelengths.size:
        raise CubeError(f"{path}: the scan has no wavelengths; expected MEASUREMENT-DESC/WAVELENGTHS.")
    scan_frames = [frame for listed in root.iter("ScanFrames") for frame in listed.iter("Frame")]
    positions = _positions(scan_frames, wavelengths, path)
    source, energy = _energy(scan_frames, positions, path)
    speed, speed_source = _speed(root, scan_frames, path)
    return Header(
        path,
        wavelengths,
        _detectors_mm(hardware, path),
        int(_number(measurement, "RECORDED-LENGTH", path) or 0),
        _number(hardware, "SAMPLING-FREQUENCY", path) or 0.0,
        positions,
        speed,
        speed_source,
        _field_of_view_mm(root, path),
        energy,
        source,
        [picture for node in _all(root, "ReconNodes/*") if (picture := _picture(node, path)) is not None],
        _metadata(root, hardware),
        _times_s(scan_frames, positions),
    )


def _root(path: Path) -> Element:
    if path.stat().st_size > MAX_XML_BYTES:
        raise CubeError(
            f"{path}: the header has {path.stat().st_size:,} bytes; expected XML of less than 300 MB."
        )
    try:
        root: Element = fromstring(
            path.read_bytes(), forbid_dtd=True
        )  # whole: pieces of a long attribute take quadratic time
    except DefusedXmlException as error:
        raise CubeError(
            f"{path}: the XML declares entities or a document type, which a scan never has."
        ) from error
    except (ParseError, ValueError, LookupError) as error:
        raise CubeError(f"{path}: the XML is damaged or cut short ({reason(error)}).") from error
    for element in root.iter():
        element.tag = str(element.tag).rpartition("}")[2]
    if root.tag != "DataModelMsotProject":
        raise CubeError(f"{path}: the XML describes {root.tag!r}; expected DataModelMsotProject, a scan.")
    return root


def _positions(scan_frames: list[Element], wavelengths: Array, path: Path) -> NDArray[np.intp]:
    """Return where each wavelength's recordings stand: in the order of the frames, whatever their sequence.

    The last frame counts only when it has all wavelengths.
    """
    seen = [_number(frame, "WAVELENGTH", path) for frame in scan_frames]
    if any(value is None for value in seen):  # not stated: one wavelength after the other
        whole = len(seen) // len(wavelengths)
        return np.arange(whole * len(wavelengths), dtype=np.intp).reshape(whole, -1)
    taken = np.array(seen, dtype=np.float64)
    places = [np.flatnonzero(taken == wavelength) for wavelength in wavelengths]
    whole = min(len(place) for place in places)
    return np.stack([place[:whole] for place in places], axis=1)


def _times_s(scan_frames: list[Element], positions: NDArray[np.intp]) -> Array | None:
    """Return when each frame began, from the time stamps of its recordings: whole numbers of 100 ns."""
    stamps = [frame.get("timestamp", "") for frame in scan_frames]
    if not positions.size or not all(stamp.isdecimal() and len(stamp) < 19 for stamp in stamps):
        return None
    ticks = np.array([int(stamp) for stamp in stamps], np.int64)[positions].min(axis=1)
    relative = usable_positions(ticks, len(ticks))
    return None if relative is None else relative * TICK_S


def _detectors_mm(hardware: Element, path: Path) -> Array:
    """Return positions from FRAME-DESC: one by one, or (older files) an arc of equal steps [rad] around the origin."""
    arc = hardware.find("FRAME-DESC/EQUAL")
    if arc is not None:
        start, step, end = (_number(arc, name, path) or 0.0 for name in ("START", "STEP", "END"))
        radius = next((_value(e, path) for e in _all(arc, "CONSTANT") if e.get("axis-ref") == "2"), 0.0)
        count = round((end - start) / step) + 1 if step else 0
        angles = np.linspace(start, end, count if 0 < count < 10_000 else 0)
        return 1e3 * radius * np.stack([np.cos(angles), np.sin(angles), 0 * angles], axis=1)
    rows = [[_value(e, path) for e in _all(p, "VALUE")] for p in _all(hardware, "FRAME-DESC/PROJECTION")]
    if not rows or any(len(row) != 3 for row in rows):
        raise CubeError(
            f"{path}: the detectors lack positions; expected FRAME-DESC/PROJECTION with three VALUEs each."
        )
    return np.array(rows) * 1e3


def _energy(scan_frames: list[Element], positions: NDArray[np.intp], path: Path) -> tuple[str, Array | None]:
    """Return what the scanner's software divides recordings by, by the names of old and new files."""
    for name in ("POWER", "OverallCorrectionFactor", "LASER-ENERGY"):
        values = np.array([_number(frame, name, path) or np.nan for frame in scan_frames])
        table = energy_table(values[positions], *positions.shape) if positions.size else None
        if table is not None:
            return name, table
    return "", None


def _speed(root: Element, scan_frames: list[Element], path: Path) -> tuple[float | None, str]:
    """Return the speed of sound: that of water at the mean temperature, shifted as the operator tuned it [m/s].

    SPEED-OF-SOUND-BASE is the couplant's difference from water (about -90 for heavy water).
    """
    low, high = _TEMPERATURES_C
    temperatures = [_number(frame, "TEMPERATURE", path) for frame in scan_frames]
    usable = [value for value in temperatures if value is not None and low < value < high]
    if not usable:
        return None, ""
    temperature = float(np.mean(usable))
    base = _number(root, "HARDWARE-DESC/SPEED-OF-SOUND-BASE", path) or 0.0
    trim = _number(root, "ScanNode/TrimSpeedOfSound", path) or 0.0
    speed = water_speed_m_per_s(temperature) + base + trim
    source = f"water at {temperature:.1f} degrees Celsius, {base:+g} m/s (couplant), {trim:+g} m/s (tuned by the operator)"
    return (speed, source) if 1000 < speed < 2500 else (None, "")


def _field_of_view_mm(root: Element, path: Path) -> tuple[float, float] | None:
    """Return the field of view that the operator had chosen for the scanner's own pictures."""
    presets = root.find("OAMPreset/ReconPresets/DataModelReconPreset")
    chosen = None if presets is None else _number(presets, "SelectedPresetIndex", path)
    choices = [] if presets is None else _all(presets, "SystemReconPresets/ReconstructionPreset")
    if chosen is None or not 0 <= chosen < len(choices):
        return None
    low, high = (_number(choices[int(chosen)], name, path) for name in ("RoiLow", "RoiHigh"))
    if low is None or high is None or not 0.005 <= high - low <= 0.2:
        return None
    return (high - low) * 1e3, (high - low) * 1e3


def _picture(node: Element, path: Path) -> Picture | None:
    """Return a picture file that the XML lists, None without its shape or path."""
    guid, name = node.findtext("GUID") or "", node.findtext("Name") or "reconstruction"
    if not guid.replace("-", "").isalnum() or len(guid) > 100:  # never a path that leads elsewhere
        return None
    place = path.parent / "RECONs" / f"{guid}.bin"
    metadata = {
        "reconstruction_method": node.findtext("Method"),
        "trim_speed_of_sound": node.findtext("TrimSpeedOfSound"),
    }
    metadata = {key: text for key, text in metadata.items() if text}
    view = node.find("FIELD-OF-VIEW")
    if view is None:
        pixels, side = int(_number(node, "Resolution", path) or 0), _number(node, "Roi", path)
        size = None if not side or not 0 < side < 1 or pixels < 1 else (1e3 * side / pixels,) * 2
        shape, number = (pixels, pixels), "<f8"
    else:
        lengths = [
            (int(_number(view, f"PixelCount/{a}", path) or 1), _number(view, f"Extents/{a}", path))
            for a in "XYZ"
        ]
        flat = [axis for axis in lengths if axis[0] > 1]
        if len(flat) != 2:
            return None
        sizes = [1e3 * (extent or 0) / n for n, extent in flat]
        size = (sizes[0], sizes[1]) if min(sizes) > 0 else None
        shape, number = (flat[0][0], flat[1][0]), "<f4"
    if not all(1 < n <= MAX_PIXELS for n in shape):
        return None
    return Picture(place, f"{name} ({guid[:8]})", np.dtype(number), shape, view is None, size, metadata)


def _metadata(root: Element, hardware: Element) -> dict[str, Any]:
    found = {
        "scan_name": root.findtext("ScanNode/Name"),
        "scan_comment": root.findtext("ScanNode/Comment"),
        "scan_date": root.findtext("CreationTime"),
        "device": root.findtext("ScanNode/DeviceSN"),
        "software": root.findtext("ScanNode/SW_Version"),
        "trigger_delay": hardware.findtext("DAQTriggerDelay"),
    }
    return {key: text for key, text in found.items() if text}


def _needed(element: Element, name: str, path: Path) -> Element:
    found = element.find(name)
    if found is None:
        raise CubeError(f"{path}: {name} is missing; the header is incomplete.")
    return found


def _all(element: Element, name: str) -> list[Element]:
    return element.findall(name)


def _number(element: Element, name: str, path: Path) -> float | None:
    """Return the number in an element below, None where it is absent or empty."""
    found = element.find(name)
    return None if found is None or not (found.text or "").strip() else _value(found, path)


def _value(element: Element, path: Path) -> float:
    try:
        value = float(element.text or "")
    except ValueError:
        value = np.nan
    if not np.isfinite(value):
        raise CubeError(f"{path}: {element.tag} is {(element.text or '')[:40]!r}; expected a number.")
    return value
