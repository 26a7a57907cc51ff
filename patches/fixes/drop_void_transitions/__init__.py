"""drop-void-transitions: what the pool reports as void is not stored for learning."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ...analysis.script import POOL, Script
from ...analysis.transitions import (
    Step,
    follows,
    index,
    indexes_results,
    loop_and_index,
    steps,
    stored_together,
    stores,
)
from ...syntax.edits import Diagnostic, Edit, Finding
from ..model import Fix, Options
from .cases import CASES
from .guards import FUNCTION, count, guard, is_extendable, is_filterable, is_guarded
from .parallel import unguarded, with_parallel

__all__ = ["FIX"]

NAME = "drop-void-transitions"
_HINT = f"keep rows where stablepool.{FUNCTION}(infos, num_envs) is True"


def find(script: Script, options: Options) -> Iterator[Finding]:
    """Plan a guard around the one statement that stores a transition, or say why there is none."""
    if not _is_pool(script, options):
        return
    taken, seen = steps(script), False
    for step in taken:
        found = [store for store in stores(script, step) if _belongs(script, store, step, taken)]
        if found:
            seen = True
            yield _decide(script, step, with_parallel(script, found))
    if not seen:
        yield from _no_store(script)


def _no_store(script: Script) -> Iterator[Diagnostic]:
    """Say that no statement was found which stores transitions row by row."""
    stepped = [*script.calls("step", "step_wait"), *script.submitted("step")]
    if stepped:
        message = "no statement that stores the transitions of this step one by one was found"
        yield Diagnostic(NAME, "notice", "no-store", script.position(stepped[0]), message, _HINT)
        return
    for call in script.constructions[:1]:
        message = "no step of these environments is seen in this file"
        yield Diagnostic(NAME, "notice", "stepped-elsewhere", script.position(call), message, _HINT)


def _belongs(script: Script, store: ast.Expr, step: Step, taken: list[Step]) -> bool:
    """True where no other step stands between, as where a warm-up and a training loop use the same names."""
    before = [other for other in taken if follows(script, other.statement, store)]
    return not before or before[-1].statement is step.statement


def _is_pool(script: Script, options: Options) -> bool:
    """True where the script runs on the pool once all selected fixes are applied."""
    swapped = "swap-vector-env" in options.selected and bool(script.references or script.makers)
    elsewhere = any(map(script.becomes_pool_elsewhere, script.producers))
    if not script.constructions:
        return elsewhere
    return swapped or any(script.names.origins(call.func) & POOL for call in script.constructions)


def _decide(script: Script, step: Step, found: list[ast.Expr]) -> Finding:
    position = script.position(found[0])
    if is_guarded(script, found[0]):
        return Diagnostic(NAME, "satisfied", "guarded", position, "void transitions are dropped already")
    problem = _problem(script, step, found)
    if problem is not None:
        code, message = problem
        return Diagnostic(NAME, "notice", code, position, message, _HINT)
    operations = guard(script, step, found)
    return Edit(NAME, position, f"stores only what {FUNCTION}() says is valid", operations, (FUNCTION,))


def _problem(script: Script, step: Step, found: list[ast.Expr]) -> tuple[str, str] | None:
    """Why the shape is not understood: code and message."""
    return _shape_problem(script, step, found) or _text_problem(script, step, found)


def _shape_problem(script: Script, step: Step, found: list[ast.Expr]) -> tuple[str, str] | None:
    loop, counter = loop_and_index(script, found[0], step)
    together = stored_together(found[0])
    home = loop or (found[0] if together is not None else None)
    if (other := unguarded(script, step, found)) is not None:
        line = script.position(other).line
        return (
            "parallel-stores",
            f"line {line} stores what belongs to these rows in another place, every step",
        )
    if any(script.names.function(store) is not script.names.function(step.statement) for store in found):
        line = script.position(step.statement).line
        return (
            "stored-elsewhere",
            f"another function takes the step, in line {line}, and its infos are not known here",
        )
    if len(found) > 1 and (counter is None or not _share_loop(script, step, found)):
        return "several-stores", "transitions are stored in more than one place"
    if home is None:
        return "batched-store", "transitions are stored a whole batch at a time"
    if counter is None and not is_extendable(script, loop) and not is_filterable(together):
        return "no-index", "the loop that stores transitions has no index of the environment"
    counted = counter or (index(together.generators[0]) if together is not None else None)
    if counted is not None and not indexes_results(script, found[0], step, counted):
        return "not-indexed", f"the stored values are not indexed by {counted}"
    if not follows(script, step.statement, home):
        return "not-after-step", "the loop that stores transitions does not directly follow the step"
    return None


def _text_problem(script: Script, step: Step, found: list[ast.Expr]) -> tuple[str, str] | None:
    if not isinstance(step.infos, ast.Name | ast.Attribute):
        return "infos-discarded", "the step's infos are taken apart on the spot"
    if count(script, found[0], step) is None:
        return "no-count", "nothing names the number of environments"
    if not script.stands_alone(*found, step.statement):
        return "shared-line", "the statement shares its line with another"
    if not script.can_import(FUNCTION):
        return "name-taken", f"the script has a {FUNCTION} of its own"
    return None


def _share_loop(script: Script, step: Step, found: list[ast.Expr]) -> bool:
    loops = [loop_and_index(script, store, step) for store in found]
    return all(loop == loops[0] for loop in loops)


FIX = Fix(
    NAME,
    version=1,
    summary="transitions of failed environments are not stored",
    description=(
        "When an environment fails, the pool marks its row in `infos` as void: reward and observation say nothing "
        "about the action. The statement that stores transitions in a loop over environments is guarded by "
        "`valid_transitions(infos, num_envs)`; a comprehension runs over the valid rows. Rows are followed through "
        "tensors, queues, threads and the script's own functions. Other shapes are reported with the line to change."
    ),
    find=find,
    cases=CASES,
)
