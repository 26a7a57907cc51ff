"""How long one step of the pool may take, and how long a hand-made guard around it has to be."""

from __future__ import annotations

import ast
import math
from collections.abc import Iterator
from dataclasses import dataclass

from ...analysis.script import POOL, Script
from ..model import Options

__all__ = ["StepBound", "becomes_or_is_pool", "given_timeout", "step_bound"]

_WORKERS = 16
"""The pool's default on a machine with at least as many cores."""
_UNKNOWN_SHARE = 4
"""Environments per worker where the script does not tell."""
_START_S = 28
"""Seconds for a worker to start and to build its environments."""
_DEFAULT_S = 15.0
"""The pool's deadline where none is given."""
_GRAIN_S = 30
_LEAST_S = 60
_DEADLINES = ("timeout", "reset_timeout", "call_timeout")


@dataclass(frozen=True)
class StepBound:
    """What a guard around a step of the pool has to allow for.

    Attributes:
        deadline_s: Seconds that one environment may take; None where the script does not tell.
        envs_per_worker: Environments that take turns on one worker.
    """

    deadline_s: float | None
    envs_per_worker: int

    @property
    def guard_s(self) -> int:
        """Least seconds for a guard: the step, a worker's start and its resets, in whole half minutes, 60 at least.

        A step takes `envs_per_worker` x `deadline_s` at most, and so do the resets after a restart. With 2
        environments per worker and 8 s this is 2 x 16 + 28 = 60 s.
        """
        needed = 2 * self.step_s + _START_S
        return max(_LEAST_S, _GRAIN_S * math.ceil(needed / _GRAIN_S))

    @property
    def step_s(self) -> float:
        """Seconds that a step may take without a restart."""
        return self.envs_per_worker * (self.deadline_s or 0.0)

    @property
    def reason(self) -> str:
        """Why a guard is so long, for people."""
        share, plural = self.envs_per_worker, "" if self.envs_per_worker == 1 else "s"
        return (
            f"the pool's deadline of {self.deadline_s or 0.0:g} s acts first, and a step with up to {share} "
            f"environment{plural} per worker may take {self.step_s:g} s plus a restart"
        )


def becomes_or_is_pool(script: Script, options: Options, call: ast.Call) -> bool:
    """True for a construction of the pool, and for one that this run turns into it."""
    swapped = "swap-vector-env" in options.selected and script.becomes_pool(call)
    return swapped or bool(script.names.origins(call.func) & POOL)


def _may_be_pool(script: Script, options: Options, call: ast.Call) -> bool:
    """True for these, and where the class is chosen at run time and the pool is among the choices."""
    is_chosen = not script.becomes_pool(call) and not script.names.origins(call.func) & POOL
    offered = "swap-vector-env" in options.selected or bool(script.pool_references)
    return becomes_or_is_pool(script, options, call) or (is_chosen and offered)


def given_timeout(script: Script, call: ast.Call) -> ast.expr | None:
    """The deadline that a construction gives, by keyword, in a `partial`, or as the pool's third argument."""
    partials = [
        partial for use in script.class_uses.values() if call in use.calls for partial in use.partials
    ]
    keywords = [keyword for made in (call, *partials) for keyword in made.keywords]
    by_name = (keyword.value for keyword in keywords if keyword.arg == "timeout")
    is_pool = bool(script.names.origins(call.func) & POOL)
    return next(by_name, call.args[2] if is_pool and len(call.args) > 2 else None)


def step_bound(script: Script, options: Options) -> StepBound | None:
    """The bound of the slowest pool that a script makes; None where it makes none.

    Args:
        script: The script.
        options: What the user asked for.
    """
    pools = [call for call in script.constructions if _may_be_pool(script, options, call)]
    if not pools:
        return None
    seconds = [_deadline(script, options, call) for call in pools]
    known = [s for s in seconds if s is not None]
    share = max(_envs_per_worker(script, options, call) for call in pools)
    return StepBound(max(known) if len(known) == len(seconds) else None, share)


def _deadline(script: Script, options: Options, call: ast.Call) -> float | None:
    """The longest deadline of one pool; None where one is computed, or is None: the pool waits for ever."""
    values = [keyword.value for keyword in call.keywords if keyword.arg in _DEADLINES[1:]]
    values = [value for value in values if not _says(value, "timeout")]
    given = given_timeout(script, call)
    seconds = [_number(value) for value in [*values, *([given] if given is not None else [])]]
    if given is None:
        hidden = any(keyword.arg is None for keyword in call.keywords)
        seconds.append(_DEFAULT_S if hidden else float(options.timeout))
    known = [s for s in seconds if s is not None]
    return max(known) if len(known) == len(seconds) else None


def _envs_per_worker(script: Script, options: Options, call: ast.Call) -> int:
    counts = list(_counts(script, options))
    given = (keyword.value for keyword in call.keywords if keyword.arg == "max_workers")
    is_pool = bool(script.names.origins(call.func) & POOL)
    value = next(given, call.args[1] if is_pool and len(call.args) > 1 else None)
    workers = _number(value) if value is not None and not _says(value, None) else _WORKERS
    if value is None and not is_pool and options.max_workers is not None:
        workers = float(options.max_workers)
    if not counts or workers is None or workers < 1:
        return _UNKNOWN_SHARE
    return max(1, math.ceil(max(counts) / workers))


def _counts(script: Script, options: Options) -> Iterator[float]:
    """Values of N_ENVS that the script has, and the one that it gets; nothing where one is computed."""
    values = [
        node.value
        for node in script.names.order
        if isinstance(node, ast.Assign)
        and any(isinstance(target, ast.Name) and target.id == "N_ENVS" for target in node.targets)
    ]
    numbers = [_number(value) for value in values]
    if numbers and numbers[0] is not None:
        yield from (number for number in numbers if number is not None)
        if "tuned-parameters" in options.selected:
            yield float(ast.literal_eval(options.parameters["N_ENVS"]))


def _number(value: ast.expr) -> float | None:
    number = value.value if isinstance(value, ast.Constant) else None
    is_number = isinstance(number, int | float) and not isinstance(number, bool)
    return float(number) if is_number and isinstance(number, int | float) else None


def _says(value: ast.expr, constant: object) -> bool:
    return isinstance(value, ast.Constant) and value.value == constant
