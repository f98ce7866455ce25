"""``onrecord statements`` and ``onrecord show``: what is on record, on a terminal."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from services.cli.reading import line, reading
from services.cli.tables import print_whole, table_of

if TYPE_CHECKING:
    from services.query.models import Statement


def statements(
    actor: Annotated[
        str,
        typer.Argument(
            help="The actor's id, or the id of any of its names, for example person:sergei-lavrov."
        ),
    ],
    words: Annotated[
        str | None, typer.Option("--words", help="Words that must stand in it; a phrase in double quotes.")
    ] = None,
    kind: Annotated[str | None, typer.Option(help="quote or claim.")] = None,
    outlet: Annotated[str | None, typer.Option(help="The publisher, exactly.")] = None,
    since: Annotated[
        str | None, typer.Option("--from", help="First day of publication, for example 2025-08-01.")
    ] = None,
    until: Annotated[str | None, typer.Option("--to", help="Last day of publication.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Every appearance, not each statement once.")] = False,
    limit: Annotated[int, typer.Option("--max", min=1, max=10_000, help="At most so many.")] = 50,
    as_json: Annotated[
        bool, typer.Option("--json", help="The same as GET /v1/actors/ID/statements answers.")
    ] = False,
) -> None:
    """List what an actor said, newest first, each statement once."""
    from pydantic import ValidationError

    from services.query.params import Appearances, StatementQuery
    from services.query.problems import Merged
    from services.query.records import actors
    from services.query.records import statements as records

    given = {
        "q": words,
        "kind": kind,
        "outlet": outlet,
        "from": since,
        "to": until,
        "appearances": Appearances.ALL if every else Appearances.FIRST,
    }
    try:
        query = StatementQuery.model_validate(given)
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join(map(str, fault['loc'])) or 'period'}: {fault['msg']}" for fault in error.errors()
        )
        raise typer.BadParameter(faults) from error
    with reading() as connection:
        try:
            row = actors.require(connection, actor)
        except Merged as merged:
            row = actors.require(connection, merged.into)
        found = records.of_actor(connection, row.actor_id, query, limit, "")
    if as_json:
        print(found.model_dump_json(indent=2))
        return
    print(f"{row.actor_id}: {line(row.name)}, {found.total} {'statements' if query.once else 'appearances'}")
    table = table_of("published", "kind", "told in", "words", "statement")
    for statement in found.items:
        table.add_row(
            day(statement.article.published_at),
            statement.kind,
            told(statement),
            shown(statement),
            statement.statement_id,
        )
    print_whole(table)


def show(
    statement: Annotated[str, typer.Argument(help="The id of a quote or a claim.")],
    as_json: Annotated[
        bool, typer.Option("--json", help="The same as GET /v1/statements/ID answers.")
    ] = False,
) -> None:
    """Print one statement with every article that tells it, and when else its actor said the same."""
    from services.query.problems import Moved
    from services.query.records import statements as records

    with reading() as connection:
        try:
            found = records.one(connection, statement)
        except Moved as moved:
            found = records.one(connection, moved.into)
    if as_json:
        print(found.model_dump_json(indent=2))
        return
    print(f"{line(found.actor_on_record.name)}: {line(found.text)}")
    if found.polarity:
        print(found.polarity)
    print(f"told in {told(found)}, first {day(found.first_seen)}")
    table = table_of("published", "outlet", "kind", "words", "article", "statement")
    for place in found.appearances:
        mark = " (longest)" if place.statement_id == found.longest and len(found.appearances) > 1 else ""
        names = (
            place.article.outlet or "",
            place.kind,
            line(place.text) + mark,
            place.article.article_id,
            place.statement_id,
        )
        table.add_row(day(place.article.published_at), *(escape(line(name)) for name in names))
    print_whole(table)
    for again in found.said_again:
        print(f"said again {day(again.published_at)}: {line(again.text)} ({again.statement_id})")


def day(moment: datetime | None) -> str:
    """A day, or that there is none."""
    return "undated" if moment is None else f"{moment:%Y-%m-%d}"


def told(statement: Statement) -> str:
    """How often a statement is told."""
    articles = f"{statement.articles} article{'s' if statement.articles != 1 else ''}"
    return articles if statement.outlets < 2 else f"{articles}, {statement.outlets} outlets"


def shown(statement: Statement) -> str:
    """The words as one line that cannot steer a terminal."""
    words = f"“{statement.text}”" if statement.kind == "quote" else statement.text
    return escape(line(f"{statement.polarity}: {words}" if statement.polarity else words))
