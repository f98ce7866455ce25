"""The query service: the application behind a server that starts and stops with its process."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import structlog
import uvicorn

from services.chassis import web
from services.chassis.errors import SettingsError
from services.chassis.service import Context
from services.chassis.settings import QuerySettings
from services.query.app import create_app
from services.query.database import Database
from services.query.decisions import Sender
from services.query.live import Live

GRACE_S = 5
"""How long answers under way may take after a stop: half of what orchestrators wait at least before they
kill."""

logger = structlog.get_logger("onrecord.query")


class QueryService:
    """Serves the record until asked to stop."""

    name = "query"

    def __init__(self, context: Context) -> None:
        """Bind the port at once, so that a taken one shows before any work is done.

        Raises:
            SettingsError: the port is taken, the address is not this machine's, or the store's address or the
                token is wrong.
        """
        settings = context.settings.query
        self._database = Database(context.settings.store.address())
        self._socket = _bind(settings)
        host, port = self._socket.getsockname()[:2]
        self._address = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
        self._send = Sender(context.log)
        live = Live(self._database, settings.max_live, context.metrics)
        config = web.config(create_app(self._database, settings, context.metrics, self._send, live), GRACE_S)
        self._server = _Server(config, context.stop, live)
        self._ended = False

    @property
    def address(self) -> str:
        """``http://host:port`` as bound."""
        return self._address

    def run(self) -> None:
        """Serve until the context's ``stop`` is set; answers under way are finished."""
        logger.info("serving the record", address=self.address)
        try:
            self._server.run(sockets=[self._socket])
        finally:
            self._ended = True
            self.close()

    def close(self) -> None:
        """Free the port and the database's connections; safe to call twice, and enough for a service that
        never ran."""
        self._socket.close()
        self._database.close()
        self._send.close()

    def live(self) -> list[str]:
        """Why the server is dead; empty while it serves or has yet to start."""
        return ["the HTTP server has ended"] if self._ended else []

    def ready(self) -> list[str]:
        """Why the record cannot be read just now."""
        if not self._server.started or self._ended:
            return ["the HTTP server is not serving"]
        return self._database.check()


class _Server(uvicorn.Server):
    """uvicorn without signal handlers, ended by an event."""

    def __init__(self, config: uvicorn.Config, stop: threading.Event, live: Live) -> None:
        super().__init__(config)
        self._stop = stop
        self._live = live

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def on_tick(self, counter: int) -> bool:
        return self._stop.is_set() or await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._live.end()
        await super().shutdown(sockets)


def build(context: Context) -> QueryService:
    """The service for this context.

    Raises:
        SettingsError: as :class:`QueryService`.
    """
    return QueryService(context)


def _bind(settings: QuerySettings) -> socket.socket:
    try:
        found = socket.getaddrinfo(
            settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
    except OSError as error:
        raise SettingsError(
            [f"ONRECORD_QUERY__HOST: {settings.host!r} is no address of this machine ({error.strerror})"]
        ) from error
    family, kind, protocol, _, address = found[0]
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
    except OSError as error:
        listener.close()
        problem = (
            f"cannot listen on {settings.host} port {settings.port} ({error.strerror}); set another port, or"
            " 0 for a free one"
        )
        raise SettingsError([f"ONRECORD_QUERY__PORT: {problem}"]) from error
    return listener
