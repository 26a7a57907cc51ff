"""`PendingCall`: which of the ``*_async`` calls is under way, and what a wait that breaks off leaves behind."""

from __future__ import annotations

import multiprocessing
import threading
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
        self._waiting = threading.RLock()  # held by the thread that waits for a call
        self._finished: AsyncState | None = None

    def assert_none(self, caller: str) -> None:
        """Refuse to begin a call while another is under way; one that was abandoned is brought to its end first.

        A call is abandoned where an exception has broken off the wait for it, and where a thread still waits for it
        that the caller has given up.

        Raises:
            AlreadyPendingCallError: One is under way, or a thread waits for it and may do so for ever.
        """
        if self._waiting.acquire(blocking=False):
            self._waiting.release()
        elif not self._conductor.waits_for_ever:
            self._outlast_thread()
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
        with self._waiting:
            return self._finish(state, caller, timeout, act)

    def _finish(
        self, state: AsyncState, caller: str, timeout: float | None, act: Callable[[float | None], T]
    ) -> T:
        if self.state is not state:
            starter = caller.replace("_wait", "_async")
            raise NoAsyncCallError(f"Calling `{caller}` without any prior call to `{starter}`.", state.value)
        self._is_abandoned, self._finished = False, None
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
            else:
                self._is_abandoned = True  # unless somebody waits for it again
            raise
        self._end()
        self._finished = state
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

    def _outlast_thread(self) -> None:
        """Let a thread that waits for a call come to its end; what it got was seen by nobody."""
        with self._waiting:
            if self._finished is AsyncState.WAITING_STEP:
                self._conductor.disown_step()
            elif self._finished is AsyncState.WAITING_RESET:
                self._conductor.lose_sight()

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
