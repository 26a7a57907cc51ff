"""The command `stable-train`: runs the installed `Train_stable.py`, or names what its libraries are installed with.

The script runs as the main script, as `python src/Train_stable.py` runs it, because the pool sends functions of the
main script to its workers by value: imported as a module it would be imported in each worker too, with torch.
"""

from __future__ import annotations

import runpy
import sys
from importlib.util import find_spec

__all__ = ["main"]

_LIBRARIES = ("matplotlib", "numba", "rasterio", "tensorboard", "torch", "tyro")


def main() -> int:
    """Run the training script on the command line's arguments; 2 where a library that it needs is missing."""
    missing = [name for name in _LIBRARIES if find_spec(name) is None]
    if missing:
        print(f'stable-train needs {", ".join(missing)}: pip install "stable-train[train]"', file=sys.stderr)
        return 2
    runpy.run_module("Train_stable", run_name="__main__", alter_sys=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
