"""Environments that come into a script from files beside it, or leave it for them.

A script's imports are followed to the files that they name, and the files that import the script are looked at, as far
as `Surroundings` knows them. Nothing is run, and a file that cannot be read is a file that is not known.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from ..syntax.callees import Def, bound_method, pair_arguments

if TYPE_CHECKING:
    from .script import Script

__all__ = [
    "Destination",
    "Surroundings",
    "arrivals",
    "consumers",
    "destination",
    "given_parameters",
    "made_elsewhere",
]


class Surroundings(Protocol):
    """The files around a script."""

    def imported(self, script: Script, origin: str) -> tuple[Script, str] | None:
        """The file that an imported name comes from, and its name there; None for a file that is not known."""

    def importers(self, script: Script) -> list[Script]:
        """Files that import the script."""

    def readers_of_old_infos(self, script: Script) -> list[tuple[str, int]]:
        """Other files of the project, and their lines, that look up `final_info` or `final_observation`."""

    def is_patched_too(self, script: Script) -> bool:
        """True for a file that is patched in the same run."""


@dataclass(frozen=True)
class Destination:
    """Where an argument of a call arrives in another file.

    Attributes:
        script: The file.
        function: Its function.
        parameter: The parameter that gets the argument.
    """

    script: Script
    function: Def
    parameter: str


def destination(script: Script, argument: ast.expr) -> Destination | None:
    """Where an argument of a call arrives, if in a function of another file that is known.

    Args:
        script: The script that makes the call.
        argument: The argument.
    """
    call = script.names.parents[argument]
    call = script.names.parents[call] if isinstance(call, ast.keyword) else call
    found = _called(script, call) if isinstance(call, ast.Call) else None
    if found is None or not isinstance(call, ast.Call):
        return None
    other, function = found
    for name, value in pair_arguments(call, function, is_method=_is_method(other, function)):
        if value is argument:
            return Destination(other, function, name)
    return None


def _is_method(script: Script, function: Def) -> bool:
    return isinstance(script.names.parents[function], ast.ClassDef)


def _called(script: Script, call: ast.Call) -> tuple[Script, Def] | None:
    """The function of another file that a call runs: by its name, or as a method of an imported class."""
    for origin in script.names.origins(call.func):
        found = _defined(script, origin)
        if found is not None and isinstance(found[1], ast.ClassDef):
            method = bound_method(found[0].names, found[1], "__init__")
            return (found[0], method) if method is not None else None
        if found is not None and isinstance(found[1], Def):
            return found[0], found[1]
    return _called_method(script, call)


def _called_method(script: Script, call: ast.Call) -> tuple[Script, Def] | None:
    """`agent.train(envs)` after `agent = Agent(...)`, for an imported class."""
    if not isinstance(call.func, ast.Attribute) or not isinstance(call.func.value, ast.Name):
        return None
    for binding in script.names.bindings(call.func.value):
        statement = script.names.parents.get(binding.node)
        made = statement.value if isinstance(statement, ast.Assign) else None
        for origin in script.names.origins(made.func) if isinstance(made, ast.Call) else ():
            found = _defined(script, origin)
            if found is not None and isinstance(found[1], ast.ClassDef):
                method = bound_method(found[0].names, found[1], call.func.attr)
                return (found[0], method) if method is not None else None
    return None


def _defined(script: Script, origin: str, depth: int = 3) -> tuple[Script, ast.AST] | None:
    """The definition behind an imported name, through packages that hand it on."""
    found = script.surroundings.imported(script, origin) if script.surroundings is not None else None
    if found is None or depth == 0:
        return None
    other, name = found
    for binding in other.names.module.bindings.get(name, []):
        if binding.origin is not None:
            return _defined(other, binding.origin, depth - 1)
        if isinstance(binding.node, Def | ast.ClassDef):
            return other, binding.node
    return None


def arrivals(script: Script, depth: int = 3) -> Iterator[tuple[ast.expr, Script]]:
    """Files that get environments of a script: the argument that leaves it, and the file with it in place.

    Args:
        script: The script.
        depth: Through how many files an environment is followed.
    """
    for argument in script.departures if depth else ():
        found = destination(script, argument)
        if found is not None:
            other = found.script.with_parameter(found.function, found.parameter, script.values.of(argument))
            yield argument, other
            yield from ((argument, further) for _, further in arrivals(other, depth - 1))


def consumers(script: Script) -> Iterator[Script]:
    """Files that get environments from functions of a script."""
    for other in script.surroundings.importers(script) if script.surroundings is not None else ():
        if any(producer is script for _, producer, _ in made_elsewhere(other)):
            yield other


def made_elsewhere(script: Script) -> Iterator[tuple[ast.Call, Script, Def]]:
    """Calls of functions of other files that return environments: the call, the file and the function."""
    for call in script.names.calls if script.surroundings is not None else ():
        for origin in script.names.origins(call.func):
            found = _defined(script, origin)
            if found is None or not isinstance(found[1], Def) or found[0].is_being_followed:
                continue
            if found[0].may_make_environments:
                yield call, found[0], found[1]


def given_parameters(script: Script) -> Iterator[tuple[Def, str, Script, ast.expr]]:
    """Parameters that files which import this one give environments: function, parameter, file, argument."""
    for other in script.surroundings.importers(script) if script.surroundings is not None else ():
        if not other.may_make_environments or other.is_being_followed:
            continue
        for argument in other.departures:
            found = destination(other, argument)
            if found is not None and found.script is script:
                yield found.function, found.parameter, other, argument
