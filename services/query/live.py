"""The live stream: statements as they come on record and leave it, as server-sent events.

One look a second at the place of the last change, whatever the number of readers and only while there are
any, wakes those that wait. A reader that waits is a coroutine: no thread and no connection to the database.
What it is sent it reads itself, from where it is, so that one that comes back goes on where it was, also
after this service was started anew.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from functools import partial
from http import HTTPStatus
from typing import Annotated, Any, TypeVar

import structlog
from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, Header, Query
from fastapi.responses import StreamingResponse
from sqlalchemy import Connection
from starlette.types import Receive, Scope, Send

from services.chassis.metrics import Metrics
from services.query.database import Database
from services.query.models import Statement
from services.query.params import LiveQuery
from services.query.problems import Trouble, bad_parameter, documented
from services.query.records import actors, changes
from services.query.records.changes import Change
from services.query.records.statements import parsed

LOOK_S = 1.0
"""Between two looks for something new."""
AWAY_S = 5.0
"""The same while the database does not answer."""
HEARTBEAT_S = 15.0
"""A line is sent at least so often: proxies close what is silent for 30 to 60 s. It moves the reader's place
on, too."""
RECONNECT_MS = 3_000
"""How soon a reader comes back after it was cut off."""
BATCH = 100
"""Changes read and sent at a time."""
THREADS = 4
"""Readers that read the database at a time, so that a crowd that wakes leaves threads for the pages."""
MOST = 2**63

Answer = TypeVar("Answer")

_log = structlog.get_logger("onrecord.query")


class Live:
    """Everybody who follows. Runs on the server's event loop."""

    def __init__(self, database: Database, most: int, metrics: Metrics) -> None:
        self._database = database
        self._most = most
        self._gauge = metrics.gauge("live_readers")
        self._limiter = CapacityLimiter(THREADS)
        self._readers = 0
        self._head = 0
        self._changed = asyncio.Event()
        self._ended = False
        self._watch: asyncio.Task[None] | None = None

    def end(self) -> None:
        """Let all readers go: the server is about to stop."""
        self._ended = True
        self._wake()

    async def answer(self, query: LiveQuery, last: int | None) -> StreamingResponse:
        """The stream for a reader that saw ``last``.

        Raises:
            Trouble: 404 for an unknown actor, 422 when the words looked for cannot be read as a search, 503
                when there are as many readers as there may be, or the record cannot be read.
        """
        if self._readers >= self._most:
            problem = (
                f"{self._most} readers follow the live stream, as many as there may be. Try again later, or"
                " take a feed."
            )
            raise Trouble(HTTPStatus.SERVICE_UNAVAILABLE, "busy", problem, headers={"Retry-After": "60"})
        # taken before the first wait, so that no crowd comes in at once
        self._count(+1)
        try:
            head = await self._read(lambda connection: _begin(connection, query))
        except BaseException:
            self._count(-1)
            raise
        after = last if last is not None else query.after
        self._head = max(self._head, head)
        if self._watch is None or self._watch.done():
            self._watch = asyncio.create_task(self._look())
        return _Stream(self._events(query, head if after is None else after), lambda: self._count(-1))

    async def _events(self, query: LiveQuery, place: int) -> AsyncIterator[bytes]:
        # an id without data is remembered, and no event
        yield f"retry: {RECONNECT_MS}\nid: {place}\n\n".encode()
        while not self._ended:
            if self._head > place:
                try:
                    found, place = await self._read(
                        partial(changes.since, after=place, query=query, limit=BATCH)
                    )
                except Trouble:
                    # it stays connected: a browser that was refused would not come back
                    await self._news(AWAY_S)
                    continue
                for change in found:
                    yield event(change)
            elif not await self._news(HEARTBEAT_S):
                yield f": still here\nid: {place}\n\n".encode()

    async def _news(self, seconds: float) -> bool:
        """Wait for a change, or the end; False when there was none in time."""
        try:
            async with asyncio.timeout(seconds):
                await self._changed.wait()
        except TimeoutError:
            return False
        return True

    async def _look(self) -> None:
        """Look for changes as long as somebody follows."""
        while self._readers and not self._ended:
            pause = LOOK_S
            try:
                head = await self._read(changes.head)
            except Trouble:
                pause = AWAY_S
            else:
                if head > self._head:
                    self._head = head
                    self._wake()
            await asyncio.sleep(pause)

    async def _read(self, question: Callable[[Connection], Answer]) -> Answer:
        def ask() -> Answer:
            with self._database.reading() as connection:
                return question(connection)

        return await to_thread.run_sync(ask, limiter=self._limiter)

    def _count(self, more: int) -> None:
        self._readers += more
        self._gauge.set(self._readers)

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()


class _Stream(StreamingResponse):
    """An answer without an end; ``gone`` is called when its reader has left."""

    def __init__(self, events: AsyncIterator[bytes], gone: Callable[[], None]) -> None:
        # nginx keeps what it is not told to pass on
        super().__init__(
            events,
            headers={"cache-control": "no-store", "x-accel-buffering": "no"},
            media_type="text/event-stream",
        )
        self._gone = gone

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._gone()


def _begin(connection: Connection, query: LiveQuery) -> int:
    if query.q:
        parsed(query.q)
    if query.actor:
        actors.existing(connection, query.actor)
    return changes.head(connection)


def event(change: Change) -> bytes:
    """A change as an event: ``statement`` with all that lists say of it, or ``withdrawn`` with its ids and
    the reason."""
    name = "statement" if isinstance(change.what, Statement) else "withdrawn"
    return f"id: {change.seq}\nevent: {name}\ndata: {change.what.model_dump_json()}\n\n".encode()


def _place(header: str | None) -> int | None:
    if header is None or header == "":
        return None
    if not (header.isascii() and header.isdigit() and int(header) < MOST):
        raise bad_parameter(
            "Last-Event-ID", "it is not an id of this stream; leave it out to begin with what comes next"
        )
    return int(header)


def router(live: Live) -> APIRouter:
    """The route under ``/v1``."""
    api = APIRouter(prefix="/v1", tags=["follow"])
    problems = documented(
        HTTPStatus.NOT_FOUND, HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.SERVICE_UNAVAILABLE
    )
    stream: dict[int | str, dict[str, Any]] = {
        200: {"description": "Server-sent events, without end.", "content": {"text/event-stream": {}}}
    }

    @api.get(
        "/live",
        summary="Statements as they come",
        responses=problems | stream,
        response_class=StreamingResponse,
    )
    async def follow(
        query: Annotated[LiveQuery, Query()], last_event_id: Annotated[str | None, Header()] = None
    ) -> StreamingResponse:
        """Server-sent events: `statement` for each that comes on record and passes the filters, its data as
        in the lists, and again when it is another than before (its actor, its words); `withdrawn` for each
        that leaves it, or is not listed any more. Withdrawals are held against `actor`, `kind` and `outlet`
        only: ignore those of statements that you do not know. A corrected article withdraws its old
        statements and brings new ones. What was said once is told once, by the appearance that leads, unless
        `appearances=all`.

        Ids are places in the order of changes. A reader that comes back with `Last-Event-ID` (browsers do)
        misses nothing, however long it was away; it may be told again of what it knows."""
        for name in ("limit", "cursor"):
            if getattr(query, name) is not None:
                raise bad_parameter(name, "a stream has no end and no pages; leave it out")
        return await live.answer(query, _place(last_event_id))

    return api
