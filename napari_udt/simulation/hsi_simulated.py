r"""Simulated hyperspectral domain: three tissue layers that hold blood and scatter.

The model is that of the paper (Dreher et al. 2023, after Ayala et al. 2019): per layer, drawn independently, the
blood volume fraction :math:`v`, its oxygen saturation :math:`s`, Mie scattering :math:`a, b`, anisotropy,
refractive index and thickness;

.. math::
    \mu_a = v\,(s\,\mu_{HbO_2} + (1 - s)\,\mu_{Hb}), \qquad
    \mu_s = \frac{a}{1 - g} \left(\frac{\lambda}{500\,\mathrm{nm}}\right)^{-b}.

Two things differ from the paper and are said in every file: light is not traced by Monte Carlo but by discrete
ordinates (:mod:`napari_udt.simulation.layered_reflectance`), and the blood volume is spread evenly over its
logarithm, 0.1 to 30 %, because organs hold little blood: evenly over 0 to 30 % hardly any spectrum comes near skin
or colon.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_udt.dataset import Dataset
from napari_udt.simulation.hsi_organs import CLASS_NAMES, WAVELENGTHS_NM, l1_normalised
from napari_udt.simulation.hsi_target import organ_fields
from napari_udt.simulation.layered_reflectance import LayeredTissue, solve
from napari_udt.simulation.organ_variation import MODES
from napari_udt.simulation.parallel import Arrays, Progress, block_rng, run_blocks
from napari_udt.simulation.tables_contract import Tables

Array = NDArray[np.float64]

ORIGIN = "simulated"
LAYERS = 3
BLOCK = 200  # tissues with a random generator of their own
_AT_ONCE = 10  # tissues whose matrices stay in the processor's cache

# Range of each parameter, per layer; uniform unless the name is in _LOGARITHMIC.
RANGES = {
    "blood_volume": (0.001, 0.3),
    "oxygenation": (0.0, 1.0),
    "a_mie_per_cm": (5.0, 50.0),
    "b_mie": (0.3, 3.0),
    "anisotropy": (0.8, 0.95),
    "refractive_index": (1.33, 1.54),
    "thickness_mm": (0.02, 2.0),
}
_LOGARITHMIC = {"blood_volume"}
DEEPEST_MM = 200.0
_MIE_REFERENCE_NM = 500.0

# Matching: spectra drawn per organ, and the largest share of the simulated ones that an organ takes.
MATCH_DRAWS = 2000
MATCH_SHARE = 0.04
# The spectra that define an organ are the same for every data set: what "spleen" means must not depend on the seed of
# the tissues, for the rare organs, which no tissue comes near, would then change from one data set to the next.
_MATCH_SEED = 1
_MATCH_STREAM = 2**31  # random numbers that no block uses


def draw_tissues(n: int, rng: np.random.Generator) -> Arrays:
    """Draw the parameters of ``n`` tissues, each of shape (n, 3), topmost layer first; units as in the names."""
    drawn = {name: _draw(name, (n, LAYERS), rng) for name in RANGES}
    drawn["thickness_mm"][:, -1] = DEEPEST_MM
    return drawn


def _draw(name: str, shape: tuple[int, int], rng: np.random.Generator) -> Array:
    low, high = RANGES[name]
    if name in _LOGARITHMIC:
        return np.exp(rng.uniform(np.log(low), np.log(high), shape))
    return rng.uniform(low, high, shape)


def blood_absorption(tables: Tables) -> Array:
    """Absorption [1/cm] of fully oxygenated and fully deoxygenated blood, shape (2, 100)."""
    names = ("oxyhemoglobin", "deoxyhemoglobin")
    return np.array([tables.absorption_per_cm(name, WAVELENGTHS_NM) for name in names])


def layered_tissue(parameters: Arrays, blood_per_cm: Array) -> LayeredTissue:
    """Optical properties of drawn tissues at :data:`WAVELENGTHS_NM`."""
    p = {name: values[:, None] for name, values in parameters.items()}
    oxy, deoxy = blood_per_cm[:, :, None]
    saturation = p["oxygenation"]
    colour = (WAVELENGTHS_NM / _MIE_REFERENCE_NM)[:, None] ** -p["b_mie"]
    return LayeredTissue(
        absorption_per_cm=p["blood_volume"] * (saturation * oxy + (1 - saturation) * deoxy),
        scattering_per_cm=p["a_mie_per_cm"] * colour / (1 - p["anisotropy"]),
        anisotropy=parameters["anisotropy"],
        refractive_index=parameters["refractive_index"],
        thickness_mm=parameters["thickness_mm"],
    )


def layered_reflectance_of(parameters: Arrays, blood_per_cm: Array) -> Array:
    """Diffuse reflectance (n, 100) of drawn tissues."""
    count = len(parameters["blood_volume"])
    slices = (slice(start, start + _AT_ONCE) for start in range(0, count, _AT_ONCE))
    return np.concatenate(
        [
            solve(
                layered_tissue({k: v[part] for k, v in parameters.items()}, blood_per_cm)
            ).diffuse_reflectance
            for part in slices
        ]
    )


def simulate_block(block: int, *, sizes: list[int], seed: int, blood_per_cm: Array) -> Arrays:
    """Draw and simulate the tissues of one block; ``sizes`` are those of all blocks."""
    parameters = draw_tissues(sizes[block], block_rng(seed, block))
    spectra = layered_reflectance_of(parameters, blood_per_cm)
    return {name: v.astype(np.float32) for name, v in {"spectra": spectra, **parameters}.items()}


def simulate_hsi_simulated(
    n: int,
    seed: int,
    tables: Tables,
    *,
    jobs: int = 1,
    progress: Progress | None = None,
    parts: Path | None = None,
) -> Dataset:
    """Simulate ``n`` tissues and keep those that look like one of the ten organs.

    Parameters
    ----------
    n : int
        Tissues to simulate; four in ten find an organ.
    seed : int
    tables : Tables
    jobs : int
        Processes to use; the result does not depend on it.
    progress, parts
        As in :func:`napari_udt.simulation.parallel.run_blocks`.

    Returns
    -------
    Dataset
        Diffuse reflectance with labels; parameters (N, 3), one column per layer.
    """
    sizes = [min(BLOCK, n - start) for start in range(0, n, BLOCK)]
    make = partial(simulate_block, sizes=sizes, seed=seed, blood_per_cm=blood_absorption(tables))
    generator = {
        "name": "napari_udt.simulation.hsi_simulated",
        "tissues": n,
        "ranges": RANGES,
        "tables": tables.name,
    }
    simulated = run_blocks(
        make,
        len(sizes),
        jobs=jobs,
        progress=progress,
        parts=parts,
        settings={**generator, "seed": seed},
    )
    labels = match_organs(simulated["spectra"], tables)
    kept = labels >= 0
    return Dataset(
        samples=simulated.pop("spectra")[kept],
        labels=labels[kept],
        wavelengths_nm=WAVELENGTHS_NM,
        class_names=CLASS_NAMES,
        modality="HSI",
        domain="simulated",
        origin=ORIGIN,
        seed=seed,
        generator={**generator, "logarithmic": sorted(_LOGARITHMIC), "share": MATCH_SHARE},
        parameters={name: values[kept] for name, values in simulated.items()},
    )


def match_organs(
    spectra: NDArray[np.floating], tables: Tables, *, draws: int = MATCH_DRAWS
) -> NDArray[np.int16]:
    """Label simulated spectra by the organ whose spectra they are nearest to.

    Spectra of each organ are drawn from the measured statistics. A simulated spectrum is as far from an organ as
    from the nearest drawn one (Euclidean distance of L1-normalised spectra, in units of the organ's median over
    drawn spectra). The nearest pairs are taken first; a spectrum gets one organ, and an organ takes 4 % of all
    spectra at most, so that rare organs are not left to their greedy neighbours.

    Parameters
    ----------
    spectra : array, shape (n, 100)
    tables : Tables
    draws : int
        Spectra drawn per organ; always the same ones.

    Returns
    -------
    int16 array, shape (n,)
        Index into the class names, -1 where unknown.
    """
    simulated = l1_normalised(spectra).astype(np.float32)
    rng = block_rng(_MATCH_SEED, _MATCH_STREAM)
    distances = np.stack(
        [
            _distance_to_organ(simulated, l1_normalised(field.spectra(rng.standard_normal((draws, MODES)))))
            for field in organ_fields(tables).values()
        ]
    )
    return nearest_first(distances, quota=int(np.ceil(MATCH_SHARE * len(spectra))))


def _distance_to_organ(simulated: NDArray[np.floating], drawn: NDArray[np.floating]) -> Array:
    """Distance (n,) of each simulated spectrum to the nearest drawn one, in units of the organ's median."""
    squares = (drawn**2).sum(1)[:, None] - 2 * drawn @ simulated.T + (simulated**2).sum(1)
    distance = np.sqrt(np.maximum(squares, 0))
    return distance.min(axis=0) / np.median(distance.min(axis=1))


def nearest_first(distances: Array, quota: int) -> NDArray[np.int16]:
    """Give each column (spectrum) one row (organ), nearest pairs first, at most ``quota`` columns a row."""
    labels = np.full(distances.shape[1], -1, dtype=np.int16)
    left = [quota] * len(distances)
    organs, spectra = np.unravel_index(np.argsort(distances, axis=None, kind="stable"), distances.shape)
    for organ, spectrum in zip(organs.tolist(), spectra.tolist(), strict=True):
        if labels[spectrum] < 0 and left[organ]:
            labels[spectrum] = organ
            left[organ] -= 1
    return labels
