"""What the headers of a record tell about an article, and that no header can do harm."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.events import Article, Claim, Document, Quote
from schemas.relational import MAX_KEY_BYTES, microseconds, trail_key
from services.aggregate.changes import DocumentChange, TrailChange
from services.aggregate.service import TOPICS, handle
from services.aggregate.trail import LATEST, of_article, of_dead_letter
from services.chassis.log.topics import dlq_of
from services.chassis.log.types import Headers, Record, TopicPartition
from services.chassis.stage import read_dead_letter
from services.chassis.stage.dead_letters import (
    CONTRACT_HEADERS,
    CONTRACT_VERSION,
    PREFIX,
    REPLAY_COUNT,
    replayed,
)
from services.chassis.stage.settled import mark
from tests.support.statements import NOON, actor, make
from tests.support.trail import TRACE, article, changes_of, letter, placed, record, refusal

NOON_US = microseconds(NOON)
HOUR = dt.timedelta(hours=1)


def trail_of(one: Record) -> list[dict[str, Any]]:
    return [change.row for change in changes_of([one]) if isinstance(change, TrailChange)]


def only(one: Record) -> dict[str, Any]:
    (row,) = trail_of(one)
    return row


def test_an_article_is_accepted() -> None:
    row = only(record(article(revision=3), 7, partition=2))
    assert (row["topic"], row["partition"], row["offset"], row["stage"]) == (
        "onrecord.articles",
        2,
        7,
        "ingest",
    )
    assert (row["article_id"], row["revision"], row["outcome"], row["outlet"]) == (
        "art-1",
        3,
        "accepted",
        "Gazette",
    )
    assert (row["at"], row["trace_id"], row["event_id"]) == (NOON_US, TRACE, article(revision=3).event_id)


def test_the_body_of_an_article_is_never_looked_at() -> None:
    whole = record(article())
    assert only(whole) == only(
        Record(whole.topic, 0, 0, whole.timestamp_ms, whole.key, b"\xff{", whole.headers)
    )


def test_a_withdrawal_says_so() -> None:
    assert only(record(article(revision=2, withdrawn=True)))["outcome"] == "withdrawn"


def test_a_plain_record_is_known_by_its_key() -> None:
    row = only(Record("onrecord.articles", 0, 0, 1_000, b"art-9", b"{}"))
    assert (row["article_id"], row["revision"], row["outcome"], row["outlet"], row["trace_id"]) == (
        "art-9",
        None,
        "accepted",
        None,
        None,
    )


def test_a_document_tells_of_two_stages() -> None:
    document = make(revision=2, speakers=(actor(),)).document
    change, extracted, recorded = changes_of([record(document, 5, at=NOON + HOUR)])
    assert isinstance(change, DocumentChange)
    assert isinstance(extracted, TrailChange)
    assert isinstance(recorded, TrailChange)
    assert (extracted.row["stage"], extracted.row["outcome"], extracted.row["at"]) == (
        "extract",
        "extracted",
        NOON_US + 3_600_000_000,
    )
    assert (extracted.row["revision"], extracted.row["event_id"], extracted.row["outlet"]) == (
        2,
        document.document_id,
        "Gazette",
    )
    assert (recorded.row["stage"], recorded.row["outcome"], recorded.row["at"]) == (
        "aggregate",
        "recorded",
        None,
    )
    assert recorded.row["outlet"] is None, "an outlet's article is counted once"


def test_a_dead_letter_stands_where_its_article_stood() -> None:
    row = only(letter(record(article(revision=2), 7, partition=3), 41, now=NOON + HOUR))
    assert (row["topic"], row["partition"], row["offset"], row["stage"]) == (
        "onrecord.articles",
        3,
        7,
        "extract",
    )
    assert (row["outcome"], row["reason"], row["detail"], row["letter"]) == (
        "dead_lettered",
        "too_deep",
        "article: too_deep",
        "0:41",
    )
    assert (row["article_id"], row["revision"], row["outlet"]) == ("art-1", 2, "Gazette")
    assert row["at"] == NOON_US + 3_600_000_000, "when it failed, not when its article came"


def test_a_letter_written_twice_is_one_row() -> None:
    first, again = (letter(record(article(), 7), offset) for offset in (41, 42))
    assert {**only(first), "letter": None} == {**only(again), "letter": None}


def test_a_replayed_article_is_dated_by_its_replay() -> None:
    row = only(placed(replayed(read_dead_letter(letter(record(article())))), 9))
    assert (row["outcome"], row["at"], row["offset"]) == ("replayed", None, 9)


def test_an_input_that_ingest_refused_is_known_by_its_name() -> None:
    row = only(refusal("lines.jsonl line 2", 8))
    assert (row["topic"], row["partition"], row["offset"], row["stage"]) == (
        "onrecord.articles.dlq",
        0,
        8,
        "ingest",
    )
    assert (row["outcome"], row["reason"], row["input"], row["article_id"]) == (
        "rejected",
        "schema",
        "lines.jsonl line 2",
        None,
    )


def test_dead_letters_of_the_record_name_their_article() -> None:
    made = make("art-5", speakers=(actor(),), claimants=(actor("Bo Chen"),))
    for event in made.events:
        row = only(letter(record(event, 6), 1, group="onrecord-aggregate"))
        assert (row["stage"], row["article_id"], row["topic"]) == ("aggregate", "art-5", event.topic)


@pytest.mark.parametrize(
    "value", [None, b"", b"\xff", b"[" * 100_000, b"[]", b'{"article": 3}', b'{"article": {"article_id": 5}}']
)
def test_a_letter_of_a_broken_quote_names_none(value: bytes | None) -> None:
    row = only(letter(Record(Quote.topic, 0, 0, 0, b"person:ana-lee", value), group="onrecord-aggregate"))
    assert (row["article_id"], row["outcome"]) == (None, "dead_lettered")


def test_what_is_no_dead_letter_is_noted_where_it_stands() -> None:
    row = only(Record(dlq_of(Document.topic), 1, 5, 3_000, b"art-1", b"?"))
    assert (row["topic"], row["partition"], row["offset"]) == ("onrecord.documents.dlq", 1, 5)
    assert (row["stage"], row["article_id"], row["reason"], row["letter"]) == (
        "aggregate",
        "art-1",
        "unknown",
        "1:5",
    )


def test_a_mark_that_letters_are_settled_is_no_letter() -> None:
    assert trail_of(placed(mark(TopicPartition(dlq_of(Article.topic), 0), [3, 4]), 9)) == []


def test_what_is_only_noted_does_not_count_in_the_share_of_poison() -> None:
    assert not handle(record(article())).judged
    assert not handle(letter(record(article()))).judged
    assert handle(record(make().document)).judged


def test_only_what_can_be_an_index_key_is_kept_of_an_id() -> None:
    longest = "é" * 600
    assert len(trail_key(longest).encode()) == MAX_KEY_BYTES
    assert trail_key("a\0b\ud800") == "a\N{REPLACEMENT CHARACTER}b?"
    assert only(record(article("x" * 500)))["article_id"] == "x" * 500


HEADER_VALUES = st.one_of(
    st.binary(max_size=40),
    st.text(max_size=40).map(lambda text: text.encode("utf-8", "replace")),
    st.sampled_from([b"-1", b"0", b"9" * 30, b"9" * 5000, b"\xd9\xa3", b"1e3", b"0001-01-01T00:00:00+23:59", b"9999-12-31T23:59:59-23:59",
                     b"art-1", b"\x00", Article.topic.encode(), b"00-" + b"0" * 32 + b"-" + b"1" * 16 + b"-01"]),
)  # fmt: skip
NAMES = [
    "ce_id", "ce_subject", "ce_revision", "ce_status", "ce_outlet", "CE_Outlet", "traceparent", "ingest-input", REPLAY_COUNT,
]  # fmt: skip
V1_NAMES = [
    "original-topic",
    "original-partition",
    "original-offset",
    "first-failed-at",
    "reason",
    "error-message",
    "replay-count",
]


def block(*values: bytes) -> Headers:
    """A contract of dead letters with these values."""
    return (CONTRACT_HEADERS[0], CONTRACT_VERSION), *zip(CONTRACT_HEADERS[1:], values, strict=True)


OTHERS = len(CONTRACT_HEADERS) - 1
CONTRACTS = (
    st.just(())
    | st.lists(HEADER_VALUES, min_size=OTHERS, max_size=OTHERS).map(lambda values: block(*values))
    | st.lists(st.tuples(st.sampled_from(V1_NAMES), HEADER_VALUES)).map(
        lambda found: (("dlq-version", b"1"), *found)
    )
)
HEADERS = st.builds(
    lambda own, contract: (*own, *contract),
    st.lists(st.tuples(st.sampled_from(NAMES), HEADER_VALUES), max_size=8),
    CONTRACTS,
)
WEIRD_TOPICS = [topic for topic in TOPICS if topic == Article.topic or topic.endswith(".dlq")]


@pytest.mark.parametrize("moment", [b"9999-12-31T23:59:59-23:59", b"0001-01-01T00:00:00+23:59"])
def test_times_beyond_the_calendar_are_bounded(moment: bytes) -> None:
    found = letter(record(article()))
    headers = tuple(
        (name, moment if name == PREFIX + "first-failed-at" else value) for name, value in found.headers
    )
    row = only(Record(found.topic, 0, 0, found.timestamp_ms, found.key, found.value, headers))
    assert row["at"] in (0, LATEST)


def test_a_record_without_a_time_is_dated_by_its_reading() -> None:
    assert only(Record("onrecord.articles", 0, 0, -1, b"art-9", b"{}"))["at"] is None


@given(
    topic=st.sampled_from(WEIRD_TOPICS),
    headers=HEADERS,
    key=st.none() | st.binary(max_size=700),
    value=st.none() | st.binary(max_size=20),
    timestamp=st.integers(-(2**63), 2**63 - 1),
)
def test_no_header_can_make_a_row_that_a_database_refuses(
    topic: str, headers: Headers, key: bytes | None, value: bytes | None, timestamp: int
) -> None:
    one = Record(topic, 0, 1, timestamp, key, value, headers)
    row = (of_article if topic == Article.topic else of_dead_letter)(one).row
    assert row["outcome"]
    for name, cell in row.items():
        if isinstance(cell, str):
            assert "\0" not in cell
            assert len(cell.encode()) <= 2_000, name
        elif isinstance(cell, int):
            assert -(2**63) <= cell < 2**63, name
    assert row["at"] is None or 0 <= row["at"] <= LATEST
    json.dumps(row)


def test_an_unknown_claim_names_its_article_by_shape_alone() -> None:
    newer = {"article": {"article_id": "art-7", "new": 1}, "kind": "prophecy"}
    row = only(
        letter(Record(Claim.topic, 0, 0, 0, b"k", json.dumps(newer).encode()), group="onrecord-aggregate")
    )
    assert row["article_id"] == "art-7"
