"""Building clients that say why they cannot be built, and leave nothing behind then."""

from __future__ import annotations

import socket
from collections import Counter
from collections.abc import Callable
from typing import Any, TypeVar

from kafka.errors import KafkaConnectionError, KafkaError, KafkaTimeoutError, SaslAuthenticationFailedError
from kafka.net.compat import KafkaNetClient
from kafka.net.inet import KafkaNetSocket, create_connection
from kafka.net.transport import KafkaSSLTransport, KafkaTCPTransport

from services.chassis.errors import SettingsError
from services.chassis.log.kafka.refusals import Refusal, refusal

Client = TypeVar("Client")
Answered = Callable[[], None]
"""Told, on a client's I/O thread, of every answer of a broker."""


def unheard() -> None:
    """For clients whose answers nobody waits for."""


def open_client(
    make: Callable[..., Client], configuration: dict[str, Any], answered: Answered = unheard
) -> Client:
    """``make(**configuration)``, for a consumer, producer or admin client.

    kafka-python 3.0.12 starts an I/O thread in the constructor and forgets it, with its sockets, when the
    brokers cannot be reached; retried through an outage, that would be a thread every few seconds.

    Raises:
        SettingsError: a broker answered that these settings are wrong; at once, because waiting cannot mend
            them.
        KafkaTimeoutError: no broker could be reached; the message says what the connections ended with, and
            which setting to look at.
        KafkaError: as the client raises it.
    """
    networks: list[_Network] = []

    def network(**arguments: Any) -> _Network:
        networks.append(_Network(configuration, answered, **arguments))
        return networks[-1]

    try:
        client = make(**configuration, kafka_client=network)
    except BaseException as error:
        for one in networks:
            one.close()
            one._manager._net.stop()
        refused = next((one.refused for one in networks if one.refused), None)
        if refused:
            raise SettingsError([refused.line]) from error
        reasons = networks[0].reasons.most_common(1) if networks else []
        if reasons and isinstance(error, KafkaTimeoutError):
            raise KafkaTimeoutError(reasons[0][0]) from error
        raise
    for one in networks:
        one.opening = False
    return client


class _ClosingSocket(KafkaNetSocket):  # type: ignore[misc]
    """How the client connects, except that a socket which does not connect is closed (hazard H8).

    The client looks these classes up by the scheme of its setting ``proxy_url``; no proxy is involved.
    """

    SCHEMES = ("onrecord-direct",)

    async def sock_connect(
        self, net: Any, sock: socket.socket, sockaddr: Any, timeout_at: float | None = None
    ) -> socket.socket:
        try:
            connected: socket.socket = await super().sock_connect(net, sock, sockaddr, timeout_at=timeout_at)
        except BaseException:  # the task's own end included, where the client is closed meanwhile
            sock.close()
            raise
        return connected


class _Network(KafkaNetClient):  # type: ignore[misc]
    """The client's network, which remembers why connections end while the client is being built, and closes
    what does not connect.

    kafka-python 3.0.12 loses the reason twice. It logs it and tries again until the time is up, a wrong
    password included. And where the broker's last words and its hanging up are read together, the words are
    dropped: those are its answers to a failed login.
    """

    def __init__(self, configuration: dict[str, Any], answered: Answered, **arguments: Any) -> None:
        super().__init__(**arguments)
        self._configuration = configuration
        self._answered = answered
        self._connect = self._manager.get_connection
        self._manager.get_connection = self._get_connection
        self._manager._build_transport = self._build_transport
        self.opening = True
        self.refused: Refusal | None = None
        self.reasons: Counter[str] = Counter()

    def _get_connection(self, *arguments: Any, **options: Any) -> Any:
        if self.refused and self.opening:
            # the way out of the client's own loop, which it takes for a login that failed
            raise SaslAuthenticationFailedError(self.refused.line)
        connection = self._connect(*arguments, **options)
        if self.opening:
            connection.close_future.add_errback(self._ended)
        return connection

    def _ended(self, error: BaseException) -> None:
        found = refusal(error, self._configuration)
        self.reasons[found.line] += 1
        if found.final and self.opening:
            self.refused = found

    async def _build_transport(self, node: Any, timeout_at: float | None = None) -> Any:
        """The client's own steps, except that a socket whose handshake fails is closed, and last words are
        heard."""
        settings = self._manager.config
        (scheme,) = _ClosingSocket.SCHEMES
        sock = await create_connection(
            self._net,
            node.host,
            node.port,
            settings["socket_options"],
            proxy_url=f"{scheme}://",
            timeout_at=timeout_at,
        )
        transport = None
        try:
            if self._manager.ssl_enabled:
                of_tls = {name: value for name, value in settings.items() if name.startswith("ssl_")}
                transport = KafkaSSLTransport(self._net, sock, host=node.host, **of_tls)
            else:
                transport = KafkaTCPTransport(self._net, sock, host=node.host)
            await transport.handshake()
        except BaseException as error:
            if transport is None:
                sock.close()
                raise
            transport.close()
            if isinstance(error, Exception):
                raise KafkaConnectionError(f"Handshake failed: {error}") from error
            raise
        receive = transport._sock_recv

        def last_words_first() -> tuple[bytes, KafkaError | None]:
            data, error = receive()
            if not data:
                return data, error
            self._answered()
            return data, None

        transport._sock_recv = last_words_first
        return transport
