"""`terminate_children`: ends and reaps multiprocessing's children and what they started, and nothing else."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import psutil
import pytest
from pool_checks import runs, settles_to
from pool_envs import make

from stablepool import StableProcessPoolEnv, terminate_children

SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]
FORK = multiprocessing.get_context("fork")

# pytest would count the fork server as left behind, so each start method has a script of its own
TREE_SCRIPT = """
import multiprocessing, subprocess, sys, time
import psutil
from stablepool import terminate_children

def work():
    subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    multiprocessing.get_context("fork").Process(target=time.sleep, args=(60,)).start()
    time.sleep(60)

if __name__ == "__main__":
    board = subprocess.Popen(["sleep", "60"])
    child = multiprocessing.get_context(sys.argv[1]).Process(target=work)
    child.start()
    tree = psutil.Process(child.pid)
    while len(tree.children()) < 2:
        time.sleep(0.01)
    time.sleep(0.1)
    family = [tree, *tree.children()]
    helpers = [p for p in psutil.Process().children() if "multiprocessing." in " ".join(p.cmdline())]
    helpers = [p for p in helpers if p not in family]
    ended = terminate_children()
    assert set(ended) == {p.pid for p in family}, (ended, family)
    assert not any(p.is_running() and p.status() != "zombie" for p in family), family
    assert multiprocessing.active_children() == []
    assert (child.is_alive(), child.exitcode) == (False, -15), child
    assert board.poll() is None
    assert all(p.is_running() and p.status() != "zombie" for p in helpers), helpers
    assert len(helpers) >= (sys.argv[1] != "fork")
    assert terminate_children() == []
    assert terminate_children(include_subprocesses=True) == [board.pid]
    assert board.wait() == -15, board.returncode
    assert all(p.is_running() and p.status() != "zombie" for p in helpers), helpers
"""


@pytest.fixture
def board() -> Iterator[subprocess.Popen[bytes]]:
    """A program that a script runs beside its training, as a TensorBoard."""
    with subprocess.Popen(SLEEP) as program:
        yield program
        program.kill()


def _ignore_sigterm(say: Any) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    say.send(True)
    time.sleep(60)


def started(target: Callable[..., Any], *args: Any) -> Any:
    child = FORK.Process(target=target, args=args)
    child.start()
    return child


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_trees_end_and_are_reaped_whatever_started_them(method: str, tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(TREE_SCRIPT)
    done = subprocess.run(
        [sys.executable, str(script), method], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr


def test_a_program_of_the_script_lives_and_ends_only_where_that_is_asked_for(
    board: subprocess.Popen[bytes],
) -> None:
    child = started(time.sleep, 60)
    assert terminate_children() == [child.pid]
    assert board.poll() is None
    assert terminate_children(include_subprocesses=True) == [board.pid]
    assert board.wait(5) == -signal.SIGTERM


def test_a_child_that_ignores_sigterm_is_killed() -> None:
    hear, say = FORK.Pipe(duplex=False)
    child = started(_ignore_sigterm, say)
    assert hear.recv()
    assert terminate_children(timeout=0.2) == [child.pid]
    assert (child.is_alive(), child.exitcode) == (False, -signal.SIGKILL)
    assert child not in multiprocessing.active_children()


def test_a_child_that_is_stopped_is_killed() -> None:
    child = started(time.sleep, 60)
    os.kill(child.pid, signal.SIGSTOP)
    assert terminate_children(timeout=0.2) == [child.pid]
    assert child.exitcode == -signal.SIGKILL


def test_a_child_that_is_dead_already_keeps_its_exit_code() -> None:
    child = started(sys.exit, 3)
    assert settles_to(lambda: runs(child.pid), False)
    assert terminate_children() == []
    assert child.exitcode == 3
    assert multiprocessing.active_children() == []


def test_it_may_be_called_in_a_thread(board: subprocess.Popen[bytes]) -> None:
    child = started(time.sleep, 60)
    ended: list[list[int]] = []
    thread = threading.Thread(target=lambda: ended.append(terminate_children()))
    thread.start()
    thread.join(10)
    assert ended == [[child.pid]]
    assert (multiprocessing.active_children(), child.exitcode) == ([], -signal.SIGTERM)
    assert board.poll() is None


def test_a_loop_until_no_child_is_left_ends() -> None:
    children = [started(time.sleep, 60) for _ in range(3)]
    rounds = 0
    while multiprocessing.active_children():
        terminate_children()
        rounds += 1
    assert rounds == 1
    for child in children:
        child.join(1)
        child.close()


def test_the_workers_of_an_executor_end_though_it_reaps_them_itself() -> None:
    with contextlib.suppress(Exception), ProcessPoolExecutor(2, FORK) as executor:
        futures = [executor.submit(time.sleep, 60) for _ in range(2)]
        assert settles_to(lambda: len(multiprocessing.active_children()), 2)
        assert len(terminate_children()) == 2
        assert multiprocessing.active_children() == []
        [future.result(10) for future in futures]  # raises BrokenProcessPool


def test_the_workers_of_a_pool_that_was_not_closed_end(board: subprocess.Popen[bytes]) -> None:
    envs = StableProcessPoolEnv([make(0), make(1)], 2, spare_workers=1)
    try:
        assert settles_to(lambda: len(envs.spare_pids), 1)
        workers = {*envs.worker_pids, *envs.spare_pids}
        assert set(terminate_children()) == workers
        assert not any(runs(pid) for pid in workers)
        assert board.poll() is None
    finally:
        envs.close()


def test_a_process_that_was_forked_leaves_the_children_of_its_parent_alone() -> None:
    child = started(time.sleep, 60)
    pid = os.fork()
    if pid == 0:
        os._exit(len(terminate_children()))
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert child.is_alive()
    assert terminate_children() == [child.pid]


def test_grandchildren_that_ignore_sigterm_are_killed() -> None:
    code = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(1, flush=True); time.sleep(60)"
    hear, say = FORK.Pipe(duplex=False)

    def work() -> None:
        with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as program:
            assert program.stdout is not None
            program.stdout.readline()
            say.send(program.pid)
            time.sleep(60)

    child = started(work)
    grandchild = hear.recv()
    assert terminate_children(timeout=0.2) == sorted([child.pid, grandchild])
    assert not runs(grandchild)
    assert not psutil.pid_exists(child.pid)  # reaped
