"""The files around a script: those that its imports name, and those that import it."""

from __future__ import annotations

import os
import re
import stat
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import cached_property
from pathlib import Path

from ..analysis.script import Script
from ..syntax.source import Source, UnreadableError, read_source

__all__ = ["MARKERS", "Around", "Project"]

MARKERS = re.compile(rb"AsyncVectorEnv|StableProcessPoolEnv|SubprocVec|make_vec|vector\.make|[\"'}]VectorEnv")
"""What a file must hold to make environments that the tool knows: anything else is not even parsed."""

_IMPORTS = re.compile(rb"(?m)(?:^|[:;])[ \t]*(?:from|import)\b((?:\([^)]*\)|\\\r?\n|[^\n(\\])*)")
_OLD_INFOS = re.compile(rb"[\"']_?final_(?:info|observation)[\"']")
_WORD = re.compile(rb"\w+")
_MOST_BYTES = 2_000_000
_MOST_SIBLINGS = 200
_MOST_FILES = 400
_ROOT_MARKS = (".git", "pyproject.toml", "setup.py")
_FOREIGN = frozenset({"site-packages", "node_modules", "build", "dist"})
_MOST_KEPT = 50
"""Syntax trees that are kept from one script to the next: memory stays flat over a long list."""


class Project:
    """Reads the files around scripts, and remembers them for one run.

    Args:
        targets: The files that are patched together.
    """

    def __init__(self, targets: Iterable[Path]) -> None:
        self._targets = {_real(target) for target in targets}
        self._scripts: dict[Path, Script | None] = {}
        self._old: list[tuple[str, int]] | None = None

    def around(self, path: Path) -> Around:
        """One script and the files around it.

        Args:
            path: Where the script lies.
        """
        if len(self._scripts) > _MOST_KEPT:
            self._scripts.clear()
        return Around(self, path)

    def is_target(self, path: Path) -> bool:
        """True for a file that is patched in this run, and may be written."""
        real = _real(path)
        return real in self._targets and bool(real.stat().st_mode & 0o222)

    def is_linked(self, path: Path, data: bytes) -> bool:
        """True where environments may come into a file that does not make any itself, from a file of this run."""
        if len(self._targets) < 2:
            return False
        makers, _, given = self._index
        return bool(_imported_words(data) & makers) or _module_name(path) in given

    def readers_of_old_infos(self, path: Path) -> list[tuple[str, int]]:
        """Files of this run, or of the project around a script, that look up infos as before Gymnasium 1.0."""
        if self._old is None:
            known = sorted(self._targets) if len(self._targets) > 1 else _project_files(path)
            self._old = [(str(other), line) for other in known if (line := _line_of_old_infos(other))]
        return [reader for reader in self._old if reader[0] != str(_real(path))]

    def importers(self, path: Path) -> list[Path]:
        """Files that import a file, by way of a package perhaps: of this run, and of its folder."""
        found = self._index[1].get(_module_name(path), {})
        return [other for other in found if other != _real(path)]

    @cached_property
    def _index(self) -> tuple[set[bytes], dict[bytes, dict[Path, None]], set[bytes]]:
        """Modules that make environments, all files by the words that they import, and the words of the former."""
        makers: set[bytes] = set()
        given: set[bytes] = set()
        imported: dict[bytes, dict[Path, None]] = defaultdict(dict)
        packages: dict[bytes, set[bytes]] = {}
        for path in self._known():
            data = _bytes(path)
            words = _imported_words(data)
            for word in words:
                imported[word][path] = None
            if MARKERS.search(data):
                makers.add(_module_name(path))
                given |= words
            elif path.stem == "__init__":
                packages[_module_name(path)] = words
        for name, words in [
            *packages.items(),
            *reversed(packages.items()),
        ]:  # a package hands names on, both ways
            makers |= {name} if words & makers else set()
            given |= words if name in given else set()
            for word in words:
                imported[word] |= imported.get(name, {})
        return makers, imported, given

    def _known(self) -> Iterator[Path]:
        folders = {target.parent for target in self._targets}
        siblings = (
            path for folder in sorted(folders) for path in sorted(folder.glob("*.py"))[:_MOST_SIBLINGS]
        )
        yield from dict.fromkeys([*sorted(self._targets), *siblings])

    def read(self, path: Path) -> Script | None:
        """A file as a script; None where it cannot be read as one."""
        path = _real(path)
        if path not in self._scripts:
            self._scripts[path] = (
                None  # a file that imports itself, through others perhaps, is not read twice
            )
            data = _bytes(path)
            try:
                source = read_source(data) if data else None
            except (UnreadableError, RecursionError):
                source = None
            self._scripts[path] = (
                Script(source, Around(self, path), str(path)) if source is not None else None
            )
        return self._scripts[path]

    def remember(self, path: Path, script: Script) -> None:
        """Keep a script that is being looked at: whoever imports it means this one."""
        self._scripts[_real(path)] = script

    @contextmanager
    def unchanged(self, path: Path) -> Iterator[None]:
        """Look at new versions of a script, and go on with the old one: other files are patched by what that says."""
        old = self._scripts.get(_real(path))
        try:
            yield
        finally:
            self._scripts[_real(path)] = old


class Around:
    """The files around one script, as fixes see them.

    Args:
        project: Reads them.
        path: Where the script lies.
    """

    def __init__(self, project: Project, path: Path) -> None:
        self._project, self._path = project, path
        self._paths: dict[tuple[str, int], Path | None] = {}

    def script(self, source: Source) -> Script:
        """The script itself, with the files around it."""
        script = Script(source, self, str(self._path))
        self._project.remember(self._path, script)
        return script

    def unchanged(self) -> AbstractContextManager[None]:
        """While a new version of the script is looked at, for no other file to see."""
        return self._project.unchanged(self._path)

    def concerns(self, data: bytes) -> bool:
        """True where the script may have to do with environments, its own or those of another file of this run."""
        return bool(MARKERS.search(data)) or self._project.is_linked(self._path, data)

    def imported(self, script: Script, origin: str) -> tuple[Script, str] | None:
        """The file that an imported name comes from, and its name there; None for a file that is not known."""
        level = len(origin) - len(origin.lstrip("."))
        module, _, name = origin.lstrip(".").rpartition(".")
        path = self._module(module, level)
        found = self._project.read(path) if path is not None else None
        return (found, name) if found is not None and found is not script else None

    def _module(self, module: str, level: int) -> Path | None:
        """The file of a module, looked for once."""
        if (module, level) not in self._paths:
            self._paths[module, level] = next(_files(self._path, module, level), None)
        return self._paths[module, level]

    def importers(self, script: Script) -> list[Script]:
        """Files that import the script."""
        found = (self._project.read(path) for path in self._project.importers(Path(script.name)))
        return [other for other in found if other is not None and other is not script]

    def readers_of_old_infos(self, script: Script) -> list[tuple[str, int]]:
        """Other files of the project, and their lines, that look up `final_info` or `final_observation`."""
        return self._project.readers_of_old_infos(Path(script.name))

    def is_patched_too(self, script: Script) -> bool:
        """True for a file that is patched in the same run, and knows where its environments come from."""
        path = Path(script.name)
        known = self._project.read(path) if self._project.is_target(path) else None
        return known is not None and known.is_connected


def _bytes(path: Path) -> bytes:
    """A file's bytes; none for one that cannot be read, or is too large to be a training script."""
    try:
        known = path.stat()
        return path.read_bytes() if stat.S_ISREG(known.st_mode) and known.st_size <= _MOST_BYTES else b""
    except OSError:
        return b""


def _imported_words(data: bytes) -> set[bytes]:
    """The words of a file's imports."""
    return {word for line in _IMPORTS.findall(data) for word in _WORD.findall(line)}


def _line_of_old_infos(path: Path) -> int:
    """The line of a file that looks up infos as before Gymnasium 1.0; 0 where none does."""
    data = _bytes(path)
    match = _OLD_INFOS.search(data)
    return data.count(b"\n", 0, match.start()) + 1 if match is not None else 0


def _project_files(path: Path) -> list[Path]:
    """Python files of the project that a script belongs to; without a mark of one, those of its folder."""
    folder = _real(path).parent
    root = next(
        (f for f in (folder, *folder.parents[:4]) if any((f / mark).exists() for mark in _ROOT_MARKS)), None
    )
    if root is None:
        return sorted(folder.glob("*.py"))[:_MOST_SIBLINGS]
    found: list[Path] = []
    for here, folders, files in os.walk(root):
        folders[:] = [name for name in sorted(folders) if not name.startswith(".") and name not in _FOREIGN]
        found += [Path(here, name) for name in sorted(files) if name.endswith(".py")]
        if len(found) >= _MOST_FILES:
            break
    return found[:_MOST_FILES]


def _real(path: Path) -> Path:
    """Where a path leads; unlike `Path.resolve`, a symbolic link that leads back to itself is taken as it is."""
    return Path(os.path.realpath(path))


def _module_name(path: Path) -> bytes:
    """The last part of the name that other files import a file by."""
    return os.fsencode(_real(path).parent.name if path.stem == "__init__" else path.stem)


def _files(path: Path, module: str, level: int) -> Iterator[Path]:
    """Files that a module's name may stand for, seen from a script."""
    for folder in _roots(path, level):
        base = folder.joinpath(*module.split(".")) if module else folder
        for candidate in (base.with_suffix(".py"), base / "__init__.py"):
            if candidate.is_file():
                yield candidate


def _roots(path: Path, level: int) -> Iterator[Path]:
    """Folders that a module's name may begin in: the script's own, its packages', and the one above."""
    folder = _real(path).parent
    if level:
        yield folder.joinpath(*[".."] * (level - 1))
        return
    yield folder
    while (folder / "__init__.py").is_file():
        folder = folder.parent
        yield folder
    yield folder.parent
