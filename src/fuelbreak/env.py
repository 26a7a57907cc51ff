"""`FuelBreakEnv`: place fuel breaks on a landscape, step by step, and be paid for the fire that they stop."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any, ClassVar, Literal

import gymnasium as gym
import numpy as np
import numpy.typing as npt
from gymnasium.error import ResetNeeded

from fuelbreak.env_arguments import as_days, as_landscapes, at_least_one, one_of
from fuelbreak.episode_rules import OnIllegal, chosen_number, episode_rules, wanted_cells
from fuelbreak.fire.ignition_sources import Ignitions, ignition_source
from fuelbreak.fire.weather import Weather
from fuelbreak.landscape import Landscape
from fuelbreak.observation import LayoutName, with_breaks, with_fires
from fuelbreak.rendering import render_landscape
from fuelbreak.scenes import Scenes, SimulatorName

__all__ = ["FuelBreakEnv"]

Observation = npt.NDArray[np.float32]
Action = npt.NDArray[np.int8]


class FuelBreakEnv(gym.Env[Observation, Action]):
    """Place up to `break_budget` fuel breaks on a landscape, `break_step` cells at a time.

    **Observation** ``Box(low, high, (C, H, W), float32)``, row 0 = north, by `layout`: "legacy" (8 channels: slope,
    aspect, canopy cover, fuel model and four fire line layers, all zero where breaks stand), "full" (20: what fire
    spread depends on, wind and spread potential included, breaks and the remaining budget) or "full+fires" (22: also
    burn probability and downstream protection value of the episode's fires, as they burn now). The tables are in
    `fuelbreak.observation_layouts`. But for "full+fires", ignitions cannot be seen.

    **Action** ``MultiBinary(H*W)``, int8, row by row: 1 where a new break is wanted. Cells that do not burn or that
    hold a break already are illegal; of legal ones at most `break_step`, and no more than the budget has left, are
    placed. Under ``on_illegal="count"`` illegal cells are left out and counted; if too many legal cells are
    wanted, which of them stand is drawn from the environment's own generator (no corner of the map is favoured)
    and the rest is counted. Under ``on_illegal="error"`` either raises `ActionError`. Another dtype is accepted
    with a warning where every value is exactly 0 or 1, and refused otherwise, as is another size.

    **Reward** ``(burned before - burned after) / burned at reset``: the mean number of burned cells over the
    episode's fires, whose ignitions and weather are drawn at reset and kept. So the reward is what the breaks did and
    not luck, and an undiscounted return is the share of the burned area that the plan saved. An ignition that is
    later covered by a break burns nothing.

    **End**: terminated when the budget is spent or no legal cell is left; truncated after `max_steps` steps.

    **Info**: ``burned`` (mean cells), ``burned_area_ha``, ``new_cells``, ``illegal_cells``, ``clipped_cells``,
    ``breaks`` (placed so far), ``landscape`` and ``weather`` (their numbers in this episode), ``action_mask`` (int8
    (H*W,), 1 where a break is legal).

    **Determinism**: the seed of a reset, the arguments and the actions give the same bytes, in any process, beside
    any number of workers and with any `num_threads`. Episodes with the same seed have the same landscape, weather and
    ignitions whatever was done in them, so that plans can be compared on them pair by pair.

    A simulation that fails raises `fuelbreak.errors.SimulationError`; it is never replaced by a number.

    Args:
        raster: The landscape, or several of one shape, of which each reset draws one; by default the embedded
            synthetic landscape of seed 0.
        break_budget: Breaks in an episode, at least 1.
        break_step: Breaks in a step; by default a twenty-fifth of the budget, rounded up.
        num_simulations: Fires per evaluation, at least 1, where ignitions are drawn.
        seed: Seed of the first reset where that is given none.
        weather: Of every fire, or several, of which each reset draws one (`fuelbreak.fire.scenarios` samples them
            from a climatology or reads them from CSV), or ``"legacy"``: the original's, 24 h without wind, in which
            canopy layers have no effect. By default a dry day with 20 km/h of wind and fires of 3 h.
        max_steps: Step limit; by default twice the steps that the budget needs.
        on_illegal: ``"count"`` or ``"error"``, see above.
        render_mode: None or ``"rgb_array"``.
        layout: Of the observation, see above.
        ignitions: ``"uniform"`` draws them evenly over the burnable cells; numbers (H, W) are relative weights to
            draw with; integers (n, 2) are points (row, column), the same in every episode, and ``"all"`` is every
            burnable cell: an expectation without sampling noise, at some fifty milliseconds a step. A list of arrays
            gives one for each landscape. Weights of cells that cannot burn are left out; points that cannot burn
            move to the nearest cell that can, with a warning.
        simulator: ``"travel-time"``, or ``"pyretechnics"`` for the optional oracle (`make oracle`): the level set of
            that library in a process of its own, thousands of times slower, 30 s at most for a fire.
        num_threads: Threads that share the fires of a step. Keep to 1 in a worker of a pool, lest workers times
            threads exceed the cores.

    Raises:
        ValueError: An argument out of its range, or landscapes of different shapes.
        SimulationError: Ignitions that are none, or an oracle that is not there.

    Version history:
        v1: `layout`, `ignitions`, weather scenarios, `simulator`, `num_threads`; ``info["weather"]``. With the
            arguments of v0 episodes are those of v0, byte for byte.
        v0: the first. Still registered, as the same class.
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
        weather: Weather | Sequence[Weather] | Literal["legacy"] | None = None,
        max_steps: int | None = None,
        on_illegal: OnIllegal = "count",
        render_mode: str | None = None,
        layout: LayoutName = "legacy",
        ignitions: Ignitions = "uniform",
        simulator: SimulatorName = "travel-time",
        num_threads: int = 1,
    ) -> None:
        landscapes = as_landscapes(raster)
        rules = episode_rules(break_budget, break_step, num_simulations, max_steps, on_illegal, layout)
        self._rules, self.layout, self.on_illegal = rules, rules.layout, rules.on_illegal
        self.break_budget, self.break_step = rules.break_budget, rules.break_step
        self.num_simulations, self.max_steps = rules.num_simulations, rules.max_steps
        self.render_mode = one_of("render_mode", render_mode, None, "rgb_array")
        one_of("simulator", simulator, "travel-time", "pyretechnics")
        if rules.observes_fires and simulator != "travel-time":
            raise ValueError(
                f"layout {layout!r} needs simulator='travel-time': {simulator} has no fire trees"
            )
        self._source = ignition_source(ignitions, landscapes)
        num_threads = at_least_one("num_threads", num_threads)
        self._scenes = Scenes(landscapes, as_days(weather), layout, simulator, num_threads)

        shape = landscapes[0].shape
        self.observation_space = rules.observation_space(shape)
        self.action_space = gym.spaces.MultiBinary(math.prod(shape))
        self._first_seed = seed
        self._needs_reset = True

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """Start an episode: draw landscape, weather and ignitions, and burn the fires without breaks.

        Args:
            seed: Seed of the generator; the same seed gives the same episode.
            options: ``{"landscape": i, "weather": j}`` chooses by number what would be drawn; either may be left out.

        Returns:
            The observation without breaks, and the info that the class describes.

        Raises:
            ValueError: Other options, or a number that there is not.
        """
        if seed is None and self._first_seed is not None:
            seed, self._first_seed = self._first_seed, None
        super().reset(seed=seed)
        wanted = options or {}
        landscape = chosen_number("landscape", len(self._scenes.landscapes), wanted, self.np_random)
        self._select(landscape, chosen_number("weather", len(self._scenes.days), wanted, self.np_random))
        self._light(self._source.ignitions(self._landscape, landscape, self.num_simulations, self.np_random))
        self._steps = 0
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
        wanted = wanted_cells(action, self.action_space.shape)
        standing = int(self._breaks.sum())
        cells, illegal, clipped = self._rules.place(wanted, self.action_masks(), standing, self.np_random)
        before = self._burned
        self._place(cells)
        self._steps += 1
        reward = (before - self._burned) / self._burned_at_reset
        info = self._info(new_cells=int(cells.size), illegal_cells=illegal, clipped_cells=clipped)
        ended = self._rules.ends(info["breaks"], info["action_mask"].any(), self._steps)
        terminated, truncated = (bool(each) for each in ended)
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
        self._need_episode("render")
        return render_landscape(self._landscape, self._breaks, self._fires.burn_probability)

    def action_masks(self) -> npt.NDArray[np.bool_]:
        """bool (H*W,): True where a break is legal now.

        Raises:
            ResetNeeded: No episode was ever started; likewise in `render` and `snapshot`.
        """
        self._need_episode("action_masks")
        legal: npt.NDArray[np.bool_] = (self._burnable & ~self._breaks).reshape(-1)
        return legal

    def close(self) -> None:
        """End the process of the oracle, where there is one."""
        self._scenes.close()

    def snapshot(self) -> bytes:
        """The episode's state in about a kilobyte: what `restore` needs to go on as if nothing had happened."""
        self._need_episode("snapshot")
        state = {
            "landscape": self._numbers[0],
            "weather": self._numbers[1],
            "ignitions": self._ignitions.tolist() if self._source.is_drawn else None,
            "breaks": np.packbits(self._breaks).tobytes().hex(),
            "steps": self._steps,
            "needs_reset": self._needs_reset,
            "generator": self.np_random.bit_generator.state,
        }
        return json.dumps(state).encode()

    def restore(self, snapshot: bytes) -> None:
        """Take up the episode that `snapshot` returned, here or in another process with the same arguments and budget.

        Raises:
            ValueError: It is no snapshot, or one of an environment with other arguments.
        """
        state = json.loads(bytes(snapshot))
        packed = np.frombuffer(bytes.fromhex(state["breaks"]), dtype=np.uint8)
        self._check_snapshot(state, packed.size)
        self._select(state["landscape"], state["weather"])
        self.np_random.bit_generator.state = state["generator"]
        if state["ignitions"] is None:
            self._light(self._source.ignitions(self._landscape, state["landscape"], 0, self.np_random))
        else:
            self._light(np.asarray(state["ignitions"], dtype=np.int64).reshape(-1, 2))
        self._place(np.flatnonzero(np.unpackbits(packed, count=self._breaks.size)))
        self._steps = state["steps"]
        self._needs_reset = state["needs_reset"]
        self._first_seed = None

    @property
    def episode_budget(self) -> tuple[int, int]:
        """`break_budget` and `break_step`; set between episodes, they are those of the next one; `max_steps` stays."""
        return self.break_budget, self.break_step

    @episode_budget.setter
    def episode_budget(self, budget: tuple[int, int]) -> None:
        self._rules = self._rules.with_budget(*budget)
        self.break_budget, self.break_step = self._rules.break_budget, self._rules.break_step

    @property
    def episode_state(self) -> bytes:
        """The episode's state as an attribute, so that a vector environment can get and set it for all at once."""
        return self.snapshot()

    @episode_state.setter
    def episode_state(self, snapshot: bytes) -> None:
        self.restore(snapshot)

    def _need_episode(self, method: str) -> None:
        if not hasattr(self, "_fires"):
            raise ResetNeeded(f"FuelBreakEnv.{method}() before the first episode: call reset() first")

    def _check_snapshot(self, state: dict[str, Any], num_bytes: int) -> None:
        """Refuse an episode that cannot have been played here."""
        cells = math.prod(self._scenes.landscapes[0].shape)
        ours = len(self._scenes.landscapes), len(self._scenes.days), math.ceil(cells / 8)
        theirs = state["landscape"], state["weather"], num_bytes - 1
        if any(number >= count for number, count in zip(theirs, ours, strict=True)) or num_bytes != ours[2]:
            raise ValueError(
                f"the snapshot is of landscape {theirs[0]} and weather {theirs[1]} with {8 * num_bytes} cells or a few "
                f"less; here are {ours[0]} landscapes of {cells} cells and {ours[1]} weathers: restore "
                "it in an environment with the same arguments"
            )

    def _select(self, landscape: int, day: int) -> None:
        self._numbers = landscape, day
        self._scene = self._scenes.get(landscape, day)
        self._landscape = self._scene.landscape
        self._burnable = self._landscape.burnable

    def _light(self, ignitions: npt.NDArray[np.int64]) -> None:
        """Burn fires without breaks."""
        self._ignitions = ignitions
        self._fires = self._scene.light(ignitions)
        self._breaks = np.zeros(self._landscape.shape, dtype=bool)
        self._burned = self._burned_at_reset = float(self._fires.burned.mean())

    def _place(self, cells: npt.NDArray[np.int64]) -> None:
        """Build breaks and let the fires go around them; where the simulator fails nothing has changed."""
        places = np.stack(np.divmod(cells, self._breaks.shape[1]), axis=1)
        self._burned = float(self._fires.add_breaks(places).mean())
        self._breaks[tuple(places.T)] = True

    def _observation(self) -> Observation:
        observation = with_breaks(self._scene.base, self._breaks, self.break_budget, self.layout)
        if not self._rules.observes_fires:
            return observation
        through = self._scene.downstream_cells(self._ignitions, self._breaks) / self._burned_at_reset
        return with_fires(observation, self._fires.burn_probability, through)

    def _info(self, **counts: int) -> dict[str, Any]:
        return {
            "burned": self._burned,
            "burned_area_ha": self._burned * self._landscape.cell_area_ha,
            "new_cells": 0,
            "illegal_cells": 0,
            "clipped_cells": 0,
            "breaks": int(self._breaks.sum()),
            "landscape": self._numbers[0],
            "weather": self._numbers[1],
            "action_mask": self.action_masks().astype(np.int8),
        } | counts
