"""Train a double DQN that places fuel breaks, in environments that cannot hang the run.

    python src/Train_stable.py                                 # the embedded default landscapes
    python src/Train_stable.py --rasters DIR --episodes 2000   # your own tiles, for real
    python src/Train_stable.py --resume runs/latest            # go on where a run stopped
    python src/Train_stable.py --help

Read it from top to bottom: settings, landscapes, one vector step, the run. Ctrl-C and SIGTERM finish the step, save a
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
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
import tyro

from fuelbreak.console import say
from fuelbreak.defaults import heldout_landscapes, training_landscapes
from fuelbreak.dqn import Learner, LearnerSettings, exploration_rate
from fuelbreak.env import FuelBreakEnv
from fuelbreak.episode_log import EpisodeLog
from fuelbreak.errors import LandscapeError
from fuelbreak.evaluate import evaluate_run, print_tables
from fuelbreak.fire.weather import Weather
from fuelbreak.landscape import Landscape
from fuelbreak.runs import RunFolder, load_checkpoint
from fuelbreak.signals import StopRequest
from stablepool import StableProcessPoolEnv, valid_transitions

COUNTS = (
    *("n_envs", "steps_per_ep", "budget", "break_step", "sims", "episodes", "buffer_cap", "batch_size"),
    *("gradient_accumulation_steps", "updates_per_step", "target_network_frequency", "checkpoint_every"),
)
"""Settings that must be at least 1."""

SCORED_EPISODES = 10
"""Episodes whose mean return tells how good a checkpoint is."""


@dataclass(frozen=True)
class Settings(LearnerSettings):
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
    sims: int = 1
    """Fires by which a step is judged; more make the reward less noisy and the step slower."""
    episodes: int = 300
    """Episodes to train, counted from the start of the run."""
    start_epsilon: float = 1.0
    """Exploration at the start."""
    end_epsilon: float = 0.05
    """Exploration at the end."""
    exploration_fraction: float = 0.5
    """Share of the episodes over which exploration falls."""
    checkpoint_every: int = 10
    """Episodes between checkpoints."""
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


class SettingsError(ValueError):
    """A value with which no run can start."""


def check_settings(settings: Settings) -> None:
    """Refuse what would fail later, or never do anything.

    Raises:
        SettingsError: Naming the flag.
    """
    for name in COUNTS:
        if getattr(settings, name) < 1:
            flag = f"--{name.replace('_', '-')}"
            raise SettingsError(f"{flag} is {getattr(settings, name)}; give a whole number from 1 up")
    if settings.timeout <= 0:
        raise SettingsError(f"--timeout is {settings.timeout}; give seconds, more than none")


def _saved_settings(run: Path) -> Settings:
    saved = json.loads((run / "config.json").read_text(encoding="utf-8"))["config"]
    for name in ("rasters", "heldout", "resume"):
        saved[name] = Path(saved[name]) if saved.get(name) else None
    return Settings(**saved)


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


class Training:
    """One run: its environments, its learner, and where it stands between two vector steps.

    Attributes:
        episode: The episode in progress, or the next one.
        step: Vector steps of it that are done; 0 before its reset.
    """

    def __init__(
        self,
        settings: Settings,
        run: RunFolder,
        landscapes: list[Landscape],
        envs: StableProcessPoolEnv,
        device: str,
    ) -> None:
        torch.manual_seed(settings.seed)
        self.settings, self.run, self.envs = settings, run, envs
        self.learner = Learner(settings, landscapes, device)
        self.shares = LandscapeShares(settings.n_envs, len(landscapes))
        self.episode, self.step = 0, 0
        self.returns: list[float] = []

    def go_on(self, stop: StopRequest) -> None:
        """Train until the episodes are done or a signal asks to stop, saving as it goes."""
        while self.episode < self.settings.episodes and not stop:
            if self.step == 0:
                self.reset()
            while self.step < self.settings.steps_per_ep:
                self.vector_step()
                # Where an episode has just ended its reset is due first: such a step is no place to stop.
                if stop and not self.ended.any():
                    self.save()
                    return
            self.finish_episode(stop)

    def reset(self) -> None:
        """Begin an episode. Without a reset between episodes environments stay in their "done" state."""
        self.log = EpisodeLog(self.settings.n_envs)
        self.observations, infos = self.envs.reset(seed=self.episode_seed)
        self.shares.note(infos)
        self.ended = np.zeros(self.settings.n_envs, dtype=bool)

    def vector_step(self) -> None:
        """One step of all environments; they work while the learner learns."""
        started = time.perf_counter()
        actions = self.learner.choose(self.observations, self.epsilon)
        self.envs.step_async(actions)
        self.log.losses += self.learner.learn()
        after, rewards, terminated, truncated, infos = self.envs.step_wait()
        # A void transition is no experience (the pool has logged why), and neither is the reset after an episode's end.
        happened = valid_transitions(infos, self.settings.n_envs)
        valid = happened & ~self.ended
        self.learner.memory.push_batch(
            self.shares.current[valid],
            self.observations[valid],
            actions[valid],
            rewards[valid],
            after[valid],
            terminated[valid],
        )
        self.step += 1
        self.log.observe(self.step, valid, rewards, terminated, infos)
        self.log.void += int(np.count_nonzero(~happened))
        self.log.seconds += time.perf_counter() - started
        self.shares.note(infos)
        self.ended = terminated | truncated
        self.observations = after

    def finish_episode(self, stop: StopRequest) -> None:
        """Report the episode, and save where it is time to."""
        settings = self.settings
        say(self.log.line(self.episode, self.epsilon))
        if not settings.quiet:
            for env, burned in self.log.burned.items():
                say(
                    f"Environment {env} completed: Burned={burned:.1f}, Step={self.log.completed_at[env]}",
                    "target",
                )
        self.run.log(self.episode, self.log.scalars(self.epsilon))
        self.returns = [*self.returns, self.log.mean_reward][-SCORED_EPISODES:]
        self.episode, self.step = self.episode + 1, 0
        last = self.episode == settings.episodes
        if stop or last or self.episode % settings.checkpoint_every == 0:
            self.save()
        if not (stop or last):
            say(f"Resetting {settings.n_envs} environments...", "reset")

    @property
    def score(self) -> float | None:
        """Mean return of the last episodes, by which the best checkpoint is known."""
        return float(np.mean(self.returns)) if len(self.returns) == SCORED_EPISODES else None

    @property
    def episode_seed(self) -> int:
        """Seed of the episode's reset; no two episodes share an environment's seed."""
        return self.settings.seed + self.episode * self.settings.n_envs

    @property
    def epsilon(self) -> float:
        """Exploration in this episode."""
        settings = self.settings
        return exploration_rate(
            self.episode,
            settings.episodes,
            settings.start_epsilon,
            settings.end_epsilon,
            settings.exploration_fraction,
        )

    def save(self) -> None:
        """Write the checkpoint from which `resume` goes on as if nothing had happened."""
        state = self.learner.state_dict() | {
            "k": self.settings.break_step,
            "budget": self.settings.budget,
            "weather": dataclasses.asdict(Weather()),
            "step": self.step,
            "returns": self.returns,
        }
        if self.step:
            state["position"] = {
                "environments": [snapshot.decode() for snapshot in self.envs.get_attr("episode_state")],
                "observations": torch.from_numpy(self.observations),
                "landscapes": self.shares.current.tolist(),
                "log": dataclasses.asdict(self.log),
            }
        try:
            self.run.save_checkpoint(self.episode - 1, self.learner.network, score=self.score, **state)
        except OSError as error:
            say(
                f"No checkpoint could be written ({error}); the last good one stays, training goes on",
                "warning",
            )

    def resume(self) -> None:
        """Take up the run where its latest checkpoint left it, in the midst of an episode too."""
        state = load_checkpoint(self.run.path, self.learner.device)
        self.learner.load_state_dict(state)
        self.episode, self.step, self.returns = state["episode"] + 1, state["step"], state["returns"]
        if self.step:
            position = state["position"]
            self.reset()
            self.envs.set_attr("episode_state", [snapshot.encode() for snapshot in position["environments"]])
            self.observations = position["observations"].cpu().numpy()
            self.shares.current = np.array(position["landscapes"])
            self.log = EpisodeLog(**position["log"])
        say(
            f"Resuming {self.run.path} at step {self.step} of episode {self.episode} with "
            f"{len(self.learner.memory)} transitions"
        )


def train(
    settings: Settings, run: RunFolder, landscapes: list[Landscape], device: str, stop: StopRequest
) -> None:
    """Open the environments and train in them."""
    shares = LandscapeShares(settings.n_envs, len(landscapes))
    env_fns = [
        make_env([landscapes[index] for index in shares.of(env)], settings) for env in range(settings.n_envs)
    ]
    with open_pool(env_fns, settings) as envs:
        training = Training(settings, run, landscapes, envs, device)
        if settings.resume is not None:
            training.resume()
        training.go_on(stop)


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


def usable_cores() -> int:
    """Cores that this process may run on."""
    return len(os.sched_getaffinity(0))


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
        print_tables(evaluate_run(run.path, heldout_landscapes(settings.heldout), device))
    say(f"Run folder: {run.path}", "folder")
    return 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the script; the exit code: 0, 2 for input that cannot be used, 130 or 143 after a signal."""
    settings = parse_settings(arguments)
    try:
        check_settings(settings)
        return run_from(settings)
    except (LandscapeError, FileNotFoundError, SettingsError) as error:
        say(f"Error: {error}", stream=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
