"""Arguments in the several forms that Gymnasium allows, brought into one."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from gymnasium import Space
from gymnasium.vector.async_vector_env import _async_worker
from gymnasium.vector.utils import iterate

from stablepool.errors import ActionError

__all__ = ["check_worker", "seconds", "split_actions", "spread_seeds", "take_reset_mask"]


def check_worker(worker: Callable[..., None] | None) -> None:
    """Check a worker loop of the caller's own as Gymnasium does.

    Raises:
        ValueError: It does not take the eight arguments of Gymnasium's loop.
    """
    if worker is None:
        return
    try:
        inspect.signature(worker).bind(*(None,) * 8)
    except TypeError as error:
        raise ValueError(
            f"A custom `worker` must accept 8 arguments. Got the signature {inspect.signature(worker)} "
            f"which should match {inspect.signature(_async_worker)}."
        ) from error


def seconds(name: str, value: float | str | None, timeout: float | None) -> float | None:
    """Return a deadline that may be given as ``"timeout"``, which means the same as the step's.

    Raises:
        ValueError: Another word was given.
    """
    if isinstance(value, str):
        if value != "timeout":
            raise ValueError(f"{name} must be seconds, None or 'timeout', got {value!r}")
        return timeout
    return value


def take_reset_mask(options: dict[str, Any] | None, num_envs: int) -> npt.NDArray[np.bool_]:
    """Take ``reset_mask`` out of a reset's options, as `AsyncVectorEnv` does.

    Args:
        options: The options, or None.
        num_envs: Number of environments.

    Returns:
        bool (num_envs,): which environments to reset; all of them where no mask is given.

    Raises:
        TypeError: The mask is no bool array.
        ValueError: The mask has another shape, or marks nothing.
    """
    if options is None or "reset_mask" not in options:
        return np.ones(num_envs, dtype=np.bool_)
    mask = options.pop("reset_mask")
    if not isinstance(mask, np.ndarray):
        raise TypeError(f"`options['reset_mask']` must be a numpy array, got {type(mask)}")
    if mask.shape != (num_envs,):
        raise ValueError(f"`options['reset_mask']` must have shape `({num_envs},)`, got {mask.shape}")
    if mask.dtype != np.bool_:
        raise TypeError(f"`options['reset_mask']` must have `dtype=np.bool_`, got {mask.dtype}")
    if not np.any(mask):
        raise ValueError(
            f"`options['reset_mask']` must contain a boolean array with at least one True value, got reset_mask={mask}"
        )
    return mask


def split_actions(space: Space[Any], actions: Any, num_envs: int) -> list[Any]:
    """Return one action per environment, of a nested or custom space.

    Args:
        space: Space of the batch.
        actions: The batch.
        num_envs: Number of environments.

    Raises:
        ActionError: It is no such batch, or one of another size.
    """
    try:
        rows = list(iterate(space, actions))
    except Exception as error:
        raise ActionError(f"the actions do not form a batch of {space}: {error}") from error
    if len(rows) != num_envs:
        raise ActionError(f"{len(rows)} actions for {num_envs} environments; nothing was sent")
    return rows


def spread_seeds(seed: int | Sequence[int | None] | None, num_envs: int) -> list[int | None]:
    """Return one seed per environment: ``seed + i`` for a single one.

    Raises:
        ValueError: A sequence of another length.
    """
    if seed is None:
        return [None] * num_envs
    if isinstance(seed, (int, np.integer)):
        return [int(seed) + index for index in range(num_envs)]
    if len(seed) != num_envs:
        raise ValueError(
            f"If seeds are passed as a list the length must match num_envs={num_envs} but got length={len(seed)}."
        )
    return list(seed)
