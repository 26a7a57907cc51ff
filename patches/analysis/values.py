"""Where vector environments and what they return go in a script.

Values start at the calls that make environments and travel forward: through assignments (by the order of the
statements, see `flow`), unpacking, arguments and results of the script's own functions, attributes of `self`,
containers and queues, futures, and conversions such as `torch.tensor(x)`. Every expression that a value can reach is
tagged with it.

    envs = AsyncVectorEnv(fns)          env
    out = envs.step(actions)            step            whole result
    obs, r, term, trunc, infos = out    step.observation, step.reward, step.terminated, step.truncated, step.infos
    rows = torch.tensor(r)              step.reward, converted
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Literal

from ..syntax.callees import Callees, Def, pair_arguments
from ..syntax.names import Names
from .flow import Flow
from .keys import Keys

__all__ = ["FIVE", "FOUR", "Unpacking", "Value", "Values"]

FIVE = ("observation", "reward", "terminated", "truncated", "infos")
FOUR = ("observation", "reward", "done", "infos")
_RESET = ("observation", "infos")
_STEPS = frozenset({"step", "step_wait"})
_RESETS = frozenset({"reset", "reset_wait"})
_SUBMITS = {"submit": 0, "to_thread": 0, "run_in_executor": 1, "apply_async": 0}
_PUTS = frozenset({"put", "put_nowait", "append", "send", "set_result", "appendleft"})
_GETS = frozenset({"get", "get_nowait", "pop", "popleft", "recv", "result"})
_CONVERSIONS = frozenset(
    {
        "tensor",
        "as_tensor",
        "from_numpy",
        "FloatTensor",
        "LongTensor",
        "BoolTensor",
        "Tensor",
        "asarray",
        "array",
    }
    | {
        "copy",
        "deepcopy",
        "float",
        "double",
        "long",
        "int",
        "bool",
        "to",
        "cuda",
        "cpu",
        "numpy",
        "astype",
        "detach",
    }
    | {"clone", "unsqueeze", "squeeze", "reshape", "view", "flatten", "logical_or", "stack", "list", "tuple"}
    | {"concatenate", "cat", "float32", "ascontiguousarray", "tolist", "transpose", "permute", "clip", "sign"}
)
_WRAPPERS = ("gym.wrappers.", "gymnasium.wrappers.")


@dataclass(frozen=True)
class Value:
    """What an expression may hold.

    Attributes:
        kind: A vector environment, a method of one ("bound"), or what a reset or a step returned.
        call: The call that made the environment, or that resets or steps it.
        item: Which part of a result ("reward"); empty for the whole; the method's name for "bound".
        converted: True where the part went through a conversion or arithmetic.
        boxed: What it is inside of, the outermost first: an index in a tuple, or "container" for a queue, a list or
            a future.
    """

    kind: Literal["env", "bound", "reset", "step"]
    call: ast.Call
    item: str = ""
    converted: bool = False
    boxed: tuple[int | str, ...] = ()

    @property
    def is_env(self) -> bool:
        """True for a vector environment itself."""
        return self.kind == "env" and not self.boxed

    def is_whole(self, kind: str) -> bool:
        """True for the whole result of a step or a reset."""
        return self.kind == kind and not self.item and not self.boxed

    def unboxed(self) -> Value:
        """The value without its outermost box."""
        return replace(self, boxed=self.boxed[1:])


@dataclass(frozen=True)
class Unpacking:
    """A statement that takes the whole result of a step or a reset apart.

    Attributes:
        statement: The assignment.
        target: Its tuple of targets.
        call: The step or the reset.
        kind: Which of them.
    """

    statement: ast.Assign
    target: ast.Tuple | ast.List
    call: ast.Call
    kind: str

    @property
    def count(self) -> int | None:
        """Into how many values; None where a starred target takes any number."""
        starred = any(isinstance(element, ast.Starred) for element in self.target.elts)
        return None if starred else len(self.target.elts)


class Values:
    """Tags the expressions of one script.

    Args:
        names: The script's names.
        flow: Its reaching definitions.
        callees: Resolves its calls.
        keys: Its variables.
        constructions: Calls that make vector environments.
    """

    def __init__(
        self, names: Names, flow: Flow, callees: Callees, keys: Keys, constructions: Iterable[ast.Call]
    ) -> None:
        self._names, self._flow, self._callees, self._keys = names, flow, callees, keys
        self._tags: dict[ast.AST, set[Value]] = defaultdict(set)
        self._bound: dict[ast.AST, set[Value]] = defaultdict(set)
        self.unpackings: dict[Unpacking, None] = {}
        self.escapes: dict[ast.expr, set[Value]] = defaultdict(set)
        self._waiting: list[tuple[ast.expr, Value]] = []
        for call in constructions:
            self.add(call, Value("env", call))
        self.run()

    def of(self, node: ast.AST) -> frozenset[Value]:
        """What an expression may hold."""
        return frozenset(self._tags.get(node, ()))

    def holders(self) -> Iterator[ast.AST]:
        """Every tagged expression."""
        return iter(list(self._tags))

    def given(self, definition: ast.AST) -> frozenset[Value]:
        """What a binding gives its name."""
        return frozenset(self._bound.get(definition, ()))

    def add(self, node: ast.expr, value: Value) -> None:
        """Tag an expression; what follows from it is found by `run`."""
        if value not in self._tags[node] and len(value.boxed) < 4:
            self._tags[node].add(value)
            self._waiting.append((node, value))

    def run(self) -> None:
        """Follow every value as far as it goes."""
        while self._waiting:
            self._follow(*self._waiting.pop())

    def bind_parameter(self, function: Def, name: str, value: Value) -> None:
        """Say that a parameter holds a value, as a caller in another file gives it."""
        arguments = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
        for argument in arguments:
            if argument.arg == name:
                self._bind_definition(argument, value)

    def _follow(self, node: ast.expr, value: Value) -> None:
        parent = self._names.parents[node]
        handler = _HANDLERS.get(type(parent))
        if handler is None or not handler(self, parent, node, value):
            self._escape(parent, node, value)

    def _escape(self, parent: ast.AST, node: ast.expr, value: Value) -> None:
        """Record where an environment or a whole result goes out of sight."""
        if not isinstance(
            parent, ast.Expr | ast.Compare | ast.If | ast.While | ast.Assert | ast.FormattedValue
        ):
            self.escapes[node].add(value)

    # -- targets ---------------------------------------------------------------------------------------------------

    def _bind(self, target: ast.expr, value: Value) -> None:
        """Give a value to the target of an assignment."""
        if isinstance(target, ast.Tuple | ast.List):
            return
        if isinstance(target, ast.Name):
            self._bind_definition(target, value)
        elif (key := self._keys.of(target)) is not None:
            self._bound[target].add(value)
            for load in self._keys.loads(key):
                self.add(load, value)

    def _bind_definition(self, definition: ast.AST, value: Value) -> None:
        if value not in self._bound[definition]:
            self._bound[definition].add(value)
            for use in self._flow.uses(definition):
                self.add(use, value)

    def _assign(self, statement: ast.stmt, target: ast.expr, value: Value) -> None:
        if isinstance(target, ast.Tuple | ast.List):
            self._unpack(statement, target, value)
        else:
            self._bind(target, value)

    def _unpack(self, statement: ast.stmt, target: ast.Tuple | ast.List, value: Value) -> None:
        if value.boxed and isinstance(value.boxed[0], int):
            if value.boxed[0] < len(target.elts):
                self._assign(statement, target.elts[value.boxed[0]], value.unboxed())
        elif value.is_whole("step") or value.is_whole("reset"):
            if isinstance(statement, ast.Assign):
                self.unpackings[Unpacking(statement, target, value.call, value.kind)] = None
            for element, item in _roles(value.kind, target.elts):
                self._assign(statement, element, replace(value, item=item))
        elif value.item:
            for element in target.elts:
                self._bind(element, value)

    # -- parents ---------------------------------------------------------------------------------------------------

    def _in_assign(self, parent: ast.AST, _node: ast.expr, value: Value) -> bool:
        targets = parent.targets if isinstance(parent, ast.Assign) else [getattr(parent, "target", None)]
        assert isinstance(parent, ast.stmt | ast.NamedExpr)
        for target in targets:
            if target is not None and target is not _node:
                statement = parent if isinstance(parent, ast.stmt) else self._names.statement(parent)
                self._assign(statement, target, value)
        if isinstance(parent, ast.NamedExpr):
            self.add(parent, value)
        return True

    def _in_sequence(self, parent: ast.AST, node: ast.expr, value: Value) -> bool:
        assert isinstance(parent, ast.Tuple | ast.List)
        if isinstance(parent.ctx, ast.Load):
            self.add(parent, replace(value, boxed=(parent.elts.index(node), *value.boxed)))
        return True

    def _in_dict(self, parent: ast.AST, node: ast.expr, value: Value) -> bool:
        assert isinstance(parent, ast.Dict)
        statement = self._names.parents[parent]
        name = parent.keys[parent.values.index(node)] if node in parent.values else None
        if not isinstance(statement, ast.Assign) or name is None:
            return False
        keys = [self._keys.entry(target, name) for target in statement.targets]
        for load in (load for key in keys if key is not None for load in self._keys.loads(key)):
            self.add(load, value)
        return any(keys)

    def _through(self, parent: ast.AST, node: ast.expr, value: Value) -> bool:
        """The parent has the same value: `x if a else b`, `x or y`, `await x`."""
        if isinstance(parent, ast.IfExp) and parent.test is node:
            return True
        assert isinstance(parent, ast.expr)
        is_future = isinstance(parent, ast.Await) and value.boxed[:1] == ("container",)
        self.add(parent, value.unboxed() if is_future else value)
        return True

    def _in_arithmetic(self, parent: ast.AST, _node: ast.expr, value: Value) -> bool:
        assert isinstance(parent, ast.expr)
        if value.item and value.kind != "bound":
            if not isinstance(parent, ast.Compare):
                self.add(parent, replace(value, converted=True))
            return True
        return isinstance(parent, ast.Compare)

    def _in_return(self, parent: ast.AST, _node: ast.expr, value: Value) -> bool:
        function: ast.AST | None = parent if isinstance(parent, ast.Lambda) else self._names.function(parent)
        calls = self._callees.calls(function) if function is not None else []
        for call in calls:
            boxed = () if self._callees.function(call) is function else ("container",)
            self.add(call, replace(value, boxed=(*boxed, *value.boxed)))
        return bool(calls)

    def _in_with(self, parent: ast.AST, _node: ast.expr, value: Value) -> bool:
        assert isinstance(parent, ast.withitem)
        if parent.optional_vars is not None:
            self._bind(parent.optional_vars, value)
        return True

    def _in_attribute(self, parent: ast.AST, _node: ast.expr, value: Value) -> bool:
        assert isinstance(parent, ast.Attribute)
        call = self._names.parents[parent]
        called = isinstance(call, ast.Call) and call.func is parent
        if value.is_env:
            if isinstance(parent.ctx, ast.Load):
                self.add(parent, Value("bound", value.call, parent.attr))
            return True
        if (
            called
            and isinstance(call, ast.Call)
            and value.boxed[:1] == ("container",)
            and parent.attr in _GETS
        ):
            self.add(call, value.unboxed())
        elif called and isinstance(call, ast.Call) and value.item and parent.attr in _CONVERSIONS:
            self.add(call, replace(value, converted=value.converted or parent.attr not in {"copy"}))
        return bool(value.item or value.boxed)

    def _in_subscript(self, parent: ast.AST, node: ast.expr, value: Value) -> bool:
        assert isinstance(parent, ast.Subscript)
        if parent.value is not node:
            return True
        index = _constant(parent.slice)
        if value.boxed:
            if value.boxed[0] in ("container", index):
                self.add(parent, value.unboxed())
            return True
        if value.is_whole("step") or value.is_whole("reset"):
            item = _role_at(value.kind, index)
            if item:
                self.add(parent, replace(value, item=item))
            return bool(item)
        if value.item and value.kind != "bound" and value.item != "infos":
            self.add(parent, value)
        return bool(value.item)

    def _in_loop(self, parent: ast.AST, node: ast.expr, value: Value) -> bool:
        """`for x in values`: each element is a part of the same item."""
        assert isinstance(parent, ast.For | ast.AsyncFor | ast.comprehension)
        if parent.iter is node and value.item and value.item != "infos":
            self._bind_elements(parent.target, value)
        return bool(value.item)

    def _bind_elements(self, target: ast.expr, value: Value) -> None:
        if value.boxed and isinstance(value.boxed[0], int):
            if isinstance(target, ast.Tuple | ast.List) and value.boxed[0] < len(target.elts):
                self._bind_elements(target.elts[value.boxed[0]], value.unboxed())
        else:
            self._bind(target, value)

    def _in_keyword(self, parent: ast.AST, node: ast.expr, value: Value) -> bool:
        return self._in_call(self._names.parents[parent], node, value)

    def _in_call(self, parent: ast.AST, node: ast.expr, value: Value) -> bool:
        if not isinstance(parent, ast.Call):
            return False
        if parent.func is node:
            return self._called(parent, value)
        name = _called_name(parent)
        function = self._callees.function(parent)
        if function is not None:
            return self._pass(parent, function, node, value)
        if name in {
            "zip",
            "enumerate",
            "len",
            "isinstance",
            "print",
            "type",
            "hasattr",
            "partial",
            "id",
            "repr",
        }:
            self._builtin(parent, name, node, value)
            return True
        if value.kind == "env" and value.is_env and self._is_wrapper(parent, node):
            self.add(parent, value)
            return True
        return self._handed_over(parent, name, node, value)

    def _builtin(self, call: ast.Call, name: str, node: ast.expr, value: Value) -> None:
        """`for o, r in zip(obs, rewards)`, `for i, r in enumerate(rewards)`, `partial(envs.step, actions)`."""
        if name == "partial" and value.kind == "bound":
            self.add(call, value)
        if name in {"zip", "enumerate"} and value.item and node in call.args:
            index = call.args.index(node) if name == "zip" else 1
            self.add(call, replace(value, boxed=(index, *value.boxed)))

    def _called(self, call: ast.Call, value: Value) -> bool:
        """A method of an environment is called."""
        if value.kind != "bound" or value.boxed:
            return False
        if value.item in _STEPS:
            self.add(call, Value("step", call))
        elif value.item in _RESETS:
            self.add(call, Value("reset", call))
        return True

    def _pass(self, call: ast.Call, function: Def, node: ast.expr, value: Value) -> bool:
        """An argument of one of the script's own functions."""
        for name, given in pair_arguments(call, function):
            if given is node:
                self.bind_parameter(function, name, value)
                return True
        return False

    def _handed_over(self, call: ast.Call, name: str, node: ast.expr, value: Value) -> bool:
        if name in _SUBMITS and value.kind == "bound" and value.item in _STEPS | _RESETS:
            kind: Literal["step", "reset"] = "step" if value.item in _STEPS else "reset"
            self.add(call, Value(kind, call, boxed=("container",)))
            return True
        if name in _PUTS and isinstance(call.func, ast.Attribute) and node in call.args:
            return self._put(call.func.value, value)
        if value.item and value.kind != "bound" and name in _CONVERSIONS:
            self.add(call, replace(value, converted=True))
        return bool(value.item and value.kind != "env")

    def _put(self, container: ast.expr, value: Value) -> bool:
        """`queue.put(x)`, `results.append(x)`: every reader of the container may get it."""
        key = self._keys.of(container)
        if key is None or value.item:
            return bool(value.item)
        for load in self._keys.loads(key):
            if load is not container:
                self.add(load, replace(value, boxed=("container", *value.boxed)))
        return True

    def _is_wrapper(self, call: ast.Call, node: ast.expr) -> bool:
        """True for a class of gym's wrappers, one that calls itself a wrapper, and `envs = X(envs)`."""
        if call.args[:1] != [node] and not any(
            k.value is node and k.arg in {"env", "envs"} for k in call.keywords
        ):
            return False
        name, origins = _called_name(call), self._names.origins(call.func)
        if any(o.startswith(_WRAPPERS) or (name.endswith("Wrapper") and "." in o) for o in origins):
            return True
        statement = self._names.parents[call]
        key = self._keys.of(node)
        rebinds = isinstance(statement, ast.Assign) and key in {self._keys.of(t) for t in statement.targets}
        return key is not None and rebinds and name[:1].isupper()


def _constant(index: ast.expr) -> object:
    """The value of a constant index, negative ones included; None for any other."""
    if (
        isinstance(index, ast.UnaryOp)
        and isinstance(index.op, ast.USub)
        and isinstance(index.operand, ast.Constant)
    ):
        value = index.operand.value
        return -value if isinstance(value, int) else None
    return index.value if isinstance(index, ast.Constant) else None


def _roles(kind: str, targets: list[ast.expr]) -> Iterator[tuple[ast.expr, str]]:
    """Targets of an unpacked result with the parts that they get."""
    names = _RESET if kind == "reset" else FIVE if len(targets) != len(FOUR) else FOUR
    starred = next((i for i, t in enumerate(targets) if isinstance(t, ast.Starred)), None)
    if starred is None:
        yield from zip(targets, names, strict=False)
        return
    yield from zip(targets[:starred], names, strict=False)
    if targets[starred + 1 :]:
        yield targets[-1], "infos"


def _role_at(kind: str, index: object) -> str:
    """The part of a result at an index; empty where it cannot be told."""
    names = _RESET if kind == "reset" else FIVE
    if not isinstance(index, int) or isinstance(index, bool) or not -1 <= index < len(names):
        return ""
    return names[index]


def _called_name(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


_HANDLERS: dict[type[ast.AST], Callable[[Values, ast.AST, ast.expr, Value], bool]] = {
    ast.Assign: Values._in_assign,
    ast.AnnAssign: Values._in_assign,
    ast.NamedExpr: Values._in_assign,
    ast.Tuple: Values._in_sequence,
    ast.List: Values._in_sequence,
    ast.Dict: Values._in_dict,
    ast.IfExp: Values._through,
    ast.BoolOp: Values._through,
    ast.Await: Values._through,
    ast.BinOp: Values._in_arithmetic,
    ast.UnaryOp: Values._in_arithmetic,
    ast.Compare: Values._in_arithmetic,
    ast.Return: Values._in_return,
    ast.Lambda: Values._in_return,
    ast.withitem: Values._in_with,
    ast.Attribute: Values._in_attribute,
    ast.Subscript: Values._in_subscript,
    ast.For: Values._in_loop,
    ast.AsyncFor: Values._in_loop,
    ast.comprehension: Values._in_loop,
    ast.Call: Values._in_call,
    ast.keyword: Values._in_keyword,
}
