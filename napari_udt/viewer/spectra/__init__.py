"""The Spectra dock: which curves are drawn, what they show, and how they are exported."""
