"""Kills that reach beyond a script's own children: by name, over all processes, or a whole process group."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from ...analysis.cleanup_blocks import ends_processes
from ...analysis.script import Script, walk
from ...syntax.edits import Diagnostic

__all__ = ["system_wide_kills"]

_ALL = frozenset({"psutil.process_iter", "psutil.pids"})
_GROUP = frozenset({"os.killpg"})
_SHELLS = frozenset(
    {"os.system", "os.popen"}
    | {f"subprocess.{name}" for name in ("run", "call", "check_call", "check_output", "Popen")}
    | {f"subprocess.{name}" for name in ("getoutput", "getstatusoutput")}
)
_KILLERS = re.compile(r"(?:^|[\s;&|/(])(?:pkill|killall|taskkill|fuser\s+-k|kill)\b")
_HINT = "take it out where it was meant for environments: the pool ends its own workers and what they started"


def system_wide_kills(script: Script, fix: str) -> Iterator[Diagnostic]:
    """A notice for every kill that may hit processes of others; the tool never edits one.

    Args:
        script: The script.
        fix: The fix that asks.
    """
    for call in script.names.calls:
        origins = script.names.origins(call.func)
        if origins & _SHELLS and (command := _command(call)):
            message = f"`{command}` ends every process that it matches, those of other runs as well"
        elif origins & _ALL and _ends_what_it_lists(script, call):
            message = f"{script.text(call)} lists all processes of the machine, and some are ended"
        elif origins & _GROUP:
            message = f"{script.text(call)} ends a whole process group; each worker of the pool leads its own"
        else:
            continue
        code = "process-group" if origins & _GROUP else "system-wide"
        yield Diagnostic(fix, "notice", code, script.position(call), message, _HINT)


def _command(call: ast.Call) -> str:
    """The command line that a call runs, where it is one that kills."""
    texts = [
        node.value
        for node in walk(*call.args[:1])
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]
    command = " ".join(texts)
    return command.strip() if _KILLERS.search(command) else ""


def _ends_what_it_lists(script: Script, call: ast.Call) -> bool:
    """True where the loop over a list of processes, or the block that makes the list, ends some."""
    statement = script.names.statement(call)
    block = [statement] if isinstance(statement, ast.For) else script.names.block(statement)
    return ends_processes(script, *block)
