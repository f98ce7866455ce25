"""``onrecord trace ARTICLE``: where an article went."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from services.chassis.errors import OnrecordError
from services.chassis.settings import Settings
from services.cli import setup
from services.cli.tables import print_whole, table_of

if TYPE_CHECKING:
    from services.query.models import ArticleTrail

UNKNOWN = """nothing is known of {name}. Check, in this order:
  1. the id: `onrecord ingest` logs it, the push API answers with it; an address must be the one the article came with
  2. a duplicate: an article that is known already, or has the text of another one of its publisher, is left out when it comes in
     (ingest logs `article left out`; its onrecord_duplicates_total counts them)
  3. refused input: `onrecord dlq list` names what could not be read; a missing file leaves no trace but its error
  4. the aggregate service, which writes trails: is it running, and has it caught up (onrecord_group_lag_seconds)?
  5. its age: trails are kept for {days} days (ONRECORD_STORE__TRAIL_DAYS)"""

STATUS = {
    "on_record": "on record",
    "withdrawn": "withdrawn: nothing of it is on record",
    "dead_lettered": "not on record: it waits among the dead letters",
    "rejected": "not on record: refused when it came in",
    "in_progress": "not on record yet: on its way",
}


def trace(
    article: Annotated[
        str,
        typer.Argument(
            help="The article's id or address, or the name of refused input as ingest reported it."
        ),
    ],
    as_json: Annotated[
        bool, typer.Option("--json", help="The same as GET /v1/articles/ID/trail answers.")
    ] = False,
) -> None:
    """Say where an article went: each stage, outcome and time. Exit code 1 when nothing is known of it."""
    # imported here, as in every command: the command line must answer at once
    from services.query.rendering import span

    settings = setup.load(interactive=True)
    # an argument may hold bytes that are no UTF-8; nothing is known by such a name, but a database would
    # stumble over it
    article = article.encode("utf-8", "replace").decode()
    found = _find(settings, article)
    if found is None:
        raise OnrecordError(UNKNOWN.format(name=repr(article), days=settings.store.trail_days))
    if as_json:
        print(found.model_dump_json(indent=2))
        return
    known = [found.article_id or found.input, found.outlet, found.title, found.url]
    print(" · ".join(_line(part) for part in known if part))
    counts = (
        f": revision {found.revision}, {found.quotes} quotes, {found.claims} claims"
        if found.status == "on_record"
        else ""
    )
    waiting = f" ({found.waiting} statements wait for their document)" if found.waiting else ""
    print(f"{STATUS[found.status]}{counts}{waiting}")
    if not found.steps:
        print(
            f"its trail is older than the {settings.store.trail_days} days that trails are kept",
            file=sys.stderr,
        )
        return
    table = table_of("time (UTC)", "after", "stage", "outcome", "revision", "record", "trace id", "why")
    for step in found.steps:
        why = f"{step.reason}: {step.detail or ''}".rstrip(": ") if step.reason else ""
        letter = f" (dead letter {step.letter})" if step.letter else ""
        table.add_row(
            f"{step.at:%Y-%m-%d %H:%M:%S}.{step.at.microsecond // 1000:03}",
            "" if step.after_s is None else span(step.after_s),
            step.stage.value,
            step.outcome,
            "" if step.revision is None else str(step.revision),
            escape(_line(f"{step.topic} {step.partition}:{step.offset}{letter}")),
            step.trace_id or "",
            escape(_line(why)),
        )
    print_whole(table)


def _find(settings: Settings, name: str) -> ArticleTrail | None:
    from services.ingest.identity import article_id, web_address
    from services.query.database import Database
    from services.query.problems import Trouble
    from services.query.records.trail import find, of_address

    database = Database(settings.store.address())
    try:
        with database.reading() as connection:
            # an address names an article, or a feed's entry that was refused
            names = [name] if web_address(name) is None else [article_id(name, "", "text/plain"), name]
            found = find(connection, names)
            if found is None and len(names) > 1:
                found = find(connection, of_address(connection, name))
            return found
    except Trouble as trouble:
        raise OnrecordError(f"the trail cannot be read: {trouble.detail}") from trouble
    finally:
        database.close()


def _line(text: str) -> str:
    """Other people's words as one line that cannot steer a terminal."""
    return "".join(character if character.isprintable() else " " for character in text)
