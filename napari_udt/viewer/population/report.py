"""The report on a population, written in another thread. No Qt."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from napari_udt.population.downstream import DownstreamResult
from napari_udt.population.groups import Population
from napari_udt.population.label_audit import LabelAudit
from napari_udt.population.measures import MeasureOptions, MeasureTable
from napari_udt.population.reader_study.result import StudyResult
from napari_udt.viewer.state.jobs import Report


def report_file(
    population: Population,
    findings: Iterable[object],
    wavelength_nm: float | None,
    path: Path,
    report: Report,
) -> Path:
    """Write the report; known results are not computed again.

    Parameters
    ----------
    population : Population
    findings : iterable
        A `MeasureTable`, a `DownstreamResult`, a `LabelAudit` and a `StudyResult` are used; a report without one of the last three
        lacks it.
    wavelength_nm : float, optional
        Of the pictures.
    path : Path
        Ends with .html.
    report : callable (done, total)
        An exception that it raises ends the work; nothing is written then.

    Raises
    ------
    EvaluationError, OSError
        See :func:`napari_udt.population.report.write.write_report`.
    """
    from napari_udt.population.model_judge import ModelJudge
    from napari_udt.population.report.draw_study import study_section
    from napari_udt.population.report.options import ReportOptions
    from napari_udt.population.report.sections import audit_section
    from napari_udt.population.report.write import write_report

    found = list(findings)
    table = next((finding for finding in found if isinstance(finding, MeasureTable)), None)
    audits = [finding for finding in found if isinstance(finding, LabelAudit)]
    test = next((finding for finding in found if isinstance(finding, DownstreamResult)), None)
    studies = [finding for finding in found if isinstance(finding, StudyResult)]
    sections = (*map(audit_section, audits), *map(study_section, studies))
    options = ReportOptions(table=table, measures=MeasureOptions(judge=ModelJudge()), sections=sections)
    if wavelength_nm is not None:
        options = replace(options, wavelength_nm=wavelength_nm)
    write_report(population, path, options, test, report)
    return path
