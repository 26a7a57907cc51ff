"""Every environment meets its landscapes under every budget in turn."""

from __future__ import annotations

import numpy as np

from fuelbreak.landscape_shares import LandscapeShares


def test_landscapes_are_dealt_out_and_shared_where_they_are_few() -> None:
    assert [LandscapeShares(3, 7).of(env) for env in range(3)] == [[0, 3, 6], [1, 4], [2, 5]]
    assert [LandscapeShares(3, 2).of(env) for env in range(3)] == [[0], [1], [0]]


def test_it_follows_what_environments_say_about_their_landscape() -> None:
    shares = LandscapeShares(3, 7)
    shares.note({"landscape": np.array([2, 0, 1]), "_landscape": np.array([True, False, True])})
    assert shares.current.tolist() == [6, 1, 5]


def test_budgets_go_round_from_episode_to_episode() -> None:
    shares = LandscapeShares(4, 4, budgets=3)
    seen = []
    for episode in range(3):
        shares.begin(episode)
        assert shares.scenes.tolist() == (shares.current + 4 * shares.budgets).tolist()
        seen.append(shares.budgets.tolist())
    assert seen == [[0, 1, 2, 0], [1, 2, 0, 1], [2, 0, 1, 2]]
