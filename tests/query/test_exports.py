"""Exports: whole, in the list's order, readable by what they are made for."""

from __future__ import annotations

import csv
import io
import json
import re
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pyarrow.parquet as pq
import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st

from services.aggregate.store import Store
from services.chassis.metrics import Metrics
from services.query.database import Database
from services.query.exports import export as exporting
from services.query.exports import tables
from services.query.exports.columns import ACTORS, STATEMENTS, Column, Kind
from services.query.exports.forms import Format, What
from services.query.exports.routes import Exports
from services.query.params import ActorQuery, StatementSelection
from services.query.problems import Trouble
from tests.support.reading import HOSTILE_WORDS, LEE, at, fill, reader, sample
from tests.support.record import feed
from tests.support.stories import Said, story

DOCUMENT = Path(__file__).parents[2] / "docs" / "exports.md"


@pytest.fixture
def api(address: str) -> Iterator[TestClient]:
    with reader(address) as found:
        yield found


def taken(api: TestClient, path: str, **query: Any) -> bytes:
    answer = api.get(path, params=query)
    assert answer.status_code == 200, answer.text
    return answer.content


def rows_of(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline=""), strict=True))


def lines_of(data: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in data.decode().splitlines()]


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"sort": "oldest"},
        {"kind": "quote", "from": "2026-03-01"},
        {"outlet": "Gazette", "min_confidence": "0.8"},
        {"q": "bridge"},
        {"stance": "deny", "negated": "false"},
        {"to": "2025-01-01"},
    ],
    ids=str,
)
def test_a_set_of_statements_is_the_list_in_its_order(
    api: TestClient, query: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # batches that end within, at and after the list
    monkeypatch.setattr(exporting, "BATCH", 2)
    listed = api.get(f"/v1/actors/{LEE}/statements", params=query).json()
    wanted = [item["statement_id"] for item in listed["items"]]
    assert listed["total"] == len(wanted)
    csv_rows = rows_of(taken(api, "/v1/statements.csv", actor=LEE, **query))
    assert [row["statement_id"] for row in csv_rows] == wanted
    lines = lines_of(taken(api, "/v1/statements.jsonl", actor=LEE, **query))
    assert [line["statement_id"] for line in lines] == wanted
    everyone = lines_of(taken(api, "/v1/statements.jsonl", **query))
    assert [line["statement_id"] for line in everyone if line["actor"]["actor_id"] == LEE] == wanted


@pytest.mark.parametrize(
    "query",
    [{}, {"sort": "name", "order": "desc"}, {"outlet": "Gazette"}, {"q": "lee"}, {"min_statements": 2}],
    ids=str,
)
def test_a_set_of_actors_is_the_list_in_its_order(
    api: TestClient, query: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporting, "BATCH", 2)
    listed = api.get("/v1/actors", params=query).json()
    assert listed["total"] == len(listed["items"]) > 0
    found = rows_of(taken(api, "/v1/actors.csv", **query))
    for row, item in zip(found, listed["items"], strict=True):
        assert row["actor_id"] == item["actor_id"]
        assert [int(row[name]) for name in ("quotes", "claims", "articles")] == [
            item["counts"][n] for n in ("quotes", "claims", "articles")
        ]
        assert row["first_seen"] == (item["first_seen"] or "")


def test_claims_are_the_statements_of_that_kind(api: TestClient) -> None:
    claims = taken(api, "/v1/claims.jsonl")
    assert claims == taken(api, "/v1/statements.jsonl", kind="claim")
    assert len(lines_of(claims)) == 3


def test_a_line_of_a_statement_has_what_the_contract_says(api: TestClient) -> None:
    line = next(line for line in lines_of(taken(api, "/v1/statements.jsonl")) if len(line["spans"]) == 2)
    assert {
        "statement_id", "kind", "text", "spans", "article", "actor", "mention", "cue", "stance", "confidence", "source_confidence",
        "appearance_of",
    } <= line.keys()  # fmt: skip
    assert {"article_id", "url", "outlet", "title", "published_at"} <= line["article"].keys()
    assert line["actor"] == {"actor_id": LEE, "name": "Ana Lee", "kind": "person", "wikidata": None}
    assert line["mention"]["exact"] == "Ana Lee"
    assert line["cue"] == {
        "span": {"start": 66, "end": 70, "exact": "said"},
        "lemma": "said",
        "stance": "promise",
    }
    assert line["text"] == "The bridge will reopen in May, and nobody will be hurt, […] It is safe.", (
        "pieces are never joined as one"
    )
    article = api.get(f"/v1/articles/{line['article']['article_id']}").json()
    assert all(article["text"][span["start"] : span["end"]] == span["exact"] for span in line["spans"])
    assert article["text_sha256"] == line["text_sha256"]


def test_csv_is_rfc_4180_for_spreadsheets(api: TestClient) -> None:
    data = taken(api, "/v1/statements.csv")
    assert data.startswith(b"\xef\xbb\xbfstatement_id,kind,")
    assert data.count(b"\n") == data.count(b"\r\n") == 9
    hostile = next(
        row for row in rows_of(data) if row["mention"] == "" and row["actor_name"].startswith("<img")
    )
    assert hostile["text"] == HOSTILE_WORDS


TEXTS = st.text(st.sampled_from("=+-@\t\r\n＝,\"' aé“"), max_size=8)


@given(st.lists(TEXTS, min_size=1, max_size=4))
def test_no_cell_is_a_formula_and_every_text_comes_back(texts: list[str]) -> None:
    columns = [
        Column("one", Kind.TEXT, "", lambda text: text),
        Column("two", Kind.TEXT, "", lambda text: text),
    ]
    data = b"".join(tables.as_csv(columns, [texts])).decode("utf-8-sig")
    found = list(csv.reader(io.StringIO(data, newline=""), strict=True))[1:]
    assert [row[0] for row in found] == [row[1] for row in found]
    for (cell, _), text in zip(found, texts, strict=True):
        assert not cell.startswith(tables.FORMULA)
        assert cell in (text, f"'{text}")
        assert (cell == text) == (not text.startswith(tables.FORMULA))


@pytest.mark.parametrize(("path", "columns"), [("statements", STATEMENTS), ("actors", ACTORS)])
def test_parquet_has_the_same_rows_with_types(
    api: TestClient, path: str, columns: list[Column], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporting, "BATCH", 3)
    monkeypatch.setattr(tables, "ROW_GROUP", 3)
    file = pq.ParquetFile(io.BytesIO(taken(api, f"/v1/{path}.parquet")))
    assert file.metadata.num_row_groups == -(-file.metadata.num_rows // 3)
    table = file.read()
    assert table.schema.names == [column.name for column in columns]
    for column in columns:
        assert table.schema.field(column.name).metadata == {b"description": column.meaning.encode()}
    found, texts = table.to_pylist(), rows_of(taken(api, f"/v1/{path}.csv"))
    assert [
        {name: str(tables._cell(value) if value is not None else "") for name, value in row.items()}
        for row in found
    ] == texts


def test_without_pyarrow_the_cure_is_named(api: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    answer = api.get("/v1/statements.parquet")
    assert answer.status_code == 501
    assert "pip install 'onrecord[parquet]'" in answer.json()["detail"]
    assert api.get("/v1/statements.csv").status_code == 200


SCHEMA_ORG = {
    "Thing": {
        "@id",
        "@type",
        "name",
        "identifier",
        "sameAs",
        "url",
        "alternateName",
        "disambiguatingDescription",
    },
    "CreativeWork": {
        "text",
        "inLanguage",
        "isPartOf",
        "datePublished",
        "author",
        "about",
        "headline",
        "publisher",
    },
    "Quotation": {"spokenByCharacter"},
    "Claim": {"appearance"},
}
"""The properties that schema.org gives these types, as far as they are used; what is below a type has the
type's too."""
ABOVE = {
    "Quotation": ("Thing", "CreativeWork", "Quotation"),
    "Claim": ("Thing", "CreativeWork", "Claim"),
    "CreativeWork": ("Thing", "CreativeWork"),
    "NewsArticle": ("Thing", "CreativeWork"),
    "Person": ("Thing",),
    "Organization": ("Thing",),
    "Thing": ("Thing",),
}


def escaped(identifier: str) -> str:
    return quote(identifier, safe=":")


def nodes_of(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
    for part in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from nodes_of(part)


@pytest.mark.parametrize("path", ["actors", "statements", "claims"])
def test_json_ld_uses_schema_org_as_it_is(
    api: TestClient, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporting, "BATCH", 2)
    document = json.loads(taken(api, f"/v1/{path}.jsonld"))
    assert document.keys() == {"@context", "@graph"}
    assert document["@context"] == "https://schema.org"
    assert len(document["@graph"]) == {"actors": 5, "statements": 8, "claims": 3}[path]
    for node in nodes_of(document["@graph"]):
        assert node.keys() <= set().union(*(SCHEMA_ORG.get(kind, set()) for kind in ABOVE[node["@type"]]))
        assert None not in node.values()
        assert re.fullmatch(
            r"urn:onrecord:(statement|actor|article):[!-~]+", node.get("@id", "urn:onrecord:actor:publisher")
        )
    assert "javascript:" not in json.dumps(document)


def test_who_did_not_say_it_is_neither_speaker_nor_author(tmp_path: Path) -> None:
    text = "Ana Lee never said “Close the bridge.” Owen Brandt denied saying that it was cheap."
    said = [
        Said("Ana Lee", "Close the bridge.", negated=True),
        Said("Owen Brandt", "it was cheap", negated=True),
    ]
    address = f"sqlite:///{tmp_path / 'record.db'}"
    fill(address, story("art-no", text, said))
    with reader(address) as api:
        for work in json.loads(taken(api, "/v1/statements.jsonld"))["@graph"]:
            assert not {"spokenByCharacter", "author", "creator"} & work.keys()
            assert "not said" in work["disambiguatingDescription"]
            assert work["about"]["@type"] == "Person"
        for item in json.loads(taken(api, "/v1/statements.webannotation"))["first"]["items"]:
            assert item["motivation"] == "describing"
            assert "did not say" in item["body"][1]["value"]


def test_annotations_are_of_the_w3c_model(api: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exporting, "BATCH_WITH_TEXTS", 3)
    collection = json.loads(taken(api, "/v1/statements.webannotation"))
    assert collection["@context"] == "http://www.w3.org/ns/anno.jsonld"
    assert (collection["type"], collection["total"]) == ("AnnotationCollection", 8)
    page = collection["first"]
    assert (page["type"], page["partOf"], page["startIndex"]) == ("AnnotationPage", collection["id"], 0)
    texts: dict[str, str] = {}
    for article in api.get("/v1/articles").json()["items"]:
        detail = api.get(f"/v1/articles/{escaped(article['article_id'])}").json()
        texts[f"urn:onrecord:article:{escaped(article['article_id'])}"] = detail["text"]
    assert len(page["items"]) == 8
    for item in page["items"]:
        assert item.keys() == {"id", "type", "motivation", "body", "target"}
        assert (item["type"], item["motivation"]) == ("Annotation", "identifying")
        assert [body["purpose"] for body in item["body"]] == ["identifying", "describing"]
        for target in item["target"]:
            assert target.keys() - {"scope"} == {"type", "source", "selector"}
            position, quotation = target["selector"]
            assert position.keys() == {"type", "start", "end"}
            assert quotation.keys() == {"type", "exact", "prefix", "suffix"}
            text = texts[target["source"]]
            assert text[position["start"] : position["end"]] == quotation["exact"]
            assert quotation["prefix"] + quotation["exact"] + quotation["suffix"] in text
    assert api.get("/v1/actors.webannotation").status_code == 422


def test_an_export_is_of_one_state_of_the_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exporting, "BATCH", 1)
    address = f"sqlite:///{tmp_path / 'record.db'}"
    fill(address, sample())
    database, store = Database(address), Store(address, "test")
    with closing(exporting.export(database, What.STATEMENTS, Format.JSONL, StatementSelection())) as pieces:
        begun = next(pieces) + next(pieces)
        feed(store, [story("art-bridge", "", revision=2, withdrawn=True, published_at=at(2026, 3, 1))])
        assert len(lines_of(begun + b"".join(pieces))) == 8
    again = b"".join(exporting.export(database, What.STATEMENTS, Format.JSONL, StatementSelection()))
    assert len(lines_of(again)) == 5
    store.close()
    database.close()


def test_an_empty_record_gives_empty_sets(tmp_path: Path) -> None:
    address = f"sqlite:///{tmp_path / 'record.db'}"
    fill(address, [])
    with reader(address) as api:
        assert rows_of(taken(api, "/v1/statements.csv")) == []
        assert taken(api, "/v1/actors.csv").decode("utf-8-sig").startswith("actor_id,")
        assert taken(api, "/v1/statements.jsonl") == b""
        assert json.loads(taken(api, "/v1/actors.jsonld"))["@graph"] == []
        assert json.loads(taken(api, "/v1/claims.webannotation"))["total"] == 0
        assert pq.read_table(io.BytesIO(taken(api, "/v1/statements.parquet"))).num_rows == 0


def test_what_cannot_be_exported_is_said_before_anything_is_sent(api: TestClient) -> None:
    assert "holds the whole list" in api.get("/v1/statements.csv?cursor=x").json()["detail"]
    assert "'csv', 'jsonl', 'parquet'" in api.get("/v1/statements.xlsx").json()["detail"]
    assert api.get("/v1/statements.csv?actor=person:nobody").status_code == 404
    assert "stance: there is no such parameter" in api.get("/v1/actors.csv?stance=deny").json()["detail"]
    assert len(rows_of(taken(api, "/v1/statements.csv", limit=3))) == 3
    limited = json.loads(taken(api, "/v1/statements.webannotation", limit=3))
    assert (limited["total"], len(limited["first"]["items"])) == (3, 3)


def test_an_export_is_named_streamed_and_counted(record_address: str) -> None:
    metrics = Metrics()
    with reader(record_address, metrics, max_exports=1) as api:
        answer = api.get("/v1/statements.csv")
        assert answer.headers["content-disposition"] == 'attachment; filename="onrecord-statements.csv"'
        assert "content-length" not in answer.headers
        assert "etag" not in answer.headers
        head = api.head("/v1/statements.csv")
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["content-type"] == answer.headers["content-type"]
        # places are given back, whatever became of those that took them
        for path in (
            "/v1/statements.csv?actor=person:nobody",
            "/v1/statements.csv?cursor=x",
            "/v1/claims.jsonl",
        ):
            api.get(path)

    def count(form: str, outcome: str) -> float | None:
        return metrics.registry.get_sample_value(
            "onrecord_exports_total", {"format": form, "outcome": outcome}
        )

    assert (count("csv", "whole"), count("csv", "cut"), count("csv", "refused"), count("jsonl", "whole")) == (
        1,
        1,
        2,
        1,
    )


def test_no_more_than_so_many_at_a_time(record_address: str) -> None:
    database = Database(record_address)
    exports = Exports(database, 1, Metrics())
    first = exports.answer(What.ACTORS, Format.CSV, ActorQuery())
    with pytest.raises(Trouble, match="as many as there may be") as refused:
        exports.answer(What.ACTORS, Format.CSV, ActorQuery())
    assert refused.value.headers["Retry-After"]
    first._pieces.close()
    exports.answer(What.ACTORS, Format.CSV, ActorQuery())._pieces.close()
    database.close()


def test_one_that_takes_too_long_is_cut(record_address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exporting, "BATCH", 1)
    monkeypatch.setattr(exporting, "LONGEST_S", -1.0)
    database = Database(record_address)
    with pytest.raises(Trouble, match="took longer than"):
        list(exporting.export(database, What.STATEMENTS, Format.CSV, StatementSelection()))
    database.close()


def test_the_columns_are_documented_as_they_are() -> None:
    tables_in = re.findall(
        r"^\| column \| holds \| meaning \|\n\|---\|---\|---\|\n((?:\|.*\n)+)",
        DOCUMENT.read_text(),
        re.MULTILINE,
    )
    wanted = [
        "".join(f"| `{c.name}` | {c.kind} | {c.meaning} |\n" for c in columns)
        for columns in (STATEMENTS, ACTORS)
    ]
    assert tables_in == wanted


def test_the_lines_are_documented_as_they_are(api: TestClient) -> None:
    (block,) = re.findall(r"```json\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
    line = max(lines_of(taken(api, "/v1/statements.jsonl")), key=lambda line: len(line["spans"]))
    names = {name for node in nodes_of(line) for name in node}
    assert set(re.findall(r'"(\w+)"', block)) == names
