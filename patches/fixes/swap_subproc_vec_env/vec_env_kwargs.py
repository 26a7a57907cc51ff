"""`make_vec_env(..., vec_env_kwargs=...)`: where arguments of the class go that it makes."""

from __future__ import annotations

import ast

from ...analysis.literals import dict_entries, is_none
from ...analysis.script import Script
from ...syntax.edits import AddKeyword, Operation, ReplaceExpression

__all__ = ["kwargs_operation"]


def kwargs_operation(script: Script, call: ast.Call, wanted: dict[str, str]) -> list[Operation] | None:
    """Operations that pass more arguments to the class; None where nothing tells what is passed already.

    Args:
        script: The script.
        call: The call of `make_vec_env`.
        wanted: Names with the code of their values.
    """
    if any(keyword.arg is None for keyword in call.keywords):
        return None
    given = next((k.value for k in call.keywords if k.arg == "vec_env_kwargs"), None)
    items = ", ".join(f'"{name}": {code}' for name, code in wanted.items())
    if given is None:
        return [AddKeyword(script.span(call), "vec_env_kwargs", f"{{{items}}}")]
    if is_none(given):
        return [ReplaceExpression(script.span(given), f"{{{items}}}")]
    entries = dict_entries(script.names, given)
    if entries is None or entries.keys() & wanted.keys():
        return None
    if isinstance(given, ast.Call):
        return [AddKeyword(script.span(given), name, code) for name, code in wanted.items()]
    text = script.text(given)
    if "\n" in text or "#" in text:
        return None
    rest = text[1:-1].strip().rstrip(",")
    return [ReplaceExpression(script.span(given), f"{{{rest}{', ' if rest else ''}{items}}}")]
