"""Sixteen fires at a time: the vector operations that the spread kernels are made of.

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

__all__ = ["LANES", "hanging", "relax", "tally", "unsupported"]

LANES = 16

_FLOAT, _INT32, _INT64 = ir.FloatType(), ir.IntType(32), ir.IntType(64)
_VECTOR = ir.VectorType(_FLOAT, LANES)
_FIRST_LANE = ir.Constant(ir.VectorType(_INT32, LANES), [0] * LANES)
_INFINITY = ir.Constant(_VECTOR, [float("inf")] * LANES)
_UNDEFINED = ir.Constant(_VECTOR, ir.Undefined)
_CHAINS = 4  # running minima side by side: one alone would wait for each instruction before it


@intrinsic
def relax(typing: Any, times: Any, costs: Any, back: Any, place: Any, limit: Any) -> Any:  # noqa: ARG001
    """Lower the arrival times of one cell to the best that its neighbours offer.

    Called from compiled code as `relax(times, costs, back, place, limit)`: float32 times, LANES per cell; float32
    costs, one per move into each cell; int64 distances in `times` back to where each move starts; the place of the
    cell in both arrays; float32 last time allowed.

    Returns:
        int64, a bit per lane: 1 where the time became lower.
    """
    signature = types.int64(times, costs, back, types.int64, types.float32)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        place, own, best = _own_and_best(context, builder, signature, arguments)
        in_time = builder.fcmp_ordered("<=", best, _splat(builder, arguments[4]))
        better = builder.and_(builder.fcmp_ordered("<", best, own), in_time)
        builder.store(builder.select(better, best, own), place).align = 4
        return _bits(builder, better)

    return signature, generate


@intrinsic
def unsupported(typing: Any, times: Any, costs: Any, back: Any, place: Any) -> Any:  # noqa: ARG001
    """Tell in which lanes no neighbour accounts for the arrival time of a cell; arguments as in `relax`.

    Returns:
        int64, a bit per lane: 1 where the time is finite and every neighbour would bring the fire later.
    """
    signature = types.int64(times, costs, back, types.int64)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        _, own, best = _own_and_best(context, builder, signature, arguments, start_from_own=False)
        return _bits(builder, builder.fcmp_ordered(">", best, own))

    return signature, generate


@intrinsic
def hanging(
    typing: Any,  # noqa: ARG001
    times: Any,
    costs: Any,
    ahead: Any,
    place: Any,  # noqa: ARG001
    withdrawn: Any,
) -> Any:
    """Tell which neighbours of a cell had their arrival time from it; arguments as in `relax`, and two more.

    Called as `hanging(times, costs, ahead, place, withdrawn)`: int64 distances in cells to where each move ends;
    float32 (LANES,), the times that the cell had, NaN in the lanes that keep theirs.

    Returns:
        int64, a bit per move: 1 where it ends in a cell whose time in some lane is just that of this move.
    """
    signature = types.int64(times, costs, ahead, types.int64, withdrawn)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        data = [
            context.make_array(signature.args[i])(context, builder, arguments[i]).data for i in (0, 1, 2, 4)
        ]
        times, costs, ahead, withdrawn = data
        own = _load_lanes(builder, withdrawn, _INT64(0))[1]
        found = _INT64(0)
        for k in range(MOVES):
            end = builder.add(arguments[3], builder.load(builder.gep(ahead, [_INT64(k)])))
            theirs = _load_lanes(builder, times, builder.mul(end, _INT64(LANES)))[1]
            cost = builder.load(builder.gep(costs, [builder.add(builder.mul(end, _INT64(MOVES)), _INT64(k))]))
            arrival = builder.fadd(own, _splat(builder, cost))
            is_finite = builder.fcmp_ordered("<", theirs, _INFINITY)
            lanes = _bits(builder, builder.and_(builder.fcmp_ordered("==", arrival, theirs), is_finite))
            hangs = builder.zext(builder.icmp_unsigned("!=", lanes, _INT64(0)), _INT64)
            found = builder.or_(found, builder.shl(hangs, _INT64(k)))
        return found

    return signature, generate


@intrinsic
def tally(typing: Any, times: Any, place: Any, counts: Any) -> Any:  # noqa: ARG001
    """Count which fires have come to a cell: `tally(times, place, counts)` with int32 counts (LANES,).

    Returns:
        int64, how many of them have; each adds 1 to its own count.
    """
    signature = types.int64(times, types.int64, counts)
    vector = ir.VectorType(_INT32, LANES)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        times, counts = (
            context.make_array(signature.args[i])(context, builder, arguments[i]).data for i in (0, 2)
        )
        own = _load_lanes(builder, times, builder.mul(arguments[1], _INT64(LANES)))[1]
        came = builder.fcmp_ordered("<", own, _INFINITY)
        place = builder.bitcast(counts, vector.as_pointer())
        before = builder.load(place)
        before.align = 4
        builder.store(builder.add(before, builder.zext(came, vector)), place).align = 4
        return builder.ctpop(_bits(builder, came))

    return signature, generate


def _own_and_best(
    context: Any, builder: Any, signature: Any, arguments: Any, *, start_from_own: bool = True
) -> tuple[Any, Any, Any]:
    """Where the cell's times lie, the times, and the least that a move into the cell offers."""
    times, costs, back = (
        context.make_array(kind)(context, builder, value).data
        for kind, value in zip(signature.args[:3], arguments[:3], strict=False)
    )
    cell = builder.mul(arguments[3], _INT64(LANES))
    move = builder.mul(arguments[3], _INT64(MOVES))
    place, own = _load_lanes(builder, times, cell)
    best = [own if start_from_own else _INFINITY] * _CHAINS
    for k in range(MOVES):
        distance = builder.load(builder.gep(back, [_INT64(k)]))
        earlier = _load_lanes(builder, times, builder.sub(cell, distance))[1]
        cost = _splat(builder, builder.load(builder.gep(costs, [builder.add(move, _INT64(k))])))
        best[k % _CHAINS] = _least(builder, builder.fadd(earlier, cost), best[k % _CHAINS])
    while len(best) > 1:
        best.append(_least(builder, best.pop(0), best.pop(0)))
    return place, own, best[0]


def _load_lanes(builder: Any, array: Any, index: Any) -> tuple[Any, Any]:
    """Pointer to LANES values of an array of floats, and the values."""
    place = builder.bitcast(builder.gep(array, [index]), _VECTOR.as_pointer())
    values = builder.load(place)
    values.align = 4
    return place, values


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
