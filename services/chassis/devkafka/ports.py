"""Free ports on loopback, for servers that must be told their port before they start."""

from __future__ import annotations

import random
import socket
import threading
from contextlib import ExitStack
from pathlib import Path

LOWEST = 10_000
"""Below are the ports of well-known servers."""
TAKEN_FROM = Path("/proc/sys/net/ipv4/ip_local_port_range")
"""Where Linux says from which range it takes the ports of connections, and of servers that leave theirs to
it."""
ENOUGH = 5_000
"""Of ports below that range, to choose among them: fewer, and two test runs on one machine would choose the
same."""

_lock = threading.Lock()
_given: set[int] = set()


def free_ports(count: int) -> list[int]:
    """Ports that were free a moment ago, all different, and different from all that were given before.

    Below the range that the system takes ports from, where that is known: a port from within it may be gone
    before its server listens, or while its server is down, and a client that tries such a port again and
    again may end up connected to itself.
    """
    with _lock, ExitStack() as held:
        found: list[int] = []
        while len(found) < count:
            probe = held.enter_context(socket.socket())
            try:
                probe.bind(("127.0.0.1", _candidate()))
            except OSError:
                continue
            port = int(probe.getsockname()[1])
            if port not in _given:
                _given.add(port)
                found.append(port)
        return found


def _candidate() -> int:
    """A port to try; 0 leaves the choice to the system."""
    try:
        first = int(TAKEN_FROM.read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return 0
    return random.SystemRandom().randrange(LOWEST, first) if first - LOWEST >= ENOUGH else 0
