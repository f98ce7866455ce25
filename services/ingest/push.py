"""``POST /v1/articles``: articles pushed over HTTP.

Body: one JSON object, an array of them (``application/json``), or one per line (``application/x-ndjson``);
each is an ``Article`` of ours, whose server fields may be left out, or a ninjs item. It may come with
``Content-Encoding: gzip``.

Answers:

- **202** when the log has at least one item (a duplicate counts: it is there). The body lists, per item,
  ``index``, ``outcome`` (published, revised, duplicate, rejected), ``article_id`` and ``revision``, or an RFC
  9457 ``problem`` for an item that was refused;
- **422** when every item was refused: a problem whose ``errors`` lists one problem per item;
- 400 (no JSON, damaged gzip), 401, 408 (too slow), 413 (body, unpacked body or batch too large), 415: the
  request as a whole, nothing was taken;
- **429** with ``Retry-After`` when too many requests are being handled, **503** with ``Retry-After`` when the
  log cannot be reached. Sending the same request again is safe as long as nothing newer was sent in between:
  what was pushed last is how the article is. Who sends several at once numbers them by ``revision``.

All but 202 are ``application/problem+json``.
"""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from http import HTTPStatus
from io import BufferedReader, BytesIO
from typing import Any

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from schemas.events import Article
from services.chassis.errors import OnrecordError
from services.chassis.metrics import Metrics
from services.chassis.settings import IngestSettings
from services.ingest.account import Outcome
from services.ingest.publish import HOPELESS, Publisher
from services.ingest.readers import Arrival, Item, Limits
from services.ingest.readers.gunzip import Gunzip
from services.ingest.readers.items import Unreadable
from services.ingest.readers.json_lines import parse, read_lines, read_objects

logger = structlog.get_logger()

PROBLEM = "application/problem+json"
PATH = "/v1/articles"
LINES = ("application/x-ndjson", "application/ndjson", "application/jsonl", "application/jsonlines")

BODY_TIMEOUT_S = 30.0
"""Time to send one body; 8 MB take that at 2 Mbit/s."""
BODY_GRACE_S = 5.0
BODY_BYTES_PER_S = 10_000
"""What a body must bring on average after a first grace: one that drips is not waited for."""
GZIP = ("gzip", "x-gzip")
RETRY_AFTER_S = 2
"""A batch takes well under a second: in two the queue has moved."""
UNREACHABLE_RETRY_AFTER_S = 10
"""A broker that fails over is back within a session timeout."""
ATTEMPTS = 2
"""One try more bridges a hiccup of the log; after that the client waits better than a held connection
does."""

SERVER_FIELDS = ("article_id", "fetched_at", "origin", "content_type")


class Refused(HTTPException):
    """A request refused as a whole."""

    def __init__(self, status: HTTPStatus, detail: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(status.value, detail, headers)


Fatal = Callable[[OnrecordError], None]


def create_app(
    settings: IngestSettings, publisher: Publisher, metrics: Metrics, fatal: Fatal | None = None
) -> FastAPI:
    """The push API on this publisher. ``fatal`` is told of an error that sending again cannot mend."""
    app = FastAPI(
        title="onrecord ingest", version="1", description="Push raw articles onto the log.", docs_url=None, redoc_url=None,
        openapi_url="/openapi.json",
    )  # fmt: skip
    handler = _Handler(settings, publisher, fatal)
    responses: dict[int | str, dict[str, Any]] = {
        code: {"description": HTTPStatus(code).phrase, "content": {PROBLEM: {"schema": _PROBLEM_SCHEMA}}}
        for code in (400, 401, 408, 413, 415, 422, 429, 503)
    }
    app.add_api_route(
        PATH, handler.post, methods=["POST"], status_code=202, response_class=JSONResponse, responses=responses,
        summary="Push articles", description=__doc__, openapi_extra={"requestBody": _request_body()},
    )  # fmt: skip
    app.add_exception_handler(HTTPException, _as_problem)
    app.add_exception_handler(Exception, _as_internal_error)
    app.add_middleware(_CountStatus, metrics=metrics)
    return app


class _Handler:
    def __init__(self, settings: IngestSettings, publisher: Publisher, fatal: Fatal | None) -> None:
        self._settings = settings
        self._publisher = publisher
        self._fatal = fatal
        self._token = settings.token()
        self._in_flight = 0
        self._held_bytes = 0

    async def post(self, request: Request) -> Response:
        """Take one request; see the module."""
        self._authorize(request)
        self._require_slot()
        body = await self._receive(request)
        try:
            return await self._handle(request, body)
        finally:
            self._held_bytes -= len(body)

    async def _handle(self, request: Request, body: bytes) -> Response:
        async with self._slot():
            items = await run_in_threadpool(self._items, request.headers, body)
            try:
                outcomes = await run_in_threadpool(
                    self._publisher.publish, items, request.headers.get("traceparent"), ATTEMPTS
                )
            except HOPELESS as error:
                if self._fatal:
                    self._fatal(error)
                raise Refused(
                    HTTPStatus.SERVICE_UNAVAILABLE, f"nothing can be put on the log: {error}"
                ) from error
            except OnrecordError as error:
                logger.error("pushed articles could not be put on the log", error=str(error))
                retry = {"Retry-After": str(UNREACHABLE_RETRY_AFTER_S)}
                raise Refused(
                    HTTPStatus.SERVICE_UNAVAILABLE,
                    "the log cannot be written just now; send the same again",
                    retry,
                ) from error
        return _answer(outcomes)

    def _authorize(self, request: Request) -> None:
        if self._token is None:
            return
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not hmac.compare_digest(
            given.strip().encode(), self._token.encode()
        ):
            raise Refused(
                HTTPStatus.UNAUTHORIZED,
                "send the header Authorization: Bearer TOKEN",
                {"WWW-Authenticate": "Bearer"},
            )

    def _require_slot(self) -> None:
        if self._in_flight >= self._settings.push_max_in_flight:
            raise self._busy()

    @asynccontextmanager
    async def _slot(self) -> AsyncIterator[None]:
        # requests are counted on the event loop's one thread
        self._require_slot()
        self._in_flight += 1
        try:
            yield
        finally:
            self._in_flight -= 1

    @staticmethod
    def _busy() -> Refused:
        return Refused(
            HTTPStatus.TOO_MANY_REQUESTS,
            "too many requests are being handled; wait",
            {"Retry-After": str(RETRY_AFTER_S)},
        )

    async def _receive(self, request: Request) -> bytes:
        """The body, counted among the bytes held. One that is slow holds no slot."""
        limit = self._settings.push_max_body_bytes
        if request.headers.get("content-encoding", "identity").lower() not in ("identity", *GZIP):
            cure = "send the body as it is, or with Content-Encoding: gzip"
            raise Refused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, cure, {"Accept-Encoding": "gzip"})
        length = request.headers.get("content-length", "")
        if length.isdecimal() and int(length[:20]) > limit:
            raise _too_large(limit)
        body = bytearray()
        try:
            await self._read(request, body, limit)
        except BaseException:
            self._held_bytes -= len(body)
            raise
        return bytes(body)

    async def _read(self, request: Request, body: bytearray, limit: int) -> None:
        began = asyncio.get_running_loop().time()
        try:
            async with asyncio.timeout(min(BODY_GRACE_S, BODY_TIMEOUT_S)) as deadline:
                async for chunk in request.stream():
                    body += chunk
                    self._held_bytes += len(chunk)
                    if len(body) > limit:
                        raise _too_large(limit)
                    # no more than those handled at once may have
                    if self._held_bytes > limit * self._settings.push_max_in_flight:
                        raise self._busy()
                    deadline.reschedule(
                        began + min(BODY_GRACE_S + len(body) / BODY_BYTES_PER_S, BODY_TIMEOUT_S)
                    )
        except TimeoutError as error:
            cure = (
                f"the body came too slowly: it may take {BODY_TIMEOUT_S:g} s, and must bring"
                f" {BODY_BYTES_PER_S:,} bytes a second"
            )
            raise Refused(HTTPStatus.REQUEST_TIMEOUT, cure, {"Connection": "close"}) from error
        except ClientDisconnect as error:
            raise Refused(HTTPStatus.BAD_REQUEST, "the body broke off") from error

    def _items(self, headers: Headers, body: bytes) -> list[Item]:
        if headers.get("content-encoding", "").lower() in GZIP:
            body = _unpacked(body, self._settings.push_max_body_bytes)
        content_type = headers.get("content-type", "")
        arrival = Arrival("push", "push", "push", datetime.now(UTC))
        limits = Limits(self._settings.max_article_bytes)
        media_type = content_type.partition(";")[0].strip().lower()
        if media_type in LINES:
            items = read_lines(arrival, BytesIO(body), limits)
        elif media_type == "application/json" or media_type.endswith("+json"):
            try:
                items = read_objects(arrival, parse(body), body, limits)
            except Unreadable as error:
                raise Refused(HTTPStatus.BAD_REQUEST, f"the body {error.message}") from error
        else:
            raise Refused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"send application/json or {LINES[0]}")
        taken: list[Item] = []
        for item in items:
            if len(taken) == self._settings.push_max_batch:
                most = self._settings.push_max_batch
                raise Refused(
                    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                    f"more than {most} articles in one request; send fewer at once",
                )
            taken.append(item)
        if not taken:
            raise Refused(HTTPStatus.BAD_REQUEST, "the body holds no article")
        return taken


def _too_large(limit: int) -> Refused:
    return Refused(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        f"the body is larger than {limit:,} bytes; send fewer articles at once",
    )


def _unpacked(body: bytes, limit: int) -> bytes:
    """The gzipped body unpacked, of which no more than ``limit`` bytes are ever made."""
    try:
        plain = BufferedReader(Gunzip(BytesIO(body))).read(limit + 1)
    except Unreadable as error:
        raise Refused(HTTPStatus.BAD_REQUEST, f"the body {error.message}") from error
    if len(plain) > limit:
        raise _too_large(limit)
    return plain


def problem(status: int, detail: str, **more: object) -> dict[str, object]:
    """Problem details, RFC 9457. ``type`` is about:blank: the status says what kind it is."""
    return {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        **more,
    }


def _answer(outcomes: Sequence[Outcome]) -> Response:
    items = [_item(index, outcome) for index, outcome in enumerate(outcomes)]
    rejected = [item["problem"] for item in items if "problem" in item]
    if len(rejected) == len(items):
        detail = outcomes[0].message if len(items) == 1 else f"all {len(items)} articles were refused"
        return JSONResponse(problem(422, detail, errors=rejected), 422, media_type=PROBLEM)
    return JSONResponse(
        {"accepted": len(items) - len(rejected), "rejected": len(rejected), "items": items}, 202
    )


def _item(index: int, outcome: Outcome) -> dict[str, object]:
    if outcome.kind == "rejected":
        return {
            "index": index,
            "outcome": outcome.kind,
            "problem": problem(422, outcome.message, index=index, reason=outcome.why),
        }
    item: dict[str, object] = {
        "index": index,
        "outcome": outcome.kind,
        "article_id": outcome.article_id,
        "revision": outcome.revision,
    }
    return item | ({"why": outcome.why, "detail": outcome.message} if outcome.why else {})


async def _as_problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return JSONResponse(problem(error.status_code, error.detail), error.status_code, error.headers, PROBLEM)


async def _as_internal_error(request: Request, error: Exception) -> Response:
    # the server logs the error itself; the client learns that it was not its fault
    return JSONResponse(
        problem(500, "an error of the server; send the same again later"), 500, media_type=PROBLEM
    )


class _CountStatus:
    """Counts the answers to push requests by status."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def counting(message: Message) -> None:
            if message["type"] == "http.response.start" and scope["path"] == PATH:
                self._metrics.counter("push_requests", status=str(message["status"])).inc()
            await send(message)

        await self._app(scope, receive, counting)


_PROBLEM_SCHEMA = {
    "type": "object",
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {"type": "object"},
            "description": "One problem per refused item.",
        },
    },
}


def _request_body() -> dict[str, Any]:
    """The body for the OpenAPI document: our article with the server's fields optional."""
    article = Article.model_json_schema(ref_template="#/components/schemas/{model}")
    article.pop("$defs", None)
    article["properties"] = {
        name: field for name, field in article["properties"].items() if name != "status"
    } | {"status": {"type": "string", "enum": ["usable", "withdrawn"], "default": "usable"}}
    article["required"] = [name for name in article.get("required", []) if name not in SERVER_FIELDS]
    one_or_many = {"oneOf": [article, {"type": "array", "items": article, "minItems": 1}]}
    return {
        "required": True,
        "content": {"application/json": {"schema": one_or_many}, LINES[0]: {"schema": {"type": "string"}}},
    }
