"""Measures of a row of hyperspectral spectra: class means and spread, oxygenation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from napari_udt.evaluation.class_spectra import (
    ClassDistance,
    ClassStatistics,
    class_distances,
    class_statistics,
)
from napari_udt.evaluation.data import EvaluationData
from napari_udt.evaluation.oxygenation import OxygenationKept, haemoglobins, oxygenation_kept
from napari_udt.evaluation.realism import HsiRealism, hsi_realism
from napari_udt.evaluation.rows import Row

if TYPE_CHECKING:
    from napari_udt.simulation.tables_contract import Tables


@dataclass(frozen=True)
class HsiMeasures:
    """Measures of one row.

    Parameters
    ----------
    to_second, to_measured : list of ClassDistance
        Against the untouched target spectra, and against the measured statistics (empty at other wavelengths).
    oxygenation : list of OxygenationKept
        Of transferred spectra; empty without simulated parameters.
    realism : HsiRealism
        Against the untouched target spectra. The target's own row is its training data.
    """

    to_second: list[ClassDistance]
    realism: HsiRealism
    to_measured: list[ClassDistance] = field(default_factory=list)
    oxygenation: list[OxygenationKept] = field(default_factory=list)


class HsiReference:
    """Simulated and target spectra that rows are compared with.

    Parameters
    ----------
    data : EvaluationData
    tables : Tables
    """

    def __init__(self, data: EvaluationData, tables: Tables) -> None:
        self.test = test = data.second_test.dataset
        self.simulated = data.simulated.dataset
        self.class_names = test.class_names
        self.second = class_statistics(test.samples, test.labels, test.class_names)
        self.measured = _measured(tables, test.class_names, test.wavelengths_nm)
        self.absorption_per_cm = haemoglobins(tables, test.wavelengths_nm)


def measure_hsi(row: Row, reference: HsiReference, rng: np.random.Generator) -> HsiMeasures:
    """Measure one row."""
    simulated, names = reference.simulated, reference.class_names
    oxygenation = []
    if row.is_transferred and "oxygenation" in simulated.parameters:
        oxygenation = oxygenation_kept(
            simulated.samples,
            row.samples,
            simulated.labels,
            names,
            simulated.parameters,
            simulated.wavelengths_nm,
            reference.absorption_per_cm,
            rng,
        )
    own = class_statistics(row.samples, row.labels, names)
    return HsiMeasures(
        class_distances(own, reference.second),
        hsi_realism(row.samples, row.labels, reference.test),
        class_distances(own, reference.measured),
        oxygenation,
    )


def _measured(
    tables: Tables, class_names: tuple[str, ...], wavelengths_nm: np.ndarray
) -> Mapping[str, ClassStatistics]:
    """Measured statistics of the classes that are organs, where their wavelengths are the data's."""
    from napari_udt.simulation.hsi_organs import TABLE_NAMES, WAVELENGTHS_NM

    if not np.array_equal(wavelengths_nm, WAVELENGTHS_NM):
        return {}
    return {name: tables.organ(name) for name in class_names if name in TABLE_NAMES}
