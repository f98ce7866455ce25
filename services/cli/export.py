"""``onrecord export``: the record to take away."""

from __future__ import annotations

import sys
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO

import typer

from services.chassis.errors import OnrecordError, SettingsError
from services.cli import setup
from services.query.exports.forms import Format, What

if TYPE_CHECKING:
    from services.query.params import ActorQuery, StatementSelection

PARTIAL = ".part"
"""Ending of a file that is not whole yet."""

Text = str | None


def export_(
    what: Annotated[What, typer.Argument(help="What to take away.")],
    form: Annotated[Format, typer.Option("--format", help="How it is written.")] = Format.CSV,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="File to write; standard output when left out.")
    ] = None,
    actor: Annotated[
        Text, typer.Option(help="Statements: only this actor's, for example person:sergei-lavrov.")
    ] = None,
    from_: Annotated[Text, typer.Option("--from", help="First day of publication, YYYY-MM-DD (UTC).")] = None,
    to: Annotated[Text, typer.Option(help="Last day of publication, included.")] = None,
    outlet: Annotated[Text, typer.Option(help="Only this publisher's.")] = None,
    q: Annotated[
        Text,
        typer.Option(
            "--words", help="Words of the statement, or of the actor's name; a phrase in double quotes."
        ),
    ] = None,
    kind: Annotated[
        Text,
        typer.Option(
            help="Statements: quote or claim. Actors: person, organization, group, document, unnamed."
        ),
    ] = None,
    subkind: Annotated[Text, typer.Option(help="Statements: direct, mixed, indirect, quoted.")] = None,
    stance: Annotated[Text, typer.Option(help="Statements: only this stance, for example deny.")] = None,
    negated: Annotated[
        Text, typer.Option(help="Statements: true for what was not said, false for what was.")
    ] = None,
    min_confidence: Annotated[Text, typer.Option(help="Statements: least confidence, 0 to 1.")] = None,
    min_source_confidence: Annotated[
        Text, typer.Option(help="Statements: least confidence of the source, 0 to 1.")
    ] = None,
    min_statements: Annotated[Text, typer.Option(help="Actors: with at least so many statements.")] = None,
    appearances: Annotated[
        Text,
        typer.Option(
            help=(
                "first: what was said once is one row. all: wherever it is told (statements, when not given)."
            )
        ),
    ] = None,
    sort: Annotated[
        Text, typer.Option(help="Statements: newest, oldest. Actors: statements, name, last_seen …")
    ] = None,
    order: Annotated[Text, typer.Option(help="Actors: asc or desc.")] = None,
    limit: Annotated[Text, typer.Option(help="At most so many rows.")] = None,
) -> None:
    """Write whole sets of the record as CSV, JSON Lines, Parquet, JSON-LD (schema.org) or Web Annotations.

    Everything on record, in a stable order, out of one state of it; the columns are in docs/exports.md. A
    file gets its name when it is whole. Parquet needs the extra: pip install 'onrecord[parquet]'.
    """
    given = {
        "actor": actor, "from": from_, "to": to, "outlet": outlet, "q": q, "kind": kind, "subkind": subkind, "stance": stance,
        "negated": negated, "min_confidence": min_confidence, "min_source_confidence": min_source_confidence,
        "min_statements": min_statements, "appearances": appearances, "sort": sort, "order": order, "limit": limit,
    }  # fmt: skip
    if what is not What.ACTORS:
        given["appearances"] = appearances or "all"
    query = _query(what, {name: value for name, value in given.items() if value is not None})
    if out is None:
        if form is Format.PARQUET and sys.stdout.isatty():
            raise SettingsError(["Parquet is no text for a terminal: name a file with --out"])
        _write(what, form, query, sys.stdout.buffer)
        return
    if not out.name:
        raise SettingsError([f"--out: {str(out)!r} names no file"])
    partial = out.with_name(out.name + PARTIAL)
    try:
        with partial.open("wb") as file:
            _write(what, form, query, file)
        partial.replace(out)
    except OSError as error:
        raise OnrecordError(f"{out}: cannot be written ({error.strerror})") from error
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)


def _query(what: What, given: dict[str, str]) -> ActorQuery | StatementSelection:
    from pydantic import ValidationError

    from services.query.params import ActorQuery, StatementSelection

    try:
        return (ActorQuery if what is What.ACTORS else StatementSelection).model_validate(given)
    except ValidationError as error:
        raise SettingsError(
            [_explain(what, fault["loc"], fault["type"], fault["msg"]) for fault in error.errors()]
        ) from error


def _explain(what: What, place: tuple[int | str, ...], sort: str, message: str) -> str:
    name = str(place[0]) if place else ""
    option = {"q": "--words"}.get(name, f"--{name.replace('_', '-')}") if name else f"export {what}"
    return (
        f"{option}: {what} have no such filter"
        if sort == "extra_forbidden"
        else f"{option}: {message.removeprefix('Value error, ')}"
    )


def _write(what: What, form: Format, query: ActorQuery | StatementSelection, file: BinaryIO) -> None:
    from services.query.database import Database
    from services.query.exports.export import export
    from services.query.problems import Trouble

    database = Database(setup.load(interactive=True).store.address())
    try:
        with closing(export(database, what, form, query)) as pieces:
            file.writelines(pieces)
        file.flush()
    except Trouble as trouble:
        raise OnrecordError(trouble.detail) from trouble
    finally:
        database.close()
