"""The report of a population or of an evaluation: figures and numbers in one HTML file.

`write_report` computes a `Document` (:mod:`.document`) of sections, drawings and sheets (:mod:`.sections`), which
:mod:`.html` turns into a file; `write_evaluation_report` adds the tables of an evaluation, which
:mod:`.markdown` writes too. matplotlib (``pip install 'napari-udt[report]'``) is imported when a report is written.
"""

from napari_udt.population.report.evaluation import evaluation_markdown, write_evaluation_report
from napari_udt.population.report.options import ReportOptions
from napari_udt.population.report.write import SUFFIXES, write_report

__all__ = ["SUFFIXES", "ReportOptions", "evaluation_markdown", "write_evaluation_report", "write_report"]
