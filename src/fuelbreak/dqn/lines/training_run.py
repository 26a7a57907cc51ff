"""`LineRun`: the agent that draws lines is trained in a run's folder, until it is done or a signal asks to stop."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fuelbreak.console import going_on_without, progress_bar, say
from fuelbreak.dqn.lines.episodes import Step
from fuelbreak.dqn.lines.training import LineTraining, LineTrainingSettings, Round
from fuelbreak.errors import CheckpointError
from fuelbreak.landscape import Landscape
from fuelbreak.runs import RunFolder, load_checkpoint
from fuelbreak.signals import StopRequest

__all__ = [
    "SCORED_EPISODES",
    "LineRun",
    "LineRunSettings",
    "line_of",
    "saved_share",
    "scalars_of",
    "train_lines",
]

SCORED_EPISODES = 40
"""Of its own, the last, whose mean return tells how good a checkpoint is; every task is another, so it takes many."""


@dataclass(frozen=True)
class LineRunSettings(LineTrainingSettings):
    """What a run is made of, besides its training."""

    budget: int = 250
    """Breaks that the agent is judged with at the end; it is trained with 30 to 300."""
    checkpoint_every: int = 25
    """Rounds between checkpoints: a round is --episodes-at-once episodes, or the updates that belong to them."""


def train_lines(
    settings: LineRunSettings,
    run: RunFolder,
    landscapes: list[Landscape],
    device: str,
    stop: StopRequest,
    *,
    is_resumed: bool = False,
) -> bool:
    """Train until all is done or a signal asks to stop.

    Args:
        settings: As they say.
        run: The run's folder.
        landscapes: To cut training windows from, besides synthetic ones.
        device: Where the networks live.
        stop: Is asked between two rounds.
        is_resumed: Go on from the folder's latest checkpoint.

    Returns:
        Whether what was learned is on disk.

    Raises:
        CheckpointError: That checkpoint was made on other landscapes, or by another version.
        LandscapeError: The landscapes hardly burn anywhere.
    """
    training = LineTraining(settings, landscapes, device)
    if is_resumed:
        _take_up(training, run, device)
        say(f"Resuming {run.path} after {training.episodes} episodes, {training.updates} updates")
    going = LineRun(training, run, budget=settings.budget, checkpoint_every=settings.checkpoint_every)
    going.go_on(stop)
    return going.is_saved


def _take_up(training: LineTraining, run: RunFolder, device: str) -> None:
    state = load_checkpoint(run.path, device)
    try:
        training.load_state_dict(state)
    except (KeyError, RuntimeError, TypeError) as error:
        raise CheckpointError(
            f"{run.path} cannot be gone on with: it was made by another version of this program ({error})"
        ) from error


class LineRun:
    """A training and the folder that it leaves.

    Args:
        training: As it stands, at its start or resumed.
        run: Its folder.
        budget: Breaks that the agent is to be judged with.
        checkpoint_every: Rounds between checkpoints.

    Attributes:
        is_saved: Whether the latest checkpoint is on disk.
    """

    def __init__(self, training: LineTraining, run: RunFolder, *, budget: int, checkpoint_every: int) -> None:
        self.training, self.run = training, run
        self._budget, self._checkpoint_every = budget, checkpoint_every
        self.is_saved = True

    def go_on(self, stop: StopRequest) -> None:
        """Train to the end, or to that of the round in which a signal asks to stop; save now and then, and at last."""
        training, started = self.training, time.perf_counter()
        with (
            progress_bar("Training", training.total_work, training.work) as show,
            contextlib.closing(training.rounds()) as rounds,
        ):
            for number, done in enumerate(rounds, start=1):
                is_last = bool(stop) or training.work == training.total_work
                if is_last or number % self._checkpoint_every == 0:
                    self.save()
                self._log(done, time.perf_counter() - started)
                say(line_of(done))
                show(training.work)
                if is_last:
                    return
                started = time.perf_counter()

    def save(self) -> None:
        """Write the checkpoint from which a resumed run goes on as if nothing had happened."""
        training = self.training
        with training.clock("checkpoint"), going_on_without("checkpoint; the last good one stays"):
            self.is_saved = False
            state = training.state_dict() | training.description | {"budget": self._budget}
            self.run.save_checkpoint(training.episodes - 1, training.network, score=self.score, **state)
            self.is_saved = True

    @property
    def score(self) -> float | None:
        """Mean share that the network's last own episodes saved, by which the best checkpoint is known."""
        last = self.training.drawn.episodes[-SCORED_EPISODES:]
        return (
            float(np.mean([saved_share(steps) for steps in last])) if len(last) == SCORED_EPISODES else None
        )

    def _log(self, done: Round, seconds: float) -> None:
        training = self.training
        simulated = sum(map(len, done.episodes)) if done.episodes else math.nan
        values = scalars_of(done) | {"charts/SPS": simulated / seconds}
        with going_on_without("the round's log"):
            self.run.log(training.episodes - 1, values | training.clock.take(1), training.work)


def saved_share(steps: Sequence[Step]) -> float:
    """Share of the expected burned area that an episode's lines saved: rewards add up to the logarithm of the rest."""
    return -math.expm1(-sum(float(step.rewards[step.chosen]) for step in steps))


def scalars_of(done: Round) -> dict[str, float]:
    """A round for TensorBoard and metrics.jsonl; NaN where it had none of a thing."""
    reward_loss, return_loss = _means(done.losses, 2)
    share, lines, breaks = _means(
        [(saved_share(steps), len(steps), _breaks(steps)) for steps in done.episodes], 3
    )
    return {
        "charts/episodic_return": share,
        "charts/episodic_length": lines,
        "charts/breaks": breaks,
        "charts/learning_rate": done.learning_rate,
        "losses/reward_loss": reward_loss,
        "losses/return_loss": return_loss,
    }


def line_of(done: Round) -> str:
    """The console line of a round."""
    values = scalars_of(done)
    text = f"[{done.part} {done.done}/{done.total}]"
    if done.episodes:
        text += " Saved: {charts/episodic_return:.3f} Lines: {charts/episodic_length:.1f}".format(**values)
        text += " Breaks: {charts/breaks:.0f}".format(**values)
    if done.losses:
        text += " Loss: {losses/reward_loss:.4f} of rewards, {losses/return_loss:.4f} of returns".format(
            **values
        )
    return text


def _breaks(steps: Sequence[Step]) -> int:
    return sum(int(step.state.segments.lengths[step.chosen]) for step in steps)


def _means(rows: Sequence[tuple[float, ...]], columns: int) -> list[float]:
    return [float(mean) for mean in np.mean(rows, axis=0)] if rows else [math.nan] * columns
