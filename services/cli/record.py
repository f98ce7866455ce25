"""Prints the record: a table of actors."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from schemas.events import ActorKind, StatementKind
from services.chassis.errors import OnrecordError
from services.chassis.settings import Settings
from services.query.database import Database
from services.query.params import ActorQuery
from services.query.problems import Trouble
from services.query.records import actors

ROWS = 25
"""As many as a terminal shows; the pages show all."""
FETCHED = 200
"""Unnamed sources are left out here: they belong to one article each."""


def print_record(settings: Settings, console: Console) -> int:
    """The actors with most on record: quotes, claims, articles and their latest quote. Returns how many
    actors there are.

    Nothing is printed of an empty record.

    Raises:
        SettingsError: the database's address is of no known form.
        OnrecordError: the record cannot be read just now.
    """
    database = Database(settings.store.address())
    try:
        with database.reading() as connection:
            page = actors.page(connection, ActorQuery(), FETCHED, "/v1/actors")
    except Trouble as trouble:
        raise OnrecordError(f"the record cannot be shown: {trouble.detail}") from trouble
    finally:
        database.close()
    if not page.total:
        return 0
    table = Table(title="On record", title_justify="left", expand=True)
    table.add_column("actor", no_wrap=True, overflow="ellipsis", width=22)
    for column in ("quotes", "claims", "articles"):
        table.add_column(column, justify="right", no_wrap=True, min_width=len(column))
    table.add_column("latest quote", overflow="ellipsis", no_wrap=True, ratio=1)
    named = [actor for actor in page.items if actor.kind is not ActorKind.UNNAMED]
    for actor in named[:ROWS]:
        latest = f"“{actor.latest.text}”" if actor.latest and actor.latest.kind is StatementKind.QUOTE else ""
        if actor.latest and actor.latest.negated:
            latest = f"did not say: {actor.latest.text}"
        counts = actor.counts
        table.add_row(
            escape(actor.name), str(counts.quotes), str(counts.claims), str(counts.articles), escape(latest)
        )
    console.print(table)
    console.print(f"{page.total} actors on record")
    return page.total
