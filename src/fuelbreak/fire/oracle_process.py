"""The process that pyretechnics runs in: found, started when first asked, killed at a deadline, started anew."""

from __future__ import annotations

import os
import subprocess
import threading
import weakref
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt

from fuelbreak.errors import SimulationError
from fuelbreak.fire import oracle_worker

__all__ = ["ENVIRONMENT_VARIABLE", "OracleProcess", "find_oracle"]

Arrays = dict[str, npt.NDArray[np.generic]]
Process = subprocess.Popen[bytes]

ENVIRONMENT_VARIABLE = "FUELBREAK_ORACLE_PYTHON"


def find_oracle() -> Path | None:
    """The interpreter that has pyretechnics.

    Returns:
        What the environment variable FUELBREAK_ORACLE_PYTHON names, else `.venv-oracle/bin/python` in the working
        directory; None where that does not exist.
    """
    named = os.environ.get(ENVIRONMENT_VARIABLE)
    python = Path(named) if named else Path(".venv-oracle", "bin", "python").absolute()
    return python if python.exists() else None


class OracleProcess:
    """Answers requests in an interpreter of its own; several simulators may share one.

    The process lives from the first request to `close`, or as long as this object does. One that ended, by itself or
    at a deadline, is started anew by the next request.

    Args:
        python: Interpreter that has pyretechnics; found by `find_oracle` otherwise.

    Raises:
        SimulationError: There is no such interpreter.
    """

    def __init__(self, python: Path | None = None) -> None:
        interpreter = python or find_oracle()
        if interpreter is None:
            raise SimulationError(
                f"no interpreter with pyretechnics: run `make oracle`, or name one in {ENVIRONMENT_VARIABLE}"
            )
        self._python = interpreter
        self._process: Process | None = None
        self._end: Callable[[], object] | None = None

    def close(self) -> None:
        """End the process."""
        if self._end is not None:
            self._end()
        self._process = self._end = None

    def ask(self, request: Arrays, timeout_s: float) -> Arrays:
        """Send a request and wait for the reply.

        Args:
            request: As `fuelbreak.fire.oracle_worker` reads it.
            timeout_s: When the process is killed.

        Returns:
            The reply, or what went wrong under "error".

        Raises:
            SimulationError: The process ended before it replied.
        """
        process = self._running()
        late = threading.Timer(timeout_s, process.kill)
        late.start()
        try:
            assert process.stdin
            assert process.stdout
            oracle_worker.send(process.stdin, request)
            reply = oracle_worker.receive(process.stdout)
        except BrokenPipeError:
            reply = None
        finally:
            late.cancel()
        if reply is None:
            code = process.wait()
            self.close()
            raise SimulationError(f"pyretechnics ended with code {code}; its own messages are on stderr")
        return reply

    def _running(self) -> Process:
        if self._process is None:
            command = [str(self._python), oracle_worker.__file__]
            self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            self._end = weakref.finalize(self, _end, self._process)
        return self._process


def _end(process: Process) -> None:
    process.kill()
    process.communicate()
