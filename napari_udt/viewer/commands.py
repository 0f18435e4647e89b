"""The plugin's commands in napari's menus and palette (see ``napari.yaml``).

Qt and napari are imported inside the functions: commands are known long before they are used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_udt.errors import CubeError

if TYPE_CHECKING:
    import napari.viewer

    from napari_udt.viewer.compare.widgets.colour_row import ColourRow
    from napari_udt.viewer.layers.arrangements.pair_view import PairMode


def open_comparison(viewer: napari.viewer.Viewer) -> None:
    """Open the docks: spectra, transfer and compare; where they are open, bring them to the front."""
    from napari_udt.viewer.app import add_docks, raise_docks

    viewer = _unwrapped(viewer)
    if not raise_docks(viewer):
        add_docks(viewer)


def toggle_side_by_side(viewer: napari.viewer.Viewer) -> None:
    """Put simulated, transferred and real side by side, or stack them again."""
    from napari_udt.viewer.context import context_of

    arrangement = context_of(viewer).side_by_side
    arrangement.set_active(not arrangement.active)


def save_session(viewer: napari.viewer.Viewer) -> None:
    """Ask where to, and save cubes, roles, pins and settings in one file."""
    from napari_udt.viewer.context import context_of
    from napari_udt.viewer.session.widgets.actions import ask_and_save

    ask_and_save(context_of(viewer).session, _unwrapped(viewer).window._qt_window)


def open_session(viewer: napari.viewer.Viewer) -> None:
    """Ask for a session file and open it."""
    from napari_udt.viewer.context import context_of
    from napari_udt.viewer.session.widgets.actions import ask_and_open

    ask_and_open(context_of(viewer).session, _unwrapped(viewer).window._qt_window)


def copy_script(viewer: napari.viewer.Viewer) -> None:
    """Copy the script of the result that is selected, else of the topmost cube."""
    from napari.utils.notifications import show_error

    from napari_udt.viewer.context import context_of
    from napari_udt.viewer.session.widgets import actions as session_actions

    adapter = context_of(viewer).adapter
    key = adapter.selected_key()
    if key is None:
        show_error("No cube is open; transfer one first.")
    else:
        session_actions.copy_script(adapter[key].cube)


def undo(viewer: napari.viewer.Viewer) -> None:
    """Take back the last step in cubes, roles or pins."""
    from napari_udt.viewer.context import context_of

    context_of(viewer).undo_keys.undo(viewer)


def redo(viewer: napari.viewer.Viewer) -> None:
    """Make the step again that was taken back last."""
    from napari_udt.viewer.context import context_of

    context_of(viewer).undo_keys.redo(viewer)


def toggle_difference(viewer: napari.viewer.Viewer) -> None:
    """Show what a transfer changed, or everything again."""
    _toggle_pair(viewer, "difference")


def toggle_swipe(viewer: napari.viewer.Viewer) -> None:
    """Put a divider between a transferred cube and its source, or take it away."""
    _toggle_pair(viewer, "swipe")


def _toggle_pair(viewer: napari.viewer.Viewer, mode: PairMode) -> None:
    """Switch a view of the newest transferred cube and its source on or off.

    Raises
    ------
    CubeError
        When no two open cubes belong together; napari shows the sentence.
    """
    from napari_udt.viewer.context import context_of
    from napari_udt.viewer.layers.arrangements.comparison import usual_pair

    context = context_of(viewer)
    if context.pair_view.mode == mode:
        context.pair_view.stop()
    elif sentence := context.pair_view.show(mode, *(usual_pair(context.session) or ("", ""))):
        raise CubeError(sentence)


def show_daylight(viewer: napari.viewer.Viewer) -> None:
    """Show the cubes in sight as a person would see them.

    Raises
    ------
    CubeError
        When no cube is in sight, or one is no reflectance; napari shows the sentence.
    """
    from napari_udt.viewer.compare.colour_pictures import daylight_obstacle
    from napari_udt.viewer.context import context_of

    for cube in context_of(viewer).colours.visible_cubes():
        if sentence := daylight_obstacle(cube):
            raise CubeError(sentence)
    _colour_row(viewer).show_daylight()


def show_false_colours(viewer: napari.viewer.Viewer) -> None:
    """Show three wavelengths of the cubes in sight as red, green and blue: those chosen in the Compare dock.

    Raises
    ------
    CubeError
        When no cube is in sight; napari shows the sentence.
    """
    _colour_row(viewer).show_false_colours()


def _colour_row(viewer: napari.viewer.Viewer) -> ColourRow:
    """Return what computes colours in a viewer's window: the Compare dock's, or one of its own that nobody sees."""
    from napari_udt.viewer.compare.widgets.colour_row import NO_PICTURE, ColourRow
    from napari_udt.viewer.context import context_of

    context, main = context_of(viewer), _unwrapped(viewer).window._qt_window
    if not context.colours.visible_cubes():
        raise CubeError(NO_PICTURE)
    found = main.findChild(ColourRow)
    if found is None:
        found = ColourRow(context.colours, parent=main)
        found.hide()
    return found


def _unwrapped(viewer: napari.viewer.Viewer) -> napari.viewer.Viewer:
    """Return the viewer behind the proxy that napari hands to commands: Qt takes no proxy of a window."""
    return getattr(viewer, "__wrapped__", viewer)
