"""The command line: without arguments it patches src/Train.py and says what it changed and how to undo it."""

from __future__ import annotations

import argparse
import ast
import sys
from collections.abc import Sequence
from pathlib import Path

from .fixes.model import PRESETS, Options
from .fixes.registry import FIXES, NAMES
from .report.console import Console, restore_command, text_diff, to_json
from .run.backups import BackupError, Store
from .run.engine import Engine
from .run.files import Disk
from .run.outcome import Exit, Outcome
from .run.targets import scripts_below

DEFAULT_TARGET = Path("src/Train.py")
DEFAULT_BACKUPS = Path("backups")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        arguments: What follows the program's name; None reads `sys.argv`.

    Returns:
        The exit code, one of `Exit`.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    parser = _parser()
    args = parser.parse_args(words)
    console = Console(sys.stdout, args.verbose - args.quiet)
    if args.list_fixes:
        console.fixes(FIXES)
        return Exit.OK
    if args.explain:
        console.explain(next(fix for fix in FIXES if fix.name == args.explain))
        return Exit.OK
    if args.list_backups:
        console.backups(Store(args.backup_dir, Disk()))
        return Exit.OK
    engine = Engine(args.backup_dir, _options(parser, args), words)
    if args.prune:
        return _prune(args, engine, console)
    if args.restore is not None:
        return _preview(args, engine, console) if args.diff else _restore(args, engine, console)
    return _patch(args, engine, console)


def _patch(args: argparse.Namespace, engine: Engine, console: Console) -> int:
    dry = args.check or (args.diff and not args.write)
    outcomes = []
    for path in scripts_below(args.targets or [DEFAULT_TARGET]):
        outcome = engine.examine(path, partial=args.partial)
        if args.diff and args.format == "text":
            console.diff(outcome)
        if not dry:
            outcome = engine.write(outcome)
        if not dry and args.smoke is not None:
            outcome = engine.try_out(outcome, args.smoke, args.smoke_timeout)
        outcomes.append(outcome)
        if args.format == "text":
            console.outcome(outcome, restore_command(args.backup_dir, DEFAULT_BACKUPS))
    if not outcomes:
        console.line(f"no Python files below {', '.join(map(str, args.targets))}")
    if args.format == "json":
        console.line(to_json(outcomes))
    return max((outcome.exit for outcome in outcomes), default=Exit.OK)


def _restore(args: argparse.Namespace, engine: Engine, console: Console) -> int:
    wanted, target = _what_to_restore(args)
    outcome: Outcome = engine.restore(wanted, target, force=args.force)
    console.outcome(outcome, restore_command(args.backup_dir, DEFAULT_BACKUPS))
    return outcome.exit


def _what_to_restore(args: argparse.Namespace) -> tuple[str, Path | None]:
    """A backup's id and a script; `--restore SCRIPT` means the latest backup of that script."""
    if not args.targets and args.restore != "latest" and Path(args.restore).suffix == ".py":
        return "latest", Path(args.restore)
    return args.restore, args.targets[0] if args.targets else None


def _preview(args: argparse.Namespace, engine: Engine, console: Console) -> int:
    """Show what a restore would change; exit code 1 where that is anything."""
    try:
        name, now, then = engine.preview_restore(*_what_to_restore(args))
    except BackupError as error:
        console.line(f"{error}\n  hint: {error.hint}")
        return Exit.IO
    lines = list(text_diff(name, now, then))
    console.diff_text(lines)
    return Exit.PENDING if lines else Exit.OK


def _prune(args: argparse.Namespace, engine: Engine, console: Console) -> int:
    try:
        gone = engine.prune(args.keep)
    except OSError as error:
        console.line(f"{args.backup_dir}: {error}")
        return Exit.IO
    for name in gone:
        console.line(f"deleted {name}")
    console.line(f"{len(gone)} deleted, {len(list(engine.store))} kept")
    return Exit.OK


def _count(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number, 0 or more")
    return int(text)


def _target(text: str) -> Path:
    """A path; an empty one, as an unset shell variable leaves it, would be the whole working folder."""
    if not text:
        raise argparse.ArgumentTypeError("the name of a script is empty")
    return Path(text)


def _options(parser: argparse.ArgumentParser, args: argparse.Namespace) -> Options:
    only = _names(parser, args.only) or NAMES
    selected = only - _names(parser, args.skip)
    values = tuple(_value(parser, text) for text in args.set)
    return Options(preset=args.preset, values=values, selected=frozenset(selected))


def _names(parser: argparse.ArgumentParser, groups: Sequence[str]) -> frozenset[str]:
    names = frozenset(name for group in groups for name in group.replace(",", " ").split())
    unknown = sorted(names - NAMES)
    if unknown:
        parser.error(f"there is no fix {unknown[0]!r}; choose from: {', '.join(fix.name for fix in FIXES)}")
    return names


def _value(parser: argparse.ArgumentParser, text: str) -> tuple[str, str]:
    name, _, value = text.partition("=")
    try:
        number = ast.literal_eval(value.strip())
    except (SyntaxError, ValueError):
        number = None
    known = Options().parameters
    if name.strip() not in known or type(number) is not int or number < 1:
        parser.error(
            f"--set takes NAME=VALUE, VALUE a positive whole number, NAME one of: {', '.join(known)}"
        )
    return name.strip(), value.strip()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="patch_train_stable.py",
        description="Upgrade a training script so that one hung environment cannot stop it.",
        epilog="exit codes: 0 applied or nothing to do; 1 changes pending (--check, --diff); 2 usage; 3 refused, "
        "nothing written; 4 not readable as Python; 5 verification failed, rolled back; 6 disk, lock or backup",
    )
    parser.add_argument(
        "targets", nargs="*", type=_target, metavar="SCRIPT", help="files or folders (src/Train.py)"
    )
    _add_run_arguments(parser)
    _add_backup_arguments(parser)
    return parser


def _add_run_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--diff", action="store_true", help="show the changes and write nothing")
    add("--check", action="store_true", help="write nothing; exit with 1 where changes are pending")
    add("--write", action="store_true", help="with --diff: show the changes and apply them as well")
    add("--only", action="append", default=[], metavar="FIX[,FIX]", help="run these fixes alone")
    add("--skip", action="append", default=[], metavar="FIX[,FIX]", help="leave these fixes out")
    add("--partial", action="store_true", help="where a fix refuses, apply the others")
    add("--preset", choices=PRESETS, default="balanced", help="which parameters (balanced)")
    add(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="one parameter, whatever the preset says",
    )
    add(
        "--smoke",
        type=_count,
        metavar="N",
        help="run the patched script for N vector steps; restore it if it fails",
    )
    add("--smoke-timeout", type=float, default=120.0, metavar="S", help="seconds for the trial run (120)")
    add("--list-fixes", action="store_true", help="list the fixes")
    add(
        "--explain",
        choices=[fix.name for fix in FIXES],
        metavar="FIX",
        help="describe a fix with its examples",
    )
    add("--format", choices=["text", "json"], default="text", help="how to report (text)")
    add("-q", "--quiet", action="count", default=0, help="only say what went wrong")
    add("-v", "--verbose", action="count", default=0, help="also say what was in order")


def _add_backup_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add(
        "--backup-dir",
        type=Path,
        default=DEFAULT_BACKUPS,
        metavar="FOLDER",
        help="where backups are (backups)",
    )
    add("--list-backups", action="store_true", help="list the backups")
    add(
        "--restore", nargs="?", const="latest", metavar="ID", help="put the original back (the latest backup)"
    )
    add("--prune", action="store_true", help="delete all backups but the latest --keep")
    add("--keep", type=_count, default=10, metavar="N", help="with --prune: how many to keep (10)")
    add(
        "--force",
        action="store_true",
        help="with --restore: even over later edits, which are backed up first",
    )
