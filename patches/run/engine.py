"""plan -> lock -> back up -> write -> read back -> roll back on any mismatch.

bytes -> Source -> findings -> operations -> new bytes -> verify ->| lock -> backup -> replace -> read back
         `------------------- pure, in _plan, _render, _verify ---'|
"""

from __future__ import annotations

import contextlib
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..fixes.model import Options
from ..fixes.registry import fixes
from ..syntax.edits import Edit
from .backups import Backup, BackupError, Store
from .commit import Committer
from .examine import examine
from .files import Disk, take_snapshot
from .outcome import Exit, Outcome, reason
from .plan import Plan
from .positions import PositionMap
from .restore import Restorer
from .signals import Interrupted, Signals
from .trial import Trial

__all__ = ["VERSION", "Engine"]

VERSION = "0.1.0"


class Engine:
    """Looks at scripts and rewrites them.

    Args:
        backups: Folder of the backup store.
        options: What the user asked for.
        arguments: The command line, for the manifest.
        disk: Where to write; tests put a failing one here.
        lock_timeout_s: How long to wait for another run on the same store or in the same folder.
        signals: The run's signals; the trial run listens to them.
    """

    def __init__(
        self,
        backups: Path,
        options: Options,
        arguments: list[str] | None = None,
        disk: Disk | None = None,
        lock_timeout_s: float = 10.0,
        signals: Signals | None = None,
    ) -> None:
        self.options, self._arguments = options, arguments or []
        self._signals = signals or Signals()
        disk = disk or Disk()
        self.store = Store(backups, disk)
        self._committer = Committer(self.store, disk, self._signals, lock_timeout_s)
        # What a trial run took back must come back: this one listens to no signal, not even while it waits.
        self._undoer = Restorer(Committer(self.store, disk, Signals(), lock_timeout_s))
        restorer = Restorer(self._committer)
        self.restore, self.restore_below = restorer.restore, restorer.restore_below
        self.preview_restore, self.scripts_below = restorer.preview, restorer.scripts_below

    def examine(self, path: Path, *, partial: bool = False) -> Outcome:
        """Plan and render a script without writing anything.

        Args:
            path: The script.
            partial: Leave out the fixes that refuse, instead of changing nothing.
        """
        return examine(path, self.options, partial=partial)

    def patch(self, path: Path, *, partial: bool = False) -> Outcome:
        """Rewrite a script: all that was planned, or nothing.

        Args:
            path: The script.
            partial: Leave out the fixes that refuse, instead of changing nothing.
        """
        return self.write(self.examine(path, partial=partial))

    def write(self, outcome: Outcome) -> Outcome:
        """Write what `examine` has found pending; any other outcome is returned as it is.

        Args:
            outcome: What `examine` returned.
        """
        if outcome.exit is not Exit.PENDING:
            return outcome
        try:
            with self._committer.lock(outcome.path):
                return self._patch_locked(outcome.path, outcome)
        except OSError as error:
            return self._interrupted(outcome, error)

    def _interrupted(self, outcome: Outcome, error: OSError) -> Outcome:
        """Say what the disk's refusal has left: the script is wholly old or wholly new."""
        try:
            is_new = outcome.path.read_bytes() == outcome.after
        except OSError:
            is_new = False
        if is_new:
            message = f"patched, but the run could not be finished: {reason(error)}"
            backup = self._latest_backup(outcome.path)
            hint = "the original is in the latest backup"
            return replace(outcome, exit=Exit.IO, message=message, hint=hint, backup=backup)
        hint = "nothing is changed; mend what the system complains about and run it again"
        return replace(outcome, exit=Exit.IO, message=reason(error), hint=hint, after=None)

    def _latest_backup(self, path: Path) -> Backup | None:
        with contextlib.suppress(BackupError, OSError):
            return self.store.find("latest", path.absolute())
        return None

    def _patch_locked(self, path: Path, outcome: Outcome) -> Outcome:
        plan, after = outcome.plan, outcome.after
        assert plan is not None
        assert after is not None
        snapshot = take_snapshot(path)
        if snapshot.data != plan.source.data:
            return replace(outcome, exit=Exit.IO, message="the script changed meanwhile", hint="run it again")
        backup, is_done = self._committer.replace(snapshot, after, self._details(plan, after), snapshot.mode)
        done = replace(outcome, backup=backup)
        if not is_done:
            message = "what was read back is not what was written; the original is back"
            return replace(done, exit=Exit.VERIFICATION, message=message)
        code = Exit.REFUSED if plan.refusals else Exit.OK
        return replace(done, exit=code, message="patched")

    def try_out(self, outcome: Outcome, trial: Trial) -> Outcome:
        """Run a patched script for a few vector steps, and put the original back where that fails or is interrupted.

        Args:
            outcome: What `patch` returned; one that wrote nothing is returned as it is.
            trial: How to run it.
        """
        if outcome.backup is None or outcome.exit not in (Exit.OK, Exit.REFUSED):
            return outcome
        from .smoke import smoke

        try:
            result = smoke(outcome.path, trial, self._signals)
        except Interrupted as interrupted:
            return self._taken_back(outcome, f"the trial run was interrupted by {interrupted}", "")
        except OSError as error:
            return self._taken_back(outcome, f"the trial run could not be started: {reason(error)}", "")
        if result.ok:
            message = f"{outcome.message}, and it ran {trial.steps} vector steps{result.faults}"
            return replace(outcome, message=message)
        hint = "run it unpatched to see whether it ran before; leave fixes out with --skip"
        return self._taken_back(outcome, f"the trial run failed: {result.reason}", hint)

    def _taken_back(self, outcome: Outcome, why: str, hint: str) -> Outcome:
        """Put the original back after a trial run; where that fails, the backup stays in the report."""
        assert outcome.backup is not None
        undone = self._undoer.restore(outcome.backup.id, outcome.path)
        head, _, tail = why.partition("\n")
        if undone.exit is not Exit.OK:
            message = "\n".join(filter(None, [f"{head}; restoring failed: {undone.message}", tail]))
            return replace(outcome, exit=undone.exit, message=message, hint=undone.hint or hint)
        message = "\n".join(filter(None, [f"{head}; the original is back", tail]))
        return replace(outcome, exit=Exit.VERIFICATION, message=message, hint=hint, after=None, backup=None)

    def prune(self, keep: int) -> list[str]:
        """Delete all backups but the latest ones.

        Args:
            keep: How many to keep.

        Returns:
            The ids that are gone.

        Raises:
            OSError: If the disk refuses, or another run is at work on the store.
        """
        if not self.store.root.is_dir():
            return []
        with self._committer.lock():
            return self.store.prune(keep)

    def _details(self, plan: Plan, after: bytes) -> dict[str, Any]:
        """What the manifest says beyond the file itself."""
        source = plan.source
        positions = PositionMap(source.text, source.decode(after))
        return {
            "kind": "patch",
            "tool_version": VERSION,
            "fixes": {fix.name: fix.version for fix in fixes() if fix.name in plan.options.selected},
            "arguments": self._arguments,
            "encoding": source.encoding,
            "bom": source.bom,
            "newline": source.newline,
            "edits": [_edit_record(edit, positions) for edit in plan.edits],
            "refusals": [
                {"fix": r.fix, "code": r.code, "line": r.position.line, "column": r.position.column}
                for r in plan.refusals
            ],
        }


def _edit_record(edit: Edit, positions: PositionMap) -> dict[str, Any]:
    """One edit for the manifest, with its place in both versions of the script."""
    after = positions.after(edit.position)
    return {
        "fix": edit.fix,
        "line": edit.position.line,
        "column": edit.position.column,
        "line_after": after.line,
        "column_after": after.column,
        "message": edit.message,
    }
