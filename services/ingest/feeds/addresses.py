"""Which addresses may be fetched (OWASP SSRF prevention, case 2: any host on the internet, none inside).

A name is resolved once; every address it has must be a global one, and the connection goes to an address that
was checked.
"""

from __future__ import annotations

import ipaddress
import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

from services.ingest.identity import web_address

PORTS = (80, 443)

_EMBEDDING = tuple(
    ipaddress.IPv6Network(network)
    for network in (
        "::ffff:0:0/96",  # IPv4-mapped
        "::/96",  # IPv4-compatible, deprecated
        "64:ff9b::/96",  # NAT64, RFC 6052
        "64:ff9b:1::/48",  # local NAT64, RFC 8215
        "2001::/32",  # Teredo
        "2002::/16",  # 6to4
    )
)
"""IPv6 addresses that lead to an IPv4 address inside them: a way around any check of the outer one."""


class RefusedAddress(Exception):
    """An address that must not be fetched; the message says why."""


@dataclass(frozen=True, slots=True)
class Target:
    """An address to fetch that passed the checks which need no resolver."""

    url: str
    scheme: str
    host: str
    port: int

    @property
    def origin(self) -> str:
        """Scheme, host and port: what robots rules hold for."""
        return f"{self.scheme}://{self.bracketed}" + (
            "" if self.port == _default(self.scheme) else f":{self.port}"
        )

    @property
    def bracketed(self) -> str:
        """The host as it stands in an address."""
        return f"[{self.host}]" if ":" in self.host else self.host


def target(url: str, allow_private: bool) -> Target:
    """The parts of a fetchable address.

    Raises:
        RefusedAddress: not http(s), not port 80 or 443, or with a password in it.
    """
    checked = web_address(url)
    if checked is None:
        raise RefusedAddress(f"{url[:200]!r} is not an http or https address")
    parts = urlsplit(checked)
    if parts.username is not None or parts.password is not None:
        raise RefusedAddress("an address with a user name in it is not fetched")
    scheme = parts.scheme.lower()
    port = parts.port or _default(scheme)
    if port not in PORTS and not allow_private:
        raise RefusedAddress(f"port {port} is not fetched, only 80 and 443")
    try:
        host = (
            (parts.hostname or "").encode("idna").decode("ascii")
            if not _literal(parts.hostname or "")
            else parts.hostname or ""
        )
    except UnicodeError as error:
        raise RefusedAddress(f"host {(parts.hostname or '')[:80]!r} is not a valid name") from error
    return Target(checked, scheme, host.rstrip("."), port)


def is_global(address: str) -> bool:
    """Whether an IP address is on the public internet: global, unicast, and no tunnel to another address."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if not ip.is_global or ip.is_multicast or ip.is_reserved or ip.is_unspecified:
        return False
    return not (
        isinstance(ip, ipaddress.IPv6Address)
        and (ip.is_site_local or any(ip in network for network in _EMBEDDING))
    )


def resolve(host: str, port: int, allow_private: bool) -> list[str]:
    """The host's addresses, all of them checked, in the resolver's order.

    Raises:
        RefusedAddress: one of them is not global.
        OSError: the name does not resolve.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = list(dict.fromkeys(str(info[4][0]) for info in found))
    if not allow_private:
        for address in addresses:
            if not is_global(address):
                raise RefusedAddress(f"{host} resolves to {address}, which is not a public address")
    return addresses


def _default(scheme: str) -> int:
    return 443 if scheme == "https" else 80


def _literal(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
