"""Questions to the user about metadata that a file lacks. No Qt."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from napari_udt.cube import DOMAINS, MODALITIES, ORIGINS, Domain, Modality, SpectralCube
from napari_udt.errors import CubeError, MissingMetadata
from napari_udt.io.missing_metadata import Span, StatedMetadata, Wavelengths, parse_wavelengths

_MODALITY_TITLES = {"HSI": "hyperspectral (HSI)", "PAT": "photoacoustic (PAT)"}
_AXIS_NAMES = ("first", "second", "third")


@dataclass(frozen=True)
class Question:
    """A question about metadata that a file lacks.

    Parameters
    ----------
    path : path
    format : str
        Key of the file's format; an answer may hold for further files of the same.
    missing : MissingMetadata, optional
        What keeps the file from being opened; None when it is open and only lacks where its data come from.
    modality : str, optional
        What the file says, or what was taken for granted.
    """

    path: Path
    format: str
    missing: MissingMetadata | None = None
    modality: Modality = "HSI"

    @property
    def sentence(self) -> str:
        """What is missing, for the head of the dialog."""
        if self.missing is None:
            return f"{self.path.name} does not say where its data come from."
        shape = " × ".join(map(str, self.missing.shape))
        if not self.missing.lacks_wavelengths:
            return f"{self.path.name} holds {shape} values, and several axes could be the wavelengths."
        if len(self.missing.shape) == 1:
            return f"{self.path.name} does not say the wavelengths of its {shape} channels."
        return f"{self.path.name} holds {shape} values without wavelengths."

    @property
    def asks_wavelengths(self) -> bool:
        """Whether wavelengths are needed."""
        return self.missing is not None and self.missing.lacks_wavelengths

    @property
    def axes(self) -> list[tuple[str, int]]:
        """Title and number of the axes that may be spectral; empty where there is nothing to choose."""
        if self.missing is None or len(self.missing.axes) < 2:
            return []
        shape = self.missing.shape
        return [(f"{_AXIS_NAMES[axis]} axis ({shape[axis]} values)", axis) for axis in self.missing.axes]

    @property
    def likely_axis(self) -> int | None:
        """The axis to offer first: the shortest."""
        if self.missing is None or not self.axes:
            return None
        shape = self.missing.shape
        return min(self.missing.axes, key=lambda axis: shape[axis])

    def channels(self, axis: int | None) -> int:
        """Return how many wavelengths there are when an axis is the spectral one."""
        if self.missing is None:
            return 0
        return self.missing.shape[self.missing.axes[0] if axis is None else axis]

    def answer(
        self,
        wavelengths: str = "",
        axis: int | None = None,
        domain: Domain | None = None,
        modality: Modality | None = None,
    ) -> StatedMetadata:
        """Return the metadata that the user stated.

        Raises
        ------
        CubeError
            When the wavelengths are not understood, or are more or fewer than the channels.
        """
        values: Wavelengths | None = None
        if self.asks_wavelengths:
            values, count = parse_wavelengths(wavelengths), self.channels(axis)
            if not isinstance(values, Span) and len(values) != count:
                raise CubeError(f"{len(values)} wavelengths for {count} channels; one per channel is needed.")
        if self.missing is None and modality == self.modality:
            modality = None  # as it is
        return StatedMetadata(values, axis, domain if domain != "unknown" else None, modality)

    def verdict(self, wavelengths: str, axis: int | None) -> tuple[bool, str]:
        """Return whether an answer is sufficient, and one line on what the file opens as or what is wrong."""
        if self.missing is None:
            return True, ""
        if self.asks_wavelengths and not wavelengths.strip():
            return False, f"{self.channels(axis)} wavelengths are needed."
        try:
            stated = self.answer(wavelengths, axis)
        except CubeError as error:
            return False, str(error)
        return True, f"Opens as {self._picture(axis)}{self._wavelengths(stated.wavelengths, axis)}."

    def _picture(self, axis: int | None) -> str:
        shape = self.missing.shape if self.missing else ()
        rest = [n for i, n in enumerate(shape) if i != axis]
        if axis is None or len(shape) < 2:
            return f"{self.channels(axis)} channels"
        return f"{rest[0]} × {rest[1]} pixels" if len(rest) == 2 else f"a list of {rest[0]} spectra"

    def _wavelengths(self, values: Wavelengths | None, axis: int | None) -> str:
        if values is None:
            return f" with {self.channels(axis)} wavelengths each"
        listed = values.over(self.channels(axis)) if isinstance(values, Span) else values
        step = (
            f", {(listed[1] - listed[0]):.3g} nm apart"
            if isinstance(values, Span) and len(listed) > 1
            else ""
        )
        return f" with {len(listed)} wavelengths, {min(listed):g}–{max(listed):g} nm{step}"


def domain_choices() -> list[tuple[str, Domain]]:
    """Return title and key of the domains that a user may state, "unknown" first."""
    stated = [(ORIGINS[domain], domain) for domain in DOMAINS if domain != "unknown"]
    return [("not known", "unknown"), *stated]


def modality_choices() -> list[tuple[str, Modality]]:
    """Return title and key of the modalities."""
    return [(_MODALITY_TITLES[modality], modality) for modality in MODALITIES]


def lacks_origin(cube: SpectralCube) -> bool:
    """Whether neither a cube's file nor the user says where its data come from."""
    return cube.domain == "unknown" and bool(cube.metadata.get("file"))
