"""Where the time goes: phases add up, and the means are those of the log."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from fuelbreak.phases import PhaseClock, describe_phases, mean_phases


def test_phases_add_up_even_where_they_fail() -> None:
    clock = PhaseClock()
    for _ in range(2):
        with clock("sleep"):
            time.sleep(0.01)
    with pytest.raises(ZeroDivisionError), clock("fail"):
        raise ZeroDivisionError
    assert clock.seconds["sleep"] >= 0.02
    assert list(clock.seconds) == ["sleep", "fail"]


def test_what_is_taken_is_milliseconds_an_iteration_and_the_clock_starts_anew() -> None:
    clock = PhaseClock()
    clock.seconds = {"learn": 0.5}
    assert clock.take(iterations=10) == {"time/learn_ms": 50.0}
    assert clock.take(iterations=10) == {"time/learn_ms": 0.0}


def test_means_are_over_all_lines_of_the_log(tmp_path: Path) -> None:
    lines = [{"episode": 0, "time/learn_ms": 4.0}, {"episode": 1, "time/learn_ms": 6.0, "time/log_ms": 1.0}]
    (tmp_path / "metrics.jsonl").write_text("\n".join(map(json.dumps, lines)))
    assert mean_phases(tmp_path / "metrics.jsonl") == {"learn": 5.0, "log": 0.5}


def test_the_longest_phase_comes_first() -> None:
    said = describe_phases({"log": 1.0, "wait_for_environments": 9.0, "store": 0.0})
    assert said == "10.0 ms: wait for environments 9.0 (90%), log 1.0 (10%)"
