"""`Learner`: everything that changes while the agent learns, in one place that can be saved and taken up again."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional

from fuelbreak.dqn.agent import double_dqn_targets, epsilon_greedy, set_values
from fuelbreak.dqn.demonstrations import likelihood_loss, margin_loss
from fuelbreak.dqn.network import QNetwork
from fuelbreak.dqn.precision import forward_of
from fuelbreak.dqn.priorities import Priorities
from fuelbreak.dqn.replay import Batch, ReplayMemory
from fuelbreak.dqn.scenery import Scenery
from fuelbreak.dqn.settings import LearnerSettings
from fuelbreak.dqn.symmetries import can_turn, turned_batch, ways_of
from fuelbreak.errors import CheckpointError
from fuelbreak.landscape import Landscape
from fuelbreak.observation import layout_of

__all__ = ["Learner", "Update"]

IntArray = npt.NDArray[np.int64]

_LAST_RATE = 0.05


class Update(NamedTuple):
    """What one optimizer step showed.

    Attributes:
        td_loss: Huber loss of the values.
        q_value: Mean value of the actions in the batch.
        imitation_loss: Of the demonstrated ones; NaN where there were none.
    """

    td_loss: float
    q_value: float
    imitation_loss: float


class _Drawn(NamedTuple):
    """A batch: first what was demonstrated, then what the network did itself.

    Attributes:
        batch: All of it.
        shown: How many were demonstrated.
        rows: Where the others stand in the memory.
        weights: float32 (N,), of their losses.
    """

    batch: Batch
    shown: int
    rows: IntArray
    weights: Tensor


class Learner:
    """The network, its target and its optimizer, and the memories that they learn from.

    What is demonstrated has a memory of its own, as in Paine et al. (2019), "Making efficient use of demonstrations to
    solve hard exploration problems": it is never overwritten, its share of a batch can be chosen, and its
    returns are added up to the end of the episode, so that they are known and not estimated.

    Args:
        settings: As `LearnerSettings` says.
        landscapes: All that transitions may come from.
        device: Where the networks live.
        demonstrated: Transitions that will be demonstrated at most.
    """

    def __init__(
        self, settings: LearnerSettings, landscapes: Sequence[Landscape], device: str, demonstrated: int = 0
    ) -> None:
        self.settings, self.device = settings, device
        channels = layout_of(settings.layout).num_channels
        self.network = QNetwork(channels).to(device)
        self.target = QNetwork(channels).to(device)
        self.target.load_state_dict(self.network.state_dict())
        self._online, self._slow = (
            forward_of(network, device, settings.precision, settings.compile_network)
            for network in (self.network, self.target)
        )
        self.optimizer = torch.optim.Adam(self.network.parameters(), lr=settings.learning_rate)
        scenery = Scenery(landscapes, settings.layout, settings.budgets)
        self._budgets = np.array(settings.budgets)
        self.memory = self._memory(settings.buffer_cap, scenery, settings.n_step)
        whole_episode = -(-settings.budget // settings.break_step)
        self.shown = self._memory(demonstrated, scenery, whole_episode) if demonstrated else None
        self.priorities = (
            Priorities(settings.buffer_cap, seed=settings.seed) if settings.prioritized else None
        )
        self.rng = np.random.default_rng(settings.seed)
        self.updates = 0
        self._ways = ways_of(scenery.shape)
        self._turns = settings.symmetries and can_turn(settings.layout)

    def choose(
        self, observations: npt.NDArray[np.float32], epsilon: float, budgets: IntArray | None = None
    ) -> npt.NDArray[np.int8]:
        """Actions, as `epsilon_greedy` chooses them.

        Args:
            observations: float32 (N, C, H, W).
            epsilon: Share of them that are acted on at random.
            budgets: int64 (N,), which of the settings' budgets each has; None = the first.

        Returns:
            int8 (N, H*W).
        """
        settings = self.settings
        breaks, step = self._budgets[np.zeros(len(observations), np.int64) if budgets is None else budgets].T
        return epsilon_greedy(
            self._online,
            observations,
            step,
            epsilon,
            self.rng,
            self.device,
            layout=settings.layout,
            budget=breaks,
        )

    def remember(
        self,
        scene: IntArray,
        obs: npt.NDArray[np.float32],
        action: npt.NDArray[np.int8],
        reward: npt.NDArray[np.float64],
        next_obs: npt.NDArray[np.float32],
        terminated: npt.NDArray[np.bool_],
        *,
        envs: IntArray,
        truncated: npt.NDArray[np.bool_],
        is_shown: bool = False,
    ) -> None:
        """Store what environments returned, as `ReplayMemory.push_batch` does, or as a demonstration."""
        memory = self.shown if is_shown and self.shown is not None else self.memory
        stored = memory.push_batch(
            scene, obs, action, reward, next_obs, terminated, envs=envs, truncated=truncated
        )
        if self.priorities is not None and memory is self.memory:
            self.priorities.add(memory.newest(stored))

    def anneal(self, progress: float) -> None:
        """Set the learning rate of a part of the run, 0 to 1 (Loshchilov and Hutter 2017)."""
        share = _LAST_RATE + (1.0 - _LAST_RATE) * 0.5 * (1.0 + math.cos(math.pi * progress))
        for group in self.optimizer.param_groups:
            group["lr"] = self.settings.learning_rate * share

    def end_episodes(self) -> None:
        """What is remembered next begins anew."""
        for memory in (self.memory, self.shown):
            if memory is not None:
                memory.break_links()

    def learn(self, shown_share: float = 0.0) -> list[Update]:
        """Make the optimizer steps that belong to one vector step.

        Args:
            shown_share: Of each batch, what is taken from the demonstrations, if there are any.
        """
        known = len(self.memory) + (len(self.shown) if self.shown is not None else 0)
        if known < self.settings.learning_starts:
            return []
        return [self.update(shown_share) for _ in range(self.settings.updates_per_step)]

    def update(self, shown_share: float = 0.0) -> Update:
        """Make one optimizer step; the argument is that of `learn`."""
        settings = self.settings
        parts: list[Update] = []
        self.optimizer.zero_grad()
        for _ in range(settings.gradient_accumulation_steps):
            loss, part = self._loss(self._draw(shown_share))
            (loss / settings.gradient_accumulation_steps).backward()  # type: ignore[no-untyped-call]
            parts.append(part)
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 10.0)
        self.optimizer.step()
        self.updates += 1
        if self.updates % settings.target_network_frequency == 0:
            self.target.load_state_dict(self.network.state_dict())
        return Update(*np.mean(parts, axis=0).tolist())

    def _loss(self, drawn: _Drawn) -> tuple[Tensor, Update]:
        """TD loss of a batch, and imitation loss of its demonstrated part."""
        settings, (batch, shown, rows, weights) = self.settings, drawn
        values = self._online(batch.obs)
        q_values = set_values(values, batch.action)
        wanted = double_dqn_targets(self._online, self._slow, batch, settings.break_step, settings.gamma)
        td_loss = functional.smooth_l1_loss(q_values, wanted, reduction="none")
        loss, imitation = (weights * td_loss).mean(), math.nan
        if shown:
            held = self._imitation(values[:shown], batch.mask[:shown], batch.later[:shown])
            loss = loss + settings.imitation_weight * held * (shown / len(weights))
            imitation = float(held.detach())
        if self.priorities is not None and len(rows):
            self.priorities.update(rows, (wanted - q_values)[shown:].detach().cpu().numpy())
        return loss, Update(float(td_loss.detach().mean()), float(q_values.detach().mean()), imitation)

    def _imitation(self, values: Tensor, legal: Tensor, wanted: Tensor) -> Tensor:
        """How far values are from what was demonstrated, as the settings measure it."""
        settings = self.settings
        if settings.imitation == "margin":
            return margin_loss(values, legal, wanted, settings.break_step, settings.margin)
        return likelihood_loss(values, legal, wanted, settings.temperature)

    def _draw(self, shown_share: float) -> _Drawn:
        """A batch, of which a share was demonstrated, each transition seen from a side of its own."""
        size = self.settings.batch_size
        shown = self._shown_count(shown_share)
        parts, weights, rows = [], np.ones(size, np.float32), np.zeros(0, np.int64)
        if shown and self.shown is not None:
            parts.append(self.shown.batch(self.shown.draw(shown), self.device, look_ahead=True))
        if shown < size:
            rows, weights[shown:] = self._draw_own(size - shown)
            parts.append(self.memory.batch(rows, self.device))
        batch = Batch(*(torch.cat(columns) for columns in zip(*parts, strict=True)))
        if self._turns:
            batch = turned_batch(batch, self.rng.choice(self._ways, size), self.settings.layout)
        return _Drawn(batch, shown, rows, torch.from_numpy(weights).to(self.device))

    def _shown_count(self, share: float) -> int:
        """How many of a batch are demonstrated: all of them where there is nothing else yet."""
        if self.shown is None or len(self.shown) == 0:
            return 0
        return self.settings.batch_size if len(self.memory) == 0 else round(share * self.settings.batch_size)

    def _draw_own(self, count: int) -> tuple[IntArray, npt.NDArray[np.float32]]:
        """Rows of the memory and the weights of their losses."""
        if self.priorities is None:
            return self.memory.draw(count), np.ones(count, np.float32)
        return self.priorities.draw(count, len(self.memory))

    def _memory(self, capacity: int, scenery: Scenery, n_step: int) -> ReplayMemory:
        seed, gamma = self.settings.seed, self.settings.gamma
        return ReplayMemory(capacity, scenery, seed=seed, n_step=n_step, gamma=gamma)

    def state_dict(self) -> dict[str, Any]:
        """Everything that a resumed run needs besides the network's weights."""
        state = {
            "layout": self.settings.layout,
            "budgets": self._budgets.tolist(),
            "target": self.target.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "memory": self.memory.state_dict(),
            "rng": self.rng.bit_generator.state,
            "torch_rng": torch.get_rng_state(),
            "updates": self.updates,
        }
        if self.shown is not None:
            state["shown"] = self.shown.state_dict()
        if self.priorities is not None:
            state["priorities"] = self.priorities.state_dict(len(self.memory))
        return state

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take over a checkpoint.

        Raises:
            CheckpointError: Its transitions are of other budgets, so that what was seen could not be rebuilt.
        """
        if state["budgets"] != self._budgets.tolist():
            raise CheckpointError(
                f"the checkpoint is of episodes with {state['budgets']} breaks and breaks a step, not "
                f"{self._budgets.tolist()}; resume without --budget, --break-step, --budget-shares and --layout"
            )
        self.network.load_state_dict(state["network"])
        self.target.load_state_dict(state["target"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.memory.load_state_dict(state["memory"])
        if self.shown is not None:
            self.shown.load_state_dict(state["shown"])
        if self.priorities is not None:
            self.priorities.load_state_dict(state["priorities"])
        self.rng.bit_generator.state = state["rng"]
        torch.set_rng_state(state["torch_rng"].cpu())
        self.updates = state["updates"]
