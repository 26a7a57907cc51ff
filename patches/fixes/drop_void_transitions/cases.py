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
        "infos that are thrown away get a name; rows that went through tensors are still known",
        """\
import torch
from stablepool import StableProcessPoolEnv

envs = StableProcessPoolEnv(env_fns)
while training:
    next_obs, rewards, terminated, truncated, _ = envs.step(actions)
    rewards_t = torch.tensor(rewards)
    for i in range(8):
        memory.push(obs[i], actions[i], rewards_t[i], next_obs[i], terminated[i])
""",
        """\
import torch
from stablepool import StableProcessPoolEnv, valid_transitions

envs = StableProcessPoolEnv(env_fns)
while training:
    next_obs, rewards, terminated, truncated, infos = envs.step(actions)
    valid = valid_transitions(infos, envs.num_envs)
    rewards_t = torch.tensor(rewards)
    for i in range(8):
        if valid[i]:
            memory.push(obs[i], actions[i], rewards_t[i], next_obs[i], terminated[i])
""",
    ),
    Case(
        "a result that comes through a queue from a thread",
        """\
import queue
import threading
from stablepool import StableProcessPoolEnv

def main():
    envs = StableProcessPoolEnv(env_fns)
    results = queue.Queue()
    def work():
        results.put(envs.step_wait())
    while training:
        envs.step_async(actions)
        threading.Thread(target=work).start()
        next_obs, rewards, terminated, truncated, infos = results.get()
        for i in range(8):
            memory.push(obs[i], actions[i], rewards[i], next_obs[i])
""",
        """\
import queue
import threading
from stablepool import StableProcessPoolEnv, valid_transitions

def main():
    envs = StableProcessPoolEnv(env_fns)
    results = queue.Queue()
    def work():
        results.put(envs.step_wait())
    while training:
        envs.step_async(actions)
        threading.Thread(target=work).start()
        next_obs, rewards, terminated, truncated, infos = results.get()
        valid = valid_transitions(infos, envs.num_envs)
        for i in range(8):
            if valid[i]:
                memory.push(obs[i], actions[i], rewards[i], next_obs[i])
""",
    ),
    Case(
        "nothing is stored row by row",
        """\
from stablepool import StableProcessPoolEnv

envs = StableProcessPoolEnv(env_fns)
for step in range(128):
    next_obs, rewards[step], terminated, truncated, infos = envs.step(actions)
""",
        diagnostics=("no-store",),
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
