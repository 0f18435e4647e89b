"""Numbers of the comparison: every group against the reference, structure by structure, with bootstrap intervals.

`measure` computes a `MeasureTable`; `CATALOGUE` says what each measure means and where it comes from.
"""

from napari_udt.population.measures.catalogue import CATALOGUE, MEASURES, Measure
from napari_udt.population.measures.halves import measure_halves
from napari_udt.population.measures.options import Judge, MeasureOptions
from napari_udt.population.measures.run import ALL_CLASSES, measure
from napari_udt.population.measures.table import MeasureRow, MeasureTable

__all__ = [
    "ALL_CLASSES",
    "CATALOGUE",
    "MEASURES",
    "Judge",
    "Measure",
    "MeasureOptions",
    "MeasureRow",
    "MeasureTable",
    "measure",
    "measure_halves",
]
