"""The main job: one hung environment stops the legacy script for good; patched, it goes on and tells the truth."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conftest import Watch

EPISODE = re.compile(r"^\[Episode (\d+)\] .* Burned: ([\d.]+|nan) .* Completed: (\d+)/(\d+)$", re.M)
FAULT = re.compile(r"^environment \d+ failed: (\w+) in step after ", re.M)
PATIENCE_S = 10.0


def patch(root: Path, script: Path, *flags: str) -> str:
    done = subprocess.run(
        [
            sys.executable,
            str(root / "patch_train_stable.py"),
            "src/Train.py",
            "--backup-dir",
            "backups",
            *flags,
        ],
        cwd=script.parents[1],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def wait_until(condition: object, timeout_s: float, watch: Watch) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < deadline, f"{watch.alive()}\n{watch.log}"
        time.sleep(0.1)


def test_one_hung_environment_stops_the_legacy_script_for_good(
    legacy_script: Path, tiles: Path, watch: Watch
) -> None:
    watch.sabotage = json.dumps([["hang", 15]])
    script = watch.start(legacy_script, "--rasters", tiles, "--episodes", 50)
    wait_until(lambda: (watch.folder / "hang").exists(), 60, watch)
    episodes = len(EPISODE.findall(watch.log))
    time.sleep(PATIENCE_S)
    assert script.poll() is None, "the legacy script ended, but it should wait for ever"
    assert len(EPISODE.findall(watch.log)) == episodes


def test_the_same_script_patched_survives_a_hang_a_kill_and_an_error(
    root: Path, legacy_script: Path, tiles: Path, watch: Watch
) -> None:
    patch(root, legacy_script)
    shared_memory = set(Path("/dev/shm").iterdir())
    watch.sabotage = json.dumps([["hang", 40], ["kill", 80], ["raise", 120]])
    script = watch.start(legacy_script, "--rasters", tiles, "--episodes", 3)
    assert script.wait(110) == 0, watch.log
    episodes = EPISODE.findall(watch.log)
    assert [int(number) for number, *_ in episodes] == [0, 1, 2]
    assert {(watch.folder / kind).exists() for kind in ("hang", "kill", "raise")} == {True}
    assert sorted(FAULT.findall(watch.log)) == ["crash", "error", "timeout"], watch.log
    assert [(int(done), int(of)) for *_, done, of in episodes] == [(32, 32)] * 3, "no episode should be lost"
    wait_until(lambda: not watch.alive(), 5, watch)
    assert set(Path("/dev/shm").iterdir()) <= shared_memory


def test_without_faults_every_environment_places_its_whole_budget(
    root: Path, legacy_script: Path, tiles: Path, watch: Watch
) -> None:
    patch(root, legacy_script)
    script = watch.start(legacy_script, "--rasters", tiles, "--episodes", 2)
    assert script.wait(110) == 0, watch.log
    episodes = EPISODE.findall(watch.log)
    assert [(int(done), int(of)) for *_, done, of in episodes] == [(32, 32), (32, 32)]
    run = watch.folder / "runs" / "latest"
    metrics = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    assert [record["charts/breaks"] for record in metrics] == [250.0, 250.0]
    assert len({record["charts/episodic_return"] for record in metrics}) == 2, (
        "fires should differ between episodes"
    )
    assert (run / "checkpoints" / "latest.pt").is_file()


def test_restoring_gives_back_the_legacy_script_byte_for_byte(root: Path, legacy_script: Path) -> None:
    original = legacy_script.read_bytes()
    said = patch(root, legacy_script)
    assert legacy_script.read_bytes() != original
    backup = next(path.name for path in (legacy_script.parents[1] / "backups").iterdir() if path.is_dir())
    assert backup in said
    patch(root, legacy_script, "--restore")
    assert legacy_script.read_bytes() == original
