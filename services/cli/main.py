"""``onrecord …``: one thin command per service and tool."""

from __future__ import annotations

import sys
from typing import Annotated, NoReturn

import typer

from services.chassis.build import app_version
from services.chassis.errors import OnrecordError, SettingsError
from services.cli import (
    actors,
    config,
    dlq,
    export,
    extract,
    health,
    ingest,
    registry,
    run,
    search,
    service,
    statements,
    topics,
    trace,
)

EXIT_FAILED = 1
EXIT_USAGE = 2

app = typer.Typer(
    name="onrecord",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


def _print_version(asked: bool) -> None:
    if asked:
        print(f"onrecord {app_version()}")
        raise typer.Exit


@app.callback()
def _program(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit."),
    ] = False,
) -> None:
    """Who said what in the news: quotes and claims from a stream of articles, aggregated per actor."""


app.command("run")(run.run)
app.command("ingest")(ingest.ingest)
app.command("extract")(extract.extract)
app.command("search")(search.search)
app.command("export")(export.export_)
app.command("statements")(statements.statements)
app.command("show")(statements.show)
app.command("trace")(trace.trace)
app.command("health")(health.health)
app.add_typer(service.app, name="service")
app.add_typer(topics.app, name="topics")
app.add_typer(dlq.app, name="dlq")
app.add_typer(actors.app, name="actors")
actors.app.command("import")(registry.import_list)
actors.app.command("imported")(registry.imported)
actors.app.command("forget")(registry.forget)
actors.app.command("wikidata")(registry.wikidata)
app.add_typer(config.app, name="config")


def main() -> NoReturn:
    """Run the command line; errors made on purpose become one clear message and an exit code."""
    try:
        app(prog_name="onrecord")
    except SettingsError as error:
        for problem in error.problems:
            print(f"onrecord: {problem}", file=sys.stderr)
        sys.exit(EXIT_USAGE)
    except OnrecordError as error:
        print(f"onrecord: {error}", file=sys.stderr)
        sys.exit(EXIT_FAILED)
    except BrokenPipeError:
        # the reader of our output has gone: `onrecord extract … | head` is no failure
        sys.stderr.close()
        sys.exit(0)
    sys.exit(0)
