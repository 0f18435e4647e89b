"""The tab "Metrics"."""
