"""Web archives: WARC 1.0 and 1.1, plain, with a gzip member for each record, or one for all.

Pages that were answered 200 as HTML become articles, at the address and the time of their capture; all else in an archive is passed over,
counted by reason. Where the file is damaged, reading goes on with the next record that can be found.

Each item carries a mark. An archive whose reading broke off goes on behind the record that the last mark kept names, if it stands there
still; an archive that was read to its end is read from its beginning the next time, as any file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from hashlib import sha256
from typing import BinaryIO

from fastwarc.warc import WarcRecord, WarcRecordType

from services.ingest.http_content import TooLarge, Undecodable, content_type, dechunked, decoded
from services.ingest.identity import web_address
from services.ingest.readers.html import read_html
from services.ingest.readers.items import Arrival, Item, Limits, Mark, Refusal, Skip, Unreadable
from services.ingest.readers.warc_records import Damaged, Place, next_place, reading, records_from

Resume = Callable[[str], Mark | None]
"""How far the archive with this key has been read before."""

_HEAD_BYTES = 65_536
"""An archive is known by these: its first record names the file and the moment it was begun."""
_MAX_DAMAGES = 1_000
_PAGES = ("text/html", "application/xhtml+xml")
_CAPTURES = (WarcRecordType.response, WarcRecordType.resource, WarcRecordType.revisit)


def never(_archive: str) -> None:
    """An archive that was not read before."""
    return


def read_warc(arrival: Arrival, stream: BinaryIO, limits: Limits, resume: Resume) -> Iterator[Item]:
    """The items of an archive, in constant memory; from its beginning where the stream cannot be read from elsewhere."""
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
    """Where the record that a mark names begins; None when it does not stand there any more, because the file is another."""
    if mark is None:
        return None
    place = Place(mark.at, mark.within)
    try:
        for _, record in records_from(stream, place):
            return place if record.record_id == mark.record else None
    except Damaged:
        return None
    return None


def _items(stream: BinaryIO, start: Place, arrival: Arrival, limits: Limits) -> Iterator[tuple[Place, str, Item]]:
    """What every record is, with the place and the id of the last whole record that was read by then; the id may be empty."""
    place: Place | None = start
    whole = (start, "")
    damages = 0
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
            place = next_place(stream, at, error.after) if stream.seekable() and damages < _MAX_DAMAGES else None
            onward = "reading goes on behind that" if place else "nothing behind that can be read"
            message = f"{error}; {onward}, get the archive anew if more than this is missing"
            yield *whole, Refusal(arrival.part(f"at byte {at.at}"), "archive", message, b"", cut=True)


def _item(record: WarcRecord, arrival: Arrival, limits: Limits) -> Item | None:
    """What a record is: an article, something to pass over, or None for what is no capture of a page's address.

    Raises:
        Damaged: the archive ends within it.
    """
    address = web_address((record.headers.get("WARC-Target-URI") or "").strip("<>"))
    if record.record_type not in _CAPTURES or address is None:
        return None
    place = replace(arrival, name=f"{arrival.name} {address}", fetched_at=_fetched_at(record, arrival.at))
    if record.record_type == WarcRecordType.revisit:
        return Skip(place, "revisit", "was captured again as it had been before")
    if record.headers.get("WARC-Truncated") or record.headers.get("WARC-Segment-Number"):
        return Skip(place, "truncated", "was cut short by the crawler, and would stand in place of the whole page")
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
    media_type, charset = content_type(headers.get("content-type") or record.headers.get("WARC-Identified-Payload-Type") or "")
    if media_type not in _PAGES:
        return Skip(place, "not_html", f"is {media_type or 'of no type that is named'}, no page")
    with reading():
        body = record.reader.read(min(length, limits.line_bytes) + 1)
    if len(body) > limits.line_bytes:
        return _too_large(place, limits, body)
    if len(body) < length:
        raise Damaged(f"ends within the page {address}")
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
        body = body[: int(headers["content-length"][:20])]
    try:
        return decoded(body, headers.get("content-encoding", ""), limits.line_bytes)
    except Undecodable:
        if body.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
            return body
        raise


def _too_large(place: Arrival, limits: Limits, beginning: bytes) -> Refusal:
    message = f"is larger than {limits.line_bytes:,} bytes; raise ONRECORD_INGEST__MAX_ARTICLE_BYTES if it is an article"
    return Refusal(place, "too_large", message, beginning, cut=True)


def _other_status(place: Arrival, status: int | None) -> Skip:
    reasons = {3: "redirect", 4: "client_error", 5: "server_error"}
    return Skip(place, reasons.get((status or 0) // 100, "other_status"), f"was answered {status or 'without a status'}")


def _fetched_at(record: WarcRecord, now: datetime) -> datetime | None:
    """When it was captured; not after now, whatever the crawler's clock said."""
    try:
        captured = record.record_date
    except (ValueError, OverflowError):
        return None
    return min(captured, now) if captured else None
