"""reset-between-episodes on the loops that people write."""

from __future__ import annotations

import pytest

from tests.patches.tools import check_noop, check_transformed, patched, reported

FIX = ["reset-between-episodes"]
HEAD = "from gymnasium.vector import AsyncVectorEnv\nenvs = AsyncVectorEnv(fns)\n"
COMMENT = "# Reset environments for next episode (CRITICAL FIX)\n"
STEP = "obs, r, t, u, infos = envs.step(act(obs))\n"

# name: (lines before the loop, the loop, where the reset goes: text that it follows, indented reset)
AT_THE_END = {
    "a reset inside the steps depends on a condition": (
        "obs, _ = envs.reset()\n",
        "for ep in range(9):\n    for t in range(5):\n        "
        + STEP
        + "        if t.all():\n            obs, _ = envs.reset()\n            break\n",
        "    obs, _ = envs.reset()\n",
    ),
    "a reset in every tenth episode is none in the others": (
        "obs, _ = envs.reset()\n",
        "for ep in range(9):\n    if ep > 0 and ep % 10 == 0:\n        envs.close()\n"
        "        envs = AsyncVectorEnv(fns)\n        obs, _ = envs.reset()\n    for t in range(5):\n        "
        + STEP,
        "    obs, _ = envs.reset()\n",
    ),
    "for, with infos": (
        "obs, infos = envs.reset()\n",
        "for episode in range(9):\n    for step in range(5):\n        " + STEP + "    print(r)\n",
        "    obs, infos = envs.reset()\n",
    ),
    "seed and options belong to the first reset": (
        "obs, _ = envs.reset(seed=3, options={'a': 1})\n",
        "for ep in range(9):\n    for t in range(5):\n        " + STEP,
        "    obs, _ = envs.reset()\n",
    ),
    "a reset in two parts becomes whole": (
        "envs.reset_async(seed=3)\nobs, infos = envs.reset_wait()\n",
        "for ep in range(9):\n    for t in range(5):\n        " + STEP,
        "    obs, infos = envs.reset()\n",
    ),
    "an index": (
        "obs = envs.reset(seed=1)[0]\n",
        "for i_episode in range(9):\n    for t in range(5):\n        " + STEP,
        "    obs = envs.reset()[0]\n",
    ),
    "a tensor": (
        "obs = torch.as_tensor(envs.reset()[0], device=dev)\n",
        "for ep in range(9):\n    for t in range(5):\n        " + STEP,
        "    obs = torch.as_tensor(envs.reset()[0], device=dev)\n",
    ),
    "a conditional expression": (
        "res = envs.reset()\nobs = res[0] if isinstance(res, tuple) else res\n",
        "for ep in range(9):\n    for t in range(5):\n        " + STEP,
        "    res = envs.reset()\n    obs = res[0] if isinstance(res, tuple) else res\n",
    ),
    "the observation is prepared": (
        "raw, _ = envs.reset()\nobs = prepare(raw)\nagent = Agent(obs.shape)\n",
        "for ep in range(9):\n    for t in range(5):\n        raw, r, d, u, i = envs.step(act(obs))\n"
        "        obs = prepare(raw)\n",
        "    raw, _ = envs.reset()\n    obs = prepare(raw)\n",
    ),
    "a length is no observation": (
        "obs, infos = envs.reset()\nn = len(obs)\n",
        "for ep in range(9):\n    for t in range(5):\n        " + STEP + "        n = n + 1\n",
        "    obs, infos = envs.reset()\n",
    ),
    "a counter that is made to measure is not started again": (
        "obs, infos = envs.reset()\ntotal = np.zeros(obs.shape[0])\nseen = np.zeros_like(obs)\n",
        "for ep in range(9):\n    for t in range(5):\n        " + STEP + "        total = total + r\n"
        "        seen = seen + obs\n",
        "    obs, infos = envs.reset()\n",
    ),
    "while over episodes": (
        "obs, infos = envs.reset()\nepisode = 0\n",
        "while episode < 9:\n    for t in range(5):\n        " + STEP + "    episode += 1\n",
        "    obs, infos = envs.reset()\n",
    ),
    "while True with a counter": (
        "obs, infos = envs.reset()\nn_episode = 0\n",
        "while True:\n    for t in range(5):\n        " + STEP + "    n_episode += 1\n",
        "    obs, infos = envs.reset()\n",
    ),
    "a progress bar": (
        "obs, infos = envs.reset()\n",
        "for ep in tqdm(range(9)):\n    for t in range(5):\n        " + STEP,
        "    obs, infos = envs.reset()\n",
    ),
    "an anonymous counter": (
        "obs, infos = envs.reset()\n",
        "for _ in range(NUM_EPISODES):\n    for _ in range(5):\n        " + STEP,
        "    obs, infos = envs.reset()\n",
    ),
    "the inner bound says episode": (
        "obs, infos = envs.reset()\n",
        "for it in range(9):\n    for t in range(STEPS_PER_EP):\n        " + STEP,
        "    obs, infos = envs.reset()\n",
    ),
    "while not done inside": (
        "obs, infos = envs.reset()\n",
        "for ep in range(9):\n    done = False\n    while not done:\n        "
        + STEP
        + "        done = t.any()\n",
        "    obs, infos = envs.reset()\n",
    ),
    "async and wait": (
        "obs, infos = envs.reset()\n",
        "for ep in range(9):\n    for t in range(5):\n        envs.step_async(act(obs))\n"
        "        obs, r, d, u, infos = envs.step_wait()\n",
        "    obs, infos = envs.reset()\n",
    ),
    "frames are skipped": (
        "obs, infos = envs.reset()\n",
        "for ep in range(9):\n    for t in range(5):\n        a = act(obs)\n        for _ in range(4):\n"
        "            obs, r, d, u, infos = envs.step(a)\n",
        "    obs, infos = envs.reset()\n",
    ),
    "a reset now and then is not enough": (
        "obs, infos = envs.reset()\n",
        "for ep in range(9):\n    if ep % 10 == 0:\n        obs, infos = envs.reset()\n"
        "    for t in range(5):\n        " + STEP,
        "    obs, infos = envs.reset()\n",
    ),
    "a reset after an error is not enough": (
        "obs, infos = envs.reset()\n",
        "for ep in range(9):\n    for t in range(5):\n        try:\n            "
        + STEP
        + "        except OSError:\n"
        "            obs, infos = envs.reset()\n",
        "    obs, infos = envs.reset()\n",
    ),
    "one branch is not enough": (
        "obs, infos = envs.reset()\n",
        "for ep in range(9):\n    for t in range(5):\n        " + STEP + "    if r.sum() > 0:\n"
        "        obs, infos = envs.reset()\n    else:\n        print(ep)\n",
        "    obs, infos = envs.reset()\n",
    ),
    "a continue of the step loop skips nothing": (
        "obs, infos = envs.reset()\n",
        "for ep in range(9):\n    for t in range(5):\n        " + STEP + "        if len(m) < 9:\n"
        "            continue\n        learn()\n",
        "    obs, infos = envs.reset()\n",
    ),
    "a try around the whole episode": (
        "obs, infos = envs.reset()\n",
        "for ep in range(9):\n    try:\n        for t in range(5):\n            "
        + STEP
        + "    except OSError:\n"
        "        print('!')\n",
        "    obs, infos = envs.reset()\n",
    ),
    "epochs of episodes": (
        "obs, infos = envs.reset()\n",
        "for epoch in range(3):\n    for ep in range(9):\n        for t in range(5):\n            " + STEP,
        "        obs, infos = envs.reset()\n",
    ),
    "a comment at the end of the body": (
        "obs, infos = envs.reset()\n",
        "for ep in range(9):\n    for t in range(5):\n        " + STEP + "    print(ep)  # done\n",
        "    obs, infos = envs.reset()\n",
    ),
}

AT_THE_START = {
    "a continue after the steps": "    if not r.any():\n        continue\n    print(ep)\n",
    "a continue in a handler": "    try:\n        learn()\n    except OSError:\n        continue\n",
    "the body ends with a break": "    print(ep)\n    break\n",
}

LEFT_ALONE = {
    "reset at the start": (
        "for ep in range(9):\n    obs, _ = envs.reset()\n    for t in range(5):\n        " + STEP,
        (),
    ),
    "reset at the end": (
        "for ep in range(9):\n    for t in range(5):\n        " + STEP + "    obs, _ = envs.reset()\n",
        (),
    ),
    "reset before all episodes but the first": (
        "obs, _ = envs.reset()\nfor ep in range(9):\n    if ep > 0:\n        obs, _ = envs.reset()\n"
        "    for t in range(5):\n        " + STEP,
        (),
    ),
    "reset in both branches": (
        "for ep in range(9):\n    if ep:\n        obs, _ = envs.reset()\n"
        "    else:\n        obs, _ = envs.reset(seed=1)\n"
        "    for t in range(5):\n        " + STEP,
        (),
    ),
    "reset in a with": (
        "for ep in range(9):\n    with timer:\n        obs, _ = envs.reset()\n    for t in range(5):\n        "
        + STEP,
        (),
    ),
    "reset in a try": (
        "for ep in range(9):\n    try:\n        obs, _ = envs.reset()\n    except OSError:\n        raise\n"
        "    for t in range(5):\n        " + STEP,
        (),
    ),
    "reset by a helper": (
        "def fresh():\n    obs, _ = envs.reset()\n    return obs\nfor ep in range(9):\n    obs = fresh()\n"
        "    for t in range(5):\n        " + STEP,
        (),
    ),
    "updates": (
        "obs, _ = envs.reset()\nfor update in range(9):\n    for step in range(5):\n        " + STEP,
        (),
    ),
    "iterations": (
        "obs, _ = envs.reset()\nfor iteration in range(1, args.num_iterations + 1):\n"
        "    for step in range(5):\n        " + STEP,
        (),
    ),
    "rollouts": (
        "obs, _ = envs.reset()\nfor _ in range(n_rollouts):\n    for step in range(5):\n        " + STEP,
        (),
    ),
    "a helper that only may reset": (
        "def perhaps():\n    if n > 3:\n        return envs.reset()\nfor ep in range(9):\n    perhaps()\n"
        "    for t in range(5):\n        " + STEP,
        ("no-idiom",),
    ),
    "rollouts until enough episodes": (
        "obs, _ = envs.reset()\nwhile n_episodes < 9:\n    for step in range(rollout_length):\n        "
        + STEP,
        (),
    ),
    "rollouts that count the episodes within": (
        "obs, _ = envs.reset()\nepisodes = 0\nwhile episodes < 9:\n    for t in range(5):\n        "
        + STEP
        + "        if t.any():\n            episodes += 1\n    learn()\n",
        (),
    ),
    "updates under the name of episodes": (
        "obs, _ = envs.reset()\nfor episode in range(9):\n    for step in range(5):\n        "
        + STEP
        + "    advantages = gae(r)\n",
        ("unclear-loop",),
    ),
    "closed inside the loop": (
        "obs, _ = envs.reset()\nfor ep in range(9):\n    for t in range(5):\n        "
        + STEP
        + "    if ep == 8:\n        envs.close()\n",
        ("closed-inside",),
    ),
    "one loop alone": ("obs, _ = envs.reset()\nfor step in range(900):\n    " + STEP, ()),
    "no loop at all": ("obs, _ = envs.reset()\n" + STEP, ()),
    "neither episodes nor rollouts by name": (
        "obs, _ = envs.reset()\nfor i in range(9):\n    for j in range(5):\n        " + STEP,
        ("unclear-loop",),
    ),
    "environments made for each episode": (
        "for ep in range(9):\n    envs = AsyncVectorEnv(fns)\n    for t in range(5):\n        "
        + STEP
        + "    envs.close()\n",
        (),
    ),
    "another environment": (
        "env = gym.make('A-v1')\nobs, _ = env.reset()\nfor ep in range(9):\n    for t in range(5):\n"
        "        obs, r, d, u, i = env.step(1)\n",
        ("stepped-elsewhere",),
    ),
    "a reset that binds something else": (
        "first, _ = envs.reset()\nobs = start()\nfor ep in range(9):\n    for t in range(5):\n        "
        + STEP,
        ("no-idiom",),
    ),
    "nothing shows how to bind": (
        "for ep in range(9):\n    for t in range(5):\n        " + STEP,
        ("no-idiom",),
    ),
    "a body on one line": (
        "obs, _ = envs.reset()\nfor ep in range(9): run = [envs.step(a) for a in b]\n",
        (),
    ),
    "steps somewhere else": (
        "obs, _ = envs.reset()\nfor ep in range(9):\n    obs = run_episode(envs, obs)\n",
        ("escapes",),
    ),
    "a reset of another environment": (
        "test = AsyncVectorEnv(fns)\nobs, _ = envs.reset()\nfor ep in range(9):\n    for t in range(5):\n        "
        + STEP
        + "    obs, _ = envs.reset()\n    for k in range(5):\n        test.step(0)\n",
        (),
    ),
}


@pytest.mark.parametrize("name", AT_THE_END)
def test_at_the_end(name: str) -> None:
    before, loop, reset = AT_THE_END[name]
    indent = reset[: len(reset) - len(reset.lstrip())]
    check_transformed(HEAD + before + loop, HEAD + before + loop + indent + COMMENT + reset, FIX)


@pytest.mark.parametrize("name", AT_THE_START)
def test_at_the_start(name: str) -> None:
    before = HEAD + "obs, infos = envs.reset()\nfor ep in range(9):\n"
    steps = "    for t in range(5):\n        " + STEP + AT_THE_START[name]
    reset = "    " + COMMENT + "    obs, infos = envs.reset()\n"
    check_transformed(before + steps, before + reset + steps, FIX)


@pytest.mark.parametrize("name", LEFT_ALONE)
def test_left_alone(name: str) -> None:
    script, codes = LEFT_ALONE[name]
    assert reported(check_noop(HEAD + script, FIX)) == codes


def test_in_a_class() -> None:
    before = """\
    from gymnasium.vector import AsyncVectorEnv
    class Trainer:
        def __init__(self):
            self.envs = AsyncVectorEnv(fns)
            self.obs, _ = self.envs.reset(seed=1)
        def train(self, episodes):
            for ep in range(episodes):
                for t in range(25):
                    self.obs, r, te, tr, info = self.envs.step(self.act(self.obs))
                self.log(r)
    """
    line = "                self.log(r)\n"
    reset = "                # Reset environments for next episode (CRITICAL FIX)\n"
    check_transformed(
        before, before.replace(line, line + reset + "                self.obs, _ = self.envs.reset()\n"), FIX
    )


def test_methods_that_make_step_and_reset() -> None:
    before = """\
    from gymnasium.vector import AsyncVectorEnv
    class Trainer:
        def __init__(self):
            self.envs = self.build()
        def build(self):
            return AsyncVectorEnv(fns)
        def careful(self, venv, actions):
            return venv.step(actions)
        def train(self):
            obs, _ = self.envs.reset()
            for ep in range(9):
                for t in range(25):
                    obs, r, te, tr, info = self.careful(self.envs, act(obs))
    """
    line = "                    obs, r, te, tr, info = self.careful(self.envs, act(obs))\n"
    reset = "                # Reset environments for next episode (CRITICAL FIX)\n"
    reset += "                obs, _ = self.envs.reset()\n"
    check_transformed(before, before.replace(line, line + reset), FIX)


def test_a_method_that_resets() -> None:
    before = """\
    from gymnasium.vector import AsyncVectorEnv
    class Trainer:
        def __init__(self):
            self.envs = AsyncVectorEnv(fns)
        def fresh(self):
            obs, _ = self.envs.reset()
            return obs
        def train(self):
            for ep in range(9):
                obs = self.fresh()
                for t in range(25):
                    obs, r, te, tr, info = self.envs.step(act(obs))
    """
    check_noop(before, FIX)


def test_the_environment_as_a_parameter_of_a_class() -> None:
    before = (
        HEAD
        + """\
class Trainer:
    def __init__(self, envs):
        self.envs = envs
    def train(self):
        obs, infos = self.envs.reset()
        for episode in range(9):
            for t in range(5):
                obs, r, term, trunc, infos = self.envs.step(act(obs))
Trainer(envs).train()
"""
    )
    line = "self.envs.step(act(obs))\n"
    reset = " " * 12 + COMMENT + " " * 12 + "obs, infos = self.envs.reset()\n"
    check_transformed(before, before.replace(line, line + reset), FIX)


def test_the_environment_as_a_parameter_of_an_instance() -> None:
    before = (
        HEAD
        + """\
class Agent:
    def train(self, venv):
        obs, infos = venv.reset()
        for episode in range(9):
            for t in range(5):
                obs, r, term, trunc, infos = venv.step(self.act(obs))
agent = Agent()
agent.train(envs)
"""
    )
    line = "venv.step(self.act(obs))\n"
    reset = " " * 12 + COMMENT + " " * 12 + "obs, infos = venv.reset()\n"
    check_transformed(before, before.replace(line, line + reset), FIX)


def test_the_step_in_an_executor() -> None:
    before = (
        HEAD
        + """\
obs, infos = envs.reset()
for episode in range(9):
    for t in range(5):
        future = pool.submit(envs.step, act(obs))
        obs, r, term, trunc, infos = future.result(timeout=30)
"""
    )
    check_transformed(before, before + "    " + COMMENT + "    obs, infos = envs.reset()\n", FIX)


def test_the_environment_as_a_parameter() -> None:
    before = """\
    from gymnasium.vector import AsyncVectorEnv
    def build():
        return AsyncVectorEnv(fns)
    def train(venv, n):
        o, _ = venv.reset()
        for ep in range(n):
            for t in range(25):
                o, r, te, tr, info = venv.step(act(o))
    def main():
        train(build(), 9)
    """
    line = "                o, r, te, tr, info = venv.step(act(o))\n"
    reset = (
        "            # Reset environments for next episode (CRITICAL FIX)\n            o, _ = venv.reset()\n"
    )
    check_transformed(before, before.replace(line, line + reset), FIX)


def test_old_gym_takes_the_observation_alone() -> None:
    before = """\
    from gym.vector import AsyncVectorEnv
    envs = AsyncVectorEnv(fns)
    obs = envs.reset()
    for ep in range(9):
        for t in range(25):
            obs, r, d, info = envs.step(act(obs))
    """
    line = "            obs, r, d, info = envs.step(act(obs))\n"
    reset = "        # Reset environments for next episode (CRITICAL FIX)\n        obs = envs.reset()\n"
    check_transformed(before, before.replace(line, line + reset), FIX)


def test_a_reset_over_many_lines() -> None:
    before = """\
    from gymnasium.vector import AsyncVectorEnv
    def main():
        envs = AsyncVectorEnv(fns)
        obs, _ = envs.reset(
            seed=1,  # once
        )
        for ep in range(9):
            for t in range(25):
                obs, r, te, tr, info = envs.step(act(obs))
    """
    line = "                obs, r, te, tr, info = envs.step(act(obs))\n"
    reset = "            # Reset environments for next episode (CRITICAL FIX)\n            obs, _ = envs.reset()\n"
    check_transformed(before, before.replace(line, line + reset), FIX)


def test_a_tensor_over_many_lines() -> None:
    before = """\
    from gymnasium.vector import AsyncVectorEnv
    def main():
        envs = AsyncVectorEnv(fns)
        obs = tensor(
            envs.reset(seed=1)[0],
            device=dev,
        )
        for ep in range(9):
            for t in range(25):
                obs, r, te, tr, info = envs.step(act(obs))
    """
    line = "                obs, r, te, tr, info = envs.step(act(obs))\n"
    reset = (
        "            # Reset environments for next episode (CRITICAL FIX)\n            obs = tensor(\n"
        "                envs.reset()[0],\n                device=dev,\n            )\n"
    )
    check_transformed(before, before.replace(line, line + reset), FIX)


def test_windows_line_ends() -> None:
    before = HEAD + "obs, infos = envs.reset()\nfor ep in range(9):\n    for t in range(5):\n        " + STEP
    after = before + "    " + COMMENT + "    obs, infos = envs.reset()\n"
    check_transformed(before.replace("\n", "\r\n"), after.replace("\n", "\r\n"), FIX)


@pytest.mark.parametrize(
    "made",
    [
        "AsyncVectorEnv(fns) if n > 1 else SyncVectorEnv(fns)",
        "gym.wrappers.RecordEpisodeStatistics(AsyncVectorEnv(fns))",
        "gym.wrappers.vector.RecordEpisodeStatistics(AsyncVectorEnv(fns) if n else other)",
        "(e := AsyncVectorEnv(fns))",
    ],
)
def test_environments_are_followed(made: str) -> None:
    before = "import gymnasium as gym\n" + HEAD.replace("AsyncVectorEnv(fns)", made)
    before += "obs, infos = envs.reset()\nfor ep in range(9):\n    for t in range(5):\n        " + STEP
    check_transformed(before, before + "    " + COMMENT + "    obs, infos = envs.reset()\n", FIX)


@pytest.mark.parametrize(
    "made",
    [
        "Agent(AsyncVectorEnv(fns))",
        "[AsyncVectorEnv(fns)]",
        "AsyncVectorEnv(fns).spec",
        "f(AsyncVectorEnv(fns))",
    ],
)
def test_other_things_are_not(made: str) -> None:
    before = HEAD.replace("AsyncVectorEnv(fns)", made)
    before += "obs, infos = envs.reset()\nfor ep in range(9):\n    for t in range(5):\n        " + STEP
    assert reported(check_noop(before, FIX)) == ("not-followed",)


@pytest.mark.parametrize(
    "made", ['envs = {"a": AsyncVectorEnv(fns), "b": 3}', 'envs["a"] = AsyncVectorEnv(fns)']
)
def test_entries_of_a_dict_are_followed(made: str) -> None:
    before = HEAD.replace("envs = AsyncVectorEnv(fns)", f"envs = {{}}\n{made}")
    before += 'obs, infos = envs["a"].reset()\nfor ep in range(9):\n    for t in range(5):\n        '
    before += STEP.replace("envs", 'envs["a"]')
    check_transformed(before, before + "    " + COMMENT + '    obs, infos = envs["a"].reset()\n', FIX)


def test_another_entry_of_the_dict_is_not() -> None:
    before = HEAD.replace("envs = AsyncVectorEnv(fns)", 'envs = {"a": AsyncVectorEnv(fns), "b": other()}')
    before += 'obs, infos = envs["b"].reset()\nfor ep in range(9):\n    for t in range(5):\n        '
    check_noop(before + STEP.replace("envs", 'envs["b"]'), FIX)


def test_a_reset_in_a_handler_shows_the_idiom_where_no_other_does() -> None:
    before = HEAD + (
        "obs = first()\nfor ep in range(9):\n    for t in range(5):\n        try:\n            "
        + STEP
        + "        except OSError:\n            obs, _ = envs.reset(seed=1)\n"
    )
    plan = check_transformed(before, before + "    " + COMMENT + "    obs, _ = envs.reset()\n", FIX)
    assert plan.edits[0].message == "resets at the end of each episode: obs, _ = envs.reset()"


def test_the_message_says_where_the_reset_goes() -> None:
    script = HEAD + "obs, _ = envs.reset()\nfor ep in range(9):\n    for t in range(5):\n        " + STEP
    script += "    if ep:\n        continue\n    print(ep)\n"
    _, plan = patched(script, FIX)
    assert plan.edits[0].message == "resets at the start of each episode: obs, _ = envs.reset()"


def test_two_environments_made_in_one_line() -> None:
    before = """\
    from gymnasium.vector import AsyncVectorEnv
    train, test = AsyncVectorEnv(fns), AsyncVectorEnv(fns)
    obs, _ = train.reset()
    for ep in range(9):
        for t in range(25):
            obs, r, te, tr, info = train.step(act(obs))
    """
    line = "            obs, r, te, tr, info = train.step(act(obs))\n"
    reset = "        # Reset environments for next episode (CRITICAL FIX)\n        obs, _ = train.reset()\n"
    check_transformed(before, before.replace(line, line + reset), FIX)


def test_tabs() -> None:
    before = HEAD + "obs, infos = envs.reset()\nfor ep in range(9):\n\tfor t in range(5):\n\t\t" + STEP
    check_transformed(before, before + "\t" + COMMENT + "\tobs, infos = envs.reset()\n", FIX)
