"""``onrecord extract PATH…``: quotes and claims of files, without a log or a server."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def extract(
    paths: Annotated[list[Path], typer.Argument(help="Files: .txt or .html, optionally .gz.")],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object per article and line.")] = False,
) -> None:
    """Print who said what in these files."""
    raise NotImplementedError
