"""`StableProcessPoolEnv`: the vector environment; what a call means, and what a failure looks like to a learner.

step(actions) ─► check and store actions ─► wake every worker ─► wait (supervisor) ─► outcomes
│
┌────────────────────────── a Reply: rows are in shared memory, infos in it ◄─┤
▼                                                                             ▼
(obs, rewards, terminations, truncations, infos) ◄── void rows, infos["fault"] ◄── a Failure: killed, restarted
"""

from __future__ import annotations

import multiprocessing
import os
import weakref
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from gymnasium import Env, Space, logger
from gymnasium.error import ClosedEnvironmentError
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.async_vector_env import AsyncState

from stablepool.arguments import check_worker, seconds, split_actions, spread_seeds, take_reset_mask
from stablepool.batch import Batch
from stablepool.cleanup import call_before_threads_are_joined, not_in_a_fork
from stablepool.conductor import Conductor
from stablepool.faults import FaultRecord
from stablepool.messages import SetAttrRequest
from stablepool.options import OnFailure, PoolOptions, count_workers
from stablepool.pending import PendingCall
from stablepool.piped import CustomLoop
from stablepool.startup import start_pool
from stablepool.supervisor import Supervisor

__all__ = ["StableProcessPoolEnv"]


class StableProcessPoolEnv(VectorEnv[Any, Any, npt.NDArray[Any]]):
    """Environments in worker processes that may hang, crash or raise without taking the training run with them.

    A drop-in for `gymnasium.vector.AsyncVectorEnv`: the same arguments, the same results for the same seeds, in all
    three autoreset modes. What differs is what happens when an environment fails; docs/pool.md has the details:

    1. Every call returns within its deadline plus a short grace, whatever an environment does.
    2. A fault stays where it happened: the worker is killed as a process tree and replaced; environments of other
       workers go on, their episodes and random streams unchanged bit for bit.
    3. Nothing is invented, nothing is stale: the lost transition has reward 0, ``truncated`` True, the last observation
       that the environment really produced, and a `FaultRecord` in ``infos["fault"][i]`` (mask ``infos["_fault"]``).
       A learner keeps the rows where `valid_transitions` is True.
    4. Episodes survive where the environment has ``snapshot()`` and ``restore()``: the step is repeated.
    5. A sick environment cannot eat the run: restarts back off and end; a failure at the first start raises.
    6. Nobody is left behind: no process, no shared memory, however this process ends.
    7. Memory is bounded, where that is asked for.
    8. The same seeds give the same trajectories with any number of workers; replacements have seeds of their own.

    Args:
        env_fns: Functions that make the environments; closures and lambdas are welcome (cloudpickle).
        max_workers: Worker processes; None: one per environment or usable core, 16 at most. Environments are dealt out
            in contiguous runs and stepped in order within a worker.
        timeout: Seconds that one environment's step may take; None: for ever.
        shared_memory: Pass observations in shared memory; needed off for spaces of no fixed size (Graph, Sequence) and
            custom spaces.
        copy: Return copies of observations; False: views that stay valid until the call after the next.
        context: Any start method, for compatibility. Workers are always spawned, without the parent's main script: safe
            beside threads and CUDA, and fast.
        daemon: Accepted for compatibility: workers always end with this process, and may have children of their own.
        worker: A loop of the caller's own, as `AsyncVectorEnv` takes one. It runs in a thread of the pool's worker,
            under its deadlines, does its own autoresets, and is given None for ``shared_memory``.
        observation_mode: ``"same"``, ``"different"`` or a tuple (batched space, single space), as in `AsyncVectorEnv`.
        autoreset_mode: `AutoresetMode` or its value.
        max_concurrency: At most so many environments run at once: a lower bound on nothing but ``max_workers``.
        start_timeout: Seconds for a worker to start, and for each environment's construction.
        reset_timeout: Seconds for one environment's reset; ``"timeout"``: as ``timeout``.
        call_timeout: Seconds for one environment's share of ``call``, ``get_attr``, ``set_attr``, ``render``.
        close_timeout: Seconds for ``close()``, after which what is left is killed.
        on_failure: ``"restart"``: report and replace; ``"quarantine"``: the same, and give up a worker that keeps
            failing: its rows stay void, a record in every step says so; ``"raise"``: raise the environment's
            exception, as `AsyncVectorEnv` does, and hand over actions that are no array of the space's shape and
            dtype as they were given, as it does.
        max_restarts: So many restarts of one worker within ``restart_window`` seconds are borne, with a growing pause
            before each; one more raises `RestartLimitError` (or quarantines).
        restart_window: See ``max_restarts``.
        snapshot_bytes: Shared memory for each of two snapshots of an environment that has ``snapshot()`` and
            ``restore(snapshot)``: a step that its worker did not survive is repeated from there, once, and the caller
            sees only latency. 0: keep none.
        worker_memory_limit: Resident bytes beyond which a worker is replaced: at once through snapshots, else when an
            episode ends in it. What other environments of that worker lose is reported: valid, truncated,
            ``kind="collateral"``, ``phase="recycle"``.
        recycle_after_episodes: Episodes of one worker after which it is replaced in the same way.
        check_finite: Treat NaN and infinity in observations and rewards as errors of the environment.
        check_space: Treat observations outside the environment's observation space as its errors.
        spare_workers: Processes (some 25 MB each) that wait, imported and without environments, to take the place of a
            worker that fails, in milliseconds instead of a process's start; None: one, from the first failure on, so
            that a run without failures pays nothing; a number: so many from the start.
        randomize_addresses: Lay out each worker in memory at random, as other programs are. By default all are laid out
            alike: workers that take turns on a core then run faster, by half and more where there are many, but what
            guards against exploits of memory errors in native code is off in them.

    Raises:
        EnvironmentStartError: An environment could not be made; carries its traceback. Nothing is left running.
        OSError: The system has run out of descriptors, memory or processes; the message says what to do.
        RuntimeError: The environments' spaces do not match.
        ValueError: An argument is out of range, or the observation space needs ``shared_memory=False``.
    """

    def __init__(
        self,
        env_fns: Sequence[Callable[[], Env[Any, Any]]],
        max_workers: int | None = None,
        timeout: float | None = 15.0,
        *,
        shared_memory: bool = True,
        copy: bool = True,
        context: str | None = None,
        daemon: bool = True,
        worker: Callable[..., None] | None = None,
        observation_mode: str | tuple[Space[Any], Space[Any]] = "same",
        autoreset_mode: str | AutoresetMode = AutoresetMode.NEXT_STEP,
        max_concurrency: int | None = None,
        start_timeout: float | None = 60.0,
        reset_timeout: float | str | None = "timeout",
        call_timeout: float | str | None = "timeout",
        close_timeout: float = 1.5,
        on_failure: OnFailure = "restart",
        max_restarts: int = 10,
        restart_window: float = 60.0,
        snapshot_bytes: int = 1 << 16,
        worker_memory_limit: int | None = None,
        recycle_after_episodes: int | None = None,
        check_finite: bool = False,
        check_space: bool = False,
        spare_workers: int | None = None,
        randomize_addresses: bool = False,
    ) -> None:
        super().__init__()
        check_worker(worker)
        multiprocessing.get_context(context)  # raises for what is no start method
        self.env_fns = list(env_fns)
        self.num_envs = len(self.env_fns)
        self.shared_memory, self.copy, self.context, self.daemon = shared_memory, copy, context, daemon
        self.worker, self.observation_mode = worker, observation_mode
        self.autoreset_mode = AutoresetMode(autoreset_mode)
        self.max_concurrency = max_concurrency
        self.num_workers = count_workers(self.num_envs, max_workers, max_concurrency)
        self._options = PoolOptions(
            timeout_s=timeout,
            start_timeout_s=start_timeout,
            reset_timeout_s=seconds("reset_timeout", reset_timeout, timeout),
            call_timeout_s=seconds("call_timeout", call_timeout, timeout),
            close_timeout_s=close_timeout,
            on_failure=on_failure,
            max_restarts=max_restarts,
            restart_window_s=restart_window,
            snapshot_bytes=snapshot_bytes,
            worker_memory_limit=worker_memory_limit,
            recycle_after_episodes=recycle_after_episodes,
            check_finite=check_finite,
            check_space=check_space,
            spare_workers=spare_workers,
            randomize_addresses=randomize_addresses,
        )
        pool = start_pool(
            self.env_fns,
            self.num_workers,
            self._options,
            autoreset_mode=self.autoreset_mode,
            shared_memory=shared_memory,
            observation_mode=observation_mode,
            loop=CustomLoop(worker, self.autoreset_mode, max_concurrency) if worker else None,
            owner=type(self).__name__,
        )
        self._supervisor: Supervisor = pool.supervisor
        self._owner_pid = os.getpid()
        self._finalizer = weakref.finalize(self, not_in_a_fork(pool.supervisor.close), 0.0)
        call_before_threads_are_joined(self._finalizer)
        self.single_observation_space = pool.single_observation_space
        self.observation_space = pool.observation_space
        self.single_action_space, self.action_space = pool.single_action_space, pool.action_space
        self.metadata = {**pool.metadata, "autoreset_mode": self.autoreset_mode}
        self.render_mode = pool.render_mode
        self._actions, self._block = pool.actions, pool.block
        self._is_literal = on_failure == "raise"  # actions that would have to be converted go as they are
        self._conductor = Conductor(pool, self.num_envs, self._options, self.autoreset_mode)
        self._pending = PendingCall(self._conductor)
        self._latest: Batch | None = None

    # What scripts look at

    @property
    def counters(self) -> dict[str, int]:
        """Events since construction, named for a training log.

        ``pool/restarts`` (workers replaced), ``pool/recoveries`` (after which a step was repeated from snapshots),
        ``pool/timeouts``, ``pool/crashes`` and ``pool/errors`` (what they were replaced for), ``pool/collateral``
        (environments that lost their episode to a neighbour's failure), ``pool/void_transitions`` (transitions that a
        learner must drop), ``pool/quarantined`` (environments given up), ``pool/recycled`` (healthy workers replaced
        for their size or age), ``pool/spares_lost`` (spare workers that died before they were needed).
        """
        return {**self._conductor.ledger.counters, "pool/spares_lost": self._supervisor.reserve.lost}

    @property
    def faults(self) -> list[FaultRecord]:
        """The latest fault records, oldest first, 1,000 at most."""
        return list(self._conductor.ledger.recent)

    @property
    def env_infos(self) -> list[dict[str, Any]]:
        """Infos of the last reset or step, one dictionary per environment, as the environments returned them."""
        found = {} if self._latest is None else self._latest.env_infos
        return [found.get(index, {}) for index in range(self.num_envs)]

    @property
    def worker_pids(self) -> tuple[int, ...]:
        """Process id of each worker; 0 where one is being replaced or has been given up."""
        return self._supervisor.pids()

    @property
    def spare_pids(self) -> tuple[int, ...]:
        """Process ids of the spare workers that are ready to take over."""
        return self._supervisor.reserve.pids()

    @property
    def observations(self) -> Any:
        """The latest batch of observations, as a view."""
        return self._conductor.observations(copy=False)

    @property
    def np_random_seed(self) -> tuple[int, ...]:  # type: ignore[override]
        """Seeds of the environments' random generators."""
        return self.get_attr("np_random_seed")

    @property  # type: ignore[misc]  # read-only, as in AsyncVectorEnv
    def np_random(self) -> tuple[np.random.Generator, ...]:  # type: ignore[override]
        """Copies of the environments' random generators."""
        return self.get_attr("np_random")

    # Reset

    def reset(
        self, *, seed: int | Sequence[int | None] | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """Reset every environment, or those that ``options["reset_mask"]`` marks.

        An environment whose worker is lost in its reset is reset once more, in a replacement, with the same seed; the
        record of that failure is in the infos.

        Args:
            seed: One seed (environment i gets ``seed + i``), or one per environment, or None.
            options: Passed on to each environment, less ``"reset_mask"`` (bool (num_envs,)).

        Returns:
            Observations of all environments (unmarked ones keep theirs) and infos.

        Raises:
            WorkerFaultError: An environment failed twice and has never shown an observation that could stand here.
        """
        self.reset_async(seed=seed, options=options)
        return self._pending.see_through(self.reset_wait)

    def reset_async(
        self, seed: int | Sequence[int | None] | None = None, options: dict[str, Any] | None = None
    ) -> None:
        """Start a reset; see `reset`.

        Raises:
            AlreadyPendingCallError: Another call is pending.
        """
        self._assert_idle("reset_async")
        mask = take_reset_mask(options, self.num_envs)
        self._conductor.begin_reset(spread_seeds(seed, self.num_envs), mask, options)
        self._pending.state = AsyncState.WAITING_RESET

    def reset_wait(self, timeout: float | None = None) -> tuple[Any, dict[str, Any]]:
        """Finish a reset; see `reset`.

        Args:
            timeout: Give up waiting after so many seconds; the call stays pending and can be waited for again.

        Raises:
            NoAsyncCallError: No reset is pending.
            multiprocessing.TimeoutError: As said.
        """
        self._assert_is_running()
        observations, batch = self._pending.finish(
            AsyncState.WAITING_RESET, "reset_wait", timeout, self._shown(self._conductor.finish_reset)
        )
        return observations, batch.infos

    # Step

    def step(
        self, actions: Any
    ) -> tuple[Any, npt.NDArray[np.float64], npt.NDArray[np.bool_], npt.NDArray[np.bool_], dict[str, Any]]:
        """Step every environment.

        Args:
            actions: A batch of the action space; integers of another dtype are welcome where they convert without
                loss.

        Returns:
            Observations, rewards float64 (num_envs,), terminations and truncations bool (num_envs,), and infos.

        Raises:
            ActionError: Count, shape or dtype of the actions do not fit; nothing was sent.
            RestartLimitError: An environment keeps failing.
        """
        self.step_async(actions)
        return self._pending.see_through(self.step_wait)

    def step_async(self, actions: Any) -> None:
        """Send actions and return at once; see `step`.

        Raises:
            AlreadyPendingCallError: Another call is pending.
        """
        self._assert_idle("step_async")
        area = self._actions
        if area is not None and ((batch := area.check(actions)) is actions or not self._is_literal):
            self._block.action_code[0] = area.store(batch)
            self._conductor.begin_step(None)
        else:
            self._conductor.begin_step(split_actions(self.action_space, actions, self.num_envs))
        self._pending.state = AsyncState.WAITING_STEP

    def step_wait(
        self, timeout: float | None = None
    ) -> tuple[Any, npt.NDArray[np.float64], npt.NDArray[np.bool_], npt.NDArray[np.bool_], dict[str, Any]]:
        """Wait for the step that `step_async` began; see `step`.

        Args:
            timeout: Give up waiting after so many seconds; the call stays pending and can be waited for again.

        Raises:
            NoAsyncCallError: No step is pending.
            multiprocessing.TimeoutError: As said.
        """
        self._assert_is_running()
        observations, batch = self._pending.finish(
            AsyncState.WAITING_STEP, "step_wait", timeout, self._shown(self._conductor.finish_step)
        )
        return observations, batch.rewards, batch.terminations, batch.truncations, batch.infos

    def _shown(self, finish: Callable[[float | None], Batch]) -> Callable[[float | None], tuple[Any, Batch]]:
        """Have the observations taken as part of the call: another thread may begin the next as soon as it is over."""

        def act(until: float | None) -> tuple[Any, Batch]:
            self._latest = batch = finish(until)
            return self._conductor.observations(copy=self.copy), batch

        return act

    # Calls

    def call(self, name: str, *args: Any, **kwargs: Any) -> tuple[Any, ...]:
        """Call a method of every environment, or read an attribute.

        Args:
            name: Its name, also behind wrappers.
            *args: For the method.
            **kwargs: For the method.

        Returns:
            One result per environment.

        Raises:
            Exception: What an environment raised; the environments live on.
            WorkerFaultError: A worker was lost; its environments are being replaced, and the next step says so.
        """
        self.call_async(name, *args, **kwargs)
        return self._pending.see_through(self.call_wait)

    def call_async(self, name: str, *args: Any, **kwargs: Any) -> None:
        """Begin a call; see `call`.

        Raises:
            AlreadyPendingCallError: Another call is pending.
        """
        self._assert_idle("call_async")
        self._conductor.begin_call(range(self.num_envs), name, args, kwargs)
        self._pending.state = AsyncState.WAITING_CALL

    def call_on(
        self, indices: Iterable[int], target: str | Callable[..., Any], *args: Any, **kwargs: Any
    ) -> list[Any]:
        """Call a method of some environments, or a function with each of them as its first argument.

        Args:
            indices: Which environments.
            target: A method's or attribute's name, or a function; it travels by cloudpickle and runs in the workers.
            *args: For the method or function.
            **kwargs: For the method or function.

        Returns:
            One result per index.

        Raises:
            Exception: As `call`.
        """
        self._assert_idle("call_on")
        chosen = list(indices)
        self._conductor.begin_call(set(chosen), target, args, kwargs)
        self._pending.state = AsyncState.WAITING_CALL
        results = self._pending.see_through(self.call_wait)
        return [results[index] for index in chosen]

    def call_wait(self, timeout: float | None = None) -> tuple[Any, ...]:
        """Finish a call; see `call`.

        Args:
            timeout: Give up waiting after so many seconds; the call stays pending and can be waited for again.

        Raises:
            NoAsyncCallError: No call is pending.
            multiprocessing.TimeoutError: As said.
        """
        self._assert_is_running()
        return self._pending.finish(
            AsyncState.WAITING_CALL, "call_wait", timeout, self._conductor.finish_call
        )

    def get_attr(self, name: str) -> tuple[Any, ...]:
        """Read an attribute of every environment."""
        return self.call(name)

    def set_attr(self, name: str, values: Any) -> None:
        """Set an attribute of every environment, and of those that replace one.

        Args:
            name: Its name.
            values: A list or tuple with one value per environment, or one value for all. Replacements are given the
                value as it was when it was set, before their first reset.

        Raises:
            ValueError: As many values as environments are needed.
        """
        self._assert_idle("set_attr")
        if not isinstance(values, (list, tuple)):
            values = [values] * self.num_envs
        if len(values) != self.num_envs:
            raise ValueError(
                "Values must be a list or tuple with length equal to the number of environments. "
                f"Got `{len(values)}` values for {self.num_envs} environments."
            )
        self._set(SetAttrRequest(name, dict(enumerate(values))))

    def set_attr_on(self, indices: Iterable[int], name: str, value: Any) -> None:
        """Set an attribute of some environments on their outermost wrapper; else as `set_attr`.

        Args:
            indices: Which environments.
            name: Its name.
            value: One value for all of them.
        """
        self._assert_idle("set_attr_on")
        self._set(SetAttrRequest(name, dict.fromkeys(indices, value), is_outermost=True))

    def _set(self, request: SetAttrRequest) -> None:
        self._conductor.begin_set_attr(request)
        self._pending.state = AsyncState.WAITING_CALL
        self._pending.see_through(self.call_wait)
        self._conductor.keep_attribute(request)

    def render(self) -> tuple[Any, ...] | None:
        """One frame, or list of frames, per environment."""
        return self.call("render")

    # The end

    def close_extras(self, timeout: float | None = None, terminate: bool = False) -> None:
        """Close every environment and end every worker; what does not close in time is killed.

        Does nothing in a process that was forked from the pool's.

        Args:
            timeout: Seconds for all of it; None: the pool's ``close_timeout``.
            terminate: Kill at once.
        """
        if os.getpid() != self._owner_pid:
            return
        if self._pending.state is not AsyncState.DEFAULT and not self._pending.has_timed_out:
            logger.warn(
                f"Calling `close` while waiting for a pending call to `{self._pending.state.value}` to complete."
            )
        if self._finalizer.detach():
            self._supervisor.close(
                0.0 if terminate else self._options.close_timeout_s if timeout is None else timeout
            )

    def _assert_idle(self, caller: str) -> None:
        self._assert_is_running()
        self._pending.assert_none(caller)

    def _assert_is_running(self) -> None:
        if self.closed:
            raise ClosedEnvironmentError(
                f"Trying to operate on `{type(self).__name__}`, after a call to `close()`."
            )
        if os.getpid() != self._owner_pid:
            raise ClosedEnvironmentError(
                f"`{type(self).__name__}` belongs to process {self._owner_pid}, of which this one ({os.getpid()}) is a "
                "fork: make another in here."
            )
