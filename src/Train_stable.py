"""Train a double DQN that places fuel breaks, cell by cell in environments that cannot hang the run, or line by line.

    python src/Train_stable.py                                 # the embedded default landscapes
    python src/Train_stable.py --rasters DIR --episodes 2000   # your own tiles, for real
    python src/Train_stable.py --agent lines                   # the agent that draws lines; its settings: add --help
    python src/Train_stable.py --resume runs/latest            # go on where a run stopped
    python src/Train_stable.py --help

Read it from top to bottom: settings, landscapes, one vector step, the run; the agent that draws lines has its own loop,
`fuelbreak.dqn.lines.training_run`. Ctrl-C and SIGTERM finish the step, save a checkpoint and exit with 130 or 143; a
second signal ends the run at once.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import json
import signal
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import torch
import tyro

from fuelbreak.console import going_on_without, progress_bar, say
from fuelbreak.defaults import heldout_landscapes, training_landscapes, whole_landscapes
from fuelbreak.dqn import Demonstrator, Learner, ScheduleSettings
from fuelbreak.dqn.lines.training_run import LineRunSettings, train_lines
from fuelbreak.env import FuelBreakEnv
from fuelbreak.episode_log import EpisodeLog
from fuelbreak.errors import FuelBreakError
from fuelbreak.evaluate import evaluate_run, print_tables
from fuelbreak.fire.warm_up import warm_up
from fuelbreak.fire.weather import Weather
from fuelbreak.landscape import Landscape
from fuelbreak.landscape_shares import LandscapeShares
from fuelbreak.observation import break_mask
from fuelbreak.phases import PhaseClock, describe_phases, mean_phases
from fuelbreak.plans import PLANS
from fuelbreak.rendering import render_landscape
from fuelbreak.run_log import METRICS_NAME
from fuelbreak.runs import RunFolder, load_checkpoint
from fuelbreak.signals import StopRequest
from stablepool import StableProcessPoolEnv, WorkerFaultError, valid_transitions
from stablepool.options import MOST_WORKERS_BY_DEFAULT, count_workers, usable_cores

COUNTS = (
    *("n_envs", "steps_per_ep", "budget", "break_step", "sims", "episodes", "buffer_cap", "batch_size"),
    *("n_step", "gradient_accumulation_steps", "updates_per_step", "target_network_frequency"),
    *("checkpoint_every", "taught_episodes", "episodes_at_once", "updates_per_episode"),
)
OR_NONE = ("demonstrations", "pretrain_updates", "fit_updates", "drawn_episodes")
SHARES = ("shown_share", "end_shown_share", "start_epsilon", "end_epsilon", "target_rate")
RULES: tuple[tuple[tuple[str, ...], Callable[[Any], bool], str], ...] = (
    (COUNTS, lambda value: value >= 1, "a whole number from 1 up"),
    (OR_NONE, lambda value: value >= 0, "a whole number from 0 up"),
    (SHARES, lambda value: 0.0 <= value <= 1.0, "a share from 0 to 1"),
    (("budget_shares",), lambda value: value and 0 < min(value) <= max(value) <= 1, "shares up to 1"),
    (("timeout",), lambda value: value > 0, "seconds, more than none"),
    (("temperature", "learning_rate"), lambda value: value > 0, "a number above 0"),
    (("imitation_weight", "margin"), lambda value: value >= 0, "a number from 0 up"),
    (("demonstrator",), lambda value: value in PLANS, f"one of {', '.join(PLANS)}"),
)
"""Settings, what they must be, and how that is said."""

SCORED_EPISODES = 10
"""Episodes whose mean return tells how good a checkpoint is."""


@dataclass(frozen=True)
class RunSettings:
    """What a run is made of, whichever agent it trains; every value has a flag."""

    agent: Literal["cells", "lines"] = "cells"
    """What is trained; each has settings of its own, which --agent lines --help lists."""
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


@dataclass(frozen=True)
class LineSettings(LineRunSettings, RunSettings):
    """A run that trains the agent that draws lines."""

    agent: Literal["cells", "lines"] = "lines"
    """What is trained; these are the settings of lines."""
    rasters: Path | None = None
    """Folder with cropped_raster/, or with whole layers; by default synthetic landscapes in data/default."""


@dataclass(frozen=True)
class Settings(ScheduleSettings, RunSettings):
    """A run that trains the DQN over cells."""

    preset: Literal["conservative", "balanced", "aggressive", "low-memory", "many-core"] = "balanced"
    """Starting values of n_envs, batch_size, sims, buffer_cap, max_workers and timeout; flags override them."""
    n_envs: int = 32
    """Parallel environments."""
    max_workers: int | None = None
    """Worker processes; by default 16, or as many as there are cores where those are fewer."""
    timeout: float = 8.0
    """Seconds that a vector step may take."""
    sims: int = 1
    """Fires by which a step is judged; more make the reward less noisy and the step slower."""
    checkpoint_every: int = 10
    """Episodes between checkpoints."""
    quiet: bool = False
    """Leave out the line for each completed environment."""


AnySettings = Settings | LineSettings

PRESETS = {
    "conservative": Settings(preset="conservative", n_envs=16, batch_size=32),
    "balanced": Settings(),
    "aggressive": Settings(preset="aggressive", n_envs=48, batch_size=96),
    "low-memory": Settings(preset="low-memory", n_envs=16, batch_size=32, buffer_cap=100_000),
    "many-core": Settings(preset="many-core", n_envs=64, max_workers=32, timeout=20.0),
}


def parse_settings(arguments: Sequence[str] | None = None) -> AnySettings:
    """Flags over the preset's values, or over those of the run that is resumed."""
    first = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    first.add_argument("--agent", default="cells")
    first.add_argument("--preset", default="balanced")
    first.add_argument("--resume", type=Path)
    known, _ = first.parse_known_args(arguments)
    default: AnySettings = PRESETS.get(known.preset, Settings())
    if known.agent == "lines":
        default = LineSettings()
    if known.resume is not None and (known.resume / "config.json").is_file():
        default = _saved_settings(known.resume)
    program = "Train_stable.py" if default.agent == "cells" else f"Train_stable.py --agent {default.agent}"
    return tyro.cli(type(default), args=arguments, default=default, prog=program, description=__doc__)


class SettingsError(ValueError):
    """A value with which no run can start."""


def check_settings(settings: AnySettings) -> None:
    """Refuse what would fail later, or never do anything.

    Raises:
        SettingsError: Naming the flag.
    """
    if settings.agent != type(settings).agent:
        raise SettingsError(f"--agent is {settings.agent}; {settings.resume} trains {type(settings).agent}")
    for names, is_right, advice in RULES:
        for name in (name for name in names if hasattr(settings, name)):
            value = getattr(settings, name)
            if not is_right(value):
                raise SettingsError(f"--{name.replace('_', '-')} is {value}; give {advice}")


def _saved_settings(run: Path) -> AnySettings:
    saved = json.loads((run / "config.json").read_text(encoding="utf-8"))["config"]
    for name in ("rasters", "heldout", "resume"):
        saved[name] = Path(saved[name]) if saved.get(name) else None
    kind = LineSettings if saved.get("agent") == "lines" else Settings
    if strange := saved.keys() ^ {field.name for field in dataclasses.fields(kind)}:
        raise SettingsError(
            f"{run / 'config.json'} is of another version (only there or only here: {', '.join(sorted(strange))}); "
            "resume with that version, whose git revision the file has"
        )
    saved |= {name: tuple(value) for name, value in saved.items() if isinstance(value, list)}
    return kind(**saved)


def make_env(landscapes: list[Landscape], settings: Settings) -> Callable[[], FuelBreakEnv]:
    """A function that builds one environment in its worker; the settings stay here, since torch comes with them."""
    layout, numbers = settings.layout, (settings.budget, settings.break_step, settings.sims)
    return lambda: FuelBreakEnv(landscapes, *numbers, layout=layout)


class Training:
    """One run: its environments, its learner, and where it stands between two vector steps.

    Attributes:
        episode: The episode in progress, or the next one.
        step: Vector steps of it that are done; 0 before its reset.
        global_step: Transitions so far.
        pretrained: Optimizer steps made on the demonstrations alone.
        is_saved: Whether the latest checkpoint is on disk.
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
        self.settings, self.run, self.envs, self.landscapes = settings, run, envs, landscapes
        room = settings.demonstrations * settings.n_envs * settings.steps_per_ep
        self.learner = Learner(settings, landscapes, device, demonstrated=room)
        self.demonstrator = Demonstrator(landscapes, settings.demonstrator, Weather(), settings.budgets)
        self.shares = LandscapeShares(settings.n_envs, len(landscapes), len(settings.budgets))
        self.episode, self.step, self.global_step, self.pretrained = 0, 0, 0, 0
        self.returns: list[float] = []
        self.clock = PhaseClock()
        self.is_saved = True

    def go_on(self, stop: StopRequest) -> None:
        """Train until the episodes are done or a signal asks to stop, saving as it goes."""
        steps = self.settings.steps_per_ep
        with progress_bar("Training", steps * self.settings.episodes, steps * self.episode) as show:
            while self.episode < self.settings.episodes:
                if self.step == 0:
                    self.pretrain(stop)
                    if stop:
                        self.save()
                        return
                    self.reset()
                self.learner.anneal(self.settings.progress(self.pretrained, self.episode))
                while self.step < steps:
                    self.vector_step()
                    show(steps * self.episode + self.step)
                    # Where an episode has just ended its reset is due first: such a step is no place to stop.
                    if stop and not self.ended.any():
                        self.save()
                        return
                self.finish_episode(stop)

    def reset(self) -> None:
        """Begin an episode. Without a reset between episodes environments stay in their "done" state."""
        self.log = EpisodeLog(self.settings.n_envs)
        with self.clock("reset"):
            self.shares.begin(self.episode)
            self.give_budgets()
            self.observations, infos = self.envs.reset(seed=self.episode_seed)
        self.shares.note(infos)
        self.ended = np.zeros(self.settings.n_envs, dtype=bool)
        self.learner.end_episodes()

    def give_budgets(self) -> None:
        """Tell the environments what they may spend, again where a worker is lost meanwhile: its heir is to know it."""
        budgets = np.array(self.settings.budgets)[self.shares.budgets].tolist()
        for _ in range(2):
            with contextlib.suppress(WorkerFaultError):
                return self.envs.set_attr("episode_budget", budgets)
        return self.envs.set_attr("episode_budget", budgets)

    def pretrain(self, stop: StopRequest) -> None:
        """Once the demonstrations are over, learn from them alone."""
        wanted = self.settings.pretrain_updates
        if self.settings.shown_episodes == 0 or self.episode < self.settings.shown_episodes:
            return
        if self.pretrained < wanted:
            say(f"Learning from the demonstrations: {wanted - self.pretrained} updates")
        with self.clock("pretrain"):
            while self.pretrained < wanted and not stop:
                self.learner.anneal(self.settings.progress(self.pretrained, self.episode))
                self.learner.update(shown_share=1.0)
                self.pretrained += 1

    def choose(self) -> npt.NDArray[np.int8]:
        """The next actions: the demonstrator's, or the network's."""
        if not self.settings.is_shown(self.episode):
            epsilon = self.settings.epsilon(self.episode)
            return self.learner.choose(self.observations, epsilon, self.shares.budgets)
        breaks = break_mask(self.observations, self.settings.layout)
        return self.demonstrator.actions(self.shares.scenes, breaks, seed=self.episode_seed)

    def vector_step(self) -> None:
        """One step of all environments; they work while the learner learns."""
        started, is_shown = time.perf_counter(), self.settings.is_shown(self.episode)
        with self.clock("choose_actions"):
            actions = self.choose()
            self.envs.step_async(actions)
        with self.clock("learn"):
            if not is_shown:
                self.log.learned(self.learner.learn(self.settings.demonstrated_share(self.episode)))
        with self.clock("wait_for_environments"):
            after, rewards, terminated, truncated, infos = self.envs.step_wait()
        with self.clock("store"):
            # A void transition is no experience (the pool has logged why), nor is the reset after an episode's end.
            valid = valid_transitions(infos, self.settings.n_envs) & ~self.ended
            self.learner.remember(
                self.shares.scenes[valid],
                self.observations[valid],
                actions[valid],
                rewards[valid],
                after[valid],
                terminated[valid],
                envs=np.flatnonzero(valid),
                truncated=truncated[valid],
                is_shown=is_shown,
            )
        self.step += 1
        self.global_step += int(valid.sum())
        self.log.observe(self.step, valid, rewards, terminated, infos)
        self.log.seconds += time.perf_counter() - started
        self.shares.note(infos)
        self.ended = terminated | truncated
        self.observations = after

    def finish_episode(self, stop: StopRequest) -> None:
        """Report the episode, and save where it is time to."""
        settings = self.settings
        say(self.log.line(self.episode, settings.epsilon(self.episode)))
        if not settings.quiet:
            for env, burned in self.log.burned.items():
                done_at = self.log.completed_at[env]
                say(f"Environment {env} completed: Burned={burned:.1f}, Step={done_at}", "target")
        with self.clock("log"), going_on_without("the episode's log"):
            phases = self.clock.take(settings.steps_per_ep)
            scalars = self.log.scalars(settings.epsilon(self.episode)) | self.envs.counters | phases
            self.run.log(self.episode, scalars, self.global_step)
        if not settings.is_shown(self.episode):
            self.returns = [*self.returns, self.log.mean_reward][-SCORED_EPISODES:]
        self.episode, self.step = self.episode + 1, 0
        last = self.episode == settings.episodes
        if stop or last or self.episode % settings.checkpoint_every == 0:
            self.save()
            with going_on_without("a picture of the breaks"):
                self.run.log_picture("pictures/breaks", self.picture(), self.global_step)
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

    def save(self) -> None:
        """Write the checkpoint from which `resume` goes on as if nothing had happened."""
        with self.clock("checkpoint"), going_on_without("checkpoint; the last good one stays"):
            self.is_saved = False
            self.run.save_checkpoint(
                self.episode - 1, self.learner.network, score=self.score, **self.state_dict()
            )
            self.is_saved = True

    def picture(self) -> npt.NDArray[np.uint8]:
        """The landscape of the first environment with its breaks."""
        landscape = self.landscapes[self.shares.current[0]]
        breaks = break_mask(self.observations[0], self.settings.layout)
        return render_landscape(landscape, breaks.reshape(landscape.shape))

    def state_dict(self) -> dict[str, Any]:
        """What `resume` needs besides the network's weights."""
        state = self.learner.state_dict() | {
            "k": self.settings.break_step,
            "budget": self.settings.budget,
            "weather": dataclasses.asdict(Weather()),
            "size": max(self.landscapes[0].shape),
            "pretrained": self.pretrained,
            "step": self.step,
            "global_step": self.global_step,
            "returns": self.returns,
        }
        if self.step:
            state["position"] = {
                "environments": [snapshot.decode() for snapshot in self.envs.get_attr("episode_state")],
                "observations": torch.from_numpy(self.observations),
                "landscapes": self.shares.current.tolist(),
                "log": dataclasses.asdict(self.log),
            }
        return state

    def resume(self) -> None:
        """Take up the run where its latest checkpoint left it, in the midst of an episode too."""
        state = load_checkpoint(self.run.path, self.learner.device)
        self.episode, self.step, self.returns = state["episode"] + 1, state["step"], state["returns"]
        self.global_step, self.pretrained = state["global_step"], state["pretrained"]
        if self.step:
            position = state["position"]
            self.reset()
            self.envs.set_attr("episode_state", [snapshot.encode() for snapshot in position["environments"]])
            self.observations = position["observations"].cpu().numpy()
            self.shares.current = np.array(position["landscapes"])
            self.log = EpisodeLog(**position["log"])
        self.learner.load_state_dict(state)
        place = f"at step {self.step} of episode {self.episode}"
        say(f"Resuming {self.run.path} {place} with {len(self.learner.memory)} transitions")


def train(
    settings: Settings, run: RunFolder, landscapes: list[Landscape], device: str, stop: StopRequest
) -> bool:
    """Open the environments and train in them; whether what was learned is on disk."""
    shares = LandscapeShares(settings.n_envs, len(landscapes))
    drawn_from = [[landscapes[index] for index in shares.of(env)] for env in range(settings.n_envs)]
    env_fns = [make_env(several, settings) for several in drawn_from]
    with open_pool(env_fns, settings) as envs:
        training = Training(settings, run, landscapes, envs, device)
        if settings.resume is not None:
            training.resume()
        training.go_on(stop)
        return training.is_saved


def open_pool(
    env_fns: list[Callable[[], FuelBreakEnv]], settings: Settings
) -> contextlib.closing[StableProcessPoolEnv]:
    """Start the environments, saying how many there are on how many workers."""
    workers = count_workers(len(env_fns), settings.max_workers)
    say(f"Creating StableProcessPoolEnv with {len(env_fns)} environments and {workers} workers", "device")
    wanted = min(len(env_fns), MOST_WORKERS_BY_DEFAULT)
    if settings.max_workers is None and workers < wanted:
        say(
            f"{workers} workers and not {wanted}: there are {usable_cores()} cores (--max-workers sets another number)"
        )
    say(f"Initializing {len(env_fns)} environments...", "setup")
    envs = StableProcessPoolEnv(env_fns, max_workers=workers, timeout=settings.timeout)
    say(f"Successfully initialized {len(env_fns)}/{len(env_fns)} environments", "ok")
    return contextlib.closing(envs)


def open_run(settings: AnySettings, landscapes: Sequence[Landscape]) -> RunFolder:
    """The resumed run's folder, or a new one."""
    if settings.resume is not None:
        return RunFolder.reopen(settings.resume)
    name = "train-stable" if settings.agent == "cells" else "train-stable-lines"
    return RunFolder.create(name, dataclasses.asdict(settings), landscapes=landscapes)


def run_from(settings: AnySettings) -> int:
    """Load, train, evaluate; the exit code."""
    stop = StopRequest()
    device = settings.device or ("cuda" if torch.cuda.is_available() else "cpu")
    say(f"Using device {device} on {usable_cores()}-core system", "device")
    if isinstance(settings, Settings):
        say(f"Training with {settings.n_envs} environments on {usable_cores()} cores", "target")
    say("Preparing fires (a new installation compiles for a while)...", "setup")
    warm_up()  # here, because it takes longer than a worker may for a step
    say("Loading rasters...", "folder")
    load = training_landscapes if settings.agent == "cells" else whole_landscapes
    landscapes = load(settings.rasters)
    say(f"Loaded {len(landscapes)} rasters", "ok")
    with open_run(settings, landscapes) as run:
        if isinstance(settings, LineSettings):
            is_resumed = settings.resume is not None
            is_saved = train_lines(settings, run, landscapes, device, stop, is_resumed=is_resumed)
        else:
            is_saved = train(settings, run, landscapes, device, stop)
    if stop.signal_number is not None:
        name = signal.Signals(stop.signal_number).name
        say(f"Stopped by {name}; go on with --resume {run.path}", "warning")
        return 128 + stop.signal_number
    stop.restore()
    if phases := mean_phases(run.path / METRICS_NAME):
        unit = "vector step" if settings.agent == "cells" else "round"
        say(f"Time of a {unit}: {describe_phases(phases)}")
    if not is_saved:
        advice = f"make room and --resume {run.path}"
        say(f"Error: what was learned last is not on disk; {advice}", stream=sys.stderr)
        return 1
    if settings.evaluate:
        print_tables(evaluate_run(run.path, heldout_landscapes(settings.heldout), device))
    say(f"Run folder: {run.path}", "folder")
    return 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the script.

    Returns:
        0; 1 where the last checkpoint could not be written; 2 for input that cannot be used; 130 or 143 after a signal.
    """
    try:
        settings = parse_settings(arguments)
        check_settings(settings)
        return run_from(settings)
    except (FuelBreakError, OSError, SettingsError) as error:
        say(f"Error: {error}", stream=sys.stderr)
        return 2
    except KeyboardInterrupt:  # the second Ctrl-C, or one during the evaluation
        say("Ended at once", "warning", sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
