"""Starting a pool: pickle the environment functions, start the workers, agree on spaces, lay out the shared memory."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from gymnasium import Space
from gymnasium.error import CustomSpaceError
from gymnasium.vector import AutoresetMode
from gymnasium.vector.utils import batch_differing_spaces, batch_space

from stablepool.building import pickle_recipes
from stablepool.channel import make_bell
from stablepool.errors import EnvironmentStartError
from stablepool.heirlooms import Heirlooms
from stablepool.layout import ActionArea, DataPart, MessageObservations, Observations, attach_data
from stablepool.ledger import Ledger
from stablepool.memory import ControlBlock, SharedFile
from stablepool.messages import AttachRequest, Command
from stablepool.options import PoolOptions
from stablepool.piped import CustomLoop
from stablepool.recruit import SharedParts
from stablepool.residents import CUSTOM_AUTORESET
from stablepool.resources import Ballast, advised
from stablepool.slot import SlotFailedError
from stablepool.snapshots import SnapshotArea
from stablepool.supervisor import Supervisor
from stablepool.warden import Warden, new_token
from stablepool.worker import Terms

__all__ = ["ObservationMode", "RunningPool", "start_pool"]

ObservationMode = str | tuple[Space[Any], Space[Any]]


@dataclass(frozen=True)
class RunningPool:
    """A pool whose environments have been built.

    Attributes:
        supervisor: The workers.
        block: The control part of the shared memory.
        actions: Where actions go; None where they travel in messages.
        snapshots: Where environments keep snapshots; None where they have none.
        observations: Where observations come from.
        single_observation_space: Of one environment.
        observation_space: Of the batch.
        single_action_space: Of one environment.
        action_space: Of the batch.
        metadata: The first environment's.
        render_mode: The first environment's.
    """

    supervisor: Supervisor
    block: ControlBlock
    actions: ActionArea | None
    snapshots: SnapshotArea | None
    observations: Observations
    single_observation_space: Space[Any]
    observation_space: Space[Any]
    single_action_space: Space[Any]
    action_space: Space[Any]
    metadata: dict[str, Any]
    render_mode: str | None


@advised()
def start_pool(
    env_fns: Sequence[Callable[[], Any]],
    num_workers: int,
    options: PoolOptions,
    *,
    autoreset_mode: AutoresetMode,
    shared_memory: bool,
    observation_mode: ObservationMode,
    loop: CustomLoop | None,
    owner: str,
) -> RunningPool:
    """Start every worker, build every environment, and agree on the spaces.

    Args:
        env_fns: One function per environment.
        num_workers: Worker processes.
        options: Deadlines and policies.
        autoreset_mode: When environments are reset.
        shared_memory: Whether observations travel in shared memory.
        observation_mode: As in `AsyncVectorEnv`.
        loop: A worker loop of the caller's own, or None.
        owner: Name of the vector environment's class, for messages.

    Raises:
        EnvironmentStartError: An environment could not be made.
        OSError: The system is out of memory, file descriptors or processes; the message says what to do.
        RuntimeError: The environments' spaces do not match.
        ValueError: The observation mode is unknown, or the space needs ``shared_memory=False``.
    """
    num_envs = len(env_fns)
    runs = np.array_split(np.arange(num_envs), num_workers)
    with contextlib.ExitStack() as undo:
        heirlooms = Heirlooms()
        undo.callback(heirlooms.close)
        recipes = pickle_recipes(env_fns, loop, heirlooms)
        terms = Terms(
            num_workers=num_workers,
            num_envs=num_envs,
            autoreset_mode=CUSTOM_AUTORESET if loop else autoreset_mode.value,
            shared_memory=shared_memory,
            check_finite=options.check_finite,
            check_space=options.check_space,
        )
        parts = _share(undo, recipes, heirlooms, terms, randomize_addresses=options.randomize_addresses)
        supervisor = Supervisor([tuple(int(index) for index in run) for run in runs], parts, options)
        undo.pop_all()  # the supervisor closes them from now on
    try:
        supervisor.start()
        return _agree(supervisor, parts, options, observation_mode, owner)
    except SlotFailedError as error:
        supervisor.close(0.0)
        start_error = _start_error(supervisor, error, num_envs)
        raise start_error from start_error.__cause__
    except BaseException:
        supervisor.close(0.0)
        raise


def _share(
    undo: contextlib.ExitStack,
    pickles: Sequence[bytes],
    heirlooms: Heirlooms,
    terms: Terms,
    *,
    randomize_addresses: bool,
) -> SharedParts:
    """Open everything that the workers share, to be undone where one of the steps fails."""
    ends = np.cumsum([len(data) for data in pickles]).tolist()
    ballast = Ballast()
    undo.callback(ballast.close)
    plan = SharedFile()
    undo.callback(plan.close)
    block_file = SharedFile()
    undo.callback(block_file.close)
    plan.write(b"".join(pickles))
    block = ControlBlock.create(block_file, terms.num_workers, terms.num_envs)
    done = make_bell()
    undo.callback(done.close)
    token = new_token()
    warden = Warden(token)
    undo.callback(warden.dismiss)
    return SharedParts(
        terms=terms,
        randomize_addresses=randomize_addresses,
        plan=plan,
        plan_ranges=tuple(zip([0, *ends[:-1]], ends, strict=True)),
        block_file=block_file,
        block=block,
        done=done,
        token=token,
        warden=warden,
        heirlooms=heirlooms,
        ballast=ballast,
    )


def _agree(
    supervisor: Supervisor,
    parts: SharedParts,
    options: PoolOptions,
    observation_mode: ObservationMode,
    owner: str,
) -> RunningPool:
    different = observation_mode == "different"
    asked = supervisor.slots if different else supervisor.slots[:1]
    described: dict[int, Any] = {}
    for reply in supervisor.converse(Command.DESCRIBE, None, asked):
        described |= reply.results
    _, action_space, metadata, render_mode, keeps, modules = described[0]
    single, batched = _observation_spaces(
        observation_mode, [described[index][0] for index in sorted(described)], parts.terms.num_envs
    )
    snapshot_bytes = options.snapshot_bytes if keeps else 0
    request = AttachRequest(single, action_space, observation_mode == "same", snapshot_bytes)
    data = _lay_out(parts, request, batched, owner)
    for reply in supervisor.attach(request):
        _check_spaces(reply.results, observation_mode, action_space, owner)
    supervisor.reserve.prepare(modules)
    return RunningPool(
        supervisor=supervisor,
        block=parts.block,
        actions=data.actions,
        snapshots=data.snapshots,
        observations=data.observations or MessageObservations(single, batched, parts.terms.num_envs),
        single_observation_space=single,
        observation_space=batched,
        single_action_space=action_space,
        action_space=batch_space(action_space, parts.terms.num_envs),
        metadata=metadata,
        render_mode=render_mode,
    )


def _observation_spaces(
    mode: ObservationMode, spaces: list[Space[Any]], num_envs: int
) -> tuple[Space[Any], Space[Any]]:
    """Return (single space, batched space)."""
    if isinstance(mode, tuple) and len(mode) == 2:
        if not all(isinstance(space, Space) for space in mode):
            raise TypeError(
                f"Expected both elements of observation_mode to be Spaces, got {type(mode[0])} and {type(mode[1])}"
            )
        return mode[1], mode[0]
    if mode == "same":
        return spaces[0], batch_space(spaces[0], num_envs)
    if mode == "different":
        return spaces[0], batch_differing_spaces(spaces)
    raise ValueError(
        "Invalid `observation_mode`, expected: 'same' or 'different' or tuple of single and batch observation space, "
        f"actual got {mode}"
    )


def _lay_out(parts: SharedParts, request: AttachRequest, batched: Space[Any], owner: str) -> DataPart:
    try:
        return attach_data(
            parts.block_file,
            parts.block.size,
            request,
            parts.terms.num_envs,
            batched=batched,
            shared_observations=parts.terms.shared_memory,
            create=True,
        )
    except CustomSpaceError as error:
        raise ValueError(
            f"Using `{owner}(..., shared_memory=True)` caused an error, you can disable this feature with "
            "`shared_memory=False` however this is slower."
        ) from error


def _check_spaces(
    comparisons: dict[int, tuple[bool, bool]], mode: ObservationMode, action_space: Space[Any], owner: str
) -> None:
    same_observation, same_action = zip(*comparisons.values(), strict=True)
    if not all(same_observation):
        if mode == "same":
            raise RuntimeError(
                f"{owner}(..., observation_mode='same') however some of the sub-environments observation spaces are "
                "not equivalent. If this is intentional, use `observation_mode='different'` instead."
            )
        raise RuntimeError(
            f"{owner}(..., observation_mode='different' or custom space) however the sub-environment's observation "
            "spaces do not share a common shape and dtype."
        )
    if not all(same_action):
        raise RuntimeError(
            f"Some environments have an action space different from `{action_space}`. "
            "In order to batch actions, the action spaces from all environments must be equal."
        )


def _start_error(supervisor: Supervisor, error: SlotFailedError, num_envs: int) -> EnvironmentStartError:
    failure = error.failure
    slot = next(slot for slot in supervisor.slots if failure.env_index in slot.env_indices)
    record = Ledger(num_envs).enter(slot, failure, ())[failure.env_index]
    start_error = EnvironmentStartError(
        f"environment {record.env_index} could not be started ({record.kind} in {record.phase} after "
        f"{record.elapsed_s:.2f} s); every worker has been ended. What its worker said:\n{record.traceback.strip()}",
        record,
    )
    start_error.__cause__ = failure.errors[record.env_index].rebuild() if failure.errors else None
    return start_error
