"""Baselines with the interface of a transfer: they need no network, only a cube of the other domain.

A learned transfer is worth what it does beyond them. Statistics are matched per structure and wavelength; spectra
of hyperspectral cubes are compared L2-normalised, as the models see them, and get their norm back.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal, TypeGuard, get_args

import numpy as np
from numpy.typing import NDArray

from napari_udt.cube import SpectralCube
from napari_udt.errors import TransferError
from napari_udt.inference.grid import Regridding, regrid
from napari_udt.inference.provenance import describe_baseline
from napari_udt.io.contract import Progress, ignore_progress
from napari_udt.models.baselines import match_coral, match_gaussian, match_histograms, match_moments
from napari_udt.models.classes import plain_name
from napari_udt.spectral.spectra import normalise, norms

Method = Literal["identity", "moments", "histograms", "gaussian", "gaussian_all", "coral"]
Spectra = NDArray[np.float32]
Labels = NDArray[np.intp]

PREFIX = "baseline:"

_NO_STRUCTURE = -1
_MATCHERS: Mapping[str, Callable[[Spectra, Labels, Spectra, Labels], Spectra]] = {
    "moments": match_moments,
    "histograms": match_histograms,
    "gaussian": match_gaussian,
    "gaussian_all": match_gaussian,
    "coral": match_coral,
}
# These need no structures: all spectra of the cube are moved by one map.
_WITHOUT_STRUCTURES = ("gaussian_all", "coral")


def is_baseline(model: object) -> TypeGuard[str]:
    """Whether a model's name is that of a baseline, as "baseline:moments"."""
    return isinstance(model, str) and model.startswith(PREFIX)


def transfer_baseline(
    cube: SpectralCube,
    method: str,
    reference: SpectralCube | None = None,
    progress: Progress | None = None,
) -> SpectralCube:
    """Transfer a cube to the domain of another one by matching simple statistics.

    Parameters
    ----------
    cube : SpectralCube
        The source. Its wavelengths are interpolated to the reference's where they differ and are covered.
    method : {"identity", "moments", "histograms", "gaussian", "gaussian_all", "coral"}
        Leave spectra as they are, or give every structure the mean and standard deviation ("moments"), or the histogram
        ("histograms"), of the reference's structure of that name, wavelength by wavelength, or its mean and covariance by
        Gaussian optimal transport ("gaussian"). "gaussian_all" and "coral" use no structures: one map for the whole
        cube, by Gaussian optimal transport or by whitening and colouring.
    reference : SpectralCube, optional
        Unpaired cube of the target domain, with named structures where the method uses them; only "identity" does
        without. Structures that it lacks, and pixels without a named structure, are matched to all its labelled spectra.
    progress : callable, optional
        Called as ``progress(done, total)`` before the first and after every structure, in pixels. Whatever it
        raises ends the run.

    Returns
    -------
    SpectralCube
        Domain "transferred", with the source's labels, oxygenation and pixel size, and its provenance.
        Spectra that cannot be matched (not finite, or of an HSI cube zero) are NaN.

    Raises
    ------
    TransferError
        When the method is unknown, or the reference is missing, of another modality, without labelled spectra,
        or needs wavelengths that the cube lacks.
    """
    grid = _checked(cube, method, reference)
    report = progress or ignore_progress
    spectra = grid(_spectra_of(cube))
    notes: dict[str, Any] = {"condition": "none: spectra are left as they are", "scale": "the source's"}
    report(0, len(spectra))
    if method == "identity" or reference is None:
        report(len(spectra), len(spectra))
    else:
        spectra, notes = _matched(cube, spectra, reference, method, report)
    notes |= {
        "wavelengths": grid.note or "the cube's own",
        "spectra_not_transferable": int(np.sum(~np.isfinite(spectra).all(axis=1))),
    }
    return _result(cube, spectra, method, reference, notes)


def _checked(cube: SpectralCube, method: str, reference: SpectralCube | None) -> Regridding:
    """Return the interpolation to the reference's wavelengths; raises ``TransferError`` when there is none."""
    if method not in get_args(Method):
        raise TransferError(f"Baseline {method!r} is unknown; choose {', '.join(get_args(Method))}.")
    if reference is None:
        if method == "identity":
            return Regridding(None)
        raise TransferError(
            f"Baseline {method!r} needs a reference, a labelled cube of the domain to which {cube.name} is "
            "transferred; name one."
        )
    if reference.modality != cube.modality:
        raise TransferError(
            f"{cube.name} is a {cube.modality} cube, but the reference {reference.name} is "
            f"{reference.modality}; choose a {cube.modality} reference."
        )
    return regrid(
        cube.wavelengths_nm,
        reference.wavelengths_nm,
        cube.name,
        target="reference",
        bad_bands=cube.bad_bands,
    )


def _matched(
    cube: SpectralCube, spectra: Spectra, reference: SpectralCube, method: str, report: Progress
) -> tuple[Spectra, dict[str, Any]]:
    """Match structure by structure; return spectra (pixels, channels) and notes for the provenance."""
    names = [] if method in _WITHOUT_STRUCTURES else _names(cube, reference)
    wanted, wanted_labels = _labelled(reference, names)
    usable = _usable(spectra, cube)
    # Pixels of no use are a structure of their own, so that each run reports every pixel once.
    labels = np.where(usable, _structures(cube, names), len(names))
    norm = norms(spectra, "l2") if cube.modality == "HSI" else np.ones((len(spectra), 1), np.float32)
    moved, done = np.full_like(spectra, np.nan), 0
    for label in np.unique(labels):
        own = labels == label
        if label < len(names):
            matched = _MATCHERS[method](spectra[own] / norm[own], labels[own], wanted, wanted_labels)
            moved[own] = matched * norm[own]
        done += int(own.sum())
        report(done, len(spectra))
    matched_how = _matching_note(names, labels[usable], wanted_labels, reference)
    return moved, {"condition": matched_how, "scale": _scale_note(cube)}


def _spectra_of(cube: SpectralCube) -> Spectra:
    """Return a copy of all spectra in reading order, shape (pixels, channels)."""
    return np.array(cube.rows(0, cube.shape[0]), np.float32).reshape(-1, cube.shape[2])


def _names(*cubes: SpectralCube) -> list[str]:
    """Return the names of the structures of all cubes; their indices are the numbers used here."""
    return sorted({plain_name(name) for cube in cubes for name in cube.label_names.values()})


def _structures(cube: SpectralCube, names: list[str]) -> Labels:
    """Return the index in ``names`` of every pixel's structure, shape (pixels,); -1 where it has no name."""
    places = np.full(cube.shape[0] * cube.shape[1], _NO_STRUCTURE, np.intp)
    if cube.labels is not None and names:
        for number, name in cube.label_names.items():
            places[cube.labels.reshape(-1) == number] = names.index(plain_name(name))
    return places


def _usable(spectra: Spectra, cube: SpectralCube) -> NDArray[np.bool_]:
    """Return which spectra can be matched: finite ones, and not zero where they are normalised."""
    norm = np.linalg.norm(spectra, axis=1)
    return np.isfinite(norm) & ((norm > 0) | (cube.modality == "PAT"))


def _labelled(reference: SpectralCube, names: list[str]) -> tuple[Spectra, Labels]:
    """Return the reference's labelled spectra (all, without names) as they are matched, and their structures."""
    own_nm = reference.wavelengths_nm  # bad bands of the reference are interpolated from those beside them
    filled = regrid(own_nm, own_nm, reference.name, target="reference", bad_bands=reference.bad_bands)
    spectra, structures = filled(_spectra_of(reference)), _structures(reference, names)
    kept = ((structures != _NO_STRUCTURE) | (not names)) & _usable(spectra, reference)
    if not kept.any():
        raise TransferError(
            f"The reference {reference.name} has no usable spectra with a named structure; choose a labelled cube."
        )
    return normalise(spectra[kept], "l2" if reference.modality == "HSI" else "none"), structures[kept]


def _matching_note(names: list[str], labels: Labels, wanted_labels: Labels, reference: SpectralCube) -> str:
    """Return which structures were matched to their namesakes, and which to all of the reference."""
    if not names:
        return f"none: one map for all spectra, to all spectra of {reference.name}"
    present, held = np.unique(labels), set(wanted_labels)
    alike = [names[place] for place in present if place in held]
    lacking = [names[place] for place in present if place not in held and place != _NO_STRUCTURE]
    if _NO_STRUCTURE in present:
        lacking.append("pixels without a named structure")
    parts = [f"structures matched by name ({', '.join(alike) or 'none'})"]
    if lacking:
        parts.append(f"matched to all labelled spectra of {reference.name}: {', '.join(lacking)}")
    return "; ".join(parts)


def _scale_note(cube: SpectralCube) -> str:
    if cube.modality == "HSI":
        return "matched L2-normalised; every spectrum times its input's L2 norm"
    return "the reference's, matched on values as they are"


def _result(
    cube: SpectralCube, spectra: Spectra, method: str, reference: SpectralCube | None, notes: dict[str, Any]
) -> SpectralCube:
    provenance = describe_baseline(cube, method, reference, notes)
    wavelengths_nm = cube.wavelengths_nm if reference is None else reference.wavelengths_nm
    name = provenance["model"]["name"]
    origin = (
        f"transferred to: {provenance['model']['target']}"
        if method != "identity"
        else f"{cube.origin}, as it is"
    )
    return cube.with_(
        data=spectra.reshape(*cube.shape[:2], -1),
        wavelengths_nm=wavelengths_nm,
        bad_bands=cube.bad_bands if reference is None else None,
        domain="transferred",
        origin=f"{origin} ({name})",
        name=f"{cube.name} → {name}",
        provenance=provenance,
    )
