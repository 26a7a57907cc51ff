"""Environments that fail on purpose, for real: they hang, die, raise and lie when their plan says so.

Workers import this module by name; ``conftest.py`` puts its folder on ``sys.path``.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, NoReturn

import gymnasium as gym
import numpy as np

EPISODE_STEPS = 6


@dataclass(frozen=True)
class Plan:
    """When to fail and how.

    ``where``: construct, reset, step, call or close; ``how``: a key of `HOW`; ``at``: at which call in one worker's
    life; ``times``: how many lives fail in all, counted in ``folder`` because a dead process remembers nothing;
    ``armed``: False: only once there is a file "armed" in the folder.
    """

    where: str
    how: str
    folder: Path
    at: int = 1
    times: int = 1
    armed: bool = True

    def fire(self) -> Any:
        """Fail, unless it has been done often enough."""
        done = len(list(self.folder.glob("fired-*")))
        if done >= self.times or not (self.armed or (self.folder / "armed").exists()):
            return None
        (self.folder / f"fired-{done}").write_text(str(os.getpid()))
        return HOW[self.how](self.folder)


class Counting(gym.Env[np.ndarray, np.ndarray]):
    """Observes (index, steps, a random number); ends after `EPISODE_STEPS` steps; reward is the action's sum."""

    observation_space = gym.spaces.Box(-1e9, 1e9, (3,), np.float32)
    action_space = gym.spaces.MultiBinary(4)
    metadata: ClassVar[dict[str, Any]] = {"render_modes": ["rgb_array"]}
    render_mode = "rgb_array"
    opened: ClassVar[list[int]] = []

    def __init__(self, index: int = 0, plan: Plan | None = None) -> None:
        self.index, self.plan = index, plan
        self.counts: dict[str, int] = {}
        self._maybe("construct")

    def _maybe(self, where: str) -> Any:
        self.counts[where] = self.counts.get(where, 0) + 1
        if self.plan and self.plan.where == where and self.plan.at == self.counts[where]:
            return self.plan.fire()
        return None

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        super().reset(seed=seed)
        self.steps = 0
        changed = self._maybe("reset") or {}
        return changed.get("observation", self._observation()), {"steps": 0, **changed.get("info", {})}

    def step(self, action: np.ndarray) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        self.steps += 1
        changed = self._maybe("step") or {}
        observation = changed.get("observation", self._observation())
        info = {"steps": self.steps, **changed.get("info", {})}
        return observation, float(np.sum(action)), self.steps >= EPISODE_STEPS, False, info

    def _observation(self) -> np.ndarray:
        return np.array([self.index, self.steps, self.np_random.random()], np.float32)

    def work(self, number: int = 1) -> int:
        """A method to call from outside."""
        self._maybe("call")
        return self.index * number

    def render(self) -> np.ndarray:  # type: ignore[override]
        return np.full((2, 2, 3), self.index, np.uint8)

    def close(self) -> None:
        self._maybe("close")


GO, SLOW, HANG, RAISE = range(4)


class Counter(gym.Env[np.ndarray, int]):
    """Counts its steps, and does in each what the action says."""

    observation_space = gym.spaces.Box(0.0, np.inf, (1,), np.float32)
    action_space = gym.spaces.Discrete(4)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[np.ndarray, dict[str, Any]]:
        super().reset(seed=seed)
        self.count = 0
        return np.zeros(1, np.float32), {}

    def step(self, action: int) -> tuple[np.ndarray, float, bool, bool, dict[str, Any]]:
        if action == RAISE:
            raise RuntimeError("asked for")
        time.sleep({SLOW: 0.8, HANG: 60.0}.get(int(action), 0.0))
        self.count += 1
        return np.array([self.count], np.float32), 1.0, False, False, {}


class Saved(Counting):
    """Can be snapshot: the steps and the random generator are all the state there is."""

    def snapshot(self) -> dict[str, Any]:
        return {"steps": self.steps, "generator": self.np_random.bit_generator.state}

    def restore(self, snapshot: dict[str, Any]) -> None:
        self.steps = snapshot["steps"]
        self.np_random.bit_generator.state = snapshot["generator"]


class Pickled(Counting):
    """Asks to be pickled whole."""

    pickle_snapshots = True


class Bulky(Saved):
    """Its snapshot is a larger thing than the pool is told to keep."""

    def snapshot(self) -> dict[str, Any]:
        return {**super().snapshot(), "ballast": bytes(1 << 20)}


def make(index: int, plan: Plan | None = None) -> Callable[[], Counting]:
    """An environment function, a closure on purpose."""
    return lambda: Counting(index, plan)


class UnpicklableError(Exception):
    """Holds a lock, which no pickler takes."""

    def __init__(self) -> None:
        super().__init__("cannot travel")
        self.lock = threading.Lock()


def _raise(_: Path) -> NoReturn:
    raise ValueError("the environment raised")


def _raise_unpicklable(_: Path) -> NoReturn:
    raise UnpicklableError


def _sleep(_: Path) -> None:
    time.sleep(3600)


def _hold_gil(_: Path) -> None:
    """Block in C with the interpreter locked and SIGTERM ignored."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    ctypes.PyDLL(None).pause()


def _signal_self(number: signal.Signals) -> Callable[[Path], None]:
    def send(_: Path) -> None:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        os.kill(os.getpid(), number)

    return send


def _interrupt(_: Path) -> NoReturn:
    raise KeyboardInterrupt


def _recurse(folder: Path) -> None:
    _recurse(folder)


def _ask_for_too_much(_: Path) -> None:
    """What the kernel does to an allocation beyond the limit."""
    resource.setrlimit(resource.RLIMIT_AS, (1 << 32, resource.getrlimit(resource.RLIMIT_AS)[1]))
    bytearray(1 << 40)


def _run_out_of_memory(_: Path) -> None:
    """What the kernel does to a process when the machine's memory is spent: SIGKILL, in the middle of a page fault."""
    subprocess.Popen(["sh", "-c", f"sleep 0.1; kill -9 {os.getpid()}"])
    while True:
        bytearray(b"x") * (8 << 20)


def _become_another(_: Path) -> None:
    """The process goes on as another program, which answers nobody."""
    os.execv(sys.executable, [sys.executable, "-c", "import time; time.sleep(3600)"])


def _use_up_descriptors(_: Path) -> None:
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    opened = []
    try:
        while True:
            opened.append(os.open(os.devnull, os.O_RDONLY))
    except OSError:
        Counting.opened = opened


def _escape_by_fork(_: Path) -> None:
    """A forked child that does not exit: it comes back from the step as if it were the worker."""
    os.fork()


def _close_standard_streams(_: Path) -> None:
    os.closerange(0, 3)


def _close_descriptors(_: Path) -> None:
    os.closerange(0, 256)


def _chatter(_: Path) -> None:
    """Four megabytes on both standard streams, which nobody reads in a hurry."""
    with Path(os.devnull).open("wb") as null:
        saved = os.dup(1), os.dup(2)
        os.dup2(null.fileno(), 1)
        os.dup2(null.fileno(), 2)
    try:
        sys.stdout.write("x" * (4 << 20))
        sys.stderr.write("x" * (4 << 20))
        sys.stdout.flush()
    finally:
        os.dup2(saved[0], 1)
        os.dup2(saved[1], 2)
        for fd in saved:
            os.close(fd)


def _fork(_: Path) -> None:
    """A forked child that lives for ever."""
    if os.fork() == 0:
        time.sleep(3600)


def _grandchild(folder: Path) -> None:
    """A grandchild in a session of its own, hung, then a hang here."""
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(3600)"])
    (folder / "grandchild").write_text(str(child.pid))
    time.sleep(3600)


def _orphan(folder: Path) -> None:
    """A grandchild that is left behind by a worker that dies."""
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(3600)"])
    (folder / "grandchild").write_text(str(child.pid))
    os.kill(os.getpid(), signal.SIGKILL)


def _daemon(folder: Path) -> None:
    """A grandchild that left the session, and a worker that dies."""
    code = "import time; time.sleep(3600)"
    child = subprocess.Popen([sys.executable, "-c", code], start_new_session=True)
    (folder / "grandchild").write_text(str(child.pid))
    if os.environ.get("STAY") != "1":
        os.kill(os.getpid(), signal.SIGKILL)


def _endless_thread(_: Path) -> None:
    threading.Thread(target=time.sleep, args=(3600,), daemon=False).start()


HOW: dict[str, Callable[[Path], Any]] = {
    "raise": _raise,
    "raise-unpicklable": _raise_unpicklable,
    "interrupt": _interrupt,
    "recurse": _recurse,
    "memory-error": _ask_for_too_much,
    "out-of-memory": _run_out_of_memory,
    "become-another": _become_another,
    "use-up-descriptors": _use_up_descriptors,
    "escape-by-fork": _escape_by_fork,
    "close-standard-streams": _close_standard_streams,
    "abort": _signal_self(signal.SIGABRT),
    "SIGTERM": _signal_self(signal.SIGTERM),
    "no-observation": lambda _: {"observation": None},
    "sys.exit": lambda _: sys.exit(3),
    "sleep": _sleep,
    "hold-gil": _hold_gil,
    "os._exit": lambda _: os._exit(7),
    "SIGKILL": _signal_self(signal.SIGKILL),
    "SIGSEGV": _signal_self(signal.SIGSEGV),
    "SIGSTOP": _signal_self(signal.SIGSTOP),
    "close-descriptors": _close_descriptors,
    "grandchild": _grandchild,
    "orphan": _orphan,
    "daemon": _daemon,
    "fork": _fork,
    "chatter": _chatter,
    "endless-thread": _endless_thread,
    "wrong-shape": lambda _: {"observation": np.zeros(5, np.float32)},
    "wrong-dtype": lambda _: {"observation": np.array(["a", "b", "c"])},
    "nan": lambda _: {"observation": np.array([0, 0, np.nan], np.float32)},
    "unpicklable-info": lambda _: {"info": {"lock": threading.Lock()}},
    "huge-info": lambda _: {"info": {"huge": np.ones(1 << 20)}},
    "pause": lambda _: time.sleep(0.4),
}
