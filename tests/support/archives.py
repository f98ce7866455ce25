"""Web archives as crawlers write them, record by record."""

from __future__ import annotations

import gzip
import uuid
from collections.abc import Iterable, Mapping
from html import escape
from typing import Literal

Packing = Literal["plain", "members", "one"]

DATE = "2026-03-01T12:00:00Z"


def record(
    kind: str, block: bytes, address: str = "", *, date: str = DATE, more: Mapping[str, str] | None = None
) -> bytes:
    """One WARC record; its id follows from what is in it."""
    identity = uuid.uuid5(uuid.NAMESPACE_URL, f"{kind} {address} {date} {block[:4096]!r}")
    headers = {"WARC-Type": kind, "WARC-Record-ID": f"<urn:uuid:{identity}>", "WARC-Date": date}
    headers |= {"WARC-Target-URI": address} if address else {}
    headers |= {
        "Content-Type": f"application/http; msgtype={kind}",
        "Content-Length": str(len(block)),
        **(more or {}),
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return b"WARC/1.0\r\n" + head.encode() + b"\r\n" + block + b"\r\n\r\n"


def answer(
    address: str,
    body: bytes,
    status: str = "200 OK",
    headers: Mapping[str, str] | None = None,
    *,
    kind: str = "response",
    date: str = DATE,
    more: Mapping[str, str] | None = None,
) -> bytes:
    """A record of what a server answered."""
    sent = {"Content-Type": "text/html; charset=utf-8"} | dict(headers or {})
    head = f"HTTP/1.1 {status}\r\n" + "".join(f"{name}: {value}\r\n" for name, value in sent.items())
    return record(kind, head.encode() + b"\r\n" + body, address, date=date, more=more)


def request(address: str) -> bytes:
    """A record of what a crawler asked."""
    return record("request", f"GET {address} HTTP/1.1\r\nHost: example.org\r\n\r\n".encode(), address)


def info() -> bytes:
    """The record that archives begin with."""
    return record(
        "warcinfo", b"software: onrecord tests\r\n", more={"Content-Type": "application/warc-fields"}
    )


def packed(records: Iterable[bytes], packing: Packing = "members") -> bytes:
    """The archive's file."""
    if packing == "members":
        return b"".join(gzip.compress(one, 6) for one in records)
    whole = b"".join(records)
    return whole if packing == "plain" else gzip.compress(whole)


def page(title: str, paragraphs: Iterable[str], address: str = "", head: str = "") -> bytes:
    """A news page around these paragraphs, with what stands around an article everywhere."""
    canonical = f'<link rel="canonical" href="{escape(address)}">' if address else ""
    links = "".join(f'<li><a href="/section-{n}/">Section {n}</a></li>' for n in range(12))
    body = "".join(f"<p>{escape(text)}</p>" for text in paragraphs)
    told = '<meta property="article:published_time" content="2026-03-01T09:30:00Z">'
    headed = f'<title>{escape(title)} | Gazette</title>{canonical}<meta property="og:type" content="article">{told}{head}'
    article = f"<article><h1>{escape(title)}</h1>{body}</article><footer><p>All rights reserved.</p></footer>"
    return (
        f'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">{headed}</head>'
        f"<body><nav><ul>{links}</ul></nav>{article}</body></html>"
    ).encode()
