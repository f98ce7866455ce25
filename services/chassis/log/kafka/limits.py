"""How large a message each topic takes."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Sequence

from services.chassis.errors import TopicMissing
from services.chassis.log.limits import check_size
from services.chassis.log.types import Message

FRESH_S = 60.0
"""A limit that an operator changed is noticed after this long."""


class TopicLimits:
    """Remembers ``max.message.bytes`` per topic, so that a message too large is refused before anything is
    sent.

    ``look_up`` is given topic names and returns the limits of those that exist.
    """

    def __init__(self, look_up: Callable[[Sequence[str]], dict[str, int]]) -> None:
        self._look_up = look_up
        self._known: dict[str, tuple[int, float]] = {}
        self._lock = threading.Lock()

    def check(self, messages: Iterable[Message]) -> None:
        """Refuse messages that no broker would take.

        Raises:
            LimitExceeded: a message is larger than its topic allows.
            TopicMissing: a topic does not exist.
        """
        messages = tuple(messages)
        limits = self._limits({message.topic for message in messages})
        for message in messages:
            if message.topic not in limits:
                raise TopicMissing(
                    f"topic {message.topic} does not exist: create it with `onrecord topics create`"
                )
            check_size(message, limits[message.topic])

    def _limits(self, topics: set[str]) -> dict[str, int]:
        with self._lock:
            now = time.monotonic()
            stale = [
                topic for topic in topics if topic not in self._known or self._known[topic][1] < now - FRESH_S
            ]
            if stale:
                found = self._look_up(sorted(stale))
                for topic in stale:
                    self._known.pop(topic, None)
                self._known.update({topic: (limit, now) for topic, limit in found.items()})
            return {topic: self._known[topic][0] for topic in topics if topic in self._known}
