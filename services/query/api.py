"""The HTTP API: the record as JSON."""

from __future__ import annotations

from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse

from schemas.events import ActorRecord
from services.chassis.settings import QuerySettings
from services.query.database import Database
from services.query.models import (
    ActorSummary,
    ArticleDetail,
    ArticleSummary,
    ArticleTrail,
    Identity,
    SearchAnswer,
    SourceList,
    Statement,
    StatementDetail,
)
from services.query.paging import Page
from services.query.params import (
    ActorId,
    ActorQuery,
    ArticleId,
    ArticleQuery,
    Listing,
    RecordQuery,
    SearchQuery,
    StatementId,
    StatementQuery,
)
from services.query.problems import bad_parameter, documented
from services.query.records import actors, articles, identity, search, sources, statements, trail
from services.query.text import segment

LISTED = documented(
    HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.INTERNAL_SERVER_ERROR, HTTPStatus.SERVICE_UNAVAILABLE
)
SINGLE = documented(HTTPStatus.NOT_FOUND) | LISTED
ACTOR = documented(HTTPStatus.PERMANENT_REDIRECT) | SINGLE
ARTICLE = documented(HTTPStatus.GONE) | SINGLE
STATEMENT = documented(HTTPStatus.PERMANENT_REDIRECT, HTTPStatus.GONE) | SINGLE


def limit_of(query: Listing, settings: QuerySettings) -> int:
    """The page size to use.

    Raises:
        Trouble: 422 when more than the cap is asked for.
    """
    if query.limit is not None and query.limit > settings.max_page_size:
        raise bad_parameter(
            "limit", f"at most {settings.max_page_size} items fit on a page; follow `next` for more"
        )
    return query.limit or settings.page_size


def router(database: Database, settings: QuerySettings) -> APIRouter:
    """The routes under ``/v1``."""
    api = APIRouter(prefix="/v1")

    _add_actors(api, database, settings)

    @api.get("/statements", include_in_schema=False)
    @api.get("/statements/", include_in_schema=False)
    def search_statements(request: Request) -> RedirectResponse:
        # where one looks for a list of statements first; search takes the same parameters, and says what is
        # missing
        return RedirectResponse(f"/v1/search?{request.url.query}" if request.url.query else "/v1/search")

    @api.get(
        "/statements/{statement_id:path}",
        summary="One quote or claim",
        responses=STATEMENT,
        tags=["statements"],
    )
    def get_statement(statement_id: StatementId) -> StatementDetail:
        """One statement, with W3C Web Annotation selectors for its words, its cue and the mention of its
        source; with every article that tells it, its wordings compared, and when else its actor said the
        same. What its article does not say any more is answered with 410 and what is known of it; what it
        says under another id since it was read again redirects there."""
        with database.reading() as connection:
            return statements.one(connection, statement_id)

    @api.get("/articles", summary="Articles on record", responses=LISTED, tags=["articles"])
    def list_articles(query: Annotated[ArticleQuery, Query()]) -> Page[ArticleSummary]:
        """All articles on record, newest publication first."""
        with database.reading() as connection:
            return articles.page(connection, query, limit_of(query, settings), "/v1/articles")

    @api.get(
        "/articles/{article_id:path}/trail",
        summary="Where an article went",
        responses=SINGLE,
        tags=["operations"],
    )
    def get_trail(article_id: ArticleId) -> ArticleTrail:
        """What happened to an article at each stage: taken in, extracted, put on record, or refused and why.
        Withdrawn and refused articles have one too; input that was refused before it became an article is
        known by its name."""
        with database.reading() as connection:
            return trail.one(connection, article_id)

    @api.get(
        "/sources", summary="Outlets and which of them are silent", responses=LISTED, tags=["operations"]
    )
    def list_sources() -> SourceList:
        """Every outlet that articles came from in the last four weeks. An outlet with a rhythm is silent when
        nothing came for three times its longest usual gap, at least six hours."""
        with database.reading() as connection:
            return sources.listing(connection, datetime.now(UTC))

    @api.get(
        "/articles/{article_id:path}",
        summary="One article with its statements",
        responses=ARTICLE,
        tags=["articles"],
    )
    def get_article(article_id: ArticleId) -> ArticleDetail:
        """The text on record, and every statement found in it with the spans of its words."""
        with database.reading() as connection:
            return articles.one(connection, article_id)

    @api.get("/search", summary="Search statements and actors", responses=LISTED, tags=["search"])
    def get_search(query: Annotated[SearchQuery, Query()]) -> SearchAnswer:
        """Statements that answer the search, what they are made of, and actors whose names have the words.

        Words are found in all their forms, by the language of the article; `"a phrase"` and `=word` as they
        are written; `AND`, `OR`, `NOT` or `-word`, parentheses and `begin*` work. Case and accents make no
        difference. An empty result is explained, and a spelling suggested that is on record; what cannot be
        read is refused (422) in plain words."""
        if query.q is None:
            raise bad_parameter("q", "give the words to look for")
        with database.reading() as connection:
            return search.search(connection, query, limit_of(query, settings), "/v1/search")

    return api


def _add_actors(api: APIRouter, database: Database, settings: QuerySettings) -> None:
    @api.get("/actors", summary="Actors on record", responses=LISTED, tags=["actors"])
    def list_actors(query: Annotated[ActorQuery, Query()]) -> Page[ActorSummary]:
        """All actors with something on record, sorted and filtered. With a period or an outlet, counts, dates
        and order cover only what was published there and then."""
        with database.reading() as connection:
            return actors.page(connection, query, limit_of(query, settings), "/v1/actors")

    @api.get(
        "/actors/{actor_id:path}/statements", summary="What an actor said", responses=ACTOR, tags=["actors"]
    )
    def list_statements(actor_id: ActorId, query: Annotated[StatementQuery, Query()]) -> Page[Statement]:
        """The quotes and claims on record for one actor."""
        with database.reading() as connection:
            actors.require(connection, actor_id)
            return statements.of_actor(
                connection,
                actor_id,
                query,
                limit_of(query, settings),
                f"/v1/actors/{segment(actor_id)}/statements",
            )

    @api.get(
        "/actors/{actor_id:path}/identity",
        summary="Which names are one actor, and why",
        responses=ACTOR,
        tags=["actors"],
    )
    def get_identity(actor_id: ActorId) -> Identity:
        """The names that articles know an actor by, what links them, and the other actors that it may be: too
        uncertain to be applied."""
        with database.reading() as connection:
            actors.require(connection, actor_id)
            return identity.of_actor(connection, actor_id)

    @api.get("/actors/{actor_id:path}", summary="The record of one actor", responses=ACTOR, tags=["actors"])
    def get_actor(actor_id: ActorId, query: Annotated[RecordQuery, Query()]) -> ActorRecord:
        """Counts, names, the per-day series, outlets, cues, stances and the latest statements. What was said
        once counts once, on the day of its first appearance and for each outlet, unless `appearances=all`. A
        name that is on record as another actor's redirects there."""
        with database.reading() as connection:
            return actors.one(connection, actor_id, query.appearances)
