from __future__ import annotations

import gzip
import shutil
import socket
import subprocess
import threading
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from services.ingest.feeds.fetch import MAX_REDIRECTS, PAGE_TYPES, Fetcher, FetchError, retry_after
from services.ingest.feeds.hosts import Hosts, PutOff
from tests.ingest.conftest import MakeSettings
from tests.support.patience import PATIENCE_S
from tests.support.web import Request, Site

HTML = {"Content-Type": "text/html; charset=utf-8"}
HASTE_S = 1.0
"""Total time of a fetch that is to be cut off."""
PAGE = (200, HTML, b"<html><body>Text</body></html>")


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as site:
        yield site


@pytest.fixture
def fetcher(make_settings: MakeSettings) -> Fetcher:
    settings = make_settings(allow_private_addresses=True, fetch_max_bytes=10_000, fetch_timeout_s=PATIENCE_S)
    return Fetcher(settings.ingest, threading.Event())


def refused(fetcher: Fetcher, url: str) -> FetchError:
    with pytest.raises(FetchError) as caught:
        fetcher.get(url, PAGE_TYPES)
    return caught.value


def test_a_page(site: Site, fetcher: Fetcher) -> None:
    site.answers["/a?b=%C3%BC"] = PAGE
    fetched = fetcher.get(f"{site.url}/a?b=ü#part", PAGE_TYPES)
    assert (fetched.status, fetched.media_type, fetched.charset) == (200, "text/html", "utf-8")
    assert fetched.body == PAGE[2]
    sent = site.requests[-1].headers
    assert sent["user-agent"].startswith("onrecord/")
    assert sent["host"] == site.url.removeprefix("http://")


@pytest.mark.parametrize("pack", [gzip.compress, zlib.compress])
def test_compressed(site: Site, fetcher: Fetcher, pack: object) -> None:
    name = "gzip" if pack is gzip.compress else "deflate"
    site.answers["/"] = (200, HTML | {"Content-Encoding": name}, pack(PAGE[2]))  # type: ignore[operator]
    assert fetcher.get(f"{site.url}/", PAGE_TYPES).body == PAGE[2]


@pytest.mark.parametrize(
    ("headers", "body", "words"),
    [
        ({}, b"x" * 10_001, "larger than 10,000 bytes"),
        ({"Content-Encoding": "gzip"}, gzip.compress(bytes(5_000_000)), "larger than 10,000 bytes"),
        ({"Content-Encoding": "gzip"}, gzip.compress(PAGE[2])[:-9], "ends early"),
        ({"Content-Encoding": "gzip"}, b"not gzip at all", "damaged"),
        ({"Content-Encoding": "br"}, b"\xffx", "damaged"),
        ({"Content-Encoding": "compress"}, b"x", "is not read"),
        (
            {"Content-Encoding": "gzip, gzip, gzip"},
            gzip.compress(gzip.compress(gzip.compress(b"x"))),
            "is not read",
        ),
        ({"Content-Type": "application/pdf"}, b"x", "application/pdf"),
        ({"Content-Type": ""}, b"x", "no Content-Type"),
    ],
)
def test_answers_that_are_not_taken(
    site: Site, fetcher: Fetcher, headers: dict[str, str], body: bytes, words: str
) -> None:
    site.answers["/"] = (200, HTML | headers, body)
    assert words in str(refused(fetcher, f"{site.url}/"))


def test_an_endless_answer_is_cut_off(site: Site, fetcher: Fetcher) -> None:
    ended = threading.Event()

    def endless(request: Request) -> None:
        request.handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n")
        try:
            while True:
                request.handler.wfile.write(b"x" * 1000)
        except OSError:
            ended.set()

    site.answers["/"] = endless
    assert refused(fetcher, f"{site.url}/").kind == "refused"
    assert ended.wait(PATIENCE_S)


@pytest.mark.parametrize(
    "head", [b"HTTP/1.1 200 OK\r\nX: ", b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n"]
)
def test_a_slow_answer_ends_with_the_total_time(site: Site, make_settings: MakeSettings, head: bytes) -> None:
    settings = make_settings(allow_private_addresses=True, fetch_timeout_s=HASTE_S)
    ended = threading.Event()

    def drip(request: Request) -> None:
        request.handler.wfile.write(head)
        try:
            while not ended.wait(0.05):
                request.handler.wfile.write(b"x")
        except OSError:
            ended.set()

    site.answers["/"] = drip
    # without a total time it would go on for ever
    assert refused(Fetcher(settings.ingest, threading.Event()), f"{site.url}/").kind == "failed"
    assert ended.wait(PATIENCE_S)


def test_redirects_are_followed(site: Site, fetcher: Fetcher) -> None:
    site.answers |= {
        "/a": (301, {"Location": "/b"}, b""),
        "/b": (307, {"Location": f"{site.url}/c"}, b""),
        "/c": PAGE,
    }
    assert fetcher.get(f"{site.url}/a", PAGE_TYPES).url == f"{site.url}/c"


def test_redirects_end(site: Site, fetcher: Fetcher) -> None:
    site.answers["/a"] = (302, {"Location": "/a"}, b"")
    assert "redirects" in str(refused(fetcher, f"{site.url}/a"))
    assert site.paths() == ["/a"] * (MAX_REDIRECTS + 1)


@pytest.mark.parametrize(
    "location", ["ftp://example.org/", "http://user:pw@example.org/", "file:///etc/passwd", "https://[::1"]
)
def test_redirects_to_what_is_not_fetched(site: Site, fetcher: Fetcher, location: str) -> None:
    site.answers["/a"] = (302, {"Location": location}, b"")
    assert refused(fetcher, f"{site.url}/a").kind == "refused"


def test_a_redirect_inside_is_refused(
    site: Site, make_settings: MakeSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first host counts as public, as a page on the internet would; it redirects to this machine."""
    from services.ingest.feeds import addresses, transport

    port = site.url.rpartition(":")[2]
    monkeypatch.setattr(addresses, "PORTS", (80, 443, int(port)))

    def resolve(host: str, port: int, allow_private: bool) -> list[str]:
        return ["127.0.0.1"] if host == "public.example" else addresses.resolve(host, port, allow_private)

    monkeypatch.setattr(transport, "resolve", resolve)
    site.answers |= {"/a": (302, {"Location": f"{site.url}/secret"}, b""), "/secret": PAGE}
    fetcher = Fetcher(make_settings().ingest, threading.Event())
    with pytest.raises(FetchError) as caught:
        fetcher.get(f"http://public.example:{port}/a", PAGE_TYPES)
    assert caught.value.kind == "refused"
    assert site.paths() == ["/a"]


def test_robots_rules_are_obeyed(site: Site, fetcher: Fetcher) -> None:
    rules = b"User-agent: *\nDisallow: /\n\nUser-agent: onrecord\nDisallow: /private/\n"
    site.answers |= {
        "/robots.txt": (200, {}, rules),
        "/a": PAGE,
        "/private/a": PAGE,
        "/b": (302, {"Location": "/private/a"}, b""),
    }
    assert fetcher.get(f"{site.url}/a", PAGE_TYPES).status == 200
    for path in ("/private/a", "/b"):
        error = refused(fetcher, site.url + path)
        assert (error.kind, "robots" in str(error)) == ("refused", True)
    assert [request.path for request in site.requests].count("/robots.txt") == 1
    assert "/private/a" not in site.paths()


Rules = tuple[int, dict[str, str], bytes]


@pytest.mark.parametrize(
    ("answer", "allowed"),
    [
        ((404, {}, b""), True),
        ((403, {}, b""), True),
        ((500, {}, b""), False),
        ((429, {}, b""), False),
        ((302, {"Location": "/r"}, b""), True),
        ((302, {"Location": "ftp://example.org/"}, b""), False),
        ((200, {}, b"User-agent: *\nAllow: /\n" + b"#" * 600_000), True),
        ((200, {}, b"User-agent: *\nDisallow: /\n" + b"#" * 600_000), False),
        ((200, {}, b"\xff\xfe\x00garbage"), True),
    ],
)
def test_robots_rules_that_cannot_be_had(
    site: Site, make_settings: MakeSettings, answer: Rules, allowed: bool
) -> None:
    site.answers |= {"/robots.txt": answer, "/r": (200, {}, b""), "/a": PAGE}
    fetcher = Fetcher(make_settings(allow_private_addresses=True).ingest, threading.Event())
    if allowed:
        assert fetcher.get(f"{site.url}/a", PAGE_TYPES).status == 200
    else:
        assert refused(fetcher, f"{site.url}/a").kind in ("refused", "put_off")
        assert site.paths() == []


@pytest.mark.parametrize(
    ("status", "kind"),
    [(404, "gone"), (410, "gone"), (500, "failed"), (408, "failed"), (204, "failed"), (304, None)],
)
def test_statuses(site: Site, fetcher: Fetcher, status: int, kind: str | None) -> None:
    site.answers["/"] = (status, {}, b"")
    if kind is None:
        assert fetcher.get(f"{site.url}/", PAGE_TYPES, {"If-None-Match": '"1"'}).status == 304
        assert site.requests[-1].headers["if-none-match"] == '"1"'
    else:
        assert refused(fetcher, f"{site.url}/").kind == kind


def test_a_host_that_asks_for_time_gets_it(site: Site, fetcher: Fetcher) -> None:
    site.answers["/"] = (429, {"Retry-After": "3600"}, b"")
    assert refused(fetcher, f"{site.url}/").kind == "failed"
    assert refused(fetcher, f"{site.url}/other").kind == "put_off"
    assert site.paths() == ["/"]


def test_a_host_that_does_not_answer_is_left_alone(fetcher: Fetcher, make_settings: MakeSettings) -> None:
    with Site() as site:
        url = site.url
    assert refused(fetcher, f"{url}/").kind == "refused"  # its robots rules cannot be reached
    assert refused(fetcher, f"{url}/").kind == "refused"


def test_retry_after() -> None:
    assert retry_after("120") == 120
    assert retry_after("999999999") == 86_400
    soon = retry_after(format_datetime(datetime.now(UTC) + timedelta(seconds=900), usegmt=True))
    assert soon is not None
    assert 900 - PATIENCE_S < soon <= 900
    assert retry_after("Wed, 21 Oct 2015 07:28:00 GMT") == 0
    assert retry_after("soon") is None
    assert retry_after("") is None


class Asked(threading.Event):
    """A stop that does not come; how long it was waited for is kept instead of waited."""

    def __init__(self) -> None:
        super().__init__()
        self.waits: list[float] = []

    def wait(self, timeout: float | None = None) -> bool:
        assert timeout is not None
        self.waits.append(timeout)
        return False


def test_hosts_take_turns() -> None:
    stop = Asked()
    hosts = Hosts(PATIENCE_S / 8, stop)
    for name in ("a", "b", "a"):
        hosts.wait(name)
    assert stop.waits[:2] == [0.0, 0.0]
    assert 0 < stop.waits[2] <= PATIENCE_S / 8
    hosts.wait("c", interval_s=500)
    with pytest.raises(PutOff):
        hosts.wait("c")


def test_a_stop_ends_the_wait_for_a_turn() -> None:
    stop = threading.Event()
    hosts = Hosts(50, stop)
    hosts.wait("a")
    stop.set()
    with pytest.raises(PutOff):
        hosts.wait("a")


@pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="this machine has no IPv6")
def test_ipv6_literals(fetcher: Fetcher) -> None:
    class Server(ThreadingHTTPServer):
        address_family = socket.AF_INET6

    hosts: list[str | None] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            hosts.append(self.headers["Host"])
            self.send_response(404)
            self.end_headers()

    with Server(("::1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        address = f"[::1]:{server.server_address[1]}"
        assert refused(fetcher, f"http://{address}/").kind == "gone"
        server.shutdown()
    assert hosts == [address, address]


@pytest.mark.skipif(not shutil.which("openssl"), reason="needs the openssl command: apt-get install openssl")
@pytest.mark.parametrize(
    ("name", "trusted", "reached"),
    [("localhost", True, True), ("localhost", False, False), ("other.example", True, False)],
)
def test_certificates_are_checked(
    site: Site,
    make_settings: MakeSettings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    trusted: bool,
    reached: bool,
) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    make = (
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=x"
        f" -addext subjectAltName=DNS:{name}"
    )
    subprocess.run([*make.split(), "-keyout", key, "-out", certificate], check=True, capture_output=True)
    if trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    site.answers["/"] = PAGE
    site.encrypt(certificate, key)
    fetcher = Fetcher(make_settings(allow_private_addresses=True).ingest, threading.Event())
    url = f"https://localhost:{site.url.rpartition(':')[2]}/"
    if reached:
        assert fetcher.get(url, PAGE_TYPES).body == PAGE[2]
    else:
        assert "robots rules cannot be reached" in str(refused(fetcher, url))
        assert site.requests == []
