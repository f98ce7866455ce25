"""``onrecord health``: is the service of this container, or on this machine, well?"""

from __future__ import annotations

from typing import Annotated

import typer

from services.chassis import probe
from services.cli import setup


def health(
    live: Annotated[
        bool,
        typer.Option("--live", help="Ask whether it is stuck (/livez), not whether it takes work (/readyz)."),
    ] = False,
) -> None:
    """Ask the service with these settings whether it takes work: exit code 0 when it does, else 1 and the
    reasons."""
    ops = setup.load().ops
    reason = probe.ask(ops.host, ops.port, "/livez" if live else "/readyz")
    if reason:
        typer.echo(f"onrecord: {reason}", err=True)
        raise typer.Exit(1)
    typer.echo("ok")
