"""Measures of a row of photoacoustic images: artery spectra, texture, oxygenation of vessels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_udt.evaluation.data import EvaluationData
from napari_udt.evaluation.oxygenation import OxygenationKept, haemoglobins
from napari_udt.evaluation.realism import PatRealism, PatRealismTest
from napari_udt.evaluation.rows import Row
from napari_udt.evaluation.texture import Texture, texture
from napari_udt.evaluation.vessels import (
    SpectralAgreement,
    Vessels,
    artery_agreement,
    find_vessels,
    vessel_oxygenation_kept,
)

if TYPE_CHECKING:
    from napari_udt.simulation.tables_contract import Tables

TEXTURE_NM = 800.0
SKIN, BACKGROUND, VESSELS = ("epidermis",), ("fat", "muscle"), ("vein", "artery")


@dataclass(frozen=True)
class PatMeasures:
    """Measures of one row.

    Parameters
    ----------
    texture : Texture
        At the wavelength nearest to 800 nm.
    arteries : SpectralAgreement, optional
        Against measured radial arteries; None without arteries, or where wavelengths are missing.
    oxygenation : OxygenationKept, optional
        Of transferred images.
    realism : PatRealism
        Against the untouched target pictures. The target's own row is its training data.
    """

    texture: Texture
    arteries: SpectralAgreement | None
    oxygenation: OxygenationKept | None
    realism: PatRealism


class PatReference:
    """Simulated images and measured arteries that rows are compared with.

    Parameters
    ----------
    data : EvaluationData
    tables : Tables
    """

    def __init__(self, data: EvaluationData, tables: Tables) -> None:
        self.simulated = data.simulated.dataset
        self.class_names = self.simulated.class_names
        self.wavelengths_nm = self.simulated.wavelengths_nm
        self.measured = tables.radial_artery
        self.absorption_per_cm = haemoglobins(tables, self.wavelengths_nm)
        self.texture_channel = int(np.argmin(np.abs(self.wavelengths_nm - TEXTURE_NM)))
        self.tissues = (self.indices(SKIN), self.indices(BACKGROUND), self.indices(VESSELS))
        self.realism = PatRealismTest(
            self.simulated,
            data.second_train.dataset,
            data.second_test.dataset,
            self.tissues,
            self.texture_channel,
        )
        self.simulated_vessels = self.vessels(
            self.simulated.samples, self.simulated.labels, self.simulated.oxygenation
        )

    def indices(self, names: tuple[str, ...]) -> list[int]:
        """Labels of the named classes."""
        return [index for index, name in enumerate(self.class_names) if name in names]

    def vessels(
        self, images: NDArray[np.float32], labels: NDArray[Any], saturation: NDArray[np.float32] | None = None
    ) -> Vessels:
        """Veins and arteries of images, see :func:`~napari_udt.evaluation.vessels.find_vessels`."""
        return find_vessels(images, labels, self.indices(VESSELS), saturation)


def measure_pat(row: Row, reference: PatReference, rng: np.random.Generator) -> PatMeasures:
    """Measure one row."""
    vessels = reference.vessels(row.samples, row.labels)
    return PatMeasures(
        texture=texture(row.samples[:, reference.texture_channel], row.labels, *reference.tissues),
        arteries=_arteries(vessels, reference),
        oxygenation=_oxygenation(row, vessels, reference, rng),
        realism=reference.realism(row.samples, row.labels, rng, moved=row.is_transferred),
    )


def _arteries(vessels: Vessels, reference: PatReference) -> SpectralAgreement | None:
    arteries = vessels.of(reference.class_names.index("artery")).spectra
    if not len(arteries):
        return None
    return artery_agreement(arteries, reference.wavelengths_nm, reference.measured)


def _oxygenation(
    row: Row, vessels: Vessels, reference: PatReference, rng: np.random.Generator
) -> OxygenationKept | None:
    if not row.is_transferred:
        return None
    names = {index: reference.class_names[index] for index in reference.indices(VESSELS)}
    return vessel_oxygenation_kept(
        reference.simulated_vessels,
        vessels,
        names,
        reference.wavelengths_nm,
        reference.absorption_per_cm,
        rng,
    )
