"""Virtual environments of their own, and commands that see no module of the checkout."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CONSTRAINTS = ROOT / "constraints.txt"
STEPPING = """\
import gymnasium as gym
from gymnasium.vector import AsyncVectorEnv


def main():
    envs = AsyncVectorEnv([lambda: gym.make("CartPole-v1") for _ in range(2)])
    envs.reset(seed=1)
    for _ in range(20):
        observations, rewards, terminated, truncated, infos = envs.step(envs.action_space.sample())
    print(type(envs).__name__, observations.shape)
    envs.close()


if __name__ == "__main__":
    main()
"""
"""A script of a user who has nothing of this repository but what pip installed."""


def run(
    *command: object, cwd: Path, timeout_s: float = 600, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run a command that sees no module of the checkout."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    return subprocess.run(
        list(map(str, command)),
        cwd=cwd,
        env=clean | variables,
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )


def run_well(*command: object, cwd: Path, timeout_s: float = 600, **variables: str) -> str:
    """Run a command that must end with 0, and return its output."""
    done = run(*command, cwd=cwd, timeout_s=timeout_s, **variables)
    assert done.returncode == 0, f"{command}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
    return done.stdout


@dataclass(frozen=True)
class Venv:
    """A virtual environment with pinned versions."""

    folder: Path

    @classmethod
    def make(cls, folder: Path, *requirements: object, python: Path | str = sys.executable) -> Venv:
        run_well(python, "-m", "venv", folder, cwd=folder.parent)
        venv = cls(folder)
        venv.install(*requirements)
        return venv

    def install(self, *requirements: object) -> None:
        """Let pip install requirements in the versions of constraints.txt."""
        pip = (self.program("python"), "-m", "pip", "install", "--quiet", "--constraint", CONSTRAINTS)
        run_well(*pip, *requirements, cwd=self.folder)

    def program(self, name: str) -> Path:
        return self.folder / "bin" / name

    def python(self, code: str, cwd: Path) -> subprocess.CompletedProcess[str]:
        return run(self.program("python"), "-c", code, cwd=cwd)

    @property
    def megabytes(self) -> float:
        return sum(file.lstat().st_size for file in self.folder.rglob("*") if not file.is_dir()) / 1e6


def commit(folder: Path) -> str:
    """Make a folder a git repository with one commit, and return that."""
    who = ("-c", "user.name=tests", "-c", "user.email=tests@localhost")
    run_well("git", "init", "--quiet", cwd=folder)
    run_well("git", "add", "--all", cwd=folder)
    run_well("git", *who, "commit", "--quiet", "--message", "All", cwd=folder)
    return run_well("git", "rev-parse", "HEAD", cwd=folder).strip()
