"""What is measured of a row of hyperspectral spectra: organ means, spread, oxygenation."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from napari_udt.evaluation.data import EvaluationData
from napari_udt.evaluation.organs import ClassDistance, ClassStatistics, class_distances, class_statistics
from napari_udt.evaluation.oxygenation import OxygenationKept, oxygenation_kept
from napari_udt.evaluation.rows import Row
from napari_udt.evaluation.unmixing import DEOXY, OXY

if TYPE_CHECKING:
    from napari_udt.simulation.tables_contract import Tables


@dataclass(frozen=True)
class HsiMeasures:
    """Measures of one row.

    Parameters
    ----------
    to_second, to_measured : list of ClassDistance
        Against the untouched target data, and against the measured statistics (empty at other wavelengths).
    oxygenation : list of OxygenationKept
        Of transferred spectra; empty without simulated parameters.
    """

    to_second: list[ClassDistance]
    to_measured: list[ClassDistance] = field(default_factory=list)
    oxygenation: list[OxygenationKept] = field(default_factory=list)


class HsiReference:
    """What rows of spectra are held against.

    Parameters
    ----------
    data : EvaluationData
    tables : Tables
    """

    def __init__(self, data: EvaluationData, tables: Tables) -> None:
        test = data.second_test.dataset
        self.simulated = data.simulated.dataset
        self.class_names = test.class_names
        self.second = class_statistics(test.samples, test.labels, test.class_names)
        self.measured = _measured(tables, test.class_names, test.wavelengths_nm)
        self.absorption_per_cm = {
            name: tables.absorption_per_cm(name, test.wavelengths_nm) for name in (OXY, DEOXY)
        }


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
    return HsiMeasures(
        class_distances(row.samples, row.labels, names, reference.second),
        class_distances(row.samples, row.labels, names, reference.measured),
        oxygenation,
    )


def _measured(
    tables: Tables, class_names: tuple[str, ...], wavelengths_nm: np.ndarray
) -> dict[str, ClassStatistics]:
    """Measured statistics of the classes that are organs, where their wavelengths are the data's."""
    from napari_udt.simulation.hsi_organs import TABLE_NAMES, WAVELENGTHS_NM

    if not np.array_equal(wavelengths_nm, WAVELENGTHS_NM):
        return {}
    return {name: tables.organ(name) for name in class_names if name in TABLE_NAMES}
