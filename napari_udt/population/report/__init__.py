"""The report of a population: figures and numbers in one file, HTML or PDF.

`write_report` computes a `Document` (:mod:`.document`) of sections, drawings and sheets (:mod:`.sections`), which
:mod:`.html` and :mod:`.pdf` turn into a file. matplotlib (``pip install 'napari-udt[report]'``) is imported when a
report is written.
"""

from napari_udt.population.report.options import ReportOptions
from napari_udt.population.report.write import SUFFIXES, write_report

__all__ = ["SUFFIXES", "ReportOptions", "write_report"]
