"""swap-vector-env: `AsyncVectorEnv` becomes `stablepool.StableProcessPoolEnv`, everywhere in a file or nowhere."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from patches._flavour import Flavour
from patches._model import (
    AddKeyword,
    AddNames,
    Case,
    DropName,
    Edit,
    Finding,
    Fix,
    Operation,
    Options,
    Remark,
    ReplaceExpression,
)
from patches._script import ASYNC, POOL, Script

__all__ = ["FIX"]

NAME = "swap-vector-env"
_POOL_CLASS = "StableProcessPoolEnv"
_ACCEPTED = frozenset(
    {
        "env_fns",
        "shared_memory",
        "copy",
        "context",
        "daemon",
        "observation_mode",
        "autoreset_mode",
        "max_concurrency",
    }
)
_COUSINS = frozenset({"AsyncVectorEnv", "SubprocVecEnv"})
_HINTS = {
    "worker": "the pool runs its own worker; move what yours adds into a wrapper around each environment",
    "dummy_env_fn": "the pool reads the spaces from its first worker; drop the argument",
    "observation_space": "the pool reads the spaces from its first worker; drop the argument",
    "action_space": "the pool reads the spaces from its first worker; drop the argument",
}


def find(script: Script, options: Options) -> Iterator[Finding]:
    """Plan the swap of every construction site, or say why it cannot be made."""
    yield from _other_libraries(script)
    if not script.references:
        if script.pool_references:
            place = script.place(script.pool_references[0])
            yield Remark(NAME, "satisfied", "already-swapped", place, f"uses {_POOL_CLASS} already")
        return
    flavour = Flavour(script, NAME)
    refusals = [
        *_refusals(script),
        *_context_refusals(script),
        *_mode_refusals(script, flavour),
        *flavour.refusals(),
    ]
    if refusals:
        yield from refusals
        return
    yield from _import_edits(script)
    yield from _use_edits(script, options, flavour)
    yield from flavour.edits()
    if flavour.is_four:
        place = script.place(script.references[0])
        message = "the script speaks the dialect of gym before 0.26"
        hint = "see that its environments speak Gymnasium: reset() -> obs, info and step() -> five values"
        yield Remark(NAME, "notice", "old-gym", place, message, hint)


def _other_libraries(script: Script) -> Iterator[Remark]:
    """Constructions of namesakes and cousins, which keep other contracts."""
    for node in script.names.order:
        if isinstance(node, ast.Call):
            for origin in sorted(script.names.origins(node.func) - ASYNC):
                if origin.rpartition(".")[2] in _COUSINS:
                    message = f"{origin} keeps another contract than Gymnasium's AsyncVectorEnv"
                    hint = "make the environments with gymnasium.vector.AsyncVectorEnv first, if that fits"
                    yield Remark(NAME, "notice", "other-library", script.place(node), message, hint)


def _import_edits(script: Script) -> Iterator[Edit]:
    """Change every import statement that brings the class in by name."""
    changed: dict[ast.AST, ast.alias] = {}
    for reference in script.references:
        if isinstance(reference, ast.Name):
            for binding in script.names.bindings(reference):
                if isinstance(binding.node, ast.ImportFrom) and binding.origin in ASYNC:
                    changed[binding.node] = _alias_named(binding.node, reference.id)
    for statement, alias in changed.items():
        assert isinstance(statement, ast.ImportFrom)
        span = script.span(statement)
        name = f"{_POOL_CLASS} as {alias.asname}" if alias.asname else _POOL_CLASS
        message = f"imports {_POOL_CLASS} from stablepool in place of {alias.name}"
        operations = (DropName(span, alias.name), AddNames(span, (name,)))
        yield Edit(NAME, script.place(statement), message, operations)


def _alias_named(statement: ast.ImportFrom, name: str) -> ast.alias:
    return next(alias for alias in statement.names if (alias.asname or alias.name) == name)


def _use_edits(script: Script, options: Options, flavour: Flavour) -> Iterator[Edit]:
    """Rename every use; one that goes through `import ... as x` needs no change of its own."""
    for reference in script.references:
        operations: list[Operation] = []
        dotted = isinstance(reference, ast.Attribute)
        if not (isinstance(reference, ast.Name) and _is_renamed(script, reference)):
            operations.append(ReplaceExpression(script.span(reference), _POOL_CLASS))
        call = script.names.parents[reference]
        if isinstance(call, ast.Call) and call.func is reference:
            operations += _new_arguments(script, call, options, flavour)
        if operations:
            message = f"{script.text(reference)} becomes {_POOL_CLASS}"
            imports = (_POOL_CLASS,) if dotted else ()
            yield Edit(NAME, script.place(reference), message, tuple(operations), imports)


def _new_arguments(
    script: Script, call: ast.Call, options: Options, flavour: Flavour
) -> Iterator[AddKeyword]:
    if options.max_workers is not None:
        yield AddKeyword(script.span(call), "max_workers", options.max_workers)
    if flavour.same_step and not any(keyword.arg == "autoreset_mode" for keyword in call.keywords):
        yield AddKeyword(script.span(call), "autoreset_mode", '"SameStep"')


def _is_renamed(script: Script, reference: ast.Name) -> bool:
    """True for a name that `import ... as` chose and that therefore stays."""
    statements = [binding.node for binding in script.names.bindings(reference)]
    return any(isinstance(s, ast.ImportFrom) and _alias_named(s, reference.id).asname for s in statements)


def _refusals(script: Script) -> Iterator[Remark]:
    if not script.can_import(_POOL_CLASS):
        place = script.place(script.references[0])
        message = f"the script has a {_POOL_CLASS} of its own"
        yield Remark(NAME, "refused", "name-taken", place, message, "rename it, then patch again")
    for reference in script.references:
        yield from _reference_refusals(script, reference)
    for call in script.constructions:
        yield from _argument_refusals(script, call)


def _reference_refusals(script: Script, reference: ast.Name | ast.Attribute) -> Iterator[Remark]:
    place = script.place(reference)
    if not script.names.origins(reference) <= ASYNC | POOL:
        message = "this name may come from more than one library"
        yield Remark(NAME, "refused", "ambiguous-name", place, message, "import it from one place only")
    parent = script.names.parents[reference]
    if isinstance(parent, ast.Call) and parent.func is reference:
        return
    if _in_annotation(script, reference) or script.alias_key(reference) is not None:
        return
    if isinstance(parent, ast.ClassDef):
        message = "a subclass of AsyncVectorEnv leans on its internals"
        hint = "the pool has others; wrap the environments, or the pool, instead"
        yield Remark(NAME, "refused", "subclass", place, message, hint)
    elif _in_isinstance(script, reference):
        message = "a type test on AsyncVectorEnv decides what the script does"
        hint = "test for gymnasium.vector.VectorEnv, which the pool is too"
        yield Remark(NAME, "refused", "type-test", place, message, hint)
    else:
        message = "AsyncVectorEnv is handed on as a value"
        yield Remark(NAME, "refused", "class-as-value", place, message, "call the class where it is named")


def _in_annotation(script: Script, node: ast.expr) -> bool:
    child: ast.AST = node
    for parent in script.names.ancestors(node):
        if isinstance(parent, ast.AnnAssign | ast.arg) and parent.annotation is child:
            return True
        if isinstance(parent, ast.FunctionDef | ast.AsyncFunctionDef):
            return parent.returns is child
        if isinstance(parent, ast.stmt):
            return False
        child = parent
    return False


def _in_isinstance(script: Script, node: ast.expr) -> bool:
    parent = script.names.parents[node]
    if isinstance(parent, ast.Tuple):
        parent = script.names.parents[parent]
    return (
        isinstance(parent, ast.Call)
        and isinstance(parent.func, ast.Name)
        and parent.func.id in {"isinstance", "issubclass"}
    )


def _context_refusals(script: Script) -> Iterator[Remark]:
    """The pool starts its workers by spawn; a script that asks for anything else may depend on it."""
    for call in script.constructions:
        for keyword in call.keywords:
            value = keyword.value.value if isinstance(keyword.value, ast.Constant) else ...
            if keyword.arg == "context" and value not in (None, "spawn"):
                message = "the pool starts its workers by spawn, whatever the context"
                hint = "drop the argument if the environments do not depend on what a fork inherits"
                yield Remark(NAME, "refused", "context-argument", script.place(keyword), message, hint)


def _mode_refusals(script: Script, flavour: Flavour) -> Iterator[Remark]:
    """A class that is chosen at run time cannot be told the mode: gym's SyncVectorEnv takes none."""
    if not flavour.same_step:
        return
    for reference in script.references:
        if script.alias_key(reference) is not None:
            message = (
                "the environments reset within a step, and the call that makes them serves another class too"
            )
            hint = "call AsyncVectorEnv and SyncVectorEnv in branches of their own"
            yield Remark(NAME, "refused", "chosen-class", script.place(reference), message, hint)


def _argument_refusals(script: Script, call: ast.Call) -> Iterator[Remark]:
    if set(script.names.origins(call.func)) & POOL:
        return
    for keyword in call.keywords:
        if keyword.arg is None:
            message = "**arguments hide what is passed to the constructor"
            hint = "write the arguments out"
            yield Remark(NAME, "refused", "star-arguments", script.place(keyword), message, hint)
        elif keyword.arg not in _ACCEPTED and not (keyword.arg == "worker" and _is_none(keyword.value)):
            message = f"the pool has no argument {keyword.arg!r}"
            hint = _HINTS.get(keyword.arg, "drop the argument, or keep AsyncVectorEnv")
            yield Remark(NAME, "refused", f"{keyword.arg}-argument", script.place(keyword), message, hint)
    if any(isinstance(argument, ast.Starred) for argument in call.args):
        message = "*arguments hide what is passed to the constructor"
        yield Remark(
            NAME, "refused", "star-arguments", script.place(call), message, "write the arguments out"
        )
    elif len(call.args) > 1:
        message = "gym and gymnasium disagree on the second positional argument"
        hint = "pass everything after the functions by keyword"
        yield Remark(NAME, "refused", "positional-arguments", script.place(call.args[1]), message, hint)
    yield from _instance_refusals(script, call)


def _is_none(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and value.value is None


def _instance_refusals(script: Script, call: ast.Call) -> Iterator[Remark]:
    """Environments instead of functions that make them: AsyncVectorEnv would not have taken them either."""
    functions = call.args[:1] or [keyword.value for keyword in call.keywords if keyword.arg == "env_fns"]
    for argument in functions:
        for element in _elements(argument):
            if isinstance(element, ast.Call) and script.names.origins(element.func) & {
                "gym.make",
                "gymnasium.make",
            }:
                message = "this is a list of environments, not of functions that make them"
                hint = "write `lambda: gym.make(...)`"
                yield Remark(
                    NAME, "refused", "environments-not-functions", script.place(element), message, hint
                )


def _elements(argument: ast.expr) -> list[ast.expr]:
    if isinstance(argument, ast.List | ast.Tuple):
        return argument.elts
    if isinstance(argument, ast.ListComp | ast.GeneratorExp):
        return [argument.elt]
    if isinstance(argument, ast.BinOp) and isinstance(argument.op, ast.Mult):
        return _elements(argument.left)
    return []


CASES = (
    Case(
        "the class imported by name",
        """\
from gymnasium.vector import AsyncVectorEnv

def main():
    envs = AsyncVectorEnv([make_env(i) for i in range(8)])
""",
        """\
from stablepool import StableProcessPoolEnv

def main():
    envs = StableProcessPoolEnv([make_env(i) for i in range(8)])
""",
    ),
    Case(
        "one of several imported names; old gym resets within a step, and the pool is told to",
        """\
from gym.vector import AsyncVectorEnv, SyncVectorEnv

def main():
    envs = AsyncVectorEnv(env_fns, shared_memory=False)
""",
        """\
from gym.vector import SyncVectorEnv
from stablepool import StableProcessPoolEnv

def main():
    envs = StableProcessPoolEnv(env_fns, shared_memory=False, autoreset_mode="SameStep")
""",
    ),
    Case(
        "the class reached through its package",
        """\
import gymnasium as gym
import numpy as np

envs = gym.vector.AsyncVectorEnv([lambda: gym.make("CartPole-v1")] * 4)
""",
        """\
import gymnasium as gym
import numpy as np
from stablepool import StableProcessPoolEnv

envs = StableProcessPoolEnv([lambda: gym.make("CartPole-v1")] * 4)
""",
    ),
    Case(
        "`import ... as` keeps the script's own name",
        """\
from gymnasium.vector.async_vector_env import AsyncVectorEnv as VecEnv

envs = VecEnv(env_fns)
""",
        """\
from stablepool import StableProcessPoolEnv as VecEnv

envs = VecEnv(env_fns)
""",
    ),
    Case(
        "the class chosen at run time",
        """\
from gymnasium.vector import AsyncVectorEnv, SyncVectorEnv

cls = AsyncVectorEnv if parallel else SyncVectorEnv
envs = cls(env_fns)
""",
        """\
from gymnasium.vector import SyncVectorEnv
from stablepool import StableProcessPoolEnv

cls = StableProcessPoolEnv if parallel else SyncVectorEnv
envs = cls(env_fns)
""",
    ),
    Case(
        "a class of the same name from another library is none of ours",
        """\
from mylab.vector import AsyncVectorEnv

envs = AsyncVectorEnv(env_fns)
""",
        remarks=("other-library",),
    ),
    Case(
        "a worker function of one's own has no counterpart",
        """\
from gymnasium.vector import AsyncVectorEnv

envs = AsyncVectorEnv(env_fns, worker=my_worker)
""",
        remarks=("worker-argument",),
    ),
    Case(
        "a subclass leans on internals",
        """\
from gymnasium.vector import AsyncVectorEnv

class MyVectorEnv(AsyncVectorEnv):
    pass
""",
        remarks=("subclass",),
    ),
)

FIX = Fix(
    NAME,
    version=1,
    summary="AsyncVectorEnv becomes stablepool.StableProcessPoolEnv",
    description=(
        "AsyncVectorEnv waits for ever for an environment that hangs. StableProcessPoolEnv takes the same functions "
        "and the same keyword arguments, gives every step a deadline, and replaces what misses it. The class is "
        "recognised by its qualified name; all its uses in a file are changed, or none."
    ),
    find=find,
    cases=CASES,
)
