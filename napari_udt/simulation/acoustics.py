"""Photoacoustic waves: from initial pressure to the detectors of an arc array, and back to a picture.

In a medium that sound crosses on straight rays the pressure at a detector is the time derivative of spherical
means (Wang and Wu, *Biomedical Optics*, 2007, chapter 12):

    p(r, t) ~ d/dt  integral of p0(r') delta(t - |r - r'| / c) / |r - r'|

Only sources in the imaging plane are seen. The spherical means are one sparse matrix and delay and sum another;
the derivative belongs to the frequency response, together with whatever the transducer does.
Lengths are in mm, times in us, speeds in mm/us.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import fft
from scipy.signal import hilbert
from scipy.sparse import csc_matrix, csr_matrix

from napari_udt.simulation.pixel_grid import PixelGrid

Array = NDArray[np.float64]
Signals = NDArray[np.float32]

SPEED_OF_SOUND_MM_PER_US = 1.540
PIXELS_AT_ONCE = 512  # keeps the tables of a step in the processor's cache


@dataclass(frozen=True)
class DetectorArray:
    """Elements on an arc around the focus, as the MSOT Acuity Echo has them (iThera Medical; SIMPA).

    Parameters
    ----------
    elements : int
    radius_mm, pitch_mm : float
        Radius of the arc; distance of neighbouring elements along it.
    focus_depth_mm : float
        Depth of the centre of the arc below the membrane.
    sampling_rate_mhz : float
    samples : int
        Length of a recording, which starts with the laser pulse.
    """

    elements: int = 256
    radius_mm: float = 40.0
    pitch_mm: float = 0.34
    focus_depth_mm: float = 8.0
    sampling_rate_mhz: float = 40.0
    samples: int = 2048

    @property
    def angles(self) -> Array:
        """Angle [rad] of the elements as seen from the focus, 0 on the axis, shape (elements,)."""
        centred = np.arange(self.elements, dtype=np.float64) - (self.elements - 1) / 2
        return np.asarray(centred * self.pitch_mm / self.radius_mm)

    @property
    def positions_mm(self) -> Array:
        """Lateral position and depth of the elements, shape (elements, 2)."""
        across, along = np.sin(self.angles), np.cos(self.angles)
        return np.stack([self.radius_mm * across, self.focus_depth_mm - self.radius_mm * along], axis=1)

    @property
    def frequencies_mhz(self) -> Array:
        """Frequencies of a recording's real Fourier transform, shape (samples // 2 + 1,)."""
        return fft.rfftfreq(self.samples, 1 / self.sampling_rate_mhz)


@dataclass(frozen=True)
class SoundSpeeds:
    """Speed of sound [mm/us] above and below a flat interface.

    Parameters
    ----------
    coupling, tissue : float
        In the coupling medium above and in the tissue below.
    interface_mm : float
        Depth of the interface; depth 0 is the membrane.
    """

    coupling: float = SPEED_OF_SOUND_MM_PER_US
    tissue: float = SPEED_OF_SOUND_MM_PER_US
    interface_mm: float = 0.0

    def slowness_us_per_mm(self, depths_mm: Array, detector_depths_mm: Array) -> Signals:
        """Mean slowness of straight rays (refraction is left out), shape (sources, detectors)."""
        depth = depths_mm[:, None].astype(np.float32)
        height = detector_depths_mm[None].astype(np.float32)
        in_tissue = np.clip((depth - np.float32(self.interface_mm)) / (depth - height), 0, 1)
        return np.float32(1 / self.coupling) + in_tissue * np.float32(1 / self.tissue - 1 / self.coupling)


def spherical_means(array: DetectorArray, grid: PixelGrid, speeds: SoundSpeeds) -> csc_matrix:
    """Return the matrix from initial pressure to spherical means at the detectors.

    Returns
    -------
    sparse matrix, shape (elements * samples, rows * columns)
        Maps pixels (row by row) to recordings (element by element), before the time derivative.
    """
    arrivals = _arrivals(array, grid, speeds, spreading=True)
    return csc_matrix(arrivals, shape=(array.elements * array.samples, grid.rows * grid.columns))


def delay_and_sum(array: DetectorArray, grid: PixelGrid, speeds: SoundSpeeds) -> csr_matrix:
    """Return the matrix from recordings to a picture: the mean over elements at each pixel's travel time.

    Returns
    -------
    sparse matrix, shape (rows * columns, elements * samples)
    """
    arrivals = _arrivals(array, grid, speeds, spreading=False)
    return csr_matrix(arrivals, shape=(grid.rows * grid.columns, array.elements * array.samples))


def _arrivals(
    array: DetectorArray, grid: PixelGrid, speeds: SoundSpeeds, *, spreading: bool
) -> tuple[Signals, NDArray[np.int32], NDArray[np.int32]]:
    """Return data, indices and index pointers of the compressed matrix.

    Every pixel has two entries per element (linear interpolation between samples), so nothing is sorted.
    """
    depths, laterals = (axis.ravel() for axis in np.meshgrid(grid.depths_mm, grid.laterals_mm, indexing="ij"))
    first_sample = np.arange(array.elements, dtype=np.int32) * array.samples
    indices = np.empty((len(depths), array.elements, 2), dtype=np.int32)
    data = np.empty(indices.shape, dtype=np.float32)
    for start in range(0, len(depths), PIXELS_AT_ONCE):
        part = slice(start, start + PIXELS_AT_ONCE)
        distance = _distances(laterals[part], depths[part], array.positions_mm)
        time = distance * speeds.slowness_us_per_mm(depths[part], array.positions_mm[:, 1])
        time *= np.float32(array.sampling_rate_mhz)
        np.minimum(time, array.samples - 2, out=time)  # weighs nothing, see below
        sample = time.astype(np.int32)
        weight = (time < array.samples - 2) / (distance if spreading else np.float32(array.elements))
        late = (time - sample) * weight
        np.add(sample, first_sample, out=indices[part, :, 0])
        data[part, :, 0] = weight - late
        data[part, :, 1] = late
    np.add(indices[..., 0], 1, out=indices[..., 1])
    pointers = np.arange(0, data.size + 1, 2 * array.elements, dtype=np.int32)
    return data.reshape(-1), indices.reshape(-1), pointers


def _distances(laterals_mm: Array, depths_mm: Array, detectors_mm: Array) -> Signals:
    across = laterals_mm[:, None].astype(np.float32) - detectors_mm[None, :, 0].astype(np.float32)
    along = depths_mm[:, None].astype(np.float32) - detectors_mm[None, :, 1].astype(np.float32)
    return np.sqrt(across * across + along * along)


def pressure_response(array: DetectorArray, grid: PixelGrid, passed: float = 0.7) -> NDArray[np.complex128]:
    """Time derivative, in units of 2 pi rad/us, up to the frequency that the pixels can carry.

    Above ``c / (2 * pixel)`` only the shape of the pixels would be heard; the response falls to zero there as a
    squared cosine, from the share ``passed`` of that frequency. This is a limit of the grid, not of a transducer.
    """
    frequencies = array.frequencies_mhz
    limit = SPEED_OF_SOUND_MM_PER_US / (2 * grid.pixel_mm)
    beyond = np.clip((frequencies / limit - passed) / (1 - passed), 0, 1)
    return 1j * frequencies * np.cos(np.pi / 2 * beyond) ** 2


def filtered(signals: Signals, response: NDArray[np.inexact]) -> Signals:
    """Apply a frequency response to recordings.

    Parameters
    ----------
    signals : float32 array, shape (elements, samples, wavelengths)
    response : array, shape (samples // 2 + 1,), or (elements, samples // 2 + 1) for one response per element
    """
    spectrum = fft.rfft(signals, axis=1)
    spectrum *= np.atleast_2d(response).astype(np.complex64)[:, :, None]
    return fft.irfft(spectrum, n=signals.shape[1], axis=1)


def analytic(pictures: Signals) -> NDArray[np.complex64]:
    """Analytic signal along depth of pictures (rows, columns, wavelengths): linear, unlike its magnitude."""
    rows = pictures.shape[0]
    padded = fft.next_fast_len(2 * rows)  # what leaves the picture below must not come back on top
    return hilbert(pictures, N=padded, axis=0)[:rows].astype(np.complex64)


def envelope(pictures: Signals) -> Signals:
    """Magnitude of the analytic signal along depth; pictures (rows, columns, wavelengths)."""
    return np.abs(analytic(pictures)).astype(np.float32)
