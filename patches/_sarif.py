"""Findings in the Static Analysis Results Interchange Format (SARIF 2.1.0), which code hosts show beside the lines."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from patches._engine import VERSION
from patches._model import Edit, Remark
from patches._outcome import Outcome
from patches._registry import FIXES

__all__ = ["to_sarif"]

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVELS = {"refused": "error", "notice": "warning", "satisfied": "note"}


def to_sarif(outcomes: Iterable[Outcome]) -> str:
    """All outcomes as one SARIF log.

    Args:
        outcomes: What became of each script.
    """
    rules = [{"id": fix.name, "shortDescription": {"text": fix.summary}} for fix in FIXES]
    driver = {"name": "patch_train_stable", "version": VERSION, "rules": rules}
    results = [result for outcome in outcomes for result in _results(outcome)]
    log = {"$schema": _SCHEMA, "version": "2.1.0", "runs": [{"tool": {"driver": driver}, "results": results}]}
    return json.dumps(log, indent=2)


def _results(outcome: Outcome) -> Iterator[dict[str, Any]]:
    if outcome.plan is None:
        place = outcome.place
        line, column = (place.line, place.column) if place else (1, 1)
        yield _result(outcome, "unreadable", "error", f"{outcome.message}. {outcome.hint}", line, column)
        return
    findings: list[Edit | Remark] = [*outcome.plan.edits, *outcome.plan.remarks]
    for finding in findings:
        text = finding.message
        if isinstance(finding, Remark) and finding.hint:
            text = f"{text}. {finding.hint}"
        yield _result(outcome, finding.fix, _level(finding), text, finding.place.line, finding.place.column)


def _level(finding: Edit | Remark) -> str:
    return "warning" if isinstance(finding, Edit) else _LEVELS[finding.kind]


def _result(outcome: Outcome, rule: str, level: str, text: str, line: int, column: int) -> dict[str, Any]:
    region = {"startLine": line, "startColumn": column}
    location = {"artifactLocation": {"uri": outcome.path.as_posix()}, "region": region}
    return {
        "ruleId": rule,
        "level": level,
        "message": {"text": text},
        "locations": [{"physicalLocation": location}],
    }
