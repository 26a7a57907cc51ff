"""Put on PYTHONPATH by a test: makes some step of some `FuelBreakEnv` fail once, in whichever process it is.

SABOTAGE is a JSON list of [kind, n]: the first process in which `FuelBreakEnv.step` is called for the n-th time
hangs, is killed, or raises there. SABOTAGE_DIR holds a file for each failure that has happened.
"""

import json
import os
import signal
import time
from pathlib import Path

PLAN = json.loads(os.environ.get("SABOTAGE", "[]"))
FOLDER = Path(os.environ.get("SABOTAGE_DIR", "."))


def fail(kind: str) -> None:
    if kind == "hang":
        time.sleep(3600)
    elif kind == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    elif kind == "raise":
        raise RuntimeError("sabotaged")


def is_first(kind: str) -> bool:
    try:
        (FOLDER / kind).touch(exist_ok=False)
    except FileExistsError:
        return False
    return True


if PLAN:
    from fuelbreak.env import FuelBreakEnv

    healthy_step = FuelBreakEnv.step
    calls = 0

    def step(self: FuelBreakEnv, action: object) -> object:
        global calls
        calls += 1
        for kind, n in PLAN:
            if calls >= n and is_first(kind):
                fail(kind)
        return healthy_step(self, action)

    FuelBreakEnv.step = step
