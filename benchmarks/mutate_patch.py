"""How many small faults in `patches/` the tests would notice: a mutation score on a random sample.

usage: python benchmarks/mutate_patch.py [--mutants N] [--seed S] [--out docs/benchmarks/patch_mutation.md]

Each mutant changes one operator, constant, condition or statement of one module, and lives in a forked process that
runs the quick tests. It is caught where a test fails, or hangs. The modules that only child processes run (command
line, report, trial runs, documentation) are left out: their tests would run the unchanged files.
"""

from __future__ import annotations

import argparse
import ast
import copy
import importlib.abc
import importlib.machinery
import importlib.util
import os
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).resolve().parents[1]
LEFT_OUT = {
    "__init__",
    "_docs",
    "_report",
    "_sarif",
    "_smoke",
    "_smoke_child",
    "_registry",
    "_swap_cases",
    "_targets",
}
TESTS = [
    "cases",
    "stale",
    "matrix_swap",
    "matrix_reset",
    "matrix_other",
    "plan",
    "source",
    "backups",
    "train_script",
]
CRASH = "tests/patches/test_crash_safety.py"
NOT_CODE = {"CASES", "FIX", "__all__"}
COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}


@dataclass(frozen=True)
class Mutant:
    """One changed module.

    Attributes:
        module: Its name in `patches`.
        line: Where it was changed.
        change: How, in words.
        source: Its text now.
    """

    module: str
    line: int
    change: str
    source: str


def mutants(path: Path) -> Iterator[Mutant]:
    """Every mutant of one module."""
    tree = ast.parse(path.read_text("utf-8"))
    nodes = list(_code(tree))
    for index, node in enumerate(nodes):
        for number in range(_count(node)):
            changed = copy.deepcopy(tree)
            twin = list(_code(changed))[index]
            what = _mutate(twin, number)
            yield Mutant(
                path.stem, getattr(node, "lineno", 0), what, ast.unparse(ast.fix_missing_locations(changed))
            )


def _code(tree: ast.AST) -> Iterator[ast.AST]:
    """Nodes that do something: no annotations, docstrings, examples or messages."""
    stack = [tree]
    while stack:
        node = stack.pop()
        yield node
        for name, value in ast.iter_fields(node):
            if name in {"annotation", "returns", "decorator_list"}:
                continue
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, ast.AST) and not _is_no_code(child):
                    stack.append(child)


def _is_no_code(node: ast.AST) -> bool:
    if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
        return node.targets[0].id in NOT_CODE or node.targets[0].id in {"message", "hint"}
    return isinstance(node, ast.JoinedStr | ast.Import | ast.ImportFrom) or (
        isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    )


def _count(node: ast.AST) -> int:
    if isinstance(node, ast.Compare):
        return sum(type(operator) in COMPARISONS for operator in node.ops[:1])
    if isinstance(node, ast.Return):
        return int(
            not (node.value is None or (isinstance(node.value, ast.Constant) and node.value.value is None))
        )
    if isinstance(node, ast.BoolOp | ast.If | ast.While | ast.IfExp | ast.Break | ast.Continue):
        return 1
    if isinstance(node, ast.UnaryOp):
        return int(isinstance(node.op, ast.Not))
    if isinstance(node, ast.Constant):
        return int(isinstance(node.value, bool | int))
    return int(isinstance(node, ast.Expr) and isinstance(node.value, ast.Call | ast.Yield | ast.YieldFrom))


def _mutate(node: ast.AST, _number: int) -> str:
    """Change a node in place and say how."""
    before = ast.unparse(node).splitlines()[0]
    if isinstance(node, ast.Compare):
        node.ops[0] = COMPARISONS[type(node.ops[0])]()
    elif isinstance(node, ast.BoolOp):
        node.op = ast.Or() if isinstance(node.op, ast.And) else ast.And()
    elif isinstance(node, ast.If | ast.While | ast.IfExp):
        node.test = ast.UnaryOp(ast.Not(), node.test)
    elif isinstance(node, ast.Return):
        is_false = isinstance(node.value, ast.Constant) and node.value.value is False
        node.value = ast.Constant(True if is_false else None)
    elif isinstance(node, ast.UnaryOp):
        node.op, node.operand = ast.Not(), ast.UnaryOp(ast.Not(), node.operand)
    elif isinstance(node, ast.Constant):
        node.value = not node.value if isinstance(node.value, bool) else int(str(node.value)) + 1
    elif isinstance(node, ast.Expr):
        node.value = ast.Constant(None)
    else:
        node.__class__ = ast.Pass  # a `break` or `continue`
    after = ast.unparse(ast.fix_missing_locations(node)).splitlines()[0]
    return f"{before.strip()} -> {after.strip()}"


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.InspectLoader):
    """Imports one module from changed source."""

    def __init__(self, mutant: Mutant) -> None:
        self._mutant = mutant

    def find_spec(
        self,
        fullname: str,
        path: object,  # noqa: ARG002 - importlib's interface
        target: ModuleType | None = None,  # noqa: ARG002 - importlib's interface
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname != f"patches.{self._mutant.module}":
            return None
        return importlib.util.spec_from_loader(fullname, self)

    def get_source(self, fullname: str) -> str:  # noqa: ARG002 - importlib's interface
        return self._mutant.source


def is_caught(mutant: Mutant, timeout_s: float = 60.0) -> bool:
    """Run the quick tests with a mutant in a forked process."""
    child = os.fork()
    if child == 0:
        _run_tests(mutant)
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return status != 0
        time.sleep(0.05)
    os.kill(child, 9)
    os.waitpid(child, 0)
    return True


def _run_tests(mutant: Mutant) -> None:
    import pytest

    sink = os.open(os.devnull, os.O_WRONLY)
    os.dup2(sink, 1)
    os.dup2(sink, 2)
    sys.meta_path.insert(0, _Finder(mutant))
    files = [f"tests/patches/test_{name}.py" for name in TESTS]
    crash = [
        f"{CRASH}::test_a_disk_that_refuses",
        f"{CRASH}::test_what_is_read_back_must_be_what_was_written",
    ]
    code = pytest.main(["-x", "-q", "-p", "no:cacheprovider", *files, *crash])
    os._exit(int(code != 0))


def report(caught: list[Mutant], survived: list[Mutant], seed: int) -> str:
    """The score and what survived, in Markdown."""
    total = len(caught) + len(survived)
    modules = Counter(mutant.module for mutant in (*caught, *survived))
    lines = [
        "# Patch tool: mutation score",
        "",
        f"{len(caught)} of {total} sampled mutants are caught by the quick tests: **{len(caught) / total:.0%}**",
        f"(seed {seed}, {len(modules)} modules).",
        f"`python benchmarks/mutate_patch.py --mutants {total} --seed {seed} --out docs/benchmarks/patch_mutation.md`",
        "",
        "Not caught:",
        "",
        *(f"- `{m.module}.py:{m.line}`: `{m.change}`" for m in survived),
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Sample mutants, run them and write the report."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--mutants", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    os.chdir(ROOT)
    sys.path.insert(0, str(ROOT))
    for name in ("pytest", "libcst", "libcst.metadata", "filelock", "hypothesis"):
        importlib.import_module(name)
    modules = [path for path in sorted((ROOT / "patches").glob("*.py")) if path.stem not in LEFT_OUT]
    everything = [mutant for path in modules for mutant in mutants(path)]
    sample = random.Random(args.seed).sample(everything, args.mutants)
    caught, survived = [], []
    for mutant in sample:
        (caught if is_caught(mutant) else survived).append(mutant)
        print(f"{len(caught)} caught, {len(survived)} not", end="\r", flush=True)
    text = report(caught, survived, args.seed)
    print(f"{len(everything)} mutants in all\n{text}")
    if args.out:
        args.out.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
