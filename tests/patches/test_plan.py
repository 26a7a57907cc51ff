"""The engine's own promises, whatever the fixes do."""

from __future__ import annotations

import pytest

from patches.rewrite.render import RenderError
from patches.run.plan import Plan, apply, make_plan
from patches.run.verify import VerificationError, verify
from patches.syntax.edits import Edit, Insert, RemoveStatements, ReplaceExpression
from patches.syntax.source import Position, Span
from tests.patches.tools import check_noop, check_transformed, options, reported

HEAD = "from gymnasium.vector import AsyncVectorEnv\n"
MAKE = "envs = AsyncVectorEnv(fns)\n"


def test_a_comment_suppresses_one_fix_on_its_line() -> None:
    check_transformed(
        HEAD + MAKE + "N_ENVS = 8\nSIMS = 5  # stable-patch: ignore[tuned-parameters]\nBUDGET = 1\n",
        HEAD + MAKE + "N_ENVS = 32\nSIMS = 5  # stable-patch: ignore[tuned-parameters]\nBUDGET = 250\n",
        ["tuned-parameters"],
    )


@pytest.mark.parametrize("names", ["", "[int8-actions, tuned-parameters]"])
def test_a_comment_may_name_no_fix_or_several(names: str) -> None:
    script = HEAD + MAKE + f"N_ENVS = 32\nSIMS = 1\nBUDGET = 100  # stable-patch: ignore{names}\n"
    check_noop(script, ["tuned-parameters"])


def test_a_comment_for_another_fix_changes_nothing() -> None:
    check_transformed(
        HEAD + MAKE + "N_ENVS = 8  # stable-patch: ignore[int8-actions]\nSIMS = 1\nBUDGET = 250\n",
        HEAD + MAKE + "N_ENVS = 32  # stable-patch: ignore[int8-actions]\nSIMS = 1\nBUDGET = 250\n",
        ["tuned-parameters"],
    )


def test_one_construction_that_is_to_stay_keeps_all() -> None:
    script = HEAD + "a = AsyncVectorEnv(fns)  # stable-patch: ignore\nb = AsyncVectorEnv(fns)\n"
    check_noop(script)


def test_a_refusal_is_not_suppressed_into_a_half_swap() -> None:
    script = HEAD + "a = AsyncVectorEnv(fns, worker=w)  # stable-patch: ignore\nb = AsyncVectorEnv(fns)\n"
    plan = check_noop(script)
    assert reported(plan) == ()


def test_what_is_done_comes_in_the_order_of_the_fixes() -> None:
    plan = make_plan(
        (HEAD + "import numpy as np\ne = AsyncVectorEnv(fns)\naction = np.zeros(HxW)\n").encode(), options()
    )
    assert [edit.fix for edit in plan.edits] == [
        "swap-vector-env",
        "swap-vector-env",
        "int8-actions",
        "step-timeouts",
    ]


def forged(text: str, *operations: object) -> Plan:
    """A plan with operations that no fix made."""
    plan = make_plan(text.encode(), options(["int8-actions"]))
    edit = Edit("forged", Position(1, 1), "", operations)  # type: ignore[arg-type]
    return Plan(plan.source, plan.options, (edit,), (), operations)  # type: ignore[arg-type]


def test_an_operation_that_addresses_nothing_is_an_error() -> None:
    with pytest.raises(RenderError, match="no expression"):
        apply(forged("x = 1\n", ReplaceExpression(Span(3, 4), "2")))


def test_operations_that_overlap_are_an_error() -> None:
    inner, outer = ReplaceExpression(Span(6, 7), "2"), ReplaceExpression(Span(4, 8), "g(3)")
    with pytest.raises(RenderError, match="overlap"):
        apply(forged("x = f(1)\n", outer, inner))


def test_a_statement_on_a_shared_line_is_not_followed_by_another() -> None:
    with pytest.raises(RenderError, match="shares its line"):
        apply(forged("x = 1; y = 2\n", Insert(Span(0, 5), "z = 3")))


@pytest.mark.parametrize(
    ("after", "reason"),
    [
        (b"x = = 1\n", "does not parse"),
        (b"return\n", "does not compile"),
        (b"y = 2\n# note\n", "no edit names"),
        (b"x = 1\ny = 2\nz = 3\n# note\n", "more statements"),
        (b"x = 1\ny = 2\n", "comment would be lost"),
    ],
)
def test_verification_sees(after: bytes, reason: str) -> None:
    plan = forged("x = 1\ny = 2\n# note\n", ReplaceExpression(Span(10, 11), "2"))
    with pytest.raises(VerificationError, match=reason):
        verify(plan, after)


def test_verification_sees_a_missing_import() -> None:
    plan = forged("x = 1\n", ReplaceExpression(Span(4, 5), "terminate_children()"))
    needy = Plan(
        plan.source,
        plan.options,
        (Edit("f", Position(1, 1), "", (), ("terminate_children",)),),
        (),
        plan.operations,
    )
    with pytest.raises(VerificationError, match="nothing imports terminate_children"):
        verify(needy, b"x = terminate_children()\n")


def test_verification_sees_that_planning_again_finds_more() -> None:
    text = "import numpy as np\nfrom stablepool import StableProcessPoolEnv as P\ne = P(f)\naction = np.zeros(HxW)\n"
    plan = forged(text, RemoveStatements(()))
    with pytest.raises(VerificationError, match="planning again finds int8-actions at 4:10"):
        verify(plan, text.encode())


def test_a_name_that_the_encoding_lacks_is_never_written() -> None:
    data = "# -*- coding: ascii -*-\nx = 1\n".encode("ascii")
    source = make_plan(data, options()).source
    with pytest.raises(UnicodeEncodeError):
        source.encode("caf\u00e9")


@pytest.mark.slow
def test_a_script_of_five_thousand_lines() -> None:
    filler = "".join(f"def f{i}(x):\n    y = x + {i}  # {i}\n    return y\n\n" for i in range(1250))
    script = HEAD + filler + MAKE + ""
    after = script.replace("gymnasium.vector", "stablepool").replace("AsyncVectorEnv", "StableProcessPoolEnv")
    check_transformed(script, after, ["swap-vector-env"])
