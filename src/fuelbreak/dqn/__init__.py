"""A dueling double DQN over per-cell values that chooses k cells at once, and can be shown how."""

from fuelbreak.dqn.agent import (
    double_dqn_loss,
    epsilon_greedy,
    exploration_rate,
    greedy_actions,
    select_cells,
)
from fuelbreak.dqn.demonstrations import Demonstrator, likelihood_loss, margin_loss
from fuelbreak.dqn.learner import Learner, Update
from fuelbreak.dqn.network import QNetwork
from fuelbreak.dqn.priorities import Priorities
from fuelbreak.dqn.replay import Batch, ReplayMemory
from fuelbreak.dqn.scenery import Scenery
from fuelbreak.dqn.schedule import ScheduleSettings
from fuelbreak.dqn.settings import LearnerSettings
from fuelbreak.observation import legal_cells

__all__ = [
    "Batch",
    "Demonstrator",
    "Learner",
    "LearnerSettings",
    "Priorities",
    "QNetwork",
    "ReplayMemory",
    "Scenery",
    "ScheduleSettings",
    "Update",
    "double_dqn_loss",
    "epsilon_greedy",
    "exploration_rate",
    "greedy_actions",
    "legal_cells",
    "likelihood_loss",
    "margin_loss",
    "select_cells",
]
