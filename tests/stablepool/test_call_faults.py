"""What goes wrong in `call`, `get_attr`, `set_attr` and `render`: an exception costs nothing, a worker is replaced."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pool_envs import Counting, Plan

from stablepool import StableProcessPoolEnv, WorkerFaultError

TIMEOUT_S = 1.5
LOST = {
    "os._exit": "crash",
    "SIGKILL": "crash",
    "SIGSEGV": "crash",
    "SIGSTOP": "timeout",
    "hold-gil": "timeout",
}
RAISED = {
    "raise": (ValueError, "the environment raised"),
    "raise-unpicklable": (RuntimeError, "UnpicklableError: cannot travel"),
    "sys.exit": (RuntimeError, "SystemExit: 3"),
    "interrupt": (RuntimeError, "KeyboardInterrupt"),
    "recurse": (RecursionError, "maximum recursion depth"),
    "unpicklable-info": (TypeError, "cannot pickle"),
}
# get_attr(name) is call(name)
VERBS: dict[str, Callable[[StableProcessPoolEnv], Any]] = {
    "call": lambda envs: envs.call("work"),
    "set_attr": lambda envs: envs.set_attr("touched", 1),
    "render": lambda envs: envs.render(),
}


class Touchy(Counting):
    """Does as planned whichever way it is touched."""

    def work(self, number: int = 1) -> Any:
        return self._maybe("call") or self.index

    @property
    def touched(self) -> Any:
        return self.work()

    @touched.setter
    def touched(self, value: Any) -> None:
        self.work()

    def render(self) -> Any:
        return self.work()


def pool(faults: dict[str, Any], folder: Path, plan: Callable[[int, str], Plan]) -> StableProcessPoolEnv:
    """One environment per fault and worker, and a healthy one."""
    for how in faults:
        (folder / how).mkdir()
    plans = [*(plan(index, how) for index, how in enumerate(faults)), None]
    env_fns = [lambda index=index, plan=plan: Touchy(index, plan) for index, plan in enumerate(plans)]
    return StableProcessPoolEnv(env_fns, len(plans), TIMEOUT_S)


def test_a_lost_worker_raises_is_replaced_and_the_next_step_tells_of_it(tmp_path: Path) -> None:
    envs = pool(LOST, tmp_path, lambda _, how: Plan("call", how, tmp_path / how, times=len(VERBS)))
    actions = np.ones((envs.num_envs, 4), np.int8)
    try:
        envs.reset(seed=5)
        for verb, touch in VERBS.items():
            with pytest.raises(WorkerFaultError, match="environment 0 was lost"):
                touch(envs)
            infos = envs.step(actions)[4]
            found = [(record.kind, record.phase) if record else None for record in infos["fault"]]
            assert found == [*((kind, "call") for kind in LOST.values()), None], verb
            assert "fault" not in envs.step(actions)[4], verb
        assert envs.call("work") == tuple(range(envs.num_envs))
        assert envs.counters["pool/restarts"] == len(LOST) * len(VERBS)
    finally:
        envs.close()


def test_an_exception_is_raised_and_costs_nobody_an_episode(tmp_path: Path) -> None:
    envs = pool(RAISED, tmp_path, lambda index, how: Plan("call", how, tmp_path / how, at=1 + index))
    try:
        envs.reset(seed=5)
        for kind, text in RAISED.values():
            with pytest.raises(kind, match=text) as caught:
                envs.call("work")
            assert "In the worker" in caught.value.__notes__[0]
        assert envs.step(np.ones((envs.num_envs, 4), np.int8))[0][:, 1].tolist() == [1] * envs.num_envs
        assert envs.counters["pool/restarts"] == 0
    finally:
        envs.close()
