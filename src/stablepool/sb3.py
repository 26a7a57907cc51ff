"""`StableSubprocVecEnv`: Stable-Baselines3's vector interface over the same pool.

Needs ``stable-baselines3``, which this project does not install; nothing else imports this module.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from gymnasium import Env
from gymnasium.spaces import MultiBinary
from gymnasium.vector import AutoresetMode
from gymnasium.vector.utils import concatenate, create_empty_array

try:
    from stable_baselines3.common.env_util import is_wrapped
    from stable_baselines3.common.vec_env.base_vec_env import VecEnv
except ModuleNotFoundError as error:
    if error.name is None or error.name.partition(".")[0] != "stable_baselines3":
        raise  # it is installed, and lacks something else
    raise ModuleNotFoundError(
        "stablepool.sb3 needs the package stable-baselines3; install it: pip install stable-baselines3",
        name=error.name,
    ) from None

from stablepool.layout import ActionArea
from stablepool.vector_env import StableProcessPoolEnv

__all__ = ["StableSubprocVecEnv"]


class StableSubprocVecEnv(VecEnv):  # type: ignore[misc]  # stable-baselines3 is optional and untyped here
    """A drop-in for Stable-Baselines3's ``SubprocVecEnv`` that survives its environments.

    A lost transition ends its episode as a time limit does: ``done`` with ``info["TimeLimit.truncated"]``, the last
    real observation as ``info["terminal_observation"]``, reward 0, and the record under ``info["fault"]``.

    Args:
        env_fns: Functions that make the environments.
        start_method: Any start method, for compatibility; workers are always spawned.
        **pool: Keyword arguments of `StableProcessPoolEnv`, such as ``max_workers`` and ``timeout``.

    Attributes:
        pool: The vector environment that does the work.
        waiting: Whether a step is under way.
        closed: Whether `close` was called.
    """

    def __init__(
        self, env_fns: Sequence[Callable[[], Env[Any, Any]]], start_method: str | None = None, **pool: Any
    ) -> None:
        self.pool = StableProcessPoolEnv(
            env_fns, context=start_method, autoreset_mode=AutoresetMode.SAME_STEP, **pool
        )
        self.waiting = self.closed = False
        super().__init__(len(env_fns), self.pool.single_observation_space, self.pool.single_action_space)

    def step_async(self, actions: Any) -> None:
        """Send one action per environment and return."""
        if isinstance(self.action_space, MultiBinary):
            # their policies give zeros and ones as floats
            actions = np.asarray(actions).astype(self.action_space.dtype)
        if not ActionArea.fits(self.action_space):
            out = create_empty_array(self.action_space, n=self.num_envs)
            actions = concatenate(self.action_space, list(actions), out)  # type: ignore[arg-type]
        self.pool.step_async(actions)
        self.waiting = True

    def step_wait(self) -> tuple[Any, Any, Any, list[dict[str, Any]]]:
        """Return observations, rewards, dones and one info per environment."""
        self.waiting = False
        observations, rewards, terminations, truncations, merged = self.pool.step_wait()
        infos: list[dict[str, Any]] = []
        for index, raw in enumerate(self.pool.env_infos):
            reset_info = {key: value for key, value in raw.items() if key not in ("final_info", "final_obs")}
            info = dict(raw["final_info"]) if "final_info" in raw else reset_info
            if "final_obs" in raw:
                info["terminal_observation"] = raw["final_obs"]
                self.reset_infos[index] = reset_info
            info["TimeLimit.truncated"] = bool(truncations[index] and not terminations[index])
            if "fault" in merged and merged["_fault"][index]:
                info["fault"] = merged["fault"][index]
            infos.append(info)
        return observations, rewards, terminations | truncations, infos

    def reset(self) -> Any:
        """Reset every environment, with the seeds and options that were set for this reset."""
        pending = list(range(self.num_envs))
        while pending:
            options = self._options[pending[0]]
            alike = [index for index in pending if self._options[index] == options]
            if len(alike) == self.num_envs:
                observations, _ = self.pool.reset(seed=self._seeds, options=options or None)
            else:
                mask = np.isin(np.arange(self.num_envs), alike)
                observations, _ = self.pool.reset(seed=self._seeds, options={**options, "reset_mask": mask})
            for index in alike:
                self.reset_infos[index] = dict(self.pool.env_infos[index])
            pending = [index for index in pending if index not in alike]
        self._reset_seeds()
        self._reset_options()
        return observations

    def close(self) -> None:
        """Close the pool."""
        self.pool.close()
        self.closed = True

    def get_images(self) -> Sequence[Any]:
        """One RGB image per environment, or None where they render something else."""
        if self.render_mode != "rgb_array":
            warnings.warn(
                f"The render mode is {self.render_mode}, but this method assumes it is `rgb_array` to obtain images.",
                stacklevel=2,
            )
            return [None] * self.num_envs
        return list(self.pool.call("render"))

    def has_attr(self, attr_name: str) -> bool:
        """Tell whether every environment has an attribute."""
        return all(self.pool.call("has_wrapper_attr", attr_name))

    def get_attr(self, attr_name: str, indices: Any = None) -> list[Any]:
        """Read an attribute of the chosen environments."""
        return self.pool.call_on(self._get_indices(indices), "get_wrapper_attr", attr_name)

    def set_attr(self, attr_name: str, value: Any, indices: Any = None) -> None:
        """Set an attribute of the chosen environments."""
        self.pool.set_attr_on(self._get_indices(indices), attr_name, value)

    def env_method(
        self, method_name: str, *method_args: Any, indices: Any = None, **method_kwargs: Any
    ) -> list[Any]:
        """Call a method of the chosen environments."""
        return self.pool.call_on(self._get_indices(indices), method_name, *method_args, **method_kwargs)

    def env_is_wrapped(self, wrapper_class: type[Any], indices: Any = None) -> list[bool]:
        """Tell which of the chosen environments are wrapped so."""
        return self.pool.call_on(self._get_indices(indices), is_wrapped, wrapper_class)

    def _get_indices(self, indices: Any) -> Iterable[int]:
        chosen = super()._get_indices(indices)
        return [index % self.num_envs for index in chosen]
