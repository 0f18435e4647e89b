"""Whole pictures behind coarse ones: what is read, what is told, and what ends it. No window."""

import h5py
import numpy as np
import pytest
from napari.components import ViewerModel

from napari_udt.io import open_cube
from napari_udt.viewer.context import context_of
from napari_udt.viewer.layers.overlays.whole_pictures import WholePictureLayers
from napari_udt.viewer.layers.stacks import stack
from napari_udt.viewer.series.whole_picture import WholePictures

SHAPE = (200, 120, 8)


@pytest.fixture(
    params=[None, (10, 10, 8), (10, 10, 4)], ids=["spectra in a row", "chunks", "chunks of half a spectrum"]
)
def slow(tmp_path, monkeypatch, request):
    """A cube whose file gives 100 kB in a second, as the layout believes, and its values."""
    monkeypatch.setattr("napari_udt.io.layout.READ_PER_S", 1e5)
    monkeypatch.setattr("napari_udt.viewer.series.whole_picture._STEP_BYTES", 120 * 8 * 4 * 20)
    values = np.random.default_rng(0).random(SHAPE, np.float32)
    with h5py.File(tmp_path / "slow.h5", "w") as file:
        file.create_dataset("cube", data=values, chunks=request.param)
        file["wavelengths"] = np.linspace(500, 1000, SHAPE[2])
    return open_cube(tmp_path / "slow.h5", memory_limit_mb=0), values


class Later:
    """Runs functions when told to."""

    def __init__(self):
        self.jobs = []

    def __call__(self, job):
        self.jobs.append(job)

    def run(self):
        while self.jobs:
            self.jobs.pop(0)()


def test_the_whole_picture_follows_the_coarse_one(slow):
    cube, values = slow
    later, told = Later(), []
    reader = WholePictures(later)
    reader.changed.connect(told.append)
    planes = stack(cube)[0]
    planes.whole = reader.picture
    coarse = planes[3]
    assert coarse.shape == SHAPE[:2]
    assert (coarse != values[:, :, 3]).mean() > 0.5
    assert reader.rows_read(cube.data) == 0
    later.run()
    assert told == [cube.data]
    assert reader.rows_read(cube.data) is None
    np.testing.assert_array_equal(planes[3], values[:, :, 3])
    assert (planes[5] != values[:, :, 5]).any()  # the next one begins anew
    later.run()
    np.testing.assert_array_equal(planes[5], values[:, :, 5])


def test_another_wavelength_a_closed_cube_and_cancelling_end_it_after_a_few_rows(slow, monkeypatch):
    monkeypatch.setattr("napari_udt.viewer.series.whole_picture._REPORT_S", 0.0)
    cube, values = slow
    later, planes = Later(), stack(cube)[0]
    reader = WholePictures(later)
    planes.whole = reader.picture
    seen = []

    def after_some_rows(data):
        seen.append(reader.rows_read(data))
        if len(seen) == 1:
            ends.pop(0)()

    reader.changed.connect(after_some_rows)
    ends = [lambda: planes[7], lambda: reader.keep([]), lambda: reader.cancel(cube.data)]
    for channel in range(3):
        seen.clear()
        coarse = planes[channel]
        later.jobs.pop(0)()
        assert 0 < seen[0] < SHAPE[0]
        assert (coarse != values[:, :, channel]).any()
        later.jobs.clear()
    assert planes[2] is coarse  # stays, and nothing begins anew
    assert not later.jobs
    seen.append(None)
    planes[1]
    later.run()
    np.testing.assert_array_equal(planes[1], values[:, :, 1])


def test_a_file_that_breaks_meanwhile_costs_the_whole_picture_only(slow):
    cube, _ = slow
    later, sentences = Later(), []
    reader = WholePictures(later)
    reader.failed.connect(sentences.append)
    planes = stack(cube)[0]
    planes.whole = reader.picture
    coarse = planes[0]
    cube.data.source.read = lambda _: 1 / 0
    later.run()
    assert sentences == [
        "The whole picture could not be read (ZeroDivisionError: division by zero); it stays coarse."
    ]
    assert planes[0] is coarse


def test_layers_draw_the_whole_picture_and_napari_shows_how_far_it_is(slow, monkeypatch):
    monkeypatch.setattr("napari_udt.viewer.series.whole_picture._REPORT_S", 0.0)
    cube, values = slow
    viewer, later = ViewerModel(), Later()
    context = context_of(viewer)
    reader = WholePictures(later)
    layers = WholePictureLayers(context.adapter, reader)
    monkeypatch.setattr(context.whole_pictures, "_changed", lambda _: None)
    context.adapter.structure_changed.disconnect(context.whole_pictures._layers_changed)
    bars = []
    reader.changed.connect(lambda _: bars.extend((bar.n, bar.total) for bar in layers._bars.values()))
    entry = context.session.add(cube)
    image = context.adapter[entry.key].image
    shown = round((viewer.dims.point[0] - 500) / 500 * (SHAPE[2] - 1))
    assert (image._data_view != values[:, :, shown]).any()
    later.run()
    np.testing.assert_array_equal(image._data_view, values[:, :, shown])
    assert bars
    assert all(0 < done < total == SHAPE[0] for done, total in bars)
    assert not layers._bars
    viewer.dims.set_current_step(0, 1)
    later.jobs.clear()
    context.session.remove(entry.key)
    assert reader.rows_read(cube.data) is None
