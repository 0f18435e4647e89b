"""The Spectra dock over time: choosing the axis, waiting, cancelling, dragging the present time, copying."""

import threading

import pytest
from kinetics import kinetics
from qtpy.QtCore import Qt
from qtpy.QtGui import QGuiApplication
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QPushButton

from napari_udt import open_cube
from napari_udt.samples import sample_path
from napari_udt.viewer.series.reader import PictureReader
from napari_udt.viewer.spectra.widgets.choice_box import OptionBox
from napari_udt.viewer.spectra.widgets.dock import SpectraDock
from napari_udt.viewer.state.session import PixelRef, Session


@pytest.fixture
def session():
    session = Session()
    session.reader = PictureReader(session)
    session.set_options(hover=False)
    return session


@pytest.fixture
def dock(qtbot, session):
    dock = SpectraDock(session)
    qtbot.addWidget(dock)
    dock.resize(500, 700)
    dock.show()
    return dock


def box(dock):
    return dock.findChild(OptionBox, "over")


def choose(dock, text):
    place = next(i for i in range(box(dock).count()) if text in box(dock).itemText(i))
    box(dock).setCurrentIndex(place)
    box(dock).activated.emit(place)


def test_kinetics_of_oxygenation(dock, session, qtbot, tmp_path):
    assert not box(dock).isVisible()
    session.add(kinetics(open_cube(sample_path("pat_simulated")), frames=5, step_s=10.0)[0], key="scan")
    session.set_options(mode="structure", structures=("artery",))
    qtbot.waitUntil(lambda: box(dock).isVisible(), timeout=5000)
    choose(dock, "oxygen saturation (estimate)")
    qtbot.waitUntil(lambda: len(dock._series.lines) == 1, timeout=20000)
    assert dock._series.isVisible()
    assert dock._series.plot._present.value() == 0
    QTest.keyClick(dock._series.plot, Qt.Key.Key_Right)
    assert session.position == 10.0
    assert session["scan"].cube.place == 1
    dock._series.plot.position_dragged.emit(28.0)
    assert session.position == 30.0
    qtbot.mouseClick(dock.findChild(QPushButton, "Copy"), Qt.MouseButton.LeftButton)
    assert '"time_s"' in QGuiApplication.clipboard().text()
    for name in ("k.csv", "k.png", "k.svg"):
        dock.save(tmp_path / name)
        assert (tmp_path / name).stat().st_size > 500
    choose(dock, "Over wavelength")
    qtbot.waitUntil(lambda: not dock._series.isVisible(), timeout=5000)
    session.remove("scan")
    qtbot.waitUntil(lambda: not box(dock).isVisible(), timeout=5000)


def test_following_can_be_cancelled(dock, session, qtbot, scan):
    gate = threading.Event()

    def slow(index):
        if index > 2:
            assert gate.wait(10)

    session.add(scan(read=slow)[0])
    session.set_wavelength(760.0)
    session.pin(PixelRef("scan", 3, 4))
    session.set_options(over="value")
    cancel = dock._series.findChild(QPushButton, "Cancel")
    qtbot.waitUntil(cancel.isVisible, timeout=5000)
    qtbot.mouseClick(cancel, Qt.MouseButton.LeftButton)
    assert not cancel.isVisible()
    gate.set()
    qtbot.wait(300)
    assert not dock._series.busy
    assert dock._series.lines == ()
