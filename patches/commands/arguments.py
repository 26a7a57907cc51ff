"""What may stand on the command line."""

from __future__ import annotations

import argparse
import ast
import math
import sys
from collections.abc import Sequence
from pathlib import Path

from ..fixes.model import PRESETS, Options
from ..fixes.registry import NAMES, ORDER

__all__ = ["make_parser", "options_of", "program"]


def program() -> str:
    """The program's name, as the user would type it."""
    name = Path(sys.argv[0]).name
    if name == "__main__.py":
        return f"python -m {__package__.partition('.')[0]}"
    return name if name.startswith(("patch", "stable")) else "patch_train_stable.py"


def _count(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number, 0 or more")
    return int(text)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 < seconds < 1e9:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds above 0")
    return seconds


def _target(text: str) -> Path:
    """A path; an empty one, as an unset shell variable leaves it, would be the whole working folder."""
    if not text:
        raise argparse.ArgumentTypeError("the name of a script is empty")
    return Path(text)


def options_of(parser: argparse.ArgumentParser, args: argparse.Namespace) -> Options:
    """What the fixes are to do; an unknown fix or parameter ends the program with a usage error."""
    only = _names(parser, args.only) or NAMES
    selected = only - _names(parser, args.skip)
    values = tuple(_value(parser, text) for text in args.set)
    return Options(preset=args.preset, values=values, selected=frozenset(selected))


def _names(parser: argparse.ArgumentParser, groups: Sequence[str]) -> frozenset[str]:
    names = frozenset(name for group in groups for name in group.replace(",", " ").split())
    unknown = sorted(names - NAMES)
    if unknown:
        parser.error(f"there is no fix {unknown[0]!r}; choose from: {', '.join(ORDER)}")
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


def make_parser() -> argparse.ArgumentParser:
    """The parser of the command line."""
    parser = argparse.ArgumentParser(
        prog=program(),
        description="Upgrade a training script so that one hung environment cannot stop it.",
        epilog="exit codes: 0 applied or nothing to do; 1 changes pending (--check, --diff); 2 usage; 3 refused, "
        "nothing written; 4 not readable as Python; 5 verification or trial run failed, rolled back; 6 disk, lock or "
        "backup; 130, 143, 129 ended by Ctrl-C, SIGTERM, SIGHUP",
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
    add("--smoke-timeout", type=_seconds, default=120.0, metavar="S", help="seconds for the trial run (120)")
    add(
        "--python",
        default=sys.executable,
        metavar="PATH",
        help="the interpreter that will run the script: it is asked for stablepool, and makes the trial run",
    )
    add("--list-fixes", action="store_true", help="list the fixes")
    add(
        "--explain",
        choices=ORDER,
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
        type=_target,
        metavar="FOLDER",
        help="where backups are (backups; --restore also looks above the script and beside the tool)",
    )
    add("--list-backups", action="store_true", help="list the backups")
    add(
        "--restore",
        nargs="?",
        const="latest",
        metavar="WHAT",
        help="put originals back: of a backup's ID, of a SCRIPT, of all below a FOLDER (the latest backup)",
    )
    add("--prune", action="store_true", help="delete all backups but the latest --keep")
    add("--keep", type=_count, default=10, metavar="N", help="with --prune: how many to keep (10)")
    add(
        "--force",
        action="store_true",
        help="with --restore: even over later edits, which are backed up first, and outside the store's folder",
    )
