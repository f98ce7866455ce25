"""What every answer has in common: headers that keep a browser safe, validators for caches, figures for the
dashboard."""

from __future__ import annotations

import hashlib
from email.utils import parsedate_to_datetime
from time import perf_counter

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.chassis.metrics import Metrics

SECURITY = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; img-src 'self' data:;"
        " form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
}
"""No scripts but our own files, no third parties, and no word to an outlet about which actor its reader came
from."""

REVALIDATE = "no-cache"
"""Caches may keep an answer but must ask whether it still holds: the record changes at any time."""


class SecureHeaders:
    """Adds :data:`SECURITY` to every answer, errors included."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def secured(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(SECURITY)
            await send(message)

        await self.app(scope, receive, secured if scope["type"] == "http" else send)


class _Enough(Exception):
    """The head of an answer is all that was asked for."""


class Validators:
    """Gives each whole GET answer an ETag over its bytes, and answers 304 when the reader has them already.

    HEAD is answered as GET without the body. Answers are gathered in memory: pages are capped, texts too. An
    answer that does not say how long it is is made while it is sent, and passes as it comes.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] not in ("GET", "HEAD"):
            await self.app(scope, receive, send)
            return
        asked = Headers(scope=scope)
        bodyless = scope["method"] == "HEAD"
        start: Message = {}
        body = bytearray()
        streamed = False

        async def gather(message: Message) -> None:
            nonlocal start, streamed
            if message["type"] == "http.response.start":
                start = message
                streamed = "content-length" not in Headers(raw=message["headers"])
                if streamed:
                    await send(message)
                if streamed and bodyless:
                    raise _Enough
                return
            if streamed:
                await send(message)
                return
            body.extend(message.get("body", b""))
            if not message.get("more_body", False):
                await self._finish(start, bytes(body), asked, send, bodyless=bodyless)

        if not bodyless:
            await self.app(scope, receive, gather)
            return
        # the server must go on seeing HEAD, or it would wait for the body
        inner = {**scope, "method": "GET"}
        try:
            await self.app(inner, receive, gather)
        except _Enough:
            await send({"type": "http.response.body", "body": b""})
        scope.update({name: inner[name] for name in ("route", "root_path") if name in inner})

    @staticmethod
    async def _finish(start: Message, body: bytes, asked: Headers, send: Send, *, bodyless: bool) -> None:
        headers = MutableHeaders(scope=start)
        if start["status"] == 200:
            # 128 bits: no two answers of one address will ever share them
            etag = headers.setdefault("etag", f'"{hashlib.sha256(body).hexdigest()[:32]}"')
            headers.setdefault("cache-control", REVALIDATE)
            if _has_it(asked, etag, headers.get("last-modified")):
                start["status"], body = 304, b""
                del headers["content-length"]
                del headers["content-type"]
        await send(start)
        await send({"type": "http.response.body", "body": b"" if bodyless else body})


def _has_it(asked: Headers, etag: str, modified: str | None) -> bool:
    """Whether the reader has the answer already: by its tag, or, where it asks without one, by its time (RFC
    9110, 13.2.2)."""
    tags, since = asked.get("if-none-match"), asked.get("if-modified-since")
    if tags is not None:
        return _matches(tags, etag)
    if since is None or modified is None:
        return False
    try:
        return parsedate_to_datetime(modified) <= parsedate_to_datetime(since)
    except (ValueError, TypeError):
        # no time, or one without a zone: as if it had not been asked
        return False


def _matches(asked: str, etag: str) -> bool:
    return any(tag.strip().removeprefix("W/") in (etag.removeprefix("W/"), "*") for tag in asked.split(","))


class Measured:
    """Counts and times requests by route template and status class: neither has more values than the program
    has routes.

    An answer that is streamed is timed to its beginning: how long it goes on is the reader's doing.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self.app = app
        self.metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        status = 500
        started = perf_counter()
        duration: float | None = None

        async def noted(message: Message) -> None:
            nonlocal status, duration
            if message["type"] == "http.response.start":
                status = message["status"]
                if "content-length" not in Headers(raw=message["headers"]):
                    duration = perf_counter() - started
            await send(message)

        try:
            await self.app(scope, receive, noted)
        finally:
            route = _template(scope)
            self.metrics.counter("http_requests", route=route, status=f"{status // 100}xx").inc()
            self.metrics.histogram("http_request_duration", route=route).observe(
                duration or perf_counter() - started
            )


def _template(scope: Scope) -> str:
    path = getattr(scope.get("route"), "path_format", None)
    # static files have no route, only the place they are mounted at
    return path if isinstance(path, str) else scope.get("root_path") or "unmatched"
