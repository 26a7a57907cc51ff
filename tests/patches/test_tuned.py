"""--preset and --set: what they change is said, and what they cannot change as well."""

from __future__ import annotations

from tests.patches.tools import patched

HEAD = "from gymnasium.vector import AsyncVectorEnv\nenvs = AsyncVectorEnv(fns)\n"
ONLY = ["tuned-parameters"]


def notices(text: str, **more: str) -> list[tuple[str, str]]:
    _, plan = patched(HEAD + text, ONLY, **more)
    return [(d.code, d.message) for d in plan.diagnostics if d.kind == "notice"]


def test_a_name_that_is_set_and_occurs_nowhere_is_said() -> None:
    text = "N_ENVS = 16\nBATCH_SIZE = 32\nSIMS = 10\n"
    assert notices(text, BUDGET="300") == [
        ("not-in-the-script", "--set BUDGET has no effect: the script assigns no BUDGET")
    ]
    assert notices(text, BATCH_SIZE="300") == []
    assert notices("N_ENVS = 16\n", N_ENVS="24") == []


def test_a_value_that_is_computed_is_said_where_it_stands() -> None:
    assert [code for code, _ in notices("N_ENVS = cores()\n", N_ENVS="24")] == ["computed-value"]


def test_a_flag_and_an_entry_count_as_places() -> None:
    flag = 'parser.add_argument("--n_envs", type=int, default=8)\n'
    assert [code for code, _ in notices(flag, N_ENVS="24")] == ["argparse-default"]
    entries = 'c = {"n_envs": 1, "sims": 2, "budget": 3}\n'
    assert {code for code, _ in notices(entries, SIMS="24")} == {"dict-entry"}


def test_a_flag_is_printed_as_it_is_spelled() -> None:
    for flag in ("--n_envs", "--n-envs", "--N_ENVS"):
        text = f'parser.add_argument("-n", "{flag}", default=8)\n'
        assert notices(text) == [("argparse-default", f"{flag} has its default on the command line")]


def test_a_preset_says_what_it_has_no_place_for() -> None:
    text = "N_ENVS = 1\nBATCH_SIZE = 2\nBUFFER_CAP = 3\n"
    assert notices(text, preset="conservative") == [
        (
            "preset-in-part",
            "--preset conservative leaves out what the script does not set: STEPS_PER_EP, BUDGET, SIMS",
        )
    ]
    assert notices(text) == []


def test_values_that_change_what_is_learned_say_so() -> None:
    text = "N_ENVS = 1\nBATCH_SIZE = 2\nBUFFER_CAP = 3\nBUDGET = 4\nSIMS = 5\nSTEPS_PER_EP = 6\n"
    _, plan = patched(HEAD + text, ONLY)
    said = {
        edit.message.partition(":")[0] for edit in plan.edits if "changes what is learned" in edit.message
    }
    assert said == {"BUDGET", "SIMS", "STEPS_PER_EP"}
