"""Clean-up of processes by hand: replaced where it does nothing else, reported where it does, never passed over."""

from __future__ import annotations

import pytest

from tests.patches.tools import check_noop, check_transformed, reported

IMPORT = "from gymnasium.vector import AsyncVectorEnv\n"
STABLE = "from stablepool import terminate_children\n"
MADE = "envs = AsyncVectorEnv(fns)\n"
ALL = "terminate_children(include_subprocesses=True)\n"

# name: (head, before, after)
REPLACED = {
    "a tree at once": (
        "import psutil\n",
        "for child in psutil.Process().children(recursive=True):\n    child.kill()\n",
        ALL,
    ),
    "a tree by its own id": (
        "import os\nimport psutil\n",
        "for child in psutil.Process(os.getpid()).children(recursive=True):\n    child.terminate()\n",
        ALL,
    ),
    "a tree in a variable": (
        "import psutil\n",
        "me = psutil.Process()\nfor child in me.children(recursive=True):\n    child.terminate()\n",
        ALL,
    ),
    "terminate, wait, kill": (
        "import psutil\n",
        "me = psutil.Process()\nchildren = me.children(recursive=True)\nfor c in children:\n    c.terminate()\n"
        "_, alive = psutil.wait_procs(children, timeout=3)\nfor c in alive:\n    c.kill()\n",
        ALL,
    ),
    "errors passed over": (
        "import psutil\n",
        "for c in psutil.Process().children(recursive=True):\n    try:\n        c.terminate()\n        c.wait(2)\n"
        "    except psutil.NoSuchProcess:\n        continue\n    except psutil.TimeoutExpired:\n        c.kill()\n",
        ALL,
    ),
    "while some are left": (
        "import multiprocessing as mp\n",
        "while mp.active_children():\n    for p in mp.active_children():\n        p.terminate()\n",
        "terminate_children()\n",
    ),
    "while their number is positive": (
        "import multiprocessing as mp\n",
        "while len(mp.active_children()) > 0:\n    for p in list(mp.active_children()):\n        p.kill()\n",
        "terminate_children()\n",
    ),
}

# name: (script, reported)
LEFT_ALONE: dict[str, tuple[str, tuple[str, ...]]] = {
    "children that are only counted": (
        "import psutil\nprint(len(psutil.Process().children(recursive=True)))\n",
        (),
    ),
    "memory of children": (
        "import psutil\nfor c in psutil.Process().children(recursive=True):\n    used += c.memory_info().rss\n",
        (),
    ),
    "some of the children": (
        "import psutil\nfor c in psutil.Process().children(recursive=True):\n    if 'python' in c.name():\n"
        "        c.kill()\n",
        ("interleaved",),
    ),
    "other work in the loop": (
        "import psutil\nfor c in psutil.Process().children(recursive=True):\n    count(c)\n    c.kill()\n",
        ("interleaved",),
    ),
    "a list that is used again": (
        "import psutil\ncs = psutil.Process().children(recursive=True)\nfor c in cs:\n    c.kill()\nprint(cs)\n",
        ("interleaved",),
    ),
    "a callback for those that are gone": (
        "import psutil\ncs = psutil.Process().children(recursive=True)\nfor c in cs:\n    c.kill()\n"
        "psutil.wait_procs(cs, timeout=3, callback=on_end)\n",
        ("interleaved",),
    ),
    "direct children": (
        "import psutil\nfor c in psutil.Process().children():\n    c.kill()\n",
        ("direct-children",),
    ),
    "the tree of another process": (
        "import psutil\ndef end(pid):\n    parent = psutil.Process(pid)\n"
        "    for c in parent.children(recursive=True):\n        c.kill()\n    parent.kill()\n",
        ("process-tree",),
    ),
    "waiting until all have ended": (
        "import multiprocessing as mp\nimport time\nwhile mp.active_children():\n    time.sleep(1)\n",
        (),
    ),
    "other work while some are left": (
        "import multiprocessing as mp\nwhile mp.active_children():\n    mp.active_children()[0].kill()\n    save()\n",
        ("interleaved", "interleaved"),
    ),
    "pkill": ("import os\nos.system('pkill -9 -f Train.py')\n", ("system-wide",)),
    "pkill in a list": ("import subprocess\nsubprocess.run(['pkill', 'python'])\n", ("system-wide",)),
    "kill by a pipe": (
        "import os\nos.system(\"ps aux | grep train | awk '{print $2}' | xargs kill -9\")\n",
        ("system-wide",),
    ),
    "other commands": ("import os\nos.system('nvidia-smi')\nos.system('echo skills')\n", ()),
    "all processes, ended": (
        "import psutil\nfor p in psutil.process_iter():\n    if 'train' in p.name():\n        p.kill()\n",
        ("system-wide",),
    ),
    "all processes, listed": ("import psutil\nfor p in psutil.process_iter():\n    print(p.name())\n", ()),
    "a process group": (
        "import os\nimport signal\nos.killpg(os.getpgrp(), signal.SIGTERM)\n",
        ("process-group",),
    ),
}


@pytest.mark.parametrize("name", REPLACED)
def test_replaced(name: str) -> None:
    head, before, after = REPLACED[name]
    kept = "".join(line for line in head.splitlines(True) if line == "import os\n")
    plan = check_transformed(
        head + IMPORT + MADE + before, kept + IMPORT + STABLE + MADE + after, ["process-cleanup"]
    )
    assert not reported(plan)


@pytest.mark.parametrize("name", LEFT_ALONE)
def test_left_alone(name: str) -> None:
    script, codes = LEFT_ALONE[name]
    plan = check_noop(IMPORT + MADE + script, ["process-cleanup"])
    assert reported(plan) == codes
    assert plan.diagnostics


def test_an_import_whose_failure_is_handled_stays() -> None:
    before = (
        IMPORT + MADE + "try:\n    import psutil\n    for c in psutil.Process().children(recursive=True):\n"
        "        c.kill()\nexcept ImportError:\n    print('no psutil')\n"
    )
    after = (
        IMPORT
        + STABLE
        + MADE
        + f"try:\n    import psutil\n    {ALL}except ImportError:\n    print('no psutil')\n"
    )
    check_transformed(before, after, ["process-cleanup"])


def test_the_object_of_this_process_stays_where_it_is_used() -> None:
    head = "import psutil\n" + IMPORT
    loop = "for c in me.children(recursive=True):\n    c.kill()\n"
    before = head + MADE + "me = psutil.Process()\n" + loop + "print(me.memory_info())\n"
    after = head + STABLE + MADE + "me = psutil.Process()\n" + ALL + "print(me.memory_info())\n"
    check_transformed(before, after, ["process-cleanup"])
