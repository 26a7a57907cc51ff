"""Run folders: what is written, that it survives, and that a checkpoint cannot run code."""

from __future__ import annotations

import json
import math
import resource
from pathlib import Path

import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from fuelbreak import runs
from fuelbreak.dqn import QNetwork
from fuelbreak.errors import CheckpointError
from fuelbreak.runs import RunFolder, load_checkpoint, write_checkpoint


@pytest.fixture
def network() -> QNetwork:
    return QNetwork(width=8, dilations=(1,))


def test_a_run_records_its_config_and_is_the_latest(tmp_path: Path) -> None:
    first = RunFolder.create("train", {"seed": 1}, root=tmp_path)
    second = RunFolder.create("train", {"seed": 2, "rasters": Path("data")}, root=tmp_path)
    facts = json.loads((second.path / "config.json").read_text())
    assert facts["config"] == {"seed": 2, "rasters": "data"}
    assert facts["versions"]["torch"].startswith("2.13.0")
    assert first.path != second.path
    assert (tmp_path / "latest").resolve() == second.path.resolve()
    first.close()
    second.close()


def test_metrics_reach_the_jsonl_and_tensorboard_and_nan_is_left_out(tmp_path: Path) -> None:
    with RunFolder.create("train", {}, root=tmp_path) as run:
        run.log(0, {"charts/episodic_return": 0.25, "losses/td_loss": math.nan})
        run.log(1, {"charts/episodic_return": 0.5, "losses/td_loss": 0.125})
    lines = [json.loads(line) for line in (run.path / "metrics.jsonl").read_text().splitlines()]
    assert lines == [
        {"episode": 0, "charts/episodic_return": 0.25},
        {"episode": 1, "charts/episodic_return": 0.5, "losses/td_loss": 0.125},
    ]
    board = EventAccumulator(str(run.path)).Reload()
    assert [event.value for event in board.Scalars("charts/episodic_return")] == [0.25, 0.5]
    assert [event.step for event in board.Scalars("losses/td_loss")] == [1]


def test_a_checkpoint_gives_back_the_same_weights(tmp_path: Path, network: QNetwork) -> None:
    with RunFolder.create("train", {}, root=tmp_path) as run:
        run.save_checkpoint(7, network, k=10, weather={"duration_min": 240.0})
    state = load_checkpoint(run.path)
    assert (state["episode"], state["k"], state["weather"]) == (7, 10, {"duration_min": 240.0})
    for name, weight in network.state_dict().items():
        assert torch.equal(state["network"][name], weight)


def test_the_newest_two_checkpoints_and_the_best_are_kept(tmp_path: Path, network: QNetwork) -> None:
    with RunFolder.create("train", {}, root=tmp_path) as run:
        for episode, score in enumerate([None, 0.3, 0.5, 0.4]):
            run.save_checkpoint(episode, network, score=score)
    with RunFolder.reopen(run.path) as run:
        run.save_checkpoint(4, network, score=0.45)
    names = {file.name for file in run.checkpoints.iterdir()}
    assert names == {"episode_000004.pt", "episode_000005.pt", "latest.pt", "best.pt", "best.json"}
    assert load_checkpoint(run.path)["episode"] == 4
    assert load_checkpoint(run.checkpoints / "best.pt")["score"] == 0.5


def test_a_failed_save_leaves_the_last_good_checkpoint(
    tmp_path: Path, network: QNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    def disk_full(_state: object, file: object) -> None:
        file.write(b"half of it")  # type: ignore[attr-defined]
        raise OSError(28, "No space left on device")

    with RunFolder.create("train", {}, root=tmp_path) as run:
        run.save_checkpoint(1, network)
        monkeypatch.setattr(runs.torch, "save", disk_full)
        with pytest.raises(OSError, match="No space left"):
            run.save_checkpoint(2, network)
    assert load_checkpoint(run.path)["episode"] == 1
    assert {file.name for file in run.checkpoints.iterdir()} == {"episode_000002.pt", "latest.pt"}


def test_a_disk_that_is_full_is_named_and_not_hidden_behind_an_error_of_torch(
    tmp_path: Path, network: QNetwork
) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    with RunFolder.create("train", {}, root=tmp_path) as run:
        run.save_checkpoint(1, network)
        resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, hard))
        try:
            with pytest.raises(OSError, match="File too large"):
                run.save_checkpoint(2, network)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert load_checkpoint(run.path)["episode"] == 1


def test_a_checkpoint_that_carries_code_is_refused(tmp_path: Path) -> None:
    class Evil:
        def __reduce__(self) -> tuple:
            return print, ("code from a checkpoint",)

    write_checkpoint(tmp_path / "evil.pt", {"network": Evil()})
    with pytest.raises(CheckpointError, match=r"evil.pt is .* carries code, which is never run"):
        load_checkpoint(tmp_path / "evil.pt")


def test_what_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"no checkpoint at .*latest\.pt"):
        load_checkpoint(tmp_path)
    with pytest.raises(FileNotFoundError, match="no run folder"):
        RunFolder.reopen(tmp_path)
