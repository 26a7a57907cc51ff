"""Results of vector environments in the forms that older training loops expect.

Gymnasium 1.x returns the infos of a step as one dictionary of arrays, with a mask ``_key`` beside each ``key`` that
tells which environments have it. Gymnasium before 1.0 returned final infos as a list, old gym all infos. These
functions convert; they change nothing in what they are given, and import neither Gymnasium nor the pool.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

__all__ = ["final_infos", "first_observations", "list_infos"]

_FINAL_KEYS = frozenset({"final_info", "_final_info", "final_obs", "_final_obs"})
_POOL_KEYS = ("fault", "restarted", "interrupted")
_STATISTICS = "episode"


def first_observations(result: Any) -> Any:
    """Return the observations of a vector environment's ``reset()``, whatever form its result has.

    Args:
        result: ``(observations, infos)`` as Gymnasium returns it, or the observations alone, as old gym does. A tuple
            of two whose second item is a dictionary, or a list of dictionaries, is taken for the former. (So are
            observations alone of a `Tuple` space of two whose second space is a `Dict`.)

    Returns:
        The observations: the very object, with its dtype and shape.
    """
    if isinstance(result, tuple) and len(result) == 2 and _are_infos(result[1]):
        return result[0]
    return result


def final_infos(infos: Mapping[str, Any]) -> np.ndarray[Any, np.dtype[np.object_]]:
    """Return the infos of the episodes that ended in a step, as ``infos["final_info"]`` of Gymnasium before 1.0.

    A loop such as CleanRL's works on it::

        for info in final_infos(infos):
            if info and "episode" in info:
                print(info["episode"]["r"])

    Args:
        infos: The infos of a step under ``AutoresetMode.SAME_STEP``. Statistics that a vector wrapper
            (`gymnasium.wrappers.vector.RecordEpisodeStatistics`) has put beside ``final_info``, as
            ``infos["episode"]`` with the mask ``infos["_episode"]``, are taken as part of the final info; so they are
            in other autoreset modes, where there is no ``final_info``.

    Returns:
        object (num_envs,): one entry per environment: a dictionary with its values (numpy scalars, or what the
        environment said), nested as there, or None where no episode ended. An episode that a fault of the pool ended
        (``infos["fault"]``, see `valid_transitions`) has None, unless the environment itself told its end. Empty where
        no episode ended in the step. What Gymnasium before 1.0 returned comes back as it is.
    """
    final = infos.get("final_info")
    if final is not None and not isinstance(final, Mapping):
        return _objects(list(final))
    mask = next(_final_masks(infos), ())
    return _objects([_final_info(infos, index) for index in range(len(mask))])


def _objects(rows: list[Any]) -> np.ndarray[Any, np.dtype[np.object_]]:
    """An array of objects: loops go over it as over a list, and masks select from it."""
    array = np.empty(len(rows), dtype=np.object_)
    array[:] = rows
    return array


def list_infos(
    infos: Mapping[str, Any],
    num_envs: int,
    *,
    terminations: Sequence[bool] | np.ndarray[Any, Any] | None = None,
    truncations: Sequence[bool] | np.ndarray[Any, Any] | None = None,
) -> list[dict[str, Any]]:
    """Return infos as the list that vector environments of old gym (before 0.26) returned.

    Args:
        infos: The infos of a step or reset.
        num_envs: Number of environments.
        terminations: bool (num_envs,) of the step; only together with ``truncations``.
        truncations: bool (num_envs,) of the step.

    Returns:
        One dictionary per environment with the values that the masks say it has. Where an episode ended and the
        environment was reset in the same step, it is the info of the step that ended it (the reset's is dropped), with
        the last observation as ``"terminal_observation"``. The pool's own entries (``"fault"``, ``"restarted"``,
        ``"interrupted"``) are in every dictionary that they concern. ``"TimeLimit.truncated"`` is True where an
        environment was truncated and not terminated, if both are given.

    Raises:
        TypeError: Only one of ``terminations`` and ``truncations`` was given.
    """
    if (terminations is None) != (truncations is None):
        raise TypeError("list_infos needs both terminations and truncations, or neither")
    current = {key: value for key, value in infos.items() if key not in _FINAL_KEYS}
    rows = [_one_info(infos, unvectorized(current, index), index) for index in range(num_envs)]
    if terminations is not None and truncations is not None:
        for row, terminated, truncated in zip(rows, terminations, truncations, strict=True):
            if truncated and not terminated:
                row["TimeLimit.truncated"] = True
    return rows


def unvectorized(infos: Mapping[str, Any], index: int, *, is_present: bool = False) -> dict[str, Any]:
    """Take one environment's info out of vector infos.

    Args:
        infos: Values by key, each with its mask as ``_key``.
        index: Index of the environment.
        is_present: Whether values without a mask are the environment's, too: those of a nested dictionary whose own
            mask is set, as wrappers write them. A nested dictionary without a mask is there if anything in it is.

    Returns:
        A dictionary of what the masks mark for this environment.
    """
    row: dict[str, Any] = {}
    for key, values in infos.items():
        if _is_mask(key, infos):
            continue
        mask = infos.get(f"_{key}")
        if not (is_present if mask is None else mask[index]):
            if mask is None and isinstance(values, Mapping) and (nested := unvectorized(values, index)):
                row[key] = nested
            continue
        row[key] = (
            unvectorized(values, index, is_present=True) if isinstance(values, Mapping) else values[index]
        )
    return row


def _are_infos(value: Any) -> bool:
    return isinstance(value, dict) or (
        isinstance(value, list) and all(isinstance(item, dict) for item in value)
    )


def _is_mask(key: Any, infos: Mapping[str, Any]) -> bool:
    """Tell a mask from an environment's own key that begins with an underscore, which has a mask itself."""
    return (
        isinstance(key, str) and key.startswith("_") and key[1:] in map(str, infos) and f"_{key}" not in infos
    )


def _final_masks(infos: Mapping[str, Any]) -> Iterator[Any]:
    """Masks over the environments that say something of ended episodes."""
    if "_final_info" in infos:
        yield infos["_final_info"]
    yield from _masks(infos.get("final_info", {}))
    if _has_statistics(infos):
        yield infos[f"_{_STATISTICS}"]


def _masks(infos: Mapping[str, Any]) -> Iterator[Any]:
    for key, value in infos.items():
        if _is_mask(key, infos):
            yield value
        elif isinstance(value, Mapping):
            yield from _masks(value)


def _has_statistics(infos: Mapping[str, Any]) -> bool:
    """Tell whether ``infos["episode"]`` is what `RecordEpisodeStatistics` writes, not an environment's own number."""
    statistics = infos.get(_STATISTICS)
    return isinstance(statistics, Mapping) and {"r", "l"} <= statistics.keys() and f"_{_STATISTICS}" in infos


def _final_info(infos: Mapping[str, Any], index: int) -> dict[str, Any] | None:
    """Info of the episode of one environment that ended; None: none did."""
    row = _told_final_info(infos, index)
    if _is_void(infos, index):
        return row or None  # the pool's entry is empty
    if _has_statistics(infos) and infos[f"_{_STATISTICS}"][index]:
        statistics = unvectorized(infos[_STATISTICS], index, is_present=True)
        return {_STATISTICS: statistics, **(row or {})}
    return row


def _told_final_info(infos: Mapping[str, Any], index: int) -> dict[str, Any] | None:
    final, mask = infos.get("final_info"), infos.get("_final_info")
    if final is None or (mask is not None and not mask[index]):
        return None
    if not isinstance(final, Mapping):
        return None if final[index] is None else dict(final[index])
    row = unvectorized(final, index, is_present=mask is not None)
    return None if mask is None and not row else row


def _is_void(infos: Mapping[str, Any], index: int) -> bool:
    """Tell whether a fault of the pool took the place of this environment's step."""
    return "fault" in infos and bool(infos["_fault"][index]) and not infos["fault"][index]["transition_valid"]


def _one_info(infos: Mapping[str, Any], current: dict[str, Any], index: int) -> dict[str, Any]:
    """One entry of old gym's list, from what the environment has at the top level."""
    final, last = _told_final_info(infos, index), _final_observation(infos, index)
    if final is None and last is None:
        return current
    row = {
        **(_final_info(infos, index) or {}),
        **{key: current[key] for key in _POOL_KEYS if key in current},
    }
    if last is not None:
        row["terminal_observation"] = last
    return row


def _final_observation(infos: Mapping[str, Any], index: int) -> Any:
    observations, mask = infos.get("final_obs"), infos.get("_final_obs")
    if observations is None or (mask is not None and not mask[index]):
        return None
    return observations[index]
