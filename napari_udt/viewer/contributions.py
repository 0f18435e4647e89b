"""What napari calls: reader, writer, samples and commands of the plugin (see ``napari.yaml``).

napari is imported inside the functions, so that asking whether a file is ours stays cheap.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_udt.cube import SpectralCube
from napari_udt.errors import CubeError
from napari_udt.viewer.layer_data import CUBE_KEY, PART_KEY, LayerTuple, cube_layers
from napari_udt.viewer.samples import SampleKey, sample_path

if TYPE_CHECKING:
    import napari.viewer

    from napari_udt.viewer.layers import PairMode

Reader = Callable[[str | Sequence[str]], list[LayerTuple]]


def get_reader(path: str | Sequence[str]) -> Reader | None:
    """Return the reader when every file is a spectral cube by its content, None for foreign files."""
    from napari_udt.io import is_readable

    paths = _as_list(path)
    return read if paths and all(is_readable(Path(p)) for p in paths) else None


def read(path: str | Sequence[str]) -> list[LayerTuple]:
    """Read the cubes of one file or several as layers: picture, oxygen saturation, structures.

    Raises
    ------
    CubeError
        One sentence, which napari shows; no layer is added then.
    """
    from napari_udt.io import open_cubes, recordings

    cubes = [cube for file in recordings(_as_list(path)) for cube in open_cubes(file)]
    return [layer for cube in cubes for layer in cube_layers(cube)]


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
    save_cubes(named, target, overwrite=True, **options)  # napari's file dialog has asked already
    return [str(target)]


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
    """Sample: organs of the second domain, hyperspectral."""
    return _sample("hsi_second")


def pat_simulated() -> list[LayerTuple]:
    """Sample: simulated forearm, photoacoustic."""
    return _sample("pat_simulated")


def pat_second() -> list[LayerTuple]:
    """Sample: forearm of the second domain, photoacoustic."""
    return _sample("pat_second")


def _sample(key: SampleKey) -> list[LayerTuple]:
    return read(str(sample_path(key)))


def open_comparison(viewer: napari.viewer.Viewer) -> None:
    """Open the docks: spectra, transfer and compare."""
    from napari_udt.viewer.app import add_docks

    add_docks(viewer)


def toggle_side_by_side(viewer: napari.viewer.Viewer) -> None:
    """Put simulated, transferred and real side by side, or stack them again."""
    from napari_udt.viewer.desk import desk_of

    arrangement = desk_of(viewer).side_by_side
    arrangement.set_active(not arrangement.active)


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
    from napari_udt.viewer.comparison import usual_pair
    from napari_udt.viewer.desk import desk_of

    desk = desk_of(viewer)
    if desk.pair_view.mode == mode:
        desk.pair_view.stop()
    elif sentence := desk.pair_view.show(mode, *(usual_pair(desk.session) or ("", ""))):
        raise CubeError(sentence)


def _as_list(path: Any) -> list[str]:
    return [str(path)] if isinstance(path, str | Path) else [str(p) for p in path]
