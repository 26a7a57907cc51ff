"""CPU time of the patch tool beside LibCST's own runner, interleaved in one run.

usage: python benchmarks/bench_patch.py [--runs N] [--out docs/benchmarks/patch.md]

Every measurement is a fresh process, user and system time together, as a person at the command line pays it. The
peer does far less: LibCST's `RenameCommand` changes one qualified name, without backup or verification.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TOOL = ROOT / "patch_train_stable.py"
HEAD = """\
import multiprocessing as mp
import numpy as np
from gymnasium.vector import AsyncVectorEnv

N_ENVS = 16
STEPS_PER_EP = 10
BUFFER_CAP = 20_000
BATCH_SIZE = 32
BUDGET = 100
SIMS = 10
"""
HELPER = """

def helper_{i}(values, limit=None):
    # one of many
    total = 0.0
    for index, value in enumerate(values):
        if limit is not None and index > limit:
            break
        total += value * {i} + np.sqrt(index)
    return [total, {{"index": {i}, "limit": limit}}]
"""
MAIN = """

def main():
    envs = AsyncVectorEnv([make_env(i) for i in range(N_ENVS)])
    obs, infos = envs.reset(seed=1)
    try:
        for episode in range(100):
            for step in range(STEPS_PER_EP):
                actions = np.zeros((N_ENVS, HxW))
                next_obs, rewards, terminated, truncated, infos = envs.step(actions)
                for i in range(N_ENVS):
                    memory.push(obs[i], actions[i], rewards[i], next_obs[i], terminated[i])
                obs = next_obs
    finally:
        envs.close()
        for p in mp.active_children():
            p.terminate()


if __name__ == "__main__":
    main()
"""


IMPORT = 'python -c "import libcst"'
SCRIPTS, LINES = 100, 500


@dataclass(frozen=True)
class Task:
    """One command, run on a fresh copy of a script.

    Attributes:
        name: As the table calls it.
        script: The script's text.
        command: The command line for a path.
        codes: Exit codes that mean that it did its work.
        changes: True where the script must come out changed.
    """

    name: str
    script: str
    command: Callable[[Path], list[str]]
    codes: tuple[int, ...] = (0,)
    changes: bool = False


def script(lines: int) -> str:
    """A training script of about so many lines."""
    count = (lines - HEAD.count("\n") - MAIN.count("\n")) // HELPER.count("\n")
    return HEAD + "".join(HELPER.format(i=i) for i in range(count)) + MAIN


def short_lines() -> str:
    """A hundred thousand assignments."""
    return "".join(f"x{i % 5000} = {i} + y\n" for i in range(100_000))


def tool(*arguments: str) -> Callable[[Path], list[str]]:
    """Command lines of the patch tool."""
    return lambda path: [sys.executable, str(TOOL), str(path), "-q", *arguments]


def rename(path: Path) -> list[str]:
    """LibCST's own runner with one command."""
    names = ["--old_name", "gymnasium.vector.AsyncVectorEnv", "--new_name", "stablepool.StableProcessPoolEnv"]
    return [
        sys.executable,
        "-m",
        "libcst.tool",
        "codemod",
        "rename.RenameCommand",
        "--no-format",
        "--jobs",
        "1",
        *names,
        str(path),
    ]


def tasks() -> list[Task]:
    """What is measured."""
    large, settled = script(1100), script(1100).replace("AsyncVectorEnv", "SyncVectorEnv")
    return [
        Task("python -c pass", "", lambda _: [sys.executable, "-c", "pass"]),
        Task(IMPORT, "", lambda _: [sys.executable, "-c", "import libcst"]),
        Task("--check, 1,100 lines, none of its business", settled, tool("--check")),
        Task("--check, 1,100 lines, changes pending", large, tool("--check"), (1,)),
        Task("patch, 1,100 lines, all fixes", large, tool(), changes=True),
        Task("LibCST's runner, RenameCommand, 1,100 lines", large, rename, changes=True),
        Task("patch, 5,000 lines, all fixes", script(5000), tool(), changes=True),
        Task("--check, 100,000 short lines, none of its business", short_lines(), tool("--check")),
        Task("patch, 100,000 short lines, all fixes", HEAD + short_lines() + MAIN, tool(), changes=True),
    ]


def measure(task: Task) -> float:
    """CPU seconds of one run.

    Raises:
        RuntimeError: If the command did not do its work.
    """
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "train.py"
        path.write_text(task.script)
        process = subprocess.Popen(
            task.command(path), cwd=name, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        changed = path.read_text() != task.script
        if process.returncode not in task.codes or changed != task.changes:
            raise RuntimeError(f"{task.name}: exit code {process.returncode}, changed: {changed}")
    return usage.ru_utime + usage.ru_stime


def wall_s(scripts: int, text: str, cores: int) -> float:
    """Wall-clock seconds of one `--check` over a folder, on so many cores."""
    with tempfile.TemporaryDirectory() as name:
        for index in range(scripts):
            (Path(name) / f"train_{index:03}.py").write_text(text)
        allowed = sorted(os.sched_getaffinity(0))[:cores]
        start = time.perf_counter()
        subprocess.run(
            [sys.executable, str(TOOL), ".", "--check", "-q"],
            cwd=name,
            stdout=subprocess.DEVNULL,
            check=False,
            preexec_fn=lambda: os.sched_setaffinity(0, allowed),
        )
        return time.perf_counter() - start


def folder_rows(runs: int) -> list[str]:
    """A hundred scripts in one command beside the sum of their parts: one start, and each script's own share."""
    text = script(LINES)
    start = min(wall_s(1, HEAD + MAIN, 1) for _ in range(2 * runs))
    alone = min(wall_s(1, text, 1) for _ in range(2 * runs))
    parts = start + SCRIPTS * (alone - start)
    shares = {cores: [wall_s(SCRIPTS, text, cores) / parts for _ in range(runs)] for cores in (1, 2)}
    return [
        f"| {SCRIPTS} scripts of {LINES} lines, --check, {cores} core{'s' * (cores > 1)} "
        f"| {statistics.median(found):.2f} | {min(found):.2f} | {max(found):.2f} |"
        for cores, found in shares.items()
    ]


def table(results: dict[str, list[float]], folders: list[str]) -> str:
    """The results in Markdown, with the machine they come from."""
    lines = [
        "# Patch tool: CPU time",
        "",
        f"Python {platform.python_version()}, LibCST {version('libcst')}, {platform.machine()}; seconds of user and",
        f"system time of a fresh process, {len(next(iter(results.values())))} runs each, interleaved.",
        "`python benchmarks/bench_patch.py --out docs/benchmarks/patch.md`",
        "",
        "| | median | fastest | slowest | as a multiple of importing LibCST |",
        "|---|---|---|---|---|",
    ]
    unit = statistics.median(results[IMPORT])
    for name, seconds in results.items():
        median = statistics.median(seconds)
        lines.append(
            f"| {name} | {median:.3f} | {min(seconds):.3f} | {max(seconds):.3f} | {median / unit:.2f} |"
        )
    lines += [
        "",
        "Wall-clock time of one command over a folder, as a share of the sum of its parts (one start, and what each",
        "script takes by itself on one core):",
        "",
        "| | median | fastest | slowest |",
        "|---|---|---|---|",
        *folders,
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measure, print and write the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--out", type=Path, help="write the table there as well")
    args = parser.parse_args()
    results: dict[str, list[float]] = {task.name: [] for task in tasks()}
    for _ in range(args.runs):
        for task in tasks():
            results[task.name].append(measure(task))
    text = table(results, folder_rows(args.runs))
    print(text)
    if args.out:
        args.out.parent.mkdir(parents=True, exist_ok=True)
        args.out.write_text(text)


if __name__ == "__main__":
    main()
