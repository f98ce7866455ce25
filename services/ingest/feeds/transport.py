"""A network backend for httpcore that connects to checked addresses only and never outlives its deadline."""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterable
from typing import Any

import httpcore
from httpcore import SOCKET_OPTION, ConnectError, NetworkBackend, NetworkStream, ReadTimeout, SyncBackend

from services.ingest.feeds.addresses import resolve


class CheckedBackend(NetworkBackend):
    """Resolves a host once, refuses it unless every address is allowed, and connects to one of those very
    addresses.

    The request keeps its host name, so the Host header, TLS server name and certificate check are the host's.
    """

    def __init__(self, deadline: float, allow_private: bool) -> None:
        """``deadline`` is a :func:`time.monotonic` value; resolving is bounded by the system resolver's own
        time-out."""
        self._deadline = deadline
        self._allow_private = allow_private
        self._inner = SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[SOCKET_OPTION] | None = None,
    ) -> NetworkStream:
        """Connect, trying the host's addresses in turn.

        Raises:
            RefusedAddress: an address of the host is not allowed.
            httpcore.ConnectError: none answers, or the name does not resolve.
        """
        try:
            addresses = resolve(host, port, self._allow_private)
        except OSError as error:
            raise ConnectError(f"{host} cannot be resolved ({error.strerror or error})") from error
        failure: Exception = ConnectError(f"{host} has no address")
        for address in addresses:
            try:
                stream = self._inner.connect_tcp(
                    address, port, _left(self._deadline), local_address, socket_options
                )
                return _Bounded(stream, self._deadline)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure


class _Bounded(NetworkStream):
    """A stream whose every wait ends at the deadline, however little each read brings."""

    def __init__(self, inner: NetworkStream, deadline: float) -> None:
        self._inner = inner
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, _left(self._deadline))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, _left(self._deadline))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> NetworkStream:
        return _Bounded(
            self._inner.start_tls(ssl_context, server_hostname, _left(self._deadline)), self._deadline
        )

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise ReadTimeout("out of time")
    return left
