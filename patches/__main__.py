"""``python -m stable_patch``: the command line of the installed tool."""

import sys

from .cli import main

if __name__ == "__main__":
    sys.exit(main())
