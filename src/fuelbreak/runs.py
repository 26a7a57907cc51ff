"""A run's folder: everything that watches a run reads these files.

    runs/<UTC>-<name>/
      config.json          arguments, versions, landscapes, seeds
      metrics.jsonl        one line an episode or round: charts/*, losses/*, pool/*, time/*
      events.out.tfevents.*  the same for TensorBoard
      checkpoints/         the newest two, latest.pt and best.pt
      pictures/            maps of landscapes with breaks, a fire, the learning curve
      summary.json         how the agent did, by weather and budget
      evaluation.csv       the same, one row a landscape and plan
      evaluation.md        the same as tables
      CARD.md              the same for people, with pictures

`runs/latest` is a link to the newest one.
"""

from __future__ import annotations

import json
import math
import os
import pickle
import platform
import subprocess
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import torch

from fuelbreak.atomic import replacing, write_atomically
from fuelbreak.errors import CheckpointError
from fuelbreak.landscape import Landscape
from fuelbreak.run_log import RunLog

__all__ = ["RunFolder", "load_checkpoint", "write_checkpoint"]

_KEPT_CHECKPOINTS = 2
# What torch.load raises for files of another kind, for cut ones and for empty ones.
_UNREADABLE = (pickle.UnpicklingError, RuntimeError, EOFError, KeyError, ValueError)
_REPORTED_PACKAGES = ("stable-train", "torch", "numpy", "gymnasium", "numba", "rasterio")


class RunFolder:
    """Writes one run's folder; `create` makes a new one, `reopen` goes on with an old one.

    Attributes:
        path: The folder.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.checkpoints = path / "checkpoints"
        self.pictures = path / "pictures"
        for folder in (self.checkpoints, self.pictures):
            folder.mkdir(parents=True, exist_ok=True)
        self._log = RunLog(path)

    @classmethod
    def create(
        cls,
        name: str,
        config: Mapping[str, Any],
        *,
        landscapes: Sequence[Landscape] = (),
        root: Path | str = "runs",
    ) -> Self:
        """Make ``root/<UTC>-<name>/`` with a ``config.json``; a number is added where the folder exists."""
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
        path = _new_folder(Path(root), f"{stamp}-{name}")
        facts = {
            "name": name,
            "created_utc": stamp,
            "command": [Path(sys.argv[0]).name, *sys.argv[1:]],
            "config": dict(config),
            "landscapes": [landscape.name for landscape in landscapes],
            "versions": {"python": platform.python_version()} | {p: version(p) for p in _REPORTED_PACKAGES},
            "git_revision": _git_revision(),
            "cpu_count": os.cpu_count(),
        }
        write_atomically(path / "config.json", json.dumps(facts, indent=2, default=str).encode())
        _point_latest_at(path)
        return cls(path)

    @classmethod
    def reopen(cls, path: Path | str) -> Self:
        """Go on with an existing run's folder.

        Raises:
            FileNotFoundError: It holds no ``config.json``.
        """
        path = Path(path)
        if not (path / "config.json").is_file():
            raise FileNotFoundError(f"{path} is no run folder: it has no config.json")
        return cls(path)

    def log(self, episode: int, values: Mapping[str, float], step: int | None = None) -> None:
        """Append one episode's values, as `RunLog.scalars` does."""
        self._log.scalars(episode, values, step)

    def log_picture(self, tag: str, pixels: npt.NDArray[np.uint8], step: int) -> None:
        """Add a picture to TensorBoard, as `RunLog.picture` does."""
        self._log.picture(tag, pixels, step)

    def save_checkpoint(
        self, episode: int, network: torch.nn.Module, *, score: float | None = None, **extra: Any
    ) -> Path:
        """Write a checkpoint: the network's weights and whatever else is given.

        The newest two are kept, ``latest.pt`` is the newest of them, and ``best.pt`` the one with the highest score.

        Args:
            episode: The last one that is complete; -1 where none is.
            network: What has learned.
            score: How good it is, by any measure that stays the same through the run; None = not known.
            extra: Tensors and plain values.

        Returns:
            The checkpoint's path. Older ones stay untouched until it is wholly on disk.

        Raises:
            OSError: It could not be written; the older ones are as they were.
        """
        state = {"episode": episode, "network": network.state_dict(), "score": score, **extra}
        path = self.checkpoints / f"episode_{episode + 1:06d}.pt"
        write_checkpoint(path, state)
        _link(path, self.checkpoints / "latest.pt")
        if score is not None and score > self._best_score():
            best = json.dumps({"episode": episode, "score": score})
            write_atomically(self.checkpoints / "best.json", best.encode())
            _link(path, self.checkpoints / "best.pt")
        for old in sorted(self.checkpoints.glob("episode_*.pt"))[:-_KEPT_CHECKPOINTS]:
            old.unlink()
        return path

    def _best_score(self) -> float:
        noted = self.checkpoints / "best.json"
        return float(json.loads(noted.read_bytes())["score"]) if noted.is_file() else -math.inf

    def close(self) -> None:
        """Flush and close what is open; may be called twice."""
        self._log.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def write_checkpoint(path: Path, state: Mapping[str, Any]) -> None:
    """Save tensors and plain values so that `load_checkpoint` can read them, atomically.

    Raises:
        OSError: It could not be written; what stood there stands there still.
    """
    with replacing(path) as file:
        try:
            torch.save(dict(state), file)
        except RuntimeError as error:
            # Where a disk is full, torch ends with an error of its own that says nothing about disks.
            if isinstance(error.__context__, OSError):
                raise error.__context__ from None
            raise


def load_checkpoint(path: Path | str, device: torch.device | str = "cpu") -> dict[str, Any]:
    """Read a checkpoint, or the latest of a run's folder, without running code that it might carry.

    Raises:
        FileNotFoundError: There is none.
        CheckpointError: The file is something else, or damaged.
    """
    path = Path(path)
    file = path / "checkpoints" / "latest.pt" if path.is_dir() else path
    if not file.is_file():
        raise FileNotFoundError(f"no checkpoint at {file}; give a run's folder or a .pt file")
    try:
        state = torch.load(file, map_location=device, weights_only=True)
    except _UNREADABLE as error:
        raise CheckpointError(
            f"{file} is another kind of file, damaged, or carries code, which is never run; "
            "give a run's folder or one of its checkpoints"
        ) from error
    if not isinstance(state, dict):
        raise CheckpointError(f"{file} holds a {type(state).__name__} and no checkpoint of this program")
    return state


def _link(path: Path, name: Path) -> None:
    """Give a checkpoint a second name; it costs no space and outlives the first."""
    temporary = name.with_suffix(".tmp")
    temporary.unlink(missing_ok=True)
    temporary.hardlink_to(path)
    temporary.replace(name)


def _new_folder(root: Path, name: str) -> Path:
    for attempt in range(1, 1000):
        path = root / (name if attempt == 1 else f"{name}-{attempt}")
        try:
            path.mkdir(parents=True)
        except FileExistsError:
            continue
        return path
    raise FileExistsError(f"{root / name} and 998 numbered ones exist; clear {root} out")


def _point_latest_at(path: Path) -> None:
    link = path.parent / ".latest"
    link.unlink(missing_ok=True)
    link.symlink_to(path.name)
    link.replace(path.parent / "latest")


def _git_revision() -> str | None:
    try:
        done = subprocess.run(
            ["git", "rev-parse", "HEAD"], capture_output=True, text=True, timeout=5, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None
