"""`OldGymEnv`: environments of the `gym` package, before Gymnasium, in Gymnasium's terms.

    old                                             here
    reset() -> obs; seed(seed)                      reset(seed=, options=) -> (obs, info)
    step() -> obs, reward, done, info               obs, reward, terminated, truncated, info
        info["TimeLimit.truncated"]                 truncated where it says so, terminated otherwise
    gym.spaces.*                                    gymnasium.spaces.* of the same bounds, shapes and dtypes

Nothing of `gym` is imported: its environments are known by their spaces, which are none of Gymnasium's, and each of
their answers by its form, so that gym 0.9 to 0.26 and classes that only look like it are all served.
"""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
from gymnasium import Env, Space, spaces

__all__ = ["OldGymEnv", "modern_space", "modernized"]


def modernized(env: Any) -> Any:
    """Return an environment as Gymnasium has them: itself, or wrapped where it is one of old gym.

    Args:
        env: What an environment function returned.

    Raises:
        TypeError: Its spaces are of no known kind.
    """
    if isinstance(env, Env) or all(
        isinstance(space, Space) for space in (env.observation_space, env.action_space)
    ):
        return env
    return OldGymEnv(env)


class OldGymEnv:
    """An environment of old gym, with the interface that a pool's worker calls.

    Attributes that are not named here are the environment's own.

    Args:
        env: The environment.

    Attributes:
        env: The same.
        observation_space: Its space, converted.
        action_space: Its space, converted.
        render_mode: What the environment says, None where it says nothing.

    Raises:
        TypeError: Its spaces are of no known kind.
    """

    def __init__(self, env: Any) -> None:
        self.env = env
        self.observation_space = modern_space(env.observation_space)
        self.action_space = modern_space(env.action_space)
        self.metadata: dict[str, Any] = dict(getattr(env, "metadata", None) or {})
        self.render_mode: str | None = getattr(env, "render_mode", None)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """Reset in the way that this environment knows.

        Args:
            seed: Passed on to ``reset(seed=)``, or to ``seed()`` before it.
            options: Passed on where ``reset`` takes them.
        """
        taken = _parameters(self.env)
        given: dict[str, Any] = {}
        if seed is not None and "seed" in taken:
            given["seed"] = seed
        elif seed is not None and hasattr(self.env, "seed"):
            self.env.seed(seed)
        if options is not None and "options" in taken:
            given["options"] = options
        answer = self.env.reset(**given)
        if self._is_pair(answer):
            return answer[0], answer[1]
        return answer, {}

    def _is_pair(self, answer: Any) -> bool:
        """Tell an observation with an info from an observation that is a tuple itself."""
        looks_so = isinstance(answer, tuple) and len(answer) == 2 and isinstance(answer[1], dict)
        space = self.observation_space
        return looks_so and not (isinstance(space, spaces.Tuple) and space.contains(answer))

    def step(self, action: Any) -> tuple[Any, Any, bool, bool, dict[str, Any]]:
        """Step, and tell a time limit from an end.

        Raises:
            ValueError: The environment returned neither four nor five values.
        """
        answer = self.env.step(action)
        if len(answer) == 5:
            observation, reward, terminated, truncated, info = answer
            return observation, reward, bool(terminated), bool(truncated), info
        if len(answer) != 4:
            raise ValueError(f"step() returned {len(answer)} values; gym has 4 of them, Gymnasium 5")
        observation, reward, done, info = answer
        truncated = bool(done and info.get("TimeLimit.truncated", False))
        return observation, reward, bool(done) and not truncated, truncated, info

    def get_wrapper_attr(self, name: str) -> Any:
        """Read an attribute, also behind gym's wrappers."""
        return getattr(self, name)

    def set_wrapper_attr(self, name: str, value: Any) -> None:
        """Set an attribute on the innermost object that has it, else on the environment itself."""
        layer = self.env
        while name not in vars(layer) and "env" in vars(layer):
            layer = layer.env
        setattr(layer, name, value)

    def close(self) -> None:
        """Close the environment."""
        if hasattr(self.env, "close"):
            self.env.close()

    def __getattr__(self, name: str) -> Any:
        if name == "env":  # while it is being unpickled there is none yet
            raise AttributeError(name)
        return getattr(self.env, name)


def _parameters(env: Any) -> set[str]:
    """Names that an environment's own ``reset`` takes; gym's wrappers pass on whatever they are given."""
    own = getattr(env, "unwrapped", env)
    return set(inspect.signature(own.reset).parameters)


def modern_space(space: Any) -> Space[Any]:
    """Convert a space of old gym by the name of its class and its attributes.

    Args:
        space: A space of gym or of Gymnasium.

    Returns:
        Gymnasium's space of the same kind, bounds, shape and dtype; its random generator starts anew.

    Raises:
        TypeError: There is no such kind.
    """
    if isinstance(space, Space):
        return space
    kinds = [name for name in (cls.__name__ for cls in type(space).__mro__) if name in _CONVERT]
    if not kinds:
        raise TypeError(
            f"the environment has a space of {type(space).__module__}.{type(space).__name__}, which is neither "
            "Gymnasium's nor a known one of old gym; return Gymnasium's spaces"
        )
    return _CONVERT[kinds[0]](space)


def _box(space: Any) -> Space[Any]:
    return spaces.Box(space.low, space.high, space.shape, space.dtype or np.float32)


def _discrete(space: Any) -> Space[Any]:
    return spaces.Discrete(int(space.n), start=int(getattr(space, "start", 0)))


def _multi_discrete(space: Any) -> Space[Any]:
    return spaces.MultiDiscrete(space.nvec, dtype=space.dtype or np.int64)


def _multi_binary(space: Any) -> Space[Any]:
    return spaces.MultiBinary(space.n)


def _tuple(space: Any) -> Space[Any]:
    return spaces.Tuple([modern_space(part) for part in space.spaces])


def _dict(space: Any) -> Space[Any]:
    return spaces.Dict({key: modern_space(part) for key, part in space.spaces.items()})


def _text(space: Any) -> Space[Any]:
    return spaces.Text(space.max_length, min_length=space.min_length, charset=frozenset(space.character_set))


def _sequence(space: Any) -> Space[Any]:
    return spaces.Sequence(modern_space(space.feature_space))


def _graph(space: Any) -> Space[Any]:
    edges = None if space.edge_space is None else modern_space(space.edge_space)
    return spaces.Graph(modern_space(space.node_space), edges)


_CONVERT = {
    "Box": _box,
    "Discrete": _discrete,
    "MultiDiscrete": _multi_discrete,
    "MultiBinary": _multi_binary,
    "Tuple": _tuple,
    "Dict": _dict,
    "Text": _text,
    "Sequence": _sequence,
    "Graph": _graph,
}
