"""Building clients that leave nothing behind when they cannot be built."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from kafka.net.compat import KafkaNetClient

Client = TypeVar("Client")


def open_client(make: Callable[..., Client], configuration: dict[str, Any]) -> Client:
    """``make(**configuration)``, for a consumer, producer or admin client.

    kafka-python 3.0.12 starts an I/O thread in the constructor and forgets it, with its sockets, when the brokers cannot be
    reached; retried through an outage, that would be a thread every few seconds.
    """
    networks: list[KafkaNetClient] = []

    def network(**arguments: Any) -> KafkaNetClient:
        networks.append(KafkaNetClient(**arguments))
        return networks[-1]

    try:
        return make(**configuration, kafka_client=network)
    except BaseException:
        for one in networks:
            one.close()
            one._manager._net.stop()
        raise
