"""``onrecord actors import`` and its companions: users' own entries in the registry of known actors."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from services.chassis.errors import OnrecordError
from services.cli import setup
from services.cli.tables import print_whole, table_of

if TYPE_CHECKING:
    from services.aggregate.store import Store


def import_list(
    file: Annotated[Path, typer.Argument(help="A .jsonl, .yaml or .csv file of persons and organisations.")],
    name: Annotated[str, typer.Option("--as", help="The list's name; without it the file's name.")] = "",
    check: Annotated[bool, typer.Option("--check", help="Only say what is wrong with the file.")] = False,
) -> None:
    """Take a list of known actors into the registry. All of it is checked first; importing a list again
    replaces all that it had."""
    from services.aggregate.identity import registry
    from services.aggregate.identity.checking import problems_among
    from services.aggregate.identity.entry_files import read_entries
    from services.aggregate.store import known

    entries = read_entries(file)
    problems = problems_among(entries, registry.shipped())
    if problems:
        raise OnrecordError(f"nothing was imported: {known.told(problems)}")
    if check:
        print(f"{file}: {len(entries)} entries, all right")
        return
    with _store() as store:
        done = store.change_known(lambda connection: known.replace(connection, name or file.name, entries))
    print(
        f"{name or file.name}: {done.added} added, {done.changed} changed, {done.removed} removed,"
        f" {done.same} as before"
    )


def imported(
    as_jsonl: Annotated[bool, typer.Option("--jsonl", help="As lines that can be imported again.")] = False,
) -> None:
    """List the imported entries."""
    from services.aggregate.identity.entry import ENTRY
    from services.aggregate.store import known

    with _store() as store, store.engine.connect() as connection:
        found = known.listed(connection)
    if as_jsonl:
        for one in found:
            print(ENTRY.dump_json(one.entry, exclude_defaults=True).decode())
        return
    table = table_of("list", "actor", "names", "wikidata")
    for one in found:
        table.add_row(
            *(
                escape(cell)
                for cell in (one.source, one.entry.id, ", ".join(one.entry.names), one.entry.wikidata or "")
            )
        )
    print_whole(table)


def forget(
    what: Annotated[
        list[str],
        typer.Argument(
            help="Names of lists, or ids of single entries, as `onrecord actors imported` shows them."
        ),
    ],
) -> None:
    """Take imported entries out of the registry again; who they were linked to is worked out anew."""
    from services.aggregate.store import known

    with _store() as store:
        gone = store.change_known(lambda connection: known.remove(connection, what))
    print(f"{gone} removed")


def wikidata(
    dump: Annotated[
        Path, typer.Argument(help="Wikidata's JSON dump: plain, .gz or .bz2; - for standard input.")
    ],
    out: Annotated[
        Path, typer.Option("--out", help="The .jsonl file to write, for `onrecord actors import`.")
    ],
    instance_of: Annotated[list[str], typer.Option(help="Classes (P31), any of them.")] = ["Q5"],  # noqa: B006 - typer copies it
    occupation: Annotated[
        list[str], typer.Option(help="Occupations (P106), any of them; politician is Q82955.")
    ] = [],  # noqa: B006
    country: Annotated[
        list[str], typer.Option(help="Countries or citizenships (P17, P27), any of them.")
    ] = [],  # noqa: B006
    sitelink: Annotated[str, typer.Option(help="Only what has an article there; empty for all.")] = "enwiki",
    language: Annotated[
        list[str], typer.Option(help="Languages of names; the first one's is the usual name.")
    ] = ["en"],  # noqa: B006
    offices: Annotated[
        Path | None,
        typer.Option(help="A .csv file with position, title, place: which positions (P39) become offices."),
    ] = None,
) -> None:
    """Make a list of known actors from a dump of Wikidata: read line by line, filtered, written as it is
    read."""
    from services.aggregate.identity import registry
    from services.aggregate.identity.entry import ENTRY
    from services.aggregate.identity.wikidata import Converter, Filter, Tally, entities, read_offices

    wanted = Filter(
        frozenset(instance_of), frozenset(occupation), frozenset(country), sitelink or None, tuple(language)
    )
    converter = Converter(wanted, read_offices(offices) if offices else {}, registry.shipped())
    tally = Tally()
    try:
        with out.open("wb") as file:
            for entry in converter.entries(entities(dump, tally), tally):
                file.write(ENTRY.dump_json(entry, exclude_defaults=True) + b"\n")
    except OSError as error:
        raise OnrecordError(
            f"{out}: cannot be written ({error.strerror}); name a file in a folder that can be written to"
        ) from error
    print(
        f"{tally.entities} entities, {tally.entries} entries in {out}, {tally.left_out} left out: without a"
        " name of their own"
    )
    if tally.unreadable:
        print(f"lines that hold no entity: {', '.join(map(str, tally.unreadable))}", file=sys.stderr)


@contextmanager
def _store() -> Iterator[Store]:
    """The record's store, its tables there."""
    from services.aggregate.store import Store
    from services.chassis.log.groups import AGGREGATE_GROUP

    store = Store(setup.load(interactive=True).store.address(), AGGREGATE_GROUP)
    try:
        store.migrate()
        yield store
    finally:
        store.close()
