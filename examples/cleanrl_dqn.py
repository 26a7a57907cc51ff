"""DQN in one file, read top to bottom, in the style of CleanRL (Huang et al. 2022, JMLR 23); the words are ours.

    python examples/cleanrl_dqn.py --total-timesteps 20000 --num-envs 4

An action places several breaks at once. The network gives every cell a value; a set of cells is worth the sum of its
cells' values, so that the best set is made of the best legal cells, and exploring means drawing legal cells. The
environment is used as it is: `gym.make`, `info["action_mask"]`, and the pieces from which an observation is rebuilt, so
that the memory holds a bit a cell instead of forty kilobytes an observation.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import gymnasium as gym
import numpy as np
import numpy.typing as npt
import torch
import tyro
from torch import nn
from torch.nn import functional
from torch.utils.tensorboard import SummaryWriter

from fuelbreak.fire.weather import Weather
from fuelbreak.landscape import Landscape
from fuelbreak.observation import LAYOUTS, base_observation, break_mask, legal_cells, with_breaks
from fuelbreak.synthetic import generate_set

LAYOUT = "full"


@dataclass
class Args:
    """What can be set on the command line."""

    total_timesteps: int = 20_000
    """Environment steps, all environments together."""
    num_envs: int = 4
    landscapes: int = 8
    """Synthetic landscapes to train on."""
    size: int = 50
    """Cells along each side of a landscape."""
    break_budget: int = 50
    break_step: int = 10
    num_simulations: int = 20
    """Fires of an episode."""
    buffer_size: int = 50_000
    batch_size: int = 32
    learning_starts: int = 500
    learning_rate: float = 3e-4
    gamma: float = 1.0
    """With 1 the return is the share of the burned area that the breaks save."""
    target_network_frequency: int = 200
    """Updates between copies of the network to its target."""
    start_e: float = 1.0
    end_e: float = 0.05
    exploration_fraction: float = 0.5
    seed: int = 1
    run_dir: Path = Path("runs")


class QNetwork(nn.Module):
    """A value for every cell, from what lies within some ten cells around it and from the landscape's mean."""

    def __init__(self, channels: int, width: int = 32) -> None:
        super().__init__()
        self.near = nn.Sequential(
            nn.Conv2d(channels, width, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(width, width, 3, padding=2, dilation=2),
            nn.ReLU(),
            nn.Conv2d(width, width, 3, padding=4, dilation=4),
            nn.ReLU(),
        )
        self.value = nn.Conv2d(2 * width, 1, 1)

    def forward(self, observations: torch.Tensor) -> torch.Tensor:
        """Values (N, H*W) of observations (N, C, H, W)."""
        near = self.near(observations)
        everywhere = near.mean(dim=(2, 3), keepdim=True).expand_as(near)
        values: torch.Tensor = self.value(torch.cat([near, everywhere], dim=1))
        return values.flatten(1)


class ReplayBuffer:
    """Transitions as landscape numbers and break masks; observations are rebuilt, exactly, when they are drawn."""

    def __init__(self, args: Args, landscapes: list[Landscape]) -> None:
        self.args, shape = args, landscapes[0].shape
        self.bases = np.stack([base_observation(land, Weather(), LAYOUT) for land in landscapes])
        self.landscape = np.zeros(args.buffer_size, np.int64)
        self.before = np.zeros((args.buffer_size, *shape), np.bool_)
        self.after = np.zeros((args.buffer_size, *shape), np.bool_)
        self.reward = np.zeros(args.buffer_size, np.float32)
        self.terminated = np.zeros(args.buffer_size, np.float32)
        self.count = 0

    def add(
        self, landscape: int, obs: np.ndarray, reward: float, next_obs: np.ndarray, terminated: bool
    ) -> None:
        """Store one transition."""
        at = self.count % self.args.buffer_size
        shape = self.before.shape[1:]
        self.landscape[at] = landscape
        self.before[at] = break_mask(obs, LAYOUT).reshape(shape)
        self.after[at] = break_mask(next_obs, LAYOUT).reshape(shape)
        self.reward[at], self.terminated[at] = reward, terminated
        self.count += 1

    def sample(self, rng: np.random.Generator) -> dict[str, torch.Tensor]:
        """A batch of rebuilt transitions."""
        rows = rng.integers(min(self.count, self.args.buffer_size), size=self.args.batch_size)
        base, budget = self.bases[self.landscape[rows]], self.args.break_budget
        next_obs = with_breaks(base, self.after[rows], budget, LAYOUT)
        arrays = {
            "obs": with_breaks(base, self.before[rows], budget, LAYOUT),
            "placed": (self.after[rows] & ~self.before[rows]).reshape(len(rows), -1).astype(np.float32),
            "next_obs": next_obs,
            "next_legal": legal_cells(next_obs, LAYOUT),
            "reward": self.reward[rows],
            "terminated": self.terminated[rows],
        }
        return {name: torch.from_numpy(array) for name, array in arrays.items()}


def best_legal(values: torch.Tensor, legal: torch.Tensor, k: int) -> torch.return_types.topk:
    """The k highest values among legal cells; -inf fills up where there are fewer."""
    return values.masked_fill(~legal, -torch.inf).topk(k, dim=1)


def choose(
    network: QNetwork, obs: np.ndarray, legal: np.ndarray, epsilon: float, k: int, rng: np.random.Generator
) -> npt.NDArray[np.int8]:
    """The k best legal cells of each row, or k drawn ones with probability epsilon."""
    scores = torch.from_numpy(rng.random(legal.shape).astype(np.float32))
    greedy = torch.from_numpy(rng.random(len(obs)) >= epsilon)
    if greedy.any():
        with torch.no_grad():
            scores[greedy] = network(torch.from_numpy(obs))[greedy]
    best = best_legal(scores, torch.from_numpy(legal), k)
    actions = torch.zeros(legal.shape, dtype=torch.int8)
    actions.scatter_(1, best.indices, best.values.isfinite().to(torch.int8))
    return actions.numpy()


def td_loss(online: QNetwork, target: QNetwork, batch: dict[str, torch.Tensor], args: Args) -> torch.Tensor:
    """Huber loss of the placed cells' summed values against reward and the next best set (double DQN)."""
    value = (online(batch["obs"]) * batch["placed"]).sum(dim=1)
    with torch.no_grad():
        best = best_legal(online(batch["next_obs"]), batch["next_legal"], args.break_step)
        future = target(batch["next_obs"]).gather(1, best.indices)
        future = future.masked_fill(best.values.isneginf(), 0.0).sum(dim=1)
        wanted = batch["reward"] + args.gamma * (1.0 - batch["terminated"]) * future
    return functional.smooth_l1_loss(value, wanted)


def main(args: Args) -> None:
    """Train, and write TensorBoard events under the names that CleanRL's readers know."""
    rng = np.random.default_rng(args.seed)
    torch.manual_seed(args.seed)
    landscapes = list(generate_set(args.seed, args.landscapes, args.size))
    envs = gym.vector.SyncVectorEnv(
        [
            lambda: gym.make(
                "fuelbreak:FuelBreak-v1",
                raster=landscapes,
                break_budget=args.break_budget,
                break_step=args.break_step,
                num_simulations=args.num_simulations,
                layout=LAYOUT,
            )
            for _ in range(args.num_envs)
        ]
    )
    writer = SummaryWriter(str(args.run_dir / f"FuelBreak-v1__cleanrl_dqn__{args.seed}__{int(time.time())}"))
    network, target = (QNetwork(LAYOUTS[LAYOUT].num_channels) for _ in range(2))
    target.load_state_dict(network.state_dict())
    optimizer = torch.optim.Adam(network.parameters(), lr=args.learning_rate)
    buffer = ReplayBuffer(args, landscapes)

    obs, infos = envs.reset(seed=args.seed)
    returns, starts_anew, updates = np.zeros(args.num_envs), np.zeros(args.num_envs, bool), 0
    for step in range(0, args.total_timesteps, args.num_envs):
        progress = min(1.0, step / (args.exploration_fraction * args.total_timesteps))
        epsilon = args.start_e + progress * (args.end_e - args.start_e)
        actions = choose(network, obs, infos["action_mask"] == 1, epsilon, args.break_step, rng)
        next_obs, rewards, terminated, truncated, infos = envs.step(actions)
        returns += rewards
        for i in range(args.num_envs):
            if not starts_anew[i]:  # the step after an episode's end only resets: no transition
                buffer.add(infos["landscape"][i], obs[i], rewards[i], next_obs[i], terminated[i])
        starts_anew = terminated | truncated
        for i in np.flatnonzero(starts_anew):
            writer.add_scalar("charts/episodic_return", returns[i], step)
            returns[i] = 0.0
        obs = next_obs

        if buffer.count >= args.learning_starts:
            loss = td_loss(network, target, buffer.sample(rng), args)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            updates += 1
            if updates % args.target_network_frequency == 0:
                target.load_state_dict(network.state_dict())
            if updates % 100 == 1:
                writer.add_scalar("losses/td_loss", loss.item(), step)
                writer.add_scalar("charts/epsilon", epsilon, step)
                print(f"step {step}: loss {loss.item():.5f}, epsilon {epsilon:.2f}", flush=True)
    envs.close()
    writer.close()
    torch.save(network.state_dict(), Path(writer.log_dir) / "network.pt")
    print(f"Events and network.pt in {writer.log_dir}")


if __name__ == "__main__":
    main(tyro.cli(Args))
