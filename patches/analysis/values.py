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
from collections.abc import Iterable, Iterator
from dataclasses import replace

from ..syntax.callees import Callees, Def
from ..syntax.names import Names
from .flow import Flow
from .keys import Keys
from .value import Unpacking, Value, items
from .value_rules import RULES

__all__ = ["Values"]


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
        self.names, self.flow, self.callees, self.keys = names, flow, callees, keys
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
        parent = self.names.parents[node]
        handler = RULES.get(type(parent))
        if handler is None or not handler(self, parent, node, value):
            self._escape(parent, node, value)

    def _escape(self, parent: ast.AST, node: ast.expr, value: Value) -> None:
        """Record where an environment or a whole result goes out of sight."""
        if not isinstance(
            parent, ast.Expr | ast.Compare | ast.If | ast.While | ast.Assert | ast.FormattedValue
        ):
            self.escapes[node].add(value)

    def bind(self, target: ast.expr, value: Value) -> None:
        """Give a value to the target of an assignment."""
        if isinstance(target, ast.Tuple | ast.List):
            return
        if isinstance(target, ast.Name):
            self._bind_definition(target, value)
        else:
            self._bound[target].add(value)
            key = self.keys.of(target)
            for load in self.keys.loads(key) if key is not None else ():
                self.add(load, value)

    def _bind_definition(self, definition: ast.AST, value: Value) -> None:
        if value not in self._bound[definition]:
            self._bound[definition].add(value)
            for use in self.flow.uses(definition):
                self.add(use, value)

    def assign(self, statement: ast.stmt, target: ast.expr, value: Value) -> None:
        """Give a value to a target, or its parts to the targets that a tuple of them holds."""
        if isinstance(target, ast.Tuple | ast.List):
            self._unpack(statement, target, value)
        else:
            self.bind(target, value)

    def _unpack(self, statement: ast.stmt, target: ast.Tuple | ast.List, value: Value) -> None:
        if value.boxed and isinstance(value.boxed[0], int):
            if value.boxed[0] < len(target.elts):
                self.assign(statement, target.elts[value.boxed[0]], value.unboxed())
        elif value.is_whole("step") or value.is_whole("reset"):
            if isinstance(statement, ast.Assign):
                self.unpackings[Unpacking(statement, target, value.call, value.kind)] = None
            for element, item in items(value.kind, target.elts):
                self.assign(statement, element, replace(value, item=item))
        elif value.item:
            for element in target.elts:
                self.bind(element, value)
