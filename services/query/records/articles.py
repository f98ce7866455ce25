"""Articles on record."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Connection, Row, func, literal_column, select, type_coerce

from schemas.events import Extractor
from schemas.relational import UNDATED, documents, microseconds
from services.query.models import ArticleDetail, ArticleSummary
from services.query.paging import Order, Page, Position, page_of
from services.query.params import ArticleQuery
from services.query.problems import Trouble, not_found
from services.query.records import statements as statement_records
from services.query.records.outlets import meant

_SUMMARY = [column for column in documents.c if column.name not in ("text", "content_key")]


def page(connection: Connection, query: ArticleQuery, limit: int, path: str) -> Page[ArticleSummary]:
    """A page of the articles on record, newest publication first, undated ones last."""
    wanted: list[ColumnElement[bool]] = [~documents.c.withdrawn]
    start, end = query.bounds
    if start is not None:
        wanted.append(documents.c.published_at >= start)
    if end is not None:
        wanted.append(documents.c.published_at < end)
    if query.outlet:
        wanted.append(documents.c.outlet.in_(meant(connection, query.outlet)))
    # written out, because SQLite finds the index by what the expression says
    undated: ColumnElement[int] = literal_column(str(microseconds(UNDATED)))
    key = func.coalesce(type_coerce(documents.c.published_at, BigInteger), undated)
    order = Order("articles.newest", key, documents.c.article_id, descending=True, key_type=int)
    chosen = select(documents.c.article_id).where(*wanted).order_by(*order.clauses()).limit(limit + 1)
    if query.cursor:
        chosen = chosen.where(order.after(order.decode(query.cursor)))
    # ids first: columns behind the text cost reading the text
    listing = (
        select(*_SUMMARY, key.label("sort_key"))
        .where(documents.c.article_id.in_(chosen))
        .order_by(*order.clauses())
    )
    return page_of(
        connection.execute(listing).all(),
        limit=limit,
        total=connection.execute(select(func.count()).select_from(documents).where(*wanted)).scalar_one(),
        order=order,
        position=lambda row: Position(row.sort_key, row.article_id),
        build=lambda rows: [ArticleSummary(**_fields(row)) for row in rows],
        link=lambda cursor: query.link(path, cursor=cursor),
    )


def one(connection: Connection, article_id: str) -> ArticleDetail:
    """One article with everything found in it.

    Raises:
        Trouble: 404 when nothing is known of it, 410 when it was withdrawn.
    """
    row = connection.execute(select(documents).where(documents.c.article_id == article_id)).one_or_none()
    if row is None:
        raise not_found("article", article_id)
    if row.withdrawn:
        detail = (
            f"Article {article_id!r} was withdrawn on {row.fetched_at:%Y-%m-%d}: nothing of it is on record"
            " any more."
        )
        raise Trouble(HTTPStatus.GONE, "withdrawn-article", detail)
    return ArticleDetail(
        **_fields(row),
        document_id=row.document_id,
        text=row.text,
        text_sha256=row.text_sha256,
        extractor=Extractor(
            name=row.extractor_name, version=row.extractor_version, model_sha256=row.model_sha256
        ),
        statements=statement_records.of_article(connection, article_id),
    )


def _fields(row: Row[Any]) -> dict[str, Any]:
    return {
        "article_id": row.article_id,
        "revision": row.revision,
        "url": row.url,
        "outlet": row.outlet,
        "title": row.title,
        "language": row.language,
        "published_at": row.published_at,
        "authors": list(row.authors),
        "fetched_at": row.fetched_at,
        "outcome": row.outcome,
        "quotes": len(row.quote_ids),
        "claims": len(row.claim_ids),
    }
