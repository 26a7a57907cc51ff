"""Which Gym dialect a script speaks, read from how it takes `reset()` and `step()` apart.

    dialect                 step    reset        after the end of an episode      last observation
    gym before 0.26         4       obs          resets within the same step      infos (a list of dicts)
    gym 0.26                5       obs, infos   resets within the same step      infos["final_observation"]
    gymnasium before 1.0    5       obs, infos   resets within the same step      infos["final_observation"]
    gymnasium 1.x           5       obs, infos   resets in the next step          infos["final_obs"]

The pool speaks the last one, and does the others' autoreset when it is asked to (`autoreset_mode="SameStep"`). A script
that takes four values or five, whichever it gets, needs no change.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cached_property

from .results import Results
from .script import Script
from .surroundings import arrivals, consumers
from .value import Unpacking

__all__ = ["RENAMED", "GymDialect"]

RENAMED = {"final_observation": "final_obs", "_final_observation": "_final_obs"}
"""Keys of a step's infos that Gymnasium 1.0 has renamed."""


class GymDialect:
    """The dialect of one script.

    Args:
        script: The script.
    """

    def __init__(self, script: Script) -> None:
        self.script, self.results = script, Results(script)

    @cached_property
    def four(self) -> list[Unpacking]:
        """Unpackings into four values that would fail with five."""
        return [u for u in self.results.unpackings if u.count == 4 and not self.results.is_alternative(u)]

    @cached_property
    def takes_five(self) -> bool:
        """True where some step is unpacked into five values."""
        return any(unpacking.count == 5 for unpacking in self.results.unpackings)

    @property
    def is_four(self) -> bool:
        """True where steps are unpacked into four values, and never into five."""
        return bool(self.four) and not self.takes_five

    @cached_property
    def old_keys(self) -> list[ast.Constant]:
        """Places that read `infos["final_observation"]` or its mask; what a script writes there is its own."""
        return [key for key in self._info_keys() if key.value in RENAMED and not self._is_written(key)]

    def _is_written(self, key: ast.Constant) -> bool:
        parent = self.script.names.parents[key]
        return isinstance(parent, ast.Subscript) and isinstance(parent.ctx, ast.Store)

    @cached_property
    def final_infos(self) -> list[ast.expr]:
        """Lookups of `infos["final_info"]` that are not read as Gymnasium 1.0's dict of arrays."""
        looked_up = (self.script.names.parents[key] for key in self._info_keys() if key.value == "final_info")
        return [node for node in looked_up if isinstance(node, ast.expr) and self._is_read_as_list(node)]

    @cached_property
    def lists(self) -> list[ast.Name]:
        """Places that read a step's infos by position: `infos[i]`, `for info in infos`."""
        return [
            node
            for node in self.script.names.order
            if isinstance(node, ast.Name) and self._is_infos(node) and self._is_listed(node)
        ]

    @cached_property
    def same_step(self) -> bool:
        """True where the script was written for environments that reset within the step that ends an episode."""
        others = [*(other for _, other in arrivals(self.script)), *consumers(self.script)]
        readers = [GymDialect(other) for other in others]
        return self.is_gym or any(each.old_keys or each.final_infos for each in (self, *readers))

    @cached_property
    def is_gym(self) -> bool:
        """True where the class comes from old gym, and from nowhere else."""
        references = self.script.references
        origins = {o for node in references for o in self.script.names.origins(node, certain=False)}
        made = (maker.is_gym for maker in self.script.makers)
        elsewhere = (GymDialect(producer).is_gym for producer in self.script.producers)
        return all(origin.startswith("gym.") for origin in origins) and all(made) and all(elsewhere)

    def _is_infos(self, node: ast.AST) -> bool:
        values = self.script.values.of(node)
        return any(value.kind == "step" and value.item == "infos" and not value.boxed for value in values)

    def _info_keys(self) -> Iterator[ast.Constant]:
        """Texts that look something up in a step's infos: `infos["key"]`, `"key" in infos`, `infos.get("key")`."""
        for node in self.script.names.order:
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and "final" in node.value:
                holder = _looked_up_in(self.script, node)
                if holder is not None and self._is_infos(holder):
                    yield node

    def _is_read_as_list(self, looked_up: ast.expr) -> bool:
        """True where what a key looks up, or the variable that it is assigned to, is not used as a dict."""
        if not isinstance(looked_up, ast.Subscript | ast.Call):
            return False
        statement = self.script.names.parents[looked_up]
        if not isinstance(statement, ast.Assign):
            return not self._is_dict(looked_up)
        uses = [use for target in statement.targets for use in self.script.flow.uses(target)]
        return bool(uses) and not any(map(self._is_dict, uses))

    def _is_dict(self, node: ast.expr) -> bool:
        """True for `x` in `x["key"]`, `"key" in x`, `x.items()`, and where nothing is made of it."""
        parent = self.script.names.parents[node]
        if isinstance(parent, ast.Subscript):
            return parent.value is not node or _is_text(parent.slice) or not isinstance(parent.ctx, ast.Load)
        if isinstance(parent, ast.Attribute):
            return parent.attr in _DICT_METHODS
        return isinstance(parent, ast.Compare | ast.Expr | ast.If | ast.BoolOp | ast.UnaryOp)

    def _is_listed(self, node: ast.expr) -> bool:
        """True for `x` in `x[i]`, `for y in x`, `for i, y in enumerate(x)`."""
        parent = self.script.names.parents[node]
        if isinstance(parent, ast.Subscript):
            return parent.value is node and not _is_text(parent.slice) and isinstance(parent.ctx, ast.Load)
        if isinstance(parent, ast.Call) and node in parent.args:
            is_wrapped = isinstance(parent.func, ast.Name) and parent.func.id in {"enumerate", "zip"}
            outer = self.script.names.parents[parent]
            return is_wrapped and isinstance(outer, ast.For | ast.comprehension) and outer.iter is parent
        return isinstance(parent, ast.For | ast.comprehension) and parent.iter is node


_DICT_METHODS = frozenset({"get", "items", "keys", "values", "pop"})


def _looked_up_in(script: Script, key: ast.Constant) -> ast.expr | None:
    """`x` in `x["key"]`, `"key" in x`, `x.get("key")`."""
    parent = script.names.parents[key]
    if isinstance(parent, ast.Subscript):
        return parent.value
    if (
        isinstance(parent, ast.Compare)
        and parent.left is key
        and isinstance(parent.ops[0], ast.In | ast.NotIn)
    ):
        return _without_keys(parent.comparators[0])
    if isinstance(parent, ast.Call) and parent.args[:1] == [key]:
        return _receiver(parent, "get", "pop")
    return None


def _receiver(call: ast.Call, *methods: str) -> ast.expr | None:
    """`x` for `x.get(...)`."""
    return call.func.value if isinstance(call.func, ast.Attribute) and call.func.attr in methods else None


def _without_keys(value: ast.expr) -> ast.expr:
    """`x` for `x.keys()`."""
    return (_receiver(value, "keys") if isinstance(value, ast.Call) else None) or value


def _is_text(index: ast.expr) -> bool:
    return isinstance(index, ast.Constant) and isinstance(index.value, str)
