"""Any module that is none of the tool's business comes out byte for byte, whatever Python it holds."""

from __future__ import annotations

import ast

import pytest
from hypothesis import HealthCheck, given, settings

from patches.rewrite.render import render
from patches.run.plan import Plan, apply, make_plan
from patches.run.verify import verify
from patches.syntax.names import Names
from patches.syntax.source import UnreadableError, read_source
from tests.patches.tools import options

hypothesmith = pytest.importorskip(
    "hypothesmith", reason="pip install hypothesmith generates arbitrary modules"
)

MODULES = hypothesmith.from_node()
SETTINGS = settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
OURS = "\nfrom gymnasium.vector import AsyncVectorEnv\n_envs_ = AsyncVectorEnv(_fns_)\n"


def has_place(error: UnreadableError) -> None:
    assert error.position is not None


def plan_of(text: str) -> Plan | None:
    """The plan; None where the module cannot be read, which is said with a place."""
    try:
        return make_plan(text.encode("utf-8", "surrogatepass"), options())
    except UnreadableError as error:
        has_place(error)
        return None


@given(MODULES)
@SETTINGS
def test_untouched_modules_are_the_very_bytes(text: str) -> None:
    plan = plan_of(text)
    if plan is not None:
        assert apply(plan) is plan.source.data


@given(MODULES)
@SETTINGS
def test_every_name_has_a_scope_and_every_node_a_parent(text: str) -> None:
    tree = ast.parse(text)
    names = Names(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            names.bindings(node)
        assert node is tree or node in names.parents


@given(MODULES)
@SETTINGS
def test_rendering_nothing_gives_the_same_text_or_refuses(text: str) -> None:
    try:
        assert render(read_source(text.encode("utf-8", "surrogatepass")), []) == text
    except UnreadableError as error:
        has_place(error)


@given(MODULES)
@SETTINGS
def test_a_swap_behind_any_code_changes_nothing_of_it(text: str) -> None:
    plan = plan_of(text + OURS)
    if plan is None or plan.refusals:
        return
    try:
        after = apply(plan)
    except UnreadableError:
        return
    verify(plan, after)
    assert after.startswith(text.encode())
