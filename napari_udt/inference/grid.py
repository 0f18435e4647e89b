"""Interpolation of spectra from a cube's wavelengths to a model's."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_udt.errors import TransferError

# Two grids are one when they differ by less than this everywhere; cameras quote 0.1 nm at best.
SAME_GRID_NM = 0.05


def transferable(spectra: NDArray[np.float32]) -> tuple[NDArray[np.bool_], NDArray[np.float32]]:
    """Return which spectra (n, channels) a network can transfer, and the L2 norms (n,) of all.

    Spectra that are not finite, or zero throughout, have no shape to transfer, whether the model normalises or not.
    """
    with np.errstate(over="ignore"):  # of numbers that no spectrum has
        norms = np.linalg.norm(spectra, axis=1)
    return np.isfinite(norms) & (norms > 0), norms


@dataclass(frozen=True, eq=False)
class Regridding:
    """Linear interpolation between two wavelength grids, as one small matrix.

    Parameters
    ----------
    weights : array, shape (used channels, model channels), or None
        ``spectrum[used] @ weights``; None where the grids agree.
    note : str
        What was done, for the provenance and the screen; empty where nothing was.
    used : integer array, optional
        Channels that are interpolated from; all by default. Bad bands are not among them.
    """

    weights: NDArray[np.float32] | None
    note: str = ""
    used: NDArray[np.intp] | None = None

    def __call__(self, spectra: NDArray[np.float32]) -> NDArray[np.float32]:
        """Interpolate spectra (n, source channels) to (n, model channels)."""
        if self.weights is None:
            return spectra
        return (spectra if self.used is None else spectra[:, self.used]) @ self.weights


def regrid(
    source_nm: NDArray[np.float64],
    model_nm: NDArray[np.float64],
    name: str,
    target: str = "model",
    bad_bands: NDArray[np.bool_] | None = None,
) -> Regridding:
    """Return the interpolation from a cube's wavelengths to a model's, or to those of a ``target`` by another name.

    Channels marked in ``bad_bands`` are not used: their wavelengths are interpolated from those beside them.

    Raises
    ------
    TransferError
        When the model needs wavelengths outside the cube's range: nothing is extrapolated.
    """
    source_nm, model_nm = np.asarray(source_nm, np.float64), np.asarray(model_nm, np.float64)
    used, without = None, ""
    if bad_bands is not None and bad_bands.any():
        used = np.flatnonzero(~bad_bands)
        if not used.size:
            raise TransferError(f"{name} marks all of its bands as bad; there is nothing to transfer.")
        listed = ", ".join(f"{nm:g}" for nm in source_nm[bad_bands][:10])
        without = f"; bad bands were left out ({listed}{', ...' if bad_bands.sum() > 10 else ''} nm)"
        source_nm = source_nm[used]
    elif source_nm.shape == model_nm.shape and np.allclose(source_nm, model_nm, rtol=0, atol=SAME_GRID_NM):
        return Regridding(None)
    if model_nm[0] < source_nm[0] - SAME_GRID_NM or model_nm[-1] > source_nm[-1] + SAME_GRID_NM:
        raise TransferError(
            f"{name} covers {source_nm[0]:g}-{source_nm[-1]:g} nm{' without its bad bands' if without else ''}, but the "
            f"{target} needs {model_nm[0]:g}-{model_nm[-1]:g} nm; choose a {target} or a cube whose wavelengths agree."
        )
    weights = np.stack([np.interp(model_nm, source_nm, unit) for unit in np.eye(len(source_nm))])
    return Regridding(
        weights.astype(np.float32),
        f"spectra were interpolated linearly from {len(source_nm)} wavelengths "
        f"({source_nm[0]:g}-{source_nm[-1]:g} nm) to the {target}'s {len(model_nm)} "
        f"({model_nm[0]:g}-{model_nm[-1]:g} nm){without}",
        used,
    )
