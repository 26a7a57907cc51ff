"""Habits of real training scripts that the tool once got wrong, each by its smallest script."""

from __future__ import annotations

from textwrap import dedent

from tests.patches.tools import check_refused, check_transformed, patched, reported

RESET = ["reset-between-episodes"]
SWAP = ["swap-vector-env"]
VOID = ["swap-vector-env", "drop-void-transitions"]


def after(script: str, only: list[str]) -> str:
    """The patched script."""
    return patched(dedent(script), only)[0]


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
