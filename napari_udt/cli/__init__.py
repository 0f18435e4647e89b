"""The command line: one module per command.

Each command's module offers ``add_arguments(parser)`` and ``run(args)``; :mod:`napari_udt.cli.parser` finds them.
"""

from napari_udt.cli.parser import main

__all__ = ["main"]
