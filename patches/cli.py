"""The command line: without arguments it patches src/Train.py and says what it changed and how to undo it."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from .commands.arguments import make_parser, options_of
from .commands.patch import patch
from .fixes.registry import fixes
from .report.console import Console
from .report.stream import OutputClosedError, settle_output, standard_output
from .run.backups import Store
from .run.files import Disk
from .run.outcome import Exit
from .run.signals import Interrupted, Signals
from .run.stores import DEFAULT_BACKUPS

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        arguments: What follows the program's name; None reads `sys.argv`.

    Returns:
        The exit code: one of `Exit`, or 128 and the number of the signal that ended the run.
    """
    signals = Signals()
    code = int(Exit.OK)
    with signals.handled():
        try:
            code = _run(list(sys.argv[1:] if arguments is None else arguments), signals)
        except (OutputClosedError, Interrupted):
            pass  # whatever was changed has been told; the signal decides the exit code below
        finally:
            settle_output()
    return code if signals.received is None else 128 + signals.received


def _run(words: list[str], signals: Signals) -> int:
    parser = make_parser()
    args = parser.parse_args(words)
    options = options_of(parser, args)
    console = Console(standard_output(), args.verbose - args.quiet)
    if args.list_fixes:
        console.fixes(fixes())
    elif args.explain:
        console.explain(next(fix for fix in fixes() if fix.name == args.explain))
    elif args.list_backups:
        console.backups(Store(args.backup_dir or DEFAULT_BACKUPS, Disk()))
    elif args.prune:
        from .commands.restore import prune

        return prune(args, console, signals)
    elif args.restore is not None:
        from .commands.restore import restore

        return restore(args, console, signals)
    else:
        return patch(args, options, words, console, signals)
    return Exit.OK
