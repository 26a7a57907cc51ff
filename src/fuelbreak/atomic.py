"""Files that are wholly old or wholly new, never half."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

__all__ = ["replacing", "write_atomically"]


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A file to write to, which takes its name once it is complete and on disk.

    Args:
        path: The name; what is written lies beside it until then, and is gone where something fails.

    Yields:
        The open file.

    Raises:
        OSError: It could not be written; what had the name has it still.
    """
    temporary = path.with_name(path.name + ".tmp")
    try:
        with temporary.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_atomically(path: Path, content: bytes) -> None:
    """Replace a file by new content, as `replacing` does."""
    with replacing(path) as file:
        file.write(content)
