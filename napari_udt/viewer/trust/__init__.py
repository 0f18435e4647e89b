"""The Trust dock: how far a model's transfer can be believed."""
