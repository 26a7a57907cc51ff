"""All 32 moves of a cell at once: the vector operations that the spread kernels are made of.

A cell's moves end in the seven rows around it, in each within eight neighbouring columns: a vector. Numba has no
vector type and its loop vectoriser cannot see that the rows never overlap, hence these operations are given to LLVM
as they are meant. They compile for any processor: LLVM splits the vectors where registers are shorter.

Times lie row by row, `stride` apart, so that every cell has REACH cells around it; a cell's index there is its place.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from fuelbreak.fire.neighbours import REACH, moves

__all__ = ["BLOCK", "WIDE", "expose", "first_bit", "hanging", "last_bit", "spread_from", "waiting"]

WIDE = 8
"""Columns of a vector: those within REACH of a cell, and one more."""

BLOCK = 64
"""Places that `waiting` looks at together."""

_LANES = 16
_FLOAT, _INT8, _INT32, _INT64 = ir.FloatType(), ir.IntType(8), ir.IntType(32), ir.IntType(64)
_ROW, _LONG = ir.VectorType(_FLOAT, WIDE), ir.VectorType(_FLOAT, _LANES)
_INFINITY = ir.Constant(_ROW, [float("inf")] * WIDE)


@intrinsic
def spread_from(typing: Any, times: Any, costs: Any, place: Any, move: Any, stride: Any, own: Any) -> Any:  # noqa: ARG001
    """Lower the arrival times around a cell to what its moves offer.

    Called from compiled code as `spread_from(times, costs, place, move, stride, own)`: float32 times by place; float32
    costs, one per move out of each cell; the place; the index of the cell's first move; the stride; float32, when the
    fire came to the cell.
    """
    signature = types.void(times, costs, types.int64, types.int64, types.int64, types.float32)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        lowered = [
            (builder.select(builder.fcmp_ordered("<", offer, known), offer, known), row)
            for offer, known, row in _offers(context, builder, signature, arguments)
        ]
        for values, row in lowered:
            builder.store(values, row).align = 4
        return context.get_dummy_value()

    return signature, generate


@intrinsic
def hanging(typing: Any, times: Any, costs: Any, place: Any, move: Any, stride: Any, own: Any) -> Any:  # noqa: ARG001
    """Tell which cells around one had their arrival time from it; arguments as in `spread_from`.

    Returns:
        uint64, bit 8 i + j where that is so in row i and column j around the cell, from REACH above and to the left.
    """
    signature = types.uint64(times, costs, types.int64, types.int64, types.int64, types.float32)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        found = _INT64(0)
        for i, (offer, known, _) in enumerate(_offers(context, builder, signature, arguments)):
            is_finite = builder.fcmp_ordered("<", known, _INFINITY)
            hangs = builder.and_(builder.fcmp_ordered("==", offer, known), is_finite)
            bits = builder.zext(builder.bitcast(hangs, _INT8), _INT64)
            found = builder.or_(found, builder.shl(bits, _INT64(WIDE * i)))
        return found

    return signature, generate


@intrinsic
def expose(typing: Any, told: Any, place: Any, stride: Any) -> Any:  # noqa: ARG001
    """Have every cell spread again that a move leads from to a place: `expose(told, place, stride)`.

    The moves are symmetric: those cells are the ones where moves from the place end. Their `told` becomes inf.
    """
    signature = types.void(told, types.int64, types.int64)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        array = _data(context, builder, signature, arguments, 0)
        for down, _, columns in _rows():
            row = _row_around(builder, array, arguments[1], arguments[2], down)
            ends = ir.Constant(
                ir.VectorType(ir.IntType(1), WIDE), [column in columns for column in _around()]
            )
            builder.store(builder.select(ends, _INFINITY, _load(builder, row)), row).align = 4
        return context.get_dummy_value()

    return signature, generate


@intrinsic
def waiting(typing: Any, times: Any, told: Any, place: Any, until: Any) -> Any:  # noqa: ARG001
    """Tell which of BLOCK places in a row have a time that they did not spread yet, and that is not after `until`.

    Called as `waiting(times, told, place, until)`, the place being the first of them.

    Returns:
        uint64, a bit for each.
    """
    signature = types.uint64(times, told, types.int64, types.float32)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        arrays = [_data(context, builder, signature, arguments, i) for i in (0, 1)]
        last, found = _splat(builder, arguments[3], _LONG), _INT64(0)
        for first in range(0, BLOCK, _LANES):
            at = builder.add(arguments[2], _INT64(first))
            now, then = (
                _load(builder, builder.bitcast(builder.gep(array, [at]), _LONG.as_pointer()))
                for array in arrays
            )
            is_lower, is_due = builder.fcmp_ordered("<", now, then), builder.fcmp_ordered("<=", now, last)
            bits = builder.bitcast(builder.and_(is_lower, is_due), ir.IntType(_LANES))
            found = builder.or_(found, builder.shl(builder.zext(bits, _INT64), _INT64(first)))
        return found

    return signature, generate


@intrinsic
def first_bit(typing: Any, bits: Any) -> Any:  # noqa: ARG001
    """Number of the lowest bit that is set in a uint64; `bits` must not be 0."""
    return types.int64(types.uint64), lambda _c, builder, _s, arguments: builder.cttz(
        arguments[0], ir.Constant(ir.IntType(1), 1)
    )


@intrinsic
def last_bit(typing: Any, bits: Any) -> Any:  # noqa: ARG001
    """Number of the highest bit that is set in a uint64; `bits` must not be 0."""
    return types.int64(types.uint64), lambda _c, builder, _s, arguments: builder.sub(
        _INT64(63), builder.ctlz(arguments[0], ir.Constant(ir.IntType(1), 1))
    )


def _around() -> range:
    return range(-REACH, WIDE - REACH)


def _rows() -> list[tuple[int, int, list[int]]]:
    """For each row around a cell: where it is, the number of its first move, and the columns of its moves.

    Moves are numbered row by row.
    """
    steps = [(int(row), int(column)) for row, column in moves().step]
    found, first = [], 0
    for down in range(-REACH, REACH + 1):
        columns = [column for row, column in steps if row == down]
        found.append((down, first, columns))
        first += len(columns)
    return found


def _offers(context: Any, builder: Any, signature: Any, arguments: Any) -> Iterator[tuple[Any, Any, Any]]:
    """For each row around a cell: the times that its moves offer, the times there, and where these lie."""
    times, costs = (_data(context, builder, signature, arguments, i) for i in (0, 1))
    own = _splat(builder, arguments[5], _ROW)
    for down, first, columns in _rows():
        row = _row_around(builder, times, arguments[2], arguments[4], down)
        at = builder.gep(costs, [builder.add(arguments[3], _INT64(first))])
        packed = _load(builder, builder.bitcast(at, _ROW.as_pointer()))
        order = [columns.index(column) if column in columns else WIDE for column in _around()]
        cost = builder.shuffle_vector(packed, _INFINITY, ir.Constant(ir.VectorType(_INT32, WIDE), order))
        yield builder.fadd(own, cost), _load(builder, row), row


def _row_around(builder: Any, array: Any, place: Any, stride: Any, down: int) -> Any:
    """Pointer to the vector `down` rows below a place."""
    start = builder.add(builder.add(place, builder.mul(stride, _INT64(down))), _INT64(-REACH))
    return builder.bitcast(builder.gep(array, [start]), _ROW.as_pointer())


def _data(context: Any, builder: Any, signature: Any, arguments: Any, number: int) -> Any:
    """Pointer to the values of an argument that is an array."""
    return context.make_array(signature.args[number])(context, builder, arguments[number]).data


def _load(builder: Any, pointer: Any) -> Any:
    values = builder.load(pointer)
    values.align = 4
    return values


def _splat(builder: Any, value: Any, kind: Any) -> Any:
    """`value` in every place of a vector."""
    undefined = ir.Constant(kind, ir.Undefined)
    zeros = ir.Constant(ir.VectorType(_INT32, kind.count), [0] * kind.count)
    return builder.shuffle_vector(builder.insert_element(undefined, value, _INT32(0)), undefined, zeros)
