"""The pages: the record for people. They work without scripts; one is better with its own."""

from __future__ import annotations

from calendar import monthrange
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse

from schemas.events import ActorKind, Stance, StatementKind
from services.chassis.settings import QuerySettings
from services.query import reference
from services.query.api import limit_of
from services.query.chart import chart
from services.query.database import Database
from services.query.highlight import Mark, Piece, pieces
from services.query.models import Statement
from services.query.params import (
    ActorId,
    ActorQuery,
    ActorSort,
    ArticleId,
    ArticleQuery,
    Direction,
    SearchQuery,
    SearchSort,
    StatementId,
    StatementQuery,
    StatementSelection,
    StatementSort,
)
from services.query.problems import Trouble
from services.query.records import (
    actors,
    articles,
    changes,
    identity,
    outlets,
    retired,
    search,
    sources,
    statements,
    trail,
)
from services.query.rendering import render
from services.query.search.language import Mistake, parse
from services.query.search.matching import match_of
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
FOUND_ORDERS = {
    SearchSort.NEWEST: "newest first",
    SearchSort.OLDEST: "oldest first",
    SearchSort.RELEVANCE: "best answers first",
}


def router(database: Database, settings: QuerySettings) -> APIRouter:
    """The pages' routes."""
    site = APIRouter(include_in_schema=False)
    _add_newest(site, database, settings)

    @site.get("/")
    def list_actors(query: Annotated[ActorQuery, Query()]) -> HTMLResponse:
        with database.reading() as connection:
            page = actors.page(connection, query, limit_of(query, settings), "/")
            latest = statements.by_id(
                connection, [actor.latest.statement_id for actor in page.items if actor.latest]
            )
            listed = outlets.known(connection)
        sort_links = {
            sort: query.link("/", sort=sort.value, order=_turned(query, sort), cursor=None)
            for sort in ActorSort
        }
        return render(
            "actors.html", page=page, query=query, kinds=list(ActorKind), columns=COLUMNS,
            sorts=list(ActorSort), sort_names=SORT_NAMES, sort_links=sort_links, latest=latest, outlets=listed, here="actors",
        )  # fmt: skip

    @site.get("/actors/{actor_id:path}")
    def show_actor(actor_id: ActorId, query: Annotated[StatementQuery, Query()]) -> HTMLResponse:
        path = f"/actors/{segment(actor_id)}"
        with database.reading() as connection:
            record = actors.one(connection, actor_id, query.appearances)
            page = statements.of_actor(connection, actor_id, query, limit_of(query, settings), path)
            known = identity.of_actor(connection, actor_id)
            listed = outlets.known(connection)
        drawn = chart(record.days, datetime.now(UTC).date())
        return render(
            "actor.html", record=record, identity=known, page=page, query=query, path=path, chart=drawn,
            kinds=list(StatementKind), sorts=list(StatementSort), outlets=listed, here="",
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
        return _search(database, query, limit_of(query, settings))

    @site.get("/method")
    def show_method() -> HTMLResponse:
        return render("method.html", here="method")

    @site.get("/api")
    def show_api(request: Request) -> HTMLResponse:
        document = request.app.openapi()
        return render(
            "api.html",
            operations=reference.operations(document),
            things=reference.things(document),
            here="api",
        )

    return site


def _add_articles(site: APIRouter, database: Database, settings: QuerySettings) -> None:
    @site.get("/articles")
    def list_articles(query: Annotated[ArticleQuery, Query()]) -> HTMLResponse:
        with database.reading() as connection:
            page = articles.page(connection, query, limit_of(query, settings), "/articles")
            listed = outlets.known(connection)
        return render("articles.html", page=page, query=query, outlets=listed, here="articles")

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
                return render(
                    "trail.html",
                    trouble.status,
                    {"cache-control": "no-store"},
                    trail=found,
                    former=former,
                    here="",
                )
        return render(
            "article.html",
            article=article,
            trail=found,
            pieces=pieces(article.text, marks(article.statements)),
            here="",
        )


def _search(database: Database, query: SearchQuery, limit: int) -> HTMLResponse:
    answer, mistake, match = None, None, None
    with database.reading() as connection:
        listed = outlets.known(connection)
        if query.q is not None:
            try:
                tree = parse(query.q)
                match = match_of(connection, tree) if tree else None
                answer = search.search(connection, query, limit, "/search")
            except Mistake as error:
                mistake = str(error)

    def cut(text: str) -> list[Piece]:
        return pieces(text, [Mark(start, end, 1, "hit") for start, end in match.hits(text)] if match else [])

    def narrowed(parameter: str, value: str) -> str:
        if parameter != "month":
            return query.link("/search", **{parameter: value, "cursor": None})
        year, month = map(int, value.split("-"))
        return query.link(
            "/search",
            **{"from": f"{value}-01", "to": f"{value}-{monthrange(year, month)[1]:02}", "cursor": None},
        )

    return render(
        "search.html", 422 if mistake else 200, answer=answer, mistake=mistake, query=query, typed=query.q or "", pieces=cut,
        narrowed=narrowed, filtered=query.filtered, unfiltered=SearchQuery(q=query.q, sort=query.sort).link("/search"), outlets=listed,
        kinds=list(StatementKind), stances=list(Stance), sorts=list(SearchSort), sort_names=FOUND_ORDERS, here="search",
    )  # fmt: skip


def _add_newest(site: APIRouter, database: Database, settings: QuerySettings) -> None:
    @site.get("/newest")
    def show_newest(query: Annotated[StatementSelection, Query()]) -> HTMLResponse:
        with database.reading() as connection:
            head = changes.head(connection)
            found = [change.what for change in changes.latest(connection, query, limit_of(query, settings))]
            listed = outlets.known(connection)
        live = query.link("/v1/live", limit=None, cursor=None, sort=None, after=head)
        feeds = [query.link(f"/v1/feed.{form}", cursor=None, sort=None) for form in ("atom", "json")]
        return render(
            "newest.html",
            found=found,
            query=query,
            kinds=list(StatementKind),
            outlets=listed,
            live=live,
            feeds=feeds,
            here="newest",
        )


def marks(found: list[Statement]) -> list[Mark]:
    """What to highlight in an article: every span, under its statement's number in the list beside the text,
    from 1."""
    return [
        Mark(span.start, span.end, number, statement.kind.value)
        for number, statement in enumerate(found, 1)
        for span in statement.spans
    ]


def _turned(query: ActorQuery, sort: ActorSort) -> str:
    """The direction a column's link leads to: the natural one, or the other one when it is sorted by
    already."""
    natural = Direction.ASC if sort is ActorSort.NAME else Direction.DESC
    current = Direction.DESC if query.descending else Direction.ASC
    if query.sort is not sort or current is not natural:
        return natural.value
    return (Direction.ASC if natural is Direction.DESC else Direction.DESC).value
