"""The physics that makes the simulated domain, the stand-ins for the real one, and the sample data."""
