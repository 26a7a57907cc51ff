"""`python -m` this package, and the console script: the command line, with signals in hand from the first moment."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from .run.signals import exit_on_signals

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; see `cli.main`."""
    exit_on_signals()
    from .cli import main as run

    return run(arguments)


if __name__ == "__main__":
    sys.exit(main())
