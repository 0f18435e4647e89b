"""The tab "Downstream"."""
