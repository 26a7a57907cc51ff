"""Examples of drop-void-transitions: each is a test and a piece of the documentation."""

from __future__ import annotations

from ..model import Case

__all__ = ["CASES"]

CASES = (
    Case(
        "the one statement that stores is guarded",
        """\
from stablepool import StableProcessPoolEnv

envs = StableProcessPoolEnv(env_fns)
while training:
    next_obs, rewards, terminated, truncated, infos = envs.step(actions)
    for i in range(N_ENVS):
        memory.push(obs[i], actions[i], rewards[i], next_obs[i], terminated[i])
        returns[i] += rewards[i]
""",
        """\
from stablepool import StableProcessPoolEnv, valid_transitions

envs = StableProcessPoolEnv(env_fns)
while training:
    next_obs, rewards, terminated, truncated, infos = envs.step(actions)
    valid = valid_transitions(infos, N_ENVS)
    for i in range(N_ENVS):
        if valid[i]:
            memory.push(obs[i], actions[i], rewards[i], next_obs[i], terminated[i])
        returns[i] += rewards[i]
""",
    ),
    Case(
        "without a name for their number, the environments are asked; a name that is taken is left to its owner",
        """\
from stablepool import StableProcessPoolEnv

envs = StableProcessPoolEnv(env_fns)
valid = load_validation_set()
for step in range(1000):
    next_obs, rewards, terminated, truncated, infos = envs.step(actions)
    for i, reward in enumerate(rewards):
        buffer.append((obs[i], actions[i], reward, next_obs[i], terminated[i]))
""",
        """\
from stablepool import StableProcessPoolEnv, valid_transitions

envs = StableProcessPoolEnv(env_fns)
valid = load_validation_set()
for step in range(1000):
    next_obs, rewards, terminated, truncated, infos = envs.step(actions)
    valid_rows = valid_transitions(infos, envs.num_envs)
    for i, reward in enumerate(rewards):
        if valid_rows[i]:
            buffer.append((obs[i], actions[i], reward, next_obs[i], terminated[i]))
""",
    ),
    Case(
        "rows that are zipped, and rows that are stored all together",
        """\
from stablepool import StableProcessPoolEnv

envs = StableProcessPoolEnv(env_fns)
while training:
    next_obs, rewards, terminated, truncated, infos = envs.step(actions)
    for o, a, r, n, d in zip(obs, actions, rewards, next_obs, terminated):
        memory.push(o, a, r, n, d)

while testing:
    next_obs, rewards, terminated, truncated, infos = envs.step(actions)
    tests.extend([(obs[i], rewards[i], next_obs[i]) for i in range(N_ENVS)])
""",
        """\
from stablepool import StableProcessPoolEnv, valid_transitions

envs = StableProcessPoolEnv(env_fns)
while training:
    next_obs, rewards, terminated, truncated, infos = envs.step(actions)
    valid = valid_transitions(infos, envs.num_envs)
    for o, a, r, n, d, is_valid in zip(obs, actions, rewards, next_obs, terminated, valid):
        if is_valid:
            memory.push(o, a, r, n, d)

while testing:
    next_obs, rewards, terminated, truncated, infos = envs.step(actions)
    tests.extend([(obs[i], rewards[i], next_obs[i]) for i in valid_transitions(infos, N_ENVS).nonzero()[0].tolist()])
""",
    ),
    Case(
        "infos that are thrown away",
        """\
from stablepool import StableProcessPoolEnv

envs = StableProcessPoolEnv(env_fns)
next_obs, rewards, terminated, truncated, _ = envs.step(actions)
for i in range(N_ENVS):
    memory.push(obs[i], actions[i], rewards[i], next_obs[i], terminated[i])
""",
        diagnostics=("infos-discarded",),
    ),
    Case(
        "a whole batch stored at once",
        """\
from stablepool import StableProcessPoolEnv

envs = StableProcessPoolEnv(env_fns)
next_obs, rewards, terminated, truncated, infos = envs.step(actions)
buffer.add(obs, next_obs, actions, rewards, terminated, infos)
""",
        diagnostics=("batched-store",),
    ),
)
