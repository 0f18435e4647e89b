"""The latent of a structure or picture beside the standard normal distribution: what is drawn, and its words. No Qt."""

from __future__ import annotations

import weakref
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from napari_udt.cube import SpectralCube
from napari_udt.errors import CubeError
from napari_udt.viewer.state.comparable_cubes import structure_at
from napari_udt.viewer.state.cube_files import waiting_text
from napari_udt.viewer.state.session import Entry, PixelRef
from napari_udt.viewer.transfer.probes import Probes
from napari_udt.viewer.trust.normal_ranges import MARKS, Judgement, NormalRange, latent_of_structure

if TYPE_CHECKING:
    from napari_udt.inference.latent_quantiles import LatentQuantiles
    from napari_udt.inference.probe import SpectralProbe

WHAT_TO_SEE = (
    "On the diagonal: standard normal, as it should be. Steeper: more spread than in training, flatter: less."
)
_MOST_NAMED = 5
_ORDER: tuple[Judgement, ...] = ("normal", "unusual", "far out")


@dataclass(frozen=True, eq=False)
class LatentPicture:
    """The quantiles of a latent, with what they are of.

    Parameters
    ----------
    what : str
        The structure, or "whole picture".
    found : LatentQuantiles
    normal : NormalRange, optional
        Of the deviation of a wavelength; None where none was measured.
    """

    what: str
    found: LatentQuantiles
    normal: NormalRange | None

    @property
    def judgements(self) -> tuple[Judgement, ...]:
        """Of each wavelength; empty words where there is no range."""
        if self.normal is None:
            return tuple("" for _ in self.found.wavelengths_nm)
        return tuple(self.normal.judgement(float(v)) for v in self.found.deviations)

    @property
    def sentence(self) -> str:
        """How many wavelengths are normal, and which are not."""
        deviations, judgements = self.found.deviations, self.judgements
        nm = self.found.wavelengths_nm
        start = f"{self.what.replace('_', ' ')}, {self.found.count:,} values at each wavelength"
        worst = int(np.argmax(deviations))
        if self.normal is None:
            return f"{start}: farthest off at {nm[worst]:.0f} nm, by up to {deviations[worst]:.2f} σ."
        counts = " ".join(f"{MARKS[j]} {judgements.count(j)}" for j in _ORDER)
        order = np.argsort(-deviations)
        beyond = [f"{nm[i]:.0f}" for i in order if judgements[i] != "normal"]
        named = ", ".join(beyond[:_MOST_NAMED]) + (", ..." if len(beyond) > _MOST_NAMED else "")
        return f"{start}: {counts} of {len(nm)}" + (f" ({named} nm)." if beyond else ".")

    @property
    def explanation(self) -> str:
        """What the marks mean."""
        if self.normal is None:
            return "One line for each wavelength. For pictures no normal range was measured."
        return (
            f"One line for each wavelength. ✓ at most {self.normal.usual:.2f} σ off the diagonal within ±2 σ, as 95 % of "
            f"{self.normal.count} wavelengths of tissues of the simulated sample picture are, which no bundled model was trained on; "
            "△ beyond, ✗ beyond 99.5 % of them."
        )

    def words_at(self, x: float, y: float) -> str:
        """Return wavelength and deviation of the line nearest to a point."""
        at = int(np.abs(self.found.expected - x).argmin())
        line = int(np.abs(self.found.observed[at] - y).argmin())
        mark = MARKS[self.judgements[line]]
        return f"{self.found.wavelengths_nm[line]:.0f} nm: up to {self.found.deviations[line]:.2f} σ off {mark}".rstrip()


class LatentResults:
    """Quantiles of the latents of structures, computed in the probes' thread and kept as long as the cube is open."""

    def __init__(self, probes: Probes) -> None:
        self._probes = probes
        self._known: weakref.WeakKeyDictionary[
            SpectralCube, dict[tuple[str, int | None], LatentQuantiles | None]
        ] = weakref.WeakKeyDictionary()
        self._last: weakref.WeakKeyDictionary[SpectralCube, LatentPicture] = weakref.WeakKeyDictionary()

    def of(
        self, entry: Entry, pixel: PixelRef | None, probe: SpectralProbe, normal: NormalRange | None
    ) -> LatentPicture | None:
        """Return the picture of the structure at a pixel, else (or where that has too few spectra) of all tissue.

        While it is computed the cube's last one; None where there is none.
        """
        cube, spec = entry.cube, probe.job.model.spec
        if spec.kind != "cinn" or spec.modality != "HSI":
            return None
        name = None if pixel is None else structure_at(entry, pixel)
        label = None
        if name is not None and pixel is not None and cube.labels is not None:
            label = int(cube.labels[pixel.row, pixel.column])
        key = (f"{spec.name} {spec.weights_sha256}", label)
        known = self._known.setdefault(cube, {})
        if key not in known:
            work = partial(self._compute, cube, probe, key)
            self._probes.jobs.request((id(cube), key, "latent"), work)
        if key not in known:
            return self._last.get(cube)
        found = known[key]
        if found is None:
            return None if label is None else self.of(entry, None, probe, normal)
        self._last[cube] = LatentPicture(name or "all tissue", found, normal)
        return self._last[cube]

    def _compute(self, cube: SpectralCube, probe: SpectralProbe, key: tuple[str, int | None]) -> None:
        found = None
        try:
            if reason := waiting_text(cube, pinned=False):
                raise CubeError(reason)
            found = latent_of_structure(probe.job, key[1])
        except CubeError:  # a slow file: its numbers say so
            pass
        except Exception as error:  # reported once; other models and cubes still work
            self._probes.give_up(cube, probe.job.model.spec, error)
        self._known.setdefault(cube, {})[key] = found
