"""Judging plans: the figures are those of the fires, and what is written can be read and seen."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fuelbreak.dqn import QNetwork
from fuelbreak.dqn.planner import learned_plan
from fuelbreak.evaluate import BEST_PLAN, Judgement, evaluate, evaluate_run, main, summarize
from fuelbreak.fire.simulator import FireSimulator
from fuelbreak.fire.weather import Weather
from fuelbreak.landscape import Landscape
from fuelbreak.pictures import draw_fire
from fuelbreak.plans import FAST_PLANS, PLANS
from fuelbreak.rasters import write_landscape
from fuelbreak.runs import RunFolder
from fuelbreak.synthetic import generate_landscape


@pytest.fixture(scope="module")
def landscapes() -> list[Landscape]:
    return [generate_landscape(seed=seed, size=24) for seed in (1, 2)]


def test_a_learned_plan_spends_the_budget_on_legal_cells(landscapes: list[Landscape]) -> None:
    plan = learned_plan(QNetwork(), landscapes[0], budget=25, k=10)
    assert plan.sum() == 25
    assert not (plan & ~landscapes[0].burnable).any()


def test_a_budget_beyond_the_landscape_breaks_every_burnable_cell(landscapes: list[Landscape]) -> None:
    plan = learned_plan(QNetwork(), landscapes[0], budget=10_000, k=200)
    assert np.array_equal(plan, landscapes[0].burnable)


def test_judgements_are_what_the_simulator_says_over_all_burnable_ignitions(
    landscapes: list[Landscape],
) -> None:
    weather = Weather()
    network = QNetwork()
    judged = evaluate(network, landscapes, budget=30, k=10, weather=weather)
    assert {(j.landscape, j.plan) for j in judged} == {
        (landscape.name, plan) for landscape in landscapes for plan in ("agent", *FAST_PLANS)
    }
    first = judged[0]
    simulator = FireSimulator(landscapes[0], weather)
    ignitions = np.argwhere(landscapes[0].burnable)
    plan = learned_plan(network, landscapes[0], 30, 10)
    assert first.burned_before == simulator.burned_cells(ignitions).mean()
    assert first.burned_after == simulator.burned_cells(ignitions, plan).mean()
    assert all(j.breaks == 30 and 0 < j.reduction < 1 for j in judged)


def test_an_agent_is_compared_with_the_plans_that_are_asked_for(landscapes: list[Landscape]) -> None:
    judged = evaluate(
        QNetwork(), landscapes[:1], budget=20, k=10, weather=Weather(), plans=("none", "compartment lines")
    )
    by_plan = {judgement.plan: judgement for judgement in judged}
    assert list(by_plan) == ["agent", "none", "compartment lines"]
    assert by_plan["none"].reduction == 0.0
    breaks = PLANS["compartment lines"](landscapes[0], Weather(), 20)
    ignitions = np.argwhere(landscapes[0].burnable)
    after = FireSimulator(landscapes[0]).burned_cells(ignitions, breaks).mean()
    assert by_plan["compartment lines"].burned_after == after


def test_a_plan_of_an_unknown_name_is_refused(landscapes: list[Landscape]) -> None:
    with pytest.raises(ValueError, match=r"\['oracle'\] are unknown; choose among .*'greedy'"):
        evaluate(QNetwork(), landscapes, budget=20, k=10, weather=Weather(), plans=("random", "oracle"))


def test_the_best_plan_is_chosen_landscape_by_landscape() -> None:
    judged = [
        Judgement(name, plan, 10, 100.0, 100.0 * (1 - reduction))
        for name, agent, lines, dpv in (("a", 0.5, 0.6, 0.3), ("b", 0.7, 0.2, 0.4))
        for plan, reduction in (("agent", agent), ("compartment lines", lines), ("adaptive DPV", dpv))
    ]
    summary = summarize(judged)
    assert summary["plans"][BEST_PLAN]["mean"] == pytest.approx(0.5)
    assert summary["agent_minus"][BEST_PLAN]["mean"] == pytest.approx(0.1)


def test_the_summary_pairs_landscapes() -> None:
    judged = [
        Judgement(name, plan, 10, 100.0, 100.0 * (1 - reduction))
        for name, agent, rest in (("a", 0.5, 0.3), ("b", 0.7, 0.5), ("c", 0.2, 0.0))
        for plan, reduction in (("agent", agent), ("random", rest))
    ]
    summary = summarize(judged)
    assert summary["landscapes"] == 3
    assert summary["plans"]["agent"]["mean"] == pytest.approx(1.4 / 3)
    lead = summary["agent_minus"]["random"]
    assert (lead["low"], lead["mean"], lead["high"]) == pytest.approx((0.2, 0.2, 0.2))


def test_a_run_gets_its_summary_card_and_pictures(tmp_path: Path, landscapes: list[Landscape]) -> None:
    with RunFolder.create("train", {}, root=tmp_path) as run:
        for episode in range(4):
            run.log(episode, {"charts/episodic_return": episode / 10, "charts/burned": 100.0 - episode})
        run.save_checkpoint(3, QNetwork(), k=10, budget=30)
    evaluate_run(run.path, landscapes)
    summary = json.loads((run.path / "summary.json").read_text())
    assert (summary["episodes"], summary["budget"], summary["evaluation"]["landscapes"]) == (4, 30, 2)
    assert "| agent |" in (run.path / "CARD.md").read_text()
    assert {Path(picture).name for picture in summary["pictures"]} == {
        *("plan.png", "burn_probability.png", "fire.gif", "learning_curve.png")
    }
    for picture in summary["pictures"]:
        pixels = np.asarray(Image.open(run.path / picture).convert("RGB"))
        assert pixels.shape[0] > 100
        assert len(np.unique(pixels.reshape(-1, 3), axis=0)) > 20, f"{picture} shows next to nothing"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere", "--rasters", "TILES"], "no checkpoint at nowhere"),
        (["nowhere", "--rasters", "missing"], "missing"),
        (["nowhere", "--plans", "best"], "there is no plan 'best'"),
    ],
)
def test_what_cannot_be_judged_is_named(
    tmp_path: Path,
    landscapes: list[Landscape],
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    message: str,
) -> None:
    write_landscape(landscapes[0], tmp_path, 0)
    assert main([str(tmp_path) if word == "TILES" else word for word in arguments]) == 2
    assert message in capsys.readouterr().err


def test_the_fire_spreads_from_frame_to_frame_and_less_with_breaks(
    tmp_path: Path, landscapes: list[Landscape]
) -> None:
    landscape = landscapes[0]
    breaks = landscape.burnable.copy()
    breaks[10:15] = False
    with Image.open(draw_fire(tmp_path / "fire.gif", landscape, breaks, Weather())) as animation:
        frames = []
        for index in range(animation.n_frames):
            animation.seek(index)
            frames.append(np.asarray(animation.convert("RGB")).astype(int))
    changed = [np.any(frame != frames[0], axis=2) for frame in frames]
    middle = frames[0].shape[1] // 2
    assert changed[-1][:, :middle].sum() > changed[len(frames) // 3][:, :middle].sum() > 0
    assert changed[-1][:, :middle].sum() > changed[-1][:, middle:].sum()
