"""One contestant of `bench_pool.py` in a process of its own, which takes turns as it is told.

usage: python benchmarks/pool_contestant.py NAME WORKLOAD ENVS WORKERS

Each line on stdin is the seconds of a turn; the end of stdin means close. Each answer is a line of JSON. So every
contestant has a parent, a heap and an interpreter of its own, and one that hangs is ended by whoever drives it.
"""

from __future__ import annotations

import functools
import importlib.metadata
import json
import multiprocessing
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import gymnasium as gym
import numpy as np
import psutil
from pool_workloads import WORKLOADS, EnvFn


@dataclass(frozen=True)
class Contestant:
    """What is timed: each contestant's calls, with the same actions in every step."""

    reset: Callable[[], Any]
    step: Callable[[], Any]
    close: Callable[[], Any]


def batch_of_actions(env_fn: EnvFn, envs: int) -> Any:
    """The same batch for every contestant."""
    space = gym.vector.utils.batch_space(env_fn().action_space, envs)
    space.seed(0)
    return space.sample()


def _of_gymnasium(vector: gym.vector.VectorEnv[Any, Any, Any], env_fn: EnvFn) -> Contestant:
    actions = batch_of_actions(env_fn, vector.num_envs)
    return Contestant(lambda: vector.reset(seed=0), lambda: vector.step(actions), vector.close)


def stable_pool(env_fn: EnvFn, envs: int, workers: int) -> Contestant:
    """Ours."""
    from stablepool import StableProcessPoolEnv

    return _of_gymnasium(StableProcessPoolEnv([env_fn] * envs, workers, 60.0), env_fn)


def bare_plane(env_fn: EnvFn, envs: int, workers: int) -> Contestant:
    """The same way of stepping without a single guarantee."""
    from bare_plane import BarePlane

    plane, actions = BarePlane(env_fn, envs, workers), batch_of_actions(env_fn, envs)
    return Contestant(plane.reset, lambda: plane.step(actions), plane.close)


def gymnasium_async(env_fn: EnvFn, envs: int, workers: int) -> Contestant:  # noqa: ARG001 - a worker each
    """Gymnasium's `AsyncVectorEnv`."""
    return _of_gymnasium(gym.vector.AsyncVectorEnv([env_fn] * envs, context="spawn"), env_fn)


def gymnasium_sync(env_fn: EnvFn, envs: int, workers: int) -> Contestant:  # noqa: ARG001 - no worker
    """Gymnasium's `SyncVectorEnv`."""
    return _of_gymnasium(gym.vector.SyncVectorEnv([env_fn] * envs), env_fn)


def sb3_subproc(env_fn: EnvFn, envs: int, workers: int) -> Contestant:  # noqa: ARG001 - a worker each
    """Stable-Baselines3's `SubprocVecEnv`."""
    from stable_baselines3.common.vec_env import SubprocVecEnv

    vector = SubprocVecEnv([env_fn] * envs, start_method="spawn")
    actions = batch_of_actions(env_fn, envs)
    return Contestant(vector.reset, lambda: vector.step(actions), vector.close)


def tianshou_shared(env_fn: EnvFn, envs: int, workers: int) -> Contestant:  # noqa: ARG001 - a worker each
    """Tianshou's `ShmemVectorEnv`; it does not reset by itself, so a step that ends episodes is followed by that."""
    from tianshou.env import ShmemVectorEnv

    vector, actions = ShmemVectorEnv([env_fn] * envs), batch_of_actions(env_fn, envs)

    def step() -> None:
        _, _, terminations, truncations, _ = vector.step(actions)
        ended = np.flatnonzero(terminations | truncations)
        if len(ended):
            vector.reset(ended)

    return Contestant(vector.reset, step, vector.close)


def _torchrl_env(env_fn: EnvFn) -> Any:
    from torchrl.envs import GymWrapper

    return GymWrapper(env_fn(), categorical_action_encoding=True)


def torchrl_parallel(env_fn: EnvFn, envs: int, workers: int) -> Contestant:  # noqa: ARG001 - a worker each
    """TorchRL's `ParallelEnv`, stepped with `step_and_maybe_reset`."""
    import torch
    from torchrl.envs import ParallelEnv

    vector = ParallelEnv(envs, functools.partial(_torchrl_env, env_fn), mp_start_method="spawn")
    actions = torch.as_tensor(batch_of_actions(env_fn, envs))
    state = {}

    def reset() -> None:
        state["now"] = vector.reset()

    def step() -> None:
        _, state["now"] = vector.step_and_maybe_reset(state["now"].set("action", actions))

    return Contestant(reset, step, vector.close)


def puffer(env_fn: EnvFn, envs: int, workers: int) -> Contestant:
    """PufferLib's `Multiprocessing` backend."""
    import pufferlib.emulation
    import pufferlib.vector

    def create(buf: Any = None, seed: int = 0) -> Any:
        return pufferlib.emulation.GymnasiumPufferEnv(env_creator=env_fn, buf=buf, seed=seed)

    vector = pufferlib.vector.make(
        create, num_envs=envs, num_workers=workers, backend=pufferlib.vector.Multiprocessing, overwork=True
    )
    actions = batch_of_actions(env_fn, envs)
    return Contestant(vector.reset, lambda: vector.step(actions), vector.close)


def ray_actors(env_fn: EnvFn, envs: int, workers: int) -> Contestant:
    """Ray: one actor per worker steps its share of the environments in a `SyncVectorEnv`."""
    import ray

    ray.init(num_cpus=workers, include_dashboard=False, log_to_driver=False)
    shares = [len(run) for run in np.array_split(np.arange(envs), workers)]
    actor = ray.remote(num_cpus=1)(gym.vector.SyncVectorEnv)
    actors = [actor.remote([env_fn] * share) for share in shares]
    parts = np.split(batch_of_actions(env_fn, envs), np.cumsum(shares)[:-1])

    def step() -> list[Any]:
        replies = ray.get([each.step.remote(part) for each, part in zip(actors, parts, strict=True)])
        return [np.concatenate([reply[field] for reply in replies]) for field in range(4)]

    return Contestant(lambda: ray.get([each.reset.remote() for each in actors]), step, ray.shutdown)


CONTESTANTS: dict[str, Callable[[EnvFn, int, int], Contestant]] = {
    "StableProcessPoolEnv": stable_pool,
    "bare plane": bare_plane,
    "AsyncVectorEnv": gymnasium_async,
    "SyncVectorEnv": gymnasium_sync,
    "SB3 SubprocVecEnv": sb3_subproc,
    "Tianshou ShmemVectorEnv": tianshou_shared,
    "TorchRL ParallelEnv": torchrl_parallel,
    "PufferLib Multiprocessing": puffer,
    "Ray actors": ray_actors,
}
PACKAGES = {
    "SB3 SubprocVecEnv": "stable-baselines3",
    "Tianshou ShmemVectorEnv": "tianshou",
    "TorchRL ParallelEnv": "torchrl",
    "PufferLib Multiprocessing": "pufferlib",
    "Ray actors": "ray",
}


def version(name: str) -> str:
    """A peer's name with its package's version."""
    return f"{name} {importlib.metadata.version(PACKAGES[name])}" if name in PACKAGES else name


def cpu_seconds(workers: list[psutil.Process]) -> float:
    """CPU time so far of this process and of those of its descendants that live."""
    total = 0.0
    for process in workers:
        try:
            total += sum(process.cpu_times()[:2])
        except psutil.NoSuchProcess:
            continue
    return total + time.process_time()


def take_turn(contestant: Contestant, seconds: float) -> dict[str, Any]:
    """Step for so many seconds; return each vector step's latency in us and the CPU seconds of it all."""
    latencies_us: list[int] = []
    workers = psutil.Process().children(recursive=True)
    cpu_before = cpu_seconds(workers)
    started = now = time.perf_counter()
    while now - started < seconds:
        contestant.step()
        before, now = now, time.perf_counter()
        latencies_us.append(round(1e6 * (now - before)))
    elapsed = now - started
    return {"latencies_us": latencies_us, "elapsed_s": elapsed, "cpu_s": cpu_seconds(workers) - cpu_before}


def main() -> None:
    """Get ready, take turns, close; or say why not."""
    name, workload, envs, workers = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # whatever a library prints goes to stderr

    def answer(**values: Any) -> None:
        answers.write(json.dumps(values) + "\n")

    try:
        started = time.perf_counter()
        contestant = CONTESTANTS[name](WORKLOADS[workload], envs, workers)
        contestant.reset()
        contestant.step()
        answer(name=version(name), ready_s=time.perf_counter() - started)
    except Exception as error:  # noqa: BLE001 - whatever a peer raises goes into its row of the table
        answer(error=f"{type(error).__name__}: {error}".splitlines()[0][:120])
        return
    for line in sys.stdin:
        answer(**take_turn(contestant, float(line)))
    started = time.perf_counter()
    contestant.close()
    answer(close_s=time.perf_counter() - started)


if __name__ == "__main__":
    multiprocessing.freeze_support()
    main()
