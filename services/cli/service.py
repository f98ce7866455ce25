"""``onrecord service …``: one service, as a container runs it."""

from __future__ import annotations

import importlib
from dataclasses import replace
from enum import StrEnum

import typer

from services.chassis.runner import run_services
from services.chassis.service import Service
from services.cli import setup


class Name(StrEnum):
    """The services there are."""

    INGEST = "ingest"
    EXTRACT = "extract"
    AGGREGATE = "aggregate"
    QUERY = "query"
    LAG = "lag"


app = typer.Typer(help="Run one service until it is told to stop.", no_args_is_help=True)


def _run(name: Name) -> None:
    settings = setup.load()
    with setup.context(settings, name) as context:
        # imported by name so that a container loads only what its service needs
        service: Service = importlib.import_module(f"services.{name}.service").build(
            replace(context, supervised=True)
        )
        run_services(context, [service])


@app.command("ingest")
def ingest() -> None:
    """Take articles by HTTP push and poll feeds; put them on the log."""
    _run(Name.INGEST)


@app.command("extract")
def extract() -> None:
    """Turn articles into documents, quotes and claims."""
    _run(Name.EXTRACT)


@app.command("aggregate")
def aggregate() -> None:
    """Keep the per-actor record in the database."""
    _run(Name.AGGREGATE)


@app.command("query")
def query() -> None:
    """Serve the read API and the pages."""
    _run(Name.QUERY)


@app.command("lag")
def lag() -> None:
    """Export how far the consumer groups are behind."""
    _run(Name.LAG)
