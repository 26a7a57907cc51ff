"""Runs a script in this process and ends it after so many vector steps.

usage: python _smoke_child.py STEPS SCRIPT [ARGUMENT ...]

It is started in a process of its own: the script's state dies with it. The pool is looked up by name, because the
patch tool itself knows nothing of it.
"""

from __future__ import annotations

import functools
import importlib
import runpy
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any


class _Counter:
    """Counts vector steps, a `step` that calls `step_wait` as one."""

    def __init__(self, limit: int) -> None:
        self._left = limit
        self._inside = False

    def wrap(self, method: Callable[..., Any]) -> Callable[..., Any]:
        """A method that ends the process, by way of the script's own clean-up, after the last step."""

        @functools.wraps(method)
        def counted(*arguments: Any, **keywords: Any) -> Any:
            if self._inside:
                return method(*arguments, **keywords)
            if self._left <= 0:
                raise SystemExit(0)
            self._left -= 1
            self._inside = True
            try:
                return method(*arguments, **keywords)
            finally:
                self._inside = False

        return counted


def main() -> None:
    """Patch the pool in memory and run the script."""
    steps, script, *arguments = sys.argv[1:]
    sys.path[0] = str(Path(script).resolve().parent)
    sys.argv = [script, *arguments]
    pool = importlib.import_module("stablepool").StableProcessPoolEnv
    counter = _Counter(int(steps))
    pool.step = counter.wrap(pool.step)
    pool.step_wait = counter.wrap(pool.step_wait)
    runpy.run_path(script, run_name="__main__")


if __name__ == "__main__":
    main()
