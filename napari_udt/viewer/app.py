"""The launcher: a napari window with the docks, into which files of spectra can be dropped."""

from __future__ import annotations

import gc
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from napari_udt.collection import is_collection
from napari_udt.viewer.context import ViewerContext, context_of
from napari_udt.viewer.napari_adapter import viewer_widget

if TYPE_CHECKING:
    import napari
    from qtpy.QtCore import QSize
    from qtpy.QtWidgets import QDockWidget, QMainWindow, QWidget

    from napari_udt.viewer.compare.widgets.dock import CompareDock
    from napari_udt.viewer.spectra.widgets.dock import SpectraDock
    from napari_udt.viewer.transfer.widgets.dock import TransferDock

WINDOW_SIZE = (1600, 1000)


@dataclass(eq=False)
class Window:
    """A window opened by napari-udt: napari's viewer, its context, and the docks."""

    viewer: napari.Viewer
    context: ViewerContext
    spectra: SpectraDock
    transfer: TransferDock
    compare: CompareDock


def launch(paths: Iterable[Path | str] = (), *, show: bool = True) -> None:
    """Open a window with files in it and stay until the user closes it."""
    import napari

    freeze_imported(open_window(paths, show=show))
    napari.run()


def freeze_imported(window: Window) -> None:
    """Exclude all objects that exist now, modules above all, from garbage collection.

    napari collects garbage whenever layers are removed or moved, and searches hundreds of thousands of objects each time.
    Only for a process that shows this window alone: what is frozen here is never collected.
    """
    gc.collect()
    gc.freeze()
    window.transfer.devices_found.connect(gc.freeze)  # torch is there by then


def open_window(paths: Iterable[Path | str] = (), *, show: bool = True) -> Window:
    """Open a napari window with the docks and with files; one notification names those that cannot be opened."""
    import napari

    viewer = napari.Viewer(title="napari-udt", show=show)
    window = furnish(viewer)
    files = [Path(path) for path in paths]
    window.transfer.open_files(path for path in files if not is_collection(path))
    window.context.collection.request(path for path in files if is_collection(path))
    return window


def furnish(viewer: napari.Viewer) -> Window:
    """Add the docks, nm on the slider, and files of spectra that open when dropped, without a question, to a viewer."""
    from napari_udt.viewer.files.widgets.file_opener import FileOpener
    from napari_udt.viewer.files.widgets.layer_names import keep_names_apart
    from napari_udt.viewer.qt.wavelength_field import dress_slider

    context = context_of(viewer)
    spectra, transfer, compare = add_docks(viewer)
    widget = viewer_widget(viewer)
    if widget is not None:
        FileOpener(
            context.session,
            widget,
            transfer.ask,
            transfer.model_tools.import_from,
            context.collection.request,
        )
    dress_slider(context.session, viewer)
    keep_names_apart(viewer)
    return Window(viewer, context, spectra, transfer, compare)


def _fit_on_screen(main: QMainWindow) -> QSize:
    """Give a window its usual size, or what the free part of its screen holds, frame included; return the size.

    A screen of 1366 pixels at 125 % holds 1093, and a bar of tasks and the window's title take their share of the height.
    """
    from qtpy.QtCore import QRect, QSize

    size, screen = QSize(*WINDOW_SIZE), main.screen()
    if screen is not None:
        free, frame = screen.availableGeometry(), main.frameGeometry().size() - main.size()
        size = size.boundedTo(free.size() - frame)
        whole = QRect(main.pos(), size + frame)
        left = min(max(whole.left(), free.left()), free.right() + 1 - whole.width())
        top = min(max(whole.top(), free.top()), free.bottom() + 1 - whole.height())
        main.move(left, top)
    main.resize(size)
    return size


def _add_right_dock(viewer: napari.Viewer, widget: QWidget, name: str) -> QDockWidget:
    """Add a dock at the right that can be made as small as its content allows."""
    dock = viewer.window.add_dock_widget(
        widget, name=name, area="right", add_vertical_stretch=False, menu=viewer.window.window_menu
    )
    # napari sets a minimum size; with one, Qt keeps the largest that a dock has ever asked for.
    dock.setMinimumSize(0, 0)
    return dock


def raise_docks(viewer: napari.Viewer) -> bool:
    """Bring Compare, Transfer and Spectra back, hidden or closed, and the last two to the front; False where there is none."""
    from napari_udt.viewer.compare.widgets.dock import CompareDock
    from napari_udt.viewer.docks import ComparePanel, SpectraPanel, TransferPanel
    from napari_udt.viewer.spectra.widgets.dock import SpectraDock
    from napari_udt.viewer.transfer.widgets.dock import TransferDock

    kinds = {"Compare": CompareDock, "Transfer": TransferDock, "Spectra": SpectraDock}
    panels = {"Compare": ComparePanel, "Transfer": TransferPanel, "Spectra": SpectraPanel}
    docks = {name: _dock_with(viewer, kind) for name, kind in kinds.items()}
    if all(dock is None for dock in docks.values()):
        return False
    for name, dock in docks.items():
        back = dock or _add_right_dock(viewer, panels[name](viewer), name)
        back.show()
        back.raise_()
    return True


def _dock_with(viewer: napari.Viewer, kind: type[QWidget]) -> QDockWidget | None:
    """Return the dock of a widget of some kind, if there is one."""
    from napari_udt.viewer.qt.visibility import dock_of

    widgets = (widget for widget in viewer.window.dock_widgets.values() if isinstance(widget, kind))
    return next((dock for dock in map(dock_of, widgets) if dock is not None), None)


def add_docks(viewer: napari.Viewer) -> tuple[SpectraDock, TransferDock, CompareDock]:
    """Add Transfer, Compare, Trust and Session, one behind the other, below them Spectra, Population, Train and Collections."""
    from qtpy.QtWidgets import QApplication

    from napari_udt.viewer.collection.widgets.dock import CollectionDock
    from napari_udt.viewer.collection.widgets.unsaved import CollectionGuard
    from napari_udt.viewer.compare.widgets.dock import CompareDock
    from napari_udt.viewer.population.widgets.dock import PopulationDock
    from napari_udt.viewer.qt.dock_shrinker import DockShrinker
    from napari_udt.viewer.qt.window_layout import WindowLayout
    from napari_udt.viewer.session.widgets.dock import SessionDock
    from napari_udt.viewer.session.widgets.unsaved import UnsavedGuard
    from napari_udt.viewer.spectra.widgets.dock import SpectraDock
    from napari_udt.viewer.train.widgets.closing import TrainingGuard
    from napari_udt.viewer.train.widgets.dock import TrainDock
    from napari_udt.viewer.transfer.widgets.dock import TransferDock
    from napari_udt.viewer.trust.widgets.dock import TrustDock

    context = context_of(viewer)
    transfer = TransferDock(context.session, context.side_by_side, chosen=context.chosen)
    spectra = SpectraDock(
        context.session,
        context.regions,
        context.maps,
        sources=(context.live, context.explorer),
        bands=context.bands,
        verdicts=context.verdicts,
    )
    compare = CompareDock(
        context.session, context.side_by_side, context.pair_view, context.colours, context.structures
    )
    behind: dict[str, QWidget] = {
        "Compare": compare,
        "Trust": TrustDock(context.session, context.trust, context.maps),
        "Session": SessionDock(context.session),
    }
    upper, lower = _add_right_dock(viewer, transfer, "Transfer"), _add_right_dock(viewer, spectra, "Spectra")
    main = upper.parentWidget()
    figures = PopulationDock(context.session, context.brushed, context.collection)
    population = _add_right_dock(viewer, figures, "Population")
    training = TrainDock(
        context.session, context.training, context.chosen, context.collection, context.side_by_side
    )
    train = _add_right_dock(viewer, training, "Train")
    collections = _add_right_dock(viewer, CollectionDock(context.session, context.collection), "Collections")
    below = [lower, population, train, collections]
    for dock in below[1:]:
        main.tabifyDockWidget(lower, dock)
    docks = [upper, *below]
    for name, dock in behind.items():
        docks.append(_add_right_dock(viewer, dock, name))
        main.tabifyDockWidget(upper, docks[-1])
    upper.raise_()
    lower.raise_()
    _fit_on_screen(main)
    QApplication.processEvents()  # heights of docks only hold once the window has its size
    WindowLayout(main, transfer, spectra, upper=[upper, *docks[5:]], lower=below)
    DockShrinker(main, docks)
    UnsavedGuard(context.session, main)
    TrainingGuard(context.training, main)
    CollectionGuard(context.collection, main)
    context.adapter.fit_unless_set(context.adapter.open_keys[-1:])
    return spectra, transfer, compare
