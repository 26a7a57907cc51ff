"""Runs the command line again and again in forked children, each signalled at another moment.

usage: python interrupting.py ROOT MOMENTS SIGNAL SECOND ARGUMENT ...

ROOT/start is copied for each child. A moment is a number of calls of Python or C functions; SECOND calls later the
signal comes once more. Prints one line of JSON per child: folder, exit code, and whether the signal came at all.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
from pathlib import Path
from types import FrameType

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import filelock  # noqa: F401 - imported before the forks, which saves time

from patches.cli import main as run
from patches.report import console  # noqa: F401 - as above
from patches.rewrite import render  # noqa: F401 - as above
from patches.run import verify  # noqa: F401 - as above


class Clock:
    """Counts calls, and sends the signal at the given ones."""

    def __init__(self, moments: set[int], number: int) -> None:
        self.calls, self.moments, self.number = 0, moments, number

    def tick(self, _frame: FrameType, event: str, _argument: object) -> None:
        if event in ("call", "c_call"):
            self.calls += 1
            if self.calls in self.moments:
                os.kill(os.getpid(), self.number)


def child(folder: Path, moments: set[int], number: int, arguments: list[str]) -> None:
    os.chdir(folder)
    for name, descriptor in (("out", 1), ("err", 2)):
        os.dup2(os.open(name, os.O_WRONLY | os.O_CREAT), descriptor)
    sys.argv = ["patch_train_stable.py", *arguments]
    clock = Clock(moments, number)
    code = run_under(clock, arguments)
    Path("calls").write_text(str(clock.calls))
    os._exit(code)


def run_under(clock: Clock, arguments: list[str]) -> int:
    """As `main` does, once its own handlers are in place: what comes earlier ends the process at once."""
    from patches import cli

    original = cli._run

    def started(words: list[str], signals: object) -> int:
        sys.setprofile(clock.tick)
        try:
            return original(words, signals)  # type: ignore[arg-type]
        finally:
            sys.setprofile(None)

    cli._run = started  # type: ignore[assignment]
    return run(arguments)


def forked(folder: Path, moments: set[int], number: int, arguments: list[str]) -> int:
    shutil.copytree(folder.parent / "start", folder)
    pid = os.fork()
    if pid == 0:
        child(folder, moments, number, arguments)
    _, status = os.waitpid(pid, 0)
    return os.waitstatus_to_exitcode(status)


def main() -> None:
    root, count, name, second, *arguments = sys.argv[1:]
    number = getattr(signal, name)
    first = Path(root) / "whole"
    forked(first, set(), number, arguments)
    calls = int((first / "calls").read_text())
    for index in range(int(count)):
        moment = 1 + index * calls // int(count)
        folder = Path(root) / str(index)
        code = forked(folder, {moment, moment + int(second)}, number, arguments)
        print(json.dumps({"folder": str(folder), "code": code, "moment": moment}), flush=True)


if __name__ == "__main__":
    main()
