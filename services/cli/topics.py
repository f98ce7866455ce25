"""``onrecord topics``: create and look at the topics."""

from __future__ import annotations

import typer

from services.chassis.log.topics import declared
from services.cli import setup
from services.cli.tables import print_whole, table_of

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
        retention = "compacted" if spec.compact else "for ever" if spec.retention_ms is None else f"{spec.retention_ms / 86_400_000:g} days"
        records = sum(end - first for first, end in state.ranges.values())
        ranges = ", ".join(f"{first}…{end}" for _, (first, end) in sorted(state.ranges.items()))
        table.add_row(name, str(spec.partitions), retention, str(records), ranges)
    print_whole(table)
