"""Gymnasium's registry of environments: what the script has left there is what ``gym.make`` finds in the workers.

pickle_registry() in the parent -> bytes, with every environment function -> adopt_registry() in the worker, once

A spawned worker imports nothing of the script, so its registry has what Gymnasium registers by itself. All of the
parent's entries replace the worker's. Plain ones (strings and numbers, as almost all are) share one pickle, which
takes less time than to find out which of them differ.
"""

from __future__ import annotations

import functools
import importlib
import inspect
import logging
import pickle
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from gymnasium.envs.registration import EnvSpec, registry

__all__ = ["adopt_registry", "pickle_registry"]

_LOG = logging.getLogger("stablepool")
_GYMNASIUM = "gymnasium.envs"
_SCALARS = (str, int, float, bool, bytes, type(None))
_MAX_DEPTH = 5

_Outline = dict[str, Any]


@dataclass(frozen=True)
class _Unsendable:
    """Entry point of an environment whose registration did not reach the worker.

    Attributes:
        name: Id of the environment.
        reason: Why it did not.
    """

    name: str
    reason: str

    def __call__(self, **_kwargs: Any) -> Any:
        """Raise a TypeError with the reason."""
        raise TypeError(
            f"the registration of {self.name!r} cannot be sent to a worker: {self.reason.rstrip('.')}; call "
            "gymnasium.register() inside the environment function, or register what can be pickled"
        )

    @classmethod
    def spec(cls, name: str, error: Exception) -> EnvSpec:
        """A registration that raises where the environment is made."""
        return EnvSpec(name, entry_point=cls(name, f"{type(error).__name__}: {error}"))


@dataclass
class _Registry:
    """A registry on its way.

    Attributes:
        plain: Entries that pickle together, by id.
        pickled: Other entries, each with a pickle of its own: it may refer to modules that cannot be imported.
        unsendable: By id a substitute for an entry that cannot be pickled, and the outline of that entry.
        old: Entries of old gym's registry, where the script has loaded it.
    """

    plain: dict[str, EnvSpec] = field(default_factory=dict)
    pickled: dict[str, bytes] = field(default_factory=dict)
    unsendable: dict[str, tuple[EnvSpec, _Outline]] = field(default_factory=dict)
    old: dict[str, bytes] = field(default_factory=dict)


def pickle_registry(dumps: Callable[[Any], bytes]) -> bytes:
    """Pickle every environment that Gymnasium knows here (the parent's side; some 8 kB in a millisecond).

    Args:
        dumps: Pickles what is defined in the script, too; may raise anything.
    """
    found = _Registry()
    for name, spec in list(registry.items()):
        if _is_plain_spec(spec):
            found.plain[name] = spec
            continue
        try:
            found.pickled[name] = dumps(spec)
        except Exception as error:  # noqa: BLE001 - a spec may hold anything, and most are made in no worker
            _LOG.info("the registration of %s cannot be sent to workers: %s", name, error)
            found.unsendable[name] = _Unsendable.spec(name, error), _outline(spec)
    for name, spec in list(_old_registry().items()):
        try:
            found.old[name] = dumps(spec)
        except Exception as error:  # noqa: BLE001 - as above
            _LOG.info("old gym's registration of %s cannot be sent to workers: %s", name, error)
    return pickle.dumps(found)


@functools.cache
def adopt_registry(pickled: bytes) -> None:
    """Make Gymnasium's registry what it is in the parent (the worker's side).

    Only the first call with a pickle acts: what environment functions register afterwards stays.
    """
    found: _Registry = pickle.loads(pickled)  # noqa: S301 - written by this pool's parent
    registry.update(found.plain)
    for name, spec in found.pickled.items():
        registry[name] = _loaded(name, spec)
    for name, (substitute, outline) in found.unsendable.items():
        # a package may have registered in here, on import, what it has registered in the parent
        if name not in registry or _outline(registry[name]) != outline:
            registry[name] = substitute
    for name in registry.keys() - found.plain.keys() - found.pickled.keys() - found.unsendable.keys():
        del registry[name]  # the script has deleted it
    if found.old:
        importlib.import_module("gym")
        for name, pickled_spec in found.old.items():
            _old_registry()[name] = pickle.loads(pickled_spec)  # noqa: S301 - as above


def _old_registry() -> dict[str, Any]:
    """Old gym's registry: a dictionary since 0.26, an object that holds one before; empty where gym is not loaded."""
    gym = sys.modules.get("gym")
    if gym is None:
        return {}
    old = importlib.import_module("gym.envs.registration").registry
    found: dict[str, Any] = getattr(old, "env_specs", old)
    return found


def _loaded(name: str, spec: bytes) -> EnvSpec:
    try:
        loaded: EnvSpec = pickle.loads(spec)  # noqa: S301 - written by this pool's parent
    except Exception as error:  # noqa: BLE001 - an import may raise anything; told where the environment is made
        return _Unsendable.spec(name, error)
    return loaded


def _is_plain_spec(spec: Any) -> bool:
    return type(spec) is EnvSpec and all(_is_plain(value, _MAX_DEPTH) for value in vars(spec).values())


def _is_plain(value: Any, depth: int) -> bool:
    """Tell whether a value is data, or a function that every worker has imported."""
    kind = type(value)
    if kind in _SCALARS:
        return True
    if kind in (list, tuple):
        return depth > 0 and all(_is_plain(item, depth - 1) for item in value)
    if kind is dict:
        return depth > 0 and all(_is_plain(item, depth - 1) for pair in value.items() for item in pair)
    return (
        inspect.isfunction(value) and value.__module__ == _GYMNASIUM and value.__name__ == value.__qualname__
    )


def _outline(value: Any, depth: int = _MAX_DEPTH) -> Any:
    """What can be told of a registration in plain data, to compare it with another process's."""
    if _is_plain(value, 0):
        return value if type(value) in _SCALARS else value.__qualname__
    if isinstance(value, EnvSpec):
        return _outline(vars(value), depth)
    if isinstance(value, dict) and depth:
        return {str(key): _outline(item, depth - 1) for key, item in value.items()}
    if isinstance(value, (list, tuple)) and depth:
        return [_outline(item, depth - 1) for item in value]
    named = value if hasattr(value, "__qualname__") else type(value)
    return f"{named.__module__}.{named.__qualname__}"
