"""The Population dock: the paper's figures, measures and tests on the open cubes."""
