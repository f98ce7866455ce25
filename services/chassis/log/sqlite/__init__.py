"""The embedded event log: one SQLite file.

::

    log ── topics      create_topics, topics, and where a topic's partitions are
        ├─ producer    append
        ├─ consumer    poll, seek, lag; the stage's and the sink's commit
        │    ├─ leases      one live consumer per group; owners: is a process still there
        │    ├─ offsets     what a group has committed
        │    └─ bell        waking up, inside and across processes
        ├─ records     how a record is stored, appended and read
        ├─ cleaning    retention and compaction; upkeep: when a live member does a little of it
        └─ database    connections, transactions and errors; place: where the file lies; schema: what is in it
"""

from __future__ import annotations

from services.chassis.log.sqlite.log import SqliteLog

__all__ = ["SqliteLog"]
