"""An export: what, in which format, read in batches out of one consistent state of the record."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterable, Iterator, Sequence
from itertools import islice
from typing import TypeVar

from sqlalchemy import Connection, select

from schemas.events import StatementKind
from schemas.relational import documents, search
from services.query.database import Database
from services.query.exports import linked, tables
from services.query.exports.columns import ACTORS, STATEMENTS
from services.query.exports.forms import Format, What
from services.query.models import Statement
from services.query.params import ActorQuery, Listing, StatementSelection
from services.query.problems import bad_parameter, unavailable
from services.query.records import actors as actor_records
from services.query.records import statements as statement_records

BATCH = 1_000
"""Items read at a time: some MB."""
BATCH_WITH_TEXTS = 50
"""The same where each may bring its article's text along: at most 400,000 characters each."""
LONGEST_S = 1_800.0
"""An export keeps a state of the record from being cleaned up; one that takes longer is cut off, and seen to
be."""

Item = TypeVar("Item")


def export(
    database: Database, what: What, form: Format, query: ActorQuery | StatementSelection
) -> Generator[bytes]:
    """The bytes of an export, in pieces; closing the generator ends the reading.

    The first piece is empty and comes when it is clear that there is something to send: what can go wrong has
    gone wrong by then.

    Raises:
        Trouble: 404 for an unknown actor, 422 for what cannot be exported so, 503 when the record cannot be
            read or time is up.
        MissingExtra: the format's library is not installed.
    """
    if query.cursor:
        raise bad_parameter("cursor", "an export holds the whole list; leave it out")
    with database.reading() as connection:
        pieces = (
            _actors(connection, form, query)
            if isinstance(query, ActorQuery)
            else _statements(connection, what, form, query)
        )
        first = next(pieces)
        yield b""
        yield first
        yield from pieces


def _actors(connection: Connection, form: Format, query: ActorQuery) -> Iterator[bytes]:
    batches = _bounded(connection, actor_records.walk(connection, query, BATCH), query)
    if form is Format.CSV:
        return tables.as_csv(ACTORS, batches)
    if form is Format.JSONL:
        return _or_nothing(linked.actor_lines(batches))
    if form is Format.PARQUET:
        return tables.as_parquet(ACTORS, batches)
    if form is Format.JSONLD:
        return linked.actor_graph(batches)
    raise bad_parameter("format", "annotations are of words in articles: export statements or claims so")


def _statements(
    connection: Connection, what: What, form: Format, query: StatementSelection
) -> Iterator[bytes]:
    conditions = (
        [] if query.actor is None else [search.c.actor_id == actor_records.existing(connection, query.actor)]
    )
    if what is What.CLAIMS:
        conditions.append(search.c.kind == StatementKind.CLAIM.value)
    size = BATCH_WITH_TEXTS if form is Format.WEBANNOTATION else BATCH
    batches = _bounded(connection, statement_records.walk(connection, query, size, *conditions), query)
    if form is Format.CSV:
        return tables.as_csv(STATEMENTS, batches)
    if form is Format.JSONL:
        return _or_nothing(linked.statement_lines(batches))
    if form is Format.PARQUET:
        return tables.as_parquet(STATEMENTS, batches)
    if form is Format.JSONLD:
        return linked.statement_graph(batches)
    total = statement_records.count(connection, query, *conditions)
    return linked.annotation_collection(_with_texts(connection, batches), min(total, query.limit or total))


def _bounded(
    connection: Connection, batches: Iterable[Sequence[Item]], query: Listing
) -> Iterator[Sequence[Item]]:
    """As many items as asked for, each batch with a query's time, all of them with :data:`LONGEST_S`."""
    end = time.monotonic() + LONGEST_S
    left = query.limit
    for batch in batches:
        if left is not None:
            batch = list(islice(batch, left))
            left -= len(batch)
        yield batch
        if left == 0:
            return
        if time.monotonic() > end:
            raise unavailable(
                f"The export took longer than {LONGEST_S / 60:g} minutes. Narrow it, for example by a period."
            )
        Database.more_time(connection)


def _or_nothing(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Lines have no header: of an empty record, nothing."""
    yield from pieces
    yield b""


def _with_texts(
    connection: Connection, batches: Iterable[Sequence[Statement]]
) -> Iterator[list[tuple[Statement, str]]]:
    for batch in batches:
        wanted = {statement.article.article_id for statement in batch}
        found = connection.execute(
            select(documents.c.article_id, documents.c.text).where(documents.c.article_id.in_(sorted(wanted)))
        )
        texts: dict[str, str] = {row.article_id: row.text for row in found}
        yield [(statement, texts[statement.article.article_id]) for statement in batch]
