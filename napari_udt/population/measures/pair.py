"""A group and the reference in one class, and the findings of their comparison."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from napari_udt.population.measures.sample import Array, Floats, Sample

NO_REPLICATES: Array = np.empty(0)


@dataclass(frozen=True, eq=False)
class Finding:
    """One value before it becomes a row.

    Parameters
    ----------
    key : str
    value : float
    counts : pair of int
        Spectra of the group and of the reference that were used.
    replicates : array, shape (resamples,)
        Empty where there is no interval.
    note : str
    per_wavelength : array, shape (channels,), optional
    """

    key: str
    value: float
    counts: tuple[int, int]
    replicates: Array = field(default_factory=lambda: NO_REPLICATES)
    note: str = ""
    per_wavelength: Array | None = None


@dataclass(frozen=True, eq=False)
class Pair:
    """A group's and the reference's spectra of one class.

    Parameters
    ----------
    own, reference : Sample
        Normalised.
    training : Sample, optional
        Training spectra of the group's model, normalised.
    judged, judged_reference : mapping of str to array, shape (n,)
        Judgements of both by the group's model.
    """

    own: Sample
    reference: Sample
    training: Sample | None = None
    judged: Mapping[str, Floats] = field(default_factory=dict)
    judged_reference: Mapping[str, Floats] = field(default_factory=dict)

    @property
    def counts(self) -> tuple[int, int]:
        """Spectra of the group and of the reference."""
        return len(self.own), len(self.reference)

    @property
    def can_resample(self) -> bool:
        """Whether both sides can be drawn again."""
        return self.own.can_resample and self.reference.can_resample

    def drawn(self, most: int) -> tuple[Sample, Sample, str]:
        """Both sides with at most some spectra, and a note where any are left out."""
        own, reference = self.own.drawn(most), self.reference.drawn(most)
        return own, reference, _drawn_note(own, reference, self.counts)

    @property
    def boot_note(self) -> str:
        """Remark on the intervals."""
        if not self.own.resamples:
            return ""
        if not self.can_resample:
            return "no interval: only one subject or spectrum"
        most = max(len(self.own.boot), len(self.reference.boot))
        return "" if most == max(self.counts) else f"interval from {most:,} spectra"


def joined(*notes: str) -> str:
    """Return the notes that say something, as one."""
    return "; ".join(filter(None, notes))


def _drawn_note(own: Sample, reference: Sample, counts: tuple[int, int]) -> str:
    if (len(own), len(reference)) == counts:
        return ""
    return f"{len(own):,} of {counts[0]:,} against {len(reference):,} of {counts[1]:,} spectra"
