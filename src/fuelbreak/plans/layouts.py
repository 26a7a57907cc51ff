"""Straight lines across a landscape, one cell wide, that fire cannot slip through.

Two families of parallel lines, square to each other, cut a landscape into compartments. A line takes one cell of each
column (or row) that it passes: a slanted one is a chain of cells that touch at corners, which fires cannot cross
either, so that a diagonal costs a cell for every 1.4 cells of its length.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

__all__ = ["Layout"]


@dataclass(frozen=True)
class Layout:
    """Where the lines run; all lengths in cells.

    Attributes:
        slope: Rows that a line of the first family goes down per column, -1..1; 0 = west to east. The second
            family goes as many columns left per row.
        rows_apart: Distance of the first family's lines along a column; inf for none.
        columns_apart: Distance of the second family's lines along a row; inf for none.
        row_phase: Where the first line of the first family stands, in parts of the distance, 0..1.
        column_phase: The same for the second family.
    """

    slope: float
    rows_apart: float
    columns_apart: float
    row_phase: float
    column_phase: float

    def scaled(self, factor: float) -> Layout:
        """The same lines so many times as far apart."""
        return replace(self, rows_apart=self.rows_apart * factor, columns_apart=self.columns_apart * factor)

    def cells(self, shape: tuple[int, int]) -> npt.NDArray[np.bool_]:
        """bool (H, W), True on the lines."""
        row, column = np.indices(shape)
        first = _on_lines(row - self.slope * column, self.rows_apart, self.row_phase)
        return first | _on_lines(column + self.slope * row, self.columns_apart, self.column_phase)


def _on_lines(across: npt.NDArray[np.float64], apart: float, phase: float) -> npt.NDArray[np.bool_]:
    """Where a line passes within half a cell, of lines at (k + phase) * apart for every whole k."""
    if np.isinf(apart):
        return np.zeros(across.shape, np.bool_)
    before, after = (np.floor((across + half) / apart - phase) for half in (-0.5, 0.5))
    return after > before
