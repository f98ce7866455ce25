"""Entries from a dump of Wikidata: ``wikidata.json`` has the dump's form, invented entities and, of real
ones, Q76's item."""

from __future__ import annotations

import bz2
import gzip
import json
import tracemalloc
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from services.aggregate.identity import registry
from services.aggregate.identity.checking import problems_among
from services.aggregate.identity.entry import ENTRY, Entry, Term
from services.aggregate.identity.entry_files import read_entries
from services.aggregate.identity.wikidata import Converter, Filter, Tally, entities, read_offices
from services.chassis.errors import OnrecordError

DUMP = Path(__file__).with_name("wikidata.json")
SHIPPED = (
    Entry("person:barack-obama", ("Barack Obama", "Barack Hussein Obama"), wikidata="Q76"),
    Entry("person:angela-rayner", ("Angela Rayner",)),
)
IDA = Entry("person:ida-marlowe@Q900000001", ("Ida Marlowe", "Ida B. Marlowe"), wikidata="Q900000001")
NAMESAKE = Entry("person:ida-marlowe@Q900000005", ("Ida Marlowe",), wikidata="Q900000005")
OBAMA = Entry(
    "person:barack-obama", ("Barack Obama", "Barack Hussein Obama II", "Obama", "Barry Obama"), wikidata="Q76"
)


def read(
    path: Path = DUMP, *, offices: Iterable[tuple[str, tuple[str, str]]] = (), **wanted: Any
) -> list[Entry]:
    tally = Tally()
    return list(Converter(Filter(**wanted), dict(offices), SHIPPED).entries(entities(path, tally), tally))


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({}, [IDA, OBAMA]),
        ({"sitelink": None}, [IDA, OBAMA, NAMESAKE]),
        ({"countries": frozenset(("Q30",))}, [IDA]),
        ({"occupations": frozenset(("Q82955",)), "sitelink": None}, [IDA, OBAMA]),
        ({"occupations": frozenset(("Q36180",))}, []),
        (
            {"instance_of": frozenset(("Q11032",)), "countries": frozenset(("Q30",))},
            [Entry("organization:springfield-gazette@Q900000002", ("Springfield Gazette", "The Gazette"), wikidata="Q900000002")],
        ),
        ({"languages": ("en", "ru"), "countries": frozenset(("Q30",))}, [
            Entry(IDA.id, ("Ida Marlowe", "Ида Марлоу", "Ida B. Marlowe"), wikidata=IDA.wikidata),
        ]),
    ],
)  # fmt: skip
def test_what_is_wanted_becomes_an_entry(wanted: dict[str, Any], found: list[Entry]) -> None:
    assert read(**wanted) == found


def test_positions_become_terms_as_far_as_their_days_are_known() -> None:
    offices = {"Q900000100": ("mayor", "Springfield"), "Q900000101": ("governor", "US-IL")}
    [ida, _] = read(offices=offices.items())
    assert ida.offices == (
        Term("mayor", "Springfield", "2020-01-05", "2024-03"),
        Term("governor", "US-IL", "2024"),
    )


def test_what_it_makes_can_be_imported_beside_the_shipped_entries(tmp_path: Path) -> None:
    made = read(sitelink=None)
    (tmp_path / "list.jsonl").write_bytes(
        b"\n".join(ENTRY.dump_json(entry, exclude_defaults=True) for entry in made)
    )
    assert read_entries(tmp_path / "list.jsonl") == made
    assert problems_among(made, registry.shipped()) == []


@pytest.mark.parametrize(
    ("name", "pack"), [("d.json.gz", gzip.compress), ("d.json.bz2", bz2.compress), ("d.json", bytes)]
)
def test_a_dump_is_read_packed_or_not_with_brackets_and_commas_or_without(
    tmp_path: Path, name: str, pack: Callable[[bytes], bytes]
) -> None:
    whole = DUMP.read_bytes()
    bare = b"\n".join(line.rstrip(b",") for line in whole.splitlines() if line not in (b"[", b"]"))
    for data in (whole, bare, whole.replace(b"\n", b"\r\n"), b"\n\n" + whole):
        (tmp_path / name).write_bytes(pack(data))
        assert read(tmp_path / name) == [IDA, OBAMA]


def test_lines_that_hold_no_entity_are_told_and_the_others_read(tmp_path: Path) -> None:
    (tmp_path / "d.json").write_bytes(b"[\n{broken,\n7,\n" + DUMP.read_bytes()[2:])
    tally = Tally()
    found = list(Converter(Filter(), {}, SHIPPED).entries(entities(tmp_path / "d.json", tally), tally))
    assert found == [IDA, OBAMA]
    assert (tally.entities, tally.entries, tally.left_out, tally.unreadable) == (7, 2, 2, [2, 3])


def test_a_dump_that_is_cut_off_is_told(tmp_path: Path) -> None:
    (tmp_path / "d.json.gz").write_bytes(gzip.compress(DUMP.read_bytes())[:-200])
    with pytest.raises(OnrecordError, match="cannot be read to its end"):
        read(tmp_path / "d.json.gz")
    with pytest.raises(OnrecordError, match="cannot be read to its end"):
        read(tmp_path / "none.json")


def test_memory_does_not_grow_with_the_dump(tmp_path: Path) -> None:
    first = json.loads(DUMP.read_bytes())[0]

    def peak(times: int) -> int:
        with gzip.open(tmp_path / "d.json.gz", "wt", compresslevel=1) as file:
            file.write(
                "[\n"
                + ",\n".join(json.dumps(first | {"id": f"Q{number}"}) for number in range(1, times + 1))
                + "\n]\n"
            )
        tally = Tally()
        tracemalloc.start()
        count = sum(
            1 for _ in Converter(Filter(), {}, ()).entries(entities(tmp_path / "d.json.gz", tally), tally)
        )
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert count == times
        return most

    peak(10)
    assert peak(3000) < 2 * peak(300)


def test_offices_are_read_and_their_mistakes_told(tmp_path: Path) -> None:
    (tmp_path / "o.csv").write_text("position,title,place\nQ14211,prime minister,GB\n", encoding="utf-8")
    assert read_offices(tmp_path / "o.csv") == {"Q14211": ("prime minister", "GB")}
    (tmp_path / "o.csv").write_text("position,title\nQ14211,prime minister\n", encoding="utf-8")
    with pytest.raises(OnrecordError, match=r"o\.csv:1: the columns must be"):
        read_offices(tmp_path / "o.csv")
    (tmp_path / "o.csv").write_text("position,title,place\n14211,prime minister,GB\n", encoding="utf-8")
    with pytest.raises(OnrecordError, match=r"o\.csv:2: write an item"):
        read_offices(tmp_path / "o.csv")
