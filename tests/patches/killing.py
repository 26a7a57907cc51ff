"""Runs a patch or a restore again and again in forked children, each killed at another disk call.

usage: python killing.py FOLDER patch|restore

Prints one line of JSON per child: which call it was killed at, or -1 for the one that ran through.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from patches.fixes.model import Options
from patches.fixes.registry import NAMES
from patches.rewrite import render  # noqa: F401 - imported before the forks, which saves time
from patches.run import verify  # noqa: F401 - as above
from patches.run.engine import Engine
from patches.run.files import Disk


class KillingDisk(Disk):
    """Dies by SIGKILL at the n-th call; a file that is being created is left half written."""

    def __init__(self, fatal: int) -> None:
        self.left = fatal

    def _tick(self) -> None:
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        self.left -= 1

    def make_folder(self, path: Path) -> None:
        self._tick()
        super().make_folder(path)

    def create(self, path: Path, data: bytes, mode: int) -> None:
        if self.left == 0:
            path.write_bytes(data[: len(data) // 2])
        self._tick()
        super().create(path, data, mode)

    def append(self, path: Path, data: bytes) -> None:
        if self.left == 0:
            with path.open("ab") as file:
                file.write(data[: len(data) // 2])
        self._tick()
        super().append(path, data)

    def rename(self, source: Path, target: Path) -> None:
        self._tick()
        super().rename(source, target)

    def sync_folder(self, path: Path) -> None:
        self._tick()
        super().sync_folder(path)

    def remove(self, path: Path) -> None:
        self._tick()
        super().remove(path)

    def remove_folder(self, path: Path) -> None:
        self._tick()
        super().remove_folder(path)


def run(folder: Path, action: str, fatal: int) -> None:
    """What one child does."""
    backups, options = folder / "backups", Options(selected=NAMES)
    if action == "restore":
        Engine(backups, options).patch(folder / "train.py")
    engine = Engine(backups, options, disk=KillingDisk(fatal))
    if action == "patch":
        engine.patch(folder / "train.py")
    else:
        engine.restore("latest")


def main() -> None:
    root, action = Path(sys.argv[1]), sys.argv[2]
    for fatal in range(100):
        folder = root / str(fatal)
        shutil.copytree(root / "start", folder)
        child = os.fork()
        if child == 0:
            run(folder, action, fatal)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        killed = os.WIFSIGNALED(status)
        print(json.dumps({"folder": str(folder), "call": fatal if killed else -1}), flush=True)
        if not killed:
            return


if __name__ == "__main__":
    main()
