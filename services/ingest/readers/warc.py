"""Web archives: WARC 1.0 and 1.1, plain, with a gzip member for each record, or one for all.

Pages that were answered 200 as HTML become articles, at the address and the time of their capture; all else
in an archive is passed over, counted by reason. Where the file is damaged, reading goes on with the next
record that can be found.

Each item carries a mark. An archive whose reading broke off goes on behind the record that the last mark kept
names, if it stands there still; an archive that was read to its end is read from its beginning the next time,
as any file.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from hashlib import sha256
from typing import BinaryIO

from fastwarc.warc import WarcRecord, WarcRecordType

from services.ingest.http_content import TooLarge, Undecodable, content_type, dechunked, decoded
from services.ingest.identity import web_address
from services.ingest.readers.html import read_html
from services.ingest.readers.items import (
    Arrival,
    Item,
    Limits,
    Mark,
    Offer,
    Refusal,
    Skip,
    Unreadable,
    moment_of,
)
from services.ingest.readers.warc_records import Damaged, Place, next_place, reading, records_from

Resume = Callable[[str], Mark | None]
"""How far the archive with this key has been read before."""

_HEAD_BYTES = 65_536
"""An archive is known by these: its first record names the file and the moment it was begun."""
_MAX_DAMAGES = 1_000
_MAX_REREAD = 20
"""How often as much as the whole file may be read because of damage. In what is packed as a whole each damage
costs all before it."""
_REREAD_BYTES = 256 * 1_048_576
"""So much may always be read."""
_DATE = re.compile(
    r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(\d\d:\d\d(?::\d\d(?:\.\d+)?)?)(Z|[+-]\d\d:\d\d)?)?)?)?", re.ASCII
)
"""W3C's profile of ISO 8601, which WARC 1.1 allows from the year on; some crawlers leave the zone out."""
_PAGES = ("text/html", "application/xhtml+xml")
_CAPTURES = (WarcRecordType.response, WarcRecordType.resource, WarcRecordType.revisit)


def never(_archive: str) -> None:
    """An archive that was not read before."""
    return


def read_warc(arrival: Arrival, stream: BinaryIO, limits: Limits, resume: Resume) -> Iterator[Item]:
    """The items of an archive, in constant memory; from its beginning where the stream cannot be read from
    elsewhere."""
    arrival = replace(arrival, source="archive")
    if not stream.seekable():
        for _, _, item in _items(stream, Place(0), arrival, limits):
            yield item
        return
    key = sha256(stream.read(_HEAD_BYTES)).hexdigest()
    mark = resume(key)
    start = _place_of(stream, mark)
    reached = mark.record if mark and start else ""
    # the last one is held back: only at the end it is known that it was the last
    held: Item | None = None
    for place, record, item in _items(stream, start or Place(0), arrival, limits):
        if reached and reached == record:
            reached = ""
            continue
        if held:
            yield held
        held = _marked(item, Mark(key, place.at, place.within, record)) if record else item
    if held:
        yield _marked(held, Mark(key, 0, 0, ""))


def _marked(item: Item, mark: Mark) -> Item:
    return replace(item, arrival=replace(item.arrival, mark=mark))


def _place_of(stream: BinaryIO, mark: Mark | None) -> Place | None:
    """Where the record that a mark names begins; None when it does not stand there any more, because the file
    is another."""
    if mark is None:
        return None
    place = Place(mark.at, mark.within)
    try:
        for _, record in records_from(stream, place):
            return place if record.record_id == mark.record else None
    except Damaged:
        return None
    return None


def _items(
    stream: BinaryIO, start: Place, arrival: Arrival, limits: Limits
) -> Iterator[tuple[Place, str, Item]]:
    """What every record is, with the place and the id of the last whole record that was read by then; the id
    may be empty."""
    place: Place | None = start
    whole = (start, "")
    damages = 0
    left = _MAX_REREAD * stream.seek(0, io.SEEK_END) + _REREAD_BYTES if stream.seekable() else 0
    while place is not None:
        at = place
        try:
            for at, record in records_from(stream, place):
                item = _item(record, arrival, limits)
                if item is not None:
                    whole = (at, record.record_id or "")
                    yield *whole, item
            return
        except Damaged as error:
            damages += 1
            onward = "nothing behind that can be read; get the archive anew"
            if not stream.seekable():
                place = None
            elif damages >= _MAX_DAMAGES or left < stream.tell() - place.at:
                onward = "damaged in too many places to be read on; get the archive anew"
                onward += ", or unpack it with gunzip and read that" if at.within else ""
                place = None
            else:
                left -= stream.tell() - place.at
                place = next_place(stream, at, error.after)
                if place:
                    onward = "reading goes on behind that; get the archive anew if more than this is missing"
            yield (
                *whole,
                Refusal(arrival.part(f"at byte {at.at}"), "archive", f"{error}; {onward}", b"", cut=True),
            )


def _item(record: WarcRecord, arrival: Arrival, limits: Limits) -> Item | None:
    """What a record is: an article, something to pass over, or None for what is no capture of a page's
    address.

    Raises:
        Damaged: the archive ends within it.
    """
    address = web_address((record.headers.get("WARC-Target-URI") or "").strip("<>"))
    if record.record_type not in _CAPTURES or address is None:
        return None
    place = replace(arrival, name=f"{arrival.name} {address}")
    if record.record_type == WarcRecordType.revisit:
        return Skip(place, "revisit", "was captured again as it had been before")
    if record.headers.get("WARC-Truncated") or record.headers.get("WARC-Segment-Number"):
        return Skip(
            place, "truncated", "was cut short by the crawler, and would stand in place of the whole page"
        )
    length = record.content_length
    headers: Mapping[str, str] = {"content-type": record.headers.get("Content-Type") or ""}
    if record.is_http:
        with reading():
            record.parse_http(quirks_mode=True)
        head = record.http_headers
        length = record.content_length
        status = head.status_code if record.is_http_parsed and head is not None else None
        if status != 200:
            return _other_status(place, status)
        headers = {name.lower(): value for name, value in head.items()}
    media_type, charset = content_type(
        headers.get("content-type") or record.headers.get("WARC-Identified-Payload-Type") or ""
    )
    if media_type not in _PAGES:
        return Skip(place, "not_html", f"is {media_type or 'of no type that is named'}, no page")
    with reading():
        body = record.reader.read(min(length, limits.line_bytes) + 1)
    if len(body) > limits.line_bytes:
        return _too_large(place, limits, body)
    if len(body) < length:
        raise Damaged(f"ends within the page {address}")
    captured, note = _captured(record.headers.get("WARC-Date") or "", arrival.at)
    if captured is None:
        return Refusal(place, "schema", note, body, stage="validate")
    item = _page(replace(place, fetched_at=captured), address, body, headers, charset, limits)
    return replace(item, notes=(*item.notes, note)) if note and isinstance(item, Offer) else item


def _page(
    place: Arrival, address: str, body: bytes, headers: Mapping[str, str], charset: str | None, limits: Limits
) -> Item:
    try:
        return read_html(place, _plain(body, headers, limits), limits, charset=charset, fetched_from=address)
    except TooLarge as error:
        return _too_large(place, limits, error.beginning)
    except Undecodable as error:
        return Refusal(place, "encoding", str(error), body)
    except Unreadable as error:
        return Refusal(place, error.reason, error.message, body, stage=error.stage)


def _plain(body: bytes, headers: Mapping[str, str], limits: Limits) -> bytes:
    """The page out of its codings. Archives often keep it without them, and the headers as they were."""
    if "chunked" in headers.get("transfer-encoding", "").lower():
        body = dechunked(body)
    elif headers.get("content-length", "").isdecimal():
        body = _without_next_record(body, int(headers["content-length"][:20]))
    try:
        return decoded(body, headers.get("content-encoding", ""), limits.line_bytes)
    except Undecodable:
        if body.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
            return body
        raise


def _without_next_record(body: bytes, length: int) -> bytes:
    """The body without the head of the next record, which it has where its own record's length is wrong.

    Anything else behind ``Content-Length`` is the page's: the length often is that of a coding which the
    archive has undone.
    """
    rest = body[length:].lstrip()[:5]
    return body[:length] if rest == b"WARC/"[: len(rest)] else body


def _too_large(place: Arrival, limits: Limits, beginning: bytes) -> Refusal:
    message = (
        f"is larger than {limits.line_bytes:,} bytes; raise ONRECORD_INGEST__MAX_ARTICLE_BYTES if it is an"
        " article"
    )
    return Refusal(place, "too_large", message, beginning, cut=True)


def _other_status(place: Arrival, status: int | None) -> Skip:
    reasons = {3: "redirect", 4: "client_error", 5: "server_error"}
    return Skip(
        place,
        reasons.get((status or 0) // 100, "other_status"),
        f"was answered {status or 'without a status'}",
    )


def _captured(written: str, now: datetime) -> tuple[datetime | None, str]:
    """When a page was captured, and what was made of its date; None for the first when that is none."""
    match = _DATE.fullmatch(written.strip())
    year, month, day, clock, zone = match.groups() if match else [""] * 5
    try:
        captured = moment_of(
            datetime.fromisoformat(
                f"{year}-{month or '01'}-{day or '01'}T{clock or '00:00'}{zone or '+00:00'}"
            )
        )
    except ValueError:
        captured = None
    if captured is None:
        return (
            None,
            (
                f"WARC-Date {written[:40]!r} is no moment; write when it was captured, for example"
                " 2026-03-01T12:00:00Z"
            ),
        )
    if captured > now:
        return now, "WARC-Date is in the future, taken as now"
    return captured, "" if zone else "WARC-Date has no time or no zone, taken as its beginning in UTC"
