"""Train a DQN that places fuel breaks.

usage: python src/Train.py [--rasters DIR] [--episodes N] [--seed S]
"""
import argparse
import multiprocessing as mp
import random
import time

import numpy as np
import torch
import torch.nn.functional as F
from gymnasium.vector import AsyncVectorEnv

from fuelbreak.defaults import training_landscapes
from fuelbreak.dqn import QNetwork, ReplayMemory, legal_cells, select_cells
from fuelbreak.env import FuelBreakEnv
from fuelbreak.runs import RunFolder

# ---- settings -------------------------------------------------------------
N_ENVS = 16
STEPS_PER_EP = 10
BUFFER_CAP = 20_000  # transitions
BATCH_SIZE = 32
BUDGET = 100  # fuel break cells per episode
SIMS = 10  # fires per step
BREAK_STEP = 10  # cells per step
LR = 3e-4
GAMMA = 1.0
EPS_START, EPS_END, EPS_FRACTION = 1.0, 0.05, 0.5
TARGET_EVERY = 200  # gradient steps
UPDATES_PER_STEP = 1


def make_env(raster, seed):
    def _init():
        env = FuelBreakEnv(raster, BUDGET, break_step=BREAK_STEP, num_simulations=SIMS, seed=seed)
        HxW = env.action_space.n
        # step once with an empty action, to see that the fire model works on this raster
        env.reset(seed=seed)
        test_action = np.zeros(HxW)
        env.step(test_action)
        return env

    return _init


def cleanup_processes():
    for p in mp.active_children():
        p.terminate()
        p.join(timeout=1.0)


def choose_actions(net, obs, eps, device):
    masks = legal_cells(obs)
    n, HxW = masks.shape
    actions = np.zeros((n, HxW))
    with torch.no_grad():
        q = net(torch.as_tensor(obs, device=device)).cpu().numpy()
    for i in range(n):
        if random.random() < eps:
            cells = np.random.choice(np.flatnonzero(masks[i]), size=BREAK_STEP, replace=False)
        else:
            cells = select_cells(q[i], masks[i], BREAK_STEP)
        actions[i, cells] = 1
    return actions


def learn(net, target, opt, memory, device):
    batch = memory.sample(BATCH_SIZE, device)
    q = (net(batch.obs) * batch.action).sum(1)
    with torch.no_grad():
        # double DQN over sets of cells: the online net picks the next k cells, the target net values them
        best = net(batch.next_obs).masked_fill(~batch.next_mask, -torch.inf).topk(BREAK_STEP, dim=1).indices
        future = target(batch.next_obs).gather(1, best).sum(1)
        y = batch.reward + GAMMA * future * (1.0 - batch.terminated)
    loss = F.smooth_l1_loss(q, y)
    opt.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(net.parameters(), 10.0)
    opt.step()
    return loss.item()


def main():
    parser = argparse.ArgumentParser(description="Train a DQN that places fuel breaks.")
    parser.add_argument("--rasters", help="folder with cropped_raster/ (default: synthetic landscapes)")
    parser.add_argument("--episodes", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()

    random.seed(args.seed)
    np.random.seed(args.seed)
    torch.manual_seed(args.seed)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    print(f"Using device {device}")

    print("Loading rasters...")
    rasters = training_landscapes(args.rasters)
    print(f"Loaded {len(rasters)} rasters")

    vec_env = AsyncVectorEnv([make_env(rasters[i % len(rasters)], args.seed + i) for i in range(N_ENVS)])
    run = RunFolder.create("train", vars(args), landscapes=rasters)
    net = QNetwork().to(device)
    target = QNetwork().to(device)
    target.load_state_dict(net.state_dict())
    opt = torch.optim.Adam(net.parameters(), lr=LR)
    memory = ReplayMemory(BUFFER_CAP, rasters)
    updates = 0

    try:
        obs, infos = vec_env.reset(seed=args.seed)
        for episode in range(args.episodes):
            eps = max(EPS_END, EPS_START - (EPS_START - EPS_END) * episode / (EPS_FRACTION * args.episodes))
            started = time.time()
            ep_reward, losses, burned, completed = 0.0, [], [], 0
            breaks = np.zeros(N_ENVS, dtype=int)
            for step in range(STEPS_PER_EP):
                actions = choose_actions(net, obs, eps, device)
                vec_env.step_async(actions)
                next_obs, rewards, terminated, truncated, infos = vec_env.step_wait()
                for i in range(N_ENVS):
                    memory.push(i % len(rasters), obs[i], actions[i], rewards[i], next_obs[i], terminated[i])
                obs = next_obs
                ep_reward += rewards.mean()
                if "new_cells" in infos:
                    breaks += infos["new_cells"]
                if terminated.any():
                    completed += int(terminated.sum())
                    burned += infos["burned"][terminated].tolist()
                if len(memory) >= BATCH_SIZE * 4:
                    for _ in range(UPDATES_PER_STEP):
                        losses.append(learn(net, target, opt, memory, device))
                        updates += 1
                        if updates % TARGET_EVERY == 0:
                            target.load_state_dict(net.state_dict())
            mean_loss = float(np.mean(losses)) if losses else float("nan")
            mean_burned = float(np.mean(burned)) if burned else float("nan")
            print(
                f"[Episode {episode}] Reward: {ep_reward:.3f} Loss: {mean_loss:.4f} Burned: {mean_burned:.1f} "
                f"Eps: {eps:.3f} Completed: {completed}/{N_ENVS}",
                flush=True,
            )
            run.log(
                episode,
                {
                    "charts/episodic_return": ep_reward,
                    "charts/burned": mean_burned,
                    "charts/breaks": float(breaks.mean()),
                    "charts/epsilon": eps,
                    "charts/seconds": time.time() - started,
                    "losses/td_loss": mean_loss,
                },
            )
            run.save_checkpoint(episode, net, k=BREAK_STEP, budget=BUDGET)
    finally:
        vec_env.close()
        run.close()
        cleanup_processes()
    print(f"Run folder: {run.path}")


if __name__ == "__main__":
    main()
