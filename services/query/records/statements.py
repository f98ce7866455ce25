"""Statements: lists and single ones."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, false, func, select, true

from schemas.events import Actor, Cue, Extractor, Span, StatementKind, StatementSummary
from schemas.relational import actors, documents, search, statements
from services.query.models import (
    ActorLink,
    Holder,
    Statement,
    StatementDetail,
    Target,
    TextPositionSelector,
    TextQuoteSelector,
)
from services.query.paging import Order, Page, Position, page_of
from services.query.params import SearchSort, StatementQuery, StatementSort
from services.query.problems import bad_parameter
from services.query.records import appearances, retired
from services.query.records.conditions import of_statements, said_once
from services.query.search.finding import BEST, MOMENT, Asked, Found, by_relevance, by_time
from services.query.search.language import Mistake, Node, parse
from services.query.search.matching import Match, match_of
from services.query.text import segment, shorten

SUMMARY = 500
"""Longest text of a summary, as the published record has it."""
CONTEXT = 32
"""Code points before and after the words in a TextQuoteSelector: as Hypothesis, the widest used annotator,
keeps."""
JOINERS = "\u200c\u200d\ufe0e\ufe0f"
"""Characters that belong to the one before them though they are no combining marks."""

_HOLDER = statements.alias("holder")
_COLUMNS = (
    statements,
    documents.c.title,
    documents.c.url,
    _HOLDER.c.actor_id.label("holder_id"),
    _HOLDER.c.actor_name.label("holder_name"),
    actors.c.name.label("recorded_name"),
    actors.c.kind.label("recorded_kind"),
    actors.c.wikidata.label("recorded_wikidata"),
    actors.c.article_id.label("recorded_in"),
)
# joined when read: an inner statement may arrive before the one that holds it
_FROM = (
    statements.join(documents, statements.c.article_id == documents.c.article_id)
    .outerjoin(_HOLDER, and_(_HOLDER.c.statement_id == statements.c.within, _HOLDER.c.on_record))
    .join(actors, actors.c.actor_id == statements.c.actor_id)
)


def build(connection: Connection, rows: Sequence[Row[Any]]) -> list[Statement]:
    """The statements of rows of :data:`_COLUMNS`."""
    told = appearances.told(connection, [row.appearance_of for row in rows if row.appearance_of])
    return [Statement(**_fields(row, told)) for row in rows]


def _fields(row: Row[Any], told: Mapping[str, appearances.Told]) -> dict[str, Any]:
    # one that an earlier release stored stands for itself
    where = told.get(row.appearance_of, appearances.Told(1, 1 if row.outlet else 0))
    return {
        "appearance_of": row.appearance_of or row.statement_id,
        "articles": where.articles,
        "outlets": where.outlets,
        "shred": bool(row.shred),
        "statement_id": row.statement_id,
        "kind": row.kind,
        "subkind": row.subkind,
        "text": row.text,
        "actor": Actor.model_validate(row.actor),
        "actor_on_record": ActorLink(
            actor_id=row.actor_id,
            name=row.recorded_name,
            kind=row.recorded_kind,
            wikidata=row.recorded_wikidata,
            article_id=row.recorded_in,
        ),
        "jointly_with": [Actor.model_validate(other) for other in row.jointly_with or ()],
        "addressee": Actor.model_validate(row.addressee) if row.addressee else None,
        "cue": Cue.model_validate(row.cue) if row.cue else None,
        "stance": row.stance,
        "negated": row.denied if row.denied is not None else row.negated,
        "proposition_negated": row.proposition_negated,
        "check_worthiness": row.check_worthiness,
        "claim_type": row.claim_type,
        "quote_id": row.quote_id,
        "confidence": row.confidence,
        "source_confidence": row.source_confidence,
        "spans": [Span.model_validate(span) for span in row.spans],
        "text_sha256": row.text_sha256,
        "article": appearances.article_of(row),
        "reassigned_by": row.reassigned_by,
        "within": Holder(statement_id=row.within, actor_id=row.holder_id, name=row.holder_name)
        if row.within
        else None,
    }


def summary(row: Row[Any]) -> StatementSummary:
    """A statement in short, from a row of the statements table."""
    return StatementSummary(
        statement_id=row.statement_id,
        kind=StatementKind(row.kind),
        text=shorten(row.text, SUMMARY),
        article_id=row.article_id,
        outlet=row.outlet,
        published_at=row.published_at,
        confidence=row.confidence,
        within=row.within,
        negated=bool(row.denied if row.denied is not None else row.negated),
    )


def order_of(sort: StatementSort | SearchSort) -> Order:
    """The total order of a list of statements."""
    descending = sort != StatementSort.OLDEST
    return Order(f"statements.{sort.value}", MOMENT, search.c.statement_id, descending, key_type=int)


def page(
    connection: Connection, query: StatementQuery, limit: int, path: str, *conditions: ColumnElement[bool]
) -> Page[Statement]:
    """A page of the statements on record that the query and the further conditions (on
    :data:`schemas.relational.search`) leave.

    Raises:
        Trouble: 422 when the words looked for cannot be read as a search.
    """
    if query.q is not None:
        return found_page(connection, query, _match(connection, query.q), limit, path, *conditions)[0]
    wanted = listed(connection, query, conditions)
    order = order_of(query.sort)
    after = order.decode(query.cursor) if query.cursor else None
    found = Found(_positions(connection, wanted, order, after, limit + 1), _number(connection, wanted))
    return _page(connection, query, limit, path, order, found)


def found_page(
    connection: Connection,
    query: StatementQuery,
    match: Match | None,
    limit: int,
    path: str,
    *conditions: ColumnElement[bool],
) -> tuple[Page[Statement], Found]:
    """A page of what a search finds, and all that was found; nothing where there is nothing to look for."""
    order = BEST if query.sort.value == SearchSort.RELEVANCE.value else order_of(query.sort)
    after = order.decode(query.cursor) if query.cursor else None
    if match is None:
        found = Found([], 0)
    else:
        asked = Asked(match, [*of_statements(connection, query), *conditions], query.once, query.outlet)
        if order is BEST:
            found = by_relevance(connection, asked, order_of(StatementSort.NEWEST), after, limit + 1)
        else:
            found = by_time(connection, asked, order, after, limit + 1)
    return _page(connection, query, limit, path, order, found), found


def parsed(words: str) -> Node | None:
    """What is looked for; None when there is nothing in it to look for.

    Raises:
        Trouble: 422 when it cannot be read.
    """
    try:
        return parse(words)
    except Mistake as mistake:
        raise bad_parameter("q", str(mistake)) from mistake


def walk(
    connection: Connection, query: StatementQuery, size: int, *conditions: ColumnElement[bool]
) -> Iterator[list[Statement]]:
    """All that :func:`page` would page through, in batches of ``size``: the memory of one batch, whatever
    there is.

    Raises:
        Trouble: as :func:`page`.
    """
    # in the order of an index, so that a batch is read and not sorted
    wanted = listed(connection, query, conditions)
    order = order_of(query.sort)
    position = None
    while True:
        positions = _positions(connection, wanted, order, position, size)
        if positions:
            yield _whole(connection, positions)
        if len(positions) < size:
            return
        position = positions[-1]


def count(connection: Connection, query: StatementQuery, *conditions: ColumnElement[bool]) -> int:
    """How many that are."""
    return _number(connection, listed(connection, query, conditions))


def listed(
    connection: Connection,
    query: StatementQuery,
    conditions: Sequence[ColumnElement[bool]] = (),
    *,
    probe: bool = False,
) -> list[ColumnElement[bool]]:
    """The conditions (on :data:`schemas.relational.search`) that a statement meets in order to be listed;
    with ``probe`` for rows that are visited one by one.

    Raises:
        Trouble: as :func:`page`.
    """
    found = [*of_statements(connection, query), *conditions]
    if query.q is None:
        return [*found, said_once(query.outlet)] if query.once else found
    match = _match(connection, query.q)
    # only marks and blanks: nothing can match, and "everything matches" would mislead
    return (
        Asked(match, found, query.once, query.outlet).conditions(connection, probe=probe)
        if match
        else [false()]
    )


def leads(connection: Connection, query: StatementQuery) -> ColumnElement[bool]:
    """Whether a row is the one by which its statement is listed once: of those with the words looked for, and
    of those of an outlet.

    Raises:
        Trouble: as :func:`page`.
    """
    match = _match(connection, query.q) if query.q is not None else None
    return (
        Asked(match, [], query.once, query.outlet).leads(connection, probe=True)
        if match
        else said_once(query.outlet)
    )


def _match(connection: Connection, words: str) -> Match | None:
    tree = parsed(words)
    return match_of(connection, tree) if tree else None


def _positions(
    connection: Connection,
    wanted: Sequence[ColumnElement[bool]],
    order: Order,
    after: Position | None,
    limit: int,
) -> list[Position]:
    chosen = select(search.c.statement_id, order.key).where(*wanted).order_by(*order.clauses()).limit(limit)
    chosen = chosen.where(order.after(after)) if after is not None else chosen
    return [Position(moment, identifier) for identifier, moment in connection.execute(chosen)]


def _number(connection: Connection, wanted: Sequence[ColumnElement[bool]]) -> int:
    return connection.execute(select(func.count()).select_from(search).where(*wanted)).scalar_one()


def _whole(connection: Connection, positions: Sequence[Position]) -> list[Statement]:
    # ids first: sorting whole rows, joined, would move every text that matches
    found = by_id(connection, [position.identifier for position in positions])
    return [found[position.identifier] for position in positions]


def _page(
    connection: Connection, query: StatementQuery, limit: int, path: str, order: Order, found: Found
) -> Page[Statement]:
    return page_of(
        found.positions,
        limit=limit,
        total=found.total,
        exact=found.exact,
        order=order,
        position=lambda position: position,
        build=lambda positions: _whole(connection, positions),
        link=lambda cursor: query.link(path, cursor=cursor),
    )


def newest(connection: Connection, actor_id: str, limit: int) -> list[StatementSummary]:
    """The latest of what an actor said, each once; shreds only where there is nothing else."""
    own = select(search.c.statement_id).where(search.c.actor_id == actor_id, said_once(None))
    own = own.order_by(search.c.sort_at.desc(), search.c.statement_id.desc()).limit(limit)
    whole = connection.execute(own.where(search.c.shred.is_not(true()))).scalars().all()
    chosen = whole or connection.execute(own).scalars().all()
    found = latest(connection, chosen)
    return [found[statement_id] for statement_id in chosen]


def of_actor(
    connection: Connection, actor_id: str, query: StatementQuery, limit: int, path: str
) -> Page[Statement]:
    """A page of what is on record for one actor."""
    return page(connection, query, limit, path, search.c.actor_id == actor_id)


def of_article(connection: Connection, article_id: str) -> list[Statement]:
    """Everything on record from one article, in text order."""
    found = (
        select(*_COLUMNS)
        .select_from(_FROM)
        .where(statements.c.on_record, statements.c.article_id == article_id)
    )
    return sorted(
        build(connection, connection.execute(found).all()),
        key=lambda s: (s.spans[0].start, s.kind is StatementKind.CLAIM, s.spans[-1].end, s.statement_id),
    )


def one(connection: Connection, statement_id: str) -> StatementDetail:
    """One statement on record, with its selectors and its appearances.

    Raises:
        Gone: its article does not say it any more.
        Trouble: 404 when nothing is known of it.
    """
    document = (
        documents.c.text.label("document_text"),
        documents.c.extractor_name,
        documents.c.extractor_version,
        documents.c.model_sha256,
    )
    wanted = (
        select(*_COLUMNS, *document)
        .select_from(_FROM)
        .where(statements.c.on_record, statements.c.statement_id == statement_id)
    )
    row = connection.execute(wanted).one_or_none()
    if row is None:
        raise retired.trouble(connection, statement_id)
    fields = _fields(row, appearances.told(connection, [row.appearance_of] if row.appearance_of else []))
    places = appearances.of(connection, row)
    source = f"/v1/articles/{segment(row.article_id)}"
    mention = fields["actor"].mention
    return StatementDetail(
        **fields,
        extractor=Extractor(
            name=row.extractor_name, version=row.extractor_version, model_sha256=row.model_sha256
        ),
        words=[target(row.document_text, span, source) for span in fields["spans"]],
        cue_words=target(row.document_text, fields["cue"].span, source) if fields["cue"] else None,
        mention=target(row.document_text, mention, source) if mention else None,
        first_seen=places[0].article.published_at,
        longest=appearances.longest(places).statement_id,
        appearances=places,
        said_again=appearances.said_again(connection, row, places),
    )


def by_id(connection: Connection, statement_ids: Sequence[str]) -> dict[str, Statement]:
    """Whole statements by statement id."""
    if not statement_ids:
        return {}
    found = select(*_COLUMNS).select_from(_FROM).where(statements.c.statement_id.in_(statement_ids))
    return {
        statement.statement_id: statement for statement in build(connection, connection.execute(found).all())
    }


def latest(connection: Connection, statement_ids: Sequence[str]) -> dict[str, StatementSummary]:
    """Summaries by statement id."""
    found = select(statements).where(statements.c.statement_id.in_(statement_ids))
    return {row.statement_id: summary(row) for row in connection.execute(found)}


def target(text: str, span: Span, source: str) -> Target:
    """Both selectors of a span of ``text``. Context never begins or ends inside a grapheme."""
    start = max(0, span.start - CONTEXT)
    while 0 < start < span.start and _continues(text[start]):
        start -= 1
    end = min(len(text), span.end + CONTEXT)
    while end < len(text) and _continues(text[end]):
        end += 1
    position = TextPositionSelector(start=span.start, end=span.end)
    quotation = TextQuoteSelector(
        exact=span.exact, prefix=text[start : span.start], suffix=text[span.end : end]
    )
    return Target(source=source, selector=[position, quotation])


def _continues(character: str) -> bool:
    return unicodedata.combining(character) != 0 or character in JOINERS
