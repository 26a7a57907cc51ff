"""Can the interpreter that will run a script import `stablepool`? It is looked for, never imported."""

from __future__ import annotations

import importlib.util
import sys
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["Interpreter"]

_NAME = "stablepool"
_TIMEOUT_S = 30.0
_LOOK = """\
import sys, importlib.util
sys.path[0] = sys.argv[1]
spec = importlib.util.find_spec("stablepool")
sys.stdout.write("yes" if spec is not None and spec.origin else "no")
"""


@dataclass(frozen=True)
class Interpreter:
    """A Python interpreter, by the command that starts it.

    Attributes:
        python: The command.
    """

    python: str = field(default_factory=lambda: sys.executable)
    _known: dict[Path, str] = field(default_factory=dict, repr=False, compare=False)

    def missing(self, script: Path) -> str:
        """Why a script could not import `stablepool`, and what to do; empty where it can.

        Args:
            script: The script; `python SCRIPT` looks for modules beside it first.
        """
        folder = script.resolve().parent
        if folder not in self._known:
            self._known[folder] = self._look(folder)
        return self._known[folder]

    def _look(self, folder: Path) -> str:
        if self.python == sys.executable:
            found = _can_find(folder)
        else:
            import subprocess

            try:
                done = subprocess.run(
                    [self.python, "-c", _LOOK, str(folder)],
                    stdin=subprocess.DEVNULL,
                    capture_output=True,
                    text=True,
                    timeout=_TIMEOUT_S,
                    check=False,
                )
            except (OSError, subprocess.TimeoutExpired) as error:
                return f"{self.python} cannot be started: {error}"
            if done.stdout not in ("yes", "no"):
                return f"{self.python} cannot be asked for {_NAME}: {(done.stderr.splitlines() or ['?'])[-1]}"
            found = done.stdout == "yes"
        return (
            "" if found else f"{self.python} cannot import {_NAME}: {self.python} -m pip install stable-train"
        )


def _can_find(folder: Path) -> bool:
    """Look with this interpreter's own finders, with the script's folder first as `python SCRIPT` has it."""
    path = sys.path[:]
    try:
        sys.path[:1] = [str(folder)]
        spec = importlib.util.find_spec(_NAME)
    except (ImportError, ValueError):
        spec = None
    finally:
        sys.path[:] = path
    return spec is not None and bool(spec.origin)
