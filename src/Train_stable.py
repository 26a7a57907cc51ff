"""Train a double DQN that places fuel breaks, in environments that cannot hang the run.

    python src/Train_stable.py                                 # the embedded default landscapes
    python src/Train_stable.py --rasters DIR --episodes 2000   # your own tiles, for real
    python src/Train_stable.py --resume runs/latest            # go on where a run stopped
    python src/Train_stable.py --help

Read it from top to bottom: settings, learner, one episode, the run. Ctrl-C and SIGTERM finish the step, save a
checkpoint and exit with 130 or 143; a second signal ends the run at once.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import torch
import tyro

from fuelbreak.console import say
from fuelbreak.defaults import heldout_landscapes, training_landscapes
from fuelbreak.dqn import QNetwork, ReplayMemory, double_dqn_loss, epsilon_greedy, exploration_rate
from fuelbreak.env import FuelBreakEnv
from fuelbreak.errors import LandscapeError
from fuelbreak.evaluate import evaluate_run, print_summary
from fuelbreak.fire.weather import Weather
from fuelbreak.landscape import Landscape
from fuelbreak.runs import RunFolder, load_checkpoint
from stablepool import StableProcessPoolEnv, valid_transitions


@dataclass(frozen=True)
class Settings:
    """What a run is made of; every value has a flag."""

    preset: Literal["conservative", "balanced", "aggressive", "low-memory", "many-core"] = "balanced"
    """Starting values of n_envs, batch_size, sims, buffer_cap, max_workers and timeout; flags override them."""
    n_envs: int = 32
    """Parallel environments."""
    max_workers: int | None = None
    """Worker processes; by default 16, or as many as there are cores where those are fewer."""
    timeout: float = 8.0
    """Seconds that a vector step may take."""
    steps_per_ep: int = 25
    """Vector steps in an episode."""
    budget: int = 250
    """Breaks in an episode."""
    break_step: int = 10
    """Breaks in a step."""
    sims: int = 1
    """Fires by which a step is judged; more make the reward less noisy and the step slower."""
    episodes: int = 300
    """Episodes to train, counted from the start of the run."""
    buffer_cap: int = 200_000
    """Transitions in the replay memory."""
    batch_size: int = 64
    """Transitions in a batch."""
    gradient_accumulation_steps: int = 1
    """Batches per optimizer step: larger effective batches in the same memory."""
    learning_starts: int = 1_000
    """Transitions in memory before learning starts."""
    updates_per_step: int = 1
    """Optimizer steps per vector step, made while the environments work."""
    target_network_frequency: int = 250
    """Optimizer steps between copies of the network to its target."""
    learning_rate: float = 3e-4
    """Of Adam."""
    gamma: float = 1.0
    """Discount; with 1 the return is the share of the burned area saved."""
    start_epsilon: float = 1.0
    """Exploration at the start."""
    end_epsilon: float = 0.05
    """Exploration at the end."""
    exploration_fraction: float = 0.5
    """Share of the episodes over which exploration falls."""
    checkpoint_every: int = 10
    """Episodes between checkpoints."""
    seed: int = 1
    """Of everything that is random."""
    device: str = ""
    """Where the network lives; by default cuda where there is one, else cpu."""
    rasters: Path | None = None
    """Folder with cropped_raster/; by default synthetic landscapes in data/default."""
    heldout: Path | None = None
    """Tiles to evaluate on at the end; by default synthetic ones of other seeds in data/heldout."""
    evaluate: bool = True
    """Judge the agent and draw pictures at the end."""
    resume: Path | None = None
    """A run's folder to go on with; its own settings hold, except for flags that are given."""
    quiet: bool = False
    """Leave out the line for each completed environment."""


PRESETS = {
    "conservative": Settings(preset="conservative", n_envs=16, batch_size=32),
    "balanced": Settings(),
    "aggressive": Settings(preset="aggressive", n_envs=48, batch_size=96),
    "low-memory": Settings(preset="low-memory", n_envs=16, batch_size=32, buffer_cap=100_000),
    "many-core": Settings(preset="many-core", n_envs=64, max_workers=32, timeout=20.0),
}


def parse_settings(arguments: Sequence[str] | None = None) -> Settings:
    """Flags over the preset's values, or over those of the run that is resumed."""
    first = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    first.add_argument("--preset", default="balanced")
    first.add_argument("--resume", type=Path)
    known, _ = first.parse_known_args(arguments)
    default = PRESETS.get(known.preset, Settings())
    if known.resume is not None and (known.resume / "config.json").is_file():
        default = _saved_settings(known.resume)
    return tyro.cli(Settings, args=arguments, default=default, description=__doc__)


def _saved_settings(run: Path) -> Settings:
    saved = json.loads((run / "config.json").read_text(encoding="utf-8"))["config"]
    for name in ("rasters", "heldout", "resume"):
        saved[name] = Path(saved[name]) if saved.get(name) else None
    return Settings(**saved)


class StopRequest:
    """Remembers the first SIGINT or SIGTERM until the loop asks for it; the second one ends the program."""

    def __init__(self) -> None:
        self.signal_number: int | None = None
        self._previous = {
            number: signal.signal(number, self._note) for number in (signal.SIGINT, signal.SIGTERM)
        }

    def _note(self, number: int, _frame: FrameType | None) -> None:
        self.signal_number = number
        for each in self._previous:
            signal.signal(each, signal.default_int_handler if each == signal.SIGINT else signal.SIG_DFL)

    def __bool__(self) -> bool:
        return self.signal_number is not None

    def restore(self) -> None:
        """Put the previous handlers back."""
        for number, handler in self._previous.items():
            signal.signal(number, handler)


class Learner:
    """The network, its target and its optimizer, and the memory that they learn from."""

    def __init__(self, settings: Settings, landscapes: Sequence[Landscape], device: str) -> None:
        self.settings, self.device = settings, device
        self.network = QNetwork().to(device)
        self.target = QNetwork().to(device)
        self.target.load_state_dict(self.network.state_dict())
        self.optimizer = torch.optim.Adam(self.network.parameters(), lr=settings.learning_rate)
        self.memory = ReplayMemory(settings.buffer_cap, landscapes, seed=settings.seed)
        self.rng = np.random.default_rng(settings.seed)
        self.updates = 0

    def choose(self, observations: npt.NDArray[np.float32], epsilon: float) -> npt.NDArray[np.int8]:
        """int8 actions (N, H*W) for float32 observations (N, 8, H, W)."""
        return epsilon_greedy(
            self.network, observations, self.settings.break_step, epsilon, self.rng, self.device
        )

    def learn(self) -> list[float]:
        """Make the optimizer steps that belong to one vector step; their losses."""
        if len(self.memory) < self.settings.learning_starts:
            return []
        return [self._update() for _ in range(self.settings.updates_per_step)]

    def _update(self) -> float:
        settings = self.settings
        total = 0.0
        self.optimizer.zero_grad()
        for _ in range(settings.gradient_accumulation_steps):
            batch = self.memory.sample(settings.batch_size, self.device)
            loss = double_dqn_loss(self.network, self.target, batch, settings.break_step, settings.gamma)
            (loss / settings.gradient_accumulation_steps).backward()  # type: ignore[no-untyped-call]
            total += float(loss.detach()) / settings.gradient_accumulation_steps
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 10.0)
        self.optimizer.step()
        self.updates += 1
        if self.updates % settings.target_network_frequency == 0:
            self.target.load_state_dict(self.network.state_dict())
        return total

    def state_dict(self) -> dict[str, Any]:
        """Everything that a resumed run needs besides the network's weights."""
        return {
            "target": self.target.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "memory": self.memory.state_dict(),
            "rng": self.rng.bit_generator.state,
            "torch_rng": torch.get_rng_state(),
            "updates": self.updates,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take over a checkpoint."""
        self.network.load_state_dict(state["network"])
        self.target.load_state_dict(state["target"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.memory.load_state_dict(state["memory"])
        self.rng.bit_generator.state = state["rng"]
        torch.set_rng_state(state["torch_rng"].cpu())
        self.updates = state["updates"]


@dataclass
class EpisodeLog:
    """What one episode showed; only what environments really reported enters it."""

    n_envs: int
    rewards: float = 0.0
    losses: list[float] = field(default_factory=list)
    burned: dict[int, float] = field(default_factory=dict)
    completed_at: dict[int, int] = field(default_factory=dict)
    breaks: int = 0
    transitions: int = 0
    void: int = 0

    @property
    def mean_reward(self) -> float:
        """Mean return of an environment over the episode's valid transitions."""
        return self.rewards / self.n_envs

    def observe(
        self,
        step: int,
        valid: npt.NDArray[np.bool_],
        rewards: npt.NDArray[np.float64],
        terminated: npt.NDArray[np.bool_],
        infos: dict[str, Any],
    ) -> None:
        """Add one vector step (counted from 1)."""
        self.rewards += float(rewards[valid].sum())
        self.transitions += int(valid.sum())
        self.void += int(np.sum(infos.get("_fault", False)))
        for env in np.flatnonzero(valid).tolist():
            self.breaks += int(infos["new_cells"][env])
            if terminated[env]:
                self.burned[env] = float(infos["burned"][env])
                self.completed_at[env] = step

    def line(self, episode: int, epsilon: float) -> str:
        """The console line."""
        return (
            f"[Episode {episode}] Reward: {self.mean_reward:.3f} Loss: {_mean(self.losses):.5f} "
            f"Burned: {_mean(self.burned.values()):.1f} Eps: {epsilon:.3f} "
            f"Completed: {len(self.burned)}/{self.n_envs}"
        )

    def scalars(self, epsilon: float, seconds: float) -> dict[str, float]:
        """Values for TensorBoard and metrics.jsonl."""
        return {
            "charts/episodic_return": self.mean_reward,
            "charts/burned": _mean(self.burned.values()),
            "charts/completed": len(self.burned),
            "charts/breaks": self.breaks / self.n_envs,
            "charts/epsilon": epsilon,
            "charts/SPS": self.transitions / seconds,
            "losses/td_loss": _mean(self.losses),
            "pool/void_transitions": self.void,
        }


class LandscapeShares:
    """Which landscapes each environment draws from, and which one it is on.

    Environment i draws from every n-th landscape starting at i, so that each is sent to one worker only; where there
    are fewer landscapes than environments, several share one.
    """

    def __init__(self, n_envs: int, landscapes: int) -> None:
        self._shares = [list(range(i, landscapes, n_envs)) or [i % landscapes] for i in range(n_envs)]
        self.current = np.array([share[0] for share in self._shares])

    def of(self, env: int) -> list[int]:
        """Indices of the landscapes of one environment."""
        return self._shares[env]

    def note(self, infos: dict[str, Any]) -> None:
        """Take over what the environments say about the landscape that they are on."""
        for env in np.flatnonzero(infos.get("_landscape", ())):
            self.current[env] = self._shares[env][infos["landscape"][env]]


def make_env(landscapes: list[Landscape], settings: Settings) -> Callable[[], FuelBreakEnv]:
    """A function that builds one environment in its worker."""

    def build() -> FuelBreakEnv:
        return FuelBreakEnv(landscapes, settings.budget, settings.break_step, settings.sims)

    return build


def run_episode(
    envs: StableProcessPoolEnv,
    learner: Learner,
    shares: LandscapeShares,
    episode: int,
    epsilon: float,
    stop: StopRequest,
) -> EpisodeLog:
    """One episode of all environments; they step while the learner learns."""
    settings = learner.settings
    log = EpisodeLog(settings.n_envs)
    # Without a reset between episodes environments stay in their "done" state.
    observations, infos = envs.reset(seed=settings.seed + episode * settings.n_envs)
    shares.note(infos)
    ended = np.zeros(settings.n_envs, dtype=bool)
    for step in range(1, settings.steps_per_ep + 1):
        actions = learner.choose(observations, epsilon)
        envs.step_async(actions)
        log.losses += learner.learn()
        after, rewards, terminated, truncated, infos = envs.step_wait()
        # A void transition is no experience (the pool has logged why), and neither is the reset after an episode's end.
        valid = valid_transitions(infos, settings.n_envs) & ~ended
        learner.memory.push_batch(
            shares.current[valid],
            observations[valid],
            actions[valid],
            rewards[valid],
            after[valid],
            terminated[valid],
        )
        log.observe(step, valid, rewards, terminated, infos)
        shares.note(infos)
        ended = terminated | truncated
        observations = after
        if stop:
            break
    return log


def train(
    settings: Settings, run: RunFolder, landscapes: list[Landscape], device: str, stop: StopRequest
) -> None:
    """Train until the episodes are done or a signal asks to stop, saving as it goes."""
    torch.manual_seed(settings.seed)
    learner = Learner(settings, landscapes, device)
    first = resume(learner, run) if settings.resume else 0
    shares = LandscapeShares(settings.n_envs, len(landscapes))
    env_fns = [
        make_env([landscapes[index] for index in shares.of(env)], settings) for env in range(settings.n_envs)
    ]
    with open_pool(env_fns, settings) as envs:
        for episode in range(first, settings.episodes):
            started = time.perf_counter()
            epsilon = exploration_rate(
                episode,
                settings.episodes,
                settings.start_epsilon,
                settings.end_epsilon,
                settings.exploration_fraction,
            )
            log = run_episode(envs, learner, shares, episode, epsilon, stop)
            report_episode(log, episode, epsilon, settings.quiet)
            run.log(episode, log.scalars(epsilon, time.perf_counter() - started))
            last = episode + 1 == settings.episodes
            if stop or last or (episode + 1) % settings.checkpoint_every == 0:
                save(learner, run, episode)
            if stop:
                return
            if not last:
                say(f"Resetting {settings.n_envs} environments...", "reset")


def open_pool(
    env_fns: list[Callable[[], FuelBreakEnv]], settings: Settings
) -> contextlib.closing[StableProcessPoolEnv]:
    """Start the environments, saying how many there are on how many workers."""
    workers = settings.max_workers or min(len(env_fns), 16, usable_cores())
    say(f"Creating StableProcessPoolEnv with {len(env_fns)} environments and {workers} workers", "device")
    if settings.max_workers is None and workers < min(len(env_fns), 16):
        say(
            f"{workers} workers and not 16: there are {usable_cores()} cores (--max-workers sets another number)"
        )
    say(f"Initializing {len(env_fns)} environments...", "setup")
    envs = StableProcessPoolEnv(env_fns, max_workers=workers, timeout=settings.timeout)
    say(f"Successfully initialized {len(env_fns)}/{len(env_fns)} environments", "ok")
    return contextlib.closing(envs)


def report_episode(log: EpisodeLog, episode: int, epsilon: float, quiet: bool) -> None:
    """The episode's line, and one for each environment that completed it."""
    say(log.line(episode, epsilon))
    if not quiet:
        for env, burned in log.burned.items():
            say(f"Environment {env} completed: Burned={burned:.1f}, Step={log.completed_at[env]}", "target")


def save(learner: Learner, run: RunFolder, episode: int) -> None:
    """Write the checkpoint from which `resume` goes on."""
    settings = learner.settings
    run.save_checkpoint(
        episode,
        learner.network,
        k=settings.break_step,
        budget=settings.budget,
        weather=dataclasses.asdict(Weather()),
        **learner.state_dict(),
    )


def resume(learner: Learner, run: RunFolder) -> int:
    """Load the run's latest checkpoint; the episode to go on with."""
    state = load_checkpoint(run.path, learner.device)
    learner.load_state_dict(state)
    say(f"Resuming {run.path} after episode {state['episode']} with {len(learner.memory)} transitions")
    return int(state["episode"]) + 1


def usable_cores() -> int:
    """Cores that this process may run on."""
    return len(os.sched_getaffinity(0))


def _mean(values: Collection[float]) -> float:
    return float(np.mean(list(values))) if values else float("nan")


def open_run(settings: Settings, landscapes: Sequence[Landscape]) -> RunFolder:
    """The resumed run's folder, or a new one."""
    if settings.resume is not None:
        return RunFolder.reopen(settings.resume)
    return RunFolder.create("train-stable", dataclasses.asdict(settings), landscapes=landscapes)


def run_from(settings: Settings) -> int:
    """Load, train, evaluate; the exit code."""
    stop = StopRequest()
    device = settings.device or ("cuda" if torch.cuda.is_available() else "cpu")
    say(f"Using device {device} on {usable_cores()}-core system", "device")
    say(f"Training with {settings.n_envs} environments on {usable_cores()} cores", "target")
    say("Loading rasters...", "folder")
    landscapes = training_landscapes(settings.rasters)
    say(f"Loaded {len(landscapes)} rasters", "ok")
    with open_run(settings, landscapes) as run:
        train(settings, run, landscapes, device, stop)
    if stop.signal_number is not None:
        say(
            f"Stopped by {signal.Signals(stop.signal_number).name}; go on with --resume {run.path}", "warning"
        )
        return 128 + stop.signal_number
    stop.restore()
    if settings.evaluate:
        print_summary(evaluate_run(run.path, heldout_landscapes(settings.heldout), device))
    say(f"Run folder: {run.path}", "folder")
    return 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the script; the exit code: 0, 2 for input that cannot be used, 130 or 143 after a signal."""
    settings = parse_settings(arguments)
    try:
        return run_from(settings)
    except (LandscapeError, FileNotFoundError) as error:
        say(f"Error: {error}", stream=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
