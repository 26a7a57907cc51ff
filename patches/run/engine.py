"""plan -> lock -> back up -> write -> read back -> roll back on any mismatch.

bytes -> Source -> findings -> operations -> new bytes -> verify ->| lock -> backup -> replace -> read back
         `------------------- pure, in _plan, _render, _verify ---'|
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..fixes.model import Options
from ..fixes.registry import FIXES
from ..syntax.edits import Edit
from ..syntax.source import Position, UnreadableError, read_source
from .backups import Backup, BackupError, Store
from .files import Disk, Snapshot, replace_file, take_snapshot
from .locks import lock_folder, lock_store
from .outcome import Exit, Outcome
from .plan import Plan, apply, make_plan, sha256
from .positions import PositionMap
from .smoke import smoke

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
    """

    def __init__(
        self,
        backups: Path,
        options: Options,
        arguments: list[str] | None = None,
        disk: Disk | None = None,
        lock_timeout_s: float = 10.0,
    ) -> None:
        self._options, self._arguments = options, arguments or []
        self._lock_timeout_s = lock_timeout_s
        self._disk = disk or Disk()
        self.store = Store(backups, self._disk)

    def examine(self, path: Path, *, partial: bool = False) -> Outcome:
        """Plan and render a script without writing anything.

        Args:
            path: The script.
            partial: Leave out the fixes that refuse, instead of changing nothing.
        """
        try:
            snapshot = take_snapshot(path)
        except OSError as error:
            return Outcome(
                path, Exit.IO, _reason(error), "name a script that is there: patch_train_stable.py SCRIPT"
            )
        outcome = self._examine(path, snapshot, partial)
        if outcome.exit is Exit.PENDING and not snapshot.mode & 0o222:
            message = "the script is read-only: not ours to change"
            return replace(
                outcome, exit=Exit.IO, message=message, hint="make it writable first: chmod u+w", after=None
            )
        return outcome

    def _examine(self, path: Path, snapshot: Snapshot, partial: bool) -> Outcome:
        if path.suffix == ".ipynb":
            hint = "export it first: jupyter nbconvert --to script"
            return Outcome(path, Exit.UNREADABLE, "a notebook is no Python script", hint, Position(1, 1))
        try:
            plan = make_plan(snapshot.data, self._options)
            if plan.refusals and partial:
                plan = self._without_refused(plan)
            if plan.refusals and not partial:
                return Outcome(path, Exit.REFUSED, "refused, nothing is changed", plan=plan)
            return self._rendered(path, plan)
        except UnreadableError as error:
            return Outcome(path, Exit.UNREADABLE, error.reason, error.hint, error.position)
        except RecursionError:
            message = "an expression is nested too deeply to be rewritten"
            return Outcome(path, Exit.UNREADABLE, message, "split the expression", Position(1, 1))

    def _without_refused(self, plan: Plan) -> Plan:
        """Plan again with the fixes that did not refuse; the refusals stay in the report."""
        refused = plan.refusals
        selected = plan.options.selected
        while plan.refusals:
            selected = selected - {diagnostic.fix for diagnostic in plan.refusals}
            plan = make_plan(plan.source.data, replace(plan.options, selected=selected))
        return replace(plan, diagnostics=(*refused, *plan.diagnostics))

    def _rendered(self, path: Path, plan: Plan) -> Outcome:
        if not plan.operations:
            code = Exit.REFUSED if plan.refusals else Exit.OK
            return Outcome(path, code, "nothing to do", plan=plan, after=plan.source.data)
        # Both import LibCST: only now is it certain that there is something to write.
        from ..rewrite.render import RenderError
        from .verify import VerificationError, verify

        try:
            after = apply(plan)
            verify(plan, after)
        except (RenderError, VerificationError, UnicodeEncodeError) as error:
            hint = "please report it with the script; until then leave fixes out with --skip"
            return Outcome(path, Exit.VERIFICATION, f"verification failed: {error}", hint, plan=plan)
        return Outcome(path, Exit.PENDING, "changes pending", plan=plan, after=after)

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
            with self._lock(outcome.path):
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
            message = f"patched, but the run could not be finished: {_reason(error)}"
            return replace(
                outcome, exit=Exit.IO, message=message, hint="the original is in the latest backup"
            )
        hint = "nothing is changed; mend what the system complains about and run it again"
        return replace(outcome, exit=Exit.IO, message=_reason(error), hint=hint, after=None)

    def _patch_locked(self, path: Path, outcome: Outcome) -> Outcome:
        plan, after = outcome.plan, outcome.after
        assert plan is not None
        assert after is not None
        snapshot = take_snapshot(path)
        if snapshot.data != plan.source.data:
            return replace(outcome, exit=Exit.IO, message="the script changed meanwhile", hint="run it again")
        backup = self.store.save(snapshot, after, self._details(plan, after))
        done = replace(outcome, backup=backup)
        if not self._write(snapshot, backup, after):
            message = "what was read back is not what was written; the original is back"
            return replace(done, exit=Exit.VERIFICATION, message=message)
        code = Exit.REFUSED if plan.refusals else Exit.OK
        return replace(done, exit=code, message="patched")

    def _write(self, snapshot: Snapshot, backup: Backup, after: bytes) -> bool:
        """Replace the file and read it back; True where it holds the new bytes."""
        replace_file(self._disk, snapshot.real, after, snapshot.mode)
        if snapshot.real.read_bytes() == after:
            self.store.finish(backup, "applied")
            return True
        replace_file(self._disk, snapshot.real, snapshot.data, snapshot.mode)
        self.store.finish(backup, "rolled-back")
        return False

    def try_out(self, outcome: Outcome, steps: int, timeout_s: float) -> Outcome:
        """Run a patched script for a few vector steps, and put the original back where that fails.

        Args:
            outcome: What `patch` returned; one that wrote nothing is returned as it is.
            steps: How many vector steps.
            timeout_s: Seconds for all of it.
        """
        if outcome.backup is None:
            return outcome
        result = smoke(outcome.path, steps, timeout_s)
        if result.ok:
            return replace(outcome, message=f"{outcome.message}, and it ran {steps} vector steps")
        undone = self.restore(outcome.backup.id)
        state = "the original is back" if undone.exit is Exit.OK else f"restoring failed: {undone.message}"
        message = f"the trial run failed, {state}: {result.reason}"
        hint = "run it unpatched to see whether it ran before; leave fixes out with --skip"
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
        with lock_store(self.store.root, self._lock_timeout_s):
            return self.store.prune(keep)

    def preview_restore(self, wanted: str, path: Path | None = None) -> tuple[str, str, str]:
        """What a restore would change: the script's name, its text now, and its text then.

        Args:
            wanted: A backup's id, or "latest".
            path: Only consider backups of this script.

        Raises:
            BackupError: If there is no such backup, or it is damaged.
        """
        backup = self.store.find(wanted, path.absolute() if path else None)
        now = backup.path.read_bytes() if backup.path.exists() else b""
        encoding = str(backup.manifest.get("encoding", "utf-8"))
        return (
            str(backup.path),
            now.decode(encoding, "replace"),
            backup.read_original().decode(encoding, "replace"),
        )

    def _details(self, plan: Plan, after: bytes) -> dict[str, Any]:
        """What the manifest says beyond the file itself."""
        source = plan.source
        positions = PositionMap(source.text, read_source(after).text)
        return {
            "kind": "patch",
            "tool_version": VERSION,
            "fixes": {fix.name: fix.version for fix in FIXES if fix.name in plan.options.selected},
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

    def restore(self, wanted: str, path: Path | None = None, *, force: bool = False) -> Outcome:
        """Put a script back as a backup has it, bytes and permissions.

        Args:
            wanted: A backup's id, or "latest".
            path: Only consider backups of this script.
            force: Restore even over later edits; they are backed up first.
        """
        try:
            backup = self.store.find(wanted, path.absolute() if path else None)
            original = backup.read_original()
            backup.path.parent.mkdir(parents=True, exist_ok=True)
            with self._lock(backup.path):
                return self._restore_locked(backup, original, force)
        except BackupError as error:
            return Outcome(path or self.store.root, Exit.IO, str(error), error.hint)
        except OSError as error:
            return Outcome(path or self.store.root, Exit.IO, _reason(error), "nothing is changed")

    def _restore_locked(self, backup: Backup, original: bytes, force: bool) -> Outcome:
        target = backup.path
        if not target.exists():
            replace_file(self._disk, target, original, backup.mode)
            return Outcome(target, Exit.OK, f"restored from {backup.id}; the file was gone")
        current = take_snapshot(target)
        if current.data == original and current.mode == backup.mode:
            return Outcome(target, Exit.OK, f"nothing to do: it is as {backup.id} has it")
        if sha256(current.data) not in (backup.manifest["sha256_after"], sha256(original)) and not force:
            hint = "add --force to restore anyway; the edited file is backed up first"
            return Outcome(target, Exit.REFUSED, f"it was edited since {backup.id} was made", hint)
        saved = self.store.save(current, original, {"kind": "restore", "restored": backup.id})
        mode_kept = replace(current, mode=backup.mode)
        if not self._write(mode_kept, saved, original):
            return Outcome(
                target, Exit.VERIFICATION, "what was read back is not what was written", backup=saved
            )
        return Outcome(target, Exit.OK, f"restored from {backup.id}", backup=saved)

    @contextmanager
    def _lock(self, script: Path) -> Iterator[None]:
        """One run at a time on the backup store, and on the folder that the script really lies in."""
        self._disk.make_folder(self.store.root)
        folder = script.resolve().parent
        with lock_store(self.store.root, self._lock_timeout_s), lock_folder(folder, self._lock_timeout_s):
            yield


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


def _reason(error: OSError) -> str:
    where = f": {error.filename}" if error.filename else ""
    return f"{error.strerror or error}{where}"
