"""Fetching one address: checked at every hop, polite, bounded in bytes and time, compressed or not."""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Literal
from urllib.parse import urlsplit

import httpcore

from services.chassis.settings import IngestSettings
from services.ingest.feeds.addresses import RefusedAddress, Target, target
from services.ingest.feeds.hosts import Hosts, PutOff
from services.ingest.feeds.robots import Robots, Rules
from services.ingest.feeds.transport import CheckedBackend
from services.ingest.http_content import (
    ACCEPTED_CODINGS,
    TooLarge,
    Undecodable,
    codings,
    content_type,
    decoded,
)
from services.ingest.identity import joined

MAX_REDIRECTS = 5
ROBOTS_BYTES = 512_000
"""RFC 9309 asks for at least 500 KiB."""

FEED_TYPES = frozenset(
    {
        "application/rss+xml",
        "application/atom+xml",
        "application/rdf+xml",
        "application/xml",
        "text/xml",
        "text/html",
        "text/plain",
    }
)
"""Many feeds are served under a general type; what is no feed is found out when it is parsed."""
PAGE_TYPES = frozenset({"text/html", "application/xhtml+xml"})

AFTER_429_S = 30.0
"""story-indexer's wait after a 429 without Retry-After."""
HOST_DOWN_S = 600.0
"""story-indexer's memory of a host that does not answer."""
MAX_RETRY_AFTER_S = 86_400.0

Problem = Literal["refused", "gone", "failed", "put_off"]


class FetchError(Exception):
    """A fetch that brought nothing. ``kind``: refused (by us or robots rules), gone (4xx), failed (may work
    later), put_off."""

    def __init__(self, kind: Problem, message: str) -> None:
        super().__init__(message)
        self.kind = kind


@dataclass(frozen=True, slots=True)
class Fetched:
    """An answer: ``body`` is decompressed; ``status`` is 200 or, for a conditional request, 304."""

    url: str
    status: int
    media_type: str
    charset: str | None
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)


class Fetcher:
    """Fetches for all feeds of a process; safe to share between threads."""

    def __init__(self, settings: IngestSettings, stop: threading.Event) -> None:
        self._settings = settings
        self._hosts = Hosts(settings.host_interval_s, stop)
        self._robots = Robots(settings.user_agent, self._robots_txt)
        self._tls = ssl.create_default_context()

    def get(self, url: str, accepted: frozenset[str], conditions: dict[str, str] | None = None) -> Fetched:
        """The answer to a GET, redirects followed.

        Args:
            accepted: media types that are read at all.
            conditions: ``If-None-Match`` and ``If-Modified-Since``.

        Raises:
            FetchError: nothing usable came, with the reason.
        """
        return self._follow(url, accepted, conditions or {}, self._settings.fetch_max_bytes, obey_robots=True)

    def _robots_txt(self, origin: str) -> tuple[int, bytes]:
        """Status and body of an origin's robots file; status 0 when it cannot be reached."""
        try:
            fetched = self._follow(f"{origin}/robots.txt", None, {}, ROBOTS_BYTES, obey_robots=False)
        except FetchError as error:
            if error.kind == "put_off":
                raise
            return (404 if error.kind == "gone" else 0), b""
        return fetched.status, fetched.body

    def _follow(
        self,
        url: str,
        accepted: frozenset[str] | None,
        conditions: dict[str, str],
        most: int,
        *,
        obey_robots: bool,
    ) -> Fetched:
        for _ in range(MAX_REDIRECTS + 1):
            try:
                hop = target(url, self._settings.allow_private_addresses)
                self._turn(hop, obey_robots)
                answer = self._request(hop, accepted, conditions, most, cut=not obey_robots)
            except RefusedAddress as error:
                raise FetchError("refused", str(error)) from error
            except PutOff as error:
                raise FetchError("put_off", str(error)) from error
            if isinstance(answer, Fetched):
                return answer
            onward = joined(hop.url, answer)
            if onward is None:
                raise FetchError("refused", f"{hop.host} redirects to what is not a web address")
            url = onward
        raise FetchError("failed", f"more than {MAX_REDIRECTS} redirects")

    def _turn(self, hop: Target, obey_robots: bool) -> None:
        rules: Rules | None = None
        if obey_robots:
            rules = self._robots.rules(hop.origin)
            if not rules.allow(hop.url):
                raise RefusedAddress(f"{hop.host}: {rules.why}")
        self._hosts.wait(hop.host, rules.crawl_delay_s if rules else 0.0)

    def _request(
        self,
        hop: Target,
        accepted: frozenset[str] | None,
        conditions: dict[str, str],
        most: int,
        *,
        cut: bool,
    ) -> Fetched | str:
        """One hop: an answer, or where it redirects to."""
        deadline = time.monotonic() + self._settings.fetch_timeout_s
        backend = CheckedBackend(deadline, self._settings.allow_private_addresses)
        # httpcore would leave the brackets of an IPv6 literal out
        ours = {
            "Host": hop.origin.partition("://")[2],
            "User-Agent": self._settings.user_agent,
            "Accept-Encoding": ACCEPTED_CODINGS,
            "Connection": "close",
            **conditions,
        }
        if accepted:
            ours["Accept"] = ", ".join(sorted(accepted)) + ", */*;q=0.1"
        headers = [(name.encode(), value.encode("latin-1", "replace")) for name, value in ours.items()]
        try:
            with (
                httpcore.ConnectionPool(
                    ssl_context=self._tls, network_backend=backend, max_keepalive_connections=0
                ) as pool,
                pool.stream("GET", _ascii(hop), headers=headers) as response,
            ):
                return self._read(hop, response, accepted, most, cut)
        except (
            httpcore.NetworkError,
            httpcore.TimeoutException,
            httpcore.ProtocolError,
            ssl.SSLError,
        ) as error:
            self._hosts.leave_alone(
                hop.host,
                HOST_DOWN_S if isinstance(error, httpcore.ConnectError) else self._settings.host_interval_s,
            )
            raise FetchError("failed", f"{hop.host}: {error or type(error).__name__}") from error

    def _read(
        self, hop: Target, response: httpcore.Response, accepted: frozenset[str] | None, most: int, cut: bool
    ) -> Fetched | str:
        headers = {
            name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers
        }
        status = response.status
        if status in (301, 302, 303, 307, 308) and headers.get("location"):
            return headers["location"]
        if status == 304:
            return Fetched(hop.url, status, "", None, b"", headers)
        if status != 200:
            self._hold_back(hop, status, headers)
            raise FetchError(
                "gone" if 400 <= status < 500 and status not in (408, 425, 429) else "failed",
                f"{hop.host} answered {status}",
            )
        media_type, charset = content_type(headers.get("content-type", ""))
        if accepted is not None and media_type not in accepted:
            raise FetchError(
                "refused", f"{hop.host} sent {media_type[:60] or 'no Content-Type'}, which is not read here"
            )
        body = _bounded(response.iter_stream(), headers.get("content-encoding", ""), most, cut)
        return Fetched(hop.url, status, media_type, charset, body, headers)

    def _hold_back(self, hop: Target, status: int, headers: dict[str, str]) -> None:
        if status in (429, 503):
            asked = retry_after(headers.get("retry-after", ""))
            self._hosts.leave_alone(hop.host, asked if asked is not None else AFTER_429_S)


def retry_after(value: str) -> float | None:
    """Seconds that a Retry-After header asks for, at most a day; None when it says nothing usable."""
    value = value.strip()
    if value.isdecimal():
        return min(float(value[:9]), MAX_RETRY_AFTER_S)
    try:
        moment = parsedate_to_datetime(value).timestamp()
    except (ValueError, TypeError, OverflowError):
        return None
    return min(max(moment - time.time(), 0.0), MAX_RETRY_AFTER_S)


def _bounded(chunks: Iterator[bytes], encoding: str, most: int, cut: bool) -> bytes:
    """The decompressed body, counted while it streams: neither the wire nor the unpacked bytes may exceed
    ``most``.

    ``cut`` keeps the beginning of one that is too long instead of refusing it.
    """
    wire = bytearray()
    for chunk in chunks:
        wire += chunk
        if len(wire) > most:
            break
    try:
        if len(wire) > most:
            # of one that is packed nothing is kept
            raise TooLarge(b"" if codings(encoding) else bytes(wire[:most]))
        return decoded(bytes(wire), encoding, most)
    except TooLarge as error:
        if cut and error.beginning:
            return error.beginning
        raise FetchError("refused", f"the answer is larger than {most:,} bytes") from error
    except Undecodable as error:
        raise FetchError("refused" if error.unknown else "failed", str(error)) from error


def _ascii(hop: Target) -> httpcore.URL:
    """The hop as httpcore takes it: path and query percent-encoded where they are not ASCII, no fragment."""
    parts = urlsplit(hop.url)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    encoded = "".join(
        c if c.isascii() else "".join(f"%{byte:02X}" for byte in c.encode("utf-8", "replace")) for c in path
    )
    return httpcore.URL(scheme=hop.scheme, host=hop.host, port=hop.port, target=encoded)
