"""The least that a process pool can be: one shared block, an eventfd per worker to go, one for all to say done.

No deadlines, no faults, no restarts, no seeds, no infos, no snapshots: it is what `bench_pool.py` holds the pool
against, to see what the guarantees cost. Environments are reset in the step after their episode's end (NEXT_STEP).
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import gymnasium as gym
import numpy as np
import numpy.typing as npt

from stablepool.addresses import same_addresses
from stablepool.channel import EventBell
from stablepool.memory import Arena, SharedFile

RESET, STEP, CLOSE = 0, 1, 2
EnvFn = Callable[[], gym.Env[Any, Any]]


@dataclass(frozen=True)
class Plane:
    """What parent and workers share; it travels to a spawned worker."""

    file: SharedFile
    fields: tuple[tuple[tuple[int, ...], str], ...]
    done: EventBell

    @classmethod
    def create(cls, env: gym.Env[Any, Any], envs: int, workers: int) -> Plane:
        """Share memory for environments like this one.

        The fields: command (1,); its number (1,); number of the command that each worker finished last (workers,);
        actions and observations (envs, *their shape); rewards (envs,); terminations and truncations (2, envs).
        """
        seen, acted = env.observation_space, env.action_space
        assert seen.shape is not None
        assert acted.shape is not None
        fields = (
            ((1,), "i8"), ((1,), "i8"), ((workers,), "i8"), ((envs, *acted.shape), str(acted.dtype)),
            ((envs, *seen.shape), str(seen.dtype)), ((envs,), "f8"), ((2, envs), "?"),
        )  # fmt: skip
        return cls(SharedFile(), fields, EventBell())

    def map(self) -> list[npt.NDArray[Any]]:
        """Views of the fields."""
        size = sum(int(np.prod(shape)) * np.dtype(dtype).itemsize + 64 for shape, dtype in self.fields)
        self.file.grow(size)
        arena = Arena(self.file.map(0, size))
        return [
            np.frombuffer(arena.Array(np.dtype(dtype).char, int(np.prod(shape))).get_obj(), dtype).reshape(
                shape
            )
            for shape, dtype in self.fields
        ]


class BarePlane:
    """Environments in spawned workers, with nothing that could slow them down.

    Args:
        env_fn: Makes an environment with array spaces.
        num_envs: How many.
        workers: Worker processes.
    """

    def __init__(self, env_fn: EnvFn, num_envs: int, workers: int) -> None:
        self._plane = Plane.create(env_fn(), num_envs, workers)
        self._word, self._number, _, self._actions, self._observations, self._rewards, self._ends = (
            self._plane.map()
        )
        self._go = [EventBell() for _ in range(workers)]
        shares = np.array_split(np.arange(num_envs), workers)
        spawn = multiprocessing.get_context("spawn")
        self._processes = [
            spawn.Process(target=work, args=(env_fn, self._plane, worker, share.tolist(), go), daemon=True)
            for worker, (share, go) in enumerate(zip(shares, self._go, strict=True))
        ]
        with same_addresses():  # as the pool's workers are
            for process in self._processes:
                process.start()

    def reset(self) -> npt.NDArray[Any]:
        """Reset every environment."""
        self._command(RESET)
        return self._observations.copy()

    def step(self, actions: npt.NDArray[Any]) -> tuple[npt.NDArray[Any], ...]:
        """Step every environment: observations, rewards, terminations, truncations."""
        self._actions[:] = actions
        self._command(STEP)
        return self._observations.copy(), self._rewards.copy(), self._ends[0].copy(), self._ends[1].copy()

    def _command(self, command: int) -> None:
        self._word[0] = command
        self._number[0] += 1
        for go in self._go:
            go.ring()
        self._plane.done.clear()

    def close(self) -> None:
        """End the workers."""
        self._command(CLOSE)
        for process in self._processes:
            process.join()


def work(env_fn: EnvFn, plane: Plane, worker: int, mine: list[int], go: EventBell) -> None:
    """Be a worker: obey until told to close."""
    word, number, finished, actions, observations, rewards, ends = plane.map()
    envs = {index: env_fn() for index in mine}
    ended = dict.fromkeys(mine, True)
    reward_cells, terminated_cells, truncated_cells = rewards.data, ends[0].data, ends[1].data
    command = STEP
    while command != CLOSE:
        go.clear()
        command = int(word[0])
        for index, env in envs.items() if command != CLOSE else ():
            reward, terminated, truncated = 0.0, False, False
            if command == RESET or ended[index]:
                observation, _ = env.reset()
            else:
                observation, step_reward, terminated, truncated, _ = env.step(actions[index])
                reward = float(step_reward)
            observations[index] = observation
            reward_cells[index], terminated_cells[index], truncated_cells[index] = (
                reward,
                terminated,
                truncated,
            )
            ended[index] = terminated or truncated
        finished[worker] = number[0]
        if (finished == number).all():
            plane.done.ring()
