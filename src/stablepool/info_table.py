"""`InfoTable`: the infos of a worker's environments as columns, where they are regular.

Environments mostly return the same keys with values of the same types in every step. Pickling such infos one by one,
and merging them value by value as Gymnasium does, takes longer than many an environment's step: by columns it takes
a fifth. What is not regular travels and is merged as it is; what comes out is the same either way.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["InfoTable"]

_PLAIN = (int, float, bool)

_Form = tuple[np.dtype[Any], tuple[int, ...]]


@dataclass(frozen=True)
class InfoTable:
    """Infos of the same keys, whose values have one type (arrays: one dtype and shape) in all of them.

    Attributes:
        indices: The environments.
        keys: Theirs.
        columns: By key one value per environment: a list, or an array where the values are numpy's.
    """

    indices: tuple[int, ...]
    keys: tuple[str, ...]
    columns: tuple[list[Any] | npt.NDArray[Any], ...]

    @classmethod
    def of(cls, infos: dict[int, dict[str, Any]]) -> InfoTable | None:
        """Return the table of these infos, by environment; None where they are not regular."""
        keys = [*map(tuple, infos.values())]
        if not keys or keys.count(keys[0]) != len(keys) or not all(map(_is_ordinary, keys[0])):
            return None
        columns = []
        for values in zip(*(info.values() for info in infos.values()), strict=True):
            column = _column(values)
            if column is None:
                return None
            columns.append(column)
        return cls(tuple(infos), keys[0], tuple(columns))

    def rows(self) -> dict[int, dict[str, Any]]:
        """The infos by environment."""
        rows = zip(*self.columns, strict=True)
        return {
            index: dict(zip(self.keys, row, strict=True))
            for index, row in zip(self.indices, rows, strict=True)
        }

    def merge_into(self, infos: dict[str, Any], num_envs: int) -> bool:
        """Add all of it to vector infos, in Gymnasium's form; False, and nothing added, where they do not agree."""
        forms = [*map(_form, self.columns)]
        present = [*map(infos.get, self.keys)]
        if not all(
            array is None or _has_form(array, form) for array, form in zip(present, forms, strict=True)
        ):
            return False
        first, last = self.indices[0], self.indices[-1] + 1
        rows: Any = slice(first, last) if last - first == len(self.indices) else list(self.indices)
        for key, array, column, form in zip(self.keys, present, self.columns, forms, strict=True):
            if array is None:
                array = infos[key] = np.zeros((num_envs, *form[1]), form[0])
                infos[f"_{key}"] = np.zeros(num_envs, np.bool_)
            array[rows] = column
            infos[f"_{key}"][rows] = True
        return True


def _is_ordinary(key: Any) -> bool:
    """Tell whether a key can be no mask's and is none that Gymnasium treats by itself."""
    return type(key) is str and key != "final_obs" and not key.startswith("_")


def _column(values: tuple[Any, ...]) -> list[Any] | npt.NDArray[Any] | None:
    kinds = set(map(type, values))
    if len(kinds) != 1:
        return None
    (kind,) = kinds
    if kind in _PLAIN:
        return list(values)
    if issubclass(kind, np.number):
        return np.array(values, dtype=kind)
    if kind is not np.ndarray or values[0].ndim == 0 or values[0].dtype.hasobject:
        return None
    dtype, shape = values[0].dtype, values[0].shape
    if any(value.dtype != dtype or value.shape != shape for value in values):
        return None
    return np.concatenate(values).reshape(len(values), *shape)


def _form(column: list[Any] | npt.NDArray[Any]) -> _Form:
    """Dtype and shape of one environment's value."""
    return (np.dtype(type(column[0])), ()) if isinstance(column, list) else (column.dtype, column.shape[1:])


def _has_form(array: Any, form: _Form) -> bool:
    return isinstance(array, np.ndarray) and (array.dtype, array.shape[1:]) == form
