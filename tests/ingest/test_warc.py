"""Web archives: what is in them, how they are packed, and how they are broken."""

from __future__ import annotations

import gzip
import io
import zlib
from datetime import UTC, datetime

import brotli
import pytest
import zstandard

from services.ingest.readers import Item, Limits, Mark, Offer, Refusal, Skip, read, warc
from services.ingest.readers.warc import read_warc
from tests.support.archives import Packing, answer, info, packed, page, record, request
from tests.support.arrivals import LIMITS, NOW, arrival

ADDRESS = "https://gazette.example/2026/03/01/story-{}"
PARAGRAPHS = [
    "The bridge will reopen in May, the minister said.",
    "Work began two years ago and cost twice what was planned.",
] * 3


def stories(count: int, packing: Packing = "members") -> bytes:
    return packed(
        [info(), *(one for n in range(count) for one in (request(ADDRESS.format(n)), story(n)))], packing
    )


def story(n: int) -> bytes:
    return answer(ADDRESS.format(n), page(f"Story {n}", [f"Edition {n}.", *PARAGRAPHS]))


def items(data: bytes, limits: Limits = LIMITS, mark: Mark | None = None) -> list[Item]:
    return list(
        read_warc(
            arrival("a.warc.gz"),
            io.BytesIO(data),
            limits,
            lambda key: mark if mark and mark.archive == key else None,
        )
    )


def titles(found: list[Item]) -> list[str | None]:
    return [item.article.title for item in found if isinstance(item, Offer)]


def one(*records: bytes) -> Item:
    (item,) = items(packed(records))
    return item


@pytest.mark.parametrize("packing", ["plain", "members", "one"])
def test_pages_are_read_however_the_archive_is_packed(packing: Packing) -> None:
    found = items(stories(5, packing))
    assert titles(found) == [f"Story {n}" for n in range(5)]
    first = found[0]
    assert isinstance(first, Offer)
    assert first.article.url == ADDRESS.format(0)
    assert first.article.fetched_at == datetime(2026, 3, 1, 12, tzinfo=UTC)
    assert first.article.origin == "file:a.warc.gz"
    assert first.arrival.source == "archive"
    assert first.arrival.name == f"a.warc.gz {ADDRESS.format(0)}"


@pytest.mark.parametrize("name", ["a.warc", "a.warc.gz", "a.WARC.GZ"])
def test_archives_are_known_by_name(name: str) -> None:
    from services.ingest.readers import format_of

    assert format_of(name) == "warc"


@pytest.mark.parametrize("packing", ["plain", "members", "one"])
def test_archives_are_known_on_standard_input(packing: Packing) -> None:
    class Pipe(io.RawIOBase):
        def __init__(self, data: bytes) -> None:
            self._left = io.BytesIO(data)

        def readable(self) -> bool:
            return True

        def readinto(self, buffer: memoryview, /) -> int:  # type: ignore[override]
            return self._left.readinto(memoryview(buffer)[:1000])

    found = list(read(arrival("standard input"), io.BufferedReader(Pipe(stories(5, packing))), LIMITS))
    assert titles(found) == [f"Story {n}" for n in range(5)]
    assert all(item.arrival.mark is None for item in found)


def test_what_is_no_page_is_passed_over_with_a_reason() -> None:
    found = items(packed([
        answer("https://a.example/1", b"<p>x", "301 Moved Permanently"), answer("https://a.example/2", b"<p>x", "404 Not Found"),
        answer("https://a.example/3", b"<p>x", "503 Service Unavailable"), answer("https://a.example/4", b"<p>x", "206 Partial Content"),
        answer("https://a.example/5", b"\x89PNG", headers={"Content-Type": "image/png"}),
        answer("https://a.example/6", b"", "304 Not Modified", kind="revisit"),
        answer("https://a.example/7", page("Cut", PARAGRAPHS), more={"WARC-Truncated": "length"}),
        record("response", b"not HTTP at all", "https://a.example/8"),
        record("response", b"10.0.0.1", "dns:a.example", more={"Content-Type": "text/dns"}),
        record("metadata", b"fetchTimeMs: 12", "https://a.example/9", more={"Content-Type": "application/warc-fields"}),
    ]))  # fmt: skip
    assert [item.reason for item in found if isinstance(item, Skip)] == [
        "redirect", "client_error", "server_error", "other_status", "not_html", "revisit", "truncated", "other_status",
    ]  # fmt: skip
    assert len(found) == 8
    assert [item.arrival.name[-1] for item in found] == list("12345678")


def test_a_page_without_http_is_read_as_its_record_says() -> None:
    item = one(
        record(
            "resource", page("Saved", PARAGRAPHS), "https://a.example/s", more={"Content-Type": "text/html"}
        )
    )
    assert titles([item]) == ["Saved"]


def test_a_page_whose_server_named_no_type_is_read_as_the_crawler_found_it_to_be() -> None:
    item = one(answer("https://a.example/s", page("Sniffed", PARAGRAPHS), headers={"Content-Type": ""},
                      more={"WARC-Identified-Payload-Type": "text/html"}))  # fmt: skip
    assert titles([item]) == ["Sniffed"]


def chunked(data: bytes, extension: bytes = b"") -> bytes:
    parts = (data[at : at + 700] for at in range(0, len(data), 700))
    return b"".join(b"%x%s\r\n%s\r\n" % (len(part), extension, part) for part in parts) + b"0\r\n\r\n"


PAGE = page("Tunnel opens – “at last”", PARAGRAPHS)


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({"Content-Encoding": "gzip"}, gzip.compress(PAGE)),
        ({"Content-Encoding": "deflate"}, zlib.compress(PAGE)),
        ({"Content-Encoding": "deflate"}, zlib.compress(PAGE)[2:-4]),
        ({"Content-Encoding": "br"}, brotli.compress(PAGE)),
        ({"Content-Encoding": "zstd"}, zstandard.compress(PAGE)),
        ({"Content-Encoding": "gzip, br"}, brotli.compress(gzip.compress(PAGE))),
        ({"Content-Encoding": "gzip"}, gzip.compress(PAGE[:300]) + gzip.compress(PAGE[300:])),
        ({"Content-Encoding": "gzip"}, gzip.compress(PAGE) + b"\0\0"),
        ({"Content-Encoding": "zstd"}, zstandard.compress(PAGE[:300]) + zstandard.compress(PAGE[300:])),
        ({"Content-Encoding": "br"}, PAGE),
        ({"Transfer-Encoding": "chunked"}, chunked(PAGE)),
        ({"Transfer-Encoding": "chunked"}, chunked(PAGE, b";name=value")),
        ({"Transfer-Encoding": "chunked"}, PAGE),
        ({"Transfer-Encoding": "chunked", "Content-Encoding": "gzip"}, chunked(gzip.compress(PAGE))),
        ({"Content-Length": str(len(PAGE))}, PAGE + b"WARC/1.0\r\nWARC-Type: request"),
        ({"Content-Length": "99999999"}, PAGE),
        ({"Content-Length": str(len(PAGE) // 4)}, PAGE),
        ({"Content-Length": str(len(gzip.compress(PAGE))), "Content-Encoding": "gzip"}, PAGE),
        ({"Content-Length": str(len(brotli.compress(PAGE))), "Content-Encoding": "br"}, PAGE),
        ({"Content-Length": "0", "Content-Encoding": "br"}, brotli.compress(PAGE)),
        *(
            (
                {"Content-Length": str(len(brotli.compress(PAGE))), "Content-Encoding": "br"},
                brotli.compress(PAGE) + tail,
            )
            for tail in (b"\r\n", b"\r\n\r\nWA", b"\r\n\r\nWARC/1.0\r\nWARC-Type: request")
        ),
        (
            {"Content-Type": "text/html; charset=windows-1252"},
            PAGE.decode().replace("utf-8", "").encode("cp1252"),
        ),
    ],
)
def test_codings_kept_and_codings_undone_but_still_named(headers: dict[str, str], body: bytes) -> None:
    item = one(answer("https://a.example/tunnel", body, headers=headers))
    assert isinstance(item, Offer), str(item)
    assert item.article.title == "Tunnel opens – “at last”"
    assert "Work began two years ago" in item.article.content


@pytest.mark.parametrize(
    "body",
    [
        chunked(PAGE)[:-5],
        chunked(PAGE)[:-50],
        chunked(PAGE)[:800],
        b"2bc\r\n" + PAGE[:700],
        b"2bc\r\n" + PAGE[:701],
        b"2c0\r\n" + PAGE[:700] + b"\r\n64\r\n" + PAGE[700:800] + b"\r\n0\r\n\r\n",
        b"2bc\r\n" + PAGE[:700] + b"\r\nzzz\r\n" + PAGE[700:] + b"\r\n0\r\n\r\n",
    ],
)
def test_chunks_that_are_not_whole_are_refused(body: bytes) -> None:
    item = one(answer("https://a.example/tunnel", body, headers={"Transfer-Encoding": "chunked"}))
    assert isinstance(item, Refusal), str(item)
    assert (item.reason, item.original) == ("encoding", body)
    assert "chunk" in item.message


@pytest.mark.parametrize(
    ("encoding", "pack"), [("gzip", gzip.compress), ("br", brotli.compress), ("zstd", zstandard.compress)]
)
def test_bombs_and_damaged_codings_are_refused_one_by_one(encoding: str, pack: object) -> None:
    assert callable(pack)
    bomb = answer("https://a.example/bomb", pack(bytes(30_000_000)), headers={"Content-Encoding": encoding})
    cut = answer("https://a.example/cut", pack(PAGE)[:-20], headers={"Content-Encoding": encoding})
    found = items(packed([bomb, cut, story(1)]))
    assert [item.reason for item in found if isinstance(item, Refusal)] == ["too_large", "encoding"]
    assert titles(found) == ["Story 1"]


def test_a_record_larger_than_an_article_is_refused_and_the_next_one_read() -> None:
    big = answer("https://a.example/big", b"<html><body>" + b"x" * 500_000)
    found = items(packed([big, story(1)]), Limits(50_000))
    assert isinstance(found[0], Refusal)
    assert found[0].reason == "too_large"
    assert found[0].cut
    assert titles(found) == ["Story 1"]


@pytest.mark.parametrize("packing", ["plain", "members", "one"])
def test_a_file_that_broke_off_keeps_what_was_before(packing: Packing) -> None:
    data = stories(5, packing)
    # one from end to end gives its last bytes only when they are whole
    found = items(data[: -len(packed([story(4)], packing)) // 2])
    assert 1 <= len(titles(found)) < 5
    assert isinstance(found[-1], Refusal)
    assert found[-1].reason == "archive"


def test_behind_a_damaged_member_reading_goes_on() -> None:
    members = [gzip.compress(one) for one in (info(), *(story(n) for n in range(6)))]
    broken = bytearray(members[3])
    broken[len(broken) // 2 : len(broken) // 2 + 8] = b"\xff" * 8
    found = items(b"".join([*members[:3], bytes(broken), *members[4:]]))
    assert titles(found) == ["Story 0", "Story 1", "Story 3", "Story 4", "Story 5"]
    assert [item.reason for item in found if isinstance(item, Refusal)] == ["archive"]


def test_a_first_byte_that_is_broken_costs_the_first_record_only() -> None:
    data = b"\x1e" + stories(3)[1:]
    assert titles(items(data)) == ["Story 0", "Story 1", "Story 2"]


@pytest.mark.parametrize("packing", ["plain", "members", "one"])
@pytest.mark.parametrize("wrong", [-100, 100, 10**9])
def test_a_wrong_length_costs_no_other_page(packing: Packing, wrong: int) -> None:
    block = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n" + page("Wrong", ["Wrong.", *PARAGRAPHS])
    liar = record(
        "response", block, "https://a.example/wrong", more={"Content-Length": str(len(block) + wrong)}
    )
    found = items(packed([info(), story(0), liar, *(story(n) for n in range(1, 5))], packing))
    read_titles = [title for title in titles(found) if title != "Wrong"]
    assert read_titles == [f"Story {n}" for n in range(5)]
    assert "archive" in [item.reason for item in found if isinstance(item, Refusal)]


class Counting(io.BytesIO):
    """Counts the bytes that were read of it."""

    count = 0

    def read(self, size: int | None = -1, /) -> bytes:
        data = super().read(size)
        self.count += len(data)
        return data


def liar(n: int, more: int) -> bytes:
    block = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n" + page(f"Wrong {n}", PARAGRAPHS)
    return record(
        "response", block, f"https://a.example/{n}", more={"Content-Length": str(len(block) + more)}
    )


@pytest.mark.parametrize(("packing", "more"), [("one", 7), ("plain", 10**9)])
def test_an_archive_damaged_all_over_is_given_up_before_it_is_read_time_and_again(
    packing: Packing, more: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    # in what is packed as a whole each damage costs all before it, and a record that claims all behind it
    # costs that
    monkeypatch.setattr(warc, "_REREAD_BYTES", 0)
    data = packed([info(), *(liar(n, more) for n in range(200))], packing)
    stream = Counting(data)
    found = list(read_warc(arrival("a.warc.gz"), stream, LIMITS, lambda _: None))
    assert stream.count < 3 * warc._MAX_REREAD * len(data)
    last = found[-1]
    assert isinstance(last, Refusal)
    assert "too many places" in last.message
    assert len(found) > warc._MAX_REREAD


@pytest.mark.parametrize(
    "data",
    [b"", b"no archive at all", b"WARC/1.0\r\n", gzip.compress(b"no archive"), b"\x1f\x8b\x08" + bytes(50)],
)
def test_what_is_no_archive_is_refused(data: bytes) -> None:
    found = items(data)
    assert [item.reason for item in found if isinstance(item, Refusal)] == (["archive"] if data else [])
    assert titles(found) == []


@pytest.mark.parametrize("packing", ["plain", "members", "one"])
def test_reading_goes_on_behind_any_mark(packing: Packing) -> None:
    data = stories(6, packing)
    whole = items(data)
    marks = [item.arrival.mark for item in whole]
    assert all(marks)
    last = marks[-1]
    assert last
    assert last.record == ""
    for number, mark in enumerate(marks[:-1], start=1):
        assert titles(items(data, mark=mark)) == [f"Story {n}" for n in range(number, 6)]


def test_a_mark_on_a_file_that_has_changed_is_not_believed() -> None:
    mark = items(stories(6))[3].arrival.mark
    assert mark
    other = packed(
        [info(), *(answer(ADDRESS.format(n), page(f"Other {n}", PARAGRAPHS * n)) for n in range(1, 4))]
    )
    found = list(
        read_warc(
            arrival("a.warc.gz"),
            io.BytesIO(other),
            LIMITS,
            lambda key: Mark(key, mark.at, mark.within, mark.record),
        )
    )
    assert titles(found) == ["Other 1", "Other 2", "Other 3"]


def test_a_page_stands_where_it_was_captured_unless_its_own_site_says_otherwise() -> None:
    def address(canonical: str) -> str | None:
        item = one(
            answer("https://gazette.example/a/story?utm_source=x", page("Story", PARAGRAPHS, canonical))
        )
        assert isinstance(item, Offer)
        return item.article.url

    assert address("https://gazette.example/a/story") == "https://gazette.example/a/story"
    assert address("https://www.gazette.example/a/story") == "https://www.gazette.example/a/story"
    for elsewhere in (
        "https://other.example/a/story",
        "https://gazette.example/",
        "https://gazette.example/a/",
    ):
        assert address(elsewhere) == "https://gazette.example/a/story?utm_source=x"


@pytest.mark.parametrize(
    ("written", "captured"),
    [
        ("2016", datetime(2016, 1, 1, tzinfo=UTC)),
        ("2016-02", datetime(2016, 2, 1, tzinfo=UTC)),
        ("2016-02-03", datetime(2016, 2, 3, tzinfo=UTC)),
        ("2016-02-03T04:05", datetime(2016, 2, 3, 4, 5, tzinfo=UTC)),
        ("2016-02-03T04:05:06", datetime(2016, 2, 3, 4, 5, 6, tzinfo=UTC)),
    ],
)
def test_a_capture_without_a_zone_or_a_time_is_at_its_beginning_in_utc_and_it_is_said(
    written: str, captured: datetime
) -> None:
    item = one(answer("https://a.example/1", PAGE, date=written))
    assert isinstance(item, Offer)
    assert item.article.fetched_at == captured
    assert [note.partition(" ")[0] for note in item.notes] == ["WARC-Date"]


@pytest.mark.parametrize(
    ("written", "captured"),
    [
        ("2016-02-03T04:05Z", datetime(2016, 2, 3, 4, 5, tzinfo=UTC)),
        ("2016-02-03T04:05:06.7Z", datetime(2016, 2, 3, 4, 5, 6, 700_000, tzinfo=UTC)),
        ("2016-02-03T04:05:06.123456789Z", datetime(2016, 2, 3, 4, 5, 6, 123_456, tzinfo=UTC)),
        ("2016-02-03T04:05:06+02:00", datetime(2016, 2, 3, 2, 5, 6, tzinfo=UTC)),
    ],
)
def test_a_capture_is_dated_as_the_standard_has_it(written: str, captured: datetime) -> None:
    item = one(answer("https://a.example/1", PAGE, date=written))
    assert isinstance(item, Offer)
    assert (item.article.fetched_at, item.notes) == (captured, ())


@pytest.mark.parametrize(
    "written", ["", "soon", "2016-13", "2016-02-30T04:05:06Z", "0000", "20160203", "16-02-03"]
)
def test_a_capture_whose_date_cannot_be_read_is_refused_and_never_now(written: str) -> None:
    found = items(packed([answer("https://a.example/1", PAGE, date=written), story(1)]))
    assert [type(item).__name__ for item in found] == ["Refusal", "Offer"]
    first = found[0]
    assert isinstance(first, Refusal)
    assert (first.reason, first.original) == ("schema", PAGE)
    assert "WARC-Date" in first.message


def test_a_capture_is_never_later_than_now() -> None:
    item = one(answer("https://a.example/1", PAGE, date="2199-01-01T00:00:00Z"))
    assert isinstance(item, Offer)
    assert item.article.fetched_at == NOW
    assert item.notes == ("WARC-Date is in the future, taken as now",)
