"""Several files that hand environments to each other."""

from __future__ import annotations

import os
from pathlib import Path
from textwrap import dedent

import pytest

from patches.run.examine import examine
from patches.run.outcome import Exit, Outcome
from patches.run.project import Project
from tests.patches.tools import options

FIXES = ["swap-vector-env", "reset-between-episodes"]
COMMENT = "# Reset environments for next episode (CRITICAL FIX)"

MAIN = """
    from gymnasium.vector import AsyncVectorEnv
    from loop import train
    train(AsyncVectorEnv(fns))
"""
LOOP = """
    def train(envs):
        obs, infos = envs.reset()
        for episode in range(9):
            for t in range(5):
                obs, r, term, trunc, infos = envs.step(act(obs))
"""
GYM_MAIN = MAIN.replace("gymnasium", "gym")
GYM_LOOP = """
    def train(envs):
        obs = envs.reset()
        for t in range(5):
            obs, r, done, infos = envs.step(act(obs))
"""
FACTORY = """
    from gymnasium.vector import AsyncVectorEnv
    def make(n):
        return AsyncVectorEnv([fn] * n)
"""
USER = """
    from factory import make
    envs = make(4)
    obs, infos = envs.reset()
    for episode in range(9):
        for t in range(5):
            obs, r, term, trunc, infos = envs.step(act(obs))
"""
OLD_KEYS = """
    def train(envs):
        obs, _ = envs.reset()
        for t in range(5):
            obs, r, term, trunc, infos = envs.step(act(obs))
            keep(infos["final_observation"])
"""


def written(root: Path, files: dict[str, str]) -> list[Path]:
    """Write files; returns where they lie."""
    paths = [root / name for name in files]
    for path, text in zip(paths, files.values(), strict=True):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text))
    return paths


def looked_at(root: Path, files: dict[str, str], *together: str) -> dict[str, Outcome]:
    """What would become of files that are named together (all of them by default), in this order."""
    written(root, files)
    names = together or tuple(files)
    project = Project([root / name for name in names])
    return {name: examine(root / name, options(FIXES), project=project) for name in names}


def after(outcome: Outcome) -> str:
    assert outcome.after is not None, outcome
    return outcome.after.decode()


def resets(outcome: Outcome) -> bool:
    return outcome.exit is Exit.PENDING and COMMENT in after(outcome)


def refusals(outcome: Outcome) -> list[tuple[str, str]]:
    assert outcome.plan is not None
    return [(refusal.code, str(refusal.position)) for refusal in outcome.plan.refusals]


# name: (the file that makes environments, the file that steps them)
HANDED_OVER = {
    "to a function": (MAIN, LOOP),
    "by keyword": (MAIN.replace("train(Async", "train(envs=Async"), LOOP),
    "through a variable": (
        MAIN.replace("train(AsyncVectorEnv(fns))", "e = AsyncVectorEnv(fns); train(e)"),
        LOOP,
    ),
    "by the module's name": (
        MAIN.replace("from loop import train", "import loop").replace("train(A", "loop.train(A"),
        LOOP,
    ),
    "by another name": (
        MAIN.replace("import train", "import train as run").replace("train(A", "run(A"),
        LOOP,
    ),
    "by an import in parentheses": (MAIN.replace("import train", "import (\n        train,\n    )"), LOOP),
    "by an import within a function": (
        """
        from gymnasium.vector import AsyncVectorEnv
        def main():
            from loop import train
            train(AsyncVectorEnv(fns))
        """,
        LOOP,
    ),
    "to a method": (
        """
        from gymnasium.vector import AsyncVectorEnv
        from loop import Agent
        agent = Agent(3)
        agent.train(5, envs=AsyncVectorEnv(fns))
        """,
        """
        class Agent:
            def __init__(self, n):
                self.n = n
            def train(self, n, envs):
                obs, infos = envs.reset()
                for episode in range(9):
                    for t in range(5):
                        obs, r, term, trunc, infos = envs.step(act(obs))
        """,
    ),
    "to a constructor": (
        """
        from gymnasium.vector import AsyncVectorEnv
        import loop
        loop.Agent(AsyncVectorEnv(fns)).train()
        """,
        """
        class Agent:
            def __init__(self, envs):
                self.envs = envs
            def train(self):
                obs, infos = self.envs.reset()
                for episode in range(9):
                    for t in range(5):
                        obs, r, term, trunc, infos = self.envs.step(act(obs))
        """,
    ),
}


@pytest.mark.parametrize("name", HANDED_OVER)
@pytest.mark.parametrize("order", ["main first", "loop first"])
def test_the_file_that_steps_is_patched_with_the_one_that_makes(
    tmp_path: Path, name: str, order: str
) -> None:
    main, loop = HANDED_OVER[name]
    names = ("main.py", "loop.py") if order == "main first" else ("loop.py", "main.py")
    found = looked_at(tmp_path, {"main.py": main, "loop.py": loop}, *names)
    assert "StableProcessPoolEnv(fns)" in after(found["main.py"])
    assert resets(found["loop.py"])
    assert "stablepool" not in after(found["loop.py"])


@pytest.mark.parametrize("name", HANDED_OVER)
def test_the_file_that_steps_is_left_alone_without_the_other(tmp_path: Path, name: str) -> None:
    main, loop = HANDED_OVER[name]
    assert looked_at(tmp_path, {"main.py": main, "loop.py": loop}, "loop.py")["loop.py"].exit is Exit.OK


@pytest.mark.parametrize("order", [("factory.py", "main.py"), ("main.py", "factory.py")])
def test_environments_that_another_file_makes(tmp_path: Path, order: tuple[str, ...]) -> None:
    found = looked_at(tmp_path, {"factory.py": FACTORY, "main.py": USER}, *order)
    assert "return StableProcessPoolEnv([fn] * n)" in after(found["factory.py"])
    assert resets(found["main.py"])


def test_environments_of_a_file_that_is_patched_already(tmp_path: Path) -> None:
    pool = FACTORY.replace("gymnasium.vector", "stablepool").replace("AsyncVectorEnv", "StableProcessPoolEnv")
    found = looked_at(tmp_path, {"factory.py": pool, "main.py": USER})
    assert resets(found["main.py"])


# name: files of a package, with the one that is called
PACKAGES = {
    "a module of a package": {
        "main.py": MAIN.replace("loop", "pkg.loop"),
        "pkg/__init__.py": "",
        "pkg/loop.py": LOOP,
    },
    "a package that hands the function on": {
        "main.py": MAIN.replace("loop", "pkg"),
        "pkg/__init__.py": "from .loop import train\n",
        "pkg/loop.py": LOOP,
    },
    "packages in a package": {
        "main.py": MAIN.replace("loop", "pkg"),
        "pkg/__init__.py": "from .inner import train\n",
        "pkg/inner/__init__.py": "from .loop import train\n",
        "pkg/inner/loop.py": LOOP,
    },
    "a module beside it": {
        "pkg/__init__.py": "",
        "pkg/main.py": MAIN.replace("loop", ".loop"),
        "pkg/loop.py": LOOP,
    },
    "a module above it": {
        "pkg/__init__.py": "",
        "pkg/sub/__init__.py": "",
        "pkg/sub/main.py": MAIN.replace("loop", "..loop"),
        "pkg/loop.py": LOOP,
    },
    "the full name from within": {
        "pkg/__init__.py": "",
        "pkg/sub/__init__.py": "",
        "pkg/sub/main.py": MAIN.replace("loop", "pkg.loop"),
        "pkg/loop.py": LOOP,
    },
    "the package itself": {"main.py": MAIN, "loop/__init__.py": LOOP},
}


@pytest.mark.parametrize("name", PACKAGES)
def test_imports_from_packages(tmp_path: Path, name: str) -> None:
    found = looked_at(tmp_path, PACKAGES[name])
    assert [file for file, outcome in found.items() if resets(outcome)] == list(found)[-1:]


def test_a_package_that_hands_a_factory_on(tmp_path: Path) -> None:
    files = {
        "main.py": USER.replace("factory", "pkg"),
        "pkg/__init__.py": "from .factory import make\n",
        "pkg/factory.py": FACTORY,
    }
    assert resets(looked_at(tmp_path, files)["main.py"])


@pytest.mark.parametrize("order", [("main.py", "loop.py"), ("loop.py", "main.py")])
def test_four_values_in_another_file(tmp_path: Path, order: tuple[str, ...]) -> None:
    found = looked_at(tmp_path, {"main.py": GYM_MAIN, "loop.py": GYM_LOOP}, *order)
    assert 'train(StableProcessPoolEnv(fns, autoreset_mode="SameStep"))' in after(found["main.py"])
    assert after(found["loop.py"]) == dedent("""
        def train(envs):
            obs = envs.reset()[0]
            for t in range(5):
                obs, r, terminated, truncated, infos = envs.step(act(obs))
                done = terminated | truncated
    """)


def test_four_values_in_a_file_that_is_not_named(tmp_path: Path) -> None:
    found = looked_at(tmp_path, {"main.py": GYM_MAIN, "loop.py": GYM_LOOP}, "main.py")
    assert refusals(found["main.py"]) == [("leaves-file", "4:7")]
    assert found["main.py"].plan is not None
    assert f"{tmp_path}/loop.py, whose line 5 unpacks four" in found["main.py"].plan.refusals[0].message


def test_four_values_two_files_away_are_not_left_behind(tmp_path: Path) -> None:
    files = {
        "main.py": GYM_MAIN.replace("loop", "middle"),
        "middle.py": "import loop\ndef train(envs):\n    loop.train(envs)\n",
        "loop.py": GYM_LOOP,
    }
    assert refusals(looked_at(tmp_path, files)["main.py"]) == [("leaves-file", "4:7")]


@pytest.mark.parametrize("order", [("main.py", "loop.py"), ("loop.py", "main.py")])
def test_old_keys_in_another_file(tmp_path: Path, order: tuple[str, ...]) -> None:
    found = looked_at(tmp_path, {"main.py": MAIN, "loop.py": OLD_KEYS}, *order)
    assert 'StableProcessPoolEnv(fns, autoreset_mode="SameStep")' in after(found["main.py"])
    assert 'infos["final_obs"]' in after(found["loop.py"])
    assert refusals(looked_at(tmp_path, {"main.py": MAIN, "loop.py": OLD_KEYS}, "main.py")["main.py"]) == [
        ("leaves-file", "4:7")
    ]


@pytest.mark.parametrize("package", [False, True])
@pytest.mark.parametrize("user_first", [False, True])
def test_old_keys_of_environments_that_another_file_makes(
    tmp_path: Path, package: bool, user_first: bool
) -> None:
    user = USER + '    print(infos["final_observation"])\n'
    files = {"factory.py": FACTORY, "main.py": user}
    if package:
        files = {"pkg/__init__.py": "from .factory import make\n", "pkg/factory.py": FACTORY}
        files["main.py"] = user.replace("factory", "pkg")
    maker = list(files)[-2]
    found = looked_at(tmp_path, files, *(("main.py", maker) if user_first else (maker, "main.py")))
    assert 'StableProcessPoolEnv([fn] * n, autoreset_mode="SameStep")' in after(found[maker])
    assert 'infos["final_obs"]' in after(found["main.py"])
    if not package:  # else the file that uses them does not lie beside it
        assert refusals(looked_at(tmp_path, files, maker)[maker]) == [("leaves-file", "4:12")]


def test_the_file_that_makes_is_refused_with_the_one_that_steps(tmp_path: Path) -> None:
    odd = LOOP.replace("obs, r, term, trunc, infos = envs", "a, b, c = envs")
    found = looked_at(tmp_path, {"main.py": MAIN, "loop.py": odd})
    assert refusals(found["main.py"]) == [("leaves-file", "4:7")]
    assert ("step-unpacking", "6:23") in refusals(found["loop.py"])


def test_the_file_that_steps_is_refused_with_the_one_that_makes(tmp_path: Path) -> None:
    odd = FACTORY.replace("* n)", "* n, worker=work)")
    found = looked_at(tmp_path, {"factory.py": odd, "main.py": USER})
    assert refusals(found["factory.py"]) == [("worker-argument", "4:37")]
    assert refusals(found["main.py"]) == [("made-elsewhere", "1:1")]


def test_files_that_import_each_other(tmp_path: Path) -> None:
    both = FACTORY + "    import {0}\n    envs = {0}.make(3)\n    envs.reset()\n"
    found = looked_at(tmp_path, {"a.py": both.format("b"), "b.py": both.format("a")})
    assert all("StableProcessPoolEnv([fn] * n)" in after(outcome) for outcome in found.values())


def test_a_file_that_imports_itself(tmp_path: Path) -> None:
    found = looked_at(tmp_path, {"factory.py": FACTORY + USER.replace("\n    from", "    from", 1)})
    assert "StableProcessPoolEnv([fn] * n)" in after(found["factory.py"])


UNREADABLE = {"no Python": b"def (", "no text": b"\xff\xfe\x00", "empty": b"", "too large": b"#" * 2_000_001}


@pytest.mark.parametrize("name", UNREADABLE)
def test_neighbours_that_cannot_be_read(tmp_path: Path, name: str) -> None:
    written(tmp_path, {"main.py": MAIN, "other.py": "x = 1\n"})
    (tmp_path / "loop.py").write_bytes(UNREADABLE[name])
    paths = [tmp_path / "main.py", tmp_path / "other.py"]
    outcome = examine(paths[0], options(FIXES), project=Project(paths))
    assert "train(StableProcessPoolEnv(fns))" in after(outcome)


def test_neighbours_that_are_no_files(tmp_path: Path) -> None:
    written(tmp_path, {"main.py": MAIN, "other.py": "from gone import AsyncVectorEnv\n"})
    (tmp_path / "loop.py").symlink_to("loop.py")
    (tmp_path / "gone.py").symlink_to("nowhere.py")
    os.mkfifo(tmp_path / "pipe.py")
    (tmp_path / "folder.py").mkdir()
    paths = [tmp_path / "main.py", tmp_path / "other.py"]
    outcome = examine(paths[0], options(FIXES), project=Project(paths))
    assert "train(StableProcessPoolEnv(fns))" in after(outcome)


def test_a_link_is_the_file_that_it_leads_to(tmp_path: Path) -> None:
    written(tmp_path, {"code/main.py": MAIN, "code/loop.py": LOOP})
    (tmp_path / "linked").symlink_to("code")
    project = Project([tmp_path / "linked" / "main.py", tmp_path / "code" / "loop.py"])
    assert project.is_target(tmp_path / "code" / "main.py")
    assert resets(examine(tmp_path / "linked" / "loop.py", options(FIXES), project=project))


def test_trees_are_not_kept_for_ever(tmp_path: Path) -> None:
    first, *others = written(tmp_path, {f"m{number}.py": "x = 1\n" for number in range(60)})
    project = Project([first, *others])
    kept = project.read(first)
    project.around(first)
    assert project.read(first) is kept
    for path in others:
        project.read(path)
    project.around(first)
    assert project.read(first) is not kept


READER = """
    class Recorder(Base):
        def step(self, actions):
            obs, r, term, trunc, infos = self.env.step(actions)
            if "final_info" in infos:
                self.record(infos["final_info"])
            return obs, r, term, trunc, infos
"""
WRAPPED = """
    from gymnasium.vector import AsyncVectorEnv
    from elsewhere import wrap
    def make(n):
        return wrap(AsyncVectorEnv([fn] * n{mode}))
"""


@pytest.mark.parametrize("together", [("envs.py",), ("envs.py", "reader.py")], ids=["alone", "both"])
def test_infos_of_before_gymnasium_1_that_nobody_can_be_seen_to_read(
    tmp_path: Path, together: tuple[str, ...]
) -> None:
    files = {"envs.py": WRAPPED.format(mode=""), "reader.py": READER}
    found = refusals(looked_at(tmp_path, files, *together)["envs.py"])
    assert found == [("old-infos", "5:17")]


def test_environments_whose_mode_is_given_say_which_gymnasium_they_are_for(tmp_path: Path) -> None:
    files = {"envs.py": WRAPPED.format(mode=', autoreset_mode="SameStep"'), "reader.py": READER}
    assert looked_at(tmp_path, files, "envs.py")["envs.py"].exit is Exit.PENDING
