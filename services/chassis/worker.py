"""Work on what strangers wrote, in a process that can be killed.

A parser or a rule that meets its worst input may take hours, all the memory there is, or crash; no check
inside the process survives all three. So pages (:mod:`services.extract.text.html`), articles
(:mod:`services.extract.articles`) and feeds (:mod:`services.ingest.feeds.parser`) are each read by one child
process, inside a limit on time and on memory; one that breaks a limit is killed and the next input gets a new
one.

The parent never blocks: it looks at its ``meanwhile`` once a second, which keeps a membership alive and may
end the wait by raising.
"""

from __future__ import annotations

import os
import selectors
import struct
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal

from services.chassis.errors import TransientError

_SCRIPT = Path(__file__).with_name("worker_process.py")
_ROOT = Path(__file__).parents[2]
_START_S = 60.0
"""Imports and a model take about a second; a loaded machine gets a minute before the worker counts as
broken."""
_CHUNK = 1 << 16
LOOK_S = 1.0
"""How often a waiting parent looks up."""

Meanwhile = Callable[[], None]
Kind = Literal["timeout", "memory", "died", "failed"]


@dataclass(frozen=True, slots=True)
class WorkerLimits:
    """What one request may cost. ``memory_mb`` is what the worker's address space may grow by once it is
    ready.

    ``requests``: so many are answered by one process, then a new one takes its place, because a library's
    caches grow; None: all.
    """

    timeout_s: float
    memory_mb: int
    requests: int | None = None


class WorkerFailed(Exception):
    """A request that was not answered.

    ``kind``: it took longer than the limit (``timeout``), more memory than that (``memory``), ended the
    process twice (``died``: a crash, or the system's own limit on memory), or raised (``failed``). Then
    ``cause`` is the error's class; ``message``, its first line, and ``traceback`` may quote the input.
    """

    def __init__(self, kind: Kind, cause: str = "", message: str = "", traceback: str = "") -> None:
        super().__init__(f"{kind} {cause}".strip())
        self.kind = kind
        self.cause = cause
        self.message = message
        self.traceback = traceback


class WorkerUnfit(Exception):
    """The function that makes the work raised; the message is its error's."""


class _Died(Exception):
    """The process ended or sent something that is no frame."""


class Worker:
    """One child process, started with the first request and again when it was killed or is worn. Not for use
    by several threads at once."""

    def __init__(self, made_by: str, argument: str, limits: WorkerLimits) -> None:
        """``made_by`` is ``package.module:function``: called in the child with ``argument``, it returns a
        function of bytes to bytes."""
        self._made_by = made_by
        self._argument = argument
        self._limits = limits
        self._process: subprocess.Popen[bytes] | None = None
        self._asked = 0

    @property
    def pid(self) -> int | None:
        """The process's id while there is one."""
        return self._process.pid if self._process else None

    def ask(self, request: bytes, meanwhile: Meanwhile = lambda: None) -> bytes:
        """The answer to one request. What ``meanwhile`` raises ends the wait, and the process with it.

        Raises:
            WorkerFailed: the request breaks a limit or cannot be answered.
            WorkerUnfit: the child cannot work at all: a wrong setting, a missing file.
            TransientError: no process can be started just now.
        """
        try:
            return self._ask(request, meanwhile)
        except WorkerFailed as error:
            if error.kind != "failed":
                self.close()
            raise
        except BaseException:
            # its answer may still come, and must not be taken for the next request's
            self.close()
            raise

    def start(self, meanwhile: Meanwhile = lambda: None) -> None:
        """Start the process if there is none.

        Raises:
            WorkerUnfit, TransientError: as :meth:`ask`.
        """
        self._running(meanwhile)

    def close(self) -> None:
        """End the process. Safe to call twice."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    pipe.close()

    def _ask(self, request: bytes, meanwhile: Meanwhile) -> bytes:
        frame = struct.pack(">I", len(request)) + request
        try:
            answer = self._exchange(frame, meanwhile)
        except _Died:
            # somebody may have killed it; when it dies again, it is the request
            self.close()
            try:
                answer = self._exchange(frame, meanwhile)
            except _Died as error:
                raise WorkerFailed("died") from error
        if answer[:1] == b"+":
            return answer[1:]
        cause, message, traceback = answer[1:].decode("utf-8", "replace").split("\n", 2)
        if cause == "MemoryError":
            raise WorkerFailed("memory")
        raise WorkerFailed("failed", cause, message, traceback)

    def _exchange(self, frame: bytes, meanwhile: Meanwhile) -> bytes:
        process = self._running(meanwhile)
        self._asked += 1
        try:
            return exchange(process, frame, self._limits.timeout_s, meanwhile)
        except TimeoutError as error:
            raise WorkerFailed("timeout") from error

    def _running(self, meanwhile: Meanwhile) -> subprocess.Popen[bytes]:
        worn = self._limits.requests is not None and self._asked >= self._limits.requests
        if self._process is not None and (worn or self._process.poll() is not None):
            self.close()
        if self._process is None:
            self._asked = 0
            self._process = self._started(meanwhile)
        return self._process

    def _started(self, meanwhile: Meanwhile) -> subprocess.Popen[bytes]:
        limits = self._limits
        command = [
            sys.executable,
            "-I",
            str(_SCRIPT),
            str(_ROOT),
            self._made_by,
            self._argument,
            str(limits.timeout_s),
            str(limits.memory_mb),
        ]
        try:
            process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
            )
        except OSError as error:
            raise TransientError(f"the process for {self._made_by} does not start: {error}") from error
        self._process = process
        try:
            answer = exchange(process, b"", _START_S, meanwhile)
        except (TimeoutError, _Died) as error:
            self.close()
            how = "it ended" if isinstance(error, _Died) else f"not ready within {_START_S:g} s"
            raise TransientError(f"the process for {self._made_by} does not start: {how}") from error
        except BaseException:
            self.close()
            raise
        if answer[:1] != b"+":
            self.close()
            raise WorkerUnfit(answer[1:].decode("utf-8", "replace").partition("\n")[2])
        return process


def exchange(
    process: subprocess.Popen[bytes], request: bytes, timeout_s: float, meanwhile: Meanwhile
) -> bytes:
    """Send a request and read one frame, both inside the time limit.

    Time in which this process stood still as well (a machine asleep, a frozen container) does not count.
    """
    assert process.stdin is not None
    assert process.stdout is not None
    unsent = memoryview(request)
    received = bytearray()
    waited, looked = 0.0, time.monotonic()
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        if unsent:
            os.set_blocking(process.stdin.fileno(), False)
            selector.register(process.stdin, selectors.EVENT_WRITE)
        next_look = LOOK_S
        while True:
            events = selector.select(max(0.0, min(LOOK_S, timeout_s - waited)))
            now = time.monotonic()
            waited, looked = waited + min(now - looked, 2 * LOOK_S), now
            for key, _ in events:
                if key.fileobj is process.stdin:
                    unsent = _send(process.stdin, unsent)
                    if not unsent:
                        selector.unregister(process.stdin)
                else:
                    received += _read(process.stdout)
            if _is_whole(received):
                return bytes(received[4:])
            if not events and waited >= timeout_s:
                raise TimeoutError
            if waited >= next_look:
                next_look = waited + LOOK_S
                meanwhile()


def _send(pipe: IO[bytes], unsent: memoryview) -> memoryview:
    try:
        return unsent[os.write(pipe.fileno(), unsent[:_CHUNK]) :]
    except BrokenPipeError as error:
        raise _Died from error


def _read(pipe: IO[bytes]) -> bytes:
    chunk = os.read(pipe.fileno(), _CHUNK)
    if not chunk:
        raise _Died
    return chunk


def _is_whole(received: bytearray) -> bool:
    return len(received) >= 4 and len(received) >= 4 + int.from_bytes(received[:4], "big")
