"""Readers, writers and samples for napari (see ``napari.yaml``); the commands are in ``commands.py``.

napari is imported inside the functions, so that looking whether a file is a spectral cube stays cheap.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from napari_udt.cube import SpectralCube
from napari_udt.errors import CubeError
from napari_udt.io.contract import Progress
from napari_udt.samples import SampleKey, sample_path
from napari_udt.viewer.layers.layer_data import CUBE_KEY, PART_KEY, LayerTuple, cube_layers
from napari_udt.viewer.series.pictures import series_of
from napari_udt.viewer.state.cube_files import remember_saved

if TYPE_CHECKING:
    from napari_udt.io.registry import Sniffed
    from napari_udt.viewer.files.opening import Ask, WaitFor
    from napari_udt.viewer.files.widgets.opening_progress import OpeningProgress
    from napari_udt.viewer.state.session import Session

Reader = Callable[[str | Sequence[str]], list[LayerTuple]]
T = TypeVar("T")
_NO_LAYER: Any = (None,)  # for napari: the file was read and adds no layer


def get_reader(path: str | Sequence[str]) -> Reader | None:
    """Return the reader when every file is a spectral cube by its content, else None.

    Arrays without wavelengths count where there is a window in which the user can state them.
    """
    from napari.utils.notifications import show_info

    from napari_udt.collection import is_collection
    from napari_udt.errors import TransferCancelled
    from napari_udt.io.contract import Match
    from napari_udt.io.registry import sniff
    from napari_udt.viewer.files.session_record import is_session

    paths, window = _as_list(path), _window()

    def look(_report: object) -> Reader | list[Sniffed]:
        if paths and all(is_session(Path(p)) for p in paths):
            return read_sessions
        if paths and all(is_collection(Path(p)) for p in paths) and window is not None:
            return read_collections
        return [sniff(Path(p)) for p in paths]

    try:
        files = _waited_for(window, look)
    except TransferCancelled as error:
        show_info(str(error))
        return lambda _path: [_NO_LAYER]
    if callable(files):
        return files
    least = min((file.match for file in files), default=Match.NO)
    if least is Match.YES or (least is Match.NEEDS_METADATA and window is not None):
        return partial(read, sniffed=files)
    return None


def read(path: str | Sequence[str], *, sniffed: Iterable[Sniffed] = ()) -> list[LayerTuple]:
    """Read the cubes of one file or several as layers: picture, structures.

    The user is asked in the window for metadata that a file lacks; its layers come with the answer. ``sniffed`` is what was
    found in these files, where that is known already.

    Raises
    ------
    CubeError
        One sentence, which napari shows; no layer is added then.
    """
    from napari_udt.errors import MissingMetadata
    from napari_udt.io import open_cubes
    from napari_udt.io.opening import sniffed_recordings
    from napari_udt.io.registry import sniff
    from napari_udt.viewer.files.choices import key_of_file
    from napari_udt.viewer.files.missing_metadata import Question
    from napari_udt.viewer.files.opening import format_of, known_cubes
    from napari_udt.viewer.state.session import Session

    window, cubes = _window(), []
    known = {file.path: file for file in sniffed}
    paths = [Path(p) for p in _as_list(path)]
    for file in _waited_for(window, lambda _: sniffed_recordings(known.get(p) or sniff(p) for p in paths)):
        try:
            if window is None:
                cubes += open_cubes(file.path, sniffed=file)
            else:
                cubes += _waited_for(window, partial(known_cubes, window.session, file))
        except MissingMetadata as missing:
            if window is None:
                raise
            window.ask(Question(file.path, format_of(file), missing))
    session = Session() if window is None else window.session
    return [layer for cube in cubes for layer in cube_layers(cube, name=key_of_file(session, cube))] or [
        _NO_LAYER
    ]


def read_sessions(path: str | Sequence[str]) -> list[LayerTuple]:
    """Open session files in the present window; without one, return the layers of their cubes.

    Raises
    ------
    SessionError
        One sentence, when a file cannot be used at all.
    """
    from napari.utils.notifications import show_warning

    from napari_udt.viewer.files.session_file import add_session, read_session
    from napari_udt.viewer.state.session import Session

    window = _window()
    session = Session() if window is None else window.session
    problems = [
        problem
        for file in _as_list(path)
        for problem in add_session(session, _waited_for(window, partial(read_session, Path(file))))
    ]
    if problems:
        show_warning("\n".join(problems))
    if window is not None:
        return [_NO_LAYER]
    return [layer for e in session for layer in cube_layers(e.cube, name=e.key)] or [_NO_LAYER]


def read_collections(path: str | Sequence[str]) -> list[LayerTuple]:
    """List the cubes of collections in the Collections dock of the present window; no layer is added."""
    import napari

    from napari_udt.viewer.context import context_of

    viewer = napari.current_viewer()
    collection = context_of(viewer).collection
    collection.request([Path(file) for file in _as_list(path)])
    if collection.waiting:  # no dock has taken them yet; a new one does
        viewer.window.add_plugin_dock_widget("napari-udt", "Collections")
    return [_NO_LAYER]


@dataclass(frozen=True)
class _Window:
    """The session of a window, and how to ask its user for metadata."""

    session: Session
    ask: Ask
    wait_for: WaitFor


def _waited_for(window: _Window | None, work: Callable[[Progress | None], T]) -> T:
    """Do what reads files: in another thread while a window lives, at once in a program without one."""
    found: T = work(None) if window is None else window.wait_for(work)
    return found


def _window() -> _Window | None:
    """Return napari's current window; None in a program without one."""
    import napari

    viewer = napari.current_viewer()
    if viewer is None:
        return None
    from napari_udt.viewer.context import context_of
    from napari_udt.viewer.files.widgets.metadata_questions import MetadataQuestions
    from napari_udt.viewer.files.widgets.opening_progress import OpeningProgress
    from napari_udt.viewer.napari_adapter import main_window
    from napari_udt.viewer.qt.wavelength_field import dress_slider

    session = context_of(viewer).session
    dress_slider(session, viewer)
    main = main_window(viewer)
    here = threading.current_thread() is threading.main_thread()
    wait_for = OpeningProgress(parent=main).wait_for if here else _at_once
    return _Window(session, MetadataQuestions(session, main), wait_for)


def _at_once(work: Callable[[Progress | None], T]) -> T:
    return work(None)


def write(path: str, layers: Sequence[LayerTuple]) -> list[str]:
    """Save the cubes of the selected layers in one file of napari-udt's own HDF5; return the path written.

    Raises
    ------
    CubeError
        When no layer shows a cube, or the file cannot be written.
    """
    return _save(path, layers, "udt")


def write_npz(path: str, layers: Sequence[LayerTuple]) -> list[str]:
    """Save the cube of the selected layers as a NumPy archive in the paper's layout; otherwise as :func:`write`."""
    return _save(path, layers, "paper_pat")


def write_envi(path: str, layers: Sequence[LayerTuple]) -> list[str]:
    """Save the cube of the selected layers in ENVI's format; otherwise as :func:`write`."""
    return _save(path, layers, "envi")


def write_csv(path: str, layers: Sequence[LayerTuple]) -> list[str]:
    """Save all spectra of the cube of the selected layers as CSV; otherwise as :func:`write`."""
    return _save(path, layers, "csv")


def write_labelled_csv(path: str, layers: Sequence[LayerTuple]) -> list[str]:
    """Save the spectra of the labelled structures of the selected cube as CSV; otherwise as :func:`write`."""
    return _save(path, layers, "csv", labelled_only=True)


def _save(path: str, layers: Sequence[LayerTuple], writer: str, **options: bool) -> list[str]:
    from napari_udt.io import save_cubes
    from napari_udt.io.convert import left_out
    from napari_udt.io.registry import WRITERS

    cubes = _cubes_of(layers)
    if not cubes:
        names = ", ".join(str(attributes.get("name", "?")) for _, attributes, _ in layers)
        raise CubeError(f"The selected layers ({names}) show no spectral cube; select the picture of a cube.")
    endings = next(known.endings for known in WRITERS if known.name == writer)
    target = Path(path)
    if not target.name.lower().endswith(endings):
        target = target.with_name(target.name + endings[0])
    named = [cube.with_(name=name) for name, cube in cubes]

    def save(progress: Progress | None) -> None:
        # napari's file dialog has asked whether to overwrite.
        save_cubes(named, target, overwrite=True, progress=progress, **options)

    waiting = _saving(target) if any(series_of(cube) is not None for cube in named) else None
    if waiting is None:
        save(None)
    else:
        waiting.wait_for(save)
    if sentence := left_out(named, target, "the slider"):
        from napari.utils.notifications import show_info

        show_info(sentence)
    if writer == "udt":
        for place, (_, cube) in enumerate(cubes):
            remember_saved(cube, target, place)
    return [str(target)]


def _saving(target: Path) -> OpeningProgress | None:
    """Return what saves a series in another thread, with a bar: its pictures may still have to be made. None where there is no window."""
    import napari

    viewer = napari.current_viewer()
    if viewer is None:
        return None
    from napari_udt.viewer.files.widgets.opening_progress import OpeningProgress
    from napari_udt.viewer.napari_adapter import main_window

    cancelled = f"Saving was cancelled; {target.name} was not written."
    return OpeningProgress(
        parent=main_window(viewer), title="Saving all pictures of the series ...", cancelled=cancelled
    )


def _cubes_of(layers: Sequence[LayerTuple]) -> list[tuple[str, SpectralCube]]:
    """Names and cubes; a cube of which only another part is selected counts as well."""
    found: dict[int, tuple[str, SpectralCube]] = {}
    for _, attributes, _ in layers:
        cube = attributes.get("metadata", {}).get(CUBE_KEY)
        if isinstance(cube, SpectralCube):
            is_picture = attributes["metadata"].get(PART_KEY) == "image"
            if is_picture or id(cube) not in found:
                found[id(cube)] = (attributes["name"] if is_picture else cube.name, cube)
    return list(found.values())


def hsi_simulated() -> list[LayerTuple]:
    """Sample: simulated organs, hyperspectral."""
    return _sample("hsi_simulated")


def hsi_second() -> list[LayerTuple]:
    """Sample: organs drawn from measured statistics, hyperspectral."""
    return _sample("hsi_second")


def pat_simulated() -> list[LayerTuple]:
    """Sample: simulated forearm, photoacoustic."""
    return _sample("pat_simulated")


def pat_second() -> list[LayerTuple]:
    """Sample: forearm as a digital device sees it, photoacoustic."""
    return _sample("pat_second")


def _sample(key: SampleKey) -> list[LayerTuple]:
    return read(str(sample_path(key)))


def _as_list(path: Any) -> list[str]:
    return [str(path)] if isinstance(path, str | Path) else [str(p) for p in path]
