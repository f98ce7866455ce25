"""Feed documents to entries, in a process that can be killed: a crafted feed costs its parser minutes and
hundreds of megabytes."""

from __future__ import annotations

import threading
from collections.abc import Callable

from pydantic import BaseModel, TypeAdapter

from services.chassis.settings import IngestSettings
from services.chassis.worker import Meanwhile, Worker, WorkerFailed, WorkerLimits
from services.ingest.feeds.entries import Entry, NotAFeed, parse

_WORKER = f"{__name__}:build"
_FEEDS_PER_WORKER = 500  # the parser's caches grow


class _Request(BaseModel):
    """What comes before the document, on a line of its own."""

    url: str
    content_type: str


_ENTRIES = TypeAdapter(list[Entry])


class FeedParser:
    """Reads feeds, one at a time, through one process. Safe to share between threads; close it at the end."""

    def __init__(self, settings: IngestSettings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._worker = Worker(
            _WORKER, "", WorkerLimits(settings.feed_timeout_s, settings.feed_memory_mb, _FEEDS_PER_WORKER)
        )

    def entries(self, data: bytes, url: str, content_type: str, meanwhile: Meanwhile) -> list[Entry]:
        """As :func:`services.ingest.feeds.entries.parse`; ``meanwhile`` is called every second, and what it
        raises ends the reading.

        Raises:
            NotAFeed: as there, or it breaks a limit on time or memory.
            TransientError: no process can be started just now.
        """
        head = _Request(url=url, content_type=content_type).model_dump_json().encode()
        try:
            with self._lock:
                answer = self._worker.ask(head + b"\n" + data, meanwhile)
        except WorkerFailed as failure:
            raise NotAFeed(self._why(failure)) from failure
        return _ENTRIES.validate_json(answer)

    def close(self) -> None:
        """End the process. Safe to call twice."""
        with self._lock:
            self._worker.close()

    def _why(self, failure: WorkerFailed) -> str:
        if failure.kind == "timeout":
            return f"takes longer than {self._settings.feed_timeout_s:g} s to read"
        if failure.kind == "memory":
            return f"takes more than {self._settings.feed_memory_mb} MB to read"
        if failure.kind == "died":
            return "crashes its parser"
        return (
            failure.message if failure.cause == NotAFeed.__name__ else f"cannot be parsed ({failure.cause})"
        )


def build(_: str) -> Callable[[bytes], bytes]:
    """The function that answers a feed with its entries as JSON."""
    return _read


def _read(request: bytes) -> bytes:
    head, _, data = request.partition(b"\n")
    asked = _Request.model_validate_json(head)
    return _ENTRIES.dump_json(parse(data, asked.url, asked.content_type))
