"""The HTTP server of push and of query: uvicorn, with the limits on slow and crafted clients that it lacks.

uvicorn bounds the bytes of a head and the time between two requests. Here are added: the time a head may
take, from the first connection on; the time a reader may leave an answer unread; the number of connections,
of which the longest idle one makes room for the next; and the refusal of a request whose end two readers
could see in different places.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_BYTES = 16_384
"""Request line and headers; browsers and proxies stay below 8 KiB."""
HEAD_S = 10.0
"""From the connection, or from the last answer, to the end of the next request's head."""
IDLE_S = 5
"""Between two requests, with not a byte of the next one sent."""
UNREAD_S = 30.0
"""How long a client may read nothing of an answer that waits for it."""
MAX_CONNECTIONS = 500
"""Half of the 1,024 files that a process may usually open."""

_REFUSABLE = (h11.IDLE, h11.SEND_RESPONSE)
"""States in which an answer can still be begun."""


def config(app: Callable[..., Any], grace_s: int) -> uvicorn.Config:
    """How an application is served. ``grace_s``: what requests under way get when the server is to end.

    The process owns its log lines and signals; requests are counted, not logged.
    """
    return uvicorn.Config(
        app,
        http=LimitedProtocol,
        ws="none",
        log_config=None,
        access_log=False,
        lifespan="off",
        server_header=False,
        proxy_headers=False,
        h11_max_incomplete_event_size=HEAD_BYTES,
        timeout_keep_alive=IDLE_S,
        timeout_graceful_shutdown=grace_s,
    )


class _Connection(h11.Connection):
    """Refuses a request with both Content-Length and Transfer-Encoding: where it ends is a matter of opinion
    (RFC 9112, 6.1)."""

    def next_event(self) -> Any:
        event = super().next_event()
        if isinstance(event, h11.Request):
            names = {name for name, _ in event.headers}
            if {b"content-length", b"transfer-encoding"} <= names:
                raise h11.RemoteProtocolError("Content-Length and Transfer-Encoding")
        return event


class LimitedProtocol(H11Protocol):
    """One connection. Everything runs on the event loop's one thread."""

    def __init__(self, config: uvicorn.Config, *arguments: Any, **more: Any) -> None:
        super().__init__(config, *arguments, **more)
        self.conn = _Connection(h11.SERVER, config.h11_max_incomplete_event_size or HEAD_BYTES)
        self._head_timer: asyncio.TimerHandle | None = None
        self._unread_timer: asyncio.TimerHandle | None = None
        self.waiting_since = self.loop.time()

    @property
    def waiting(self) -> bool:
        """Whether no request is being handled: the next head has not come, or not wholly."""
        return self.cycle is None or self.cycle.response_complete

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if len(self.connections) > MAX_CONNECTIONS:
            self._make_room()
        self._watch()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._watch()

    def on_response_complete(self) -> None:
        self.waiting_since = self.loop.time()
        super().on_response_complete()
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_head_timer()
        self._stop_unread_timer()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._unread_timer = self.loop.call_later(UNREAD_S, self.transport.abort)

    def resume_writing(self) -> None:
        self._stop_unread_timer()
        super().resume_writing()

    def send_400_response(self, msg: str) -> None:
        """Refuse what cannot be understood; where an answer is under way, end the connection."""
        if self.conn.our_state in _REFUSABLE:
            super().send_400_response(msg)
        else:
            self.transport.abort()

    def _make_room(self) -> None:
        """Let go of the connection that has kept us waiting longest; nobody's request under way is given
        up."""
        idle = [one for one in self.connections if isinstance(one, LimitedProtocol) and one.waiting]
        oldest = min(idle, key=lambda one: one.waiting_since)
        # at once: more may come before the loop tells that it is gone
        self.connections.discard(oldest)
        oldest.transport.abort()

    def _watch(self) -> None:
        if not self.waiting:
            self._stop_head_timer()
        elif self._head_timer is None:
            self._head_timer = self.loop.call_later(HEAD_S, self._head_is_late)

    def _head_is_late(self) -> None:
        if self.transport.get_write_buffer_size():
            # the last answer has not been read; a mere close would wait for that for ever
            self._head_timer = self.loop.call_later(UNREAD_S, self.transport.abort)
            return
        begun, _ = self.conn.trailing_data
        if begun and self.conn.our_state is h11.IDLE:
            self._answer_late()
        self.transport.close()

    def _answer_late(self) -> None:
        status = HTTPStatus.REQUEST_TIMEOUT
        headers = [("content-length", "0"), ("connection", "close")]
        self.transport.write(
            self.conn.send(h11.Response(status_code=status, headers=headers, reason=status.phrase.encode()))
            or b""
        )
        self.transport.write(self.conn.send(h11.EndOfMessage()) or b"")

    def _stop_head_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _stop_unread_timer(self) -> None:
        if self._unread_timer is not None:
            self._unread_timer.cancel()
            self._unread_timer = None
