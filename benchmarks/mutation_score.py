"""Mutation score of `patches/analysis` and `patches/fixes`, by cosmic-ray on a random sample of places.

usage: make mutate   (MUTANTS=400 SEED=1)

Works on a copy of the checkout, in a session of cosmic-ray's own. Left out: examples (`cases.py`, CASES), descriptions,
messages, annotations, asserts, `__all__`, what is no Python, and what the language makes the same (`is` for `==` and
the like between objects without `__eq__`). Of each sampled place one mutant is tried, so that an operator with ten
replacements counts no more than one with a single one.
"""

from __future__ import annotations

import argparse
import ast
import os
import random
import re
import shlex
import shutil
import subprocess
import tempfile
from collections import defaultdict
from math import sqrt
from pathlib import Path

from cosmic_ray.commands import init
from cosmic_ray.modules import filter_paths, find_modules
from cosmic_ray.mutating import mutate_and_test, mutate_code
from cosmic_ray.plugins import get_operator
from cosmic_ray.work_db import WorkDB, use_db
from cosmic_ray.work_item import MutationSpec, TestOutcome, WorkItem

ROOT = Path(__file__).resolve().parents[1]
ROOMS = ("patches/analysis", "patches/fixes")
OTHERS = (
    "any_module backups command crash_safety docs imports interrupts make_vec_runs manifests real_modules"
)
FIRST = {
    "analysis/": "values dialect episode_loops transitions analysis_facts",
    "reset": "reset_decisions",
    "timeouts": "fix_decisions step_timeouts",
    "int8": "fix_decisions",
    "swap": "swap_decisions fix_decisions matrix_swap matrix_subproc",
    "void": "swap_decisions transitions",
    "tuned": "swap_decisions tuned",
    "cleanup": "cleanup_decisions process_cleanup",
}
"""By a part of a module's path: the tests that notice a change soonest."""

NO_CODE = {"CASES", "FIX", "__all__", "message", "hint"}
NO_CHANGE = re.compile(r"_(Is_Eq|IsNot_NotEq|(Is|IsNot)_[LG]tE?|Bit(Or|And)_(?!Bit|Sub)\w+)$")
"""The same to the language, or a TypeError wherever it is reached, which any test would notice."""

Place = tuple[int, int]


def left_out(source: str) -> list[tuple[Place, Place]]:
    """Where nothing is mutated: from and to, as line and column."""
    found: list[ast.AST | None] = []
    for node in ast.walk(ast.parse(source)):
        found += [getattr(node, "annotation", None), getattr(node, "returns", None)]
        is_text = isinstance(node, ast.Constant) and isinstance(node.value, str)
        names = {target.id for target in getattr(node, "targets", []) if isinstance(target, ast.Name)}
        if is_text or isinstance(node, ast.JoinedStr | ast.Assert) or names & NO_CODE:
            found.append(node)
    return [((n.lineno, n.col_offset), (n.end_lineno, n.end_col_offset)) for n in found if n is not None]


def sample(db: WorkDB, number: int, seed: int) -> int:
    """Keep one mutant of each of some places; returns how many places there are."""
    places: dict[tuple[str, Place, Place], list[MutationSpec]] = defaultdict(list)
    specs = [item.mutations[0] for item in db.work_items]
    sources = {path: path.read_text("utf-8") for path in {spec.module_path for spec in specs}}
    texts = {path: left_out(source) for path, source in sources.items()}
    for spec in sorted(specs, key=lambda s: (s.operator_name, s.occurrence)):
        inside = any(a <= spec.start_pos and spec.end_pos <= b for a, b in texts[spec.module_path])
        if not inside and not NO_CHANGE.search(spec.operator_name):
            places[str(spec.module_path), spec.start_pos, spec.end_pos].append(spec)
    rng, chosen = random.Random(seed), []
    for place in rng.sample(sorted(places), len(places)):
        mutants = rng.sample(places[place], len(places[place]))
        chosen += [spec for spec in mutants if is_python(spec, sources[spec.module_path])][:1]
        if len(chosen) == number:
            break
    db.clear()
    db.add_work_items(WorkItem.single(f"{count:04}", spec) for count, spec in enumerate(chosen))
    return len(places)


def is_python(spec: MutationSpec, source: str) -> bool:
    """True where a mutant compiles and differs."""
    mutant = mutate_code(source, get_operator(spec.operator_name)(**spec.operator_args), spec.occurrence)
    try:
        return mutant is not None and ast.dump(ast.parse(mutant)) != ast.dump(ast.parse(source))
    except SyntaxError:
        return False


def command(path: str) -> str:
    """The tests that plan in this process: first those that are the likeliest to notice a change of a module."""
    names = {p.stem.removeprefix("test_") for p in Path("tests/patches").glob("test_*.py")} - {
        *OTHERS.split()
    }
    first = [name for part, tests in FIRST.items() if part in path for name in tests.split()] + ["cases"]
    run = f"{ROOT}/.venv/bin/python -m pytest -x -q -p no:cacheprovider -m 'not slow and not all'"
    rounds = [first, sorted(names - {*first})]
    lines = [" ".join([run, *(f"tests/patches/test_{name}.py" for name in each)]) for each in rounds]
    return f"sh -c {shlex.quote(' && '.join(lines))}"


def wilson(caught: int, total: int) -> tuple[float, float]:
    """The 95 % interval of a share."""
    share, z = caught / total, 1.96
    middle, width = share + z * z / 2 / total, z * sqrt(share * (1 - share) / total + z * z / 4 / total**2)
    return (middle - width) / (1 + z * z / total), (middle + width) / (1 + z * z / total)


def described(spec: MutationSpec, diff: str) -> str:
    """A mutant that survived, as a line of Markdown."""
    lines = [line for line in diff.splitlines() if re.match(r"[-+](?![-+]{2})", line)]
    before, after = (" ".join(line[1:].split()) for line in (lines[0], lines[-1]))
    return f"- `{spec.module_path}:{spec.start_pos[0]}`: `{before}` -> `{after}`"


def run(db: WorkDB) -> list[str]:
    """Run the tests on every mutant; returns those that survived, and prints them as they come."""
    survived = []
    for number, item in enumerate(db.pending_work_items, 1):
        spec = item.mutations[0]
        result = mutate_and_test(item.mutations, command(str(spec.module_path)), timeout=90)
        db.set_result(item.job_id, result)
        if result.test_outcome == TestOutcome.SURVIVED:
            survived.append(described(spec, result.diff))
            print(survived[-1])
        print(f"{number} tried, {len(survived)} not caught", flush=True)
    return sorted(survived)


def report(survived: list[str], total: int, places: int, seed: int) -> str:
    """The score, in Markdown."""
    caught = total - len(survived)
    low, high = wilson(caught, total)
    return (
        "# Patch tool: mutation score\n\n"
        f"{caught} of {total} mutants are caught: **{caught / total:.1%}** (95 % interval {low:.1%} to {high:.1%}).\n"
        f"cosmic-ray's operators on {' and '.join(ROOMS)}: {places} places, {total} of them sampled (seed {seed}),\n"
        "one mutant each, by the tests that take no child process. Mutants that change nothing for any input count as\n"
        f"not caught. `make mutate MUTANTS={total} SEED={seed}`\n\nNot caught:\n\n"
        + "\n".join(survived)
        + "\n"
    )


def main() -> None:
    """Sample, run, and write the report."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--mutants", type=int, default=400)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for name in ("patches", "tests/patches"):
            shutil.copytree(ROOT / name, Path(folder) / name)
        for name in ("pyproject.toml", "tests/conftest.py", "src/Train.py"):
            (Path(folder) / name).parent.mkdir(exist_ok=True)
            shutil.copy(ROOT / name, Path(folder) / name)
        os.chdir(folder)
        with_bytecode = {**os.environ, "PYTHONDONTWRITEBYTECODE": ""}  # compiled once, not for every mutant
        subprocess.run(shlex.split(command("")), check=True, env=with_bytecode)
        with use_db("session.sqlite") as db:
            init(filter_paths(find_modules(map(Path, ROOMS)), ["patches/**/cases.py"]), db, {})
            places = sample(db, args.mutants, args.seed)
            text = report(run(db), db.num_work_items, places, args.seed)
        os.chdir(ROOT)
    print(text)
    if args.out:
        args.out.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
