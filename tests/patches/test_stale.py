"""Comments beside a changed number: reported where they name a number or a degree, and never touched."""

from __future__ import annotations

import pytest

from tests.patches.tools import patched

HEAD = "from gymnasium.vector import AsyncVectorEnv\nenvs = AsyncVectorEnv(fns)\nSIMS = 1\nBUDGET = 250\n"


def stale(line: str) -> list[str]:
    after, plan = patched(HEAD + line, ["tuned-parameters"])
    assert [part for part in line.split("\n") if "#" in part[:1]] == [
        p for p in after.split("\n") if "#" in p[:1]
    ]
    return [str(diagnostic.position) for diagnostic in plan.diagnostics if diagnostic.code == "stale-comment"]


@pytest.mark.parametrize(
    ("line", "position"),
    [
        ("N_ENVS = 16  # 16 of them\n", "5:14"),
        ("N_ENVS = 16  # not more than 16!\n", "5:14"),
        ("BUFFER_CAP = 20_000  # 20,000 transitions\n", "5:22"),
        ("BUFFER_CAP = 20000#20_000\n", "5:19"),
        ("# 16 environments fit\nN_ENVS = 16\n", "5:1"),
        ("N_ENVS, BATCH_SIZE = 16, 32  # 16 envs\n", "5:30"),
        ("N_ENVS, BATCH_SIZE = 16, 32  # 32 rows\n", "5:30"),
        ("N_ENVS = 16  # reduced from 64\n", "5:14"),
        ("N_ENVS = 16  # 160 would be too many, v16 too\n", "5:14"),
        ("N_ENVS = 16  # 1.16 times\n", "5:14"),
        ("N_ENVS = 16  # Smaller, for the laptop\n", "5:14"),
        ("# fewer environments, less memory\nN_ENVS = 16\n", "5:1"),
        ("BUFFER_CAP = 20_000  # increased\n", "5:22"),
    ],
)
def test_a_comment_that_names_a_number_or_a_degree_is_reported(line: str, position: str) -> None:
    assert stale(line) == [position]


@pytest.mark.parametrize(
    "line",
    [
        "N_ENVS = 16  # environments\n",
        "N_ENVS = 16  # steps\n",
        "N_ENVS = 16  # v2_3 of the layout; see smallpox\n",
        "N_ENVS = 16  # noqa: E501\n",
        "N_ENVS = 16\n# 16 below\n",
        "# 16 above\n\nN_ENVS = 16\n",
        "N_ENVS = 32  # 32 of them\n",
        "N_ENVS = 16; name = '# 16'\n",
    ],
)
def test_other_comments_are_not(line: str) -> None:
    assert stale(line) == []


def test_time_outs_count_as_well() -> None:
    script = "import signal\n" + HEAD + "signal.alarm(30)  # 30 second limit\nenvs.step(a)\nsignal.alarm(0)\n"
    after, plan = patched(script, ["step-timeouts", "swap-vector-env"])
    assert "signal.alarm(120)  # 30 second limit\n" in after
    assert [diagnostic.code for diagnostic in plan.diagnostics] == ["stale-comment"]
