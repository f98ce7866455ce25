"""``onrecord run``: the whole pipeline in one process."""

from __future__ import annotations

import importlib
import os
import sys
from typing import Annotated

import typer
from rich.console import Console

from services.chassis.errors import StageStopped
from services.chassis.log.topics import declared
from services.chassis.runner import Group, run_services
from services.chassis.service import Context, Service
from services.cli import setup
from services.embedded import SAMPLES, drain


def run(
    paths: Annotated[list[str] | None, typer.Argument(help="Files, directories or globs; the sample articles when left out.")] = None,
    serve: Annotated[bool, typer.Option("--serve/--no-serve", help="Keep serving the record, or exit.")] = True,
) -> None:
    """Ingest, extract, aggregate and serve, in one process.

    Runs on SQLite with no server unless the settings name Kafka or PostgreSQL. What is on record already is not added twice.
    """
    # imported here, as in every command: the command line must answer at once
    from services.cli.record import print_record
    from services.query.service import QueryService

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
                rejected = _fill(context, group, paths or [os.path.relpath(SAMPLES)])
            except StageStopped as stopped:
                if not group.failed:
                    print(f"onrecord: {stopped}", file=sys.stderr)
                return
            print_record(context.settings, Console())
            for service in services:
                if isinstance(service, QueryService) and not context.stop.is_set():
                    print(f"\nServing the record on {service.address} (Ctrl-C ends it)", flush=True)
                    context.stop.wait()

        run_services(context, services, work)
    if rejected:
        raise typer.Exit(1)


def _fill(context: Context, group: Group, paths: list[str]) -> int:
    """Ingest and wait until all is on record; returns the number of inputs rejected."""
    from services.ingest.files import ingest_paths
    from services.ingest.progress import reporter

    summary = ingest_paths(context, paths, reporter("reading articles"))
    print(f"Articles: {summary}", file=sys.stderr)
    for failure in summary.failures:
        print(f"onrecord: {failure}", file=sys.stderr)
    drain(context, group, reporter("extracting"))
    return summary.rejected
