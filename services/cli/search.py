"""``onrecord search QUERY``: who said it, on a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from services.chassis.errors import SettingsError
from services.cli.reading import line, reading

if TYPE_CHECKING:
    from services.query.models import Highlight, SearchAnswer, Statement
    from services.query.params import SearchQuery

PATH = "/v1/search"


def search(
    query: Annotated[
        str,
        typer.Argument(help='Words, in any form; "a phrase" or =word as written; AND, OR, NOT, ( ); begin*.'),
    ],
    actor: Annotated[
        str | None, typer.Option(help="Only what these actors said: an id, or words of a name.")
    ] = None,
    outlet: Annotated[str | None, typer.Option(help="Only this publisher, whatever the case.")] = None,
    start: Annotated[
        str | None, typer.Option("--from", help="First day of publication (UTC), 2026-03-01.")
    ] = None,
    to: Annotated[str | None, typer.Option(help="Last day of publication (UTC).")] = None,
    kind: Annotated[str | None, typer.Option(help="quote or claim.")] = None,
    stance: Annotated[str | None, typer.Option(help="assert, deny, accuse, promise, …")] = None,
    sort: Annotated[str, typer.Option(help="newest, oldest or relevance.")] = "newest",
    limit: Annotated[int, typer.Option("--max", min=1, max=500, help="At most so many.")] = 20,
    cursor: Annotated[
        str | None, typer.Option(help="Go on where an answer of --json ended: its next_cursor.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The same as GET /v1/search answers.")] = False,
) -> None:
    """Find statements by their words. Exit code 1 when there are none."""
    given = {
        "q": query,
        "actor": actor,
        "outlet": outlet,
        "from": start,
        "to": to,
        "kind": kind,
        "stance": stance,
        "sort": sort,
    }
    found = _find(_query({**given, "cursor": cursor}), limit)
    if as_json:
        print(found.model_dump_json(indent=2))
    else:
        _print(found)
    if not found.statements.items:
        raise typer.Exit(1)


def _query(given: dict[str, Any]) -> SearchQuery:
    from pydantic import ValidationError

    from services.query.params import SearchQuery

    try:
        return SearchQuery.model_validate({name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        raise SettingsError([_problem(fault["loc"], fault["msg"]) for fault in error.errors()]) from error


def _problem(where: tuple[int | str, ...], what: str) -> str:
    name = "QUERY" if where == ("q",) else f"--{where[0]}" if where else "search"
    return f"{name}: {what.removeprefix('Value error, ')}"


def _find(query: SearchQuery, limit: int) -> SearchAnswer:
    from services.query.records.search import search as find

    with reading() as connection:
        return find(connection, query, limit, PATH)


def _print(found: SearchAnswer) -> None:
    console = Console()
    page = found.statements
    if page.items:
        table = Table(box=None, pad_edge=False, header_style="dim", expand=True)
        table.add_column("published", no_wrap=True)
        table.add_column("who", ratio=1, overflow="fold")
        table.add_column("statement", ratio=4, overflow="fold")
        table.add_column("outlet", ratio=1, overflow="fold")
        for statement in page.items:
            published = statement.article.published_at
            table.add_row(
                f"{published:%Y-%m-%d}" if published else "no date",
                Text(_who(statement)),
                _marked(statement, found.highlights.get(statement.statement_id, [])),
                Text(line(statement.article.outlet or "")),
            )
        console.print(table)
        shown = f"{len(page.items)} of " if page.next or len(page.items) < page.total else ""
        console.print(f"{shown}{'' if page.exact else 'more than '}{page.total:,} statements", style="dim")
    if found.facets and page.items:
        for name, counts in (("actors", found.facets.actors), ("outlets", found.facets.outlets)):
            shares = ", ".join(
                f"{line(count.name or count.value)} {count.statements:,}" for count in counts[:5]
            )
            console.print(Text(f"{name}: {shares}", style="dim"))
    if found.actors:
        named = ", ".join(f"{line(actor.name)} ({actor.actor_id})" for actor in found.actors)
        console.print(Text(f"named so: {named}"))
    if found.explanation:
        console.print(Text(line(found.explanation.reason)))
    if found.suggestion:
        console.print(Text(f"did you mean: {line(found.suggestion.query)}"))


def _who(statement: Statement) -> str:
    return " ".join(
        part for part in (statement.hedge, line(statement.actor_on_record.name), statement.polarity) if part
    )


def _marked(statement: Statement, highlights: list[Highlight]) -> Text:
    """The words looked for in bold."""
    text = Text(line(statement.text))
    for highlight in highlights:
        text.stylize("bold", highlight.start, highlight.end)
    return text
