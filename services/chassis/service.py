"""What a service is to the program that runs it."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Protocol

from services.chassis.log.types import EventLog
from services.chassis.metrics import Metrics
from services.chassis.settings import Settings
from services.chassis.tracing import Spans


@dataclass(frozen=True, slots=True)
class Context:
    """What a service is given. ``stop`` is set once, to ask for a clean end: finish or abort the batch,
    commit, return.

    ``spans`` takes finished spans where they are exported. ``supervised`` says that whoever runs this process
    starts it again when it ends, as containers are.
    """

    settings: Settings
    log: EventLog
    metrics: Metrics
    stop: threading.Event = field(default_factory=threading.Event)
    spans: Spans | None = None
    supervised: bool = False


class Service(Protocol):
    """A long-running part of the pipeline: ``services.<name>.service.build(context)`` makes one."""

    name: str

    def run(self) -> None:
        """Work until ``context.stop`` is set. Raising means the process must end with an error."""
        ...

    def live(self) -> list[str]:
        """Why the service is stuck; empty when it is alive. Idle is alive, a rebalance is alive."""
        ...

    def ready(self) -> list[str]:
        """Why the service cannot take work just now; empty when it can."""
        ...
