"""Measuring speed: our engines against the plain implementation of the same networks, in turn in one process."""
