"""Users' lists of entries."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.aggregate.identity.checking import problems_among
from services.aggregate.identity.entry import ENTRY, Entry, Term
from services.aggregate.identity.entry_files import Mistakes, read_entries

RIGHT = [
    Entry(
        "person:ida-marlowe",
        ("Ida Marlowe", "И. Марлоу"),
        wikidata="Q42",
        alone=("Marlowe",),
        offices=(Term("mayor", "Springfield", "2020-01-05"), Term("minister", "GB", "2017", "2019-06")),
    ),
    Entry(
        "organization:springfield-gazette",
        ("Springfield Gazette", "Gazette"),
        famous=True,
        shared=("Gazette",),
    ),
    Entry("person:mary-smith@own", ("Mary Smith",)),
]

FORMS = {
    "list.csv": (
        """\ufeffkind,names,wikidata,alone,famous,shared,offices
person,Ida Marlowe|И. Марлоу,Q42,Marlowe,,,mayor;Springfield;2020-01-05|minister;GB;2017;2019-06

organization,Springfield Gazette | Gazette,,,yes,Gazette,
person,"Mary Smith",,,,,
"""
    ),
    "list.jsonl": """\
{"kind":"person","names":["Ida Marlowe","И. Марлоу"],"wikidata":"Q42","alone":["Marlowe"],%OFFICES%}
{"id":"organization:springfield-gazette","names":["Springfield Gazette","Gazette"],"famous":true,"shared":["Gazette"]}

{"kind":"person","names":["Mary Smith"]}
""".replace(
        "%OFFICES%",
        '"offices":[["mayor","Springfield","2020-01-05",null],["minister","GB","2017","2019-06"]]',
    ),
    "list.yaml": (
        """- kind: person
  names: [Ida Marlowe, И. Марлоу]
  wikidata: Q42
  alone: [Marlowe]
  offices:
    - [mayor, Springfield, 2020-01-05]
    - [minister, GB, 2017, 2019-06]
- kind: organization
  names: [Springfield Gazette, Gazette]
  famous: true
  shared: [Gazette]
- {kind: person, names: [Mary Smith]}
"""
    ),
}


@pytest.mark.parametrize("name", FORMS)
def test_every_format_gives_the_same_entries(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text(FORMS[name], encoding="utf-8")
    assert read_entries(tmp_path / name) == RIGHT


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("a.txt", "", ["a.txt: the ending tells the format; name it .jsonl, .yaml or .csv"]),
        ("a.jsonl", "\n", ["a.jsonl: holds no entry"]),
        ("a.jsonl", '{"kind":"person","names":["Ida Holm"]}\n{"kind"', ["a.jsonl:2: no JSON"]),
        ("a.jsonl", "[]\n7", ["a.jsonl:1: no entry", "a.jsonl:2: no entry"]),
        (
            "a.jsonl",
            '{"kind":"robot","names":["R2"]}',
            ["a.jsonl:1: kind: 'robot'; write person or organization"],
        ),
        ("a.jsonl", '{"kind":"person"}', ["a.jsonl:1: names: none given"]),
        ("a.jsonl", '{"id":"person:ida-holm"}', ["a.jsonl:1: names: is missing"]),
        (
            "a.jsonl",
            '{"id":"person:ida-holm","kind":"organization","names":["Ida Holm"]}',
            ["a.jsonl:1: kind: 'organization' is not that of"],
        ),
        ("a.jsonl", '{"id":"ida","names":["Ida Holm"]}', ["a.jsonl:1: id: 'ida' is no id of the registry"]),
        (
            "a.jsonl",
            '{"kind":"person","names":["Ida Holm"],"spouse":"x"}',
            ["a.jsonl:1: spouse: no such field; there are id, kind"],
        ),
        ("a.yaml", "a: b", ["a.yaml:1: no list; begin each entry with `- `"]),
        ("a.yaml", "- names: [a\n- b", ["a.yaml:2: no YAML"]),
        (
            "a.yaml",
            "- kind: person\n  names: [Ida Holm]\n- kind: person\n  names: []\n",
            ["a.yaml:3: names: none given"],
        ),
        (
            "a.yaml",
            "- {kind: person, names: [A B], wikidata: 76}",
            ["a.yaml:1: wikidata: no item; write Q and digits"],
        ),
        ("a.csv", "kind,name\nperson,Ida Holm", ["a.csv:1: no such column: name; the columns are id, kind"]),
        ("a.csv", "kind,wikidata\nperson,Q1", ["a.csv:1: no column names"]),
        ("a.csv", "kind,names\nperson,Ida Holm\nperson,Holm, Ida", ["a.csv:3: 3 cells, the heading has 2"]),
        ("a.csv", 'kind,names\nperson,"Ida Holm', ["a.csv:2: no CSV"]),
        ("a.csv", "kind,names,offices\nperson,Ida Holm,mayor;London", ["a.csv:2: offices"]),
        (
            "a.csv",
            "kind,names,offices\nperson,Ida Holm,mayor;London;2024-13",
            ["'2024-13' is no date; write 2024-07-05"],
        ),
        ("a.csv", "kind,names\nperson,…", ["a.csv:2: names: '…' holds no letter"]),
    ],
)
def test_each_mistake_is_named_with_its_line_and_its_cure(
    tmp_path: Path, name: str, text: str, told: list[str]
) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(Mistakes) as refused:
        read_entries(tmp_path / name)
    assert len(refused.value.problems) == len(told)
    for problem, part in zip(refused.value.problems, told, strict=True):
        assert part in problem


def test_a_file_that_is_not_there_or_no_text_is_named(tmp_path: Path) -> None:
    with pytest.raises(Mistakes, match=r"a\.csv: cannot be read"):
        read_entries(tmp_path / "a.csv")
    (tmp_path / "a.csv").write_bytes(b"names\n\xff")
    with pytest.raises(Mistakes, match="byte 6 is no UTF-8"):
        read_entries(tmp_path / "a.csv")


TEXTS = st.text(st.characters(codec="utf-8"), max_size=60)


@given(
    text=TEXTS
    | st.builds(
        json.dumps, st.recursive(st.none() | st.booleans() | st.integers() | TEXTS, st.lists, max_leaves=8)
    )
)
def test_any_text_is_read_or_refused(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    folder = tmp_path_factory.mktemp("any")
    for suffix in (".csv", ".jsonl", ".yaml"):
        (folder / f"a{suffix}").write_text(text, encoding="utf-8")
        with contextlib.suppress(Mistakes):
            assert read_entries(folder / f"a{suffix}")


def test_what_was_read_is_written_as_it_can_be_read_again(tmp_path: Path) -> None:
    lines = [ENTRY.dump_json(entry, exclude_defaults=True).decode() for entry in RIGHT]
    (tmp_path / "again.jsonl").write_text("\n".join(lines), encoding="utf-8")
    assert read_entries(tmp_path / "again.jsonl") == RIGHT


def test_entries_that_contradict_each_other_are_told() -> None:
    ida = Entry("person:ida-holm", ("Ida Holm",), wikidata="Q1")
    assert problems_among([ida], []) == []
    assert problems_among([ida], [ida]) == []  # adds to it
    assert "given 2 times" in problems_among([ida, ida], [])[0]
    assert (
        "Wikidata item of person:ida-holm"
        in problems_among([Entry("person:a-b", ("A B",), wikidata="Q1")], [ida])[0]
    )
    assert (
        "a name of person:ida-holm too"
        in problems_among([Entry("person:a-b", ("A B", "Ida Holm"))], [ida])[0]
    )
    assert problems_among([Entry("person:a-b", ("A B", "Ida Holm"), shared=("Ida Holm",))], [ida]) == []
    assert "none of its names gives this id" in problems_among([Entry("person:x", ("A B",))], [])[0]
    term = Term("mayor", "London", "2024-05", "2024-03-01")
    assert "before it begins" in problems_among([Entry("person:a-b", ("A B",), offices=(term,))], [])[0]


def test_an_entry_never_has_more_names_than_one_may_have() -> None:
    many = Entry("person:ida-holm", ("Ida Holm", *(f"Ida Holm {number}" for number in range(49))))
    more = Entry("person:ida-holm", ("Ida Holm", "Ida Holmes"))
    assert "more than 50 names with those it has already" in problems_among([more], [many])[0]
    assert many.with_more(more).names == many.names
