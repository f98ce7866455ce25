"""``onrecord config``: what the settings are."""

from __future__ import annotations

from typing import Any

import typer
from pydantic import BaseModel

from services.chassis.settings import PREFIX
from services.cli import setup

app = typer.Typer(help="Look at the settings.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Look at the settings."""


@app.command("show")
def show() -> None:
    """Print every setting in force as an environment variable, with what it means. Secrets are masked."""
    for line in _lines(setup.load(), PREFIX):
        print(line)


def _lines(section: BaseModel, prefix: str) -> list[str]:
    lines: list[str] = []
    for name, field in type(section).model_fields.items():
        value = getattr(section, name)
        if isinstance(value, BaseModel):
            lines += [
                "",
                f"# {(type(value).__doc__ or '').strip()}",
                *_lines(value, f"{prefix}{name.upper()}__"),
            ]
        else:
            lines += [f"# {field.description}", f"{prefix}{name.upper()}={_shown(value)}"]
    return lines


def _shown(value: Any) -> str:
    if value is None:
        return ""
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
