"""The scene of the viewer's benchmark; nothing is timed."""

import numpy as np

from napari_udt.bench.viewer_scene import dock_alone, painted, places, plot_of
from napari_udt.bench.viewer_series import CHANNELS, recording
from napari_udt.viewer.state.session import Session


def test_the_plot_whose_paintings_are_counted_is_the_one_that_is_seen(qtbot):
    first = recording(3, (20, 24))
    session = Session()
    session.add(first, key="simulated")
    dock = dock_alone(session)
    qtbot.addWidget(dock)
    session.set_cursor(places((20, 24, CHANNELS))[0])
    painted(dock)
    assert len(dock.curves.curves) == 1
    assert plot_of(dock).isVisible()


def test_frames_of_the_recording_differ_and_are_made_when_asked_for():
    first = recording(4, (6, 12))
    np.testing.assert_allclose(first.series.positions, [0, 0.1, 0.2, 0.3])
    assert first.series[2].data.mean() > first.data.mean()
    assert len(first.present_labels) == 6
