"""Names in and out of `from ... import` statements, comments and layout kept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import libcst as cst
from libcst.helpers import get_full_name_for_node

__all__ = ["add_names", "drop_names", "import_lines", "is_from", "names_of"]


def is_from(statement: cst.ImportFrom, module: str) -> bool:
    """True for `from module import ...`."""
    if statement.module is None or statement.relative:
        return False
    return get_full_name_for_node(statement.module) == module


def names_of(statement: cst.ImportFrom) -> set[str]:
    """Names that a statement imports, as their module has them."""
    if isinstance(statement.names, cst.ImportStar):
        return {"*"}
    return {alias.evaluated_name for alias in statement.names}


def import_lines(imported: Mapping[str, Iterable[str]]) -> Iterator[str]:
    """One import statement for each module."""
    for module, names in imported.items():
        yield f"from {module} import {', '.join(sorted(set(names)))}"


def drop_names(statement: cst.ImportFrom, names: set[str]) -> list[cst.ImportAlias]:
    """The aliases that stay when `names` go; the new last one takes over the end of the list."""
    if isinstance(statement.names, cst.ImportStar):
        return []
    kept = [alias for alias in statement.names if alias.evaluated_name not in names]
    if kept and kept[-1] is not statement.names[-1]:
        kept[-1] = kept[-1].with_changes(comma=statement.names[-1].comma)
    return kept


def add_names(
    statement: cst.ImportFrom,
    kept: Sequence[cst.ImportAlias],
    names: Iterable[str],
    module: str = "stablepool",
) -> cst.ImportFrom:
    """An import of the kept names; where there are new ones, an import of all of them from `module`."""
    fresh = [_alias(name) for name in dict.fromkeys(names)]
    if not fresh:
        return statement.with_changes(names=kept)
    assert not isinstance(statement.names, cst.ImportStar)
    everything = sorted([*kept, *fresh], key=lambda alias: alias.evaluated_name)
    tail = statement.names[-1].comma
    separated = [alias.with_changes(comma=_comma(alias)) for alias in everything[:-1]]
    return statement.with_changes(
        module=_dotted(module),
        relative=[],
        names=[*separated, everything[-1].with_changes(comma=tail)],
    )


def _dotted(module: str) -> cst.Name | cst.Attribute:
    expression = cst.parse_expression(module)
    assert isinstance(expression, cst.Name | cst.Attribute)
    return expression


def _comma(alias: cst.ImportAlias) -> cst.Comma:
    if isinstance(alias.comma, cst.Comma) and not alias.comma.whitespace_after.empty:
        return alias.comma
    return cst.Comma(whitespace_after=cst.SimpleWhitespace(" "))


def _alias(name: str) -> cst.ImportAlias:
    plain, _, renamed = name.partition(" as ")
    asname = cst.AsName(name=cst.Name(renamed)) if renamed else None
    return cst.ImportAlias(name=cst.Name(plain), asname=asname)
