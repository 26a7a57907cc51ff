"""Examples of process-cleanup: each is a test and a piece of the documentation."""

from __future__ import annotations

from ..model import Case

__all__ = ["CASES"]

CASES = (
    Case(
        "the loop becomes one call, and the import that nothing else needs goes",
        """\
import multiprocessing as mp

from gymnasium.vector import AsyncVectorEnv

def cleanup():
    # nobody may stay behind
    for p in mp.active_children():
        p.terminate()
        p.join(timeout=1.0)  # be patient

envs = AsyncVectorEnv(env_fns)
""",
        """\
from gymnasium.vector import AsyncVectorEnv
from stablepool import terminate_children

def cleanup():
    # nobody may stay behind
    # be patient
    terminate_children()

envs = AsyncVectorEnv(env_fns)
""",
    ),
    Case(
        "a list of children, ended and then awaited, with errors passed over",
        """\
import multiprocessing
from gymnasium.vector import AsyncVectorEnv

try:
    envs = AsyncVectorEnv(env_fns, context=multiprocessing.get_start_method())
finally:
    children = multiprocessing.active_children()
    for child in children:
        child.terminate()
    for child in children:
        try:
            child.join(timeout=1)
            if child.is_alive():
                child.kill()
        except OSError:
            pass
""",
        """\
import multiprocessing
from gymnasium.vector import AsyncVectorEnv
from stablepool import terminate_children

try:
    envs = AsyncVectorEnv(env_fns, context=multiprocessing.get_start_method())
finally:
    terminate_children()
""",
    ),
    Case(
        "what the loop says first, it still says; children that are counted before stay counted",
        """\
import multiprocessing
from gymnasium.vector import AsyncVectorEnv

def cleanup():
    children = multiprocessing.active_children()
    if children:
        print(f"{len(children)} left")
        for child in children:
            print(f"ending {child.pid}")
            child.terminate()
            child.join(1)

envs = AsyncVectorEnv(env_fns)
""",
        """\
import multiprocessing
from gymnasium.vector import AsyncVectorEnv
from stablepool import terminate_children

def cleanup():
    children = multiprocessing.active_children()
    if children:
        print(f"{len(children)} left")
        for child in children:
            print(f"ending {child.pid}")
        terminate_children()

envs = AsyncVectorEnv(env_fns)
""",
    ),
    Case(
        "everything that this process started, by psutil",
        """\
import os
import psutil
from gymnasium.vector import AsyncVectorEnv

def force_cleanup():
    current = psutil.Process(os.getpid())
    children = current.children(recursive=True)
    for child in children:
        try:
            child.terminate()
        except psutil.NoSuchProcess:
            pass
    gone, alive = psutil.wait_procs(children, timeout=3)
    for child in alive:
        child.kill()

envs = AsyncVectorEnv(env_fns)
""",
        """\
import os
from gymnasium.vector import AsyncVectorEnv
from stablepool import terminate_children

def force_cleanup():
    terminate_children(include_subprocesses=True)

envs = AsyncVectorEnv(env_fns)
""",
    ),
    Case(
        "ended again until none is left",
        """\
import time
from multiprocessing import active_children
from gymnasium.vector import AsyncVectorEnv

envs = AsyncVectorEnv(env_fns)
while active_children():
    for child in active_children():
        child.kill()
    time.sleep(0.1)
""",
        """\
import time
from gymnasium.vector import AsyncVectorEnv
from stablepool import terminate_children

envs = AsyncVectorEnv(env_fns)
terminate_children()
""",
    ),
    Case(
        "kills that reach other processes are reported, never edited",
        """\
import os
import psutil
import subprocess
from gymnasium.vector import AsyncVectorEnv

envs = AsyncVectorEnv(env_fns)
os.system("pkill -f train")
subprocess.run(["killall", "python3"])
for process in psutil.process_iter(["name"]):
    if process.info["name"] == "python3":
        process.kill()
os.killpg(os.getpgid(0), 15)
""",
        diagnostics=("system-wide", "system-wide", "system-wide", "process-group"),
    ),
    Case(
        "other work in the same loop",
        """\
import multiprocessing as mp
from gymnasium.vector import AsyncVectorEnv

envs = AsyncVectorEnv(env_fns)
for p in mp.active_children():
    stats.record(p.pid)
    p.terminate()
""",
        diagnostics=("interleaved",),
    ),
    Case(
        "children that are only counted",
        """\
import multiprocessing as mp
from gymnasium.vector import AsyncVectorEnv

envs = AsyncVectorEnv(env_fns)
print(len(mp.active_children()))
""",
    ),
)
