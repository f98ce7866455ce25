"""All readers: gzip, guessing, and bytes of any kind."""

from __future__ import annotations

import gzip
import io
import json
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingest.readers import Limits, Offer, Refusal, read
from services.ingest.readers.gunzip import Gunzip
from tests.support.arrivals import arrival, items, one_article, one_refusal

NAMES = ("a.txt", "a.html", "a.jsonl", "a.json", "a.txt.gz", "a.warc", "a.xml", "a.csv", "-")

fragments = st.sampled_from([
    b"<html>", b"<body>", b"<!ENTITY", b"<script type=application/ld+json>", b'<meta charset="', b"<link rel=canonical href=",
    b"\x1f\x8b\x08",
    b'{"content": "', b'"uri": ', b"https://a.b/c", b"\xef\xbb\xbf", b"\xff\xfe", b"\x00", b"[", b"}", b'"', b"\n",
    b"2026-05-01\n", b"By A\n",
    b"\xe2\x80\x9c", b"\xff", b"\\ud800",
])  # fmt: skip
soup = st.lists(
    st.one_of(
        fragments,
        st.binary(max_size=20),
        st.text(max_size=20).map(lambda s: s.encode("utf-8", "surrogatepass")),
    ),
    max_size=12,
).map(b"".join)


@pytest.mark.parametrize("name", NAMES)
@given(data=soup)
def test_any_bytes_become_items_and_nothing_is_raised(name: str, data: bytes) -> None:
    for item in items(name, data, Limits(1000)):
        if isinstance(item, Offer):
            assert item.article.read(item.article.encode()) == item.article
        else:
            assert item.message
            assert item.reason.isidentifier()


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
FIELDS = [
    "article_id", "revision", "status", "url", "outlet", "title", "authors", "language", "published_at", "fetched_at", "content_type",
    "content", "origin", "uri", "headlines", "bodies", "by", "version", "pubStatus", "embargoedUntil", "infoSources", "type",
]  # fmt: skip


@given(
    fields=st.dictionaries(
        st.sampled_from(FIELDS),
        json_values | st.sampled_from(["x", "withdrawn", "https://a.b/", [{"value": "x"}], "canceled"]),
    )
)
def test_any_object_becomes_an_offer_or_a_refusal(fields: dict[str, object]) -> None:
    (item,) = items("a.jsonl", json.dumps(fields).encode())
    if isinstance(item, Offer):
        assert item.article.read(item.article.encode()) == item.article


def test_gzip_by_name_and_by_content() -> None:
    packed = gzip.compress(b"The bridge reopens.")
    assert one_article("a.txt.gz", packed).content == "The bridge reopens."
    assert one_article("a.txt", packed).content == "The bridge reopens."
    assert one_article("a.txt.gz", b"Not packed at all.").content == "Not packed at all."
    assert (
        one_article("a.txt.gz", gzip.compress(b"Two ") + gzip.compress(b"members.")).content == "Two members."
    )


def test_damaged_gzip_is_refused() -> None:
    packed = gzip.compress(b"The bridge reopens." * 50)
    for data in (packed[:-10], packed[:12] + b"\xff" * 20, packed[:-8] + b"12345678"):
        assert one_refusal("a.txt.gz", data).reason == "gzip"


def test_lines_before_the_damage_are_kept() -> None:
    lines = b"".join(
        json.dumps({"content": f"Article number {n} {'x' * n}"}).encode() + b"\n" for n in range(2000)
    )
    found = items("a.jsonl.gz", gzip.compress(lines)[:-500])
    assert sum(isinstance(item, Offer) for item in found) > 100
    assert isinstance(found[-1], Refusal)
    assert found[-1].reason == "gzip"


def test_gzip_bombs_are_refused_in_little_memory() -> None:
    zeros = gzip.compress(bytes(4_000_000))
    assert one_refusal("a.txt.gz", zeros).reason == "too_large"
    one_endless_line = items("a.jsonl.gz", gzip.compress(b"x" * 4_000_000))
    assert [item.reason for item in one_endless_line if isinstance(item, Refusal)] == ["too_large"]
    # many short lines: only the ratio gives this one away
    blank_lines = gzip.compress((b" " * 999 + b"\n") * 20_000)
    assert [item.reason for item in items("a.jsonl.gz", blank_lines) if isinstance(item, Refusal)] == ["gzip"]


@pytest.mark.parametrize("words", [b"", b"x"])
def test_many_small_members_take_little_memory_and_their_places_stay_true(words: bytes) -> None:
    member, count, last = gzip.compress(words), 30_000, gzip.compress(b"the end")
    data = member * count + last
    tracemalloc.start()
    stream = Gunzip(io.BytesIO(data))
    while stream.read(1 << 16):
        pass
    size = stream.tell()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1_500_000
    for offset in (size - 7, size - 1):
        at, within = stream.place(offset)
        assert Gunzip(io.BytesIO(data[at:])).readall()[within:] == b"the end"[offset - size :]
    assert stream.member == len(data) - len(last)


@pytest.mark.parametrize(
    ("data", "content_type"),
    [
        (b"Plain words.", "text/plain"),
        (b"\n <html><body>x</body></html>", "text/html"),
        (b'\xef\xbb\xbf{"content": "x"}\n', "text/plain"),
        (b'[{"content": "x", "content_type": "text/html"}]', "text/html"),
        (gzip.compress(b'{"content": "x", "content_type": "text/html"}'), "text/html"),
    ],
)
def test_standard_input_is_read_by_what_it_begins_with(data: bytes, content_type: str) -> None:
    (item,) = read(arrival("standard input"), io.BytesIO(data), Limits(1000))
    assert isinstance(item, Offer)
    assert item.article.content_type == content_type
