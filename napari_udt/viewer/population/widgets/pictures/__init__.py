"""The tab "Pictures"."""
