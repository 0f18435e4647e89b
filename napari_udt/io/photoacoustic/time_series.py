"""Raw photoacoustic recordings of any format, opened as preview reconstructions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_udt.cube import Domain, SpectralCube
from napari_udt.errors import CubeError
from napari_udt.io import frames
from napari_udt.io.assemble import assemble, sorted_channels
from napari_udt.io.contract import Candidate, Frame, ReadOptions
from napari_udt.io.extras import Extras
from napari_udt.io.lazy import ArraySource, LazyCube
from napari_udt.io.picture_place import PicturePlace
from napari_udt.reconstruction import ImagePlane, ReconstructionOptions, picture_plane
from napari_udt.reconstruction.options import PIXEL_MM

TITLE = "preview reconstruction"
QUANTITY = "preview reconstruction [a.u.]"
METHOD = "delay and sum"
USUAL_SPEED_M_PER_S = 1500.0  # between water at room temperature (1480) and soft tissue (1540)
FAR_MM = 1e4
TICK_S = 1e-7  # of iThera's time stamps, which PATATO keeps
MAX_BYTES = 2_000_000_000  # of one frame's recordings

Array = NDArray[np.float64]
# Takes what else a format knows of the picture, once it is known where the picture lies.
TakeMaps = Callable[[Extras, ImagePlane, Frame], None]


@dataclass(frozen=True, eq=False)
class Recording:
    """Raw time series and the metadata of their acquisition.

    Parameters
    ----------
    shape : (int, int, int, int)
        Frames, wavelengths, detectors, samples.
    read : callable
        Returns one frame's recordings, shape (wavelengths, detectors, samples).
    wavelengths_nm : array, optional
        In the order of the recordings.
    detectors_mm : array, shape (detectors, 3)
    sampling_rate_mhz : float
    speed_m_per_s : float, optional
        Speed of sound that the file suggests.
    speed_source : str
        Where that speed comes from.
    bounds_mm : array, shape (3, 2), optional
        Field of view: lowest and highest x, y, z.
    size_mm : (float, float), optional
        Width and height of the field of view, where only they are known.
    pixel_mm : float, optional
        Usual size of a pixel.
    energy : array, shape (frames, wavelengths), optional
        What the pulses of each recording are divided by.
    energy_source : str
        Which entry of the file that is.
    up : {1, -1}
        Direction of the vertical axis that is up when the detectors lie on all sides.
    turned : bool
        Whether the picture is turned so that the detectors are on top; not where ``maps`` lie as the file has them.
    domain : str
    metadata : dict
    times_s : array, shape (frames,), optional
        When each frame was taken, counted from the first one.
    maps : callable, optional
        Takes further fields of the cube for a picture plane.
    """

    shape: tuple[int, int, int, int]
    read: Callable[[int], NDArray[Any]]
    wavelengths_nm: Array | None
    detectors_mm: Array
    sampling_rate_mhz: float
    speed_m_per_s: float | None = None
    speed_source: str = ""
    bounds_mm: Array | None = None
    size_mm: tuple[float, float] | None = None
    pixel_mm: float | None = None
    energy: Array | None = None
    energy_source: str = ""
    up: int = 1
    turned: bool = True
    domain: Domain = "unknown"
    metadata: dict[str, Any] = field(default_factory=dict)
    times_s: Array | None = None
    maps: TakeMaps | None = None


def candidates(
    path: Path, options: ReadOptions, count: int, load: Callable[[], Recording], alternative: bool
) -> Iterator[Candidate]:
    """Go through the previews of a recording: the chosen frame, then the mean.

    ``load`` reads what :class:`Recording` holds, only when a candidate is opened.
    """
    yield Candidate(TITLE, partial(_open, path, options, load), alternative)
    for title, frame in frames.offered(count):
        chosen = replace(options, frame=frame)
        yield Candidate(f"{TITLE}, {title}", partial(_open, path, chosen, load), alternative=True)


def energy_table(values: NDArray[Any] | None, count: int, wavelengths: int) -> Array | None:
    """Return pulse energies as (frames, wavelengths), None where they are missing or not all positive numbers."""
    if values is None or values.dtype.kind not in "fiu":
        return None
    table = np.asarray(values, dtype=np.float64)
    if table.shape == (wavelengths,):
        table = np.broadcast_to(table, (count, wavelengths))
    if table.shape == (count, wavelengths) and np.all(np.isfinite(table)) and np.all(table > 0):
        return table
    return None


def _open(path: Path, options: ReadOptions, load: Callable[[], Recording]) -> SpectralCube:
    return preview(path, options, load())


def preview(path: Path, options: ReadOptions, recording: Recording) -> SpectralCube:
    """Reconstruct a recording by delay and sum, each frame when it is asked for; the provenance records all settings.

    Raises
    ------
    CubeError
        When metadata of the recording are missing or inconsistent.
    """
    _check(path, options, recording)
    how, speed_source = _settled(options.reconstruction, recording)
    plane = _plane(path, how, recording)
    count = recording.shape[0]

    def picture(frame: Frame, options: ReadOptions) -> SpectralCube:
        extras = Extras(path, plane.shape)
        if recording.maps is not None:
            recording.maps(extras, plane, frame)
        values = _reconstructed(path, _signals(recording, frame), plane, how, recording, options)
        return assemble(
            path,
            options,
            LazyCube(ArraySource(values), (0, 1, 2)),
            wavelengths_nm=recording.wavelengths_nm,
            modality="PAT",
            domain=recording.domain,
            quantity=QUANTITY,
            pixel_size_mm=(plane.pixel_mm, plane.pixel_mm),
            provenance=_provenance(how, speed_source, plane, recording),
            metadata={
                **recording.metadata,
                **place_of(plane).to_metadata(),
                **frames.metadata(frame, count),
            },
            extras=extras,
        )

    return frames.in_series(path, options, picture, count, positions=recording.times_s)


def place_of(plane: ImagePlane) -> PicturePlace:
    """Return where a preview in a plane lies."""
    rows, columns = plane.shape
    halves = (rows - 1) * plane.pixel_mm / 2, (columns - 1) * plane.pixel_mm / 2
    middles = plane.centre_mm[plane.axes[1]], plane.centre_mm[plane.axes[0]]
    extents = [(middle - half, middle + half) for middle, half in zip(middles, halves, strict=True)]
    return PicturePlace(plane.shape, (extents[0], extents[1]), plane.up)


def _check(path: Path, options: ReadOptions, recording: Recording) -> None:
    _, wavelengths, detectors, samples = recording.shape
    if 0 in recording.shape or samples < 2:
        raise CubeError(
            f"{path}: the time series have shape {recording.shape} (frames, wavelengths, detectors, samples); "
            "expected none empty."
        )
    if not (np.isfinite(recording.sampling_rate_mhz) and 1e-3 <= recording.sampling_rate_mhz <= 1e5):
        raise CubeError(
            f"{path}: the sampling rate is {recording.sampling_rate_mhz:g} MHz; expected a positive number, usually 40."
        )
    if recording.detectors_mm.shape != (detectors, 3):
        raise CubeError(
            f"{path}: {len(recording.detectors_mm)} detector positions for {detectors} recorded detectors; "
            "expected one position (x, y, z) each."
        )
    if 4 * wavelengths * detectors * samples > MAX_BYTES:
        raise CubeError(
            f"{path}: one frame of the time series takes more than 2 GB (shape {recording.shape})."
        )
    stated = options.wavelengths_nm
    sorted_channels(recording.wavelengths_nm if stated is None else stated, wavelengths, path)


def _settled(wanted: ReconstructionOptions, recording: Recording) -> tuple[ReconstructionOptions, str]:
    """Complete the user's options; also return where the speed of sound comes from."""
    if wanted.speed_of_sound_m_per_s is not None:
        speed, source = wanted.speed_of_sound_m_per_s, "stated by the user"
    elif recording.speed_m_per_s is not None:
        speed, source = recording.speed_m_per_s, recording.speed_source
    else:
        speed, source = USUAL_SPEED_M_PER_S, "assumed"
    settled = replace(
        wanted,
        speed_of_sound_m_per_s=speed,
        pixel_mm=wanted.pixel_mm or recording.pixel_mm or PIXEL_MM,
        field_of_view_mm=wanted.size_mm or recording.size_mm,
    )
    return settled, source


def _plane(path: Path, how: ReconstructionOptions, recording: Recording) -> ImagePlane:
    if not np.all(np.abs(recording.detectors_mm) < FAR_MM):
        raise CubeError(
            f"{path}: the detector positions hold values that are not finite, or farther than 10 m away."
        )
    try:
        return picture_plane(
            recording.detectors_mm,
            pixel_mm=how.pixel_mm or PIXEL_MM,
            size_mm=how.size_mm,
            bounds_mm=recording.bounds_mm,
            up=recording.up,
            turned=recording.turned,
        )
    except CubeError as error:
        raise CubeError(f"{path}: {error}") from error


def _signals(recording: Recording, frame: Frame) -> NDArray[np.float32]:
    """Return the recordings of a frame, or the mean over frames, each divided by its pulse's energy."""
    if frame != "mean":
        return _corrected(recording, int(frame))
    total = np.zeros(recording.shape[1:], np.float64)
    for number in range(recording.shape[0]):
        total += _corrected(recording, number)
    return (total / recording.shape[0]).astype(np.float32)


def _corrected(recording: Recording, frame: int) -> NDArray[np.float32]:
    signals = np.asarray(recording.read(frame), dtype=np.float32)
    if recording.energy is None:
        return signals
    relative = recording.energy[frame] / recording.energy.mean()
    return signals / relative[:, None, None].astype(np.float32)


def _reconstructed(
    path: Path,
    signals: NDArray[np.float32],
    plane: ImagePlane,
    how: ReconstructionOptions,
    recording: Recording,
    options: ReadOptions,
) -> NDArray[np.float32]:
    from napari_udt.reconstruction import delay_and_sum

    try:
        return delay_and_sum(
            signals,
            recording.detectors_mm,
            plane.pixels_mm(),
            sampling_rate_mhz=recording.sampling_rate_mhz,
            speed_of_sound_m_per_s=how.speed_of_sound_m_per_s or USUAL_SPEED_M_PER_S,
            start_us=how.start_us,
            band_mhz=how.band_mhz,
            envelope=how.envelope,
            device=how.device,
            progress=options.progress,
        )
    except CubeError as error:
        raise CubeError(f"{path}: {error}") from error


def _provenance(
    how: ReconstructionOptions, speed_source: str, plane: ImagePlane, recording: Recording
) -> dict[str, Any]:
    rows, columns = plane.shape
    settings = {
        "reconstruction": TITLE,
        "method": METHOD,
        "speed_of_sound_m_per_s": how.speed_of_sound_m_per_s,
        "speed_of_sound_from": speed_source,
        "field_of_view_mm": [columns * plane.pixel_mm, rows * plane.pixel_mm],
        "centre_mm": list(plane.centre_mm),
        "picture_axes": ["xyz"[axis] for axis in plane.axes],
        "up": plane.up,
        "pixel_mm": plane.pixel_mm,
        "band_mhz": None if how.band_mhz is None else list(how.band_mhz),
        "envelope": how.envelope,
        "start_us": how.start_us,
        "sampling_rate_mhz": recording.sampling_rate_mhz,
        "detectors": len(recording.detectors_mm),
    }
    if recording.energy is not None:
        settings["divided_by_pulse_energy"] = recording.energy_source
    return settings
