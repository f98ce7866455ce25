"""``onrecord run``: the whole pipeline in one process."""

from __future__ import annotations

import importlib
import sys
from typing import Annotated

import typer
from rich.console import Console

from services.chassis.errors import StageStopped
from services.chassis.log.topics import declared
from services.chassis.runner import Group, run_services
from services.chassis.service import Context, Service
from services.cli import setup
from services.cli.record import print_record
from services.embedded import SAMPLES, drain
from services.ingest.files import ingest_paths
from services.ingest.progress import reporter


def run(
    paths: Annotated[list[str] | None, typer.Argument(help="Files, directories or globs; the sample articles when left out.")] = None,
    serve: Annotated[bool, typer.Option("--serve/--no-serve", help="Keep serving the record, or exit.")] = True,
) -> None:
    """Ingest, extract, aggregate and serve, in one process.

    Runs on SQLite with no server unless the settings name Kafka or PostgreSQL. What is on record already is not added twice.
    """
    settings = setup.load(interactive=True)
    rejected = 0
    with setup.context(settings, "run") as context:
        if settings.log.engine == "sqlite":
            context.log.create_topics(declared(settings.log.partitions))
        names = ("extract", "aggregate", "query") if serve else ("extract", "aggregate")
        services: list[Service] = [importlib.import_module(f"services.{name}.service").build(context) for name in names]

        def work(group: Group) -> None:
            nonlocal rejected
            try:
                rejected = _fill(context, group, paths or [str(SAMPLES)])
            except StageStopped as stopped:
                if not group.failed:
                    print(f"onrecord: {stopped}", file=sys.stderr)
                return
            print_record(context.settings, Console())
            if serve and not context.stop.is_set():
                address = f"http://{settings.query.host}:{settings.query.port}"
                print(f"\nServing the record on {address} (Ctrl-C ends it)", flush=True)
                context.stop.wait()

        run_services(context, services, work)
    if rejected:
        raise typer.Exit(1)


def _fill(context: Context, group: Group, paths: list[str]) -> int:
    """Ingest and wait until all is on record; returns the number of inputs rejected."""
    summary = ingest_paths(context, paths, reporter("reading articles"))
    print(f"Articles: {summary}", file=sys.stderr)
    for failure in summary.failures:
        print(f"onrecord: {failure}", file=sys.stderr)
    drain(context, group, reporter("extracting"))
    return summary.rejected
