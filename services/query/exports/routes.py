"""Exports over HTTP: the lists' addresses with the format as their ending."""

from __future__ import annotations

import threading
from collections.abc import Generator
from http import HTTPStatus
from typing import Annotated

from anyio import CancelScope
from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool
from starlette.types import Receive, Scope, Send

from services.chassis.metrics import Metrics
from services.chassis.settings import QuerySettings
from services.query.database import Database
from services.query.exports.export import export
from services.query.exports.forms import MEDIA_TYPES, Format, What
from services.query.exports.tables import MissingExtra
from services.query.params import ActorQuery, StatementSelection
from services.query.problems import Trouble, documented

RETRY_S = 30
"""When to ask again while others take their exports: about what one of 100,000 statements takes."""

_ANSWERS = documented(
    HTTPStatus.NOT_FOUND,
    HTTPStatus.UNPROCESSABLE_ENTITY,
    HTTPStatus.NOT_IMPLEMENTED,
    HTTPStatus.SERVICE_UNAVAILABLE,
) | {
    200: {
        "description": "The whole list, streamed.",
        "content": {media: {} for media in MEDIA_TYPES.values()},
    }
}


class Exports:
    """Starts exports, so many at a time: each keeps a connection and a state of the record."""

    def __init__(self, database: Database, most: int, metrics: Metrics) -> None:
        self._database = database
        self._metrics = metrics
        self._places = threading.BoundedSemaphore(most)
        self._most = most

    def answer(self, what: What, form: Format, query: ActorQuery | StatementSelection) -> Download:
        """The answer to a request for one.

        Raises:
            Trouble: as :func:`services.query.exports.export.export`; 501 for a format that this server cannot
                write, 503 when as many exports as there may be are under way.
        """
        pieces = self._counted(what, form, query)
        next(pieces)
        name = f"onrecord-{what}.{'annotations.jsonld' if form is Format.WEBANNOTATION else form}"
        return Download(
            pieces,
            headers={"content-disposition": f'attachment; filename="{name}"'},
            media_type=MEDIA_TYPES[form],
        )

    def _counted(self, what: What, form: Format, query: ActorQuery | StatementSelection) -> Generator[bytes]:
        if not self._places.acquire(blocking=False):
            problem = (
                f"{self._most} exports are under way, as many as there may be at a time. Try again in a"
                " moment."
            )
            raise Trouble(
                HTTPStatus.SERVICE_UNAVAILABLE, "busy", problem, headers={"Retry-After": str(RETRY_S)}
            )
        outcome = "cut"
        try:
            yield from export(self._database, what, form, query)
            outcome = "whole"
        except MissingExtra as error:
            outcome = "refused"
            raise Trouble(
                HTTPStatus.NOT_IMPLEMENTED, "missing-extra", f"This server cannot write it. {error}"
            ) from error
        except Trouble as trouble:
            outcome = "refused" if trouble.status < HTTPStatus.INTERNAL_SERVER_ERROR else "cut"
            raise
        finally:
            self._places.release()
            self._metrics.counter("exports", format=form.value, outcome=outcome).inc()


class Download(StreamingResponse):
    """An answer that is made while it is sent. What makes it is ended with it, on a worker thread, however it
    ends."""

    def __init__(self, pieces: Generator[bytes], *, headers: dict[str, str], media_type: str) -> None:
        # what stands between two states of the record has no validator, and is not worth keeping
        super().__init__(pieces, headers={**headers, "cache-control": "no-store"}, media_type=media_type)
        self._pieces = pieces

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            with CancelScope(shield=True):
                await run_in_threadpool(self._pieces.close)


def router(database: Database, settings: QuerySettings, metrics: Metrics) -> APIRouter:
    """The routes under ``/v1``."""
    api = APIRouter(prefix="/v1", tags=["exports"])
    exports = Exports(database, settings.max_exports, metrics)

    @api.get(
        "/actors.{ending}",
        summary="All actors, to take away",
        responses=_ANSWERS,
        response_class=StreamingResponse,
    )
    def export_actors(ending: Format, query: Annotated[ActorQuery, Query()]) -> StreamingResponse:
        """What `/v1/actors` lists, whole and in its order, as CSV, JSON Lines, Parquet or JSON-LD
        (schema.org). The columns are in docs/exports.md. `limit` bounds the number of rows."""
        return exports.answer(What.ACTORS, ending, query)

    @api.get(
        "/statements.{ending}",
        summary="All statements, to take away",
        responses=_ANSWERS,
        response_class=StreamingResponse,
    )
    def export_statements(ending: Format, query: Annotated[StatementSelection, Query()]) -> StreamingResponse:
        """What the lists of statements hold with these filters, whole and in their order; also as Web
        Annotations (W3C). An answer cut short has no end: HTTP clients say so."""
        return exports.answer(What.STATEMENTS, ending, query)

    @api.get(
        "/claims.{ending}",
        summary="All claims, to take away",
        responses=_ANSWERS,
        response_class=StreamingResponse,
    )
    def export_claims(ending: Format, query: Annotated[StatementSelection, Query()]) -> StreamingResponse:
        """Statements of kind `claim`, in the same columns."""
        return exports.answer(What.CLAIMS, ending, query)

    return api
