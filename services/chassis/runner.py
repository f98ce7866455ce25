"""Runs services in one process: threads, signals, health, and one exit code."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

import structlog

from services.chassis.health import OpsServer
from services.chassis.service import Context, Service

logger = structlog.get_logger()


SIGNALLED = 128
"""A program that a signal ended exits with this and the signal's number: 130 after Ctrl-C."""


@dataclass(slots=True)
class Asked:
    """Which signal asked for the end; None as long as none did."""

    signal: int | None = None


@contextmanager
def stopping_on_signals(stop: threading.Event) -> Iterator[Asked]:
    """SIGTERM or SIGINT asks for a clean end; a second one leaves at once with 128 + its number."""
    asked = Asked()

    def on_signal(number: int, frame: FrameType | None) -> None:
        if asked.signal is not None:
            os._exit(SIGNALLED + number)
        asked.signal = number
        # not here: the interrupted main thread may hold the event's lock, which is not reentrant
        threading.Thread(target=stop.set, name="stop").start()

    before = {number: signal.signal(number, on_signal) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class Group:
    """Services running on threads. When one fails, all are stopped and its error is raised by
    :meth:`join`."""

    def __init__(self, services: Sequence[Service], stop: threading.Event) -> None:
        self.services = services
        self._stop = stop
        self._errors: list[BaseException] = []
        self._threads = [
            threading.Thread(target=self._run, args=(service,), name=service.name) for service in services
        ]

    def start(self) -> None:
        """Start every service."""
        for thread in self._threads:
            thread.start()

    def _run(self, service: Service) -> None:
        structlog.contextvars.bind_contextvars(service=service.name)
        try:
            service.run()
        except BaseException as error:  # noqa: BLE001 - raised again by join, in the thread that can act on it
            self._errors.append(error)
            self._stop.set()
        else:
            if not self._stop.is_set():
                logger.warning("service ended on its own", service=service.name)

    @property
    def failed(self) -> bool:
        """Whether a service has ended with an error."""
        return bool(self._errors)

    def join(self) -> None:
        """Wait for all services to end.

        Raises:
            BaseException: the first error a service ended with.
        """
        for thread in self._threads:
            # a timeout lets the main thread run signal handlers
            while thread.is_alive():
                thread.join(0.2)
        if self._errors:
            raise self._errors[0]


def run_services(
    context: Context, services: Sequence[Service], work: Callable[[Group], None] | None = None
) -> int | None:
    """Run services with their health endpoint until a signal, an error, or the end of ``work``; returns the
    signal, if one came.

    Args:
        context: what the services were built with.
        services: run on a thread each.
        work: done on this thread meanwhile; when it returns the services are stopped. Without it they run
            until a signal.

    Raises:
        BaseException: the first error a service or ``work`` ended with.
    """
    for service in services:
        context.metrics.seed(service.name)
    group = Group(services, context.stop)
    with (
        stopping_on_signals(context.stop) as asked,
        OpsServer(context.settings.ops, context.metrics, services) as ops,
    ):
        logger.info("ops endpoint", address=ops.address)
        group.start()
        try:
            if work is not None:
                work(group)
                context.stop.set()
        except BaseException:
            context.stop.set()
            raise
        finally:
            group.join()
    return asked.signal
