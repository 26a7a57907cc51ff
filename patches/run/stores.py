"""Where backups may be: in the working folder, above a script, beside the tool."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from .backups import BackupError, Store
from .files import Disk

__all__ = ["DEFAULT_BACKUPS", "find_store"]

DEFAULT_BACKUPS = Path("backups")


def find_store(chosen: Path | None, wanted: str, path: Path | None) -> Path:
    """The folder of the store that has a backup.

    Args:
        chosen: The folder that the user names; then no other is looked at.
        wanted: A backup's id, or "latest".
        path: A script, or a folder of scripts; None for any.

    Raises:
        BackupError: If none has it; the message says where it was looked for.
    """
    roots = [chosen] if chosen is not None else list(dict.fromkeys(_candidates(path)))
    errors = []
    for root in roots:
        store = Store(root, Disk())
        try:
            if path is not None and path.is_dir():
                if any(backup.path.is_relative_to(path.absolute()) for backup in store):
                    return root
            else:
                store.find(wanted, path.absolute() if path else None)
                return root
        except BackupError as error:
            errors.append(error)
    telling = [error for error in errors if not str(error).startswith("there is no backup")]
    if telling:
        raise telling[0]
    what = "" if wanted == "latest" else f" {wanted}"
    of = f" of {path.absolute()}" if path is not None else ""
    places = ", ".join(str(root.absolute()) for root in roots)
    hint = "name the folder with --backup-dir; --list-backups lists what is in it"
    raise BackupError(f"there is no backup{what}{of}; looked in {places}", hint)


def _candidates(path: Path | None) -> Iterator[Path]:
    """The default first, by its relative name; others only where they are."""
    yield DEFAULT_BACKUPS
    here = Path.cwd()
    start = here / "x" if path is None else path.absolute() / "x" if path.is_dir() else path.absolute()
    tool = Path(sys.argv[0]).absolute().parent
    for folder in (*start.parents, tool):
        root = folder / DEFAULT_BACKUPS
        if folder != here and root.is_dir():
            yield root
