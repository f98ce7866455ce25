"""Decisions about who is who over HTTP: read by everybody, made with a token. They go onto the log, never
into the database."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Callable, Sequence
from http import HTTPStatus
from threading import Lock
from typing import Annotated, Any
from uuid import uuid4

import structlog
from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field, ValidationError
from starlette.concurrency import run_in_threadpool

from schemas.events import Decision
from services.chassis.cloudevents import encode
from services.chassis.errors import OnrecordError
from services.chassis.log.types import EventLog, Producer
from services.chassis.settings import QuerySettings
from services.query.api import limit_of
from services.query.database import Database
from services.query.deciding import Draft, decided
from services.query.models import DecisionOnRecord
from services.query.paging import Page
from services.query.params import DecisionId, DecisionQuery
from services.query.problems import BadParameter, Trouble, documented
from services.query.records import decisions

SOURCE = "/onrecord/decisions"
PRODUCER = "onrecord-decisions"
"""What the transactional ids of those who write decisions begin with, on Kafka."""
MAX_BODY_BYTES = 65_536
"""The longest reasons and names take a tenth."""
BODY_TIMEOUT_S = 10.0

LISTED = documented(
    HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.INTERNAL_SERVER_ERROR, HTTPStatus.SERVICE_UNAVAILABLE
)
SINGLE = documented(HTTPStatus.NOT_FOUND) | LISTED
MADE = LISTED | documented(
    HTTPStatus.BAD_REQUEST, HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.CONFLICT,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
)  # fmt: skip

Send = Callable[[Sequence[Decision]], None]

_log = structlog.get_logger("onrecord.query")


class Sender:
    """Puts decisions on the log. Safe to share between threads."""

    def __init__(self, log: EventLog) -> None:
        """Nothing is opened yet: most readers never decide anything."""
        self._event_log = log
        self._lock = Lock()
        self._producer: Producer | None = None

    def __call__(self, made: Sequence[Decision]) -> None:
        """Append all of them, or none.

        Raises:
            OnrecordError: they are not, or not known to be, on the log; sending the same again is safe.
        """
        with self._lock:
            if self._producer is None:
                # an id of its own: another process that decides, too, must not be fenced
                self._producer = self._event_log.producer(f"{PRODUCER}-{uuid4().hex[:12]}")
            self._producer.append([encode(decision, source=SOURCE) for decision in made])

    def close(self) -> None:
        """Release the producer; safe to call twice."""
        with self._lock:
            if self._producer is not None:
                self._producer.close()


class Made(BaseModel):
    """Decisions that are on the log. They are on record as soon as aggregate has read them."""

    decisions: list[Decision] = Field(
        description="One; of a rejection one for each pair of names that may be the same."
    )


def router(database: Database, settings: QuerySettings, send: Send | None) -> APIRouter:
    """The routes; without ``send`` or a token nothing is decided here.

    Raises:
        SettingsError: the token cannot be read.
    """
    api = APIRouter(prefix="/v1", tags=["decisions"])
    token = settings.token()

    @api.get("/decisions", summary="What people decided about who is who", responses=LISTED)
    def list_decisions(query: Annotated[DecisionQuery, Query()]) -> Page[DecisionOnRecord]:
        """All decisions, those undone too, the last first."""
        with database.reading() as connection:
            return decisions.page(connection, query, limit_of(query, settings), "/v1/decisions")

    @api.get("/decisions/{decision_id:path}", summary="One decision", responses=SINGLE)
    def get_decision(decision_id: DecisionId) -> DecisionOnRecord:
        """What was decided, by whom, when and why, and whether it is in force."""
        with database.reading() as connection:
            return decisions.one(connection, decision_id)

    @api.post(
        "/decisions", summary="Decide who is who", status_code=202, responses=MADE, openapi_extra=_body()
    )
    async def decide(request: Request) -> Made:
        """Merge, split, rename, link, reject, reassign or undo, with the token of this service. What is
        answered is on the log; it is on record as soon as aggregate has read it. 409 where the record says so
        already, or otherwise than is supposed."""
        if token is None or send is None:
            cure = "set ONRECORD_QUERY__DECISION_TOKEN, or use `onrecord actors` where the log is"
            raise Trouble(HTTPStatus.FORBIDDEN, "decisions-off", f"This service takes no decisions: {cure}.")
        _authorize(request, token)
        draft = _draft(await _read(request))
        return await run_in_threadpool(_make, database, draft, send)

    return api


def _make(database: Database, draft: Draft, send: Send) -> Made:
    with database.reading() as connection:
        made = decided(connection, draft)
    try:
        send(made)
    except OnrecordError as error:
        _log.error("decision_not_on_the_log", error=str(error))
        detail = "The log cannot be written just now. Send the same again."
        raise Trouble(
            HTTPStatus.SERVICE_UNAVAILABLE, "log-unavailable", detail, headers={"Retry-After": "10"}
        ) from error
    for decision in made:
        _log.info("decided", decision_id=decision.decision_id, kind=decision.kind.value)
    return Made(decisions=made)


def _authorize(request: Request, token: str) -> None:
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not hmac.compare_digest(given.strip().encode(), token.encode()):
        detail = "Send the header Authorization: Bearer TOKEN with the token for decisions."
        raise Trouble(HTTPStatus.UNAUTHORIZED, "token-needed", detail, headers={"WWW-Authenticate": "Bearer"})


async def _read(request: Request) -> bytes:
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_TIMEOUT_S):
            async for chunk in request.stream():
                body += chunk
                if len(body) > MAX_BODY_BYTES:
                    detail = f"A decision takes at most {MAX_BODY_BYTES:,} bytes."
                    raise Trouble(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "body-too-large", detail)
    except TimeoutError as error:
        raise Trouble(
            HTTPStatus.REQUEST_TIMEOUT,
            "body-too-slow",
            f"The body took more than {BODY_TIMEOUT_S:g} seconds.",
        ) from error
    return bytes(body)


def _draft(body: bytes) -> Draft:
    try:
        return Draft.model_validate_json(body)
    except ValidationError as error:
        faults = error.errors()
        if faults[0]["type"] == "json_invalid":
            raise Trouble(
                HTTPStatus.BAD_REQUEST, "not-json", f"The body is no JSON: {faults[0]['ctx']['error']}."
            ) from error
        errors = [
            BadParameter(
                parameter=".".join(map(str, fault["loc"])) or "body",
                detail="there is no such field" if fault["type"] == "extra_forbidden" else str(fault["msg"]),
            )
            for fault in faults
        ]
        detail = "; ".join(f"{fault.parameter}: {fault.detail}" for fault in errors)
        raise Trouble(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid-decision", detail, errors=errors) from error


def _body() -> dict[str, Any]:
    schema = Draft.model_json_schema(ref_template="#/components/schemas/{model}")
    schema.pop("$defs", None)
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}
