"""Stable-Baselines3 on the environment as it is, its workers kept by the process pool.

    pip install stable-baselines3 sb3-contrib
    python examples/sb3_ppo.py --timesteps 100000              PPO: an on/off switch a cell (MultiBinary)
    python examples/sb3_ppo.py --timesteps 100000 --masked     MaskablePPO: one legal cell a step (`action_masks()`)

A policy of 2,500 independent switches starts with half of them on; the environment would draw `break_step` of these,
and the gradient would see mostly that draw. So PPO's switches start at the rate of `break_step` cells a step.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from typing import Any

import gymnasium as gym
import numpy as np
import torch
from stable_baselines3 import PPO
from stable_baselines3.common.monitor import Monitor
from stable_baselines3.common.on_policy_algorithm import OnPolicyAlgorithm

from fuelbreak.env import FuelBreakEnv
from fuelbreak.landscape import Landscape
from fuelbreak.synthetic import generate_set
from stablepool.sb3 import StableSubprocVecEnv

BUDGET = 50


class OneCell(gym.ActionWrapper[Any, Any, Any]):
    """One cell a step as ``Discrete(H*W)``, which MaskablePPO masks by the environment's own `action_masks`."""

    def __init__(self, env: FuelBreakEnv) -> None:
        super().__init__(env)
        self.action_space = gym.spaces.Discrete(env.action_space.n)

    def action(self, action: int) -> np.ndarray:
        """The cell's number as int8 (H*W,)."""
        cells = np.zeros(self.action_space.n, np.int8)
        cells[action] = 1
        return cells

    def action_masks(self) -> np.ndarray:
        """bool (H*W,), True where a break is legal."""
        return self.unwrapped.action_masks()


def env_maker(landscapes: list[Landscape], masked: bool, **changes: Any) -> Callable[[], gym.Env[Any, Any]]:
    """A function that makes an environment of ten steps an episode, or of one cell a step."""

    def make() -> gym.Env[Any, Any]:
        step = 1 if masked else BUDGET // 10
        env = FuelBreakEnv(landscapes, BUDGET, step, num_simulations=20, layout="full", **changes)
        return Monitor(OneCell(env) if masked else env)

    return make


def make_model(envs: StableSubprocVecEnv, masked: bool, rollout: int) -> OnPolicyAlgorithm:
    """PPO with a convolutional policy; the channels are scaled already."""
    settings: dict[str, Any] = {
        "n_steps": rollout,
        "batch_size": rollout,
        "gamma": 1.0,
        "policy_kwargs": {"normalize_images": False},
        "seed": 1,
        "device": "cpu",
        "verbose": 1,
    }
    if masked:
        from sb3_contrib import MaskablePPO

        return MaskablePPO("CnnPolicy", envs, **settings)
    model = PPO("CnnPolicy", envs, **settings)
    share = BUDGET // 10 / envs.action_space.n
    with torch.no_grad():
        model.policy.action_net.bias.fill_(math.log(share / (1.0 - share)))
    return model


def mean_return(env: gym.Env[Any, Any], choose: Callable[[Any], Any], episodes: int) -> float:
    """Share of the burned area saved, mean of the same few episodes for every chooser."""
    total = 0.0
    for seed in range(episodes):
        observation, _ = env.reset(seed=seed)
        done = False
        while not done:
            observation, reward, terminated, truncated, _ = env.step(choose(observation))
            total += float(reward)
            done = terminated or truncated
    return total / episodes


def random_chooser(env: gym.Env[Any, Any], masked: bool) -> Callable[[Any], Any]:
    """Legal cells drawn evenly: what a policy has to beat."""
    rng = np.random.default_rng(0)

    def choose(_: Any) -> Any:
        legal = np.flatnonzero(env.unwrapped.action_masks())
        cells = rng.choice(legal, min(env.unwrapped.break_step, legal.size), replace=False)
        if masked:
            return int(cells[0])
        action = np.zeros(env.action_space.n, np.int8)
        action[cells] = 1
        return action

    return choose


def main() -> None:
    """Train, then compare with random breaks on landscapes of another seed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--timesteps", type=int, default=100_000)
    parser.add_argument("--n-envs", type=int, default=4)
    parser.add_argument("--rollout", type=int, default=128, help="steps of each environment per update")
    parser.add_argument("--episodes", type=int, default=20, help="to compare with random breaks on")
    parser.add_argument("--size", type=int, default=50, help="cells along each side, 36 or more")
    parser.add_argument("--masked", action="store_true", help="MaskablePPO, one legal cell a step")
    options = parser.parse_args()

    training, unseen = (list(generate_set(seed, 4, options.size)) for seed in (0, 1))
    envs = StableSubprocVecEnv([env_maker(training, options.masked)] * options.n_envs, timeout=60.0)
    try:
        model = make_model(envs, options.masked, options.rollout)
        model.learn(options.timesteps)
    finally:
        envs.close()

    judge = env_maker(unseen, options.masked)()

    def learned(observation: Any) -> Any:
        masks = {"action_masks": judge.unwrapped.action_masks()} if options.masked else {}
        action, _ = model.predict(observation, deterministic=False, **masks)
        return action.astype(judge.action_space.dtype)  # policies of switches give floats

    by_chance = mean_return(judge, random_chooser(judge, options.masked), options.episodes)
    saved = mean_return(judge, learned, options.episodes)
    print(f"Burned area saved on unseen landscapes: policy {saved:.1%}, random cells {by_chance:.1%}")


if __name__ == "__main__":
    main()
