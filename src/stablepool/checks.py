"""What a pool may be asked to refuse in an observation or a reward, though its shape and dtype fit."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["assert_finite", "assert_within"]


def assert_finite(what: str, value: Any) -> None:
    """Refuse NaN and infinity, also within nested observations.

    Raises:
        ValueError: There is one.
    """
    if isinstance(value, dict):
        value = tuple(value.values())
    if isinstance(value, tuple):
        for part in value:
            assert_finite(what, part)
        return
    array = np.asarray(value)
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise ValueError(f"the {what} holds NaN or infinity (check_finite=True)")


def assert_within(space: Any, observation: Any) -> None:
    """Refuse an observation that its space does not contain.

    Raises:
        ValueError: It does not.
    """
    if not space.contains(observation):
        raise ValueError(
            f"the observation is outside its space {space} (check_space=True): {observation!r:.200}"
        )
