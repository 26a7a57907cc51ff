"""main-guard on the ways in which scripts start."""

from __future__ import annotations

import pytest

from tests.patches.tools import check_noop, check_transformed, reported

FIX = ["main-guard"]
HEAD = (
    "import sys\nfrom gymnasium.vector import AsyncVectorEnv\ndef main():\n    envs = AsyncVectorEnv(fns)\n"
)

CHANGED = {
    "plain": ("main()\n", 'if __name__ == "__main__":\n    main()\n'),
    "with arguments": ("main(3, seed=1)\n", 'if __name__ == "__main__":\n    main(3, seed=1)\n'),
    "exit": ("sys.exit(main())\n", 'if __name__ == "__main__":\n    sys.exit(main())\n'),
    "by way of another function": (
        "def run():\n    main()\nrun()  # go\n",
        'def run():\n    main()\nif __name__ == "__main__":\n    run()  # go\n',
    ),
    "after settings": ("N = 3\nmain()\n", 'N = 3\nif __name__ == "__main__":\n    main()\n'),
    "over many lines": (
        "main(\n    1,\n)\n",
        'if __name__ == "__main__":\n    main(\n        1,\n    )\n',
    ),
}

LEFT_ALONE = {
    "guarded": ("if __name__ == '__main__':\n    main()\n", ()),
    "guarded the other way round": ("if '__main__' == __name__:\n    main()\n", ()),
    "a module that registers itself": ("def register():\n    pass\nregister()\n", ()),
    "a call of another module": ("import lab\nlab.main()\n", ()),
    "no call at all": ("N = 3\n", ()),
    "a result that is kept": ("score = main()\n", ()),
    "two trainings": ("main()\nmain()\n", ("not-the-only-work",)),
    "environments before": ("e = AsyncVectorEnv(fns)\nmain()\n", ("not-the-only-work",)),
    "two statements on a line": ("print(1); main()\n", ("not-the-only-work",)),
}


@pytest.mark.parametrize("name", CHANGED)
def test_changed(name: str) -> None:
    before, after = CHANGED[name]
    check_transformed(HEAD + before, HEAD + after, FIX)


@pytest.mark.parametrize("name", LEFT_ALONE)
def test_left_alone(name: str) -> None:
    script, codes = LEFT_ALONE[name]
    assert reported(check_noop(HEAD + script, FIX)) == codes


def test_a_function_that_calls_itself() -> None:
    check_noop(HEAD + "def loop():\n    loop()\nloop()\n", FIX)
