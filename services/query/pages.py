"""The plain pages: the record for people, without scripts."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse

from schemas.events import ActorKind, StatementKind
from services.chassis.settings import QuerySettings
from services.query.api import limit_of
from services.query.chart import chart
from services.query.database import Database
from services.query.highlight import Mark, pieces
from services.query.models import Statement
from services.query.params import (
    ActorId,
    ActorQuery,
    ActorSort,
    Appearances,
    ArticleId,
    ArticleQuery,
    Direction,
    SearchQuery,
    StatementId,
    StatementQuery,
    StatementSort,
)
from services.query.problems import Trouble
from services.query.records import actors, articles, identity, retired, search, sources, statements, trail
from services.query.rendering import render
from services.query.text import segment

MOST_RETIRED = 200
"""Statements that a withdrawn article's page shows: more than any has."""
COLUMNS = (
    (ActorSort.QUOTES, "Quotes"),
    (ActorSort.CLAIMS, "Claims"),
    (ActorSort.ARTICLES, "Articles"),
    (None, "Outlets"),
    (ActorSort.FIRST_SEEN, "First seen"),
    (ActorSort.LAST_SEEN, "Last seen"),
)


SORT_NAMES = {
    ActorSort.STATEMENTS: "most statements",
    ActorSort.QUOTES: "most quotes",
    ActorSort.CLAIMS: "most claims",
    ActorSort.ARTICLES: "most articles",
    ActorSort.NAME: "name",
    ActorSort.FIRST_SEEN: "newest first seen",
    ActorSort.LAST_SEEN: "newest last seen",
}


def router(database: Database, settings: QuerySettings) -> APIRouter:
    """The pages' routes."""
    site = APIRouter(include_in_schema=False)

    @site.get("/")
    def list_actors(query: Annotated[ActorQuery, Query()]) -> HTMLResponse:
        with database.reading() as connection:
            page = actors.page(connection, query, limit_of(query, settings), "/")
            latest = statements.by_id(connection, [actor.latest.statement_id for actor in page.items if actor.latest])
        sort_links = {sort: query.link("/", sort=sort.value, order=_turned(query, sort), cursor=None) for sort in ActorSort}
        return render(
            "actors.html", page=page, query=query, kinds=list(ActorKind), columns=COLUMNS,
            sorts=list(ActorSort), sort_names=SORT_NAMES, sort_links=sort_links, latest=latest, here="actors",
        )  # fmt: skip

    @site.get("/actors/{actor_id:path}")
    def show_actor(actor_id: ActorId, query: Annotated[StatementQuery, Query()]) -> HTMLResponse:
        path = f"/actors/{segment(actor_id)}"
        with database.reading() as connection:
            record = actors.one(connection, actor_id, query.appearances or Appearances.FIRST)
            page = statements.of_actor(connection, actor_id, query, limit_of(query, settings), path)
            known = identity.of_actor(connection, actor_id)
        drawn = chart(record.days, datetime.now(UTC).date())
        return render(
            "actor.html", record=record, identity=known, page=page, query=query, path=path, chart=drawn,
            kinds=list(StatementKind), sorts=list(StatementSort), here="",
        )  # fmt: skip

    _add_articles(site, database, settings)

    @site.get("/statements/{statement_id:path}")
    def show_statement(statement_id: StatementId) -> HTMLResponse:
        with database.reading() as connection:
            statement = statements.one(connection, statement_id)
        return render("statement.html", statement=statement, here="")

    @site.get("/sources")
    def list_sources() -> HTMLResponse:
        with database.reading() as connection:
            listed = sources.listing(connection, datetime.now(UTC))
        return render("sources.html", listed=listed, here="sources")

    @site.get("/search")
    def show_search(query: Annotated[SearchQuery, Query()]) -> HTMLResponse:
        answer = None
        if query.q is not None:
            with database.reading() as connection:
                answer = search.search(connection, query, limit_of(query, settings), "/search")
        return render("search.html", answer=answer, query=query, kinds=list(StatementKind), sorts=list(StatementSort), here="search")

    @site.get("/method")
    def show_method() -> HTMLResponse:
        return render("method.html", here="method")

    return site


def _add_articles(site: APIRouter, database: Database, settings: QuerySettings) -> None:
    @site.get("/articles")
    def list_articles(query: Annotated[ArticleQuery, Query()]) -> HTMLResponse:
        with database.reading() as connection:
            page = articles.page(connection, query, limit_of(query, settings), "/articles")
        return render("articles.html", page=page, query=query, here="articles")

    @site.get("/articles/{article_id:path}/trail")
    def show_trail(article_id: ArticleId) -> HTMLResponse:
        with database.reading() as connection:
            found = trail.one(connection, article_id)
        return render("trail.html", trail=found, former=[], here="")

    @site.get("/articles/{article_id:path}")
    def show_article(article_id: ArticleId) -> HTMLResponse:
        with database.reading() as connection:
            found = trail.find(connection, [article_id])
            try:
                article = articles.one(connection, article_id)
            except Trouble as trouble:
                if found is None:
                    raise
                # not on record, but known: where it went says why
                former = retired.of_article(connection, article_id, MOST_RETIRED)
                return render("trail.html", trouble.status, {"cache-control": "no-store"}, trail=found, former=former, here="")
        return render("article.html", article=article, trail=found, pieces=pieces(article.text, marks(article.statements)), here="")


def marks(found: list[Statement]) -> list[Mark]:
    """What to highlight in an article: every span, under its statement's number in the list beside the text, from 1."""
    return [
        Mark(span.start, span.end, number, statement.kind.value) for number, statement in enumerate(found, 1) for span in statement.spans
    ]


def _turned(query: ActorQuery, sort: ActorSort) -> str:
    """The direction a column's link leads to: the natural one, or the other one when it is sorted by already."""
    natural = Direction.ASC if sort is ActorSort.NAME else Direction.DESC
    current = Direction.DESC if query.descending else Direction.ASC
    if query.sort is not sort or current is not natural:
        return natural.value
    return (Direction.ASC if natural is Direction.DESC else Direction.DESC).value
