"""``onrecord dlq``: list, show, replay and purge dead letters."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from typing import Annotated

import typer

from schemas.events import Article
from services.chassis import dlq
from services.chassis.errors import OnrecordError
from services.chassis.log.topics import dlq_of
from services.chassis.log.types import EventLog
from services.chassis.stage.dead_letters import read_dead_letter
from services.cli import setup
from services.cli.tables import print_whole, table_of

app = typer.Typer(help="Look at dead letters, and put them back after a fix.", no_args_is_help=True)

Topic = Annotated[str, typer.Option("--topic", help="Topic whose dead letters are meant (without .dlq).")]
Reason = Annotated[str | None, typer.Option("--reason", help="Only this reason, for example not_json.")]
Stage = Annotated[str | None, typer.Option("--stage", help="Only this stage, for example decode.")]
Key = Annotated[str | None, typer.Option("--key", help="Only this record key (an article or actor id).")]
Since = Annotated[datetime | None, typer.Option("--since", help="Only records from this time (UTC) on.")]


def _filter(reason: str | None, stage: str | None, key: str | None, since: datetime | None) -> dlq.Filter:
    return dlq.Filter(reason, stage, key, int(since.replace(tzinfo=UTC).timestamp() * 1000) if since else None)


def _dlq_topic(log: EventLog, topic: str) -> str:
    name = topic if topic.endswith(".dlq") else dlq_of(topic)
    if name not in log.topics():
        raise OnrecordError(f"{name}: no such topic; `onrecord topics list` shows those there are")
    return name


@app.command("list")
def show_all(topic: Topic = Article.topic, reason: Reason = None, stage: Stage = None, key: Key = None, since: Since = None) -> None:
    """List dead letters that were neither replayed nor purged."""
    table = table_of("offset", "key", "stage", "reason", "attempts", "replays", "failed at", "error")
    with setup.context(setup.load(), "dlq") as context:
        # one at a time: each holds a whole article
        for record, letter in dlq.letters(context.log, _dlq_topic(context.log, topic), _filter(reason, stage, key, since)):
            shown = (letter.key or b"").decode("utf-8", "replace")
            table.add_row(
                f"{record.partition}:{record.offset}", shown, letter.stage, letter.reason, str(letter.attempts), str(letter.replay_count),
                letter.first_failed_at, letter.error_message.splitlines()[0] if letter.error_message else "",
            )  # fmt: skip
    print_whole(table)
    print(f"{table.row_count} dead letters", file=sys.stderr)


@app.command("show")
def show(offset: Annotated[str, typer.Argument(help="partition:offset, as `dlq list` prints it.")], topic: Topic = Article.topic) -> None:
    """Print one dead letter: why it is there, and its original bytes."""
    partition, _, number = offset.partition(":")
    if not (partition.isdigit() and number.isdigit()):
        raise OnrecordError(f"{offset}: give partition:offset, as `onrecord dlq list` prints it")
    with setup.context(setup.load(), "dlq") as context:
        name = _dlq_topic(context.log, topic)
        records = list(context.log.read(name, int(partition), int(number), int(number) + 1))
    if not records or records[0].offset != int(number):
        raise OnrecordError(f"{name} {offset}: no such record (it may have been deleted by retention)")
    letter = read_dead_letter(records[0])
    print(json.dumps({
        "source": {"topic": letter.source.topic, "partition": letter.source.partition, "offset": letter.offset},
        "stage": letter.stage, "reason": letter.reason, "error": letter.error_class, "message": letter.error_message,
        "attempts": letter.attempts, "replay_count": letter.replay_count, "first_failed_at": letter.first_failed_at,
        "consumer_group": letter.consumer_group, "app_version": letter.app_version,
        "key": (letter.key or b"").decode("utf-8", "backslashreplace"),
        "headers": [[header, value.decode("utf-8", "backslashreplace")] for header, value in letter.headers],
        "value": (letter.value or b"").decode("utf-8", "backslashreplace"),
    }, indent=2, ensure_ascii=False))  # fmt: skip


@app.command("replay")
def replay(
    topic: Topic = Article.topic, reason: Reason = None, stage: Stage = None, key: Key = None, since: Since = None,
    limit: Annotated[int | None, typer.Option("--max", min=1, help="At most so many.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")] = False,
) -> None:  # fmt: skip
    """Put the original records back on their topic. Letters left out stay dead letters."""
    with setup.context(setup.load(), "dlq") as context:
        name = _dlq_topic(context.log, topic)
        result = dlq.replay(context.log, name, _filter(reason, stage, key, since), limit=limit, dry_run=dry_run)
    would = "would be " if dry_run else ""
    print(f"{result.replayed} {would}replayed, {result.left} left, {result.too_often} replayed too often, {result.unreadable} unreadable")


@app.command("purge")
def purge(
    topic: Topic = Article.topic, reason: Reason = None, stage: Stage = None, key: Key = None, since: Since = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:  # fmt: skip
    """Put dead letters out of sight without replaying them; retention deletes them later."""
    if not yes:
        typer.confirm(f"Purge dead letters of {topic}?", abort=True)
    with setup.context(setup.load(), "dlq") as context:
        result = dlq.purge(context.log, _dlq_topic(context.log, topic), _filter(reason, stage, key, since))
    print(f"{result.purged} purged, {result.left} left")
