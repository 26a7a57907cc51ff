"""One class for another: what the swaps of vector environments share."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ..analysis.class_choices import ClassUse
from ..analysis.script import Script
from ..syntax.edits import AddNames, Diagnostic, DropName, Edit, ReplaceExpression

__all__ = ["ClassSwap"]

Reference = ast.Name | ast.Attribute
_LOOK_UPS = frozenset({"getattr", "setattr", "hasattr", "eval"})


@dataclass(frozen=True)
class ClassSwap:
    """A class that goes and the one that comes.

    Attributes:
        fix: Name of the fix.
        old: The name of the class that goes.
        origins: Its qualified names.
        new: The name of the class that comes.
        module: Where that is imported from.
        base: A class that both have as a base.
    """

    fix: str
    old: str
    origins: frozenset[str]
    new: str
    module: str
    base: str

    @property
    def entry(self) -> str:
        """The import of the class that comes, for `Edit.imports`."""
        return f"{self.module}:{self.new}"

    def import_edits(self, script: Script, references: Sequence[Reference]) -> Iterator[Edit]:
        """Change every import statement that brings the class in by name."""
        changed: dict[ast.AST, ast.alias] = {}
        for reference in references:
            if isinstance(reference, ast.Name):
                for binding in script.names.bindings(reference):
                    if isinstance(binding.node, ast.ImportFrom) and binding.origin in self.origins:
                        changed[binding.node] = _alias_named(binding.node, reference.id)
        for statement, alias in changed.items():
            assert isinstance(statement, ast.ImportFrom)
            span = script.span(statement)
            name = f"{self.new} as {alias.asname}" if alias.asname else self.new
            message = f"imports {self.new} from {self.module} in place of {alias.name}"
            operations = (DropName(span, alias.name), AddNames(span, (name,), self.module))
            yield Edit(self.fix, script.position(statement), message, operations)

    def star_imports(self, script: Script) -> Iterator[Diagnostic]:
        """`from gymnasium.vector import *`: the class comes in without its name."""
        homes = {origin.rpartition(".")[0] for origin in self.origins}
        stars = [
            node
            for node in script.names.order
            if isinstance(node, ast.ImportFrom) and node.module in homes and node.names[0].name == "*"
        ]
        for node in script.names.order if stars else ():
            if isinstance(node, ast.Name) and node.id == self.old and not script.names.bindings(node):
                message = f"{self.old} comes from a star import"
                hint = f"import it by name: from {stars[0].module} import {self.old}"
                yield self._refusal(script, node, "star-import", message, hint)

    def renaming(self, script: Script, reference: Reference) -> Iterator[ReplaceExpression]:
        """The new name at one place; nothing where `import ... as` has chosen the script's own."""
        if isinstance(reference, ast.Attribute) or not _is_renamed(script, reference):
            yield ReplaceExpression(script.span(reference), self.new)

    def needs_import(self, reference: Reference) -> tuple[str, ...]:
        """What a place that reached the class through its package has to import."""
        return (self.entry,) if isinstance(reference, ast.Attribute) else ()

    def quoted_annotations(self, script: Script, references: Sequence[Reference]) -> Iterator[Edit]:
        """`envs: "AsyncVectorEnv"`, where the import that it names goes."""
        renamed = {r.id for r in references if isinstance(r, ast.Name) and not _is_renamed(script, r)}
        for node in script.names.order:
            if isinstance(node, ast.Constant) and node.value in renamed and script.in_annotation(node):
                operation = ReplaceExpression(script.span(node), f'"{self.new}"')
                yield Edit(self.fix, script.position(node), f"the annotation names {self.new}", (operation,))

    def refusals(
        self, script: Script, uses: Sequence[ClassUse], known: frozenset[str]
    ) -> Iterator[Diagnostic]:
        """Why the class cannot go everywhere.

        Args:
            script: The script.
            uses: Every place that names it.
            known: Qualified names of both classes.
        """
        if uses and not script.can_import(self.new):
            message = f"the script has a {self.new} of its own"
            hint = "rename it, then patch again"
            yield self._refusal(script, uses[0].reference, "name-taken", message, hint)
        for use in uses:
            origins = script.names.origins(use.reference)
            if not origins or not origins <= known:
                message = "this name may stand for something else as well"
                yield self._refusal(
                    script, use.reference, "ambiguous-name", message, "bind it in one place only"
                )
            yield from self._use_refusals(script, use)
        yield from self._text_refusals(script, [use.reference for use in uses])

    def _use_refusals(self, script: Script, use: ClassUse) -> Iterator[Diagnostic]:
        if use.kind == "base":
            message = f"a subclass of {self.old} leans on its internals"
            hint = "the pool has others; wrap the environments, or the pool, instead"
            yield self._refusal(script, use.reference, "subclass", message, hint)
        elif use.kind == "test":
            message = f"a type test on {self.old} decides what the script does"
            hint = f"test for {self.base}, which the pool is too"
            yield self._refusal(script, use.reference, "type-test", message, hint)
        elif use.kind == "value":
            line = getattr(use.stop, "lineno", use.reference.lineno)
            message = f"{self.old} is handed on as a value, which cannot be followed beyond line {line}"
            hint = f"call the class where it is named, or write {self.new} here by hand"
            yield self._refusal(script, use.reference, "class-as-value", message, hint)

    def _text_refusals(self, script: Script, references: Sequence[Reference]) -> Iterator[Diagnostic]:
        """The name as text that Python looks up: in `__all__`, `getattr(...)`, `globals()[...]`."""
        names = {r.id if isinstance(r, ast.Name) else r.attr for r in references}
        for node in script.names.order:
            if isinstance(node, ast.Constant) and node.value in names and _is_looked_up(script, node):
                message = f"the text {node.value!r} is looked up by name"
                hint = f"take it out, or name {self.new} there by hand"
                yield self._refusal(script, node, "exported", message, hint)

    def named_by_text(self, script: Script) -> Iterator[Diagnostic]:
        """`_target_: gymnasium.vector.AsyncVectorEnv`, which some library looks up."""
        for node in script.names.order:
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and self._names(node.value):
                message = f"a text names {self.old}, and nothing tells who looks it up"
                hint = f"write {self.module}.{self.new} there by hand"
                yield Diagnostic(self.fix, "notice", "class-by-text", script.position(node), message, hint)

    def _names(self, text: str) -> bool:
        return text in self.origins or ("_target_" in text and any(origin in text for origin in self.origins))

    def mentions(self, script: Script, uses: Sequence[ClassUse]) -> Iterator[Diagnostic]:
        """What there is to say to a file that makes no instance of the class."""
        tests = [use.reference for use in uses if use.kind == "test"]
        for reference in tests:
            message = f"no pool passes this test for {self.old}, and the file makes no environment itself"
            hint = f"where another file makes a pool, test for {self.base}"
            yield Diagnostic(self.fix, "notice", "type-test", script.position(reference), message, hint)
        if uses and not tests:
            position = script.position(uses[0].reference)
            message = f"{self.old} is named in an annotation only; nothing in this file makes one"
            hint = "patch the file that makes the environments"
            yield Diagnostic(self.fix, "notice", "only-annotated", position, message, hint)

    def _refusal(self, script: Script, node: ast.expr, code: str, message: str, hint: str) -> Diagnostic:
        return Diagnostic(self.fix, "refused", code, script.position(node), message, hint)


def _alias_named(statement: ast.ImportFrom, name: str) -> ast.alias:
    return next(alias for alias in statement.names if (alias.asname or alias.name) == name)


def _is_renamed(script: Script, reference: ast.Name) -> bool:
    """True for a name that `import ... as` chose and that therefore stays."""
    statements = [binding.node for binding in script.names.bindings(reference)]
    return any(isinstance(s, ast.ImportFrom) and _alias_named(s, reference.id).asname for s in statements)


def _is_looked_up(script: Script, node: ast.Constant) -> bool:
    parent = script.names.parents[node]
    if isinstance(parent, ast.Call):
        return isinstance(parent.func, ast.Name) and parent.func.id in _LOOK_UPS
    if isinstance(parent, ast.Subscript):
        return isinstance(parent.value, ast.Call)
    statement = script.names.statement(node)
    targets = statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, "target", None)]
    return any(isinstance(target, ast.Name) and target.id == "__all__" for target in targets)
