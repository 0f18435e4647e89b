"""Options of a report."""

from __future__ import annotations

from dataclasses import dataclass, field

from napari_udt.population.measures import MeasureOptions, MeasureTable
from napari_udt.population.pictures import WAVELENGTH_NM
from napari_udt.population.report.document import Section
from napari_udt.population.scenes import CallOut


@dataclass(frozen=True)
class ReportOptions:
    """Contents of a report.

    Parameters
    ----------
    title : str
    wavelength_nm : float
        Of the pictures.
    structures : tuple of str
        Names of those that get figures of their own; where empty, all but background and coupling medium.
    call_outs : tuple of CallOut
        Marks on the pictures.
    measures : MeasureOptions
        How the numbers are computed, unless they are given.
    table : MeasureTable, optional
        Measures that were computed already.
    sections : tuple of Section
        More sections; they come last.
    """

    title: str = "Populations of spectra, compared"
    wavelength_nm: float = WAVELENGTH_NM
    structures: tuple[str, ...] = ()
    call_outs: tuple[CallOut, ...] = ()
    measures: MeasureOptions = field(default_factory=MeasureOptions)
    table: MeasureTable | None = None
    sections: tuple[Section, ...] = ()
