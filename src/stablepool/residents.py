"""The environments that live in a worker, dealt with one after the other, each under a clock of its own.

What stands here runs once per environment and step: it stamps, calls, and writes rows, and does nothing else.
"""

from __future__ import annotations

import functools
import pickle
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from time import monotonic_ns
from typing import Any

from stablepool import snapshots
from stablepool.calls import call_on, set_on
from stablepool.checks import assert_finite, assert_within
from stablepool.memory import Cells
from stablepool.messages import CallRequest, Phase, RemoteError, Reply, ResetRequest, SetAttrRequest

__all__ = ["CUSTOM_AUTORESET", "Act", "Resident", "Residents"]

CUSTOM_AUTORESET = "Custom"
"""In the place of an autoreset mode's value: a loop of the caller's own resets the environments."""

_Step = tuple[Any, Any, Any, Any, dict[str, Any]]


@dataclass(slots=True)
class Resident:
    """One environment in its worker.

    Attributes:
        index: Its index in the pool.
        env: The environment.
        needs_reset: NEXT_STEP: whether its episode has ended, so that its next step is a reset.
        held: Observation and info of a reset that nobody has seen yet.
        keeps_snapshots: Whether its state is kept after each command; None: nobody has asked yet.
    """

    index: int
    env: Any
    needs_reset: bool = False
    held: tuple[Any, dict[str, Any]] | None = None
    keeps_snapshots: bool | None = None


Act = Callable[[Resident, Reply], None]


class Residents:
    """The environments of one worker.

    Args:
        cells: The control part of the shared block.
        env_indices: Which environments, in the order in which they are stepped; a contiguous run.
        autoreset_mode: Value of Gymnasium's `AutoresetMode`, or `CUSTOM_AUTORESET`.
        check_finite: Whether NaN and infinity in observations and rewards are errors.
        check_space: Whether observations outside the observation space are errors.

    Attributes:
        sequence: Number of the present command.
        buffer: Which of the two observation buffers it writes.
    """

    def __init__(
        self,
        cells: Cells,
        env_indices: Sequence[int],
        autoreset_mode: str,
        *,
        check_finite: bool,
        check_space: bool,
    ) -> None:
        self._cells, self._env_indices = cells, env_indices
        self._check_finite, self._check_space = check_finite, check_space
        self._all: list[Resident] = []
        self._marks = cells.involved[env_indices[0] : env_indices[-1] + 1]
        self._everyone = b"\1" * len(env_indices)
        self.sequence = self.buffer = 0
        self._readers: Sequence[Callable[[], Any]] | dict[int, Callable[[], Any]]
        self._blank = Reply()
        self._actions: Any = None
        self._observations: Any = None
        self._snapshots: Any = None
        self._advance: Callable[[Resident, Any], _Step] = {
            "NextStep": self._advance_next_step,
            "SameStep": self._advance_same_step,
            "Disabled": self._advance_disabled,
            CUSTOM_AUTORESET: self._advance_custom,
        }[autoreset_mode]

    def __iter__(self) -> Iterator[Resident]:
        return iter(self._all)

    def build(self, recipes: Iterable[bytes]) -> Reply:
        """Make every environment from its pickled function; stop where one raises."""
        reply = Reply()
        for index, recipe in zip(self._env_indices, recipes, strict=True):
            self._begin(index, Phase.CONSTRUCT)
            try:
                self._all.append(Resident(index, pickle.loads(recipe)()))  # noqa: S301 - the caller's own function
            except BaseException as error:  # noqa: BLE001 - also SystemExit: the caller shall see its traceback
                self._cells.finished_ns[index] = monotonic_ns()
                reply.errors[index] = RemoteError.capture(error)
                return reply
            self._cells.finished_ns[index] = monotonic_ns()
            self._cells.finished[index] = self.sequence
        return reply

    def settle_in(self, actions: Any, observations: Any, snapshot_area: Any) -> None:
        """Learn where actions, observations and snapshots lie; None: in messages, and none."""
        self._actions, self._observations, self._snapshots = actions, observations, snapshot_area

    def _begin(self, index: int, phase: Phase) -> None:
        self._cells.phase[index] = phase
        self._cells.started_ns[index] = monotonic_ns()

    def each(self, phase: Phase, act: Act) -> Reply:
        """Do something with each environment that is involved, going on with the next where one raises."""
        cells, reply, sequence, code = self._cells, self._blank, self.sequence, int(phase)
        phases, started_ns, finished_ns, finished = (
            cells.phase,
            cells.started_ns,
            cells.finished_ns,
            cells.finished,
        )
        now = monotonic_ns()  # the end of one is the beginning of the next
        for resident in self._involved():
            index = resident.index
            phases[index], started_ns[index] = code, now
            try:
                act(resident, reply)
                if resident.keeps_snapshots:
                    self._keep_snapshot(resident)
            except BaseException as error:  # noqa: BLE001 - also SystemExit: the caller shall see its traceback
                finished_ns[index] = now = monotonic_ns()
                reply.errors[index] = RemoteError.capture(error)
            else:
                finished_ns[index] = now = monotonic_ns()
                finished[index] = sequence
        if reply:
            self._blank = Reply()
        return reply

    def _involved(self) -> list[Resident]:
        if self._marks.tobytes() == self._everyone:
            return self._all
        return [resident for resident in self._all if self._cells.involved[resident.index]]

    # Steps

    def step(self, actions: dict[int, Any] | None) -> Reply:
        """Step with actions by index, or with those in the shared block."""
        if actions is None:
            self._readers = self._actions.readers(self._cells.action_code[0])
        else:
            self._readers = {index: functools.partial(actions.__getitem__, index) for index in actions}
        return self.each(Phase.STEP, self._step)

    def _step(self, resident: Resident, reply: Reply) -> None:
        index, cells = resident.index, self._cells
        action = self._readers[index]()
        observation, reward, terminated, truncated, info = self._advance(resident, action)
        if self._check_finite:
            assert_finite("reward", reward)
        cells.rewards[index] = reward
        cells.terminations[index] = terminated
        cells.truncations[index] = truncated
        self._publish(resident, observation, info, reply)

    def _advance_next_step(self, resident: Resident, action: Any) -> _Step:
        if resident.needs_reset or resident.held is not None:
            observation, info = resident.held or self._autoreset(resident)
            resident.held, resident.needs_reset = None, False
            return observation, 0.0, False, False, info
        observation, reward, terminated, truncated, info = resident.env.step(action)
        resident.needs_reset = bool(terminated or truncated)
        return observation, reward, terminated, truncated, info

    def _advance_same_step(self, resident: Resident, action: Any) -> _Step:
        observation, reward, terminated, truncated, info = resident.env.step(action)
        if terminated or truncated:
            final = {"final_info": info, "final_obs": observation}
            observation, info = self._autoreset(resident)
            info = {**final, **info}
        return observation, reward, terminated, truncated, info

    def _advance_disabled(self, resident: Resident, action: Any) -> _Step:
        resident.held = None
        observation, reward, terminated, truncated, info = resident.env.step(action)
        return observation, reward, terminated, truncated, info

    def _advance_custom(self, resident: Resident, action: Any) -> _Step:
        if resident.held is not None:
            (observation, info), resident.held = resident.held, None
            return observation, 0.0, False, False, info
        observation, reward, terminated, truncated, info = resident.env.step(action)
        return observation, reward, terminated, truncated, info

    def _autoreset(self, resident: Resident) -> tuple[Any, dict[str, Any]]:
        self._begin(resident.index, Phase.RESET)
        observation, info = resident.env.reset()
        return observation, info

    def _publish(self, resident: Resident, observation: Any, info: dict[str, Any], reply: Reply) -> None:
        if self._check_finite:
            assert_finite("observation", observation)
        if self._check_space:
            assert_within(resident.env.observation_space, observation)
        if self._observations is not None:
            self._observations.write(self.buffer, resident.index, observation)
        else:
            reply.observations[resident.index] = observation
        if info:
            reply.infos[resident.index] = info
        if resident.keeps_snapshots is None:
            resident.keeps_snapshots = self._snapshots is not None and snapshots.keeps_snapshots(resident.env)

    # Resets and calls

    def reset(self, request: ResetRequest) -> Reply:
        """Reset those that are involved; hold what they return where that is wanted."""

        def reset(resident: Resident, reply: Reply) -> None:
            seed = request.seeds[resident.index]
            observation, info = resident.env.reset(seed=seed, options=request.options)
            resident.needs_reset, resident.held = False, None
            if request.hold:
                resident.held = observation, info
                reply.results[resident.index] = True
            else:
                self._publish(resident, observation, info, reply)

        return self.each(Phase.RESET, reset)

    def deliver(self) -> Reply:
        """Publish the resets that were held."""

        def deliver(resident: Resident, reply: Reply) -> None:
            assert resident.held is not None
            observation, info = resident.held
            resident.held = None
            self._publish(resident, observation, info, reply)

        return self.each(Phase.REPLY, deliver)

    def call(self, request: CallRequest) -> Reply:
        """Call a method, read an attribute, or call a function with each environment."""

        def call(resident: Resident, reply: Reply) -> None:
            reply.results[resident.index] = call_on(resident.env, request)

        return self.each(Phase.CALL, call)

    def set_attr(self, request: SetAttrRequest) -> Reply:
        """Set an attribute of each environment."""
        put = setattr if request.is_outermost else set_on

        def put_in(resident: Resident, reply: Reply) -> None:
            put(resident.env, request.name, request.values[resident.index])
            reply.results[resident.index] = True

        return self.each(Phase.CALL, put_in)

    def close(self) -> None:
        """Close every environment; one that raises must not keep the others from closing."""
        for resident in self._all:
            self._begin(resident.index, Phase.CLOSE)
            try:
                resident.env.close()
            except Exception as error:  # noqa: BLE001 - nobody is left to raise to
                _warn(f"environment {resident.index} raised in close(): {error!r}")

    # Snapshots

    def restore(self, places: dict[int, int]) -> Reply:
        """Put environments into the state that was kept in these places."""

        def put_back(resident: Resident, reply: Reply) -> None:
            data, resident.needs_reset = self._snapshots.load(resident.index, places[resident.index])
            resident.env = snapshots.restore(resident.env, data)
            resident.keeps_snapshots = True
            reply.results[resident.index] = True

        return self.each(Phase.RESET, put_back)

    def _keep_snapshot(self, resident: Resident) -> None:
        data = snapshots.take(resident.env)
        if self._snapshots.store(resident.index, self.sequence, data, needs_reset=resident.needs_reset):
            return
        self._snapshots.forget(resident.index)  # an older state is none to repeat a later step from
        resident.keeps_snapshots = False
        _warn(
            f"the snapshot of environment {resident.index} has {len(data)} bytes and "
            f"snapshot_bytes={self._snapshots.capacity}; none is kept from now on, so that a lost step of it cannot "
            "be repeated"
        )


def _warn(text: str) -> None:
    print(f"stablepool: {text}", file=sys.stderr)  # noqa: T201 - a worker has no other way to warn
