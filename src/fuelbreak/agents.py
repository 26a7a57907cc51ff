"""Trained agents as plans: a checkpoint becomes something that places breaks, whatever kind of network it holds.

    agent = load_agent("runs/latest")                                      # or a .pt file
    breaks = agent.plan(landscape, agent.weather, budget=125)              # bool (H, W), as any `fuelbreak.plans.Plan`
    agent = load_agent("lines")                                            # trained already: comes with the package

What judges, exports and draws plans knows agents only by this. A checkpoint says its kind under ``"agent"`` ("dqn"
where it says nothing) and a new kind is one more row of `KINDS`: a function of the checkpoint's content that rebuilds
the network from the settings saved with it and returns a `Plan`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from fuelbreak.dqn.lines.agent import line_plan
from fuelbreak.dqn.lines.search import search_plan
from fuelbreak.dqn.planner import dqn_plan
from fuelbreak.errors import CheckpointError
from fuelbreak.fire.weather import Weather
from fuelbreak.plans import Plan
from fuelbreak.plans._pairs import MOST_CELLS
from fuelbreak.runs import load_checkpoint

__all__ = ["DEFAULT_KIND", "KINDS", "PRETRAINED", "WHOLE_UP_TO", "Agent", "AgentKind", "load_agent"]

Checkpoint = dict[str, Any]
AgentKind = Callable[[Checkpoint, "torch.device | str"], Plan]

DEFAULT_KIND = "dqn"

KINDS: Mapping[str, AgentKind] = {"dqn": dqn_plan, "lines": line_plan, "lines-search": search_plan}
"""Every kind of agent by the name that its checkpoints carry."""

WHOLE_UP_TO: Mapping[str, int] = {"dqn": 40_000, "lines": 40_000, "lines-search": MOST_CELLS}
"""Cells of the largest landscape that an agent should be asked for at once: its looks take ever longer, and more of
them are needed; larger ones are planned for window by window (`fuelbreak.plan`)."""

PRETRAINED: Mapping[str, Path] = dict.fromkeys(
    ("lines", "lines-search"), Path(__file__).parent / "weights" / "lines.pt"
)
"""Weights that come with the package, by the kind of agent that they are loaded as."""


@dataclass(frozen=True)
class Agent:
    """A trained agent and what it was trained for.

    Attributes:
        kind: A name in `KINDS`.
        plan: Places breaks: any budget, any weather, any landscape of 8 x 8 cells and more.
        budget: Breaks of a training episode.
        cells_per_step: Breaks that it places before it looks again, with that budget.
        weather: Of the fires that it was trained with.
        episodes: How many it was trained for.
        whole_up_to: Cells of the largest landscape that it should be asked for at once.
        size: Rows or columns of a training landscape, the larger of both; None where the checkpoint does not say.
    """

    kind: str
    plan: Plan
    budget: int
    cells_per_step: int
    weather: Weather
    episodes: int
    whole_up_to: int
    size: int | None = None


def load_agent(checkpoint: Path | str, device: torch.device | str = "cpu") -> Agent:
    """Read an agent from a run's folder (its latest checkpoint) or from a .pt file, without running code in it.

    Args:
        checkpoint: Run folder or file, or a name in `PRETRAINED` (where no file has that name).
        device: Where its network shall run.

    Returns:
        The agent, ready to plan.

    Raises:
        FileNotFoundError: There is no checkpoint.
        CheckpointError: It is none of this program, or its kind is not known here.
    """
    shipped = PRETRAINED.get(str(checkpoint)) if not Path(checkpoint).exists() else None
    state = load_checkpoint(shipped or checkpoint, device)
    kind = str(checkpoint) if shipped else state.get("agent", DEFAULT_KIND)
    if kind not in KINDS:
        raise CheckpointError(f"{checkpoint} holds an agent of kind {kind!r}; known are {', '.join(KINDS)}")
    try:
        return Agent(
            kind=kind,
            plan=KINDS[kind](state, device),
            budget=int(state["budget"]),
            cells_per_step=int(state["k"]),
            weather=Weather(**state["weather"]) if "weather" in state else Weather(),
            episodes=int(state["episode"]) + 1,
            whole_up_to=WHOLE_UP_TO[kind],
            size=state.get("size"),
        )
    except (KeyError, RuntimeError) as error:
        raise CheckpointError(f"{checkpoint} is no checkpoint of a {kind} agent: {error}") from error
