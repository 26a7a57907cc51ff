"""What the scripts' tests share: small tiles, the legacy script, and a watch over what a run leaves behind."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType

import psutil
import pytest

from fuelbreak.rasters import write_landscape
from fuelbreak.synthetic import generate_landscape

SIZE = 24


@pytest.fixture(scope="session")
def script(root: Path) -> ModuleType:
    """The reference script as a module."""
    spec = importlib.util.spec_from_file_location("Train_stable", root / "src" / "Train_stable.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["Train_stable"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def tiles(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five small landscapes, each with more burnable cells than the largest budget."""
    folder = tmp_path_factory.mktemp("tiles")
    seeds = iter(range(1000))
    for index in range(5):
        landscape = next(
            each for seed in seeds if (each := generate_landscape(seed, SIZE)).burnable.sum() > 300
        )
        write_landscape(landscape, folder, index)
    return folder


def processes_with(token: str) -> list[psutil.Process]:
    """Running processes that have, or inherited, a token in their environment."""
    found = []
    for process in psutil.process_iter():
        try:
            is_ours = process.environ().get("WATCH_TOKEN") == token
            if is_ours and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return found


@dataclass
class Watch:
    """Starts processes that can be recognised, with all their descendants, by a token in their environment."""

    folder: Path
    sabotage: str = "[]"
    token: str = field(default_factory=lambda: uuid.uuid4().hex)

    @property
    def environment(self) -> dict[str, str]:
        saboteur = Path(__file__).parent / "saboteur"
        extra = {"SABOTAGE": self.sabotage, "SABOTAGE_DIR": str(self.folder), "WATCH_TOKEN": self.token}
        return (
            os.environ
            | extra
            | {"PYTHONPATH": str(saboteur), "PYTHONUNBUFFERED": "1", "OMP_NUM_THREADS": "1"}
        )

    def start(self, *command: object) -> subprocess.Popen[str]:
        log = (self.folder / "log").open("w")
        with log:
            return subprocess.Popen(
                [sys.executable, *map(str, command)],
                cwd=self.folder,
                env=self.environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                text=True,
            )

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text()

    def alive(self) -> list[psutil.Process]:
        return processes_with(self.token)

    def end(self) -> None:
        for process in self.alive():
            process.kill()


@pytest.fixture
def watch(tmp_path: Path) -> Iterator[Watch]:
    """A watch whose processes are ended with the test, however it ends."""
    watch = Watch(tmp_path)
    yield watch
    watch.end()
