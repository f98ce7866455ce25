"""CloudEvents 1.0 on the log: what is written, what is read, and that nothing but PoisonError comes out of
bad input."""

from __future__ import annotations

import base64
import datetime as dt
import json
from typing import Any

import pytest
from cloudevents.core.bindings import kafka as sdk
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from hypothesis import given
from hypothesis import strategies as st

from schemas.events import EVENTS, ActorRecord, Article, Event, Quote
from services.chassis.cloudevents import Decoded, decode, encode
from services.chassis.errors import LimitExceeded, PoisonError
from services.chassis.log.types import Headers, Message, Record
from tests.support import event_strategies
from tests.support.golden import GOLDEN

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
NOW = dt.datetime(2026, 11, 20, 9, 30, tzinfo=dt.timezone(dt.timedelta(hours=1)))
FULL = {
    golden.event: golden.event.read(golden.wire) for golden in GOLDEN if golden.path.stem.endswith(".full")
}
ARTICLE = FULL[Article]
SECRET = "the words of the article"  # must never show up in an error


def record(value: bytes | None, headers: Headers = (), key: bytes | None = b"art-7") -> Record:
    return Record("onrecord.articles", 0, 0, 0, key, value, headers)


def read_back(message: Message) -> Record:
    return Record(message.topic, 0, 0, 0, message.key, message.value, message.headers)


def structured(**changes: Any) -> bytes:
    envelope = {
        "specversion": "1.0",
        "id": "e-1",
        "source": "/elsewhere",
        "type": Article.event_type,
        "data": ARTICLE.as_dict(),
    }
    return json.dumps(
        {name: value for name, value in {**envelope, **changes}.items() if value is not ...}
    ).encode()


STRUCTURED: Headers = (("content-type", b"application/cloudevents+json"),)


def refused(value: bytes | None, headers: Headers = (), **more: Any) -> PoisonError:
    with pytest.raises(PoisonError) as caught:
        decode(record(value, headers), Article, **more)
    assert SECRET not in str(caught.value)
    return caught.value


# --- what is written
# ----------------------------------------------------------------------------------------------------


def test_binary_mode_as_the_binding_says() -> None:
    message = encode(ARTICLE, source="/onrecord/ingest", traceparent=TRACE, time=NOW)
    assert message.topic == "onrecord.articles"
    assert message.key == b"art-0001"
    assert message.value == ARTICLE.encode()
    assert dict(message.headers) == {
        "ce_specversion": b"1.0",
        "ce_id": ARTICLE.event_id.encode(),
        "ce_source": b"/onrecord/ingest",
        "ce_type": b"org.onrecord.article.raw.v1",
        "ce_subject": b"art-0001",
        "ce_dataschema": b"urn:onrecord:schema:article.v1",
        "ce_time": b"2026-11-20T08:30:00Z",
        "ce_traceparent": TRACE.encode(),
        "ce_revision": b"2",
        "ce_status": b"usable",
        "ce_outlet": b"News Example",
        "content-type": b"application/json",
        "traceparent": TRACE.encode(),
    }
    assert len(message.headers) == len(dict(message.headers))


def test_time_and_trace_are_left_out_unless_given() -> None:
    names = {name for name, _ in encode(FULL[ActorRecord], source="/x").headers}
    assert names == {
        "ce_specversion",
        "ce_id",
        "ce_source",
        "ce_type",
        "ce_subject",
        "ce_dataschema",
        "content-type",
    }


def test_a_naive_time_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="aware"):
        encode(ARTICLE, source="/x", time=dt.datetime(2026, 1, 1))  # noqa: DTZ001


@given(event_strategies.EVENTS)
def test_what_is_encoded_is_decoded(event: Event) -> None:
    message = encode(event, source="/onrecord/test", traceparent=TRACE)
    assert message == encode(event, source="/onrecord/test", traceparent=TRACE)
    decoded = decode(read_back(message), type(event))
    assert decoded.event == event
    assert decoded.mode == "binary"
    assert decoded.traceparent == TRACE
    assert decoded.attributes["id"] == event.event_id
    assert decoded.attributes["subject"] == event.subject


# --- conformance with the CloudEvents SDK
# ---------------------------------------------------------------------------------


@given(event_strategies.EVENTS)
def test_the_sdk_reads_what_we_write(event: Event) -> None:
    message = encode(event, source="/onrecord/test", traceparent=TRACE, time=NOW)
    assert message.value is not None
    read = sdk.from_kafka(sdk.KafkaMessage(dict(message.headers), message.key, message.value), JSONFormat())
    assert read.get_id() == event.event_id
    assert read.get_source() == "/onrecord/test"
    assert read.get_type() == event.event_type
    assert read.get_subject() == event.subject
    assert read.get_dataschema() == event.schema_uri()
    assert read.get_time() == NOW
    assert read.get_datacontenttype() == "application/json"
    assert read.get_extension("traceparent") == TRACE
    assert read.get_data() == event.as_dict()


@given(event=event_strategies.EVENTS, is_structured=st.booleans())
def test_we_read_what_the_sdk_writes(event: Event, is_structured: bool) -> None:
    attributes = {
        "id": event.event_id, "source": "/elsewhere", "type": event.event_type, "specversion": "1.0", "time": NOW,
        "datacontenttype": "application/json", "dataschema": event.schema_uri(), "traceparent": TRACE, "partitionkey": event.partition_key,
    }  # fmt: skip
    made = CloudEvent(attributes, event.as_dict())
    message = (sdk.to_structured if is_structured else sdk.to_binary)(made, JSONFormat())
    assert isinstance(message.key, str)
    decoded = decode(
        Record(event.topic, 0, 0, 0, message.key.encode(), message.value, tuple(message.headers.items())),
        type(event),
    )
    assert decoded.event == event
    assert decoded.mode == ("structured" if is_structured else "binary")
    assert decoded.traceparent == TRACE
    assert decoded.attributes["source"] == "/elsewhere"
    assert decoded.attributes["time"].startswith("2026-11-20T09:30:00")
    assert decoded.attributes["partitionkey"] == event.partition_key


# --- what is read
# ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("event", FULL.values(), ids=lambda event: event.schema_name)
def test_plain_json_is_the_topics_event(event: Event) -> None:
    decoded = decode(record(event.encode()), type(event))
    assert decoded == Decoded(event, "plain", {}, None)


@pytest.mark.parametrize(
    "content_type",
    [
        b"application/json",
        b"Application/JSON; charset=utf-8",
        b"text/json",
        b"application/vnd.news+json",
        b"",
    ],
)
def test_media_types_of_json(content_type: bytes) -> None:
    assert decode(record(ARTICLE.encode(), (("content-type", content_type),)), Article).event == ARTICLE


@pytest.mark.parametrize(
    "content_type",
    [
        b"application/cloudevents+json",
        b"Application/CloudEvents+JSON; charset=UTF-8",
        b"  APPLICATION/CLOUDEVENTS+JSON",
    ],
)
def test_structured_mode_in_any_case(content_type: bytes) -> None:
    decoded = decode(record(structured(), (("Content-Type", content_type),)), Article)
    assert decoded.event == ARTICLE
    assert decoded.mode == "structured"
    assert decoded.attributes == {
        "specversion": "1.0",
        "id": "e-1",
        "source": "/elsewhere",
        "type": Article.event_type,
    }


def test_structured_mode_with_packed_data_and_typed_extensions() -> None:
    packed = base64.b64encode(ARTICLE.encode()).decode()
    value = structured(data=..., data_base64=packed, sequence=7, urgent=True, nothing=None, traceparent=TRACE)
    decoded = decode(record(value, STRUCTURED), Article)
    assert decoded.event == ARTICLE
    assert (decoded.attributes["sequence"], decoded.attributes["urgent"]) == ("7", "true")
    assert "nothing" not in decoded.attributes
    assert decoded.traceparent == TRACE


@pytest.mark.parametrize("mode", ["binary", "structured", "plain"])
def test_the_schema_registry_prefix_is_skipped(mode: str) -> None:
    message = encode(ARTICLE, source="/x")
    value, headers = {
        "binary": (message.value, message.headers),
        "structured": (structured(), STRUCTURED),
        "plain": (message.value, ()),
    }[mode]
    assert value is not None
    decoded = decode(record(b"\x00\x00\x00\x01\xff" + value, headers), Article)
    assert decoded.event == ARTICLE
    assert decoded.mode == mode


def test_a_byte_order_mark_is_skipped() -> None:
    assert decode(record(b"\xef\xbb\xbf" + ARTICLE.encode()), Article).event == ARTICLE


def test_fields_of_later_releases_are_ignored() -> None:
    assert decode(record(ARTICLE.encode()[:-1] + b',"added_later":{"x":[1]}}'), Article).event == ARTICLE


OTHER_TRACE = TRACE.replace("0af7", "1af7")


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ([("traceparent", TRACE.encode()), ("ce_traceparent", OTHER_TRACE.encode())], TRACE),
        ([("traceparent", b"nonsense"), ("ce_traceparent", OTHER_TRACE.encode())], OTHER_TRACE),
        ([("traceparent", b"\xff")], None),
        ([("traceparent", b"")], None),
        ([], None),
    ],
)
def test_a_bad_traceparent_never_fails_the_record(
    headers: list[tuple[str, bytes]], expected: str | None
) -> None:
    sent = encode(ARTICLE, source="/x")
    assert decode(record(sent.value, (*sent.headers, *headers)), Article).traceparent == expected


def test_headers_of_dead_letters_and_of_others_do_not_disturb() -> None:
    sent = encode(ARTICLE, source="/x")
    more = (("replay-count", b"1"), ("x-binary", b"\xff\x00"), ("", b""))
    assert decode(record(sent.value, more + sent.headers), Article).event == ARTICLE


# --- what is refused
# ------------------------------------------------------------------------------------------------------


def changed(**changes: object) -> bytes:
    return json.dumps({**ARTICLE.as_dict(), "content": SECRET, **changes}).encode()


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (None, "empty"),
        (b"", "empty"),
        (b"\xff\xfe", "not_utf8"),
        (changed()[:-2], "not_json"),
        (b"\x00\x00\x00", "not_json"),
        (b"\x00\x00\x00\x00\x00", "not_json"),
        (b" ", "not_json"),
        (SECRET.encode(), "not_json"),
        (changed() + b"{}", "not_json"),
        (changed(x=float("nan")), "not_json"),
        (changed(x=float("-inf")), "not_json"),
        (changed()[:-1] + b',"x":"\\ud800"}', "not_json"),
        (changed()[:-1] + b',"x":' + b"9" * 5000 + b"}", "not_json"),
        (b"'" + SECRET.encode() + b"'", "not_json"),
        (b'{"content":"' + SECRET.encode() + b'","content":"' + SECRET.encode() + b'"}', "duplicate_key"),
        (changed()[:-1] + b',"x":{"a":1,"a":1}}', "duplicate_key"),
        (b"[" * 100_000, "too_deep"),
        (changed()[:-1] + b',"x":' + b"[" * 300 + b"]" * 300 + b"}", "too_deep"),
        (b'{"a":' * 50_000 + b"1" + b"}" * 50_000, "too_deep"),
        (b"null", "schema"),
        (b"[]", "schema"),
        (b'"text"', "schema"),
        (b"{}", "schema"),
        (changed(revision=10**30), "schema"),
        (changed(revision="1"), "schema"),
        (changed(content=[SECRET]), "schema"),
        (changed(language=SECRET), "schema"),
        (changed(status=SECRET), "schema"),
        (changed(fetched_at=SECRET), "schema"),
    ],
)
def test_reasons_of_bad_values(value: bytes | None, reason: str) -> None:
    error = refused(value)
    assert error.reason == reason
    assert error.stage == ("validate" if reason == "schema" else "decode")
    assert isinstance(error, LimitExceeded) == (reason == "too_deep")


def test_a_long_value_is_refused_before_it_is_parsed() -> None:
    assert decode(record(ARTICLE.encode()), Article, max_bytes=len(ARTICLE.encode())).event == ARTICLE
    error = refused(b"\xff" * 101, max_bytes=100)
    assert isinstance(error, LimitExceeded)
    assert (error.stage, error.reason) == ("decode", "too_large")
    assert "101 bytes" in str(error)


def binary(**changes: bytes | None) -> Headers:
    headers = {
        "ce_specversion": b"1.0",
        "ce_id": b"e-1",
        "ce_source": b"/s",
        "ce_type": Article.event_type.encode(),
        **changes,
    }
    return tuple((name, value) for name, value in headers.items() if value is not None)


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        (binary(ce_specversion=b"0.3"), "spec_version"),
        (binary(ce_specversion=b"2.0"), "spec_version"),
        (binary(ce_specversion=None), "envelope"),
        (binary(ce_id=None), "envelope"),
        (binary(ce_id=b""), "envelope"),
        (binary(ce_source=None), "envelope"),
        (binary(ce_type=None), "envelope"),
        (binary(ce_source=b"\xff"), "envelope"),
        (binary(ce_other=b"\xff"), "envelope"),
        ((*binary(), ("ce_", b"x")), "envelope"),
        ((*binary(), ("ce_two words", b"x")), "envelope"),
        (binary(ce_type=Quote.event_type.encode()), "wrong_type"),
        (binary(ce_type=b"org.onrecord.article.raw.v2"), "wrong_type"),
        ((*binary(), ("content-type", b"application/xml")), "content_type"),
        ((("content-type", b"text/plain"),), "content_type"),
        ((("content-type", b"\xff"),), "content_type"),
        ((("content-type", b"application/cloudevents-batch+json"),), "content_type"),
        ((("content-type", b"application/cloudevents+avro"),), "content_type"),
    ],
)
def test_reasons_of_bad_headers(headers: Headers, reason: str) -> None:
    error = refused(ARTICLE.encode(), headers)
    assert (error.stage, error.reason) == ("decode", reason)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (structured(specversion="0.3"), "spec_version"),
        (structured(id=...), "envelope"),
        (structured(source=""), "envelope"),
        (structured(type=Quote.event_type), "wrong_type"),
        (structured(extension={"a": 1}), "envelope"),
        (structured(extension=1.5), "envelope"),
        (structured(UPPER="x"), "envelope"),
        (structured(data_base64="e30="), "envelope"),
        (structured(data=...), "empty"),
        (structured(data=None), "empty"),
        (structured(data=..., data_base64="not base64!"), "envelope"),
        (structured(data=..., data_base64="é"), "envelope"),
        (structured(data=..., data_base64=7), "envelope"),
        (structured(data=..., data_base64="/w=="), "not_utf8"),
        (structured(data=..., data_base64="Ww=="), "not_json"),
        (structured(data=SECRET), "schema"),
        (structured(data={"content": SECRET}), "schema"),
        (structured(datacontenttype="text/plain"), "content_type"),
        (b"[]", "envelope"),
        (b"{", "not_json"),
        (b'{"id":"a","id":"b"}', "duplicate_key"),
        (structured(data="\ud800"), "not_json"),
        (structured(id="\ud800", data={}), "schema"),
    ],
)
def test_reasons_of_bad_structured_events(value: bytes, reason: str) -> None:
    assert refused(value, STRUCTURED).reason == reason


def test_errors_name_the_event_and_the_article_and_the_paths() -> None:
    broken = changed(article_id="art-9", revision="1", fetched_at=None)
    assert (
        str(refused(broken, binary()))
        == "Article e-1 (article art-9): revision: Input should be a valid integer; fetched_at: Input should"
        " be a valid datetime"
    )
    assert str(refused(b"{")).startswith("Article (about art-7): ")
    quote = FULL[Quote].as_dict()
    quote["speaker"]["confidence"] = 2
    with pytest.raises(PoisonError) as caught:
        decode(record(json.dumps(quote).encode()), Quote)
    assert (
        str(caught.value)
        == f"Quote {quote['quote_id']} (article art-0001): speaker.confidence: Input should be less than or"
        " equal to 1"
    )


def test_errors_are_bounded_and_printable() -> None:
    value = changed(article_id="x\n" * 1000, authors=[1] * 60)
    message = str(refused(value, binary(ce_id=b"e\x1b[31m" * 1000)))
    assert len(message) < 1000
    assert message.isprintable()
    assert message.endswith("; and 56 more")


FIELDS = st.sampled_from(
    [
        *Article.model_fields,
        "article",
        "specversion",
        "id",
        "source",
        "type",
        "data",
        "data_base64",
        "quote_id",
    ]
)
HEADER_NAMES = st.sampled_from([
    "ce_specversion", "ce_id", "ce_source", "ce_type", "ce_time", "ce_subject", "ce_traceparent", "content-type", "Content-Type",
    "traceparent", "CE_ID", "ce_",
])  # fmt: skip
HEADER_VALUES = st.sampled_from(
    [
        b"1.0",
        Article.event_type.encode(),
        b"application/json",
        b"application/cloudevents+json",
        b"application/cloudevents",
        b"",
    ]
)
HEADERS = st.lists(
    st.tuples(HEADER_NAMES | st.text(max_size=8), HEADER_VALUES | st.binary(max_size=12)), max_size=8
).map(tuple)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["\ud800", "1.0", Article.event_type, "\0"]),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(FIELDS | st.text(max_size=5), inner, max_size=6)
    ),
    max_leaves=12,
)
VALUES = st.one_of(
    st.none(),
    st.binary(max_size=64),
    st.binary(max_size=20).map(lambda head: b"\x00" + head),
    JSON.map(lambda value: json.dumps(value).encode()),
    st.dictionaries(FIELDS, JSON, max_size=4).map(
        lambda changes: json.dumps({**ARTICLE.as_dict(), **changes}).encode()
    ),
    st.dictionaries(FIELDS, JSON, max_size=4).map(lambda changes: structured(**changes)),
    st.tuples(st.integers(0, 400), st.binary(max_size=4)).map(
        lambda cut: ARTICLE.encode()[: cut[0]] + cut[1] + ARTICLE.encode()[cut[0] :]
    ),
)
REASONS = {
    "empty", "too_large", "too_deep", "not_utf8", "not_json", "duplicate_key", "content_type", "envelope", "spec_version", "wrong_type",
    "schema",
}  # fmt: skip


@given(value=VALUES, headers=HEADERS, key=st.none() | st.binary(max_size=5), event=st.sampled_from(EVENTS))
def test_nothing_but_poison_comes_out_of_arbitrary_records(
    value: bytes | None, headers: Headers, key: bytes | None, event: type[Event]
) -> None:
    try:
        decoded = decode(record(value, headers, key), event)
    except PoisonError as error:
        assert error.reason in REASONS  # noqa: PT017 - either outcome is right, each has its own promise
        assert len(str(error)) < 3000  # noqa: PT017
    else:
        assert type(decoded.event) is event
