"""The main job on real tiles: the patched legacy script, healthy and with one environment hung, killed and raising.

    python benchmarks/main_job.py --landfire ../shared/data/landfire [--episodes 20]

Cuts tiles from LANDFIRE crops, patches a copy of `src/Train.py`, runs it, and reports episodes, breaks, burned
areas, faults and what is left behind. Exits 1 if a bar is missed.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SCRIPT_TESTS = ROOT / "tests" / "scripts"
SABOTEUR = SCRIPT_TESTS / "saboteur"
sys.path.append(str(SCRIPT_TESTS))

from conftest import processes_with  # noqa: E402 - how the tests of the same job look for what it leaves

FAULTS = (("hang", 60), ("kill", 140), ("raise", 220))
GRACE_S = 5.0
FAULT_LINE = re.compile(r"^environment \d+ failed: (\w+) in step after ", re.M)


def main() -> int:
    """Run both parts; the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--landfire", type=Path, default=ROOT.parent / "shared" / "data" / "landfire")
    parser.add_argument("--episodes", type=int, default=20)
    arguments = parser.parse_args()
    if not arguments.landfire.is_dir():
        parser.error(f"{arguments.landfire} is not there; name a folder of LANDFIRE crops with --landfire")
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        cut_tiles(arguments.landfire, work / "tiles")
        patch(work)
        healthy = train(work, arguments.episodes, [])
        faulty = train(work, arguments.episodes, FAULTS)
    missed = report("healthy", healthy, arguments.episodes, 0) + report(
        "3 faults", faulty, arguments.episodes, 3
    )
    return int(missed > 0)


def cut_tiles(landfire: Path, out: Path) -> None:
    """Cut 50x50 tiles from the training crops."""
    for region in ("socal_a", "norcal_a", "vermont_a"):
        command = [sys.executable, "-m", "fuelbreak.tiles", landfire / region, out / region, "--size", "50"]
        subprocess.run([*command, "--overlap", "0"], check=True)


def patch(work: Path) -> None:
    """Patch a copy of the legacy script."""
    (work / "src").mkdir()
    legacy = subprocess.run(
        ["git", "show", "HEAD:src/Train.py"], cwd=ROOT, capture_output=True, check=True
    ).stdout
    (work / "src" / "Train.py").write_bytes(legacy)
    subprocess.run([sys.executable, ROOT / "patch_train_stable.py", "src/Train.py"], cwd=work, check=True)


def train(work: Path, episodes: int, faults: object) -> dict[str, object]:
    """Run the patched script and gather what it shows and what it leaves."""
    token, folder = uuid.uuid4().hex, Path(tempfile.mkdtemp(dir=work))
    extra = {"WATCH_TOKEN": token, "SABOTAGE": json.dumps(faults), "SABOTAGE_DIR": str(folder)}
    shared_memory = set(Path("/dev/shm").iterdir())
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "src/Train.py", "--rasters", "tiles/norcal_a", "--episodes", str(episodes)],
        cwd=work,
        env=os.environ | extra | {"PYTHONPATH": str(SABOTEUR)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=3600,
    )
    seconds = time.perf_counter() - started
    metrics = (work / "runs" / "latest" / "metrics.jsonl").read_text().splitlines()
    return {
        "exit_code": done.returncode,
        "seconds": seconds,
        "episodes": [json.loads(line) for line in metrics],
        "faults": FAULT_LINE.findall(done.stdout),
        "processes_left": processes_after(GRACE_S, token),
        "shared_memory_left": len(set(Path("/dev/shm").iterdir()) - shared_memory),
        "output": done.stdout,
    }


def processes_after(grace_s: float, token: str) -> int:
    """How many processes of a run are still there when it has ended and the grace is over."""
    deadline = time.monotonic() + grace_s
    while left := len(processes_with(token)):
        if time.monotonic() > deadline:
            return left
        time.sleep(0.1)
    return 0


def report(name: str, result: dict[str, object], episodes: int, faults: int) -> int:
    """Print one run's figures; the number of bars that it misses."""
    records: list[dict[str, float]] = result["episodes"]  # type: ignore[assignment]
    breaks = [record["charts/breaks"] for record in records]
    burned = [record["charts/burned"] for record in records if "charts/burned" in record]
    checks = {
        "exit code 0": result["exit_code"] == 0,
        f"{episodes} episodes": len(records) == episodes,
        f"{faults} faults, each reported once": len(result["faults"]) == faults,  # type: ignore[arg-type]
        "no process left": result["processes_left"] == 0,
        "no shared memory left": result["shared_memory_left"] == 0,
        "varied burned areas": len(set(burned)) == len(burned) > 1,
    }
    if not faults:
        checks["250 breaks in every environment and episode"] = set(breaks) == {250.0}
    print(f"\n{name}: {len(records)} episodes in {result['seconds']:.0f} s; faults: {result['faults']}")
    print(
        f"breaks an episode: {min(breaks):.1f} to {max(breaks):.1f}; "
        f"burned cells: {min(burned):.0f} to {max(burned):.0f}"
    )
    for check, held in checks.items():
        print(f"  {'ok    ' if held else 'MISSED'} {check}")
    missed = sum(not held for held in checks.values())
    if missed:
        print(result["output"])
    return missed


if __name__ == "__main__":
    sys.exit(main())
