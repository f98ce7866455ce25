"""One live consumer per group: a lease that must be renewed, and passes on when its owner has gone."""

from __future__ import annotations

import sqlite3
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from services.chassis.errors import FencedError, GroupInUse
from services.chassis.log.sqlite.owners import Owner, is_dead, this_process

LEASE_MS: Final = 60_000
"""Only a consumer that hangs, or one in another container, is waited for this long: a dead process of this
machine is seen at once. A batch of the slowest articles takes less; one that takes longer goes on as long as
nobody asked for the group."""


@dataclass(slots=True)
class Lease:
    """The right to read for ``group``. The token fences: whoever came later wrote another one."""

    path: Path
    group: str
    token: str
    duration_ms: int
    expires_ms: int

    @classmethod
    def take(
        cls, connection: sqlite3.Connection, path: Path, group: str, slot: str, duration_ms: int, now_ms: int
    ) -> Lease:
        """Take the group's lease inside the caller's transaction.

        Raises:
            GroupInUse: a live process holds it.
        """
        row = connection.execute(
            "SELECT host, pid, process_started, slot, expires_ms FROM lease WHERE group_name = ?", (group,)
        ).fetchone()
        if row is not None and row[4] > now_ms:
            owner = Owner(*row[:3])
            if not is_dead(owner):
                raise GroupInUse(
                    f"group {group} of event log {path} is read by process {owner.pid} on {owner.node} (slot"
                    f" {row[3]}, lease ends in {(row[4] - now_ms + 999) // 1000} s unless renewed). The"
                    " embedded log has one live consumer per group: stop that process first, or use Kafka to"
                    " scale out (ONRECORD_LOG__ENGINE=kafka)"
                )
        me = this_process()
        lease = cls(path, group, uuid.uuid4().hex, duration_ms, now_ms + duration_ms)
        connection.execute(
            "INSERT OR REPLACE INTO lease (group_name, token, slot, host, pid, process_started, expires_ms)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (group, lease.token, slot, me.host, me.pid, me.started, lease.expires_ms),
        )
        return lease

    def require(self, connection: sqlite3.Connection) -> None:
        """See that the lease is still held, within the caller's transaction. Expired but taken by nobody
        counts as held.

        Raises:
            FencedError: somebody else took it.
        """
        row = connection.execute(
            "SELECT token, pid, host FROM lease WHERE group_name = ?", (self.group,)
        ).fetchone()
        if row is None or row[0] != self.token:
            by = "nobody now" if row is None else f"process {row[1]} on {Owner(row[2], row[1], 0).node}"
            raise FencedError(
                f"this consumer of group {self.group} of event log {self.path} was deposed; the group is read"
                f" by {by}"
            )

    def due(self, now_ms: int) -> bool:
        """Whether a third of the time is gone, so that two more chances to renew are left."""
        return now_ms >= self.expires_ms - self.duration_ms * 2 // 3

    def renew(self, connection: sqlite3.Connection, now_ms: int) -> int:
        """Write a later end inside the caller's transaction; returns it, to be kept once that has committed.

        Raises:
            FencedError: somebody else took the lease.
        """
        self.require(connection)
        expires_ms = now_ms + self.duration_ms
        connection.execute("UPDATE lease SET expires_ms = ? WHERE group_name = ?", (expires_ms, self.group))
        return expires_ms

    def release(self, connection: sqlite3.Connection) -> None:
        """Give the lease back inside the caller's transaction; nothing happens when somebody else holds
        it."""
        connection.execute("DELETE FROM lease WHERE group_name = ? AND token = ?", (self.group, self.token))
