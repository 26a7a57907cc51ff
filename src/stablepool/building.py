"""`Recipe`: how a worker makes one environment, and what a spawned process lacks that a forked one would have.

A spawned worker imports nothing of the parent's script. What the script has registered with Gymnasium
(``gym.register``, or a package that registers its environments) therefore travels with the environment functions, see
`registrations`. Environments of old ``gym`` are brought to Gymnasium's terms, see `old_gym`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from stablepool.heirlooms import Heirlooms
from stablepool.old_gym import modernized
from stablepool.piped import CustomLoop, PipedEnv
from stablepool.registrations import adopt_registry, pickle_registry

__all__ = ["Recipe", "pickle_recipes"]


@dataclass(frozen=True)
class Recipe:
    """Makes an environment when it is called, in the worker.

    Attributes:
        index: Index of the environment.
        env_fn: The caller's function.
        registrations: Gymnasium's registry in the parent, pickled.
        loop: A worker loop of the caller's own, or None.
    """

    index: int
    env_fn: Callable[[], Any]
    registrations: bytes
    loop: CustomLoop | None

    def __call__(self) -> Any:
        """Return the environment, in Gymnasium's terms."""
        adopt_registry(self.registrations)
        if self.loop is not None:
            return PipedEnv(self.index, self.env_fn, self.loop)
        return modernized(self.env_fn())


def pickle_recipes(
    env_fns: Sequence[Callable[[], Any]], loop: CustomLoop | None, heirlooms: Heirlooms
) -> list[bytes]:
    """Pickle how each environment is made (the parent's side).

    Args:
        env_fns: One function per environment.
        loop: A worker loop of the caller's own, or None.
        heirlooms: Pickles, and keeps what the workers must inherit.

    Raises:
        TypeError: One of the functions cannot be pickled.
    """
    registrations = pickle_registry(heirlooms.dumps)
    pickles: list[bytes] = []
    for index, env_fn in enumerate(env_fns):
        try:
            pickles.append(heirlooms.dumps(Recipe(index, env_fn, registrations, loop)))
        except Exception as error:
            raise TypeError(
                f"environment function {index} cannot be sent to a worker{_culprit(env_fn, heirlooms)}: "
                f"{str(error).rstrip('.')}; create what cannot be pickled (locks of threads, open files, GPU handles) "
                "inside the function, and multiprocessing's locks, queues and values with "
                "multiprocessing.get_context('spawn')"
            ) from error
    return pickles


def _culprit(env_fn: Callable[[], Any], heirlooms: Heirlooms) -> str:
    """Name what keeps a function from travelling, where it is one of its variables."""
    if not inspect.isfunction(env_fn):
        return ""
    names = inspect.getclosurevars(env_fn)
    for name, value in {**names.nonlocals, **names.globals}.items():
        try:
            heirlooms.dumps(value)
        except Exception:  # noqa: BLE001 - anything may be wrong with it
            return f" because of its variable {name!r} ({type(value).__name__})"
    return ""
