"""Allow ``python -m napari_udt``."""

import sys

from napari_udt.cli import main

if __name__ == "__main__":
    sys.exit(main())
