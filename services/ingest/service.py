"""The ingest service: the push API and the feed poller on one publisher."""

from __future__ import annotations

import ipaddress
import socket
import threading
import time
from contextlib import ExitStack

import structlog
import uvicorn

from services.chassis import web
from services.chassis.errors import SettingsError
from services.chassis.reach import Asking, Reach
from services.chassis.service import Context, Service
from services.chassis.settings import IngestSettings
from services.ingest.account import SERVICE
from services.ingest.feeds.poller import FeedPoller
from services.ingest.publish import HOPELESS, Publisher
from services.ingest.push import create_app

logger = structlog.get_logger()

GRACE_S = 10
"""Requests in flight when asked to stop get this long to finish."""
STOP_GRACE_S = GRACE_S + 5.0


class IngestService:
    """Serves ``POST /v1/articles`` and polls the feeds of the settings until stopped."""

    name = SERVICE

    def __init__(self, context: Context) -> None:
        """Bind the port at once.

        Raises:
            SettingsError: the port or the index cannot be used, or others may send articles without a token.
        """
        self._context = context
        self._settings = context.settings.ingest
        self._socket = _bind(self._settings)
        try:
            _require_token(self._settings, self._socket)
            self._publisher = Publisher(context, "service")
        except BaseException:
            self._socket.close()
            raise
        index = Reach("index")
        self._asking = Asking(index, self._publisher.check_index)
        self._reaches = (context.log.reach, index)
        for reach in self._reaches:
            reach.expose(context.metrics, SERVICE)
        app = create_app(self._settings, self._publisher, context.metrics, self._fail)
        self._server = uvicorn.Server(web.config(app, GRACE_S))
        self._failure: BaseException | None = None
        self._poller: FeedPoller | None = None
        self._serving = threading.Thread(target=self._serve, name="push", daemon=True)

    @property
    def address(self) -> str:
        """``http://host:port`` as bound."""
        host, port = self._socket.getsockname()[:2]
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    def run(self) -> None:
        """See :class:`services.chassis.service.Service`.

        Raises:
            TopicMissing, LogUnreadable: the log has no topics, or is gone, from the start or later on. One
                out of reach is waited for.
        """
        with ExitStack() as opened:
            opened.callback(self._socket.close)
            opened.callback(self._publisher.close)
            self._publisher.probe()
            self._asking.start()
            opened.callback(self._asking.close)
            if self._settings.feeds:
                self._poller = FeedPoller(self._context, self._publisher, self._settings.feeds)
                opened.callback(self._poller.close)
            logger.info("push API", address=self.address, feeds=len(self._settings.feeds))
            self._serving.start()
            opened.callback(self._stop_serving)
            if self._poller:
                self._poller.run()
            self._context.stop.wait()
        if self._failure:
            raise self._failure

    def _stop_serving(self) -> None:
        self._server.should_exit = True
        self._serving.join(STOP_GRACE_S)

    def _fail(self, error: BaseException) -> None:
        """End the service with this error, raised by :meth:`run` in the service's own thread."""
        self._failure = self._failure or error
        self._context.stop.set()

    def _serve(self) -> None:
        try:
            self._server.run(sockets=[self._socket])
        except BaseException as error:  # noqa: BLE001 - raised again by run
            self._fail(error)
        finally:
            self._context.stop.set()

    def live(self) -> list[str]:
        """Why the service is stuck: its push server is gone though nobody asked it to stop, or the feed loop
        does not turn."""
        if self._serving.ident is None or self._context.stop.is_set():
            return []
        reasons = [] if self._serving.is_alive() else ["push server has ended"]
        still = time.monotonic() - self._poller.turned_at if self._poller else 0.0
        return reasons + (
            [f"feed loop has not turned for {still:.0f} s"]
            if still > self._context.settings.stage.stall_s
            else []
        )

    def ready(self) -> list[str]:
        """Why it cannot take articles just now."""
        silent = [problem for problem in (reach.problem() for reach in self._reaches) if problem]
        if self._publisher.problem and not silent:
            try:
                self._publisher.probe()
            except HOPELESS as error:
                self._fail(error)
        reasons = [] if self._server.started else ["push server is starting"]
        if silent:
            return reasons + silent
        return reasons + ([f"log: {self._publisher.problem}"] if self._publisher.problem else [])

    def wait_until_ready(self, timeout_s: float) -> bool:
        """Wait for the push server; False when it took too long."""
        deadline = time.monotonic() + timeout_s
        while not self._server.started and time.monotonic() < deadline:
            if self._context.stop.wait(0.01):
                return False
        return self._server.started


def build(context: Context) -> Service:
    """The service for ``onrecord service ingest``."""
    return IngestService(context)


def _bind(settings: IngestSettings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.push_host else socket.AF_INET
    # asyncio switches Nagle's delay off only on sockets that name their protocol: 40 ms per request otherwise
    bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((settings.push_host, settings.push_port))
    except OSError as error:
        bound.close()
        where = f"{settings.push_host}:{settings.push_port}"
        problem = f"cannot listen on {where} ({error.strerror}); set another port, or 0 for a free one"
        raise SettingsError([f"ONRECORD_INGEST__PUSH_PORT: {problem}"]) from error
    return bound


def _require_token(settings: IngestSettings, bound: socket.socket) -> None:
    """Who may reach the port from elsewhere must show a token: what is pushed is on record as said by real
    people."""
    address = bound.getsockname()[0]
    if settings.token() is None and not ipaddress.ip_address(address.partition("%")[0]).is_loopback:
        problem = (
            f"not set, and others can reach ONRECORD_INGEST__PUSH_HOST={settings.push_host}: set a token, or"
            " ONRECORD_INGEST__PUSH_TOKEN_FILE, which senders give as Authorization: Bearer TOKEN, or listen"
            " on 127.0.0.1"
        )
        raise SettingsError([f"ONRECORD_INGEST__PUSH_TOKEN: {problem}"])
