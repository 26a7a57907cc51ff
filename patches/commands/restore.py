"""Putting scripts back, showing what that would change, and deleting old backups."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator
from pathlib import Path

from ..fixes.model import Options
from ..report.console import Console, restore_command
from ..report.diffs import text_diff
from ..run.backups import BackupError
from ..run.engine import Engine
from ..run.outcome import Exit, Outcome, reason
from ..run.signals import Signals
from ..run.stores import DEFAULT_BACKUPS, find_store

__all__ = ["prune", "restore"]

_ID = re.compile(r"\d{8}T\d{6}Z-[0-9a-f]{8}(-\d+)?")


def restore(args: argparse.Namespace, console: Console, signals: Signals) -> int:
    """Put back what the command line names.

    Args:
        args: The command line.
        console: Where to report.
        signals: May end the run between two scripts.

    Returns:
        The exit code of the worst outcome; with `--diff`, 1 where anything would change.
    """
    wanted, path = _what_to_restore(args)
    try:
        root = find_store(args.backup_dir, wanted, path)
        engine = Engine(root, Options(), signals=signals)
        if args.diff:
            return _preview(engine, console, wanted, path)
    except BackupError as error:
        console.line(f"{error}\n  hint: {error.hint}")
        return Exit.IO
    except OSError as error:
        console.line(reason(error))
        return Exit.IO
    console.undo = restore_command(root)
    code = int(Exit.OK)
    for outcome in _outcomes(engine, wanted, path, force=args.force):
        console.outcome(outcome)
        code = max(code, outcome.exit)
        signals.check()
    return code


def _outcomes(engine: Engine, wanted: str, path: Path | None, *, force: bool) -> Iterator[Outcome]:
    if path is not None and path.is_dir():
        yield from engine.restore_below(path, force=force)
    else:
        yield engine.restore(wanted, path, force=force)


def _what_to_restore(args: argparse.Namespace) -> tuple[str, Path | None]:
    """A backup's id and a script or folder; `--restore SCRIPT` means the latest backup of that script."""
    named = Path(args.restore)
    if args.targets:
        return args.restore, args.targets[0]
    if args.restore == "latest" or _ID.fullmatch(args.restore):
        return args.restore, None
    is_path = named.suffix == ".py" or named.exists() or len(named.parts) > 1
    return ("latest", named) if is_path else (args.restore, None)


def _preview(engine: Engine, console: Console, wanted: str, path: Path | None) -> int:
    """Show what a restore would change; exit code 1 where that is anything."""
    scripts = engine.scripts_below(path) if path is not None and path.is_dir() else [path]
    code = Exit.OK
    for script in scripts:
        lines = list(text_diff(*engine.preview_restore(wanted, script)))
        console.diff_text(lines)
        code = Exit.PENDING if lines else code
    return code


def prune(args: argparse.Namespace, console: Console, signals: Signals) -> int:
    """Delete all backups but the latest.

    Args:
        args: The command line.
        console: Where to report.
        signals: May end the wait for another run.

    Returns:
        The exit code.
    """
    root = args.backup_dir or DEFAULT_BACKUPS
    engine = Engine(root, Options(), signals=signals)
    try:
        gone = engine.prune(args.keep)
    except OSError as error:
        console.line(f"{root}: {reason(error)}")
        return Exit.IO
    for name in gone:
        console.line(f"deleted {name}")
    console.line(f"{len(gone)} deleted, {len(list(engine.store))} kept")
    for name, why in engine.store.damaged():
        console.line(f"{name} is left alone: {why}")
    return Exit.OK
