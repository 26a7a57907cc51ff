"""Run Stable-Baselines3's own tests of vector environments against `StableSubprocVecEnv`.

usage: python tests/stablepool/peer_sb3.py [WORK_FOLDER] [pytest arguments]

Fetches the pinned source distribution and package into the folder (default: build/peer-sb3) with pip, puts our class
where the tests import theirs, and runs them: 33 pass, of which 16 construct it and the others its in-process sibling;
what needs a display or moviepy is skipped. Not part of the suite: it needs a package index and some minutes.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
from pathlib import Path

VERSION = "2.9.2"
THEIRS = "import DummyVecEnv, SubprocVecEnv, VecFrameStack"
OURS = "import DummyVecEnv, VecFrameStack"
SUBSTITUTE = "from stablepool.sb3 import StableSubprocVecEnv as SubprocVecEnv\n"


def fetch(folder: Path) -> Path:
    """Return their test file, after fetching package and sources where they are not there yet."""
    source = folder / f"stable_baselines3-{VERSION}"
    if not source.is_dir():
        pip = [sys.executable, "-m", "pip", "--quiet"]
        wanted = f"stable-baselines3=={VERSION}"
        subprocess.run(
            [*pip, "install", "--no-deps", "--target", folder / "site", wanted, "pandas"], check=True
        )
        subprocess.run(
            [
                *pip,
                "download",
                "--no-deps",
                "--no-binary",
                ":all:",
                "--no-build-isolation",
                "-d",
                folder,
                wanted,
            ],
            check=True,
        )
        with tarfile.open(next(folder.glob("stable_baselines3-*.tar.gz"))) as archive:
            archive.extractall(folder, filter="data")
    return source / "tests" / "test_vec_envs.py"


def substitute(tests: Path, folder: Path) -> Path:
    """Write their tests with our class in the place of theirs; fail where their import has changed."""
    text = tests.read_text(encoding="utf-8")
    if text.count(THEIRS) != 1:
        raise SystemExit(f"{tests} no longer imports as expected ({THEIRS!r}); mend the substitution")
    copy = folder / "test_substituted.py"
    copy.write_text(
        text.replace(THEIRS, OURS).replace("\ntry:\n", f"\n{SUBSTITUTE}\ntry:\n", 1), encoding="utf-8"
    )
    return copy


def main(arguments: list[str]) -> int:
    """Fetch, substitute, run."""
    folder = Path(arguments[0] if arguments else "build/peer-sb3").resolve()
    folder.mkdir(parents=True, exist_ok=True)
    tests = substitute(fetch(folder), folder)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(folder / "site"), str(folder)])}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-rs", str(tests)]
    return subprocess.run([*command, *arguments[1:]], env=environment, cwd=folder, check=False).returncode


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
