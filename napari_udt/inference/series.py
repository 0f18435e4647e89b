"""Transfers of series: each picture when it is asked for."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace

from napari_udt.cube import SpectralCube
from napari_udt.series import Series


def with_series(
    cube: SpectralCube, transferred: SpectralCube, move: Callable[[SpectralCube], SpectralCube]
) -> SpectralCube:
    """Return a transferred picture that knows the others, which ``move`` makes one at a time.

    The latest few stay at hand, as in every series, and the picture that was transferred first.

    Parameters
    ----------
    cube : SpectralCube
        What was transferred, a picture of a series.
    transferred : SpectralCube
        The result.
    move : callable
        Transfers a further picture of the cube's series.
    """
    whole = cube.series
    if whole is None:
        return transferred
    one_at_a_time = threading.Lock()  # a run moves the model to its device and back

    def later(index: int, picture: SpectralCube) -> SpectralCube:
        if index == cube.place:
            return replace(transferred, series=series, place=index)
        with one_at_a_time, whole.naming(index):
            return replace(move(picture), series=series, place=index)

    series: Series[SpectralCube] = whole.derived(later)
    return replace(transferred, series=series, place=cube.place)
