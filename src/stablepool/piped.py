"""`PipedEnv`: an environment behind a worker loop of the caller's own, as `AsyncVectorEnv` takes one by ``worker=``.

Such a loop talks to its vector environment through a pipe. Here it runs in a thread of the pool's worker process, and
this object stands at the other end of the pipe: deadlines, restarts and clean ends are the pool's, what is done in a
reset or a step, and when an episode is reset, is the loop's.
"""

from __future__ import annotations

import multiprocessing
import os
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection
from typing import Any

from gymnasium.vector import AutoresetMode

__all__ = ["CustomLoop", "PipedEnv"]


@dataclass(frozen=True)
class CustomLoop:
    """A worker loop of the caller's own, and what it is told.

    Attributes:
        run: The loop, with the arguments of Gymnasium's ``_async_worker``: index, env_fn, pipe, parent_pipe,
            shared_memory (None: observations come through the pipe), error_queue, autoreset_mode, semaphore.
        autoreset_mode: Which resets are its own.
        max_concurrency: Permits of the semaphore; None: there is none. The pool has no more workers than that, so
            that nobody has to wait for one.
    """

    run: Callable[..., None]
    autoreset_mode: AutoresetMode
    max_concurrency: int | None


class PipedEnv:
    """Passes each call on to a worker loop.

    Args:
        index: Index of the environment.
        env_fn: Makes the environment; the loop calls it.
        loop: What stands at the other end.

    Attributes:
        observation_space: The environment's.
        action_space: The environment's.
        metadata: The environment's.
        render_mode: The environment's.

    Raises:
        RuntimeError: The loop has ended.
    """

    def __init__(self, index: int, env_fn: Callable[[], Any], loop: CustomLoop) -> None:
        self._pipe, theirs = multiprocessing.Pipe()
        self._errors: queue.SimpleQueue[tuple[int, Any, BaseException, str]] = queue.SimpleQueue()
        ours = Connection(os.dup(self._pipe.fileno()))  # a loop closes the end that is not its own
        permits = None if loop.max_concurrency is None else threading.BoundedSemaphore(loop.max_concurrency)
        arguments = (index, env_fn, theirs, ours, None, self._errors, loop.autoreset_mode, permits)
        self._end: BaseException | None = None
        threading.Thread(target=self._run, args=(loop.run, arguments, theirs), daemon=True).start()
        self.observation_space = self._call("observation_space")
        self.action_space = self._call("action_space")
        self.metadata: dict[str, Any] = self._call("metadata")
        self.render_mode: str | None = self._call("render_mode")

    def _run(self, run: Callable[..., None], arguments: tuple[Any, ...], theirs: Connection) -> None:
        try:
            run(*arguments)
        except BaseException as error:  # noqa: BLE001 - told to whoever waits at the other end
            self._end = error
        finally:
            theirs.close()

    def _ask(self, command: str, data: Any) -> Any:
        try:
            self._pipe.send((command, data))
            result, is_well = self._pipe.recv()
        except (EOFError, OSError) as cut_off:
            raise RuntimeError(f"the custom worker loop has ended: {self._end!r}") from (self._end or cut_off)
        if is_well:
            return result
        _, kind, error, trace = self._errors.get()
        raise (error if isinstance(error, BaseException) else kind(error)) from RuntimeError(trace)

    def _call(self, name: str, *args: Any, **kwargs: Any) -> Any:
        return self._ask("_call", (name, args, kwargs))

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """Have the loop reset its environment."""
        observation, info = self._ask("reset", {"seed": seed, "options": options})
        return observation, info

    def step(self, action: Any) -> tuple[Any, Any, Any, Any, dict[str, Any]]:
        """Have the loop step its environment, or reset it where it thinks fit."""
        observation, reward, terminated, truncated, info = self._ask("step", action)
        return observation, reward, terminated, truncated, info

    def get_wrapper_attr(self, name: str) -> Callable[..., Any]:
        """Return a function that calls the method, or reads the attribute, of that name."""
        return partial(self._call, name)

    def set_wrapper_attr(self, name: str, value: Any) -> None:
        """Have the loop set an attribute."""
        self._ask("_setattr", (name, value))

    def close(self) -> None:
        """Have the loop end."""
        self._ask("close", None)
