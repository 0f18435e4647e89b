"""The mouse never waits for a file: slow spectra are read when clicked, or not before the file is converted."""

from __future__ import annotations

import h5py
import numpy as np
import pytest

from napari_udt import open_cube
from napari_udt.io import layout
from napari_udt.viewer.spectra.resolve import resolve
from napari_udt.viewer.state.session import PixelRef, Session


@pytest.fixture
def session(tmp_path):
    with h5py.File(tmp_path / "x.h5", "w") as file:
        data = np.random.default_rng(0).random((30, 40, 50), dtype=np.float32)
        file.create_dataset("cube", data=data, chunks=(30, 40, 1), compression="gzip")
        file["wavelengths"] = np.linspace(500, 1000, 50)
    session = Session()
    session.add(open_cube(tmp_path / "x.h5", memory_limit_mb=0, domain="simulated"))
    session.set_cursor(PixelRef("x", 3, 4))
    return session


@pytest.mark.parametrize(
    ("rate", "hovered", "pinned", "said"),
    [
        (1e9, 1, 2, ""),
        (2e5, 0, 1, "Click to read a spectrum of x; its file takes about 1 s"),
        (1e4, 0, 0, "would take 24 s to read; convert the file first"),
    ],
)
def test_how_long_it_takes_decides(session, monkeypatch, rate, hovered, pinned, said):
    monkeypatch.setattr(layout, "UNPACKED_PER_S", rate)
    found = resolve(session)
    assert len(found.curves) == hovered
    assert said in " ".join(found.remarks)
    session.pin(PixelRef("x", 5, 6))
    assert len(resolve(session).curves) == pinned


def test_a_pinned_spectrum_is_read_once(session):
    cube, reads = session["x"].cube, []
    read = cube.data.source.read
    cube.data.source.read = lambda selection: reads.append(selection) or read(selection)
    session.pin(PixelRef("x", 5, 6))
    first, again = (resolve(session).curves[-1].values for _ in range(2))
    np.testing.assert_array_equal(first, again)
    assert len(reads) == 2  # the cursor's and the pin's
