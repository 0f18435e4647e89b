"""The window of our own: drops, clicks, slider, closing. Needs a display (xvfb-run will do)."""

from __future__ import annotations

import gc

import imageio.v3 as imageio
import numpy as np
import pytest
from canvas_mouse import click
from napari.utils.notifications import notification_manager
from qtpy.QtCore import QEvent, QMimeData, QPoint, QPointF, Qt, QUrl
from qtpy.QtGui import QDragEnterEvent, QDropEvent
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QDockWidget, QFileDialog, QScrollArea, QWidget

from napari_udt import save_cube
from napari_udt.bench.viewer_scene import screen_position
from napari_udt.errors import CubeError
from napari_udt.models.archive import export_model
from napari_udt.models.store import bundled_folder
from napari_udt.viewer.app import furnish
from napari_udt.viewer.context import context_of
from napari_udt.viewer.demo import structure_pixels
from napari_udt.viewer.qt.visibility import dock_of
from napari_udt.viewer.qt.wavelength_field import WavelengthField
from napari_udt.viewer.state.session import PixelRef

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")


@pytest.fixture
def window(make_napari_viewer):
    return furnish(make_napari_viewer(show=True))


@pytest.fixture
def errors():
    notification_manager.records.clear()
    yield notification_manager.records
    notification_manager.records.clear()


def drop(target, *paths):
    """Drag files over a widget and let go, as Qt delivers it."""
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    how = (Qt.DropAction.CopyAction, mime, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier)
    QApplication.sendEvent(target, QDragEnterEvent(QPoint(20, 20), *how))
    QApplication.sendEvent(target, QDropEvent(QPointF(20, 20), *how))


def targets(window):
    qt_viewer = window.viewer.window._qt_viewer
    return {"viewer": qt_viewer, "canvas": qt_viewer.canvas.native, "welcome": qt_viewer._welcome_widget}


def test_a_dropped_file_that_vanished_is_reported_and_the_others_open(window, errors, pat, tmp_path):
    save_cube(pat(), tmp_path / "forearm.udt.h5")
    drop(targets(window)["canvas"], tmp_path / "gone.h5", tmp_path / "forearm.udt.h5", tmp_path / "photo.png")
    assert [entry.key for entry in window.context.session] == ["forearm"]
    (reported,) = errors
    assert "gone.h5: there is no such file" in reported.message
    assert "photo.png: there is no such file" in reported.message


def test_a_dropped_file_that_nothing_reads_gets_one_sentence(window, errors, tmp_path):
    note = tmp_path / "note.txt"
    note.write_text("a note\nof two lines\n")
    drop(targets(window)["canvas"], note)
    (record,) = errors
    assert "note.txt: the file is text" in record.message
    assert "not a spectral cube" in record.message
    assert "No plugin" not in record.message
    assert not list(window.viewer.layers)


def test_dropped_models_are_imported_and_cubes_beside_them_open(
    window, errors, qtbot, pat, tmp_path, monkeypatch
):
    monkeypatch.setenv("NAPARI_UDT_MODELS", str(tmp_path / "models"))
    save_cube(pat(), tmp_path / "forearm.udt.h5")
    export_model("hsi_unit", tmp_path / "unit.zip")
    paths = [tmp_path / "unit.zip", bundled_folder() / "hsi_cinn_d", tmp_path / "forearm.udt.h5"]
    drop(targets(window)["canvas"], *paths)
    assert [entry.key for entry in window.context.session] == ["forearm"]
    qtbot.waitUntil(window.transfer.model_tools.import_button.isEnabled, timeout=20_000)
    assert sorted(path.name for path in (tmp_path / "models").iterdir()) == ["hsi_cinn_d", "hsi_unit"]
    assert not errors


@pytest.mark.parametrize("where", ["viewer", "canvas", "welcome"])
def test_a_dropped_simpa_file_opens_without_a_question(window, shared, errors, where):
    drop(targets(window)[where], shared / "fixtures" / "simpa_forearm.hdf5")
    (entry,) = window.context.session
    assert entry.cube.shape == (128, 256, 16)
    assert window.viewer.dims.range[0] == (700.0, 850.0, 10.0)
    names = [layer.name for layer in window.viewer.layers]
    assert f"{entry.key} · structures" in names
    picture = window.viewer.layers[entry.key]._data_view
    assert picture.shape == (128, 256)
    assert picture.mean(axis=1).argmax() < 64  # upright: light comes from above
    assert not errors


def test_bad_files_give_one_notification_and_change_nothing(window, tmp_path, pat, errors):
    window.context.session.add(pat())
    layers = [layer.name for layer in window.viewer.layers]
    truncated, empty = tmp_path / "truncated.udt.h5", tmp_path / "empty.h5"
    save_cube(pat(), truncated)
    truncated.write_bytes(truncated.read_bytes()[:300])
    empty.touch()
    drop(targets(window)["canvas"], truncated, empty)
    assert [layer.name for layer in window.viewer.layers] == layers
    (record,) = errors
    assert "truncated.udt.h5" in record.message
    assert "empty.h5" in record.message


def test_a_good_file_beside_a_bad_one_opens(window, tmp_path, pat, errors):
    good, bad = tmp_path / "good.udt.h5", tmp_path / "bad.h5"
    save_cube(pat("good"), good)
    bad.write_text("no")
    drop(targets(window)["canvas"], good, bad)
    assert [entry.key for entry in window.context.session] == ["good"]
    assert len(errors) == 1


def test_pictures_still_go_to_napari(window, tmp_path, pat):
    photo, cube = tmp_path / "photo.png", tmp_path / "forearm.udt.h5"
    imageio.imwrite(photo, np.zeros((8, 8), np.uint8))
    save_cube(pat(), cube)
    drop(targets(window)["viewer"], photo, cube)
    assert {"photo", "forearm"} <= {layer.name for layer in window.viewer.layers}
    assert len(window.context.session) == 1


def test_a_reader_that_the_user_chose_gets_the_file(window, tmp_path, pat, monkeypatch):
    asked = []
    monkeypatch.setattr("napari._qt.qt_viewer.handle_gui_reading", lambda paths, *a, **k: asked.append(paths))
    cube = tmp_path / "forearm.udt.h5"
    save_cube(pat(), cube)
    window.viewer.window._qt_viewer._qt_open([str(cube)], stack=False, choose_plugin=True)
    assert asked == [[str(cube)]]
    assert len(window.context.session) == 0


def test_mouse_moves_the_cursor_and_a_click_pins(window, pat, qtbot):
    window.context.session.add(pat())
    click(window, PixelRef("forearm", 9, 15))
    assert window.context.session.cursor == PixelRef("forearm", 9, 15)
    assert [pin.pixel for pin in window.context.session.pins] == [PixelRef("forearm", 9, 15)]
    qtbot.waitUntil(lambda: "forearm · pins" in window.viewer.layers, timeout=5000)  # after the curves
    np.testing.assert_array_equal(window.viewer.layers["forearm · pins"].data, [[9, 15]])
    assert window.spectra.curves.curves


def test_a_drag_does_not_pin(window, pat):
    window.context.session.add(pat())
    canvas = window.viewer.window._qt_viewer.canvas.native
    QApplication.processEvents()
    x, y = (round(v) for v in screen_position(window, PixelRef("forearm", 9, 15)))
    QTest.mousePress(canvas, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, QPoint(x, y))
    QTest.mouseMove(canvas, QPoint(x + 40, y + 10))
    QTest.mouseRelease(
        canvas, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, QPoint(x + 40, y + 10)
    )
    assert window.context.session.pins == ()


def test_a_click_in_a_drawing_mode_draws_and_does_not_pin(window, pat):
    window.context.session.add(pat())
    window.viewer.add_points(ndim=2).mode = "add"
    click(window, PixelRef("forearm", 9, 15))
    assert window.context.session.pins == ()


def test_clicks_side_by_side_pin_in_the_cube_of_the_cell(window, pat, transferred):
    cube = pat()
    for c in (cube, transferred(cube), pat("second", domain="second")):
        window.context.session.add(c)
    QTest.mouseClick(window.transfer.layout_button.native, Qt.MouseButton.LeftButton)
    assert window.context.side_by_side.active
    QApplication.processEvents()
    wanted = [PixelRef(key, 9, 15) for key in ("forearm", "forearm → real", "second")]
    for pixel in wanted:
        click(window, pixel)
    assert [pin.pixel for pin in window.context.session.pins] == wanted


def test_slider_shows_nm_and_takes_a_typed_wavelength(window, pat, qtbot):
    window.context.session.add(pat())
    qt_dims = window.viewer.window._qt_viewer.dims
    qtbot.waitUntil(lambda: qt_dims.findChild(WavelengthField) is not None)
    field = qt_dims.findChild(WavelengthField)
    qtbot.waitUntil(field.isVisible)
    assert field.text() == "800.0 nm"
    assert not qt_dims.slider_widgets[0].curslice_label.isVisible()
    field.setValue(723.0)
    assert window.viewer.dims.current_step[0] == 2
    assert field.text() == "720.0 nm"
    window.viewer.dims.set_current_step(0, 15)
    assert field.text() == "850.0 nm"
    assert window.viewer.canvas.overlays.text.text == "850 nm"


def test_a_hidden_dock_comes_back_from_the_window_menu(window):
    actions = {action.text(): action for action in window.viewer.window.window_menu.actions()}
    assert {"Transfer", "Compare", "Trust", "Session", "Spectra", "Population"} <= set(actions)
    actions["Spectra"].trigger()
    assert not window.spectra.isVisible()
    actions["Spectra"].trigger()
    assert window.spectra.isVisible()


def test_open_comparison_brings_back_docks_that_were_hidden_or_closed(window, qtbot):
    from napari_udt.viewer import app
    from napari_udt.viewer.compare.widgets.dock import CompareDock

    main = window.viewer.window._qt_window
    docks = {dock.windowTitle(): dock for dock in main.findChildren(QDockWidget)}
    docks["Spectra"].hide()
    assert app.raise_docks(window.viewer)
    assert window.spectra.isVisible()
    docks["Compare"].destroyOnClose()  # napari's slot of the button
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
    assert main.findChildren(CompareDock) == []
    assert app.raise_docks(window.viewer)
    (compare,) = main.findChildren(CompareDock)
    qtbot.waitUntil(lambda: docks["Transfer"] in main.tabifiedDockWidgets(dock_of(compare)))
    titles = [dock.windowTitle() for dock in main.findChildren(QDockWidget)]
    assert {titles.count(name) for name in docks} == {1}


def test_docks_of_the_plugin_menu_share_the_session(window, pat):
    from napari.utils._proxies import PublicOnlyProxy

    from napari_udt.viewer.docks import SpectraPanel, TransferPanel

    proxy = PublicOnlyProxy(window.viewer)
    transfer, spectra = TransferPanel(proxy), SpectraPanel(proxy)
    window.viewer.window.add_dock_widget(transfer)
    window.viewer.window.add_dock_widget(spectra)
    window.context.session.add(pat())
    assert transfer.source.value == "forearm"
    assert spectra.session is window.context.session


def test_a_dock_of_the_plugin_menu_shows_nm_on_the_slider(make_napari_viewer, pat, qtbot):
    from napari_udt.viewer.docks import ComparePanel, SpectraPanel

    viewer = make_napari_viewer(show=True)
    context_of(viewer).session.add(pat())
    viewer.window.add_dock_widget(SpectraPanel(viewer))
    viewer.window.add_dock_widget(ComparePanel(viewer))
    qt_dims = viewer.window._qt_viewer.dims
    qtbot.waitUntil(lambda: qt_dims.findChild(WavelengthField) is not None)
    (field,) = qt_dims.findChildren(WavelengthField)
    assert field.text() == "800.0 nm"


def test_commands_of_the_menus_bear_the_proxy_that_napari_hands_them(make_napari_viewer, monkeypatch):
    from napari.utils._proxies import PublicOnlyProxy

    from napari_udt.viewer import commands

    parents = []
    for dialog in ("getSaveFileName", "getOpenFileName"):
        monkeypatch.setattr(
            QFileDialog, dialog, lambda parent, *a: (parents.append(type(parent)), ("", ""))[1]
        )
    viewer = make_napari_viewer(show=True)
    proxy = PublicOnlyProxy(viewer)
    for _ in range(2):  # the second time everything is there
        commands.open_comparison(proxy)
        titles = [dock.windowTitle() for dock in viewer.window._qt_window.findChildren(QDockWidget)]
        assert (titles.count("Spectra"), titles.count("Compare")) == (1, 1)
    commands.save_session(proxy)
    commands.open_session(proxy)
    assert parents == [type(viewer.window._qt_window)] * 2


@pytest.mark.parametrize("furnished", [True, False])
def test_colours_are_one_command_away(make_napari_viewer, hsi, pat, furnished, qtbot):
    from napari_udt.viewer import commands

    viewer = make_napari_viewer(show=True)
    if furnished:
        furnish(viewer)
    with pytest.raises(CubeError, match="Open a cube"):
        commands.show_false_colours(viewer)
    context_of(viewer).session.add(hsi())
    commands.show_daylight(viewer)
    qtbot.waitUntil(lambda: "organs · colours" in viewer.layers)
    daylight = np.array(viewer.layers["organs · colours"].data)
    commands.show_false_colours(viewer)
    qtbot.waitUntil(lambda: not np.array_equal(viewer.layers["organs · colours"].data, daylight))
    context_of(viewer).session.add(pat())
    with pytest.raises(CubeError, match="eflectance"):
        commands.show_daylight(viewer)


def test_closing_during_a_run_is_clean(window, pat, make_spec, slow_transfer, qtbot):
    window.context.session.add(pat())
    window.transfer._runs._transfer, window.transfer._models = slow_transfer, lambda: [make_spec()]
    window.transfer._source_chosen()
    window.transfer.start()
    qtbot.waitUntil(lambda: slow_transfer.running == 1, timeout=3000)
    window.viewer.close()
    qtbot.waitUntil(lambda: not slow_transfer.running, timeout=3000)


def test_nothing_is_left_of_a_closed_window(make_napari_viewer, pat, transferred, qtbot):
    viewer = make_napari_viewer(show=True, strict_qt="raise")
    session = furnish(viewer).context.session
    cube = pat()
    session.add(cube)
    session.add(transferred(cube))
    session.pin(PixelRef("forearm", 3, 3))
    session.set_cursor(PixelRef("forearm", 9, 15))
    context_of(viewer).side_by_side.set_active(True)
    qtbot.wait(100)
    del session
    viewer.close()
    del viewer
    gc.collect()  # what is left now is held by something, and the fixture's check would fail


def test_structure_pixels_lie_inside_structures(pat, hsi):
    cube = pat()
    telling = ("vein", "artery")
    for pixel, name in zip(structure_pixels("forearm", cube, telling), telling, strict=True):
        assert cube.label_names[cube.labels[pixel.row, pixel.column]] == name
    assert structure_pixels("organs", hsi(), ("liver",)) == [PixelRef("organs", 12, 15)]


def dock_called(window, name):
    main = window.viewer.window._qt_window
    return next(dock for dock in main.findChildren(QDockWidget) if dock.objectName() == name)


def test_what_is_unfolded_in_a_dock_scrolls_and_gives_its_room_back(window, qtbot):
    qtbot.wait(300)  # the rows of choices take their places once the window has its size
    spectra = dock_called(window, "Spectra")
    fold, contents = spectra.findChild(QWidget, "more"), window.spectra.findChild(QScrollArea).widget()
    least, before = spectra.minimumSizeHint().height(), contents.minimumSizeHint().height()
    fold.click()
    qtbot.waitUntil(lambda: contents.minimumSizeHint().height() > before + 50)
    assert spectra.minimumSizeHint().height() == least
    fold.click()
    qtbot.waitUntil(lambda: contents.minimumSizeHint().height() == before)


def test_in_a_smaller_window_the_docks_give_way_before_the_picture(window, qtbot):
    main = window.viewer.window._qt_window
    picture, spectra = main.centralWidget(), dock_called(window, "Spectra")
    usual = spectra.width()
    main.resize(1100, 760)
    qtbot.waitUntil(lambda: main.width() == 1100 and spectra.width() < usual - 100)
    assert picture.width() >= 300
    assert spectra.width() <= 0.65 * (spectra.width() + picture.width())


def test_opening_cubes_does_not_make_a_small_window_grow(window, pat, transferred, qtbot):
    main = window.viewer.window._qt_window
    main.resize(1066, 650)
    qtbot.waitUntil(lambda: main.width() == 1066)
    for cube in (pat(), transferred(pat())):
        window.context.session.add(cube)
        qtbot.wait(300)
    assert main.size().width() == 1066


def test_a_window_is_not_larger_than_the_screen(make_napari_viewer, monkeypatch):
    from napari_udt.viewer import app

    monkeypatch.setattr(app, "WINDOW_SIZE", (5000, 4000))
    main = furnish(make_napari_viewer(show=True)).viewer.window._qt_window
    assert main.width() <= main.screen().availableSize().width()
    assert main.height() <= main.screen().availableSize().height()
