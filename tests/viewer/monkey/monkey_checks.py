"""What must hold in a window whatever was done to it."""

from __future__ import annotations

from collections.abc import Iterator

from napari_udt.viewer.app import Window
from napari_udt.viewer.layers.layer_data import CUBE_KEY, PART_KEY


def problems(window: Window) -> Iterator[str]:
    """Yield one sentence for everything in which session, layers and docks disagree."""
    yield from _cubes_and_layers(window)
    yield from _places(window)
    yield from _arrangement(window)
    yield from _docks(window)


def _cubes_and_layers(window: Window) -> Iterator[str]:
    session, adapter, layers = window.context.session, window.context.adapter, list(window.viewer.layers)
    keys = [entry.key for entry in session]
    if sorted(keys) != sorted(adapter.open_keys):
        yield f"Session and adapter disagree: {keys} and {adapter.open_keys}."
        return
    if len(set(keys)) != len(keys):
        yield f"Keys are not unique: {keys}."
    own = [layer for key in keys for layer in adapter[key]]
    for key in keys:
        if adapter[key].cube is not session[key].cube:
            yield f"The layers of {key!r} show another cube."
        if adapter[key].image.name != key:
            yield f"The picture of {key!r} is called {adapter[key].image.name!r}."
    for layer in own:
        if layer not in layers:
            yield f"A layer of a cube is not in the list: {layer.name!r}."
    for layer in layers:
        if layer.metadata.get(PART_KEY) == "image" and CUBE_KEY in layer.metadata and layer not in own:
            yield f"A cube's picture is not known to the session: {layer.name!r}."
    if len({id(layer) for layer in layers}) != len(layers):
        yield "A layer is in the list twice."


def _places(window: Window) -> Iterator[str]:
    session = window.context.session
    pixels = {f"pin {pin.number}": pin.pixel for pin in session.pins}
    pixels |= {"cursor": session.cursor, "last pixel": session.last_pixel}
    for what, pixel in pixels.items():
        if pixel is None:
            continue
        if pixel.key not in session:
            yield f"The {what} stands on {pixel.key!r}, which is not open."
            continue
        rows, columns, _ = session[pixel.key].cube.shape
        if not (0 <= pixel.row < rows and 0 <= pixel.column < columns):
            yield f"The {what} stands outside its picture: {pixel}."
    if len({pin.number for pin in session.pins}) != len(session.pins):
        yield "Two pins have one number."
    for region in session.regions:
        if region.key not in session:
            yield f"Region {region.number} stands on {region.key!r}, which is not open."


def _arrangement(window: Window) -> Iterator[str]:
    arrangement, session = window.context.side_by_side, window.context.session
    for key in arrangement.cells:
        if key not in session:
            yield f"A cell shows {key!r}, which is not open."
    if arrangement.active and not window.viewer.canvas.grid.enabled:
        yield "Cubes are side by side, but the grid is off."
    if window.transfer.layout_button.native.isChecked() != arrangement.active:
        yield "The button and the arrangement disagree on whether cubes stand side by side."


def _docks(window: Window) -> Iterator[str]:
    transfer, session = window.transfer, window.context.session
    keys = [entry.key for entry in session]
    if sorted(transfer.source.choices) != sorted(keys):
        yield f"The Transfer dock offers {list(transfer.source.choices)}, open are {keys}."
    if transfer.cancel_button.enabled != transfer.running:
        yield "The button Cancel does not tell whether a transfer runs."
    if transfer.run_button.enabled != (not transfer.running and transfer.request() is not None):
        yield "The button Transfer does not tell whether a transfer can run."
    if (
        not window.spectra.busy and window.spectra._visibility.is_shown
    ):  # behind another dock it is spared the work
        libraries = {library.title for library in session.libraries}
        gone = {c.entry.key for c in window.spectra.curves.curves} - set(keys) - libraries
        if gone:
            yield f"Curves of closed cubes are shown: {sorted(gone)}."
