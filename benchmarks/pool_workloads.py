"""What the contestants of `bench_pool.py` step: environments by name, importable in every worker process."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import gymnasium as gym
import numpy as np

EnvFn = Callable[[], gym.Env[Any, Any]]


class Unchanging(gym.Env[np.ndarray, Any]):
    """An environment of one observation, which every reset returns.

    Attributes:
        observation: It.
    """

    observation: np.ndarray

    def reset(
        self,
        *,
        seed: int | None = None,
        options: dict[str, Any] | None = None,  # noqa: ARG002 - Gymnasium's signature
    ) -> tuple[np.ndarray, dict[str, Any]]:
        """Seed the generator and return the observation."""
        super().reset(seed=seed)
        return self.observation, {}


class Raster(Unchanging):
    """Observations of 8 x 50 x 50 float32 and actions of 2,500 int8 cells, as the fuel-break environment has them.

    Args:
        work_s: CPU seconds that a step burns.
    """

    observation_space = gym.spaces.Box(0.0, 1.0, (8, 50, 50), np.float32)
    action_space = gym.spaces.MultiBinary(2500)

    def __init__(self, work_s: float = 0.0) -> None:
        self.work_s = work_s
        self.observation = np.random.default_rng(0).random((8, 50, 50), dtype=np.float32)

    def step(self, action: np.ndarray) -> tuple[np.ndarray, float, bool, bool, dict[str, Any]]:
        """Burn the CPU time and return."""
        until = time.process_time() + self.work_s
        while self.work_s and time.process_time() < until:
            pass
        return self.observation, float(action[0]), False, False, {}


def cart_pole() -> gym.Env[Any, Any]:
    """Gymnasium's own, with the wrappers that it is registered with."""
    return gym.make("CartPole-v1")


def busy_raster() -> gym.Env[Any, Any]:
    """2 ms of CPU a step."""
    return Raster(0.002)


def one_fire() -> gym.Env[Any, Any]:
    """The fuel-break environment with one simulated fire a step."""
    return gym.make("fuelbreak:FuelBreak-v1", num_simulations=1)


def ten_fires() -> gym.Env[Any, Any]:
    """The same with ten."""
    return gym.make("fuelbreak:FuelBreak-v1", num_simulations=10)


WORKLOADS: dict[str, EnvFn] = {
    "CartPole-v1": cart_pole,
    "8x50x50 float32, 2,500 int8": Raster,
    "the same with 2 ms of CPU": busy_raster,
    "FuelBreakEnv, 1 fire a step": one_fire,
    "FuelBreakEnv, 10 fires a step": ten_fires,
}
