"""The other side of `fuelbreak.fire.oracle`: runs pyretechnics fires for the parent process.

Started by file name under an interpreter of its own, whose NumPy is older than ours; it imports nothing of this
package. Requests and replies are NumPy archives, each preceded by its length in eight bytes.
"""

from __future__ import annotations

import io
import os
import struct
import sys
from typing import IO, Any

import numpy as np

PADDING = 3  # cells that do not burn around the grid: the library's last column never burns
NON_BURNABLE = 91


def main() -> None:
    """Answer requests until the parent closes the pipe."""
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what the library prints must not end up among the replies
    while True:
        request = receive(sys.stdin.buffer)
        if request is None:
            return
        try:
            reply = {"times": burn(request)}
        except Exception as error:  # noqa: BLE001 (a boundary: the parent raises it again, with its text)
            reply = {"error": np.array(f"{type(error).__name__}: {error}")}
        send(replies, reply)


def burn(request: dict[str, Any]) -> Any:
    """Arrival times of every ignition, float32 (n, H, W), rows as in the request; inf where fire does not come."""
    duration = float(request["duration_min"])
    cell_size = float(request["cell_size_m"])
    height, width = request["fuel_model"].shape
    shape = (height + 2 * PADDING, width + 2 * PADDING)
    cubes = make_cubes(request, (1, *shape))
    lit = -np.ones((int(request["lit_cells"]),) * 2, np.float32)
    rows = [burn_one(cubes, shape, tuple(start), lit, cell_size, duration) for start in request["ignitions"]]
    return np.stack(rows)


def make_cubes(request: dict[str, Any], cube_shape: tuple[int, int, int]) -> dict[str, Any]:
    """The library's inputs: padded layers, row 0 = south, and constants."""
    from pyretechnics.space_time_cube import SpaceTimeCube

    cubes = {}
    for name in (str(name) for name in request["layers"]):
        padding = NON_BURNABLE if name == "fuel_model" else 0.0
        padded = np.pad(request[name].astype(np.float32)[::-1], PADDING, constant_values=padding)
        cubes[name] = SpaceTimeCube(cube_shape, np.ascontiguousarray(padded))
    for name, value in zip(request["constants"], request["values"]):  # noqa: B905 (equal by construction)
        cubes[str(name)] = SpaceTimeCube(cube_shape, float(value))
    return cubes


def burn_one(
    cubes: dict[str, Any],
    shape: tuple[int, ...],
    ignition: tuple[int, int],
    lit: Any,
    cell_size: float,
    duration: float,
) -> Any:
    """Arrival times of one fire, float32 (H, W), row 0 = north; `lit` is the square that burns at first."""
    from pyretechnics.eulerian_level_set import SpreadState, spread_fire_with_phi_field

    rows = shape[0] - 2 * PADDING
    place = (PADDING + rows - 1 - int(ignition[0]), PADDING + int(ignition[1]))
    corner = (place[0] - len(lit) // 2, place[1] - len(lit) // 2)
    state = SpreadState((1, *shape)).ignite_cells(corner, lit)
    outcome = spread_fire_with_phi_field(
        cubes, state, (duration + 1.0, cell_size, cell_size), start_time=0.0, max_duration=duration
    )
    times = np.array(outcome["spread_state"].get_full_matrices()["time_of_arrival"], np.float32)
    times[~np.isfinite(times) | (times < 0.0)] = np.inf
    times[place] = 0.0  # the library does not count the cell where fire starts
    return np.ascontiguousarray(times[PADDING:-PADDING, PADDING:-PADDING][::-1])


def receive(stream: IO[bytes]) -> dict[str, Any] | None:
    """The next archive, or None where the stream ends before it does."""
    head = stream.read(8)
    if len(head) < 8:
        return None
    size = struct.unpack("<Q", head)[0]
    body = stream.read(size)
    if len(body) < size:
        return None
    with np.load(io.BytesIO(body), allow_pickle=False) as archive:
        return {name: archive[name] for name in archive.files}


def send(stream: IO[bytes], arrays: dict[str, Any]) -> None:
    """Write an archive and its length."""
    body = io.BytesIO()
    np.savez(body, **arrays)
    stream.write(struct.pack("<Q", body.tell()) + body.getvalue())
    stream.flush()


if __name__ == "__main__":
    main()
