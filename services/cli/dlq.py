"""``onrecord dlq``: list, show, replay and purge dead letters."""

from __future__ import annotations

import json
import sys
from collections import Counter
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.markup import escape

from schemas.events import Article
from services.chassis import dlq
from services.chassis.errors import OnrecordError, PoisonError
from services.chassis.log.topics import DLQ_SUFFIX, dlq_of
from services.chassis.log.types import EventLog, Record
from services.chassis.stage.dead_letters import read_dead_letter
from services.chassis.stage.settled import is_mark
from services.cli import setup
from services.cli.tables import print_whole, table_of

app = typer.Typer(help="Look at dead letters, and put them back after a fix.", no_args_is_help=True)

Topic = Annotated[str, typer.Option("--topic", help="Topic whose dead letters are meant (without .dlq).")]
Reason = Annotated[str | None, typer.Option("--reason", help="Only this reason, for example not_json.")]
Stage = Annotated[str | None, typer.Option("--stage", help="Only this stage, for example decode.")]
Key = Annotated[str | None, typer.Option("--key", help="Only this record key (an article or actor id).")]
Since = Annotated[datetime | None, typer.Option("--since", help="Only records from this time (UTC) on.")]


def _filter(reason: str | None, stage: str | None, key: str | None, since: datetime | None) -> dlq.Filter:
    return dlq.Filter(
        reason, stage, key, int(since.replace(tzinfo=UTC).timestamp() * 1000) if since else None
    )


def _dlq_topic(log: EventLog, topic: str) -> str:
    name = topic if topic.endswith(DLQ_SUFFIX) else dlq_of(topic)
    there = log.topics()
    if name not in there:
        known = sorted(one.removesuffix(DLQ_SUFFIX) for one in there if one.endswith(DLQ_SUFFIX))
        cure = f"give one of {', '.join(known)}" if known else "`onrecord topics create` makes the topics"
        raise OnrecordError(f"--topic {topic}: there is no topic {name}; {cure}")
    return name


def _say_if_none(log: EventLog, topic: str, which: dlq.Filter, chosen: int) -> None:
    """Where a filter finds nothing, say what there is: a reason is easily misspelt."""
    if chosen or which == dlq.Filter():
        return
    reasons = Counter(
        "unreadable" if letter is None else letter.reason
        for _, letter in dlq.letters(log, topic, dlq.Filter())
    )
    if reasons:
        there = ", ".join(f"{reason} ({count})" for reason, count in reasons.most_common())
        print(f"no open dead letter is meant by this filter; by reason there are: {there}", file=sys.stderr)


@app.command("list")
def show_all(
    topic: Topic = Article.topic,
    reason: Reason = None,
    stage: Stage = None,
    key: Key = None,
    since: Since = None,
) -> None:
    """List dead letters that were neither replayed nor purged."""
    which = _filter(reason, stage, key, since)
    table = table_of("offset", "key", "stage", "reason", "attempts", "replays", "failed at", "error")
    with setup.context(setup.load(), "dlq") as context:
        name = _dlq_topic(context.log, topic)
        # one at a time: each holds a whole article
        for record, letter in dlq.letters(context.log, name, which):
            shown = _line((record.key or b"").decode("utf-8", "replace"))
            place = f"{record.partition}:{record.offset}"
            if letter is None:
                table.add_row(
                    place,
                    shown,
                    "",
                    "unreadable",
                    "",
                    "",
                    "",
                    "no dead letter of onrecord's: `onrecord dlq show` prints it",
                )
                continue
            table.add_row(
                place, shown, _line(letter.stage), _line(letter.reason), str(letter.attempts), str(letter.replay_count),
                _line(letter.first_failed_at), _line(letter.error_message.partition("\n")[0]),
            )  # fmt: skip
        _say_if_none(context.log, name, which, table.row_count)
    print_whole(table)
    print(_letters(table.row_count), file=sys.stderr)


@app.command("show")
def show(
    offset: Annotated[str, typer.Argument(help="partition:offset, as `dlq list` prints it.")],
    topic: Topic = Article.topic,
) -> None:
    """Print one dead letter: why it is there, and its original bytes."""
    partition, _, number = offset.partition(":")
    if not (partition.isdecimal() and number.isdecimal()):
        raise OnrecordError(f"{offset}: give partition:offset, as `onrecord dlq list` prints it")
    with setup.context(setup.load(), "dlq") as context:
        name = _dlq_topic(context.log, topic)
        records = list(context.log.read(name, int(partition), int(number), int(number) + 1))
    if not records or records[0].offset != int(number):
        raise OnrecordError(
            f"{name} {offset}: no such record; `onrecord dlq list` shows those there are (retention may have"
            " deleted it)"
        )
    record = records[0]
    if is_mark(record):
        raise OnrecordError(
            f"{name} {offset}: no dead letter, but the mark that others were replayed or purged; see"
            " `onrecord dlq list`"
        )
    print(json.dumps({**_reasons(record), **_contents(record)}, indent=2, ensure_ascii=False))


def _reasons(record: Record) -> dict[str, object]:
    """Where the record came from, and why it is here."""
    try:
        letter = read_dead_letter(record)
    except PoisonError as error:
        return {"unreadable": str(error)}
    return {
        "source": {"topic": letter.source.topic, "partition": letter.source.partition, "offset": letter.offset},
        "stage": letter.stage, "reason": letter.reason, "error": letter.error_class, "message": letter.error_message,
        "attempts": letter.attempts, "replay_count": letter.replay_count, "first_failed_at": letter.first_failed_at,
        "consumer_group": letter.consumer_group, "app_version": letter.app_version,
    }  # fmt: skip


def _contents(record: Record) -> dict[str, object]:
    """The original's key, headers and value."""
    try:
        headers = read_dead_letter(record).headers
    except PoisonError:
        headers = record.headers
    return {
        "key": (record.key or b"").decode("utf-8", "backslashreplace"),
        "headers": [[header, value.decode("utf-8", "backslashreplace")] for header, value in headers],
        "value": (record.value or b"").decode("utf-8", "backslashreplace"),
    }


@app.command("replay")
def replay(
    topic: Topic = Article.topic, reason: Reason = None, stage: Stage = None, key: Key = None, since: Since = None,
    limit: Annotated[int | None, typer.Option("--max", min=1, help="At most so many.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")] = False,
) -> None:  # fmt: skip
    """Put the original records back on their topic. Letters left out stay dead letters, where they are."""
    which = _filter(reason, stage, key, since)
    with setup.context(setup.load(), "dlq") as context:
        name = _dlq_topic(context.log, topic)
        result = dlq.replay(context.log, name, which, limit=limit, dry_run=dry_run)
        _say_if_none(context.log, name, which, result.replayed + result.too_often + result.unreadable)
    print(f"{result.replayed} {'would be ' if dry_run else ''}replayed, {result.left} left as they are")
    if result.too_often:
        print(
            f"{result.too_often} failed again after {dlq.MAX_REPLAYS} replays and stay: look at them with"
            " `onrecord dlq show`"
        )
    if result.unreadable:
        print(
            f"{result.unreadable} cannot be replayed and stay: input that ingest refused (mend it and ingest"
            " it again), or no dead letter of onrecord's"
        )


@app.command("purge")
def purge(
    topic: Topic = Article.topic, reason: Reason = None, stage: Stage = None, key: Key = None, since: Since = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:  # fmt: skip
    """Put dead letters out of sight without replaying them; retention deletes them later."""
    which = _filter(reason, stage, key, since)
    with setup.context(setup.load(), "dlq") as context:
        name = _dlq_topic(context.log, topic)
        if not yes:
            meant = dlq.purge(context.log, name, which, dry_run=True)
            typer.confirm(
                f"Purge {_letters(meant.purged)} of {name}, and leave {meant.left}? No command brings them"
                " back",
                abort=True,
            )
        result = dlq.purge(context.log, name, which)
        _say_if_none(context.log, name, which, result.purged)
    print(f"{result.purged} purged, {result.left} left as they are")


def _line(text: str) -> str:
    """A stranger's text as one line that steers neither the terminal nor the table."""
    return escape("".join(character if character.isprintable() else " " for character in text))


def _letters(count: int) -> str:
    return "1 dead letter" if count == 1 else f"{count} dead letters"
