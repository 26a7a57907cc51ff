"""``python benchmarks/bench_torch_fire.py``: fires as tensors, on a GPU where there is one, else a few on the CPU.

For each duration: fires per second by the wall clock, and beside it the floor that the bytes set. A sweep takes 32
moves; as tensor operations each of them reads three arrays of times and writes two, and reads its costs; a kernel that
did all moves of a cell at once would read and write the times once a sweep. What the device copies per second is
measured in the same run. Before anything is timed, a sample is held against the compiled fires: the same bits, or no
table.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence

import numpy as np
import torch
from _tables import head, machine, row
from _tiles import DATA, real_tiles

from fuelbreak.fire.ignitions import sample_ignitions
from fuelbreak.fire.neighbours import MOVES
from fuelbreak.fire.simulator import FireSimulator
from fuelbreak.fire.weather import Weather
from fuelbreak.landscape import Landscape
from fuelbreak.observation import LAYOUTS
from fuelbreak.synthetic import generate_landscape
from fuelbreak.torch_fire import FuelBreakVectorEnv, TorchFires
from fuelbreak.torch_fire.fires import sweeps_to_settle

COPIED_BYTES = {"cuda": 2**30, "cpu": 2**26}
SAMPLE = 20


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and print Markdown tables."""
    device = "cuda" if torch.cuda.is_available() else "cpu"
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default=device, help="default %(default)s")
    parser.add_argument(
        "--envs", type=int, default=4096 if device == "cuda" else 16, help="default %(default)s"
    )
    parser.add_argument("--fires", type=int, default=10, help="in each (default %(default)s)")
    parser.add_argument(
        "--steps", type=int, default=5, help="of the environment, timed (default %(default)s)"
    )
    options = parser.parse_args(argv)
    landscapes = real_tiles() if DATA.is_dir() else [generate_landscape(seed) for seed in range(3)]
    named = torch.cuda.get_device_name(options.device) if options.device.startswith("cuda") else "CPU"
    copied = bytes_per_second(torch.device(options.device))
    print(f"{named}, torch {torch.__version__}, {torch.get_num_threads()} threads; {machine()}")
    print(f"copies {copied / 1e9:.0f} GB/s (read and written)\n")
    fires_table(landscapes, options.device, options.envs, options.fires, copied)
    steps_table(landscapes, options.device, options.envs, options.fires, options.steps)
    return 0


def fires_table(landscapes: list[Landscape], device: str, envs: int, fires: int, copied: float) -> None:
    """Fires per second and the floors."""
    print(
        "\n".join(
            head("fires at once", "duration", "us a fire", "fires/s", "sweeps", "of the copy rate", *FLOORS)
        )
    )
    rng = np.random.default_rng(0)
    for minutes in (180.0, 1440.0):
        simulators = [FireSimulator(landscape, Weather(duration_min=minutes)) for landscape in landscapes]
        chosen = [simulators[i % len(simulators)] for i in range(envs)]
        ignitions = np.stack([sample_ignitions(each.landscape, fires, rng) for each in chosen])
        burning = TorchFires(chosen, device)
        starts = burning.starts(ignitions)
        assert_same_bits(burning, starts, chosen, ignitions)
        seconds = seconds_of(lambda: burning.burned_cells(starts), device)  # noqa: B023 (called here)
        sweeps = sweeps_to_settle(burning.ways, starts)
        cells = landscapes[0].fuel_model.size * envs
        costs = 4 * cells * MOVES * sweeps
        moved = costs + 5 * 4 * cells * fires * MOVES * sweeps
        fused = costs + 2 * 4 * cells * fires * sweeps
        count = envs * fires
        floors = (f"{count * copied / bytes_:,.0f}" for bytes_ in (moved, fused))
        rate = f"{moved / seconds / copied:.0%}"
        figures = (f"{seconds / count * 1e6:.1f}", f"{count / seconds:,.0f}", f"{sweeps:.1f}", rate, *floors)
        print(row((f"{envs} x {fires}", f"{minutes / 60:g} h", *figures)))
    print()


FLOORS = ("floor of these operations, fires/s", "floor of a fused kernel, fires/s")


def steps_table(landscapes: list[Landscape], device: str, envs: int, fires: int, steps: int) -> None:
    """Environment steps per second, all environments together."""
    print("\n".join(head("environments x fires", "layout", "ms a step", "environment steps/s")))
    for layout in LAYOUTS:
        env = FuelBreakVectorEnv(
            landscapes, envs, num_simulations=fires, layout=layout, device=device, as_tensors=True
        )
        _, infos = env.reset(seed=0)
        step = lambda env=env, mask=infos["action_mask"]: env.step(mask)  # noqa: E731
        seconds = seconds_of(step, device, steps)
        print(row((f"{envs} x {fires}", layout, f"{seconds * 1e3:.1f}", f"{envs / seconds:,.0f}")))
    print()


def assert_same_bits(
    burning: TorchFires, starts: torch.Tensor, chosen: list[FireSimulator], ignitions: np.ndarray
) -> None:
    """Compare the first environments' fires with the compiled ones."""
    burned = burning.burned_cells(starts)[:SAMPLE].cpu().numpy()
    expected = [each.burned_cells(own) for each, own in zip(chosen[:SAMPLE], ignitions, strict=False)]
    if not np.array_equal(burned, expected):
        raise SystemExit("the tensors' fires differ from the compiled ones: nothing is worth timing")


def bytes_per_second(device: torch.device) -> float:
    """Bytes read and written by a copy, the most that a memory-bound operation can do."""
    source = torch.zeros(COPIED_BYTES[device.type] // 4, device=device)
    target = torch.empty_like(source)
    return 2 * source.nbytes / seconds_of(lambda: target.copy_(source), str(device), 10)


def seconds_of(call: Callable[[], object], device: str, times: int = 3) -> float:
    """Wall-clock time of a call, the least of several after one that does not count."""

    def finished() -> float:
        if device.startswith("cuda"):
            torch.cuda.synchronize(device)
        return time.perf_counter()

    call()
    spent = []
    for _ in range(times):
        started = finished()
        call()
        spent.append(finished() - started)
    return min(spent)


if __name__ == "__main__":
    raise SystemExit(main())
