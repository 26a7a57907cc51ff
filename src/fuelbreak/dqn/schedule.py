"""What changes from episode to episode: who plays, how much is explored, and what is learned from."""

from __future__ import annotations

from dataclasses import dataclass

from fuelbreak.dqn.agent import exploration_rate
from fuelbreak.dqn.settings import LearnerSettings

__all__ = ["ScheduleSettings"]


@dataclass(frozen=True)
class ScheduleSettings(LearnerSettings):
    """A `Learner`'s settings, and those of the episodes that it learns from; everything follows from their numbers."""

    steps_per_ep: int = 25
    """Vector steps in an episode."""
    episodes: int = 300
    """Episodes to train, counted from the start of the run."""
    demonstrations: int = 3
    """Episodes at the start that a plan plays, through the same environments; 0 = learn from nothing."""
    demonstrator: str = "annealed walls"
    """That plan, a name in fuelbreak.plans.PLANS."""
    pretrain_updates: int = 600
    """Optimizer steps on the demonstrations alone, after them."""
    shown_share: float = 0.5
    """Share of a batch that is demonstrated after that, at first."""
    end_shown_share: float = 0.25
    """The same at the end."""
    start_epsilon: float = 0.2
    """Exploration at the start, after the demonstrations; give 1 where there are none."""
    end_epsilon: float = 0.05
    """Exploration at the end."""
    exploration_fraction: float = 0.5
    """Share of the episodes over which exploration, and the share of what is demonstrated, fall."""

    @property
    def shown_episodes(self) -> int:
        """Episodes that are demonstrated: at least one is left to the network."""
        return min(self.demonstrations, self.episodes - 1)

    def is_shown(self, episode: int) -> bool:
        """Whether the demonstrator plays an episode."""
        return episode < self.shown_episodes

    def progress(self, pretrained: int, episode: int) -> float:
        """Share of the run's optimizer steps that are over: those on demonstrations alone, and before an episode."""
        at_once = self.pretrain_updates if self.shown_episodes else 0
        own, all_own = (max(0, end - self.shown_episodes) for end in (episode, self.episodes))
        each = self.steps_per_ep * self.updates_per_step
        return (min(pretrained, at_once) + own * each) / (at_once + all_own * each)

    def epsilon(self, episode: int) -> float:
        """Share of an episode's steps that the network does not choose: all of a demonstration's."""
        return 1.0 if self.is_shown(episode) else self._falling(episode, self.start_epsilon, self.end_epsilon)

    def demonstrated_share(self, episode: int) -> float:
        """Share of an episode's batches that is demonstrated."""
        return self._falling(episode, self.shown_share, self.end_shown_share)

    def _falling(self, episode: int, start: float, end: float) -> float:
        done, total = episode - self.shown_episodes, self.episodes - self.shown_episodes
        return exploration_rate(done, total, start, end, self.exploration_fraction)
