"""Delay and sum of photoacoustic time series, in torch.

The picture at x is the mean over the detectors d of what each of them heard when sound from x arrived:

    picture(x) = 1 / D  sum_d  s_d(|x - r_d| / c)

(Hoelen and de Mul, Appl. Opt. 39, 5872, 2000; without their weights.) s is the recording after a band-pass; for the
envelope it is the analytic signal (recording plus i times its Hilbert transform) and the picture is the magnitude of
the sum, which neither knows the polarity of an amplifier nor shows ripples at the period of sound. A preview: it
models neither the transducer nor the derivative in the wave equation, so values are not absorbed energy.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from napari_udt.errors import CubeError

PIXELS_AT_ONCE = 2048
WAVELENGTHS_AT_ONCE = 16
_EDGE = 0.25  # the band's flanks: a quarter of the low limit below it, a quarter of the high limit above it


def delay_and_sum(
    signals: Any,
    detectors_mm: NDArray[np.floating[Any]],
    pixels_mm: NDArray[np.floating[Any]],
    *,
    sampling_rate_mhz: float,
    speed_of_sound_m_per_s: float,
    start_us: float = 0.0,
    band_mhz: tuple[float, float] | None = None,
    envelope: bool = False,
    device: str = "auto",
    progress: Callable[[int, int], None] | None = None,
) -> NDArray[np.float32]:
    """Reconstruct pictures from the recordings of an array of detectors.

    Parameters
    ----------
    signals : array, shape (wavelengths, detectors, samples)
        Anything with numpy's indexing; a few wavelengths are read at a time. Values that are not finite count as 0.
    detectors_mm : array, shape (detectors, 3)
    pixels_mm : array, shape (rows, columns, 3)
        Where the pixels lie, in the coordinates of the detectors.
    sampling_rate_mhz, speed_of_sound_m_per_s : float
    start_us : float
        When the first sample was taken, after the laser pulse.
    band_mhz : (float, float), optional
        Frequencies to keep, with smooth flanks; None filters nothing.
    envelope : bool
        Whether to return the magnitude of the analytic picture; otherwise the picture is linear in ``signals``.
    device : str
        "auto", or a device of torch.
    progress : callable, optional
        ``progress(done, total)`` after each chunk; what it raises ends the reconstruction.

    Returns
    -------
    float32 array, shape (rows, columns, wavelengths)

    Raises
    ------
    CubeError
        When shapes do not belong together or the device is not there.

    Notes
    -----
    Samples are interpolated linearly. A detector whose recording does not cover the time counts as silent.
    """
    _check(signals, detectors_mm, pixels_mm)
    where = _device(device)
    samples_per_mm = 1e3 * sampling_rate_mhz / speed_of_sound_m_per_s
    pixels = torch.as_tensor(np.asarray(pixels_mm, dtype=np.float32)).reshape(-1, 3)
    detectors = torch.as_tensor(np.asarray(detectors_mm, dtype=np.float32), device=where)
    picture = np.empty((len(pixels), signals.shape[0]), np.float32)
    parts = list(_parts(signals.shape[0], WAVELENGTHS_AT_ONCE))
    chunks = list(_parts(len(pixels), PIXELS_AT_ONCE))
    for number, part in enumerate(parts):
        heard = _prepared(signals[part], sampling_rate_mhz, band_mhz, envelope, where)
        for done, chunk in enumerate(chunks):
            distance = torch.cdist(
                pixels[chunk].to(where), detectors, compute_mode="donot_use_mm_for_euclid_dist"
            )
            time = distance * samples_per_mm - start_us * sampling_rate_mhz
            picture[chunk, part] = _summed(heard, time, envelope).cpu().numpy()
            if progress is not None:
                progress(number * len(chunks) + done + 1, len(parts) * len(chunks))
    return picture.reshape(*np.shape(pixels_mm)[:2], -1)


def _check(signals: Any, detectors_mm: Any, pixels_mm: Any) -> None:
    shape = tuple(signals.shape)
    if len(shape) != 3 or 0 in shape or shape[2] < 2:
        raise CubeError(
            f"time series of shape {shape}; expected (wavelengths, detectors, samples), none empty."
        )
    if np.shape(detectors_mm) != (shape[1], 3):
        raise CubeError(
            f"positions of shape {np.shape(detectors_mm)} for {shape[1]} recorded detectors; expected (x, y, z) of each."
        )
    if np.ndim(pixels_mm) != 3 or np.shape(pixels_mm)[2] != 3 or 0 in np.shape(pixels_mm):
        raise CubeError(f"pixels of shape {np.shape(pixels_mm)}; expected (rows, columns, 3).")


def _device(name: str) -> torch.device:
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        return torch.empty(0, device=name).device
    except (RuntimeError, AssertionError) as error:
        raise CubeError(f"device {name!r} is not available here; choose auto or cpu.") from error


def _parts(length: int, step: int) -> Iterator[slice]:
    return (slice(start, min(start + step, length)) for start in range(0, length, step))


def _prepared(
    signals: Any, rate_mhz: float, band_mhz: tuple[float, float] | None, analytic: bool, where: torch.device
) -> torch.Tensor:
    """Return filtered recordings as a table, shape (detectors, samples, wavelengths [times 2: real, imaginary])."""
    heard = torch.as_tensor(np.asarray(signals, dtype=np.float32), device=where)
    heard = torch.nan_to_num(heard, nan=0.0, posinf=0.0, neginf=0.0)
    if band_mhz is not None or analytic:
        heard = _filtered(heard, rate_mhz, band_mhz, analytic)
    if analytic:
        heard = torch.view_as_real(heard)
    return heard.movedim(0, 2).flatten(2).contiguous()


def _filtered(
    heard: torch.Tensor, rate_mhz: float, band_mhz: tuple[float, float] | None, analytic: bool
) -> torch.Tensor:
    """Band-pass recordings along their last axis; with ``analytic`` the result is complex."""
    samples = heard.shape[-1]
    length = 2 * samples  # what rings over the end must not come in at the beginning
    heard = heard - heard.mean(dim=-1, keepdim=True)
    frequency = torch.fft.fftfreq(length, 1 / rate_mhz, device=heard.device)
    response = torch.ones_like(frequency) if band_mhz is None else _band(frequency.abs(), *band_mhz)
    if analytic:
        response = response * (1 + torch.sign(frequency))
    filtered = torch.fft.ifft(torch.fft.fft(heard, length) * response)[..., :samples]
    return filtered if analytic else filtered.real


def _band(frequency: torch.Tensor, low: float, high: float) -> torch.Tensor:
    """Return a response of 1 from ``low`` to ``high`` with squared-cosine flanks outside; nothing of frequency 0."""
    below = ((low - frequency) / (_EDGE * low)).clamp(0, 1) if low > 0 else (frequency == 0).float()
    above = ((frequency - high) / (_EDGE * high)).clamp(0, 1)
    return torch.cos(np.pi / 2 * below) ** 2 * torch.cos(np.pi / 2 * above) ** 2


def _summed(heard: torch.Tensor, time: torch.Tensor, envelope: bool) -> torch.Tensor:
    """Return the mean over detectors of what was heard at ``time`` [samples], shape (pixels, wavelengths)."""
    detectors, samples, columns = heard.shape
    before = time.floor().clamp(0, samples - 2)
    late = time - before
    weight = ((time >= 0) & (time <= samples - 1)) / detectors
    row = before.long() + torch.arange(detectors, device=time.device) * samples
    summed = torch.nn.functional.embedding_bag(
        torch.cat([row, row + 1], dim=1),
        heard.reshape(-1, columns),
        per_sample_weights=torch.cat([weight * (1 - late), weight * late], dim=1),
        mode="sum",
    )
    return torch.linalg.vector_norm(summed.reshape(len(summed), -1, 2), dim=2) if envelope else summed
