"""Writes docs/patch.md and the README's specification of the fixes.

The fixes' own descriptions and cases, which are tests as well, are the text: it cannot drift from what they do.

usage: python -m patches.report.docs
"""

from __future__ import annotations

import difflib
import textwrap
from collections.abc import Iterator
from pathlib import Path

from ..fixes.model import PRESETS, Case, Fix, Options
from ..fixes.registry import FIXES
from ..run.outcome import Exit
from ..run.plan import make_plan
from .console import case_diff

__all__ = ["page", "with_specification"]

_SMALL = 12
_ROOT = Path(__file__).resolve().parents[2]
_BEGIN, _END = "<!-- the fixes, written by `python -m patches.report.docs` -->", "<!-- end of the fixes -->"

_HEAD = """\
# The patch tool

<!-- Written by `python -m patches.report.docs` from the fixes' own cases. Change those. -->

`python patch_train_stable.py [SCRIPT ...]` upgrades a training script in place, so that one hung environment cannot
stop it. Without arguments it patches `src/Train.py`, says what it changed (line:column), keeps a backup in `backups/`
and says how to undo it.

    python patch_train_stable.py --diff              # show the changes, write nothing
    python patch_train_stable.py                     # apply them
    python patch_train_stable.py --restore           # the original back, byte for byte
    python patch_train_stable.py my_script.py --smoke 20   # patch, run 20 vector steps, restore if that fails

It changes what it is sure of. What it is not sure of is *left alone* with a notice, or *refused*, which leaves the
whole file as it is; both name the place, the reason, a code and what to do. A file that makes no Gym `AsyncVectorEnv`,
no `SubprocVecEnv` of Stable-Baselines3 and no `StableProcessPoolEnv` is none of its business. `--partial`
applies the other fixes where one refuses. `# stable-patch: ignore[fix-name]` on a line keeps a fix away from it; plain
`# stable-patch: ignore` keeps all away.

## How it stays safe

1. The bytes are decoded as Python would, parsed by `ast` for true places of errors, and read by name: imports, scopes
   and variables decide, never text.
2. LibCST renders the edits. If it would not give every other byte back (a form feed, an old Mac line end), the file
   is refused as unreadable.
3. The result must compile; statements that no edit names must be unchanged; every comment must still be there;
   everything new must be imported; and planning again must find nothing to do.
4. Only then, under a lock on the store and one on the script's folder, so that no two runs meet: the original goes to
   `backups/<UTC>-<sha8>/` with a manifest and is synced to disk; the new file is written beside the old one, synced,
   put in its place in one step (symbolic links stay links, the mode is kept), read back and compared. On any mismatch
   the original is put back.

Killed at any moment, the script is wholly old or wholly new, and the next run clears away what was left. Ctrl-C,
SIGTERM and SIGHUP end the run between two scripts at the latest: each script is as it was, or patched with its undo
line on the screen. A signal during the trial run ends all that it started and puts the original back.

## Undoing

`--restore` takes the latest backup, `--restore ID` a certain one, `--restore SCRIPT` the latest of that script, and
`--restore FOLDER` the latest of every script below that folder. Backups are looked for in `backups/` of the working
folder, of the folders above the script, and beside the tool, or only in `--backup-dir`; the error says where. A restore
is a run like any other: what it replaces is backed up too, so an undo can be undone.

A backup's manifest is a file that anybody may have written, and is not trusted: a script outside the folder that holds
the store has to be named (`--restore ID SCRIPT`), a link that leads elsewhere today is refused, special permission bits
are never set, and a damaged backup is listed as such and stops neither another restore nor `--prune`. A script that was
edited since is not overwritten. `--force` overrules both, after backing the edited script up.

## Folders and lists

A folder stands for every Python file below it, without hidden folders, virtual environments and installed packages.
Each script is reported as soon as it is done, in order, and a total ends the report; `--format json` writes one
document as it goes. Large lists are read in several processes. `--smoke N` runs each patched script for N vector steps
with the interpreter that `--python` names, reports the faults of the pool meanwhile, and restores the script if it
fails. After patching, the tool says whether that interpreter can import `stablepool`, and which line installs it.

Environments are followed into the files that a script imports, and out of the files that import it, as far as these lie
beside it or in its packages. Files of one run that hand environments to each other are planned together: what one of
them needs is written into the other, or both are refused. Files that are not named are read and never changed; where
one of them would break, the refusal names it and its line.
"""

_LIMITS = """\
## What it does not see

- Environments in lists, in attributes of attributes (`agent.trainer.envs`) or built in another file: the swap is made
  where the class is called, but the loops around them are not followed; an episode loop that may step them is
  reported. Variables, attributes of `self`, named entries of a dict, parameters and results of functions are followed.
- What a variable holds at run time: a class that is chosen takes its arguments along in a `functools.partial` where it
  is only ever called; a time-out that is computed is reported, and so is a parameter that is computed.
- What environments of old gym return: the script's own lines are carried over to Gymnasium's five step values, its
  environments stay as they are, and the pool converts them as they run.
- A clean-up that does other work in between: it is reported as interleaved and left alone.
- Whether a comment is still true: one that names a number or a degree ("reduced", "small") beside a value that
  changes is reported and stays as it is.
- Form feeds, old Mac line ends and a few other rarities that LibCST would not give back: such a file is not touched.
"""

_CODES = {
    Exit.OK: "applied, or nothing to do",
    Exit.PENDING: "changes pending, under `--check` or `--diff`",
    Exit.USAGE: "usage",
    Exit.REFUSED: "refused; nothing written (with `--partial`: the rest written)",
    Exit.UNREADABLE: "not readable: syntax, encoding, or no exact round trip",
    Exit.VERIFICATION: "verification or the trial run failed; rolled back",
    Exit.IO: "disk, lock, or a damaged backup",
}


def page() -> str:
    """The whole page."""
    return "\n".join([_HEAD, *_exit_codes(), *_presets(), *_fixes(), _LIMITS])


def _exit_codes() -> Iterator[str]:
    yield "## Exit codes\n"
    yield "| code | meaning |\n|---|---|"
    yield from (f"| {int(code)} | {meaning} |" for code, meaning in _CODES.items())
    yield "| 130, 143, 129 | ended by Ctrl-C, SIGTERM, SIGHUP |"
    yield "\nDry runs end with the code that the run would refuse with; with several files the highest counts.\n"


def _presets() -> Iterator[str]:
    names = list(Options().parameters)
    yield "## Presets\n"
    yield f"| `--preset` | {' | '.join(f'`{name}`' for name in names)} | pool |"
    yield f"|---{'|---' * len(names)}|---|"
    for preset in PRESETS:
        options = Options(preset=preset)
        workers = f"`max_workers={options.max_workers}`, " if options.max_workers else ""
        values = " | ".join(options.parameters[name] for name in names)
        yield f"| {preset} | {values} | {workers}`timeout={options.timeout}` |"
    yield "\n`--set NAME=VALUE` overrides one of them.\n"


def _fixes() -> Iterator[str]:
    yield "## The fixes\n"
    for fix in FIXES:
        yield from _fix(fix)


def _fix(fix: Fix) -> Iterator[str]:
    yield f"### {fix.name}\n"
    yield textwrap.fill(fix.description, 118) + "\n"
    for case in fix.cases:
        yield from _case(fix, case)


def _case(fix: Fix, case: Case) -> Iterator[str]:
    title = case.title[0].upper() + case.title[1:]
    yield f"{title}{_verdict(fix, case)}.\n"
    yield "```diff" if case.after is not None else "```python"
    for line in case_diff(case.before, case.after):
        yield (line if case.after is not None else line[2:]).rstrip()
    yield "```\n"


def _verdict(fix: Fix, case: Case) -> str:
    """What the fix really says of an example."""
    if case.after is None and not case.diagnostics:
        return ": left alone"
    codes = ", ".join(f"`{code}`" for code in dict.fromkeys(case.diagnostics))
    if _is_refused(fix, case):
        return f": refused as {codes}"
    reported = f", with the notice {codes}" if codes else ""
    return reported if case.after is not None else f": left alone{reported}"


def _is_refused(fix: Fix, case: Case) -> bool:
    plan = make_plan(case.before.encode(), Options(selected=frozenset({fix.name, *case.only})))
    return bool(plan.refusals)


def with_specification(readme: str) -> str:
    """The README with its specification of the fixes written anew.

    Args:
        readme: The README as it is.

    Raises:
        ValueError: If the lines between which the specification stands are missing.
    """
    head, begin, rest = readme.partition(_BEGIN)
    _, end, tail = rest.partition(_END)
    if not begin or not end:
        raise ValueError(f"the README needs the lines {_BEGIN} and {_END}")
    specification = "\n".join(line for fix in FIXES for line in _specified(fix))
    return f"{head}{begin}\n\n{specification}\n{end}{tail}"


def _specified(fix: Fix) -> Iterator[str]:
    """A fix in short: what it does, one example, and what it does with the others."""
    yield f"### `{fix.name}`\n"
    yield textwrap.fill(fix.description, 118) + "\n"
    changed = [case for case in fix.cases if case.after is not None]
    refused = [case for case in fix.cases if case.after is None and _is_refused(fix, case)]
    alone = [case for case in fix.cases if case.after is None and case not in refused]
    yield "```diff"
    yield from _short_diff(changed[0])
    yield "```\n"
    for title, cases in (("Changed as well", changed[1:]), ("Left alone", alone), ("Refused", refused)):
        if cases:
            listed = f"{title}: {'; '.join(map(_titled, cases))}."
            yield textwrap.fill(listed, 118, break_on_hyphens=False) + "\n"


def _titled(case: Case) -> str:
    codes = ", ".join(f"`{code}`" for code in dict.fromkeys(case.diagnostics))
    return case.title.replace(";", ",") + (f" ({codes})" if codes else "")


def _short_diff(case: Case) -> Iterator[str]:
    """A small example as it is; of a larger one the changed lines with one line around them."""
    assert case.after is not None
    before, after = case.before.splitlines(), case.after.splitlines()
    context = len(after) if len(after) <= _SMALL else 1
    diff = [*difflib.unified_diff(before, after, n=context, lineterm="")][3:]
    shown = ["..." if line.startswith("@@") else f"{line[0]} {line[1:]}".rstrip() for line in diff]
    yield from "\n".join(shown).strip("\n").split("\n")


if __name__ == "__main__":
    (_ROOT / "docs" / "patch.md").write_text(page(), "utf-8")
    readme = _ROOT / "README.md"
    readme.write_text(with_specification(readme.read_text("utf-8")), "utf-8")
