"""``onrecord actors merge``, ``split`` and so on: what people decide about who is who, and the list of it."""

from __future__ import annotations

import getpass
import sys
from typing import Annotated

import typer
from rich.markup import escape

from schemas.events import DecisionKind
from services.chassis.errors import OnrecordError
from services.cli import setup
from services.cli.reading import line, reading
from services.cli.tables import print_whole, table_of

Actor = Annotated[str, typer.Argument(help="The actor's id, for example person:sergei-lavrov.")]
Into = Annotated[str, typer.Argument(help="Whose everything of it is from now on.")]
Name = Annotated[str, typer.Argument(help="The id of a name, as `onrecord actors show` lists it.")]
Other = Annotated[str, typer.Argument(help="Who it is not: another name, or a candidate's id.")]
Called = Annotated[str, typer.Argument(help="What it is called.")]
Item = Annotated[str, typer.Argument(help="The item of Wikidata, for example Q58217; `none` for none.")]
Statement = Annotated[str, typer.Argument(help="The id of a quote or a claim.")]
Decision = Annotated[str, typer.Argument(help="The decision's id, as `onrecord actors decisions` lists it.")]
Why = Annotated[str, typer.Option("--why", help="Why, in words; readers of the record see it.")]
By = Annotated[str | None, typer.Option("--by", help="Who decides; your login name where it is left out.")]


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (merge, split, rename, link, reject, reassign, undo, decisions):
        app.command(command.__name__)(command)


def merge(actor: Actor, into: Into, why: Why, by: By = None) -> None:
    """Say that an actor is another one: all that is on record for it, and what comes later, is the other's.
    Its id leads there."""
    _decide(DecisionKind.MERGE, why, by, actor_id=actor, other_id=into)


def split(name: Name, why: Why, by: By = None) -> None:
    """Say that a name is none of the others of its actor: merges and links of it do not hold, it stands on
    its own."""
    _decide(DecisionKind.SPLIT, why, by, actor_id=name)


def rename(actor: Actor, name: Called, why: Why, by: By = None) -> None:
    """Say what an actor is called. Articles' own words stay as they are."""
    _decide(DecisionKind.RENAME, why, by, actor_id=actor, name=name)


def link(actor: Actor, item: Item, why: Why, by: By = None) -> None:
    """Say which item of Wikidata an actor is, or that it is none."""
    _decide(DecisionKind.LINK, why, by, actor_id=actor, wikidata=None if item == "none" else item)


def reject(name: Name, other: Other, why: Why, by: By = None) -> None:
    """Say that two names are two: they are no candidates any more, and are never linked."""
    _decide(DecisionKind.REJECT, why, by, actor_id=name, other_id=other)


def reassign(statement: Statement, actor: Actor, why: Why, by: By = None) -> None:
    """Say that the actor said a statement, and what stands inside its words. It holds when the article is
    extracted anew."""
    _decide(DecisionKind.REASSIGN, why, by, statement_id=statement, other_id=actor)


def undo(decision: Decision, why: Why, by: By = None) -> None:
    """Say that a decision does not hold: all is as if it had never been made. An undo can be undone."""
    _decide(DecisionKind.UNDO, why, by, undoes=decision)


def decisions(
    actor: Annotated[str | None, typer.Argument(help="Only those that touch this actor.")] = None,
    limit: Annotated[int, typer.Option("--max", min=1, max=10_000, help="At most so many.")] = 50,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object per line, as GET /v1/decisions has them.")
    ] = False,
) -> None:
    """List what was decided, by whom, when and why; the last first."""
    from services.query.params import DecisionQuery
    from services.query.records import decisions as records

    with reading() as connection:
        if actor is None:
            found = records.page(connection, DecisionQuery(), limit, "/v1/decisions").items
        else:
            found = records.of_actor(connection, actor)[:limit]
    if as_json:
        for one in found:
            print(one.model_dump_json())
        return
    table = table_of("decision", "when (UTC)", "who", "what", "why")
    for one in found:
        what = one.says if one.in_force else f"[undone] {one.says}"
        who, said, why = (escape(line(text)) for text in (one.decided_by, what, one.why))
        table.add_row(one.decision_id, f"{one.decided_at:%Y-%m-%d %H:%M:%S}", who, said, why)
    print_whole(table)


def _decide(kind: DecisionKind, why: str, by: str | None, **parts: str | None) -> None:
    """Hold a decision against the record, and put it on the log."""
    from pydantic import ValidationError

    from services.query.deciding import Draft, decided
    from services.query.decisions import Sender

    try:
        draft = Draft(kind=kind, why=why, decided_by=by or _login(), **parts)
    except ValidationError as error:
        problem = error.errors()[0]
        raise OnrecordError(f"{problem['loc'][0]}: {problem['msg']}") from error
    settings = setup.load(interactive=True)
    with setup.context(settings, "decisions") as context:
        with reading() as connection:
            made = decided(connection, draft)
        sender = Sender(context.log)
        try:
            sender(made)
        finally:
            sender.close()
    for decision in made:
        print(decision.decision_id)
    print(
        "on the log; on record as soon as aggregate has read it (`onrecord run` starts it, too)",
        file=sys.stderr,
    )


def _login() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError) as error:
        # in a container, as a user without a name
        raise OnrecordError("who decides? This system has no name for you: say it with --by") from error
