"""Arguments of a call: one more, or new names for those that it has, in the call's own layout."""

from __future__ import annotations

from collections.abc import Sequence

import libcst as cst

__all__ = ["bound", "with_keyword", "with_names"]

_EQUAL = cst.AssignEqual(cst.SimpleWhitespace(""), cst.SimpleWhitespace(""))


def bound(expression: cst.BaseExpression) -> cst.Call:
    """`partial(expression)`."""
    return cst.Call(cst.Name("partial"), [cst.Arg(expression)])


def with_names(call: cst.Call, names: Sequence[str | None]) -> cst.Call:
    """Name the arguments: an empty name leaves one as it is, None drops it."""
    kept = [
        argument.with_changes(keyword=cst.Name(name), equal=_EQUAL) if name else argument
        for argument, name in zip(call.args, names, strict=True)
        if name is not None
    ]
    last = call.args[-1]
    if kept and names[-1] is None:
        kept[-1] = kept[-1].with_changes(comma=last.comma, whitespace_after_arg=last.whitespace_after_arg)
    return call.with_changes(args=kept)


def with_keyword(call: cst.Call, name: str, code: str) -> cst.Call:
    """Add an argument; it takes over the trailing comma and the layout of a call that spans lines."""
    argument = cst.Arg(
        keyword=cst.Name(name),
        value=cst.parse_expression(code),
        equal=_EQUAL,
    )
    if not call.args:
        return call.with_changes(args=[argument])
    *others, last = call.args
    has_comma = isinstance(last.comma, cst.Comma)
    tail = last.comma.whitespace_after if isinstance(last.comma, cst.Comma) else last.whitespace_after_arg
    between, closing = _layout(_separator(call), tail)
    last = last.with_changes(comma=cst.Comma(whitespace_after=between))
    if has_comma:
        argument = argument.with_changes(comma=cst.Comma(whitespace_after=closing))
    else:
        last = last.with_changes(whitespace_after_arg=cst.SimpleWhitespace(""))
        argument = argument.with_changes(whitespace_after_arg=closing)
    return call.with_changes(args=[*others, last, argument])


def _layout(
    separator: cst.BaseParenthesizableWhitespace, tail: cst.BaseParenthesizableWhitespace
) -> tuple[cst.BaseParenthesizableWhitespace, cst.BaseParenthesizableWhitespace]:
    """What stands before and after an added last argument; a comment stays on its line."""
    if isinstance(tail, cst.ParenthesizedWhitespace) and isinstance(separator, cst.ParenthesizedWhitespace):
        between = separator.with_changes(first_line=tail.first_line, empty_lines=tail.empty_lines)
        return between, tail.with_changes(first_line=cst.TrailingWhitespace(), empty_lines=[])
    return separator, tail


def _separator(call: cst.Call) -> cst.BaseParenthesizableWhitespace:
    """What stands between two arguments: a line break where the call has one argument a line."""
    if isinstance(call.whitespace_before_args, cst.ParenthesizedWhitespace) and len(call.args) == 1:
        layout = call.whitespace_before_args
        return layout.with_changes(first_line=cst.TrailingWhitespace(), empty_lines=[])
    between = [a.comma for a in call.args[:-1] if isinstance(a.comma, cst.Comma)]
    if between and isinstance(between[-1].whitespace_after, cst.ParenthesizedWhitespace):
        layout = between[-1].whitespace_after
        return layout.with_changes(first_line=cst.TrailingWhitespace(), empty_lines=[])
    return cst.SimpleWhitespace(" ")
