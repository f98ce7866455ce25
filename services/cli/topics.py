"""``onrecord topics``: create and look at the topics."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from services.chassis.log.topics import declared
from services.cli import setup
from services.cli.tables import print_whole, table_of

_DECIDED = {True: "commit", False: "abort", None: "not known"}

_UNKNOWN = (
    "{} cannot be finished here: what was decided is no longer written down. `kafka-transactions.sh abort`"
    " takes their records back; stop ingest and extract before, and ingest the articles of that time again"
    " afterwards"
)

app = typer.Typer(help="Create and look at the topics.", no_args_is_help=True)


@app.command("create")
def create() -> None:
    """Create every topic that does not exist yet, as declared; existing ones are left as they are."""
    settings = setup.load()
    with setup.context(settings, "topics", begin_log=True) as context:
        created = context.log.create_topics(declared(settings.log.partitions))
    for name in created:
        print(f"created {name}")
    if not created:
        print("all topics exist already")


@app.command("list")
def show() -> None:
    """List the topics with their partitions, retention and number of records kept."""
    with setup.context(setup.load(), "topics") as context:
        topics = context.log.topics()
    table = table_of("topic", "partitions", "retention", "records", "first … next offset")
    for name, state in sorted(topics.items()):
        spec = state.spec
        retention = (
            "compacted"
            if spec.compact
            else "for ever"
            if spec.retention_ms is None
            else f"{spec.retention_ms / 86_400_000:g} days"
        )
        records = sum(end - first for first, end in state.ranges.values())
        ranges = ", ".join(f"{first}…{end}" for _, (first, end) in sorted(state.ranges.items()))
        table.add_row(name, str(spec.partitions), retention, str(records), ranges)
    print_whole(table)


@app.command("unfinished")
def transactions(
    finish: Annotated[bool, typer.Option("--finish", help="End them as it was decided.")] = False,
) -> None:
    """Show transactions that Kafka takes for complete and that hold up readers all the same (after a crash of
    all brokers at once)."""
    settings = setup.load()
    if settings.log.engine != "kafka":
        print("the embedded log has no such transactions")
        return
    from services.chassis.log.kafka import unfinished

    found = unfinished.unfinished(settings.kafka)
    if not found:
        print(
            "no transaction holds up readers; one that is under way ends by itself, by commit, abort or its"
            " timeout"
        )
        return
    table = table_of("topic", "partition", "from offset", "last record", "decided")
    for one in found:
        when = datetime.fromtimestamp(one.since_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
        table.add_row(one.place.topic, str(one.place.partition), str(one.offset), when, _DECIDED[one.commits])
    print_whole(table)
    unknown = [one for one in found if one.commits is None]
    if finish:
        unfinished.finish(settings.kafka, found)
        print(f"finished {len(found) - len(unknown)} of {len(found)}")
    else:
        print("`onrecord topics unfinished --finish` ends them as decided")
    if unknown:
        print(_UNKNOWN.format(len(unknown)))
        raise typer.Exit(1)
