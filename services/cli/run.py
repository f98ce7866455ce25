"""``onrecord run``: the whole pipeline in one process."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from services.chassis.errors import SettingsError, StageStopped
from services.chassis.log.topics import declared
from services.chassis.runner import SIGNALLED, Group, run_services
from services.chassis.service import Context, Service
from services.cli import setup
from services.embedded import SAMPLES, drain

if TYPE_CHECKING:
    from services.ingest.files import Summary
    from services.ingest.paths import Found

NOTHING = (
    "nothing to read, and nothing is on record yet: name files or folders (onrecord run my-articles/), "
    "set ONRECORD_INGEST__FEEDS, or take the sample articles (onrecord run --samples)"
)


def run(
    paths: Annotated[list[str] | None, typer.Argument(help="Files, directories or globs.")] = None,
    samples: Annotated[bool, typer.Option("--samples", help="Read the sample articles.")] = False,
    serve: Annotated[
        bool, typer.Option("--serve/--no-serve", help="Keep serving the record, or exit.")
    ] = True,
    listed: Annotated[
        str, typer.Option("--list", hidden=True, help="Paths in one text, as `make run PATHS=…` has them.")
    ] = "",
) -> None:
    """Ingest, extract, aggregate and serve, in one process.

    Reads the paths, and the feeds that ONRECORD_INGEST__FEEDS names; while it serves, the feeds are polled
    again and again. Runs on SQLite with no server unless the settings name Kafka or PostgreSQL. What is on
    record already is not added twice.

    Exit code 1 when anything was rejected, 2 when a path is wrong, 130 when interrupted before all was on
    record; running it again goes on where it stopped.
    """
    # imported here, as in every command: the command line must answer at once
    from services.ingest.paths import find, split_list

    settings = setup.load(interactive=True, serving=serve)
    named = [*(paths or []), *split_list(listed), *([os.path.relpath(SAMPLES)] if samples else [])]
    found = find(named)
    if found.refusals:
        raise SettingsError([str(refusal) for refusal in found.refusals])
    with setup.context(settings, "run") as context:
        if settings.log.engine == "sqlite":
            context.log.create_topics(declared(settings.log.partitions))
        names = ("extract", "aggregate", "query") if serve else ("extract", "aggregate")
        services: list[Service] = [
            importlib.import_module(f"services.{name}.service").build(context) for name in names
        ]
        once = _Run(context, found, services)
        signal = run_services(context, services, once.work)
    if signal is not None and not once.complete:
        raise typer.Exit(SIGNALLED + signal)
    if once.rejected:
        raise typer.Exit(1)


class _Run:
    """What is done while the services run."""

    def __init__(self, context: Context, found: Found, services: list[Service]) -> None:
        self._context = context
        self._found = found
        self._feeds = context.settings.ingest.feeds
        self._services = services
        self.complete = False
        """Whether all there was to read came on record."""
        self.rejected = 0
        """How many inputs could not be read."""

    def work(self, group: Group) -> None:
        """Bring everything on record, print it, and serve it where that was asked for.

        Raises:
            SettingsError: there is nothing to read and nothing to show.
        """
        from services.cli.record import print_record
        from services.ingest.progress import reporter

        try:
            self._read()
            drain(self._context, group, reporter("extracting"))
        except StageStopped as stopped:
            if not group.failed:
                print(f"onrecord: {stopped}", file=sys.stderr)
            return
        self.complete = True
        if not print_record(self._context.settings, Console()):
            self._say_that_it_is_empty()
        if not self._context.stop.is_set():
            self._serve()

    def _read(self) -> None:
        from services.ingest.files import ingest_feeds, ingest_found
        from services.ingest.progress import reporter

        work: list[Callable[[], Summary]] = []
        if self._found.inputs:
            work.append(lambda: ingest_found(self._context, self._found, reporter("reading articles")))
        if self._feeds:
            work.append(lambda: ingest_feeds(self._context, self._feeds, reporter("reading feeds")))
        for read in work:
            summary = read()
            for line in summary.told():
                print(line, file=sys.stderr)
            self.rejected += summary.rejected

    def _say_that_it_is_empty(self) -> None:
        if self._found.inputs or self._feeds:
            print("Nobody is on record yet", flush=True)
        elif self._context.settings.log.engine == "sqlite":
            # on Kafka others put articles on the log, here nobody would
            raise SettingsError([NOTHING])
        else:
            print("Nobody is on record yet: waiting for articles on the log", flush=True)

    def _serve(self) -> None:
        from services.ingest.files import follow_feeds
        from services.query.service import QueryService

        for service in self._services:
            if isinstance(service, QueryService):
                print(f"\nServing the record on {service.address} (Ctrl-C ends it)", flush=True)
                if self._feeds:
                    follow_feeds(self._context, self._feeds)
                self._context.stop.wait()
