"""``onrecord extract PATH…``: quotes and claims of files, without a log or a server."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape

from services.cli import setup


def extract(
    paths: Annotated[
        list[Path], typer.Argument(help="Files (.txt or .html, optionally .gz) or directories of them.")
    ],
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object per article and line, as DESIGN documents it.")
    ] = False,
    without: Annotated[
        list[str] | None, typer.Option(metavar="RULE", help="Leave this rule out; repeatable.")
    ] = None,
) -> None:
    """Print who said what in these files. Exit code 1 when a file could not be read; the others are still
    printed."""
    # imported here, as in every command: the command line must answer at once
    from services.extract.cli_json import extract_paths
    from services.extract.extract import Extractor
    from services.extract.rules import UnknownRule, checked
    from services.extract.worker import limits, load_tagger

    try:
        left_out = checked(without or ())
    except UnknownRule as error:
        raise typer.BadParameter(str(error), param_hint="'--without'") from error
    settings = setup.load(interactive=True).extract
    console = Console()
    failed = False
    with Extractor(load_tagger(settings), limits(settings), without=left_out) as extractor:
        for article in extract_paths(paths, extractor):
            if "error" in article:
                failed = True
                print(f"onrecord: {article['error']}", file=sys.stderr)
            elif as_json:
                print(json.dumps(article, ensure_ascii=False), flush=True)
            else:
                _show(console, article)
    if failed:
        raise typer.Exit(1)


def _show(console: Console, article: Mapping[str, Any]) -> None:
    console.rule(escape(article["path"]), align="left")
    names = {quote["quote_id"]: quote["speaker"]["name"] for quote in article["quotes"]}
    names |= {claim["claim_id"]: claim["claimant"]["name"] for claim in article["claims"]}

    def second_hand(statement: Mapping[str, Any]) -> str:
        return (
            f" [dim](within what {escape(names[statement['within']])} said)[/]"
            if "within" in statement
            else ""
        )

    for quote in article["quotes"]:
        console.print(
            f"[bold]{escape(quote['speaker']['name'])}[/]: “{escape(quote['text'])}”{second_hand(quote)}"
        )
    for claim in article["claims"]:
        if claim["quote_id"] is None:
            cue = claim["cue"]["span"]["exact"] if claim["cue"] else "—"
            words = (
                f"[bold]{escape(claim['claimant']['name'])}[/] [dim]{escape(cue)}[/] {escape(claim['text'])}"
            )
            console.print(words + second_hand(claim))
