"""`RunLog`: what a run showed, as ``metrics.jsonl`` and for TensorBoard.

A disk that is full breaks neither: what could not be written is an error for the caller, what was written before can be
read, and the next entry is tried anew.
"""

from __future__ import annotations

import contextlib
import errno
import json
import math
import os
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

__all__ = ["METRICS_NAME", "RunLog", "append_line"]

METRICS_NAME = "metrics.jsonl"


class RunLog:
    """Writes into a run's folder; TensorBoard's files are opened when they are first needed.

    Args:
        folder: The run's folder.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._board: SummaryWriter | None = None

    def scalars(self, episode: int, values: Mapping[str, float], step: int | None = None) -> None:
        """Add one episode's values; NaN (not measured) is left out.

        Args:
            episode: Its number.
            values: By tag.
            step: Where they stand in TensorBoard, by convention the transitions so far; by default the episode.

        Raises:
            OSError: They could not be written.
        """
        known = {tag: float(value) for tag, value in values.items() if not math.isnan(value)}
        where = {"episode": episode} | ({} if step is None else {"global_step": step})
        append_line(self._folder / METRICS_NAME, json.dumps({**where, **known}))
        with self._writing() as board:
            for tag, value in known.items():
                board.add_scalar(tag, value, episode if step is None else step)

    def picture(self, tag: str, pixels: npt.NDArray[np.uint8], step: int) -> None:
        """Add a picture, uint8 (H, W, 3), to TensorBoard.

        Raises:
            OSError: It could not be written.
        """
        with self._writing() as board:
            board.add_image(tag, pixels, step, dataformats="HWC")

    def close(self) -> None:
        """Flush and close what is open; may be called twice."""
        if self._board is not None:
            board, self._board = self._board, None
            board.close()

    @contextlib.contextmanager
    def _writing(self) -> Iterator[SummaryWriter]:
        """TensorBoard's writer, which is given up where it fails: its thread has ended then."""
        try:
            with _one_report_of_failures():
                if self._board is None:
                    self._board = self._open_board()
                yield self._board
                self._board.flush()  # else its thread meets the full disk later, and the error comes where nobody asks
        except OSError:
            self._board = None
            raise

    def _open_board(self) -> SummaryWriter:
        from torch.utils.tensorboard import SummaryWriter  # a second's import, and not needed by readers

        is_new = not any(self._folder.glob("events.out.tfevents.*"))
        board = SummaryWriter(str(self._folder))
        config = self._folder / "config.json"
        if is_new and config.is_file():
            board.add_text("hyperparameters", _as_table(json.loads(config.read_bytes())["config"]))
        return board


@contextlib.contextmanager
def _one_report_of_failures() -> Iterator[None]:
    """Keep TensorBoard's thread from printing a traceback of the error that is also raised here."""
    inherited = threading.excepthook

    def pass_on(failure: threading.ExceptHookArgs) -> None:
        if not (_is_boards(failure.thread) and isinstance(failure.exc_value, OSError)):
            inherited(failure)

    threading.excepthook = pass_on
    try:
        yield
    finally:
        for thread in threading.enumerate():
            if _is_boards(thread) and getattr(thread, "exception", None) is not None:
                thread.join()  # it is about to print
        threading.excepthook = inherited


def _is_boards(thread: threading.Thread | None) -> bool:
    return type(thread).__module__.startswith("tensorboard.")


def append_line(path: Path, line: str) -> None:
    """Append a whole line or, where the disk is full, nothing.

    Raises:
        OSError: It could not be written; the file is as it was.
    """
    content = line.encode() + b"\n"
    with path.open("ab", buffering=0) as file:
        size = file.tell()
        try:
            if file.write(content) != len(content):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
        except OSError:
            file.truncate(size)
            raise


def _as_table(config: Mapping[str, object]) -> str:
    """Settings as CleanRL shows them: a Markdown table."""
    return "\n".join(["|param|value|", "|-|-|", *(f"|{name}|{value}|" for name, value in config.items())])
