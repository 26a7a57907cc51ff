"""Sixteen fires at a time: the two vector operations that the spread kernels are made of.

Fires on one landscape share every move's cost, so that one cost serves a whole vector of arrival times: lane i of a
vector belongs to fire i. Numba has no vector type and its loop vectoriser cannot see that a cell and its neighbours
never overlap, hence these operations are given to LLVM as they are meant. They compile for any processor: LLVM
splits the vectors where registers are shorter.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from fuelbreak.fire.neighbours import MOVES

__all__ = ["LANES", "relax", "unsupported"]

LANES = 16

_FLOAT, _INT32, _INT64 = ir.FloatType(), ir.IntType(32), ir.IntType(64)
_VECTOR = ir.VectorType(_FLOAT, LANES)
_FIRST_LANE = ir.Constant(ir.VectorType(_INT32, LANES), [0] * LANES)
_UNDEFINED = ir.Constant(_VECTOR, ir.Undefined)
_CHAINS = 4  # running minima side by side: one alone would wait for each instruction before it


@intrinsic
def relax(typing: Any, times: Any, costs: Any, back: Any, cell: Any, move: Any, limit: Any) -> Any:  # noqa: ARG001
    """Lower the arrival times of one cell to the best that its neighbours offer.

    Called from compiled code as `relax(times, costs, back, cell, move, limit)`: float32 times, LANES per cell; float32
    costs, one per move into each cell; int64 distances in `times` back to where each move starts; index in `times`
    and in `costs` of the cell's first entries; float32 last time allowed.

    Returns:
        int64, a bit per lane: 1 where the time became lower.
    """
    signature = types.int64(times, costs, back, types.int64, types.int64, types.float32)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        place, own, best = _own_and_best(context, builder, signature, arguments)
        in_time = builder.fcmp_ordered("<=", best, _splat(builder, arguments[5]))
        better = builder.and_(builder.fcmp_ordered("<", best, own), in_time)
        builder.store(builder.select(better, best, own), place).align = 4
        return _bits(builder, better)

    return signature, generate


@intrinsic
def unsupported(typing: Any, times: Any, costs: Any, back: Any, cell: Any, move: Any) -> Any:  # noqa: ARG001
    """Tell in which lanes no neighbour accounts for the arrival time of a cell; arguments as in `relax`.

    Returns:
        int64, a bit per lane: 1 where the time is finite and every neighbour would bring the fire later.
    """
    signature = types.int64(times, costs, back, types.int64, types.int64)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        _, own, best = _own_and_best(context, builder, signature, arguments, start_from_own=False)
        return _bits(builder, builder.fcmp_ordered(">", best, own))

    return signature, generate


def _own_and_best(
    context: Any, builder: Any, signature: Any, arguments: Any, *, start_from_own: bool = True
) -> tuple[Any, Any, Any]:
    """Where the cell's times lie, the times, and the least that a move into the cell offers."""
    times, costs, back = (
        context.make_array(kind)(context, builder, value).data
        for kind, value in zip(signature.args[:3], arguments[:3], strict=True)
    )
    cell, move = arguments[3], arguments[4]
    place = builder.bitcast(builder.gep(times, [cell]), _VECTOR.as_pointer())
    own = builder.load(place)
    own.align = 4
    never = ir.Constant(_VECTOR, [float("inf")] * LANES)
    best = [own if start_from_own else never] * _CHAINS
    for k in range(MOVES):
        distance = builder.load(builder.gep(back, [_INT64(k)]))
        source = builder.bitcast(builder.gep(times, [builder.sub(cell, distance)]), _VECTOR.as_pointer())
        earlier = builder.load(source)
        earlier.align = 4
        cost = _splat(builder, builder.load(builder.gep(costs, [builder.add(move, _INT64(k))])))
        best[k % _CHAINS] = _least(builder, builder.fadd(earlier, cost), best[k % _CHAINS])
    while len(best) > 1:
        best.append(_least(builder, best.pop(0), best.pop(0)))
    return place, own, best[0]


def _splat(builder: Any, value: Any) -> Any:
    """`value` in every lane."""
    return builder.shuffle_vector(
        builder.insert_element(_UNDEFINED, value, _INT32(0)), _UNDEFINED, _FIRST_LANE
    )


def _least(builder: Any, left: Any, right: Any) -> Any:
    return builder.select(builder.fcmp_ordered("<", left, right), left, right)


def _bits(builder: Any, flags: Any) -> Any:
    """A vector of flags as the low bits of an integer."""
    return builder.zext(builder.bitcast(flags, ir.IntType(LANES)), _INT64)
