"""`FuelBreakVectorEnv`: many fuel break environments in one process, their fires burned together as tensors.

Each environment does what `fuelbreak.env.FuelBreakEnv` does, by the same rules and with the same random draws, so that
the same seeds and actions give the same episodes. There is nothing to wait for and nothing to restart: on a GPU all
fires of all environments are relaxed at once. On a CPU the compiled fires of `FuelBreakEnv` are faster; use them there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import gymnasium as gym
import numpy as np
import numpy.typing as npt
import torch
from gymnasium.error import ResetNeeded
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space

from fuelbreak.env_arguments import as_days, as_landscapes, at_least_one
from fuelbreak.episode_rules import OnIllegal, chosen_number, episode_rules, wanted_cells
from fuelbreak.fire.ignition_sources import Ignitions, ignition_source
from fuelbreak.fire.weather import Weather
from fuelbreak.landscape import Landscape
from fuelbreak.observation import LayoutName
from fuelbreak.torch_fire.stage import Stage

__all__ = ["FuelBreakVectorEnv"]

Mask = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int64]
Infos = dict[str, Any]
Batch = npt.NDArray[Any] | torch.Tensor
Step = tuple[Batch, Batch, Batch, Batch, Infos]


class FuelBreakVectorEnv(VectorEnv[Batch, Batch, Batch]):
    """`num_envs` times `FuelBreakEnv`; see there for spaces, reward, end, info, and for arguments of the same name.

    **Resets**, as Gymnasium's vector environments: under NEXT_STEP the step after an episode's end resets that
    environment, whatever the action, with reward 0; under SAME_STEP the step that ends it does, and
    ``infos["final_obs"]`` and ``infos["final_info"]`` hold the end; under DISABLED only ``reset(options={"reset_mask":
    bool (N,)})`` does, and until then a step is an error.

    **Infos** are arrays over the environments, with masks ``_name``.

    **Where things are**: fires and observations live on the device, what is drawn and counted on the CPU. With
    ``as_tensors=True`` observations, rewards (float32), both ends and ``infos["action_mask"]`` are tensors there, and
    observations never leave it; otherwise all are NumPy arrays. Actions may be either.

    Args:
        landscapes: One or several of one shape, of which each reset draws one.
        num_envs: How many environments.
        break_budget: Breaks in an episode.
        break_step: Breaks in a step; by default a twenty-fifth of the budget, rounded up.
        num_simulations: Fires per evaluation, where ignitions are drawn.
        seed: Of the first reset where that is given none.
        weather: One, several, "legacy", or None for the default.
        max_steps: Step limit; by default twice the steps that the budget needs.
        on_illegal: "count" or "error": then a step in which any environment would leave something out raises, and
            nothing has changed.
        layout: Of the observation.
        ignitions: "uniform", "all", weights or points.
        device: Where the fires burn: "cpu", "cuda" or one of several.
        autoreset_mode: See above.
        as_tensors: See above.

    Raises:
        ValueError: An argument out of its range, or landscapes of different shapes.
        SimulationError: Ignitions that are none.
    """

    def __init__(
        self,
        landscapes: Landscape | Sequence[Landscape] | None,
        num_envs: int,
        break_budget: int = 250,
        break_step: int | None = None,
        num_simulations: int = 10,
        seed: int | None = None,
        *,
        weather: Weather | Sequence[Weather] | Literal["legacy"] | None = None,
        max_steps: int | None = None,
        on_illegal: OnIllegal = "count",
        layout: LayoutName = "legacy",
        ignitions: Ignitions = "uniform",
        device: str | torch.device = "cpu",
        autoreset_mode: AutoresetMode = AutoresetMode.NEXT_STEP,
        as_tensors: bool = False,
    ) -> None:
        self._landscapes, self._days = as_landscapes(landscapes), as_days(weather)
        self.num_envs = at_least_one("num_envs", num_envs)
        rules = episode_rules(break_budget, break_step, num_simulations, max_steps, on_illegal, layout)
        self.rules, self.as_tensors, self._first_seed = rules, as_tensors, seed
        self._source = ignition_source(ignitions, self._landscapes)
        self._stage = Stage(self.num_envs, self._landscapes, self._days, rules, device)
        self.metadata = {"autoreset_mode": AutoresetMode(autoreset_mode)}
        height, width = self._landscapes[0].shape
        self.single_observation_space = rules.observation_space((height, width))
        self.single_action_space = gym.spaces.MultiBinary(height * width)
        self.observation_space = batch_space(self.single_observation_space, self.num_envs)
        self.action_space = batch_space(self.single_action_space, self.num_envs)
        self._generators = [np.random.default_rng() for _ in range(self.num_envs)]
        self._allocate(height, width)

    def _allocate(self, height: int, width: int) -> None:
        count = self.num_envs
        self._numbers: IntArray = np.zeros((2, count), np.int64)
        self._burnable: Mask = np.ones((count, height, width), bool)
        self._breaks: Mask = np.zeros((count, height, width), bool)
        self._burned: npt.NDArray[np.float64] = np.zeros(count)
        self._burned_at_reset: npt.NDArray[np.float64] = np.ones(count)
        self._steps: IntArray = np.zeros(count, np.int64)
        self._is_over: Mask = np.ones(count, bool)
        self._was_reset = False

    def reset(
        self, *, seed: int | Sequence[int | None] | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Batch, Infos]:
        """Start an episode in every environment, or in those of a mask.

        Args:
            seed: Of environment 0, the others following one by one; or one each; None goes on with the generators.
            options: Those of `FuelBreakEnv.reset`, for every environment; ``"reset_mask"``, bool (N,), chooses which
                start anew.

        Returns:
            Observations float32 (N, C, H, W) of all, and infos of those that start.

        Raises:
            ValueError: Another number of seeds, options that there are not, or a mask that is none.
        """
        wanted = dict(options or {})
        which = self._mask(wanted.pop("reset_mask", None))
        if seed is None and self._first_seed is not None:
            seed, self._first_seed = self._first_seed, None
        for i, own in enumerate(self._seeds(seed)):
            if own is not None and which[i]:
                self._generators[i] = gym.utils.seeding.np_random(own)[0]
        self._draw_episodes(which, wanted)
        self._burn(which)
        self._burned_at_reset[which] = self._burned[which]
        self._was_reset = True
        return self._given(self._seen()), self._infos(self._no_counts(), which)

    def step(self, actions: Batch) -> Step:
        """Place breaks in every running episode and burn all fires.

        Args:
            actions: int8 (N, H*W), 1 where a new break is wanted; an array, or a tensor on any device.

        Returns:
            Observations, rewards, terminations, truncations, infos.

        Raises:
            ActionError: Another shape, other values, or what `on_illegal` makes an error; nothing has changed then.
            ResetNeeded: There was no reset, or under DISABLED an episode is over.
        """
        mode = self.metadata["autoreset_mode"]
        if not self._was_reset or (mode is AutoresetMode.DISABLED and self._is_over.any()):
            raise ResetNeeded("FuelBreakVectorEnv.step() without a running episode: call reset() first")
        on_host = actions.cpu().numpy() if isinstance(actions, torch.Tensor) else actions
        starting = self._is_over.copy()
        counts = self._build(wanted_cells(on_host, self.action_space.shape), ~starting)
        self._draw_episodes(starting, {})
        before = self._burned.copy()
        self._burn(np.ones(self.num_envs, bool))
        self._burned_at_reset[starting] = self._burned[starting]
        rewards = np.where(starting, 0.0, (before - self._burned) / self._burned_at_reset)
        self._steps += ~starting
        legal = self.action_masks()
        terminated, truncated = self.rules.ends(self._breaks.sum(axis=(1, 2)), legal.any(axis=1), self._steps)
        terminated, truncated = terminated & ~starting, truncated & ~starting
        self._is_over = terminated | truncated
        seen = self._seen()
        if mode is AutoresetMode.SAME_STEP and self._is_over.any():
            seen, infos = self._restarted(seen, counts)
        else:
            infos = self._infos(counts, np.ones(self.num_envs, bool))
        return self._given(seen), self._given(rewards), self._given(terminated), self._given(truncated), infos

    def action_masks(self) -> Mask:
        """bool (N, H*W): where a break is legal now."""
        legal: Mask = (self._burnable & ~self._breaks).reshape(self.num_envs, -1)
        return legal

    def _mask(self, mask: npt.NDArray[np.bool_] | None) -> Mask:
        """Which environments a reset is for."""
        if mask is None:
            return np.ones(self.num_envs, bool)
        which: Mask = np.asarray(mask)
        if which.shape != (self.num_envs,) or which.dtype != np.bool_ or not which.any():
            raise ValueError(
                f"options['reset_mask'] is {which.dtype} {which.shape}; give bool ({self.num_envs},), True somewhere"
            )
        return which

    def _seeds(self, seed: int | Sequence[int | None] | None) -> Sequence[int | None]:
        """One for each environment."""
        if seed is None:
            return [None] * self.num_envs
        if isinstance(seed, int | np.integer):
            return [int(seed) + i for i in range(self.num_envs)]
        if len(seed) != self.num_envs:
            raise ValueError(
                f"{len(seed)} seeds for {self.num_envs} environments; give one number, or one each"
            )
        return seed

    def _draw_episodes(self, which: Mask, options: Mapping[str, Any]) -> None:
        """Draw landscape, weather and ignitions, as `FuelBreakEnv.reset` does; the fires are still to be burned."""
        for i in np.flatnonzero(which).tolist():
            rng = self._generators[i]
            number = chosen_number("landscape", len(self._landscapes), options, rng)
            day = chosen_number("weather", len(self._days), options, rng)
            landscape = self._landscapes[number]
            ignitions = self._source.ignitions(landscape, number, self.rules.num_simulations, rng)
            self._stage.play_on(i, number, day, ignitions)
            self._numbers[:, i] = number, day
            self._burnable[i], self._breaks[i], self._steps[i] = landscape.burnable, False, 0
            self._is_over[i] = False

    def _build(self, wanted: Mask, running: Mask) -> IntArray:
        """Place what may be placed; int64 (3, N): how many cells were new, illegal, and too many."""
        legal, standing = self.action_masks(), self._breaks.sum(axis=(1, 2))
        placements = {
            i: self.rules.place(wanted[i], legal[i], int(standing[i]), self._generators[i])
            for i in np.flatnonzero(running).tolist()
        }
        counts = self._no_counts()
        for i, (cells, illegal, clipped) in placements.items():
            self._breaks[i].flat[cells] = True
            counts[:, i] = cells.size, illegal, clipped
        return counts

    def _burn(self, which: Mask) -> None:
        self._burned[which] = self._stage.burn(np.flatnonzero(which), self._breaks)

    def _restarted(self, ends: torch.Tensor, counts: IntArray) -> tuple[torch.Tensor, Infos]:
        """Begin anew what is over: observations and infos of all, with the ends among the infos."""
        which = self._is_over.copy()
        final_infos = self._infos(counts, which)
        final_obs = np.full(self.num_envs, None, dtype=object)
        for i in np.flatnonzero(which).tolist():
            final_obs[i] = self._given(ends[i].clone())
        self._draw_episodes(which, {})
        self._burn(which)
        self._burned_at_reset[which] = self._burned[which]
        infos = self._infos(np.where(which, 0, counts), np.ones(self.num_envs, bool))
        final = {"final_obs": final_obs, "_final_obs": which, "final_info": final_infos, "_final_info": which}
        return self._seen(), infos | final

    def _seen(self) -> torch.Tensor:
        return self._stage.observations(self._breaks, self._burned_at_reset)

    def _given(self, values: Batch) -> Batch:
        """What is returned as the user wants it: a tensor on the device, of float32 where it is real, or an array."""
        if not self.as_tensors:
            return values.cpu().numpy() if isinstance(values, torch.Tensor) else values
        tensor = torch.as_tensor(values, device=self._stage.device)
        return tensor.to(torch.float32) if tensor.is_floating_point() else tensor

    def _no_counts(self) -> IntArray:
        return np.zeros((3, self.num_envs), np.int64)

    def _infos(self, counts: IntArray, which: Mask) -> Infos:
        area_ha = np.array([self._landscapes[number].cell_area_ha for number in self._numbers[0]])
        values: Infos = {
            "burned": self._burned,
            "burned_area_ha": self._burned * area_ha,
            "new_cells": counts[0],
            "illegal_cells": counts[1],
            "clipped_cells": counts[2],
            "breaks": self._breaks.sum(axis=(1, 2)),
            "landscape": self._numbers[0],
            "weather": self._numbers[1],
        }
        infos: Infos = {name: np.where(which, each, 0) for name, each in values.items()}
        masks = (self.action_masks() & which[:, None]).astype(np.int8)
        infos["action_mask"] = self._given(masks)
        return infos | {f"_{name}": which.copy() for name in infos}
