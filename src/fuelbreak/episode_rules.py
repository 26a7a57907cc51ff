"""The rules of an episode, said once for every environment: one that is stepped alone, or thousands as tensors."""

from __future__ import annotations

import dataclasses
import math
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import gymnasium as gym
import numpy as np
import numpy.typing as npt

from fuelbreak.env_arguments import at_least_one, one_of
from fuelbreak.errors import ActionError
from fuelbreak.observation import LayoutName, layout_of

__all__ = ["EpisodeRules", "OnIllegal", "Placement", "chosen_number", "episode_rules", "wanted_cells"]

Mask = npt.NDArray[np.bool_]
OnIllegal = Literal["count", "error"]

_STEPS_PER_BUDGET = 25
_OPTIONS = ("landscape", "weather")


class Placement(NamedTuple):
    """What an action comes to.

    Attributes:
        cells: int64 (n,), numbers of the cells on which a break is built.
        illegal: How many cells were wanted that do not burn or hold a break.
        clipped: How many legal ones more than there was room for.
    """

    cells: npt.NDArray[np.int64]
    illegal: int
    clipped: int


@dataclass(frozen=True)
class EpisodeRules:
    """An environment's arguments as far as they bind an episode; `FuelBreakEnv` says what each means.

    Attributes:
        break_budget: Breaks in an episode.
        break_step: Breaks in a step.
        num_simulations: Fires, where ignitions are drawn.
        max_steps: Step limit.
        on_illegal: What becomes of cells that may not be chosen.
        layout: Of the observation.
    """

    break_budget: int
    break_step: int
    num_simulations: int
    max_steps: int
    on_illegal: OnIllegal
    layout: LayoutName

    def with_budget(self, break_budget: int, break_step: int) -> EpisodeRules:
        """The same rules for another budget; the step limit stays.

        Raises:
            ValueError: One of them is less than 1.
        """
        return dataclasses.replace(
            self,
            break_budget=at_least_one("break_budget", break_budget),
            break_step=at_least_one("break_step", break_step),
        )

    @property
    def observes_fires(self) -> bool:
        """Whether the observation shows the episode's fires."""
        return layout_of(self.layout).fire_channels is not None

    def observation_space(self, shape: tuple[int, int]) -> gym.Space[npt.NDArray[np.float32]]:
        """The space of one environment's observations on landscapes of this shape."""
        chosen = layout_of(self.layout)
        return gym.spaces.Box(chosen.low, chosen.high, (chosen.num_channels, *shape), np.float32)

    def place(self, wanted: Mask, legal: Mask, breaks: int, rng: np.random.Generator) -> Placement:
        """Choose the cells that an action builds on.

        Args:
            wanted: bool (H*W,).
            legal: bool (H*W,).
            breaks: How many stand already.
            rng: Asked only where more legal cells are wanted than there is room for.

        Returns:
            The cells, and what was left out.

        Raises:
            ActionError: Something would be left out, and `on_illegal` is "error".
        """
        cells = np.flatnonzero(wanted & legal)
        illegal = int(np.count_nonzero(wanted)) - cells.size
        room = min(self.break_step, self.break_budget - breaks)
        clipped = max(0, cells.size - room)
        if self.on_illegal == "error" and (illegal or clipped):
            raise ActionError(
                f"{illegal} cells do not burn or hold a break, and {clipped} are more than the {room} that this "
                "step may place; choose among info['action_mask']"
            )
        if clipped:
            cells = rng.choice(cells, size=room, replace=False)
        return Placement(cells, illegal, clipped)

    def ends(
        self, breaks: npt.ArrayLike, has_legal: npt.ArrayLike, steps: npt.ArrayLike
    ) -> tuple[Mask, Mask]:
        """Whether episodes are terminated, and whether truncated; for one or, with arrays, for many."""
        terminated = (np.asarray(breaks) >= self.break_budget) | ~np.asarray(has_legal, dtype=bool)
        return terminated, ~terminated & (np.asarray(steps) >= self.max_steps)


def episode_rules(
    break_budget: int,
    break_step: int | None,
    num_simulations: int,
    max_steps: int | None,
    on_illegal: OnIllegal,
    layout: LayoutName,
) -> EpisodeRules:
    """Read an environment's arguments; None stands for the defaults that `FuelBreakEnv` documents.

    Raises:
        ValueError: An argument out of its range.
    """
    budget = at_least_one("break_budget", break_budget)
    step = at_least_one(
        "break_step", math.ceil(budget / _STEPS_PER_BUDGET) if break_step is None else break_step
    )
    layout_of(layout)
    return EpisodeRules(
        budget,
        step,
        at_least_one("num_simulations", num_simulations),
        at_least_one("max_steps", 2 * math.ceil(budget / step) if max_steps is None else max_steps),
        one_of("on_illegal", on_illegal, "count", "error"),
        layout,
    )


def chosen_number(
    what: Literal["landscape", "weather"], count: int, options: Mapping[str, Any], rng: np.random.Generator
) -> int:
    """Which landscape or weather an episode is played on: by the options of its reset, or drawn.

    The landscape is drawn even where it is chosen or the only one, as in v0: what is drawn next stays the same.

    Args:
        what: Which of the two.
        count: How many there are.
        options: Of the reset.
        rng: Of the environment.

    Returns:
        A number below `count`.

    Raises:
        ValueError: Unknown options, or a number that there is not.
    """
    if unknown := sorted(set(options) - set(_OPTIONS)):
        raise ValueError(f"options {unknown} are unknown; known are 'landscape' and 'weather'")
    number = int(rng.integers(count)) if what == "landscape" or count > 1 else 0
    if options.get(what) is not None:
        number = int(options[what])
    if not 0 <= number < count:
        raise ValueError(f"options[{what!r}] is {number}, but there are {count}: give 0 to {count - 1}")
    return number


def wanted_cells(action: npt.ArrayLike, shape: tuple[int, ...] | None) -> Mask:
    """Where an action, or one for each environment, wants a break.

    Args:
        action: 0 and 1, int8; another dtype with a warning.
        shape: What it must have.

    Returns:
        bool of that shape.

    Raises:
        ActionError: Another shape, or other values.
    """
    try:
        values = np.asarray(action)
    except ValueError as error:
        raise ActionError(f"the action is no array: {error}") from error
    if values.shape != shape:
        raise ActionError(
            f"the action has shape {values.shape}, expected {shape}: one value a cell, row by row, 1 where a break is "
            "wanted"
        )
    wanted: Mask = values == 1
    if not np.all(wanted | (values == 0)):
        raise ActionError(
            f"the action holds values other than 0 and 1 (dtype {values.dtype}); give 1 where a break is wanted"
        )
    if values.dtype != np.int8:
        warnings.warn(
            f"action of dtype {values.dtype} read as int8; build it with dtype=np.int8", stacklevel=3
        )
    return wanted
