"""The tab "Components"."""
