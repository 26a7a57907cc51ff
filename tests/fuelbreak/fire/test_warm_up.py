"""Compiled code is kept, shared by processes that start at once, and light to import."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from fuelbreak.fire import repair, room, spread, travel_time

BURN = """
import sys
import numpy as np
from fuelbreak.fire import spread, warm_up
from fuelbreak.fire.simulator import FireSimulator
FireSimulator(warm_up.small_landscape()).burned_cells(np.array([[2, 2]]))
print(sum(spread.run_fires.stats.cache_hits.values()), "torch" in sys.modules, "stablepool" in sys.modules)
"""


def burn(cache: Path) -> subprocess.Popen[str]:
    environment = os.environ | {"NUMBA_CACHE_DIR": str(cache)}
    return subprocess.Popen(
        [sys.executable, "-c", BURN],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.slow
def test_processes_that_start_at_once_share_a_cache(tmp_path: Path) -> None:
    first = [burn(tmp_path) for _ in range(2)]
    for process in first:
        _, errors = process.communicate(timeout=100)
        assert process.returncode == 0, errors
    output, errors = burn(tmp_path).communicate(timeout=100)
    assert output.split() == ["1", "False", "False"], errors


@pytest.mark.parametrize(
    ("module", "parts"),
    [
        (travel_time, ["neighbours.py"]),
        (room, ["stencil.py", "neighbours.py"]),
        (spread, ["stencil.py", "neighbours.py", "room.py"]),
        (repair, ["stencil.py", "neighbours.py", "room.py", "spread.py"]),
    ],
)
def test_kernels_are_compiled_anew_when_what_they_contain_changes(
    module: ModuleType, parts: list[str]
) -> None:
    """Numba looks at the file of a function alone; the digest in it must change with the files it draws from."""
    folder = Path(spread.__file__).parent
    digest = hashlib.sha256(b"".join((folder / part).read_bytes() for part in parts)).hexdigest()[:12]
    assert digest == module.COMPILED_WITH, f"set COMPILED_WITH in {module.__file__} to {digest!r}"
