"""Judging transfers: populations of spectra, the downstream test, oxygenation, likelihood. Knows no Qt.

Every measure is a function of arrays in a module of its own, and returns a frozen dataclass: :mod:`.organs`,
:mod:`.oxygenation`, :mod:`.downstream`, :mod:`.latent`, :mod:`.vessels`, :mod:`.texture`. :mod:`.run` puts them
together for a set of rows (:mod:`.rows`), :mod:`.markdown` and :mod:`.results_file` render what comes out. scipy,
scikit-learn and torch are imported when first needed.
"""
