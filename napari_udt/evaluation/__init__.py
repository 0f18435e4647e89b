"""Evaluation of transfers on untouched data: downstream test, class spectra, oxygenation, likelihood, texture.

:func:`evaluate` judges models and baselines on three data sets (:func:`load_data`); :func:`save_results` writes what comes
out. Every measure is a function of arrays in a module of its own and returns a frozen dataclass: :mod:`.class_spectra`,
:mod:`.oxygenation`, :mod:`.downstream`, :mod:`.latent`, :mod:`.vessels`, :mod:`.texture`. scipy, scikit-learn and torch are
imported when first needed. Tables and reports of the results: :mod:`napari_udt.population.report`.
"""

from napari_udt.evaluation.data import load_data
from napari_udt.evaluation.results_file import save_results
from napari_udt.evaluation.run import Evaluation, Settings, evaluate

__all__ = ["Evaluation", "Settings", "evaluate", "load_data", "save_results"]
