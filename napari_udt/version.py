"""The version, in a module without imports: the package's own ``__init__`` knows all others for typing."""

__version__ = "0.1.0"
