"""Targets: what turns bytes and headers into events, letters and text."""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import UTC, datetime

from schemas.events import EVENTS
from services.chassis import cloudevents, decoding
from services.chassis.errors import PoisonError
from services.chassis.log.sqlite.records import decode_headers, encode_headers
from services.chassis.log.types import Headers, Record
from services.chassis.stage.dead_letters import CONTRACT_HEADERS, dead_letter, read_dead_letter, replayed
from services.chassis.tracing import Span
from services.extract.text.prescan import declared_language, scan
from tests.fuzz.given import Given
from tests.fuzz.target import Target
from tests.support.golden import GOLDEN

_MARKS = (b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff")
_CODECS = ("cp1252", *(f"cp125{n}" for n in (0, 1, 3, 4, 5, 6, 7, 8)), "cp866", "cp874", "cp949", "euc_jp", "euc_kr", "big5",
           "big5hkscs", "gb18030", "iso2022_jp", "koi8_r", "koi8_u", "mac_roman", "mac_cyrillic", "shift_jis", "cp932",
           *(f"iso8859_{n}" for n in (2, 3, 4, 5, 6, 7, 8, 10, 13, 14, 15, 16)))  # fmt: skip
_NOW = datetime(2026, 1, 1, tzinfo=UTC)
_MAX_BYTES = 2_000
"""Less than the longest input."""
_NAMES = ("ce_id", "ce_source", "ce_type", "ce_specversion", "ce_subject", "ce_dataschema", "ce_time", "ce_traceparent", "traceparent",
          "content-type", "ce_", "CE_ID", "ce_a-b", "x", *sorted(CONTRACT_HEADERS))  # fmt: skip
_VALUES = (b"", b"1.0", b"0.3", b"application/json", b"application/cloudevents+json", b"application/cloudevents+json; charset=utf-8",
           b"application/cloudevents-batch+json", b"text/plain", b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", b"\xff\xfe",
           b"1", b"-1", b"0", b"\xd9\xa3", b"9" * 40, *(event.event_type.encode() for event in EVENTS))  # fmt: skip


def _headers(given: Given, headers: Headers) -> Headers:
    """These headers, changed here and there."""
    changed = list(headers)
    for _ in range(given.number(6)):
        name = given.one_of(_NAMES) if given.flag() else given.piece().decode("utf-8", "replace")
        value = given.one_of(_VALUES) if given.flag() else given.piece()
        at = given.number(len(changed) + 1)
        changed[at : at + given.number(2)] = [(name, value)]
    return tuple(changed)


def check_event(data: bytes) -> None:
    """A record is an event or poison; an event that was read is written and read again as it was."""
    given = Given(data)
    golden = given.one_of(GOLDEN)
    headers = _headers(given, golden.record.headers if given.flag() else ())
    event_type = given.one_of(EVENTS) if given.number(8) == 7 else golden.event
    key = given.piece()
    record = Record(event_type.topic, 0, 0, 0, key or None, given.rest(), headers)
    try:
        decoded = cloudevents.decode(record, event_type, max_bytes=_MAX_BYTES)
    except PoisonError as error:
        _check_poison(error)
        return
    Span.after(decoded.traceparent)
    message = cloudevents.encode(decoded.event, source="/fuzz", traceparent=decoded.traceparent)
    assert message == cloudevents.encode(decoded.event, source="/fuzz", traceparent=decoded.traceparent)
    again = cloudevents.decode(
        Record(message.topic, 0, 0, 0, message.key, message.value, message.headers), event_type
    )
    assert again.event == decoded.event
    assert again.event.event_id == decoded.event.event_id
    assert again.mode == "binary"


def _check_poison(error: PoisonError) -> None:
    assert error.stage in ("decode", "validate")
    assert len(str(error)) < 4_000


def _event_seeds() -> Iterator[bytes]:
    for number, golden in enumerate(GOLDEN):
        yield bytes([number, 0, 1, 0, 0]) + golden.wire
        yield bytes([number, 0, 0, 0, 0]) + golden.wire
        yield bytes([number, 0, 1, 0, 0]) + b"\0\0\0\0\1" + golden.wire
        envelope = (
            b'{"specversion":"1.0","id":"i","source":"/s","type":"%s","datacontenttype":"application/json","data":%s}'
            % (
                golden.event.event_type.encode(),
                golden.wire,
            )
        )
        # one header more: content-type (9), application/cloudevents+json (4)
        yield bytes([number, 1, 1, 9, 1, 4, 0, 0, 0, 0, 0]) + envelope


def check_dead_letter(data: bytes) -> None:
    """Any record makes a dead letter that reads back; the record comes out as it went in, the contract's own
    headers aside."""
    given = Given(data)
    contract = (
        tuple((name, given.one_of(_VALUES)) for name in sorted(CONTRACT_HEADERS)) if given.flag() else ()
    )
    headers = _headers(given, contract)
    key = given.piece() if given.flag() else None
    message = given.piece().decode("utf-8", "surrogateescape")
    record = Record(
        "onrecord.articles",
        given.number(64),
        given.number(2**31),
        given.number(2**31),
        key,
        given.rest(),
        headers,
    )
    with suppress(PoisonError):
        read_dead_letter(record)
    made = dead_letter(
        record,
        PoisonError(message, stage="decode", reason="not_json"),
        group="fuzz",
        attempts=given.number(9),
        now=_NOW,
    )
    letter = read_dead_letter(
        Record(made.topic, 0, 0, made.timestamp_ms or 0, made.key, made.value, made.headers)
    )
    assert (letter.source, letter.offset, letter.timestamp_ms) == (
        record.tp,
        record.offset,
        record.timestamp_ms,
    )
    assert (letter.key, letter.value) == (record.key, record.value)
    assert _own(letter.headers) == _own(record.headers)
    again = replayed(letter)
    assert (again.topic, again.key, again.value) == (record.topic, record.key, record.value)
    assert decode_headers(encode_headers(made.headers)) == made.headers


def _own(headers: Headers) -> Headers:
    """Those of no name that the contract uses."""
    return tuple(header for header in headers if header[0] not in CONTRACT_HEADERS)


def check_charset(data: bytes) -> None:
    """Bytes are text or no text; what is decoded strictly holds every byte, what is decoded forgivingly is
    text."""
    given = Given(data)
    label = given.one_of(
        (
            None,
            "utf-8",
            "latin-1",
            "windows-1252",
            "gb2312",
            "shift_jis",
            "utf-16",
            "iso-2022-jp",
            "big5",
            "euc-kr",
            "x",
            "",
        )
    )
    declared = given.piece().decode("utf-8", "replace") if given.number(4) == 3 else label
    content = given.rest()
    name = decoding.charset(declared)
    found = decoding.declared_in_html(content)
    assert name is None or codecs.lookup(name)
    assert found is None or decoding.charset(found) is not None
    for forgiving in (False, True):
        try:
            text = decoding.decode(content, declared, forgiving=forgiving)
        except decoding.NotText:
            continue
        assert "\x00" not in text
        text.encode()  # no lone surrogate
        utf8 = content.removeprefix(b"\xef\xbb\xbf")
        if name is None and not forgiving and text.encode() != utf8:
            assert content.startswith(_MARKS) or any(_reads(content, codec) == text for codec in _CODECS)


def _reads(content: bytes, codec: str) -> str | None:
    try:
        return content.decode(codec)
    except UnicodeDecodeError:
        return None


def _charset_seeds() -> Iterator[bytes]:
    text = "“Déjà vu,” said Erdoğan. 中文 — 日本語"
    for number, name in (
        (1, "utf-8"),
        (2, "utf-8-sig"),
        (4, "gb18030"),
        (5, "shift_jis"),
        (6, "utf-16"),
        (7, "iso2022_jp"),
        (0, "utf-32"),
    ):
        yield bytes([number, 0]) + text.encode(name, "ignore")
    yield b'\0\0<html><head><meta charset="windows-1251"></head><body>\xcf\xf0\xe8\xe2\xe5\xf2'
    yield b'\0\0<?xml version="1.0" encoding="utf-16"?><p>x</p>'


def check_prescan(data: bytes) -> None:
    """A look at a page counts what is there and stops at the limits."""
    given = Given(data)
    limit = given.number(64)
    html = given.text()
    assert scan(html, max_bytes=3_000, max_tags=limit) in (None, "too_large", "html_tags")
    assert scan(html, max_bytes=10**9, max_tags=10**9) is None
    language = declared_language(html)
    assert language is None or 2 <= len(language) <= 12


def _prescan_seeds() -> Iterable[bytes]:
    page = (
        b'<!DOCTYPE html><html lang="en-GB"><head><style>p{}</style><script>a<b</script></head><body><!-- <p>'
        b" --><div><p>x<p>y</div></body>"
    )
    return (b"\x20\0" + page, b"\x01\0" + page, b"\x05\0" + b"<div>" * 40)


TARGETS = (
    Target("event", check_event, _event_seeds, longest=2560, weight=2.0),
    Target("dead-letter", check_dead_letter, lambda: (b"\1\0\1\3keyoops\0\1\2{}", b"\0\2\1\0\1\0\0")),
    Target("charset", check_charset, _charset_seeds, weight=0.7),
    Target("prescan", check_prescan, _prescan_seeds),
)
