"""The plugin's commands in napari's menus and palette (see ``napari.yaml``).

Qt and napari are imported inside the functions: commands are known long before they are used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_udt.errors import CubeError
from napari_udt.viewer.napari_adapter import main_window, unwrapped

if TYPE_CHECKING:
    import napari.viewer

    from napari_udt.viewer.compare.widgets.colour_row import ColourRow
    from napari_udt.viewer.layers.arrangements.pair_view import PairMode


def open_comparison(viewer: napari.viewer.Viewer) -> None:
    """Open the docks: spectra, transfer and compare; where they are open, bring them to the front."""
    from napari_udt.viewer.app import add_docks, raise_docks

    viewer = unwrapped(viewer)
    if not raise_docks(viewer):
        add_docks(viewer)


def toggle_side_by_side(viewer: napari.viewer.Viewer) -> None:
    """Put simulated, transferred and reference side by side, or stack them again."""
    from napari_udt.viewer.context import context_of

    arrangement = context_of(viewer).side_by_side
    arrangement.set_active(not arrangement.active)


def save_session(viewer: napari.viewer.Viewer) -> None:
    """Ask for a file name, and save cubes, roles, pins and settings in that file."""
    from napari_udt.viewer.context import context_of
    from napari_udt.viewer.session.widgets.actions import ask_and_save

    ask_and_save(context_of(viewer).session, main_window(viewer))


def open_session(viewer: napari.viewer.Viewer) -> None:
    """Ask for a session file and open it."""
    from napari_udt.viewer.context import context_of
    from napari_udt.viewer.session.widgets.actions import ask_and_open

    ask_and_open(context_of(viewer).session, main_window(viewer))


def copy_script(viewer: napari.viewer.Viewer) -> None:
    """Copy a Python script of the transfer that made the selected cube, else the topmost one."""
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
    """Undo the last step in cubes, roles or pins."""
    from napari_udt.viewer.context import context_of

    context_of(viewer).undo_keys.undo(viewer)


def redo(viewer: napari.viewer.Viewer) -> None:
    """Redo the last step that was undone."""
    from napari_udt.viewer.context import context_of

    context_of(viewer).undo_keys.redo(viewer)


def toggle_difference(viewer: napari.viewer.Viewer) -> None:
    """Show what a transfer changed, or everything again."""
    _toggle_pair(viewer, "difference")


def toggle_swipe(viewer: napari.viewer.Viewer) -> None:
    """Put a divider between a transferred cube and its source, or remove it."""
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
    """Show the visible cubes as a person would see them.

    Raises
    ------
    CubeError
        When no cube is visible, or one is no reflectance; napari shows the sentence.
    """
    from napari_udt.viewer.compare.colour_pictures import daylight_obstacle
    from napari_udt.viewer.context import context_of

    for cube in context_of(viewer).colours.visible_cubes():
        if sentence := daylight_obstacle(cube):
            raise CubeError(sentence)
    _colour_row(viewer).show_daylight()


def show_false_colours(viewer: napari.viewer.Viewer) -> None:
    """Show three wavelengths of the visible cubes as red, green and blue: those chosen in the Compare dock.

    Raises
    ------
    CubeError
        When no cube is visible; napari shows the sentence.
    """
    _colour_row(viewer).show_false_colours()


def toggle_structure_names(viewer: napari.viewer.Viewer) -> None:
    """Write the names of structures on their outlines, or remove them."""
    from napari_udt.viewer.context import context_of

    structures = context_of(viewer).structures
    structures.show(names=not structures.names, legend=structures.legend)


def toggle_structure_legend(viewer: napari.viewer.Viewer) -> None:
    """Show a legend of the structures' colours on the canvas, or remove it."""
    from napari_udt.viewer.context import context_of

    structures = context_of(viewer).structures
    structures.show(names=structures.names, legend=not structures.legend)


def _colour_row(viewer: napari.viewer.Viewer) -> ColourRow:
    """Return the row of controls that computes colours: the Compare dock's, or a hidden one."""
    from napari_udt.viewer.compare.widgets.colour_row import NO_PICTURE, ColourRow
    from napari_udt.viewer.context import context_of

    context, main = context_of(viewer), main_window(viewer)
    if not context.colours.visible_cubes():
        raise CubeError(NO_PICTURE)
    found = None if main is None else main.findChild(ColourRow)
    if found is None:
        found = ColourRow(context.colours, parent=main)
        found.hide()
    return found
