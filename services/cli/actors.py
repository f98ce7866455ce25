"""``onrecord actors``: who is who on record."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.markup import escape

from services.cli import decisions
from services.cli.reading import line, reading
from services.cli.tables import print_whole, table_of

app = typer.Typer(
    help="Who is who: the names that are one actor, or may be, and what people decide.", no_args_is_help=True
)


@app.command("show")
def show(
    actor: Annotated[
        str,
        typer.Argument(
            help="The actor's id, or the id of any of its names, for example person:sergei-lavrov."
        ),
    ],
    as_json: Annotated[
        bool, typer.Option("--json", help="The same as GET /v1/actors/ID/identity answers.")
    ] = False,
) -> None:
    """Print an actor's names, why they are one, and who else it may be."""
    from services.query.problems import Merged
    from services.query.records import actors, identity

    with reading() as connection:
        try:
            row = actors.require(connection, actor)
        except Merged as merged:
            row = actors.require(connection, merged.into)
        found = identity.of_actor(connection, row.actor_id)
    if as_json:
        print(found.model_dump_json(indent=2))
        return
    known = f", known in article {row.article_id} only" if row.article_id else ""
    print(f"{row.actor_id}: {line(row.name)}, {row.statements} statements{known}")
    table = table_of("name", "statements", "is", "because", "probability")
    for name in found.names:
        link = (
            name.linked_to or "",
            name.reason or "",
            "" if name.probability is None else f"{name.probability:.2f}",
        )
        table.add_row(escape(name.identity_id), str(name.statements), *(escape(part) for part in link))
    for candidate in found.candidates:
        table.add_row(
            escape(candidate.identity_id),
            "",
            escape(f"maybe {candidate.actor.actor_id}"),
            candidate.reason,
            f"{candidate.probability:.2f}",
        )
    print_whole(table)


@app.command("candidates")
def candidates(
    limit: Annotated[int, typer.Option("--max", min=1, max=10_000, help="At most so many.")] = 50,
) -> None:
    """List names that may be one and are not taken to be, the most probable first."""
    from services.query.records import identity

    with reading() as connection:
        found = identity.open_candidates(connection, limit)
    table = table_of("name", "may be", "because", "probability")
    for name, other, reason, probability in found:
        table.add_row(escape(name), escape(other), reason, f"{probability:.2f}")
    print_whole(table)


decisions.add_to(app)
