"""Simulated annealing of break cells: lines bend, move, close and dissolve, a cell at a time, a million times a second.

What a plan is worth is estimated without a fire: two cells cost one burned cell for each way in which a fire from one
reaches the other without breaks, as long as they lie in one compartment, that is, are joined side by side through
fuel. The estimate is exact where breaks hold fires up for no longer than they burn, and else on the safe side.

    ties[p, c]      sum of `pairs[c, d]` over the cells d of compartment p: what c costs there
    shift           a break becomes fuel of a compartment beside it; its neighbours of other compartments become
                    breaks, so that no fire slips through: the line moves by a cell
    change in cost  + ties[p, c] - sum over the neighbours n of ties[their compartment, n]: no search, no fire

The cells stand for spins of a Potts model with a fixed number of cells in its walls: Kirkpatrick, Gelatt and Vecchi
(1983), "Optimization by simulated annealing", Science 220; Graner and Glazier (1992), "Simulation of biological cell
sorting using a two-dimensional extended Potts model", Physical Review Letters 69.
"""

# mypy: allow-untyped-decorators
# numba.njit has no types

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np
import numpy.typing as npt

__all__ = ["Pairs", "anneal", "closing_breaks"]

BoolGrid = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int64]
Pairs = npt.NDArray[np.uint8]

_BREAK, _BARE = -1, -2  # in `_State.part`: no compartment
_NEW_BREAKS = 0.1  # share of the trials that put a break somewhere in the fuel, if one is left


class _State(NamedTuple):
    """Compartments and breaks; N cells, at most P compartments.

    Attributes:
        part: int64 (N,), each cell's compartment; _BREAK, or _BARE where nothing burns.
        ties: int32 (P, N), see above.
        sizes: int64 (P,), cells of each compartment.
        walls: int64 (N,), the breaks, as many as `standing` says.
        at: int64 (N,), where in `walls` each break is.
        standing: int64 (1,), how many breaks stand.
        cost: float64 (1,), burned cells over the fires of all cells.
    """

    part: IntArray
    ties: npt.NDArray[np.int32]
    sizes: IntArray
    walls: IntArray
    at: IntArray
    standing: IntArray
    cost: npt.NDArray[np.float64]


def anneal(
    fuel: BoolGrid,
    pairs: Pairs,
    breaks: BoolGrid,
    budget: int,
    *,
    sweeps: int,
    temperatures: tuple[float, float],
    seed: int,
) -> tuple[BoolGrid, float]:
    """Improve breaks.

    Args:
        fuel: bool (H, W), the cells that burn where no break stands.
        pairs: uint8 (H * W, H * W), symmetric: how many of two cells' fires reach the other one without breaks, 0
            to 2; on the diagonal 1 for each cell that burns.
        breaks: bool (H, W), where to start from: on fuel, no more than the budget.
        budget: Break cells, 1 or more.
        sweeps: Trials per cell of fuel.
        temperatures: The first and the last, in expected burned cells of a fire.
        seed: Of the trials.

    Returns:
        bool (H, W), the best breaks met; and the cells that burn on average with them, by the estimate.
    """
    state = _allocate(fuel, budget)
    best, cost = _anneal(fuel, pairs, breaks.ravel(), budget, sweeps, *temperatures, seed, state)
    return best.reshape(fuel.shape), cost / int(fuel.sum())


def closing_breaks(fuel: BoolGrid, breaks: BoolGrid) -> BoolGrid:
    """The breaks that keep compartments apart, without those that stand idle in one or are there twice.

    Args:
        fuel: bool (H, W), the cells that burn where no break stands.
        breaks: bool (H, W), on fuel.

    Returns:
        bool (H, W), some of the breaks: between the same compartments.
    """
    at = np.where(breaks.ravel(), 0, -1)
    part = np.empty(fuel.size, np.int64)
    _number_compartments(fuel, at, part)
    return np.asarray(_closing(fuel, np.flatnonzero(breaks), part)).reshape(fuel.shape)


def _allocate(fuel: BoolGrid, budget: int) -> _State:
    """Room for all compartments there can be: a break has four neighbours, hence makes at most three more."""
    cells, part = fuel.size, np.empty(fuel.size, np.int64)
    compartments = _number_compartments(fuel, np.full(cells, -1), part) + 3 * budget + 1
    return _State(
        part=part,
        ties=np.zeros((compartments, cells), np.int32),
        sizes=np.zeros(compartments, np.int64),
        walls=np.empty(cells, np.int64),
        at=np.full(cells, -1, np.int64),
        standing=np.zeros(1, np.int64),
        cost=np.zeros(1),
    )


@numba.njit(cache=True, nogil=True)
def _anneal(
    fuel: BoolGrid,
    pairs: Pairs,
    breaks: BoolGrid,
    budget: int,
    sweeps: int,
    hot: float,
    cold: float,
    seed: int,
    state: _State,
) -> tuple[BoolGrid, float]:
    """Cool down geometrically; remember the best."""
    np.random.seed(seed)
    burnable = np.flatnonzero(fuel)
    beside = np.empty(4, np.int64)
    best, least = breaks.copy(), np.inf
    for cell in np.flatnonzero(breaks):
        state.walls[state.standing[0]], state.at[cell] = cell, state.standing[0]
        state.standing[0] += 1
    for sweep in range(sweeps):
        _take_stock(fuel, pairs, state)
        temperature = hot * (cold / hot) ** (sweep / max(sweeps - 1, 1))
        for _ in range(len(burnable)):
            if state.cost[0] < least:
                least = state.cost[0]
                best[:] = state.part == _BREAK
            if state.standing[0] > 0 and np.random.random() >= _NEW_BREAKS:
                _try_shift(fuel, pairs, budget, temperature, beside, state)
            elif state.standing[0] < budget:
                _break_cell(burnable[np.random.randint(len(burnable))], pairs, state)
    state.at[:] = np.where(best, 0, -1)
    _take_stock(fuel, pairs, state)  # what fell apart since the last sweep burns less than it costs
    return best, state.cost[0]


@numba.njit(cache=True, nogil=True)
def _take_stock(fuel: BoolGrid, pairs: Pairs, state: _State) -> None:
    """Number the compartments anew, which may have fallen apart; work out ties and cost."""
    for number in np.flatnonzero(state.sizes):  # the ties of an empty one have come to nothing
        state.ties[number] = 0
    state.sizes[:] = 0
    _number_compartments(fuel, state.at, state.part)
    state.cost[0] = 0.0
    for cell in range(fuel.size):
        if state.part[cell] >= 0:
            state.sizes[state.part[cell]] += 1
            _add_ties(state.ties[state.part[cell]], pairs[cell], 1)
    for cell in range(fuel.size):
        if state.part[cell] >= 0:
            state.cost[0] += 0.5 * (state.ties[state.part[cell], cell] + pairs[cell, cell])


@numba.njit(cache=True, nogil=True)
def _number_compartments(fuel: BoolGrid, at: IntArray, part: IntArray) -> int:
    """Give all fuel that is joined side by side one number, in `part`; how many numbers there are."""
    unseen, used = fuel.size, 0
    for cell in range(fuel.size):
        is_fuel = fuel[cell // fuel.shape[1], cell % fuel.shape[1]]
        part[cell] = _BARE if not is_fuel else _BREAK if at[cell] >= 0 else unseen
    waiting, beside = np.empty(fuel.size, np.int64), np.empty(4, np.int64)
    for start in range(fuel.size):
        if part[start] != unseen:
            continue
        part[start], waiting[0], count = used, start, 1
        while count > 0:
            count -= 1
            for i in range(_fuel_beside(waiting[count], fuel.shape, part, beside)):
                if part[beside[i]] == unseen:
                    part[beside[i]] = used
                    waiting[count] = beside[i]
                    count += 1
        used += 1
    return used


@numba.njit(cache=True, nogil=True)
def _fuel_beside(cell: int, shape: tuple[int, int], part: IntArray, beside: IntArray) -> int:
    """Put the neighbours of a cell that are fuel into `beside`; how many they are."""
    height, width = shape
    row, column, count = cell // width, cell % width, 0
    for down, right in ((-1, 0), (0, -1), (0, 1), (1, 0)):
        if 0 <= row + down < height and 0 <= column + right < width:
            beside[count] = cell + down * width + right
            count += part[beside[count]] >= 0
    return count


@numba.njit(cache=True, nogil=True)
def _closing(fuel: BoolGrid, breaks: IntArray, part: IntArray) -> BoolGrid:
    """bool (N,), the breaks that are left when each in turn goes to the only compartment beside it."""
    beside, closing = np.empty(4, np.int64), np.zeros(fuel.size, np.bool_)
    for cell in breaks:
        count = _fuel_beside(cell, fuel.shape, part, beside)
        home = part[beside[0]] if count > 0 else _BREAK
        closing[cell] = _keep_others(beside, count, home, part) > 0
        if not closing[cell]:
            part[cell] = home
    return closing


@numba.njit(cache=True, nogil=True)
def _try_shift(
    fuel: BoolGrid, pairs: Pairs, budget: int, temperature: float, beside: IntArray, state: _State
) -> None:
    """Give a break back to a compartment beside it, and keep it apart from the others (Metropolis et al. 1953)."""
    cell = state.walls[np.random.randint(state.standing[0])]
    count = _fuel_beside(cell, fuel.shape, state.part, beside)
    home = state.part[beside[np.random.randint(count)]] if count > 0 else np.argmin(state.sizes)
    displaced = _keep_others(beside, count, home, state.part)
    if displaced > 1 and state.standing[0] + displaced - 1 > budget:
        return
    change = _change(cell, home, beside[:displaced], pairs, state)
    if change <= 0.0 or np.random.random() < np.exp(-change / temperature):
        _unbreak_cell(cell, home, pairs, state)
        for i in range(displaced):
            _break_cell(beside[i], pairs, state)


@numba.njit(cache=True, nogil=True)
def _keep_others(beside: IntArray, count: int, home: int, part: IntArray) -> int:
    """Move the neighbours of other compartments than `home` to the front; how many they are."""
    kept = 0
    for i in range(count):
        if part[beside[i]] != home:
            beside[kept] = beside[i]
            kept += 1
    return kept


@numba.njit(cache=True, nogil=True)
def _change(cell: int, home: int, displaced: IntArray, pairs: Pairs, state: _State) -> float:
    """What the cost changes by where a break becomes fuel of `home` and its neighbours of other parts breaks."""
    change = state.ties[home, cell] + pairs[cell, cell]
    for i in range(len(displaced)):
        change -= state.ties[state.part[displaced[i]], displaced[i]]
        for j in range(i):
            if state.part[displaced[i]] == state.part[displaced[j]]:
                change += pairs[displaced[i], displaced[j]]
    return float(change)


@numba.njit(cache=True, nogil=True)
def _break_cell(cell: int, pairs: Pairs, state: _State) -> None:
    """Turn fuel into a break; where there is none already, nothing changes."""
    home = state.part[cell]
    if home < 0:
        return
    state.cost[0] -= state.ties[home, cell]
    state.part[cell] = _BREAK
    state.sizes[home] -= 1
    state.walls[state.standing[0]], state.at[cell] = cell, state.standing[0]
    state.standing[0] += 1
    _add_ties(state.ties[home], pairs[cell], -1)


@numba.njit(cache=True, nogil=True)
def _unbreak_cell(cell: int, home: int, pairs: Pairs, state: _State) -> None:
    """Turn a break into fuel of a compartment."""
    state.cost[0] += state.ties[home, cell] + pairs[cell, cell]
    state.part[cell] = home
    state.sizes[home] += 1
    state.standing[0] -= 1
    last = state.walls[state.standing[0]]
    state.walls[state.at[cell]], state.at[last] = last, state.at[cell]
    state.at[cell] = -1
    _add_ties(state.ties[home], pairs[cell], 1)


@numba.njit(cache=True, nogil=True)
def _add_ties(ties: npt.NDArray[np.int32], pairs: Pairs, times: int) -> None:
    """Add what one cell costs each other one, in one loop of vector instructions."""
    for other in range(len(ties)):
        ties[other] += times * np.int32(pairs[other])
