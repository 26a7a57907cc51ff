"""Showing a learner how: a plan of `fuelbreak.plans` is played, step by step, through the learner's own environments.

Hester et al. (2018), "Deep Q-learning from demonstrations": what a demonstrator did is stored as transitions with the
rewards that the environment really gave, and beside the TD loss a second one holds the values of what was shown above
all others. Here an action is a set of k cells, and a plan says which cells to take, but not in which order: the order
in which the network builds what the plan wants is left to it. Two losses say so:

- "likelihood": cells are drawn one at a time with probabilities exp(q / temperature) over the legal ones (Boltzmann's
  policy of the values); the loss is how far these are (in Kullback and Leibler's divergence) from drawing evenly from
  the cells that the plan still has to place.
- "margin": the large margin of the paper, over sets,

      max over sets A of k legal cells    of  Q(s, A) + margin * |cells of A outside of the plan|
      - max over sets B of k cells of the plan that are still to be placed  of  Q(s, B)

  which is zero where the k cells that the network takes are all of the plan and lie above all others by the margin.
  Since the value of a set is the sum over its cells, both maxima are sums of the k highest values (a structured hinge
  loss with a latent order: Yu and Joachims 2009, "Learning structural SVMs with latent variables").

The margin looks at no more than 2 k cells of a state, the likelihood at all of them. k is that of the whole budget,
also where a smaller one is spent in smaller steps.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from fuelbreak.dqn.budgets import EpisodeBudget
from fuelbreak.fire.threads import usable_cores
from fuelbreak.fire.weather import Weather
from fuelbreak.landscape import Landscape
from fuelbreak.plans import PLANS

__all__ = ["Demonstrator", "likelihood_loss", "margin_loss"]

IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]


class Demonstrator:
    """Plays a plan, k cells a step, in an order drawn for each episode.

    A scene (`Scenery`: a landscape and what may be spent on it) has one plan, whatever the episode: of several that are
    equally good a network that sees one value a cell would learn the mean, which is none of them. Nothing else is kept
    between steps: what it does follows from the seed, the scene and the breaks that stand, so that a run that is taken
    up again goes on as it would have.

    Args:
        landscapes: All that may be played on.
        plan: A name in `fuelbreak.plans.PLANS`.
        weather: Of the episodes' fires.
        budgets: Of the episodes.

    Raises:
        ValueError: There is no plan of that name.
    """

    def __init__(
        self, landscapes: Sequence[Landscape], plan: str, weather: Weather, budgets: Sequence[EpisodeBudget]
    ) -> None:
        if plan not in PLANS:
            raise ValueError(f"there is no plan {plan!r} to demonstrate; choose one of {list(PLANS)}")
        self._landscapes, self._plan, self._weather = landscapes, PLANS[plan], weather
        self._budgets = budgets
        self._planned: dict[int, IntArray] = {}

    def prepare(self, scenes: npt.NDArray[np.integer]) -> None:
        """Make the plans of some scenes (numbers) that are still missing, on all cores."""
        missing = [scene for scene in np.unique(scenes).tolist() if scene not in self._planned]
        with ThreadPoolExecutor(usable_cores(), thread_name_prefix="demonstrate") as pool:
            self._planned.update(zip(missing, pool.map(self._cells, missing), strict=True))

    def actions(self, scenes: npt.NDArray[np.integer], breaks: BoolArray, seed: int) -> npt.NDArray[np.int8]:
        """The next cells of each plan, as many as a step of its budget has.

        Args:
            scenes: int (N,), which one each environment is in.
            breaks: bool (N, H*W), what stands there.
            seed: Of the episode: of the order.

        Returns:
            int8 (N, H*W), 1 at the cells to build; fewer where the plan has no more.
        """
        self.prepare(scenes)
        actions = np.zeros(breaks.shape, dtype=np.int8)
        for row, scene in enumerate(scenes.tolist()):
            order = np.random.default_rng([seed, scene]).permutation(self._planned[scene])
            at_once = self._budgets[scene // len(self._landscapes)].step
            actions[row, order[~breaks[row, order]][:at_once]] = 1
        return actions

    def _cells(self, scene: int) -> IntArray:
        budget, landscape = divmod(scene, len(self._landscapes))
        return np.flatnonzero(
            self._plan(self._landscapes[landscape], self._weather, self._budgets[budget].breaks)
        )


def likelihood_loss(values: Tensor, legal: Tensor, wanted: Tensor, temperature: float) -> Tensor:
    """The likelihood loss of the module's description, mean over the states.

    Args:
        values: float (N, H*W), of each cell.
        legal: bool (N, H*W), where a break may be placed.
        wanted: bool (N, H*W), cells that the demonstrator placed from here on, all legal.
        temperature: Of the policy, in values of a cell, more than 0.

    Returns:
        Scalar, 0 or more, with a gradient to `values`. States in which nothing was wanted add nothing.
    """
    weights = wanted / wanted.sum(dim=1, keepdim=True).clamp(min=1)
    odds = (values / temperature).masked_fill(~legal, torch.finfo(values.dtype).min)
    surprise = (torch.xlogy(weights, weights) - weights * odds.log_softmax(dim=1)).masked_fill(~wanted, 0.0)
    return surprise.sum(dim=1).mean()


def margin_loss(values: Tensor, legal: Tensor, wanted: Tensor, k: int, margin: float) -> Tensor:
    """The large-margin loss of the module's description, mean over the states.

    Args:
        values: float (N, H*W), of each cell.
        legal: bool (N, H*W), where a break may be placed.
        wanted: bool (N, H*W), cells that the demonstrator placed from here on, all legal.
        k: Cells in a step.
        margin: By which each wanted cell shall lie above every other.

    Returns:
        Scalar, 0 or more, with a gradient to `values`. States in which nothing was wanted add nothing.
    """
    k = min(k, values.shape[1])
    count = wanted.sum(dim=1, keepdim=True).clamp(max=k)
    place = count.new_tensor(range(k)).unsqueeze(0)
    shown = values.masked_fill(~wanted, -float("inf")).topk(k, dim=1).values
    rivals = (values + margin * (~wanted)).masked_fill(~legal, -float("inf")).topk(k, dim=1).values
    taken = place < count
    return (rivals.masked_fill(~taken, 0.0) - shown.masked_fill(~taken, 0.0)).sum(dim=1).mean()
