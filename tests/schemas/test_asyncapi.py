"""The AsyncAPI document: in step, structurally sound, and its payloads and examples true under draft-07.

``@asyncapi/parser`` 3.6.3 reads the document without an error; it is no Python package, so its rules that
matter are checked here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator

from schemas.events import EVENTS, Article, Event
from services.aggregate import service as aggregate
from services.chassis import asyncapi
from services.chassis.errors import PoisonError
from services.chassis.log.groups import READ
from services.chassis.log.topics import DLQ_SUFFIX, declared, dlq_of
from services.chassis.log.types import Record, TopicPartition
from services.chassis.stage.dead_letters import CONTRACT_HEADERS, dead_letter
from services.chassis.stage.settled import mark
from services.extract import service as extract
from tests.support.golden import GOLDEN, NAMES, Golden

DOCUMENT = yaml.safe_load(asyncapi.PATH.read_text(encoding="utf-8"))
MESSAGES = DOCUMENT["components"]["messages"]
KEY = re.compile(r"[A-Za-z0-9_.-]+")


def at(reference: str) -> Any:
    node = DOCUMENT
    for step in reference.removeprefix("#/").split("/"):
        node = node[step]
    return node


def references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        for name, value in node.items():
            if name == "$ref":
                yield value
            else:
                yield from references(value)
    elif isinstance(node, list):
        for item in node:
            yield from references(item)


def test_the_document_is_in_step() -> None:
    assert asyncapi.main(["--check"]) == 0
    assert yaml.safe_load(asyncapi.render()) == asyncapi.document()


def test_the_check_sees_a_difference(tmp_path: Path) -> None:
    path = tmp_path / "asyncapi.yaml"
    said: list[str] = []
    assert asyncapi.main(["--check", "--output", str(path)], said.append) == 1
    assert asyncapi.main(["--output", str(path)]) == 0
    assert asyncapi.main(["--check", "--output", str(path)]) == 0
    path.write_text(path.read_text(encoding="utf-8").replace("3.0.0", "2.6.0"), encoding="utf-8")
    assert asyncapi.main(["--check", "--output", str(path)], said.append) == 1
    assert "make schemas" in said[-1]


def test_the_root_is_as_asyncapi_3_demands() -> None:
    assert DOCUMENT["asyncapi"] == "3.0.0"
    assert {"title", "version"} <= set(DOCUMENT["info"])
    assert DOCUMENT["defaultContentType"] == "application/json"
    assert {server["protocol"] for server in DOCUMENT["servers"].values()} == {"kafka", "kafka-secure"}
    for section in (DOCUMENT["channels"], DOCUMENT["operations"], MESSAGES):
        assert all(KEY.fullmatch(name) for name in section)


def test_every_reference_leads_somewhere() -> None:
    found = set(references(DOCUMENT))
    assert len(found) > 10
    for reference in found:
        assert at(reference)


def test_channels_are_the_declared_topics() -> None:
    channels = {channel["address"]: channel for channel in DOCUMENT["channels"].values()}
    assert set(channels) == {spec.name for spec in declared()}
    for spec in declared():
        binding = channels[spec.name]["bindings"]["kafka"]
        configuration = binding["topicConfiguration"]
        assert (binding["topic"], binding["partitions"]) == (spec.name, spec.partitions)
        assert configuration["max.message.bytes"] == spec.max_message_bytes
        assert configuration["cleanup.policy"] == ["compact" if spec.compact else "delete"]
        assert configuration.get("retention.ms") == spec.retention_ms


def test_operations_use_messages_of_their_channel() -> None:
    for name, operation in DOCUMENT["operations"].items():
        assert operation["action"] in ("send", "receive"), name
        channel = operation["channel"]["$ref"]
        assert all(message["$ref"].startswith(f"{channel}/messages/") for message in operation["messages"]), (
            name
        )
        group = operation.get("bindings", {}).get("kafka", {}).get("groupId")
        assert (group is not None) == (operation["action"] == "receive"), name


def test_every_event_is_sent_and_what_is_read_can_be_dead_lettered() -> None:
    done = {
        (operation["action"], at(operation["channel"]["$ref"])["address"])
        for operation in DOCUMENT["operations"].values()
    }
    for event in EVENTS:
        assert ("send", event.topic) in done
    for flow in asyncapi.FLOWS:
        assert set(flow.reads) <= set(flow.rejects)
    for action, topic in done:
        if action == "receive" and not topic.endswith(DLQ_SUFFIX):
            assert ("send", dlq_of(topic)) in done


def test_groups_are_those_the_services_join() -> None:
    groups = {flow.service: flow.group for flow in asyncapi.FLOWS}
    assert groups["extract"] == extract.GROUP
    assert groups["aggregate"] == aggregate.GROUP
    read = {
        flow.group: (*(event.topic for event in flow.reads), *flow.notes)
        for flow in asyncapi.FLOWS
        if flow.group
    }
    assert read == dict(READ)


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.schema_name)
def test_messages_hold_what_the_binding_needs(event: type[Event]) -> None:
    message = MESSAGES[event.__name__]
    assert message["name"] == event.event_type
    assert message["payload"]["schemaFormat"] == "application/schema+json;version=draft-07"
    schema = message["payload"]["schema"]
    assert schema["$id"] == event.schema_uri()
    assert not list(references(schema)), "a payload stands on its own"
    Draft7Validator.check_schema(schema)
    Draft7Validator.check_schema(message["headers"])
    assert message["bindings"]["kafka"]["key"]["type"] == "string"
    assert message["headers"]["properties"]["ce_type"]["const"] == event.event_type
    assert {"ce_specversion", "ce_id", "ce_source", "ce_type"} == set(message["headers"]["required"])


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.schema_name)
def test_examples_are_valid(event: type[Event]) -> None:
    message = MESSAGES[event.__name__]
    assert [example["name"] for example in message["examples"]] == ["minimal", "full"]
    for example in message["examples"]:
        assert set(example) <= {"name", "summary", "headers", "payload"}
        assert [
            error.message
            for error in Draft7Validator(message["payload"]["schema"]).iter_errors(example["payload"])
        ] == []
        assert [
            error.message for error in Draft7Validator(message["headers"]).iter_errors(example["headers"])
        ] == []
        assert event.read(json.dumps(example["payload"]))


@pytest.mark.parametrize("golden", GOLDEN, ids=NAMES)
def test_golden_fixtures_keep_payload_and_headers(golden: Golden) -> None:
    message = MESSAGES[golden.event.__name__]
    payload, headers = Draft7Validator(message["payload"]["schema"]), Draft7Validator(message["headers"])
    assert [error.message for error in payload.iter_errors(golden.value)] == []
    assert [error.message for error in headers.iter_errors(golden.headers)] == []
    assert not headers.is_valid({**golden.headers, "ce_type": "org.onrecord.other.v1"})
    assert not payload.is_valid([golden.value])


def test_dead_letters_carry_the_header_contract() -> None:
    headers = MESSAGES["DeadLetter"]["headers"]
    assert tuple(headers["required"]) == CONTRACT_HEADERS
    assert set(headers["properties"]) == {*CONTRACT_HEADERS, *asyncapi.INGEST_HEADERS}
    error = PoisonError("x", stage="decode", reason="not_json")
    written = dict(dead_letter(Record(Article.topic, -1, -1, 1, None, None), error, group="ingest").headers)
    Draft7Validator(headers).validate({name: value.decode() for name, value in written.items()})
    dead = [channel for channel in DOCUMENT["channels"].values() if channel["address"].endswith(".dlq")]
    assert len(dead) == 5
    assert all(set(channel["messages"]) == {"DeadLetter", "DeadLettersSettled"} for channel in dead)


def test_marks_of_settled_letters_are_described() -> None:
    described = MESSAGES["DeadLettersSettled"]
    written = mark(TopicPartition(dlq_of(Article.topic), 0), {3, 4, 5, 9})
    Draft7Validator(described["payload"]["schema"]).validate(json.loads(written.value or b""))
    Draft7Validator(described["headers"]).validate({name: value.decode() for name, value in written.headers})
