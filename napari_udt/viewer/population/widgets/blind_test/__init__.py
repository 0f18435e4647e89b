"""The tab "Blind test"."""
