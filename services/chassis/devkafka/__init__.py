"""A real Apache Kafka on loopback without Docker: for tests, and for people who want to try the distributed
engine.

The server's jars are resolved through Maven (``deploy/kafka/pom.xml``) once and kept in ``.cache/kafka``;
brokers run on the machine's own Java with small heaps. Never meant for production: one machine, no TLS, no
authentication.
"""

from services.chassis.devkafka.broker import Broker, BrokerFailed
from services.chassis.devkafka.cluster import KafkaCluster
from services.chassis.devkafka.jars import ToolMissing, libraries

__all__ = ["Broker", "BrokerFailed", "KafkaCluster", "ToolMissing", "libraries"]
