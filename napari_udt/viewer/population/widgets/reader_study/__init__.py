"""The tab "Reader study"."""
