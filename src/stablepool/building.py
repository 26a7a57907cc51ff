"""`Recipe`: how a worker makes one environment, and what a spawned process lacks that a forked one would have.

A spawned worker imports nothing of the parent's script. What the script has registered with Gymnasium
(``gym.register``, or a package that registers its environments) therefore travels with the environment functions, so
that ``gym.make`` finds it by name. Environments of old ``gym`` are brought to Gymnasium's terms, see `old_gym`.
"""

from __future__ import annotations

import inspect
import logging
import pickle
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import cloudpickle
from gymnasium.envs.registration import registry

from stablepool.heirlooms import Heirlooms
from stablepool.old_gym import modernized
from stablepool.piped import CustomLoop, PipedEnv

__all__ = ["Recipe", "pickle_recipes"]

_LOG = logging.getLogger("stablepool")


@dataclass(frozen=True)
class Recipe:
    """Makes an environment when it is called, in the worker.

    Attributes:
        index: Index of the environment.
        env_fn: The caller's function.
        registrations: Pickled Gymnasium specs that the worker may lack.
        loop: A worker loop of the caller's own, or None.
    """

    index: int
    env_fn: Callable[[], Any]
    registrations: bytes
    loop: CustomLoop | None

    def __call__(self) -> Any:
        """Return the environment, in Gymnasium's terms."""
        _register(self.registrations)
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
    registrations = _pickle_registrations()
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


def _pickle_registrations() -> bytes:
    """Every environment that Gymnasium knows here, as one pickle of pickles by name (some 25 kB)."""
    found: dict[str, bytes] = {}
    for name, spec in registry.items():
        try:
            found[name] = cloudpickle.dumps(spec)
        except Exception as error:  # noqa: BLE001 - a spec may hold anything, and most are made in no worker
            _LOG.info("the registration of %s cannot be sent to workers: %s", name, error)
    return pickle.dumps(found)


def _register(registrations: bytes) -> None:
    for name, spec in pickle.loads(registrations).items():  # noqa: S301 - written by this pool's parent
        if name not in registry:
            registry[name] = pickle.loads(spec)  # noqa: S301 - as above
