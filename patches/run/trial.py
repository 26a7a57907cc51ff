"""How a trial run is made, and how it ended."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field

__all__ = ["SmokeResult", "Trial"]


@dataclass(frozen=True)
class Trial:
    """How a trial run is made.

    Attributes:
        steps: Vector steps; then the script is asked to end.
        timeout_s: Seconds for all of it; what still runs then is killed with all its children.
        python: The interpreter.
    """

    steps: int
    timeout_s: float = 120.0
    python: str = field(default_factory=lambda: sys.executable)


@dataclass(frozen=True)
class SmokeResult:
    """How a trial run ended.

    Attributes:
        ok: True where the script took its steps, or ended well before.
        reason: What went wrong, with the last lines that the script wrote.
        faults: What the pool's environments did wrong meanwhile, to be added to a sentence.
    """

    ok: bool
    reason: str = ""
    faults: str = ""
