from __future__ import annotations

import socket
import threading

import pytest

from services.ingest.feeds.addresses import RefusedAddress, is_global, resolve, target
from services.ingest.feeds.fetch import PAGE_TYPES, Fetcher, FetchError
from tests.ingest.conftest import MakeSettings

PUBLIC = ["8.8.8.8", "93.184.215.14", "2606:4700:4700::1111"]
PRIVATE = [
    "127.0.0.1", "127.1.2.3", "0.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "192.0.0.1",
    "192.0.2.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255", "::",
    "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd12::1", "ff02::1", "2001:db8::1", "::ffff:127.0.0.1", "::ffff:8.8.8.8",
    "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::808:808", "64:ff9b:1::1", "2002:7f00:1::", "2002:808:808::", "2001:0:7f00:1::",
    "100::1", "fec0::1",
]  # fmt: skip


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses(address: str) -> None:
    assert is_global(address)


@pytest.mark.parametrize("address", PRIVATE)
def test_addresses_inside_or_leading_inside(address: str) -> None:
    assert not is_global(address)


@pytest.mark.parametrize(
    "url",
    [
        "ftp://example.org/", "file:///etc/passwd", "gopher://example.org/", "http://example.org:22/", "https://example.org:8443/",

        "http://user:password@example.org/", "http://user@example.org/", "http:///path", "http://exa mple.org/",
        "http://" + "a" * 64 + ".org/",
    ],
)  # fmt: skip
def test_addresses_that_are_not_fetched(url: str) -> None:
    with pytest.raises(RefusedAddress):
        target(url, allow_private=False)


def test_targets() -> None:
    hop = target("HTTPS://Bücher.example./a?b#c", allow_private=False)
    assert (hop.scheme, hop.host, hop.port, hop.origin) == (
        "https",
        "xn--bcher-kva.example",
        443,
        "https://xn--bcher-kva.example",
    )
    assert target("http://[::1]:8080/", allow_private=True).origin == "http://[::1]:8080"


def answer(*found: str) -> object:
    def getaddrinfo(host: str, port: int, **_: object) -> list[tuple[object, ...]]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in found]

    return getaddrinfo


def test_one_private_address_among_public_ones_is_enough_to_refuse(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.ingest.feeds.addresses.socket.getaddrinfo", answer("8.8.8.8", "10.0.0.1"))
    with pytest.raises(RefusedAddress, match=r"10\.0\.0\.1"):
        resolve("example.org", 80, allow_private=False)
    assert resolve("example.org", 80, allow_private=True) == ["8.8.8.8", "10.0.0.1"]


# ways to write 127.0.0.1 that the system's resolver understands, and names that lead there
@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "[::1]",
        "0",
        "2130706433",
        "0x7f.1",
        "127.1",
        "[::ffff:127.0.0.1]",
        "169.254.169.254",
    ],
)
def test_no_spelling_of_an_inside_address_is_fetched(make_settings: MakeSettings, host: str) -> None:
    fetcher = Fetcher(make_settings().ingest, threading.Event())
    with pytest.raises(FetchError) as caught:
        fetcher.get(f"http://{host}/", PAGE_TYPES)
    # robots rules are asked for first, and their address is refused like any other
    assert caught.value.kind == "refused"


def test_the_connection_goes_to_the_address_that_was_checked(
    monkeypatch: pytest.MonkeyPatch, make_settings: MakeSettings
) -> None:
    connected: list[tuple[str, int]] = []
    answers = iter([["8.8.8.8"], ["127.0.0.1"]])

    def getaddrinfo(host: str, port: int, **_: object) -> list[tuple[object, ...]]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in next(answers)]

    def create_connection(address: tuple[str, int], *_: object, **__: object) -> socket.socket:
        connected.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr("services.ingest.feeds.addresses.socket.getaddrinfo", getaddrinfo)
    monkeypatch.setattr("httpcore._backends.sync.socket.create_connection", create_connection)
    with pytest.raises(FetchError):
        Fetcher(make_settings().ingest, threading.Event()).get("http://rebinding.example/", PAGE_TYPES)
    assert connected == [("8.8.8.8", 80)]
