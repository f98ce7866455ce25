"""Pinned against the Kafka client, so that both engines place and measure messages alike."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from kafka.partitioner.default import murmur2 as kafka_murmur2
from kafka.record.default_records import DefaultRecordBatchBuilder

from services.chassis.log.limits import message_bytes
from services.chassis.log.partitioner import murmur2, partition_for
from services.chassis.log.types import Message


def test_known_hashes_of_the_java_client() -> None:
    # from UtilsTest.testMurmur2 of Apache Kafka
    known = {
        b"21": -973932308,
        b"foobar": -790332482,
        b"a-little-bit-long-string": -985981536,
        b"a-little-bit-longer-string": -1486304829,
        b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8": -58897971,
        b"abc": 479470107,
    }
    assert {key: murmur2(key) for key in known} == {key: value & 0xFFFFFFFF for key, value in known.items()}


@given(st.binary(max_size=70), st.integers(1, 64))
def test_partitions_are_the_kafka_clients(key: bytes, partitions: int) -> None:
    assert murmur2(key) == kafka_murmur2(key)
    assert partition_for(key, partitions) == (kafka_murmur2(key) & 0x7FFFFFFF) % partitions


@given(
    st.none() | st.binary(max_size=300),
    st.none() | st.integers(0, 20_000).map(bytes),
    st.lists(
        st.tuples(st.text(st.characters(codec="utf-8"), max_size=80), st.binary(max_size=150)), max_size=70
    ).map(tuple),
)
def test_sizes_are_the_kafka_clients(
    key: bytes | None, value: bytes | None, headers: tuple[tuple[str, bytes], ...]
) -> None:
    assert message_bytes(
        Message("t", key, value, headers)
    ) == DefaultRecordBatchBuilder.estimate_size_in_bytes(key, value, headers)
