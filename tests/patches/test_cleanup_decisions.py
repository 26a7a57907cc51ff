"""Clean-up of child processes by hand: which loops do nothing else, on variations of single lines."""

from __future__ import annotations

import pytest

from tests.patches.test_fix_decisions import said

HEAD = (
    "import logging, multiprocessing as mp, os, psutil, signal, time\nfrom gymnasium.vector import AsyncVectorEnv\n"
    "envs = AsyncVectorEnv(fns)\n"
)
OVER = "for p in mp.active_children():\n"
LIST = "ps = mp.active_children()\n"
EACH = "for p in ps:\n    p.kill()\n"

# what follows the head, from line 4 on: what is changed and said
CLEAN_UPS = {
    OVER + "    p.terminate()\n": ["edit 4"],
    OVER + "    p.kill()\n    p.join(1)\n    p.close()\n": ["edit 4"],
    OVER + "    p.join()\n": [],
    OVER + "    p.name()\n": [],
    OVER + "    p.kill()\n    p.name()\n": ["interleaved 4"],
    OVER + "    q.kill()\n": ["interleaved 4"],
    OVER + "    p.x.kill()\n": ["interleaved 4"],
    OVER + "    kill(p)\n": [],
    OVER + "    p.kill()\n    pass\n": ["edit 4"],
    OVER + "    p.kill()\n    continue\n": ["edit 4"],
    OVER + "    p.kill()\n    break\n": ["interleaved 4"],
    OVER + "    p.kill()\n    n = 1\n": ["interleaved 4"],
    OVER + "    'end it'\n    p.kill()\n": ["edit 4"],
    OVER + "    p.kill()\nelse:\n    p = 1\n": ["interleaved 4"],
    OVER + "    if p.is_alive():\n        p.kill()\n": ["edit 4"],
    OVER + "    if not p.is_alive():\n        continue\n    p.kill()\n": ["edit 4"],
    OVER + "    if p.is_alive():\n        p.kill()\n    else:\n        n = 1\n": ["interleaved 4"],
    OVER + "    if p.name == 'x':\n        p.kill()\n": ["interleaved 4"],
    OVER + "    if q.is_alive():\n        p.kill()\n": ["interleaved 4"],
    OVER + "    if p is not mp.current_process():\n        p.kill()\n": ["edit 4"],
    OVER + "    if p.pid != os.getpid():\n        p.kill()\n": ["edit 4"],
    OVER + "    if os.getpid() != p.pid:\n        p.kill()\n": ["edit 4"],
    OVER + "    if p.pid == os.getpid():\n        p.kill()\n": ["interleaved 4"],
    OVER + "    if p.pid != os.getpid():\n        p.kill()\n    else:\n        pass\n": ["interleaved 4"],
    OVER + "    if q.pid != os.getpid():\n        p.kill()\n": ["interleaved 4"],
    OVER + "    if p.pid != other:\n        p.kill()\n": ["interleaved 4"],
    OVER + "    if p.pid != os.getpid() != q:\n        p.kill()\n": ["interleaved 4"],
    OVER + "    try:\n        p.kill()\n    except E:\n        pass\n": ["edit 4"],
    OVER + "    try:\n        p.kill()\n    except E:\n        print(p)\n": ["edit 4"],
    OVER + "    try:\n        p.kill()\n    except E:\n        n = 1\n": ["interleaved 4"],
    OVER + "    try:\n        p.kill()\n    except E:\n        pass\n    else:\n        n = 1\n": [
        "interleaved 4"
    ],
    OVER + "    try:\n        p.kill()\n    finally:\n        n = 1\n": ["interleaved 4"],
    OVER + "    try:\n        n = 1\n    finally:\n        p.kill()\n": ["interleaved 4"],
    OVER + "    os.kill(p.pid, signal.SIGKILL)\n": ["edit 4"],
    OVER + "    os.kill(q.pid, signal.SIGKILL)\n": ["interleaved 4"],
    OVER + "    os.kill(p, signal.SIGKILL)\n": ["interleaved 4"],
    OVER + "    os.kill(p.pid, 9, 1)\n": ["interleaved 4"],
    OVER + "    print(p)\n    p.kill()\n": ["edit 4"],
    OVER + "    logging.warning(p)\n    p.kill()\n": ["edit 4"],
    OVER + "    logging.other(p)\n    p.kill()\n": ["interleaved 4"],
    OVER + "    p.kill()\n    print(p)\n": ["interleaved 4"],
    OVER + "    print(\n        p\n    )\n    p.kill()\n": ["interleaved 4"],
    "for p, q in mp.active_children():\n    p.kill()\n": ["interleaved 4"],
    "for p in list(mp.active_children()):\n    p.kill()\n": ["edit 4"],
    "for p in tuple(mp.active_children()):\n    p.kill()\n": ["edit 4"],
    "for p in sorted(mp.active_children()):\n    p.kill()\n": ["interleaved 4"],
    "for p in mp.active_children()[1:]:\n    p.kill()\n": ["interleaved 4"],
    "for p in mp.active_children(): p.kill()\n": ["edit 4"],
    "for p in mp.active_children(): p.kill(); n = 1\n": ["interleaved 4"],
    "n = 1; [p.kill() for p in mp.active_children()]\n": ["interleaved 4"],
    "[p.kill() for p in mp.active_children()]\n": ["edit 4"],
    "[p.join() for p in mp.active_children()]\n": [],
    "[q.kill() for p in mp.active_children()]\n": ["interleaved 4"],
    "[p.kill() for p in mp.active_children() if p]\n": ["interleaved 4"],
    "[p.kill() for p in mp.active_children() for q in x]\n": ["interleaved 4"],
    "{p.kill() for p in mp.active_children()}\n": ["interleaved 4"],
    "x = [p.kill() for p in mp.active_children()]\n": ["interleaved 4"],
    # lists in a variable
    LIST + EACH: ["edit 4"],
    LIST + "n = 1\n" + EACH: ["edit 6"],
    LIST + "print(len(ps))\n" + EACH: ["edit 6"],
    LIST + EACH + "print(ps)\n": ["interleaved 4"],
    LIST + EACH + EACH: ["edit 4"],
    LIST + EACH + "n = 1\n" + EACH: ["interleaved 4"],
    LIST + EACH + "for p in ps:\n    p.join()\n": ["edit 4"],
    LIST + EACH + "for p in ps:\n    print(p)\n    p.join()\n": ["interleaved 4"],
    LIST + "for p in ps:\n    print(p)\n    p.kill()\n": ["edit 5"],
    LIST + "if ps:\n    for p in ps:\n        p.kill()\n": ["edit 6"],
    LIST + "while ps:\n    for p in ps:\n        p.kill()\n": ["interleaved 4"],
    LIST + "def f():\n    for p in ps:\n        p.kill()\n": ["interleaved 4"],
    "ps = qs = mp.active_children()\n" + EACH: ["interleaved 4"],
    "ps = mp.active_children() or []\n" + EACH: ["interleaved 4"],
    LIST + "ps = ps[1:]\n" + EACH: ["interleaved 4"],
    LIST + "n = 1\n": [],
    LIST + EACH + "psutil.wait_procs(ps, timeout=3)\n": ["edit 4"],
    LIST + EACH + "gone, alive = psutil.wait_procs(ps, timeout=3)\nfor p in alive:\n    p.kill()\n": [
        "edit 4"
    ],
    LIST + EACH + "gone, alive = psutil.wait_procs(ps, timeout=3)\nprint(gone)\n": ["interleaved 4"],
    LIST + EACH + "psutil.wait_procs(qs, timeout=3)\n": ["edit 4"],
    LIST + EACH + "psutil.wait_procs(ps, callback=f)\n": ["interleaved 4"],
    # while some are left
    "while mp.active_children():\n    for p in mp.active_children():\n        p.kill()\n    time.sleep(1)\n": [
        "edit 4"
    ],
    "while len(mp.active_children()) != 0:\n    for p in mp.active_children():\n        p.kill()\n": [
        "edit 4"
    ],
    "while len(mp.active_children()) > 1:\n    for p in mp.active_children():\n        p.kill()\n": [
        "interleaved 4",
        "edit 5",
    ],
    "while mp.active_children():\n    for p in mp.active_children():\n        p.kill()\nelse:\n    n = 1\n": [
        "interleaved 4",
        "edit 5",
    ],
    "while mp.active_children():\n    for p in mp.active_children():\n        p.kill()\n    n = 1\n": [
        "interleaved 4",
        "edit 5",
    ],
    "while mp.active_children():\n    for p in ps:\n        p.kill()\n": ["interleaved 4"],
    # trees
    "for p in psutil.Process().children(recursive=True):\n    p.kill()\n": ["edit 4"],
    "for p in psutil.Process().children(True):\n    p.kill()\n": ["edit 4"],
    "for p in psutil.Process().children(recursive=False):\n    p.kill()\n": ["direct-children 4"],
    "for p in psutil.Process().children(1):\n    p.kill()\n": ["direct-children 4"],
    "for p in psutil.Process(pid=os.getpid()).children(recursive=True):\n    p.kill()\n": ["edit 4"],
    "for p in psutil.Process(os.getppid()).children(recursive=True):\n    p.kill()\n": ["process-tree 4"],
    "for p in psutil.Process(3).children(recursive=True):\n    p.kill()\n": ["process-tree 4"],
    "for p in other.Process().children(recursive=True):\n    p.kill()\n": [],
    "for p in psutil.Process().parents(recursive=True):\n    p.kill()\n": [],
    "me = psutil.Process()\nfor p in me.children(recursive=True):\n    p.kill()\n": ["edit 4"],
    "me = psutil.Process()\nme = psutil.Process(3)\nfor p in me.children(recursive=True):\n    p.kill()\n": [],
    "me = psutil.Process(); n = 1\nfor p in me.children(recursive=True):\n    p.kill()\n": ["edit 5"],
    "me = you = psutil.Process()\nfor p in me.children(recursive=True):\n    p.kill()\n": ["edit 5"],
    "you = psutil.Process()\nfor p in psutil.Process().children(recursive=True):\n    p.kill()\n": ["edit 4"],
    # the workers of the environments
    "for p in envs.processes:\n    p.kill()\n": ["edit 4"],
    "for p in envs.processes:\n    p.kill()\n    n = 1\n": [],
    "for p in other.processes:\n    p.kill()\n": [],
    "for p in envs.workers:\n    p.kill()\n": [],
    # beyond the own children
    "os.system('pkill python')\n": ["system-wide 4"],
    "os.system('echo; kill 3')\n": ["system-wide 4"],
    "os.system('fuser -k 80/tcp')\n": ["system-wide 4"],
    "os.system('skill python')\n": [],
    "os.system(command)\n": [],
    "other.system('pkill python')\n": [],
    "import subprocess\nsubprocess.run(['x'], env='pkill a')\n": [],
    "for p in psutil.process_iter():\n    p.kill()\n": ["system-wide 4"],
    "for p in psutil.process_iter():\n    print(p)\nx.kill()\n": [],
    "ps = psutil.process_iter()\nfor p in ps:\n    p.kill()\n": ["system-wide 4"],
    "ps = psutil.pids()\n": [],
    "for p in psutil.pids():\n    os.kill(p, 9)\n": ["system-wide 4"],
    "os.killpg(g, 9)\n": ["process-group 4"],
}


@pytest.mark.parametrize("text", CLEAN_UPS)
def test_what_ends_processes(text: str) -> None:
    found = [line for line in said(HEAD + text, "process-cleanup") if not line.startswith("nothing-to-do")]
    assert [line for line in found if line != "edit 1"] == CLEAN_UPS[text]
