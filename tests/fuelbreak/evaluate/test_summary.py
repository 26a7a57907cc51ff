"""Tables: pairs stay pairs, and every format says the same."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator

import pytest

from fuelbreak.evaluate import BEST_PLAN, Judgement, compare, print_tables
from fuelbreak.evaluate.summary import csv_table, markdown_tables


def judgements(
    rows: dict[str, dict[str, float]], weather: str = "own", budget: int = 10
) -> Iterator[Judgement]:
    """Judgements by landscape and plan, from their reductions."""
    for landscape, plans in rows.items():
        for plan, reduction in plans.items():
            yield Judgement(landscape, weather, budget, plan, budget, 100.0, 100.0 * (1 - reduction), 0.09)


def test_the_best_plan_is_chosen_landscape_by_landscape() -> None:
    rows = {
        "a": {"agent": 0.5, "compartment lines": 0.6, "adaptive DPV": 0.3},
        "b": {"agent": 0.7, "compartment lines": 0.2, "adaptive DPV": 0.4},
    }
    (comparison,) = compare(list(judgements(rows)))
    assert comparison.plans[BEST_PLAN].mean == pytest.approx(0.5)
    assert comparison.agent_minus[BEST_PLAN].mean == pytest.approx(0.1)


def test_landscapes_are_paired_in_whatever_order_they_come() -> None:
    rows = {name: {"agent": x + 0.2, "random": x} for name, x in (("a", 0.3), ("b", 0.5), ("c", 0.0))}
    judged = sorted(judgements(rows), key=lambda one: (one.plan, -one.reduction))
    (comparison,) = compare([*judged[:3], *judged[3:][::-1]])
    assert comparison.landscapes == 3
    assert comparison.plans["agent"].mean == pytest.approx(1.4 / 3)
    lead = comparison.agent_minus["random"]
    assert (lead.low, lead.mean, lead.high) == pytest.approx((0.2, 0.2, 0.2))


def test_an_interval_covers_what_landscapes_drawn_anew_would_give() -> None:
    rows = {str(number): {"agent": number / 100} for number in range(100)}
    (comparison,) = compare(list(judgements(rows)))
    interval = comparison.plans["agent"]
    standard_error = 0.2887 / 10
    assert interval.mean == pytest.approx(0.495)
    assert interval.mean - interval.low == pytest.approx(1.96 * standard_error, rel=0.1)
    assert interval.high - interval.mean == pytest.approx(1.96 * standard_error, rel=0.1)


def test_one_landscape_has_no_interval() -> None:
    (comparison,) = compare(list(judgements({"a": {"agent": 0.5, "random": 0.3}})))
    table = markdown_tables([comparison])
    assert "## Weather own, 1 landscape\n" in table
    assert "| agent | 50.0 |" in table
    assert "| random | 20.0 |" in table


def test_tables_have_a_column_for_each_budget_and_a_section_for_each_weather() -> None:
    judged = [
        one
        for weather in ("own", "calm")
        for budget in (10, 20)
        for one in judgements({"a": {"agent": budget / 100, "none": 0.0}}, weather, budget)
    ]
    text = markdown_tables(compare(judged))
    assert text.count("## Weather") == 2
    assert text.count("| 10 cells | 20 cells |") == 4
    assert "| agent | 10.0 | 20.0 |" in text


@pytest.mark.parametrize("columns", [40, 60, 80, 200])
def test_no_figure_is_lost_on_a_narrow_terminal(
    columns: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = {name: {"agent": x + 0.2, "compartment lines": x} for name, x in (("a", 0.3), ("b", 0.5))}
    judged = [one for budget in (50, 125, 250) for one in judgements(rows, budget=budget)]
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setenv("FORCE_COLOR", "1")
    print_tables(compare(judged))
    printed = capsys.readouterr().out
    assert all(len(line) <= columns for line in re.sub(r"\x1b\[[\d;]*m", "", printed).splitlines())
    for figure in ("60.0", "[50.0,", "70.0]", "40.0", "20.0"):
        assert printed.count(figure) >= 3


def test_the_csv_has_a_row_for_each_judgement_with_areas_in_hectares() -> None:
    judged = list(judgements({"a": {"agent": 0.25, "random": 0.1}}))
    rows = list(csv.DictReader(io.StringIO(csv_table(judged))))
    assert [row["plan"] for row in rows] == ["agent", "random"]
    assert float(rows[0]["burned_before_ha"]) == pytest.approx(9.0)
    assert float(rows[0]["burned_after_ha"]) == pytest.approx(6.75)
    assert float(rows[0]["reduction"]) == pytest.approx(0.25)
