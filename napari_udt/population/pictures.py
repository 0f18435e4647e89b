"""Measures of whole pictures: similarity to the source of a transfer, and heterogeneity of tissue.

Similarity to the source is no similarity to real pictures: a transfer that does nothing has the highest. It shows how
much structure was kept, and what may have been invented. scikit-image is imported when first needed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_udt.cube import SpectralCube
from napari_udt.evaluation.modality_pat import BACKGROUND, SKIN, VESSELS
from napari_udt.evaluation.texture import heterogeneity
from napari_udt.population.groups import Group, Population
from napari_udt.population.measures.catalogue import PICTURE_MEASURES, Measure
from napari_udt.population.tables import Table

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
Progress = Callable[[int, int], None]

WAVELENGTH_NM = 800.0
# Wavelengths whose pictures are compared with the source's: neighbouring ones are alike.
MOST_WAVELENGTHS = 16
_BINS = 100
_WINDOW = 7  # pixels, of the structural similarity
# Tissue that a threshold cannot tell from vessels (PAT): the line of the skin outshines them.
_NOT_BELOW_SKIN = ("coupling medium", *SKIN)
_SKIN_NAMES = (*SKIN, "skin")


@dataclass(frozen=True)
class PictureRow:
    """One number of one picture.

    Parameters
    ----------
    group, origin : str
    key : str
        In `PICTURE_MEASURES`.
    value : float
    note : str
        At which wavelengths, against what.
    """

    group: str
    origin: str
    key: str
    value: float
    note: str

    @property
    def measure(self) -> Measure:
        """Its entry in the catalogue."""
        return PICTURE_MEASURES[self.key]


@dataclass(frozen=True)
class PictureMeasures:
    """Measures of all pictures of a population.

    Parameters
    ----------
    rows : tuple of PictureRow
    notes : tuple of str
    """

    rows: tuple[PictureRow, ...]
    notes: tuple[str, ...] = ()

    def table(self) -> Table:
        """One row per picture and measure."""
        rows = tuple((row.group, row.origin, row.measure.title, row.value, row.note) for row in self.rows)
        columns = ("group", "origin", "measure", "value [1]", "at, against")
        return Table("Measures of pictures", columns, rows, self.notes)


def measure_pictures(
    population: Population, wavelength_nm: float = WAVELENGTH_NM, progress: Progress | None = None
) -> PictureMeasures:
    """Measure the pictures of all groups that have one.

    Parameters
    ----------
    population : Population
    wavelength_nm : float
        At which masks and heterogeneity are taken.
    progress : callable (done, total), optional
        An exception from it ends the work.
    """
    report = progress or (lambda done, total: None)
    rows: list[PictureRow] = []
    total = len(population.groups)
    for done, group in enumerate(population.groups):
        report(done, total)
        if group.cube is not None:
            rows += _similarity(group, source_of(group, population))
            rows += _structures(group, group.cube, wavelength_nm)
    report(total, total)
    lost = [g.name for g in population.part("transferred") if source_of(g, population) is None]
    notes = [f"{name}: its source is not open, so there is no similarity to it." for name in lost]
    return PictureMeasures(tuple(rows), tuple(notes))


def source_of(group: Group, population: Population) -> Group | None:
    """Return the simulated group that a transferred one was made from: by its provenance, on the same grid of pixels."""
    if group.part != "transferred" or group.cube is None:
        return None
    source = group.cube.provenance.get("source")
    name = source.get("name") if isinstance(source, Mapping) else None
    fitting = [
        other
        for other in population.part("simulated")
        if other.cube is not None and other.cube.shape == group.cube.shape
    ]
    named = [other for other in fitting if other.cube is not None and other.cube.name == name]
    return next(iter(named or (fitting if name is None else [])), None)


def similarity(pictures: Array, sources: Array) -> dict[str, float]:
    """NMI and SSIM of pictures with those before the transfer.

    Parameters
    ----------
    pictures, sources : array, shape (n, rows, columns)
        One for each wavelength; pixels without a value in either count as zero in both.

    Returns
    -------
    dict of str to float
        "nmi" (1 to 2) and "ssim" (-1 to 1), each averaged over the pictures. NaN where pictures do not vary, and the SSIM
        of pictures smaller than its window of 7 pixels.
    """
    from skimage.metrics import normalized_mutual_information, structural_similarity

    found: dict[str, list[float]] = {"nmi": [], "ssim": []}
    for picture, source in zip(pictures, sources, strict=True):
        known = np.isfinite(picture) & np.isfinite(source)
        after, before = (np.where(known, values, 0) for values in (picture, source))
        if np.ptp(before) > 0 and np.ptp(after) > 0:
            found["nmi"].append(float(normalized_mutual_information(before, after, bins=_BINS)))
            if min(before.shape) >= _WINDOW:
                scale = float(max(before.max(), after.max()) - min(before.min(), after.min()))
                similar = structural_similarity(before, after, win_size=_WINDOW, data_range=scale)
                found["ssim"].append(float(similar))
    return {key: float(np.mean(values)) if values else math.nan for key, values in found.items()}


def dice(a: Mask, b: Mask) -> float:
    r"""Overlap of two masks, :math:`2 |A \cap B| / (|A| + |B|)`; NaN where both are empty."""
    size = int(a.sum() + b.sum())
    return 2 * int((a & b).sum()) / size if size else math.nan


def otsu_overlap(picture: Array, structure: Mask, within: Mask) -> float:
    """Dice overlap of a structure with the side of Otsu's threshold that it shares more pixels with.

    Parameters
    ----------
    picture : array, shape (rows, columns)
    structure, within : boolean array, shape (rows, columns)
        Labelled pixels, and those that are looked at.

    Returns
    -------
    float
        NaN where the structure, or everything else, is missing.
    """
    from skimage.filters import threshold_otsu

    within = within & np.isfinite(picture)
    values, inside = picture[within], structure[within]
    if not inside.any() or inside.all() or np.ptp(values) == 0:
        return math.nan
    bright = values > threshold_otsu(values)
    return max(dice(bright, inside), dice(~bright, inside))


def _similarity(group: Group, source: Group | None) -> Iterator[PictureRow]:
    if source is None or source.cube is None or group.cube is None:
        return
    wavelengths = group.cube.wavelengths_nm
    step = max(1, math.ceil(len(wavelengths) / MOST_WAVELENGTHS))
    chosen = wavelengths[::step]
    stacks = (np.stack([cube.image(nm) for nm in chosen]) for cube in (group.cube, source.cube))
    note = f"{len(chosen)} of {len(wavelengths)} wavelengths, against {source.name}"
    for key, value in similarity(*(stack.astype(np.float64) for stack in stacks)).items():
        yield PictureRow(group.name, group.origin, key, value, note)


def _structures(group: Group, cube: SpectralCube, wavelength_nm: float) -> Iterator[PictureRow]:
    if cube.labels is None:
        return
    picture = cube.image(wavelength_nm).astype(np.float64)
    at = f"{cube.wavelengths_nm[cube.nearest_channel(wavelength_nm)]:.5g} nm"
    structure, within, what = _mask(cube)
    overlap = otsu_overlap(picture, structure, within)
    skin, background = labelled(cube, _SKIN_NAMES), labelled(cube, BACKGROUND)
    if cube.modality == "HSI":
        background = _hsi_background(cube)
    for key, value, note in (
        ("mask_overlap", overlap, f"{at}, {what}"),
        ("skin_heterogeneity", heterogeneity(picture[skin]), at),
        ("background_heterogeneity", heterogeneity(picture[background]), at),
    ):
        if math.isfinite(value):
            yield PictureRow(group.name, group.origin, key, value, note)


def _mask(cube: SpectralCube) -> tuple[Mask, Mask, str]:
    """Return the structure that a threshold should find, the pixels that it may use, and both in words."""
    if cube.modality == "PAT":
        return labelled(cube, VESSELS), ~labelled(cube, _NOT_BELOW_SKIN), "vessels below the skin"
    background = _hsi_background(cube)
    return ~background, np.ones_like(background), "all but the background"


def _hsi_background(cube: SpectralCube) -> Mask:
    names = [name for name in cube.present_labels.values() if name.casefold().startswith("background")]
    return labelled(cube, names)


def labelled(cube: SpectralCube, names: Sequence[str]) -> Mask:
    """Return which pixels bear one of these names, shape (rows, columns); the cube must have labels."""
    numbers = [number for number, name in cube.present_labels.items() if name in names]
    return np.asarray(np.isin(cube.labels, numbers))  # type: ignore[arg-type]
