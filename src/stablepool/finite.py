"""The check that a caller can ask for with ``check_finite``."""

from __future__ import annotations

from typing import Any

__all__ = ["assert_finite"]


def assert_finite(what: str, value: Any) -> None:
    """Refuse NaN and infinity, also within nested observations.

    Raises:
        ValueError: There is one.
    """
    import numpy as np

    if isinstance(value, dict):
        value = tuple(value.values())
    if isinstance(value, tuple):
        for part in value:
            assert_finite(what, part)
        return
    array = np.asarray(value)
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise ValueError(f"the {what} holds NaN or infinity (check_finite=True)")
