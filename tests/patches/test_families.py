"""Habits of real training scripts that the tool once got wrong, each by its smallest script."""

from __future__ import annotations

from textwrap import dedent

from patches.run.plan import Plan, apply, make_plan
from tests.patches.tools import check_refused, check_transformed, options, patched, reported

RESET = ["reset-between-episodes"]
SWAP = ["swap-vector-env"]
VOID = ["swap-vector-env", "drop-void-transitions"]


def after(script: str, only: list[str]) -> str:
    """The patched script."""
    return patched(dedent(script), only)[0]


def patched_or_refused(script: str) -> tuple[bytes, Plan]:
    """What the swap makes of a script, refused or not."""
    plan = make_plan(script.encode(), options(SWAP))
    return apply(plan), plan


class TestSteps:
    """Steps of old gym: four values are carried over, five or both need nothing, and flow decides who is meant."""

    def test_a_step_that_takes_four_values_or_five_stays_as_it_is(self) -> None:
        script = """\
            from gym.vector import AsyncVectorEnv
            envs = AsyncVectorEnv(env_fns)
            out = envs.step(actions)
            {test}
                obs, rewards, term, trunc, infos = out
            {other}
                obs, rewards, done, infos = out
            """
        for test, other in (
            ("if len(out) == 5:", "else:"),
            ("if len(out) != 4:", "else:"),
            ("try:", "except ValueError:"),
        ):
            result = after(script.format(test=test, other=other), SWAP)
            assert "obs, rewards, done, infos = out" in result
            assert "StableProcessPoolEnv" in result

    def test_through_a_queue_a_helper_a_future_and_a_coroutine(self) -> None:
        for lines in (
            "results.put(envs.step(actions))\nout = results.get()",
            "out = helper(envs, actions)",
            "future = pool.submit(envs.step, actions)\nout = future.result(timeout=90)",
            "out = asyncio.run(asyncio.to_thread(envs.step, actions))",
            "box = [None]\ndef work():\n    box[0] = envs.step(actions)\nwork()\nout = box[0]",
        ):
            script = (
                "import asyncio, queue\nfrom gym.vector import AsyncVectorEnv\nresults = queue.Queue()\n"
                "def helper(e, a):\n    return e.step(a)\nenvs = AsyncVectorEnv(env_fns)\n"
                f"{lines}\nif len(out) == 5:\n    o, r, t, u, i = out\nelse:\n    o, r, d, i = out\n"
            )
            result, plan = patched(script, SWAP)
            assert not plan.refusals, (lines, plan.refusals)
            assert "o, r, d, i = out" in result

    def test_a_plain_environment_of_the_same_name_keeps_its_four_values(self) -> None:
        check_transformed(
            """\
            import gym
            if many:
                env = gym.vector.AsyncVectorEnv(env_fns)
                obs = env.reset()
                obs, reward, done, info = env.step(policy(obs))
            else:
                env = gym.make("CartPole-v0")
                obs = env.reset()
                obs, reward, done, info = env.step(0)
            """,
            """\
            import gym
            from stablepool import StableProcessPoolEnv
            if many:
                env = StableProcessPoolEnv(env_fns, autoreset_mode="SameStep")
                obs = env.reset()[0]
                obs, reward, terminated, truncated, info = env.step(policy(obs))
                done = terminated | truncated
            else:
                env = gym.make("CartPole-v0")
                obs = env.reset()
                obs, reward, done, info = env.step(0)
            """,
            SWAP,
        )

    def test_a_name_that_may_hold_either_is_refused_with_the_other_place(self) -> None:
        plan = check_refused(
            """\
            import gym
            if many:
                env = gym.vector.AsyncVectorEnv(env_fns)
            else:
                env = gym.make("CartPole-v0")
            obs, reward, done, info = env.step(action)
            """,
            "mixed-receiver",
            "6:27",
            SWAP,
        )
        assert "line 5" in plan.refusals[0].message


class TestKeys:
    """Only a key that is read from the infos of a vector step is renamed."""

    def test_other_dictionaries_keep_their_keys(self) -> None:
        script = """\
            import json
            import gymnasium as gym
            from gymnasium.vector import AsyncVectorEnv
            class Auto(gym.Wrapper):
                def step(self, action):
                    obs, r, term, trunc, info = self.env.step(action)
                    info["final_observation"] = obs
                    return obs, r, term, trunc, info
            envs = AsyncVectorEnv(env_fns)
            log = {"rows": 0}
            log["final_observation"] = "see table"
            state = json.load(open("other.json"))["final_observation"]
            """
        assert after(script, SWAP).count("final_observation") == 3

    def test_infos_of_a_step_are_followed_through_variables_and_functions(self) -> None:
        script = """\
            from gymnasium.vector import AsyncVectorEnv
            def last(infos):
                return infos.get("final_observation")
            envs = AsyncVectorEnv(env_fns)
            *rest, infos = envs.step(actions)
            x = last(infos)
            """
        assert 'infos.get("final_obs")' in after(script, SWAP)


class TestResets:
    """A reset counts where every episode has it, and where it binds what the next action is computed from."""

    def test_a_reset_under_a_condition_is_none_in_the_other_episodes(self) -> None:
        check_transformed(
            """\
            from stablepool import StableProcessPoolEnv
            envs = StableProcessPoolEnv(env_fns)
            obs, infos = envs.reset()
            for episode in range(100):
                if episode > 0 and episode % 10 == 0:
                    envs.close()
                    envs = StableProcessPoolEnv(env_fns)
                    obs, infos = envs.reset()
                for step in range(25):
                    obs, rewards, term, trunc, infos = envs.step(policy(obs))
            """,
            """\
            from stablepool import StableProcessPoolEnv
            envs = StableProcessPoolEnv(env_fns)
            obs, infos = envs.reset()
            for episode in range(100):
                if episode > 0 and episode % 10 == 0:
                    envs.close()
                    envs = StableProcessPoolEnv(env_fns)
                    obs, infos = envs.reset()
                for step in range(25):
                    obs, rewards, term, trunc, infos = envs.step(policy(obs))
                # Reset environments for next episode (CRITICAL FIX)
                obs, infos = envs.reset()
            """,
            RESET,
        )

    def test_a_reset_whose_result_is_taken_apart_later_is_copied_as_a_whole(self) -> None:
        script = """\
            from stablepool import StableProcessPoolEnv
            envs = StableProcessPoolEnv(env_fns)
            result = envs.reset()
            if isinstance(result, tuple) and len(result) == 2:
                obs, _ = result
            else:
                obs = result
            for episode in range(100):
                for step in range(25):
                    next_obs, rewards, term, trunc, infos = envs.step(policy(obs))
                    obs = next_obs
            """
        result = after(script, RESET)
        assert result.count("obs, _ = result") == 2
        assert result.count("obs = result\n") == 2

    def test_a_reset_that_binds_nothing_that_the_action_needs_does_not_count(self) -> None:
        script = """\
            from stablepool import StableProcessPoolEnv
            envs = StableProcessPoolEnv(env_fns)
            obs, infos = envs.reset()
            for episode in range(100):
                first = envs.reset()
                for step in range(25):
                    obs, rewards, term, trunc, infos = envs.step(policy(obs))
            """
        assert "    obs, infos = envs.reset()\n" in after(script, RESET)

    def test_environments_and_steps_behind_helpers(self) -> None:
        script = """\
            from stablepool import StableProcessPoolEnv
            def safe_step(envs, actions):
                for attempt in range(3):
                    try:
                        envs.step_async(actions)
                        return envs.step_wait()
                    except EOFError:
                        continue
            def create(fns):
                envs = StableProcessPoolEnv(fns)
                return envs, envs.reset()
            def main():
                envs, out = create(env_fns)
                obs = out[0] if isinstance(out, tuple) else out
                for episode in range(100):
                    for step in range(25):
                        nxt, r, d, tr, infos = safe_step(envs, policy(obs))
                        obs = nxt
            """
        assert "        obs = first_observations(envs.reset())\n" in after(script, RESET)

    def test_a_loop_that_tries_a_step_again_is_no_step_loop(self) -> None:
        script = """\
            from stablepool import StableProcessPoolEnv
            envs = StableProcessPoolEnv(env_fns)
            obs, infos = envs.reset()
            for ep in range(100):
                for step in range(STEPS_PER_EP):
                    for retry in range(3):
                        try:
                            out = envs.step(policy(obs))
                            break
                        except EOFError:
                            pass
                    obs, rewards, term, trunc, infos = out
            """
        lines = after(script, RESET).splitlines()
        assert lines[-1] == "    obs, infos = envs.reset()"
        assert sum("envs.reset()" in line for line in lines) == 2


class TestVoidRows:
    """What is stored is followed from the step, and what cannot be guarded is said."""

    def test_environments_that_a_helper_makes(self) -> None:
        script = """\
            from gymnasium.vector import AsyncVectorEnv
            def create(env_fns):
                envs = AsyncVectorEnv(env_fns)
                obs, infos = envs.reset()
                return envs, obs
            def main():
                envs, obs = create(env_fns)
                while training:
                    next_obs, rewards, term, trunc, infos = envs.step(policy(obs))
                    for i in range(8):
                        buffer.push(obs[i], rewards[i], next_obs[i], term[i])
            """
        assert "valid = valid_transitions(infos, envs.num_envs)" in after(script, VOID)

    def test_a_store_in_a_function_that_gets_rows_is_reported(self) -> None:
        script = """\
            from gymnasium.vector import AsyncVectorEnv
            def store(obs, rewards, nxt):
                for i in range(8):
                    buffer.push(obs[i], rewards[i], nxt[i])
            envs = AsyncVectorEnv(env_fns)
            nxt, rewards, term, trunc, infos = envs.step(actions)
            store(obs, rewards, nxt)
            """
        assert "stored-elsewhere" in reported(patched(dedent(script), VOID)[1])

    def test_lists_that_are_filled_side_by_side_leave_out_the_same_rows(self) -> None:
        script = """\
            from gymnasium.vector import AsyncVectorEnv
            envs = AsyncVectorEnv(env_fns)
            trajectories, log_probs = [[] for _ in range(8)], [[] for _ in range(8)]
            while training:
                next_obs, rewards, term, trunc, infos = envs.step(actions)
                for i in range(8):
                    trajectories[i].append((obs[i], actions[i], rewards[i], term[i]))
                    log_probs[i].append(log_prob[i])
            """
        result = after(script, VOID)
        assert "            trajectories[i].append" in result
        assert "            log_probs[i].append" in result

    def test_a_list_that_is_filled_once_a_step_beside_them_is_reported(self) -> None:
        script = """\
            from gymnasium.vector import AsyncVectorEnv
            envs = AsyncVectorEnv(env_fns)
            memory, values = [], []
            while training:
                values.append(value)
                next_obs, rewards, term, trunc, infos = envs.step(actions)
                for i in range(8):
                    memory.append((obs[i], actions[i], rewards[i], term[i]))
            """
        assert "parallel-stores" in reported(patched(dedent(script), VOID)[1])


class TestFinalInfos:
    """What Gymnasium before 1.0 returned for episodes that ended, in every way in which it is read."""

    def test_loops_masks_and_whole_reads_get_the_old_form(self) -> None:
        for use in (
            'for info in infos["final_info"]:\n    print(info)',
            'ended = infos["final_info"][infos["_final_info"]]',
            'process(infos["final_info"])',
            'final = infos.get("final_info")\nfor i, info in enumerate(final):\n    print(info)',
        ):
            script = (
                "from gymnasium.vector import AsyncVectorEnv\nenvs = AsyncVectorEnv(env_fns)\n"
                f"obs, rewards, term, trunc, infos = envs.step(actions)\n{use}\n"
            )
            result = patched(script, SWAP)[0]
            assert "final_infos(infos)" in result, use
            assert 'autoreset_mode="SameStep"' in result

    def test_a_dict_of_arrays_is_todays_form(self) -> None:
        script = (
            "from gymnasium.vector import AsyncVectorEnv\nenvs = AsyncVectorEnv(env_fns)\n"
            'obs, rewards, term, trunc, infos = envs.step(actions)\nx = infos["final_info"]["episode"]["r"]\n'
        )
        assert "final_infos" not in patched(script, SWAP)[0]


class TestOldGym:
    """Environments of old gym that leave the file, or meet others in one helper."""

    def test_every_way_out_of_the_file_is_refused(self) -> None:
        for way in (
            "run([gym.vector.AsyncVectorEnv(fns)])",
            "run(lambda: gym.vector.AsyncVectorEnv(fns))",
            "agent.env = gym.vector.AsyncVectorEnv(fns)",
            "class A(Base):\n    def make(self):\n        self.env = gym.vector.AsyncVectorEnv(fns)",
            "def create():\n    return gym.vector.AsyncVectorEnv(fns), gym.vector.SyncVectorEnv(fns)",
        ):
            _, plan = patched_or_refused(f"import gym\n{way}\n")
            assert [d.code for d in plan.refusals] == ["leaves-file"], way

    def test_a_helper_that_gets_a_plain_environment_as_well_is_refused(self) -> None:
        _, plan = patched_or_refused(
            "import gym\ndef rollout(env):\n    obs, r, done, info = env.step(policy(env.reset()))\n"
            "rollout(gym.vector.AsyncVectorEnv(fns))\nrollout(gym.make('C-v0'))\n"
        )
        assert [d.code for d in plan.refusals] == ["mixed-receiver"]

    def test_rows_that_are_counted_are_observations(self) -> None:
        script = (
            "import gym\nenvs = gym.vector.AsyncVectorEnv(fns)\nobs = envs.reset()\ntotal = len(obs)\n"
            "print(type(obs))\nobs, r, done, info = envs.step(policy(obs))\n"
        )
        assert "obs = envs.reset()[0]\n" in patched(script, SWAP)[0]


class TestSteppingElsewhere:
    """Loops over episodes whose steps stand in another function."""

    def test_neither_function_resets(self) -> None:
        script = """\
            from stablepool import StableProcessPoolEnv
            class Runner:
                def __init__(self):
                    self.envs = StableProcessPoolEnv(fns)
                    self.obs, _ = self.envs.reset()
                def play(self):
                    for _ in range(25):
                        self.obs, r, te, tr, info = self.envs.step(self.policy(self.obs))
                def train(self):
                    for episode in range(100):
                        self.play()
            """
        assert reported(patched(dedent(script), RESET)[1]) == ("split-episode",)

    def test_a_loop_that_never_ends_has_no_second_episode(self) -> None:
        script = """\
            from stablepool import StableProcessPoolEnv
            envs = StableProcessPoolEnv(fns)
            obs, _ = envs.reset()
            for episode in range(10):
                while True:
                    obs, r, te, tr, infos = envs.step(act(obs))
            """
        plan = patched(dedent(script), RESET)[1]
        assert not plan.edits
        assert [d.code for d in plan.diagnostics] == ["endless"]
