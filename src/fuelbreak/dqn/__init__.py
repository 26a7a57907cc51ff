"""A double DQN over per-cell values that chooses k cells at once."""

from fuelbreak.dqn.agent import (
    double_dqn_loss,
    epsilon_greedy,
    exploration_rate,
    greedy_actions,
    select_cells,
)
from fuelbreak.dqn.learner import Learner, LearnerSettings
from fuelbreak.dqn.network import QNetwork
from fuelbreak.dqn.replay import Batch, ReplayMemory
from fuelbreak.observation import legal_cells

__all__ = [
    "Batch",
    "Learner",
    "LearnerSettings",
    "QNetwork",
    "ReplayMemory",
    "double_dqn_loss",
    "epsilon_greedy",
    "exploration_rate",
    "greedy_actions",
    "legal_cells",
    "select_cells",
]
