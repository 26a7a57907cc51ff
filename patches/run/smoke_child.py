"""Runs a script in this process and ends it after so many vector steps.

usage: python smoke_child.py STEPS REPORT SCRIPT [ARGUMENT ...]

It is started in a process of its own: the script's state dies with it. The pool is looked up by name, because the
patch tool itself knows nothing of it. Every fault that a step reports is added to the file REPORT, a line of JSON each.
"""

from __future__ import annotations

import functools
import importlib
import json
import runpy
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

_END = signal.SIGUSR2
_PATIENCE_S = 5.0
_MOST_FAULTS = 10_000


class _Counter:
    """Counts vector steps, a `step` that calls `step_wait` as one, and records the faults that they report."""

    def __init__(self, limit: int, report: str) -> None:
        self._left = limit
        self._report, self._faults = report, 0
        self._inside = False
        self._told = threading.Event()
        signal.signal(_END, self._end_here)

    def wrap(self, method: Callable[..., Any]) -> Callable[..., Any]:
        """A method that ends the process, by way of the script's own clean-up, after the last step."""

        @functools.wraps(method)
        def counted(*arguments: Any, **keywords: Any) -> Any:
            if self._inside:
                return method(*arguments, **keywords)
            if self._left <= 0:
                self._end()
            self._left -= 1
            self._inside = True
            try:
                result = method(*arguments, **keywords)
            finally:
                self._inside = False
            self._record(result)
            return result

        return counted

    def _record(self, result: Any) -> None:
        """Add the faults of one step to the report: kind, environment, and whether its transition is valid."""
        infos = result[-1] if isinstance(result, tuple) else None
        if not isinstance(infos, dict) or "fault" not in infos:
            return
        lines = [
            json.dumps([str(record["kind"]), index, bool(record["transition_valid"])])
            for index, record in enumerate(infos["fault"])
            if record is not None and infos["_fault"][index]
        ]
        if self._faults < _MOST_FAULTS:
            self._faults += len(lines)
            with open(self._report, "a", encoding="utf-8") as file:  # noqa: PTH123 - the script may patch pathlib
                file.writelines(f"{line}\n" for line in lines)

    def _end(self) -> NoReturn:
        """End the process; in another thread SystemExit would end that thread alone, so the main thread is told."""
        main_thread = threading.main_thread()
        if threading.current_thread() is not main_thread and main_thread.ident is not None:
            signal.pthread_kill(main_thread.ident, _END)
            self._told.wait(_PATIENCE_S)
        raise SystemExit(0)

    def _end_here(self, _signal: int, _frame: object) -> None:
        self._told.set()
        raise SystemExit(0)


def main() -> None:
    """Patch the pool in memory and run the script."""
    steps, report, script, *arguments = sys.argv[1:]
    sys.path[0] = str(Path(script).resolve().parent)
    sys.argv = [script, *arguments]
    pool = importlib.import_module("stablepool").StableProcessPoolEnv
    counter = _Counter(int(steps), report)
    pool.step = counter.wrap(pool.step)
    pool.step_wait = counter.wrap(pool.step_wait)
    runpy.run_path(script, run_name="__main__")


if __name__ == "__main__":
    main()
