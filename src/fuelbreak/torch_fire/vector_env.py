"""`FuelBreakVectorEnv`: many fuel break environments in one process, their fires burned together as tensors.

Each environment does what `fuelbreak.env.FuelBreakEnv` does, with the same random draws, so that the same seeds and
actions give the same rewards. There is nothing to wait for and nothing to restart: on a GPU all fires of all
environments are relaxed at once. On a CPU the compiled fires of `FuelBreakEnv` are faster; use them there.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gymnasium as gym
import numpy as np
import numpy.typing as npt
import torch
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space

from fuelbreak.errors import ActionError
from fuelbreak.fire.ignitions import sample_ignitions
from fuelbreak.fire.simulator import FireSimulator
from fuelbreak.fire.weather import Weather
from fuelbreak.landscape import Landscape
from fuelbreak.observation import NUM_CHANNELS, OBSERVATION_HIGH, OBSERVATION_LOW, base_observation
from fuelbreak.torch_fire.fires import TorchFires

__all__ = ["FuelBreakVectorEnv"]

Mask = npt.NDArray[np.bool_]
Infos = dict[str, Any]
Observations = npt.NDArray[np.float32]
Step = tuple[Observations, npt.NDArray[np.float64], Mask, Mask, Infos]


class FuelBreakVectorEnv(VectorEnv[Observations, npt.NDArray[np.int8], Any]):
    """`num_envs` times `FuelBreakEnv` under NEXT_STEP autoreset; see there for spaces, reward, end and info.

    Illegal cells are left out and counted, as under ``on_illegal="count"``. The step after an episode's end resets
    that environment, whatever the action, and returns its first observation with reward 0. Infos are arrays over the
    environments.

    Args:
        landscapes: Of one shape; each reset draws one.
        num_envs: How many environments.
        break_budget: Breaks in an episode.
        break_step: Breaks in a step; by default a twenty-fifth of the budget, rounded up.
        num_simulations: Fires per evaluation.
        weather: Weather of every fire.
        max_steps: Step limit; by default twice the steps that the budget needs.
        device: Where the fires burn.
    """

    def __init__(
        self,
        landscapes: Sequence[Landscape],
        num_envs: int,
        break_budget: int = 250,
        break_step: int | None = None,
        num_simulations: int = 10,
        *,
        weather: Weather | None = None,
        max_steps: int | None = None,
        device: str | torch.device = "cpu",
    ) -> None:
        day = Weather() if weather is None else weather
        self._library = TorchFires([FireSimulator(landscape, day) for landscape in landscapes], device)
        self._landscapes = tuple(landscapes)
        self._bases = np.stack([base_observation(landscape) for landscape in landscapes])
        self.num_envs, self.num_simulations = num_envs, num_simulations
        self.break_budget = break_budget
        self.break_step = -(-break_budget // 25) if break_step is None else break_step
        self.max_steps = 2 * -(-break_budget // self.break_step) if max_steps is None else max_steps
        self.metadata = {"autoreset_mode": AutoresetMode.NEXT_STEP}
        height, width = landscapes[0].shape
        self.single_observation_space = gym.spaces.Box(
            OBSERVATION_LOW, OBSERVATION_HIGH, (NUM_CHANNELS, height, width), np.float32
        )
        self.single_action_space = gym.spaces.MultiBinary(height * width)
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.action_space = batch_space(self.single_action_space, num_envs)
        self._generators = [np.random.default_rng() for _ in range(num_envs)]
        self._allocate(height, width)

    def _allocate(self, height: int, width: int) -> None:
        count = self.num_envs
        self._chosen: npt.NDArray[np.int64] = np.zeros(count, np.int64)
        self._burnable: Mask = np.ones((count, height, width), bool)
        self._breaks: Mask = np.zeros((count, height, width), bool)
        self._ignitions: npt.NDArray[np.int64] = np.zeros((count, self.num_simulations, 2), np.int64)
        self._burned: npt.NDArray[np.float64] = np.zeros(count)
        self._burned_at_reset: npt.NDArray[np.float64] = np.ones(count)
        self._steps: npt.NDArray[np.int64] = np.zeros(count, np.int64)
        self._is_over: Mask = np.zeros(count, bool)

    def reset(
        self, *, seed: int | list[int | None] | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observations, Infos]:
        """Start an episode in every environment.

        Args:
            seed: Of environment 0, the others following one by one; or one each; None goes on with the generators.
            options: Not used.

        Returns:
            Observations float32 (N, 8, H, W) and infos.
        """
        del options
        seeds = (
            [seed + i for i in range(self.num_envs)]
            if isinstance(seed, int)
            else seed or [None] * self.num_envs
        )
        for i, own in enumerate(seeds):
            if own is not None:
                self._generators[i] = gym.utils.seeding.np_random(own)[0]
        self._start_episodes(np.ones(self.num_envs, bool))
        return self._observations(), self._infos(np.zeros((3, self.num_envs), np.int64))

    def step(self, actions: npt.NDArray[np.int8]) -> Step:
        """Place breaks in every running episode, start the others, and burn all fires.

        Args:
            actions: int8 (N, H*W), 1 where a new break is wanted.

        Returns:
            Observations, rewards, terminations, truncations, infos.

        Raises:
            ActionError: Another shape, or values other than 0 and 1.
        """
        wanted = self._checked(actions)
        resetting = self._is_over.copy()
        counts = np.zeros((3, self.num_envs), np.int64)
        for i in np.flatnonzero(~resetting):
            counts[:, i] = self._place(int(i), wanted[i])
        before = self._burned.copy()
        self._steps += 1
        self._burned = self._burn(self._breaks)
        if resetting.any():
            self._start_episodes(resetting)
        rewards = np.where(resetting, 0.0, (before - self._burned) / self._burned_at_reset)
        is_spent = (self._breaks.sum(axis=(1, 2)) >= self.break_budget) | ~self._legal().any(axis=1)
        terminated = is_spent & ~resetting
        truncated = ~terminated & ~resetting & (self._steps >= self.max_steps)
        self._is_over = terminated | truncated
        return self._observations(), rewards, terminated, truncated, self._infos(counts)

    def _start_episodes(self, which: Mask) -> None:
        """Draw landscape and ignitions, as `FuelBreakEnv.reset` does, and burn them without breaks."""
        for i in np.flatnonzero(which):
            self._chosen[i] = self._generators[i].integers(len(self._landscapes))
            landscape = self._landscapes[self._chosen[i]]
            self._ignitions[i] = sample_ignitions(landscape, self.num_simulations, self._generators[i])
            self._burnable[i], self._breaks[i], self._steps[i] = landscape.burnable, False, 0
        self._fires = self._library.select(self._chosen)
        self._starts = self._fires.starts(self._ignitions)
        burned = self._burn(self._breaks)
        self._burned[which] = self._burned_at_reset[which] = burned[which]
        self._is_over[which] = False

    def _burn(self, breaks: Mask) -> npt.NDArray[np.float64]:
        there = torch.as_tensor(breaks, device=self._fires.device)
        burned = self._fires.burned_cells(self._starts, there).to(torch.float64).mean(dim=1)
        means: npt.NDArray[np.float64] = burned.cpu().numpy()
        return means

    def _place(self, i: int, wanted: Mask) -> tuple[int, int, int]:
        """Place what may be placed; how many were new, illegal, and more than there was room for."""
        legal = wanted & (self._burnable[i] & ~self._breaks[i]).reshape(-1)
        cells = np.flatnonzero(legal)
        room = min(self.break_step, self.break_budget - int(self._breaks[i].sum()))
        clipped = max(0, cells.size - room)
        if clipped:
            cells = self._generators[i].choice(cells, size=room, replace=False)
        self._breaks[i].flat[cells] = True
        return int(cells.size), int(wanted.sum() - legal.sum()), clipped

    def _checked(self, actions: npt.NDArray[np.int8]) -> Mask:
        values = np.asarray(actions)
        if values.shape != self.action_space.shape or not np.isin(values, (0, 1)).all():
            raise ActionError(
                f"actions are {values.dtype} {values.shape}; give 0 and 1 of {self.action_space.shape}"
            )
        wanted: Mask = values == 1
        return wanted

    def _legal(self) -> Mask:
        legal: Mask = (self._burnable & ~self._breaks).reshape(self.num_envs, -1)
        return legal

    def _observations(self) -> Observations:
        observations: Observations = self._bases[self._chosen]
        observations[np.broadcast_to(self._breaks[:, None], observations.shape)] = 0.0
        return observations

    def _infos(self, counts: npt.NDArray[np.int64]) -> Infos:
        area_ha = np.array([self._landscapes[number].cell_area_ha for number in self._chosen])
        values = {
            "burned": self._burned.copy(),
            "burned_area_ha": self._burned * area_ha,
            "new_cells": counts[0],
            "illegal_cells": counts[1],
            "clipped_cells": counts[2],
            "breaks": self._breaks.sum(axis=(1, 2)),
            "landscape": self._chosen.copy(),
            "weather": np.zeros(self.num_envs, np.int64),
            "action_mask": self._legal().astype(np.int8),
        }
        everywhere = np.ones(self.num_envs, bool)
        return values | {f"_{name}": everywhere for name in values}
