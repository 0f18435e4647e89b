"""The tab "Methods"."""
