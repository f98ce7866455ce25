"""Which reader reads what. A new format is one more entry in :data:`SUFFIXES` and one more branch in
:func:`_items`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePath
from typing import BinaryIO, Literal

from services.ingest.readers.gunzip import unpacked
from services.ingest.readers.html import read_html
from services.ingest.readers.items import Arrival, Item, Limits, Refusal, Unreadable
from services.ingest.readers.json_lines import read_document, read_lines
from services.ingest.readers.newsml import read_newsml
from services.ingest.readers.table import read_table
from services.ingest.readers.text import read_text
from services.ingest.readers.warc import Resume, never, read_warc

Format = Literal["text", "html", "jsonl", "json", "newsml", "table", "warc"]

SUFFIXES: dict[str, Format] = {
    ".txt": "text",
    ".html": "html",
    ".htm": "html",
    ".xhtml": "html",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "json",
    ".xml": "newsml",
    ".csv": "table",
    ".tsv": "table",
    ".warc": "warc",
}
_PACKED = ".gz"


def format_of(name: str) -> Format | None:
    """The format a file's name promises, ``.gz`` aside; None when it is none that is read."""
    path = PurePath(name.lower())
    suffix = PurePath(path.stem).suffix if path.suffix == _PACKED else path.suffix
    return SUFFIXES.get(suffix)


def read(
    arrival: Arrival, stream: BinaryIO, limits: Limits, form: Format | None = None, resume: Resume = never
) -> Iterator[Item]:
    """The items of one input, gzipped or not. Without ``form`` it is guessed from the first bytes (standard
    input).

    ``resume`` says how far an archive has been read before.
    Never raises for what it reads; an :class:`OSError` of the stream itself is the caller's.
    """
    try:
        if form == "warc":
            yield from read_warc(arrival, stream, limits, resume)
            return
        plain = unpacked(stream)
        yield from _items(arrival, plain, limits, form or guess(plain))
    except Unreadable as error:
        yield Refusal(arrival, error.reason, error.message, b"", cut=True, stage=error.stage)


def guess(stream: BinaryIO) -> Format:
    """The format of an input without a name, by its first characters: ``{`` JSON lines, ``[`` JSON, ``<``
    HTML, ``WARC/`` an archive, ``<?xml`` with a news item NewsML-G2, else plain text."""
    start = stream.peek(2048)[:2048].removeprefix(b"\xef\xbb\xbf").lstrip()  # type: ignore[attr-defined]
    if start.startswith(b"WARC/"):
        return "warc"
    if b"<newsItem" in start or b"<newsMessage" in start:
        return "newsml"
    by_first: dict[bytes, Format] = {b"{": "jsonl", b"[": "json", b"<": "html"}
    return by_first.get(start[:1], "text")


def _items(arrival: Arrival, stream: BinaryIO, limits: Limits, form: Format) -> Iterator[Item]:
    if form == "jsonl":
        yield from read_lines(arrival, stream, limits)
        return
    if form == "warc":
        yield from read_warc(arrival, stream, limits, never)
        return
    if form == "table":
        yield from read_table(arrival, stream, limits)
        return
    # a JSON document or text in UTF-16 may be larger than the content it holds
    most = limits.line_bytes
    data = stream.read(most + 1)
    if len(data) > most:
        yield Refusal(
            arrival,
            "too_large",
            f"is larger than {most:,} bytes; split it or raise ONRECORD_INGEST__MAX_ARTICLE_BYTES",
            data[:most],
            cut=True,
        )
        return
    try:
        if form == "json":
            yield from read_document(arrival, data, limits)
        elif form == "newsml":
            yield from read_newsml(arrival, data, limits)
        else:
            yield read_html(arrival, data, limits) if form == "html" else read_text(arrival, data, limits)
    except Unreadable as error:
        yield Refusal(arrival, error.reason, error.message, data, stage=error.stage)
