"""Pages to main text, in a worker process that can be killed."""

from __future__ import annotations

import datetime as dt
import json
import os
import selectors
import struct
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from services.chassis.errors import LimitExceeded, PoisonError, TransientError
from services.extract.text.language import UNKNOWN
from services.extract.text.prescan import declared_language, scan

_WORKER = Path(__file__).with_name("html_worker.py")
_START_S = 60.0  # importing the parser takes about a second; a loaded machine gets a minute before it counts as broken
_PAGES_PER_WORKER = 500  # the parser's caches grow; a fresh process costs a second
_CHUNK = 1 << 16


@dataclass(frozen=True, slots=True)
class HtmlLimits:
    """What a page may cost. ``memory_mb`` is what the worker's address space may grow by."""

    timeout_s: float = 15.0
    memory_mb: int = 1024
    max_depth: int = 512
    max_tags: int = 60_000
    max_bytes: int = 8_000_000


@dataclass(frozen=True, slots=True)
class Page:
    """A page's main text, one paragraph per line, and what it says about itself."""

    text: str
    title: str | None = None
    language: str = UNKNOWN
    published_on: dt.date | None = None


class _WorkerDied(Exception):
    """The worker ended or sent something that is no frame."""


class HtmlReader:
    """Reads pages through one worker process, started with the first page and replaced when it is killed or worn."""

    def __init__(self, limits: HtmlLimits) -> None:
        self._limits = limits
        self._process: subprocess.Popen[bytes] | None = None
        self._pages = 0

    def read(self, html: str, *, article_id: str) -> Page:
        """The main text of a page.

        Raises:
            LimitExceeded: the page is too large, too deep, has too many tags, or took too long or too much memory.
            PoisonError: the page cannot be parsed.
            TransientError: no worker can be started just now.
        """
        limits = self._limits
        seen = scan(html, max_bytes=limits.max_bytes, max_tags=limits.max_tags, max_depth=limits.max_depth)
        if seen.breach is not None:
            wording = {
                "too_large": f"the page has more than {limits.max_bytes} bytes",
                "html_tags": f"the page has more than {limits.max_tags} tags",
                "html_depth": f"the page nests deeper than {limits.max_depth} elements",
            }[seen.breach]
            raise LimitExceeded(f"article {article_id}: {wording}", stage="extract", reason=seen.breach)
        if "<" not in html:
            return Page(html)
        answer = self._ask(html.encode("utf-8", "replace"), article_id)
        return Page(
            text=str(answer.get("text") or ""),
            title=_string(answer.get("title")),
            language=declared_language(html) or UNKNOWN,
            published_on=_date(_string(answer.get("date"))),
        )

    def close(self) -> None:
        """End the worker. Safe to call twice."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    pipe.close()

    def _ask(self, page: bytes, article_id: str) -> dict[str, Any]:
        answer: dict[str, Any] = {}
        for attempt in (1, 2):
            process = self._running()
            self._pages += 1
            try:
                answer = _exchange(process, struct.pack(">I", len(page)) + page, self._limits.timeout_s)
                break
            except TimeoutError as error:
                self.close()
                raise LimitExceeded(
                    f"article {article_id}: the page took longer than {self._limits.timeout_s:g} s", stage="extract", reason="html_timeout"
                ) from error
            except _WorkerDied as error:
                # Somebody may have killed it; when it dies again, it is the page: out of memory, the parser crashes as often as it says so.
                self.close()
                if attempt > 1:
                    raise self._too_much_memory(article_id) from error
        fault = answer.get("error")
        if fault == "memory":
            self.close()
            raise self._too_much_memory(article_id)
        if fault is not None:
            raise PoisonError(f"article {article_id}: the page cannot be parsed ({fault})", stage="extract", reason="html_unreadable")
        return answer

    def _too_much_memory(self, article_id: str) -> LimitExceeded:
        return LimitExceeded(
            f"article {article_id}: the page took more than {self._limits.memory_mb} MB to parse", stage="extract", reason="html_memory"
        )

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is not None and (self._process.poll() is not None or self._pages >= _PAGES_PER_WORKER):
            self.close()
        if self._process is None:
            self._pages = 0
            try:
                self._process = subprocess.Popen(
                    [sys.executable, "-I", str(_WORKER), str(self._limits.timeout_s), str(self._limits.memory_mb)],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL,
                )
                _exchange(self._process, b"", _START_S)
            except (OSError, TimeoutError, _WorkerDied) as error:
                self.close()
                raise TransientError(f"the process that reads pages does not start: {error or type(error).__name__}") from error
        return self._process


def _exchange(process: subprocess.Popen[bytes], request: bytes, timeout_s: float) -> dict[str, Any]:
    """Send a request and read one frame, both inside the time limit."""
    assert process.stdin is not None
    assert process.stdout is not None
    deadline = time.monotonic() + timeout_s
    to_send = memoryview(request)
    received = bytearray()
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        if to_send:
            os.set_blocking(process.stdin.fileno(), False)
            selector.register(process.stdin, selectors.EVENT_WRITE)
        while True:
            events = selector.select(max(0.0, deadline - time.monotonic()))
            if not events:
                raise TimeoutError
            for key, _ in events:
                if key.fileobj is process.stdin:
                    try:
                        to_send = to_send[os.write(process.stdin.fileno(), to_send[:_CHUNK]) :]
                    except BrokenPipeError as error:
                        raise _WorkerDied from error
                    if not to_send:
                        selector.unregister(process.stdin)
                else:
                    chunk = os.read(process.stdout.fileno(), _CHUNK)
                    if not chunk:
                        raise _WorkerDied
                    received += chunk
            frame = _frame(received)
            if frame is not None:
                return frame


def _frame(received: bytearray) -> dict[str, Any] | None:
    if len(received) < 4:
        return None
    (length,) = struct.unpack(">I", received[:4])
    if len(received) < 4 + length:
        return None
    answer: dict[str, Any] = json.loads(bytes(received[4:]))
    return answer


def _string(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _date(value: str | None) -> dt.date | None:
    try:
        return dt.date.fromisoformat(value) if value else None
    except ValueError:
        return None
