"""`FuelBreakEnv`: place fuel breaks on a landscape, step by step, and be paid for the fire that they stop."""

from __future__ import annotations

import json
import math
import warnings
from collections.abc import Sequence
from typing import Any, ClassVar, Literal

import gymnasium as gym
import numpy as np
import numpy.typing as npt
from gymnasium.error import ResetNeeded

from fuelbreak.errors import ActionError
from fuelbreak.fire.fire_set import FireSet
from fuelbreak.fire.ignitions import sample_ignitions
from fuelbreak.fire.simulator import FireSimulator
from fuelbreak.fire.weather import Weather
from fuelbreak.landscape import Landscape
from fuelbreak.observation import NUM_CHANNELS, OBSERVATION_HIGH, OBSERVATION_LOW, base_observation
from fuelbreak.rendering import render_landscape

__all__ = ["FuelBreakEnv"]

Observation = npt.NDArray[np.float32]
Action = npt.NDArray[np.int8]

_STEPS_PER_BUDGET = 25


class FuelBreakEnv(gym.Env[Observation, Action]):
    """Place up to `break_budget` fuel breaks on a landscape, `break_step` cells at a time.

    **Observation** ``Box(-1, 2, (8, H, W), float32)``: slope, aspect, canopy cover, fuel model and four fire line
    layers, all zero where breaks stand; `fuelbreak.observation` says how they are scaled. Row 0 is north.

    **Action** ``MultiBinary(H*W)``, int8, row by row: 1 where a new break is wanted. Cells that do not burn or that
    hold a break already are illegal; of legal ones at most `break_step`, and no more than the budget has left, are
    placed. Under ``on_illegal="count"`` illegal cells are left out and counted; if too many legal cells are
    wanted, which of them stand is drawn from the environment's own generator (no corner of the map is favoured)
    and the rest is counted. Under ``on_illegal="error"`` either raises `ActionError`. Another dtype is accepted
    with a warning where every value is exactly 0 or 1, and refused otherwise, as is another size.

    **Reward** ``(burned before - burned after) / burned at reset``: the mean number of burned cells over
    `num_simulations` fires, whose ignitions are drawn at reset and kept, with the weather, for the whole episode.
    So the reward is what the breaks did and not luck, and an undiscounted return is the share of the burned area
    that the plan saved. An ignition that is later covered by a break burns nothing.

    **End**: terminated when the budget is spent or no legal cell is left; truncated after `max_steps` steps.

    **Info**: ``burned`` (mean cells), ``burned_area_ha``, ``new_cells``, ``illegal_cells``, ``clipped_cells``,
    ``breaks`` (placed so far), ``landscape`` (index of the landscape of this episode), ``action_mask`` (int8
    (H*W,), 1 where a break is legal).

    A simulation that fails raises `fuelbreak.errors.SimulationError`; it is never replaced by a number.

    Args:
        raster: The landscape, or several of one shape, of which each reset draws one; by default the embedded
            synthetic landscape of seed 0.
        break_budget: Breaks in an episode, at least 1.
        break_step: Breaks in a step; by default a twenty-fifth of the budget, rounded up.
        num_simulations: Fires per evaluation, at least 1.
        seed: Seed of the first reset where that is given none.
        weather: Weather of every fire.
        max_steps: Step limit; by default twice the steps that the budget needs.
        on_illegal: ``"count"`` or ``"error"``, see above.
        render_mode: None or ``"rgb_array"``.

    Raises:
        ValueError: An argument out of its range, or landscapes of different shapes.

    Version history: v0, the first.
    """

    metadata: ClassVar[dict[str, Any]] = {"render_modes": ["rgb_array"], "render_fps": 4}  # type: ignore[misc]

    def __init__(
        self,
        raster: Landscape | Sequence[Landscape] | None = None,
        break_budget: int = 250,
        break_step: int | None = None,
        num_simulations: int = 10,
        seed: int | None = None,
        *,
        weather: Weather | None = None,
        max_steps: int | None = None,
        on_illegal: Literal["count", "error"] = "count",
        render_mode: str | None = None,
    ) -> None:
        self._landscapes = _as_landscapes(raster)
        self.break_budget = _at_least_one("break_budget", break_budget)
        self.break_step = _at_least_one(
            "break_step", math.ceil(break_budget / _STEPS_PER_BUDGET) if break_step is None else break_step
        )
        self.num_simulations = _at_least_one("num_simulations", num_simulations)
        needed = math.ceil(self.break_budget / self.break_step)
        self.max_steps = _at_least_one("max_steps", 2 * needed if max_steps is None else max_steps)
        if on_illegal not in ("count", "error"):
            raise ValueError(f"on_illegal is 'count' or 'error', not {on_illegal!r}")
        if render_mode not in (None, "rgb_array"):
            raise ValueError(f"render_mode is None or 'rgb_array', not {render_mode!r}")
        self.on_illegal, self.render_mode = on_illegal, render_mode
        self.weather = Weather() if weather is None else weather

        height, width = self._landscapes[0].shape
        self.observation_space = gym.spaces.Box(
            OBSERVATION_LOW, OBSERVATION_HIGH, (NUM_CHANNELS, height, width), np.float32
        )
        self.action_space = gym.spaces.MultiBinary(height * width)
        self._first_seed = seed
        self._simulators: dict[int, FireSimulator] = {}
        self._needs_reset = True

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """Start an episode: draw the landscape and the ignitions, and burn them without breaks.

        Args:
            seed: Seed of the generator; the same seed gives the same episode.
            options: ``{"landscape": i}`` chooses the landscape instead of drawing it.

        Returns:
            The observation without breaks, and the info that the class describes.
        """
        if seed is None and self._first_seed is not None:
            seed, self._first_seed = self._first_seed, None
        super().reset(seed=seed)
        chosen = (options or {}).get("landscape")
        drawn = int(self.np_random.integers(len(self._landscapes)))
        self._select(drawn if chosen is None else int(chosen))
        self._ignitions = sample_ignitions(self._landscape, self.num_simulations, self.np_random)
        self._fires = FireSet(self._simulator, self._ignitions)
        self._breaks = np.zeros(self._landscape.shape, dtype=bool)
        self._steps = 0
        self._burned = self._burned_at_reset = float(self._fires.burned.mean())
        self._needs_reset = False
        return self._observation(), self._info()

    def step(self, action: Action) -> tuple[Observation, float, bool, bool, dict[str, Any]]:
        """Place the breaks that the action wants and burn the episode's fires again.

        Args:
            action: int8 (H*W,), as the class describes.

        Returns:
            Observation, reward, terminated, truncated, info.

        Raises:
            ActionError: As the class describes; nothing has changed then.
            ResetNeeded: The episode is over or was never started.
        """
        if self._needs_reset:
            raise ResetNeeded("FuelBreakEnv.step() without a running episode: call reset() first")
        cells, illegal, clipped = self._cells_to_place(self._checked(action))
        self._breaks.flat[cells] = True
        self._steps += 1
        before = self._burned
        self._burn_around(cells)
        reward = (before - self._burned) / self._burned_at_reset
        info = self._info(new_cells=int(cells.size), illegal_cells=illegal, clipped_cells=clipped)
        terminated = info["breaks"] >= self.break_budget or not info["action_mask"].any()
        truncated = not terminated and self._steps >= self.max_steps
        self._needs_reset = terminated or truncated
        return self._observation(), float(reward), terminated, truncated, info

    def render(self) -> npt.NDArray[np.uint8] | None:
        """The landscape from above: shaded terrain, fuels, burn probability of the episode's fires, and breaks.

        Returns:
            uint8 (8*H, 8*W, 3) under ``render_mode="rgb_array"``, else None.
        """
        if self.render_mode is None:
            gym.logger.warn("render() without a render_mode; pass render_mode='rgb_array' at construction")
            return None
        return render_landscape(self._landscape, self._breaks, self._fires.burn_probability)

    def action_masks(self) -> npt.NDArray[np.bool_]:
        """bool (H*W,): True where a break is legal now."""
        legal: npt.NDArray[np.bool_] = (self._burnable & ~self._breaks).reshape(-1)
        return legal

    def snapshot(self) -> bytes:
        """The episode's state in about a kilobyte: what `restore` needs to go on as if nothing had happened."""
        state = {
            "landscape": self._landscape_index,
            "ignitions": self._ignitions.tolist(),
            "breaks": np.packbits(self._breaks).tobytes().hex(),
            "steps": self._steps,
            "needs_reset": self._needs_reset,
            "generator": self.np_random.bit_generator.state,
        }
        return json.dumps(state).encode()

    def restore(self, snapshot: bytes) -> None:
        """Take up the episode that `snapshot` returned, here or in another process with the same arguments."""
        state = json.loads(bytes(snapshot))
        self._select(state["landscape"])
        self._ignitions = np.asarray(state["ignitions"], dtype=np.int64).reshape(-1, 2)
        packed = np.frombuffer(bytes.fromhex(state["breaks"]), dtype=np.uint8)
        cells = self._landscape.fuel_model.size
        self._breaks = np.unpackbits(packed, count=cells).astype(bool).reshape(self._landscape.shape)
        self._fires = FireSet(self._simulator, self._ignitions)
        self._burned_at_reset = float(self._fires.burned.mean())
        self._burn_around(np.flatnonzero(self._breaks))
        self._steps = state["steps"]
        self._needs_reset = state["needs_reset"]
        self._first_seed = None
        self.np_random.bit_generator.state = state["generator"]

    @property
    def episode_state(self) -> bytes:
        """The episode's state as an attribute, so that a vector environment can get and set it for all at once."""
        return self.snapshot()

    @episode_state.setter
    def episode_state(self, snapshot: bytes) -> None:
        self.restore(snapshot)

    def _select(self, index: int) -> None:
        if not 0 <= index < len(self._landscapes):
            raise ValueError(
                f"options['landscape'] = {index}, but there are {len(self._landscapes)} landscapes"
            )
        if index not in self._simulators:
            self._simulators[index] = FireSimulator(self._landscapes[index], self.weather)
        self._landscape_index = index
        self._landscape = self._landscapes[index]
        self._simulator = self._simulators[index]
        self._burnable = self._landscape.burnable
        self._base = base_observation(self._landscape)

    def _burn_around(self, cells: npt.NDArray[np.int64]) -> None:
        """Let the episode's fires go around new breaks; only what hung on them is computed again."""
        places = np.stack(np.divmod(cells, self._landscape.shape[1]), axis=1)
        self._burned = float(self._fires.add_breaks(places).mean())

    def _checked(self, action: Action) -> npt.NDArray[np.bool_]:
        values = np.asarray(action)
        if values.shape != self.action_space.shape:
            raise ActionError(
                f"the action has shape {values.shape}, expected {self.action_space.shape}: one value a cell, row by row"
            )
        wanted: npt.NDArray[np.bool_] = values == 1
        if not np.all(wanted | (values == 0)):
            raise ActionError(f"the action holds values other than 0 and 1 (dtype {values.dtype})")
        if values.dtype != np.int8:
            warnings.warn(
                f"action of dtype {values.dtype} read as int8; build it with dtype=np.int8", stacklevel=3
            )
        return wanted

    def _cells_to_place(self, wanted: npt.NDArray[np.bool_]) -> tuple[npt.NDArray[np.int64], int, int]:
        legal = wanted & self.action_masks()
        illegal = int(wanted.sum() - legal.sum())
        cells = np.flatnonzero(legal)
        room = min(self.break_step, self.break_budget - int(self._breaks.sum()))
        clipped = max(0, cells.size - room)
        if self.on_illegal == "error" and (illegal or clipped):
            raise ActionError(
                f"{illegal} cells do not burn or hold a break, and {clipped} are more than the {room} that this "
                "step may place; choose among info['action_mask']"
            )
        if clipped:
            cells = self.np_random.choice(cells, size=room, replace=False)
        return cells, illegal, clipped

    def _observation(self) -> Observation:
        observation = self._base.copy()
        observation[:, self._breaks] = 0.0
        return observation

    def _info(self, **counts: int) -> dict[str, Any]:
        return {
            "burned": self._burned,
            "burned_area_ha": self._burned * self._landscape.cell_area_ha,
            "new_cells": 0,
            "illegal_cells": 0,
            "clipped_cells": 0,
            "breaks": int(self._breaks.sum()),
            "landscape": self._landscape_index,
            "action_mask": self.action_masks().astype(np.int8),
        } | counts


def _as_landscapes(raster: Landscape | Sequence[Landscape] | None) -> tuple[Landscape, ...]:
    if raster is None:
        from fuelbreak.synthetic import generate_landscape

        return (generate_landscape(0),)
    landscapes = (raster,) if isinstance(raster, Landscape) else tuple(raster)
    if not landscapes:
        raise ValueError("FuelBreakEnv needs at least one landscape")
    if len({landscape.shape for landscape in landscapes}) > 1:
        raise ValueError("landscapes of one environment must have one shape; cut them with fuelbreak.tiles")
    return landscapes


def _at_least_one(name: str, value: int) -> int:
    if value < 1:
        raise ValueError(f"{name} is {value}, must be at least 1")
    return int(value)
