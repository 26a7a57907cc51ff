"""Patching, or saying what would be: each script is looked at, written, tried out and reported before the next."""

from __future__ import annotations

import argparse
import sys
from functools import partial
from pathlib import Path

from ..fixes.model import Options
from ..report.console import Console, restore_command
from ..report.json_report import JsonReport
from ..report.stream import OutputClosedError
from ..report.tally import Tally
from ..run.batch import examined
from ..run.engine import Engine
from ..run.examine import examine
from ..run.interpreter import Interpreter
from ..run.outcome import Exit, Outcome
from ..run.project import Project
from ..run.signals import Interrupted, Signals
from ..run.stores import DEFAULT_BACKUPS
from ..run.targets import scripts_below
from ..run.trial import Trial

__all__ = ["patch"]

_DEFAULT_TARGET = Path("src/Train.py")


def patch(
    args: argparse.Namespace, options: Options, words: list[str], console: Console, signals: Signals
) -> int:
    """Patch the scripts that the command line names.

    Args:
        args: The command line.
        options: What the fixes are to do.
        words: The command line as it was given, for the manifest.
        console: Where to report.
        signals: May end the run between two scripts.

    Returns:
        The exit code of the worst outcome.
    """
    root = args.backup_dir or DEFAULT_BACKUPS
    console.undo = restore_command(root)
    run = _Run(args, Engine(root, options, words, signals=signals), console, signals)
    return run.over(scripts_below(args.targets or [_DEFAULT_TARGET], run.note))


class _Run:
    def __init__(self, args: argparse.Namespace, engine: Engine, console: Console, signals: Signals) -> None:
        self._args, self._engine, self._console, self._signals = args, engine, console, signals
        self._json = JsonReport(console.stream) if args.format == "json" else None
        self._interpreter = Interpreter(args.python)
        self._tally = Tally()
        self.note = self._tally.note

    def over(self, paths: list[Path]) -> int:
        look = partial(
            examine, options=self._engine.options, partial=self._args.partial, project=Project(paths)
        )
        try:
            with self._console.progress(len(paths)):
                for outcome in examined(paths, look, self._signals):
                    self._report(self._carry_out(outcome))
                    self._signals.check()
        except Interrupted:
            self._tally.left_over = len(paths) - self._tally.files
        except OutputClosedError:
            return self._tally.exit
        self._end(paths)
        return self._tally.exit

    def _carry_out(self, outcome: Outcome) -> Outcome:
        is_dry = self._args.check or (self._args.diff and not self._args.write)
        if is_dry or outcome.exit is not Exit.PENDING:
            return outcome
        if self._args.smoke is None:
            return self._engine.write(outcome)
        if missing := self._interpreter.missing(outcome.path):
            message = "nothing is changed: the trial run needs stablepool"
            return outcome.failed(Exit.VERIFICATION, message, missing)
        trial = Trial(self._args.smoke, self._args.smoke_timeout, self._args.python)
        return self._engine.try_out(self._engine.write(outcome), trial)

    def _report(self, outcome: Outcome) -> None:
        """Say what became of a script; a patched one is never passed over, wherever standard output goes."""
        self._tally.add(outcome)
        try:
            if self._json is not None:
                self._json.outcome(outcome)
            else:
                if self._args.diff:
                    self._console.diff(outcome)
                self._console.outcome(outcome)
        except OutputClosedError:
            if outcome.backup is not None and sys.stderr is not None:
                lines = [f"{outcome.path}: {outcome.message}", *self._console.undo_lines(outcome.backup)]
                sys.stderr.write("".join(f"{line}\n" for line in lines))
            raise
        if outcome.is_patched:
            self._tally.note(self._interpreter.missing(outcome.path))

    def _end(self, paths: list[Path]) -> None:
        """Say what concerns all scripts."""
        signal = str(Interrupted(self._signals.received)) if self._signals.received else ""
        if self._tally.is_patched and not self._tally.notes and self._console.verbosity >= 0:
            self._tally.note(f"{self._args.python} can import stablepool")
        if self._json is not None:
            self._json.close(self._tally, signal)
            return
        if not paths:
            self._console.line(f"no Python files below {', '.join(map(str, self._args.targets))}")
        self._console.total(self._tally, signal)
