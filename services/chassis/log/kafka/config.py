"""What every client of ours is configured with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from services.chassis.reach import ASK_S
from services.chassis.settings import KafkaSettings

MAX_REQUEST_BYTES = 32 * 1_048_576
"""Above the largest topic limit (8 MiB of dead letters); the topics' own limits are what bounds a message."""
RECONNECT_BACKOFF_MAX_MS = 1_000
"""The client's default of 30 s would make every broker restart a long outage."""
METADATA_MAX_AGE_MS = round(ASK_S * 1000)
"""How often every client asks for metadata, whatever else it does: a broker's answer is what shows that the
log is within reach, and a partition that was added is noticed (the client's default is five minutes)."""
LINGER_MS = 20
"""Lets a transaction's records share requests; costs nothing, because the transaction flushes right after its
last record."""
RETRY_BACKOFF_MS = 10
"""A transaction that begins right behind another is told to wait until that one's markers are written, which
takes a few milliseconds; the client's default of 100 ms would be most of a transaction's time."""
PARTITION_FETCH_BYTES = 229_376
"""Read ahead of each partition, larger records excepted: at the client's default of 1 MiB, the 34 partitions
that aggregate reads lie in its memory with some 30 MB, and with several copies of what is being handled."""
FETCH_WAIT_MS = 500
"""How long a broker holds a fetch that has nothing to give; data ends it at once."""

Rebalanced = Callable[[str, int], None]
"""Told of every rebalance: kind (``assigned``, ``revoked``, ``lost``) and number of partitions."""
Rebuilt = Callable[[str], None]
"""Told of every producer that is replaced, with the bounded label of what made it."""


def milliseconds(seconds: float) -> int:
    """Seconds as the client takes them."""
    return round(seconds * 1000)


def connection(settings: KafkaSettings, client_id: str) -> dict[str, Any]:
    """Where the brokers are and how to talk to them; the same for consumers, producers and admin clients."""
    files = {
        "ssl_cafile": settings.ssl_cafile,
        "ssl_certfile": settings.ssl_certfile,
        "ssl_keyfile": settings.ssl_keyfile,
    }
    return {
        "bootstrap_servers": list(settings.bootstrap_servers),
        "client_id": client_id,
        "security_protocol": settings.security_protocol,
        "sasl_mechanism": settings.sasl_mechanism,
        "sasl_plain_username": settings.sasl_username,
        "sasl_plain_password": settings.password(),
        "ssl_check_hostname": settings.ssl_check_hostname,
        "ssl_password": settings.ssl_key_password.get_secret_value() if settings.ssl_key_password else None,
        **{name: str(path) if path else None for name, path in files.items()},
        "request_timeout_ms": milliseconds(settings.request_timeout_s),
        "bootstrap_timeout_ms": milliseconds(settings.bootstrap_timeout_s),
        "reconnect_backoff_max_ms": RECONNECT_BACKOFF_MAX_MS,
        "metadata_max_age_ms": METADATA_MAX_AGE_MS,
    }


def producer(settings: KafkaSettings, transactional_id: str) -> dict[str, Any]:
    """A transactional producer: request < delivery < transaction < poll interval (checked in the
    settings)."""
    return {
        **connection(settings, transactional_id),
        "transactional_id": transactional_id,
        "acks": "all",
        "allow_auto_create_topics": False,
        "delivery_timeout_ms": milliseconds(settings.delivery_timeout_s),
        "transaction_timeout_ms": milliseconds(settings.transaction_timeout_s),
        "max_block_ms": milliseconds(settings.transaction_timeout_s),
        "max_request_size": MAX_REQUEST_BYTES,
        "linger_ms": LINGER_MS,
        "retry_backoff_ms": RETRY_BACKOFF_MS,
    }


def reader(settings: KafkaSettings, client_id: str) -> dict[str, Any]:
    """A consumer without a group: sees committed records only."""
    return {
        **connection(settings, client_id),
        "allow_auto_create_topics": False,
        "auto_offset_reset": "earliest",
        "enable_auto_commit": False,
        "isolation_level": "read_committed",
        "fetch_max_wait_ms": min(FETCH_WAIT_MS, milliseconds(settings.request_timeout_s) - 1),
    }


def member(settings: KafkaSettings, group: str, slot: str) -> dict[str, Any]:
    """A group member that keeps its partitions over a restart (static membership)."""
    return {
        **reader(settings, f"{group}-{slot}"),
        "group_id": group,
        "max_partition_fetch_bytes": PARTITION_FETCH_BYTES,
        # the broker then also checks which member commits (H4)
        "group_instance_id": f"{group}-{slot}",
        "session_timeout_ms": milliseconds(settings.session_timeout_s),
        # three heartbeats may be lost before the session ends
        "heartbeat_interval_ms": max(1, milliseconds(settings.session_timeout_s / 4)),
        "max_poll_interval_ms": milliseconds(settings.max_poll_interval_s),
    }
