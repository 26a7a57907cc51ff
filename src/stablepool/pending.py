"""`PendingCall`: which of the ``*_async`` calls is under way, and what a wait that breaks off leaves behind."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable
from typing import TypeVar

from gymnasium.error import AlreadyPendingCallError, NoAsyncCallError
from gymnasium.vector.async_vector_env import AsyncState

from stablepool.conductor import Conductor

__all__ = ["PendingCall"]

T = TypeVar("T")


class PendingCall:
    """The one call that a pool may have under way.

    Args:
        conductor: Does the calls.

    Attributes:
        state: Which call is under way.
        has_timed_out: Whether a wait for it was given up, so that the caller knows of it.
    """

    def __init__(self, conductor: Conductor) -> None:
        self._conductor = conductor
        self.state = AsyncState.DEFAULT
        self.has_timed_out = False
        self._is_abandoned = False

    def assert_none(self, caller: str) -> None:
        """Refuse to begin a call while another is under way; one that was abandoned is brought to its end first.

        Raises:
            AlreadyPendingCallError: One is.
        """
        if self._is_abandoned:
            self._conclude_abandoned()
        if self.state is not AsyncState.DEFAULT:
            raise AlreadyPendingCallError(
                f"Calling `{caller}` while waiting for a pending call to `{self.state.value}` to complete.",
                str(self.state.value),
            )

    def finish(
        self, state: AsyncState, caller: str, timeout: float | None, act: Callable[[float | None], T]
    ) -> T:
        """Run the second half of a call; a time-out or an exception that breaks off its wait leaves it pending.

        Args:
            state: Which call it is.
            caller: The method's name, for messages.
            timeout: Seconds to wait at most; None: as long as it takes.
            act: Does it; it is given the ``time.monotonic`` seconds at which to give up, or None: never.

        Returns:
            What ``act`` returns.

        Raises:
            NoAsyncCallError: Its first half was not called.
            multiprocessing.TimeoutError: ``timeout`` has passed.
        """
        if self.state is not state:
            starter = caller.replace("_wait", "_async")
            raise NoAsyncCallError(f"Calling `{caller}` without any prior call to `{starter}`.", state.value)
        try:
            result = act(None if timeout is None else time.monotonic() + timeout)
        except BaseException as error:
            if not self._conductor.is_waiting:  # an environment's own, which may be a TimeoutError, too
                self._end()
                if state is AsyncState.WAITING_STEP:
                    self._conductor.lose_sight()
            elif isinstance(error, multiprocessing.TimeoutError):
                self.has_timed_out = True
                raise multiprocessing.TimeoutError(
                    f"The call to `{caller}` has timed out after {timeout} second(s)."
                ) from None
            raise
        self._end()
        return result

    def _end(self) -> None:
        self.state, self.has_timed_out = AsyncState.DEFAULT, False

    def see_through(self, wait: Callable[[], T]) -> T:
        """Wait; remember a call that a signal handler breaks off, for nobody can wait for it again."""
        try:
            return wait()
        except BaseException:
            self._is_abandoned = self.state is not AsyncState.DEFAULT
            raise

    def _conclude_abandoned(self) -> None:
        """Bring an abandoned call to its end, under its deadlines, before another begins."""
        state, self._is_abandoned = self.state, False
        self._end()
        if state is AsyncState.WAITING_STEP:
            self._conductor.abandon_step()
        elif state is AsyncState.WAITING_CALL:
            self._conductor.abandon_call()
        else:
            self._conductor.finish_reset(None)
            self._conductor.lose_sight()
