"""Which scripts a command line means: files as named, and what lies in folders."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

__all__ = ["scripts_below"]

_NOT_OURS = frozenset({"site-packages", "node_modules", "__pycache__"})


def scripts_below(targets: Sequence[Path], report: Callable[[str], None]) -> list[Path]:
    """Files as named; folders stand for every Python file in them.

    Hidden folders, virtual environments and installed packages are passed over: they are other people's.

    Args:
        targets: Files and folders.
        report: Told of every folder that cannot be looked into.

    Returns:
        Each file once, in the order of the targets, those of a folder by name.
    """
    found: list[Path] = []
    for target in targets:
        found += sorted(_below(target, report)) if target.is_dir() else [target]
    return list(dict.fromkeys(found))


def _below(root: Path, report: Callable[[str], None]) -> Iterator[Path]:
    def skipped(error: OSError) -> None:
        report(f"{error.filename}: not looked into: {error.strerror}")

    for folder, folders, files in os.walk(root, onerror=skipped):
        here = Path(folder)
        folders[:] = [name for name in folders if not _is_foreign(here / name)]
        for name in files:
            path = here / name
            if name.endswith(".py") and not name.startswith(".") and path.is_file():
                yield path


def _is_foreign(folder: Path) -> bool:
    is_environment = (folder / "pyvenv.cfg").exists()
    return folder.name.startswith(".") or folder.name in _NOT_OURS or is_environment
