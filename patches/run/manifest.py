"""A backup's manifest, read with suspicion: whatever stands in the file, it becomes a `Manifest` or one error."""

from __future__ import annotations

import codecs
import json
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["SCHEMA", "Manifest", "ManifestError", "parse_manifest"]

SCHEMA = 1
_SHA = re.compile(r"[0-9a-f]{64}")
_MODE = re.compile(r"0?[0-7]{3,4}")
_CREATED = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(\+00:00|Z)?")
_LONGEST_PATH = 4096


class ManifestError(ValueError):
    """A manifest that says something else than a manifest may."""


@dataclass(frozen=True)
class Manifest:
    """What a backup says of itself.

    Attributes:
        created: UTC, ISO 8601.
        kind: What the run did that the backup was made for: "patch" or "restore".
        path: The script, as the user named it then, made absolute.
        real: The file behind it then, symbolic links followed.
        mode: Permission bits; never set-user-id, set-group-id or sticky.
        sha_before: SHA-256 of the bytes that were saved.
        sha_after: SHA-256 of the bytes that took their place.
        encoding: The script's codec.
    """

    created: str
    kind: str
    path: Path
    real: Path
    mode: int
    sha_before: str
    sha_after: str
    encoding: str


def parse_manifest(data: bytes) -> Manifest:
    """Read and check a manifest.

    Args:
        data: The file's bytes.

    Raises:
        ManifestError: If it is not one, with the reason.
    """
    try:
        fields = json.loads(data.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise ManifestError("the manifest is not JSON") from error
    if not isinstance(fields, dict):
        raise ManifestError("the manifest is not a JSON object")
    if fields.get("schema") != SCHEMA or type(fields["schema"]) is not int:
        raise ManifestError("the manifest has another schema")
    return Manifest(
        created=_text(fields, "created", _CREATED.fullmatch),
        kind=_text(fields, "kind", ("patch", "restore").__contains__),
        path=Path(_text(fields, "path", _is_path)),
        real=Path(_text(fields, "real_path", _is_path)),
        mode=int(_text(fields, "mode", _MODE.fullmatch), 8) & 0o777,
        sha_before=_text(fields, "sha256_before", _SHA.fullmatch),
        sha_after=_text(fields, "sha256_after", _SHA.fullmatch),
        encoding=_text({"encoding": "utf-8", **fields}, "encoding", _is_codec),
    )


def _text(fields: dict[str, Any], name: str, is_valid: Callable[[str], object]) -> str:
    value = fields.get(name)
    if not isinstance(value, str) or not is_valid(value):
        raise ManifestError(f"the manifest has no valid {name!r}")
    return value


def _is_path(text: str) -> bool:
    """True for an absolute path without `..`, of a length that the system takes."""
    is_plain = "\0" not in text and len(text) <= _LONGEST_PATH and ".." not in Path(text).parts
    if not is_plain or not Path(text).is_absolute():
        return False
    try:
        os.fsencode(text)
    except UnicodeEncodeError:
        return False
    return True


def _is_codec(name: str) -> bool:
    try:
        "x".encode(name)
        codecs.lookup(name)
    except (LookupError, ValueError):
        return False
    return True
