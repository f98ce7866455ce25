"""Robots rules, RFC 9309: fetched once per origin and a day, refused while they cannot be reached.

- 2xx: the rules hold;
- 4xx: no rules, everything may be fetched;
- 5xx, no connection, or a redirect to a refused address: **unreachable**, nothing may be fetched; asked again
  after ten minutes.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from protego import Protego

KEPT_S = 86_400.0
"""RFC 9309: not longer than a day."""
UNREACHABLE_KEPT_S = 600.0
MAX_ORIGINS = 10_000
"""Origins remembered, the latest used: feeds of one process name some hundreds, and rules take a few kB each.
One forgotten is asked again."""
MAX_CRAWL_DELAY_S = 60.0
"""A longer one would stop a poll from ever ending; it is honoured up to here."""


@dataclass(frozen=True, slots=True)
class Rules:
    """One origin's rules for us. ``parsed`` None: everything or nothing, as ``otherwise`` says."""

    parsed: Protego | None
    otherwise: bool
    agent: str
    until: float

    def allow(self, url: str) -> bool:
        """Whether this address may be fetched."""
        return self.parsed.can_fetch(url, self.agent) if self.parsed else self.otherwise

    @property
    def crawl_delay_s(self) -> float:
        """The time between two requests that the origin asks for."""
        asked = self.parsed.crawl_delay(self.agent) if self.parsed else None
        return min(float(asked), MAX_CRAWL_DELAY_S) if asked else 0.0

    @property
    def why(self) -> str:
        """Why something is not allowed."""
        return (
            "robots rules do not allow it"
            if self.parsed
            else "its robots rules cannot be reached, so nothing is fetched for now"
        )


class Robots:
    """The rules of the origins asked lately."""

    def __init__(self, user_agent: str, fetch: Callable[[str], tuple[int, bytes]]) -> None:
        """``fetch`` answers status and body of an origin's robots file, status 0 when it cannot be
        reached."""
        # rules name the product, without version and comment
        self._agent = user_agent.split("/")[0].split()[0]
        self._fetch = fetch
        self._lock = threading.Lock()
        self._known: OrderedDict[str, Rules] = OrderedDict()

    def rules(self, origin: str) -> Rules:
        """The origin's rules, fetched when they are not known or too old."""
        with self._lock:
            rules = self._known.get(origin)
            if rules:
                self._known.move_to_end(origin)
        if rules and rules.until > time.monotonic():
            return rules
        rules = self._read(*self._fetch(origin))
        with self._lock:
            self._known[origin] = rules
            self._known.move_to_end(origin)
            if len(self._known) > MAX_ORIGINS:
                self._known.popitem(last=False)
        return rules

    def _read(self, status: int, body: bytes) -> Rules:
        now = time.monotonic()
        if 200 <= status < 300:
            return Rules(
                Protego.parse(body.decode("utf-8", "replace")),
                otherwise=True,
                agent=self._agent,
                until=now + KEPT_S,
            )
        if 400 <= status < 500:
            return Rules(None, otherwise=True, agent=self._agent, until=now + KEPT_S)
        return Rules(None, otherwise=False, agent=self._agent, until=now + UNREACHABLE_KEPT_S)
