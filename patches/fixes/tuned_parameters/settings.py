"""Parameters that live where the tool does not change them: flags, dataclasses, dicts, files. They are reported."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ...analysis.script import Script
from ...syntax.edits import Diagnostic

__all__ = ["ENOUGH", "TUNED", "settings_elsewhere"]

TUNED = ("N_ENVS", "STEPS_PER_EP", "BUFFER_CAP", "BATCH_SIZE", "BUDGET", "SIMS")
ENOUGH = 3
"""So many of the names must stand in one place for it to be the settings of such a script."""

_READERS = frozenset(
    {"yaml.safe_load", "yaml.load", "yaml.full_load", "omegaconf.OmegaConf.load", "json.load", "tomllib.load"}
)


def settings_elsewhere(script: Script, fix: str) -> Iterator[Diagnostic]:
    """A notice for every parameter that a person has to change.

    Args:
        script: The script.
        fix: The fix that asks.
    """
    for node in script.names.order:
        if isinstance(node, ast.ClassDef) and node.decorator_list:
            yield from _fields(script, fix, node)
        elif isinstance(node, ast.Dict):
            yield from _entries(script, fix, [(k, _text(k)) for k in node.keys if k is not None])
        elif isinstance(node, ast.Call):
            yield from _calls(script, fix, node)


def _fields(script: Script, fix: str, block: ast.ClassDef) -> Iterator[Diagnostic]:
    """Fields of a decorated class, which is a dataclass most of the time."""
    targets: list[ast.expr] = [s.target for s in block.body if isinstance(s, ast.AnnAssign)]
    targets += [t for s in block.body if isinstance(s, ast.Assign) for t in s.targets]
    fields = [t for t in targets if isinstance(t, ast.Name) and t.id.upper() in TUNED]
    for field in fields if len(fields) >= ENOUGH else []:
        message = f"{field.id} is a field of a decorated class"
        hint = "change its default by hand"
        yield Diagnostic(fix, "notice", "dataclass-field", script.position(field), message, hint)


def _entries(
    script: Script, fix: str, keys: list[tuple[ast.expr | ast.keyword, str]]
) -> Iterator[Diagnostic]:
    """Entries of `{"n_envs": 16}` and `dict(n_envs=16)`."""
    entries = [(node, name) for node, name in keys if name.upper() in TUNED]
    for node, name in entries if len(entries) >= ENOUGH else []:
        message = f"{name} is an entry of a dict"
        yield Diagnostic(
            fix, "notice", "dict-entry", script.position(node), message, "change its value by hand"
        )


def _calls(script: Script, fix: str, call: ast.Call) -> Iterator[Diagnostic]:
    if isinstance(call.func, ast.Name) and call.func.id == "dict":
        yield from _entries(script, fix, [(k, k.arg) for k in call.keywords if k.arg is not None])
    elif isinstance(call.func, ast.Attribute) and call.func.attr == "add_argument":
        flag = _flag(call)
        has_default = any(keyword.arg == "default" for keyword in call.keywords)
        if has_default and flag.lstrip("-").upper().replace("-", "_") in TUNED:
            message = f"{flag} has its default on the command line"
            hint = "pass the value when you start the script, or change the default by hand"
            yield Diagnostic(fix, "notice", "argparse-default", script.position(call), message, hint)
    elif script.names.origins(call.func) & _READERS and _looks_up_parameters(script):
        message = "settings are read from a file, and the parameters may be among them"
        yield Diagnostic(
            fix, "notice", "settings-file", script.position(call), message, "change them in that file"
        )


def _looks_up_parameters(script: Script) -> bool:
    """True where the script asks for one of the parameters by key or as an attribute."""
    subscripts = (node.slice for node in script.names.order if isinstance(node, ast.Subscript))
    attributes = {node.attr.upper() for node in script.names.order if isinstance(node, ast.Attribute)}
    return bool(({_text(key).upper() for key in subscripts} | attributes) & set(TUNED))


def _text(node: ast.expr) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def _flag(call: ast.Call) -> str:
    """The long flag, as it is spelled."""
    return next((text for text in map(_text, call.args) if text.startswith("--")), "")
