"""``onrecord ingest PATH… / --feed URL… / -``: put articles on the log and stop."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from services.chassis.errors import SettingsError
from services.chassis.runner import SIGNALLED, stopping_on_signals
from services.cli import setup

if TYPE_CHECKING:
    from services.ingest.files import Summary


def ingest(
    paths: Annotated[
        list[str] | None, typer.Argument(help="Files, directories, globs, or - for standard input.")
    ] = None,
    feed: Annotated[
        list[str] | None, typer.Option("--feed", help="RSS or Atom address to read once.")
    ] = None,
) -> None:
    """Put articles on the log and stop. Exit code 1 when anything was rejected, 130 when interrupted; what is
    on the log stays."""
    if not paths and not feed:
        raise SettingsError(
            ["nothing to ingest: name files, directories or globs, `-` for standard input, or --feed URL"]
        )
    # imported here, as in every command: the command line must answer at once
    from services.ingest.files import ingest_feeds, ingest_paths
    from services.ingest.progress import reporter

    settings = setup.load(interactive=True)
    with setup.context(settings, "ingest") as context, stopping_on_signals(context.stop) as asked:
        rejected = 0
        work: list[Callable[[], Summary]] = []
        if paths:
            work.append(lambda: ingest_paths(context, paths, reporter("reading articles")))
        if feed:
            work.append(lambda: ingest_feeds(context, feed, reporter("reading feeds")))
        for run in work:
            summary = run()
            for line in summary.told():
                print(line, file=sys.stderr)
            rejected += summary.rejected
    if asked.signal is not None:
        raise typer.Exit(SIGNALLED + asked.signal)
    if rejected:
        raise typer.Exit(1)
