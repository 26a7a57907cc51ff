"""A run's log: whole lines or none, and TensorBoard events that say the same."""

from __future__ import annotations

import json
import resource
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from fuelbreak.run_log import RunLog, append_line
from fuelbreak.runs import RunFolder


@contextmanager
def files_no_longer_than(size: int) -> Iterator[None]:
    """As on a full disk: a write beyond so many bytes is cut short, then refused."""
    assert signal.getsignal(signal.SIGXFSZ) == signal.SIG_IGN, "Python ignores the signal by itself"
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_tensorboard_and_the_lines_say_the_same_at_the_step_that_is_given(tmp_path: Path) -> None:
    with RunFolder.create("train", {"gamma": 0.9}, root=tmp_path) as run:
        run.log(0, {"charts/episodic_return": 0.25, "losses/td_loss": float("nan")}, step=100)
        run.log(1, {"charts/episodic_return": 0.5}, step=200)
        run.log_picture("pictures/breaks", np.zeros((8, 8, 3), np.uint8), step=200)
    lines = [json.loads(line) for line in (run.path / "metrics.jsonl").read_text().splitlines()]
    assert lines == [
        {"episode": 0, "global_step": 100, "charts/episodic_return": 0.25},
        {"episode": 1, "global_step": 200, "charts/episodic_return": 0.5},
    ]
    events = EventAccumulator(str(run.path)).Reload()
    assert [(e.step, e.value) for e in events.Scalars("charts/episodic_return")] == [(100, 0.25), (200, 0.5)]
    assert [e.step for e in events.Images("pictures/breaks")] == [200]
    assert b"|gamma|0.9|" in events.Tensors("hyperparameters/text_summary")[0].tensor_proto.string_val[0]


def test_a_line_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    file = tmp_path / "lines"
    append_line(file, "x" * 99)
    with files_no_longer_than(150), pytest.raises(OSError, match=r"No space|too large"):
        append_line(file, "y" * 99)
    assert file.read_text() == "x" * 99 + "\n"
    append_line(file, "z")
    assert file.read_text().endswith("x\nz\n")


@pytest.mark.filterwarnings("error::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.parametrize("smaller", ["metrics.jsonl", "events.out.tfevents.*"])
def test_logging_goes_on_once_there_is_room_again(
    tmp_path: Path, smaller: str, capfd: pytest.CaptureFixture[str]
) -> None:
    hook = threading.excepthook
    log = RunLog(tmp_path)
    tags = [f"charts/{number}" for number in range(1 if smaller == "metrics.jsonl" else 20)]
    log.scalars(0, dict.fromkeys(tags, 1.0))
    size = next(tmp_path.glob(smaller)).stat().st_size
    with files_no_longer_than(size + 1), pytest.raises(OSError, match=r"too large|No space"):
        log.scalars(1, dict.fromkeys(tags if smaller == "metrics.jsonl" else tags[:1], 2.0))
    log.scalars(2, dict.fromkeys(tags, 3.0))
    log.close()
    lines = (tmp_path / "metrics.jsonl").read_text().splitlines()
    assert {0, 2} <= {json.loads(line)["episode"] for line in lines}
    values = [event.value for event in EventAccumulator(str(tmp_path)).Reload().Scalars(tags[0])]
    assert (values[0], values[-1]) == (1.0, 3.0)
    assert "Traceback" not in capfd.readouterr().err, (
        "the error was raised; TensorBoard's thread need not print it"
    )
    assert threading.excepthook is hook


def test_other_threads_still_report_their_failures_while_the_log_is_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reported = []
    monkeypatch.setattr(threading, "excepthook", lambda failure: reported.append(failure.exc_value))
    log = RunLog(tmp_path)
    with log._writing():
        thread = threading.Thread(target=Path(tmp_path / "nowhere").read_bytes)
        thread.start()
        thread.join()
    log.close()
    assert [type(error) for error in reported] == [FileNotFoundError]
