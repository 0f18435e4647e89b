"""The Trust dock: what a model says about its own transfer."""
