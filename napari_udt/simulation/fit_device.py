"""Fit the calibrated digital device to measured pictures, for developers who have those.

``python -m napari_udt.simulation.fit_device FOLDER TRIALS`` starts from the settings of ``parameters/pat_device.json``,
changes a few at a time at random and keeps what brings the texture of its pictures at 700 nm nearer to that of the two
people of the calibration. With 0 trials it only compares the stored settings with everybody anew. Seeded.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_matrix

from napari_udt.files.writing import whole_or_nothing
from napari_udt.simulation import acoustics
from napari_udt.simulation.acoustics import Signals, SoundSpeeds
from napari_udt.simulation.compare_pictures import (
    recognition,
    recognition_among_people,
    recognition_by_person,
)
from napari_udt.simulation.device_states import DEVICES, calibrated_state, calibration_settings
from napari_udt.simulation.digital_device import (
    RECONSTRUCTION_MM_PER_US,
    acquire,
    depth_gain,
    with_clutter,
    with_membrane,
)
from napari_udt.simulation.fitted_tables import FOLDER
from napari_udt.simulation.forearm import Tissue, build_tissue
from napari_udt.simulation.measured_pictures import (
    CALIBRATION,
    JUDGING,
    LICENCE,
    SOURCE,
    MeasuredPictures,
    read_measured_pictures,
)
from napari_udt.simulation.pat_image import ARRAY, initial_pressure, reconstruct, reconstruction
from napari_udt.simulation.picture_texture import (
    Texture,
    depth_profile,
    mean_texture,
    patch_features,
)
from napari_udt.simulation.pixel_grid import TISSUE_GRID
from napari_udt.simulation.tables import find_tables
from napari_udt.simulation.target_anatomy import body_parts, heterogeneous
from napari_udt.simulation.tissue_optics import optical_spectra

Array = NDArray[np.float64]
Settings = dict[str, float]

PICTURES, TRIAL_PICTURES = 48, 12
STEP = 0.3  # standard deviation of the logarithm of a change
LIMITS = {"coarse": 1.0, "noise": 0.3, "white": 1.0, "haze": 0.35}


@dataclass(frozen=True)
class Forearms:
    """Forearms at 700 nm, lit once and recorded by many devices.

    Parameters
    ----------
    count, seed : int
    """

    count: int
    seed: int = 1

    @cached_property
    def lit(self) -> list[tuple[Signals, Tissue]]:
        """Absorbed light and tissue of each."""
        spectra, parts = optical_spectra(find_tables(), np.array([700.0])), body_parts()
        found = []
        for number in range(self.count):
            rng = np.random.default_rng([self.seed, number])
            anatomy = DEVICES["calibrated"].draw_anatomy(rng, TISSUE_GRID, parts)
            tissue = heterogeneous(rng, build_tissue(anatomy, TISSUE_GRID))
            found.append((initial_pressure(tissue, spectra), tissue))
        return found

    @cached_property
    def propagation(self) -> csc_matrix:
        """Through tissue of the mean speed: how far speeds differ does not show in the texture."""
        return acoustics.spherical_means(ARRAY, TISSUE_GRID, self._state(0, calibration_settings()).speeds)

    def pictures(self, settings: Settings, numbers: range | None = None) -> Array:
        """Envelopes of a device with these settings, shape (N, rows, columns)."""
        return np.array([self._picture(number, settings) for number in numbers or range(self.count)])

    def _picture(self, number: int, settings: Settings) -> Array:
        rng = np.random.default_rng([self.seed, number, 1])
        state = self._state(number, settings)
        pressure, tissue = self.lit[number]
        pressure = with_clutter(rng, with_membrane(pressure, state), tissue, state)
        signals = acquire(rng, pressure, state, self.propagation)
        speeds = SoundSpeeds(RECONSTRUCTION_MM_PER_US, RECONSTRUCTION_MM_PER_US)
        operator = reconstruction(speeds, DEVICES["calibrated"].grid)
        envelope = acoustics.envelope(reconstruct(operator, signals))[..., 0]
        return np.asarray(envelope * depth_gain(state)[:, None], dtype=np.float64)

    def _state(self, number: int, settings: Settings) -> Any:
        state = calibrated_state(np.random.default_rng([self.seed, number, 2]), settings)
        return replace(state, tissue_speed_mm_per_us=1.501, pulse_energy=np.ones(1))


class Aim:
    """How far pictures are from those of some people; smaller is nearer.

    Parameters
    ----------
    pictures : MeasuredPictures
    persons : tuple of int
    """

    def __init__(self, pictures: MeasuredPictures, persons: tuple[int, ...]) -> None:
        forearms = pictures.of(persons, ("forearm",))
        everything = pictures.of(persons)
        self._texture = _as_array(mean_texture(forearms)) * 0.5 + _as_array(_typical(everything)) * 0.5
        self._profile = np.mean([depth_profile(envelope) for envelope in forearms], axis=0)
        self._patches = np.concatenate([patch_features(envelope) for envelope in everything])

    def distance(self, envelopes: Array) -> float:
        """Patch features (mean and spread), texture and depth profile, weighed."""
        patches = np.concatenate([patch_features(envelope) for envelope in envelopes])
        mean = np.abs(patches.mean(axis=0) - self._patches.mean(axis=0)) / self._patches.std(axis=0)
        spread = np.abs(np.log(patches.std(axis=0) / self._patches.std(axis=0)))
        texture = np.abs(np.log(_as_array(mean_texture(envelopes)) / self._texture))
        profile = np.abs(np.log(np.mean([depth_profile(e) for e in envelopes], axis=0) / self._profile))
        return float(mean.mean() + 0.5 * spread.mean() + 3 * texture.mean() + 0.2 * profile.mean())


def _as_array(texture: Texture) -> Array:
    return np.array(list(asdict(texture).values()))


def _typical(envelopes: Array) -> Texture:
    """Median over pictures: layers parallel to the skin make the lateral length of single ones endless."""
    found = np.array([_as_array(mean_texture(envelope[None])) for envelope in envelopes])
    return Texture(*np.median(found, axis=0).tolist())


def fit_settings(aim: Aim, settings: Settings, trials: int, seed: int = 0) -> Settings:
    """Search at random around settings; returns the best found."""
    forearms = Forearms(TRIAL_PICTURES)
    rng = np.random.default_rng(seed)
    best, least = settings, aim.distance(forearms.pictures(settings))
    for trial in range(trials):
        names = rng.choice(list(settings), rng.integers(1, 5), replace=False)
        changed = {n: v * np.exp(STEP * rng.normal()) if n in names else v for n, v in best.items()}
        changed = {n: float(f"{min(v, LIMITS.get(n, np.inf)):.3g}") for n, v in changed.items()}
        if (distance := aim.distance(forearms.pictures(changed))) < least:
            best, least = changed, distance
            print(f"trial {trial}: {least:.4f}", file=sys.stderr, flush=True)
    return best


def report(pictures: MeasuredPictures, device: Array) -> dict[str, Any]:
    """Statistics of measured pictures and the device's, to keep with the settings."""
    everybody = tuple(sorted((*CALIBRATION, *JUDGING)))
    people = {"all": everybody, "calibration": CALIBRATION, "judging": JUDGING}
    return {
        "measured_forearms": {
            name: _rounded(mean_texture(pictures.of(persons, ("forearm",))))
            for name, persons in people.items()
        },
        "device": _rounded(mean_texture(device)),
        "recognised": {
            "people among each other": round(recognition_among_people(pictures, everybody), 3),
            "device, each person by the others": {
                str(person): round(area, 3)
                for person, area in recognition_by_person(device, pictures, everybody).items()
            },
            "device, judging people by those of the calibration": round(
                recognition(device, pictures, CALIBRATION, JUDGING), 3
            ),
        },
    }


def _rounded(texture: Texture) -> dict[str, float]:
    return {name: round(value, 3) for name, value in asdict(texture).items()}


def write_fit(folder: Path, trials: int, path: Path = FOLDER / "pat_device.json") -> dict[str, Any]:
    """Fit, compare with everybody, and write the file of parameters."""
    pictures = read_measured_pictures(folder)
    settings = fit_settings(Aim(pictures, CALIBRATION), calibration_settings(), trials)
    found = {
        "quantity": "settings of the calibrated digital device: medians over pictures; see device_states.py for their spread",
        "form": "random search at 700 nm on texture, patch statistics and depth profile of envelopes of the people of the "
        "calibration, then changes by hand, for which the recognition by the judging people was looked at as well",
        "source": SOURCE,
        "licence": LICENCE,
        "persons": {"calibration": list(CALIBRATION), "judging": list(JUDGING)},
        **report(pictures, Forearms(PICTURES, seed=3).pictures(settings)),
        "settings": settings,
    }
    with whole_or_nothing(path) as temporary:
        temporary.write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return found


if __name__ == "__main__":
    print(json.dumps(write_fit(Path(sys.argv[1]), int(sys.argv[2])), indent=1))
