"""The AsyncAPI document: ``python -m services.chassis.asyncapi [--check]`` writes or checks
``schemas/asyncapi.yaml``.

Made from the topics' one declaration, the event models and the golden fixtures. It is AsyncAPI 3.0, which
more tools read than 3.1 and which has everything used here; payloads are draft-07, the newest JSON Schema
that every AsyncAPI tool must read, and stand on their own (tools disagree on what a reference inside a
payload refers to).
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import yaml

import schemas
from schemas.events import EVENTS, ActorRecord, Article, Claim, Decision, Document, Event, Quote
from schemas.export import FIXTURES_FOLDER, event_schema, inlined
from services.chassis.cloudevents import JSON_TYPE, SPEC_VERSION
from services.chassis.log.groups import AGGREGATE_GROUP, EXTRACT_GROUP
from services.chassis.log.topics import DLQ_SUFFIX, declared, dlq_of
from services.chassis.log.types import TopicSpec
from services.chassis.stage.dead_letters import CONTRACT_VERSION as LETTER_VERSION
from services.chassis.stage.dead_letters import PREFIX, REPLAY_COUNT
from services.chassis.stage.settled import MARK_HEADERS

PATH = Path(schemas.__file__).parent / "asyncapi.yaml"
CONTRACT_VERSION = "1.2.0"
"""Of the contract, not of the program: major with any event's, minor with every compatible addition and with
the dead letters', which carry a version of their own."""

DRAFT_07 = "http://json-schema.org/draft-07/schema"
_PAYLOAD_FORMAT = "application/schema+json;version=draft-07"
_BINDING_VERSION = "0.5.0"
_DEAD_LETTER = "DeadLetter"
_SETTLED = "DeadLettersSettled"

Node = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Flow:
    """What a service does with events. Every event it reads it may also dead-letter."""

    service: str
    summary: str
    reads: tuple[type[Event], ...] = ()
    writes: tuple[type[Event], ...] = ()
    rejects: tuple[type[Event], ...] = ()
    notes: tuple[str, ...] = ()
    """Topics it reads for the trail of each article: nothing of them is dead-lettered."""
    group: str | None = None


FLOWS = (
    Flow("ingest", "Takes articles in.", writes=(Article,), rejects=(Article,)),
    Flow(
        "extract",
        "Finds quotes and claims in articles.",
        reads=(Article,),
        writes=(Document, Quote, Claim),
        rejects=(Article,),
        group=EXTRACT_GROUP,
    ),
    Flow(
        "aggregate",
        "Keeps the record per actor.",
        reads=(Document, Quote, Claim, Decision),
        writes=(ActorRecord,),
        rejects=(Document, Quote, Claim, Decision),
        notes=(Article.topic, *(dlq_of(event.topic) for event in (Article, Document, Quote, Claim))),
        group=AGGREGATE_GROUP,
    ),
    Flow("query", "Serves the record, and takes decisions about who is who.", writes=(Decision,)),
)

_ABOUT_HEADERS = {
    "version": "Version of this header contract.",
    "original-topic": "Topic the record came from.",
    "original-partition": (
        "Partition it came from; -1 for an input that ingest refused and that never was a record."
    ),
    "original-offset": "Offset it had there; -1 likewise.",
    "original-timestamp": "Its timestamp, milliseconds since 1970.",
    "stage": "Where it failed: decode, validate, extract, apply, process.",
    "reason": "Why, as a short label from a bounded set, for example `not_json`.",
    "error-class": "Class of the error.",
    "error-message": "What is wrong, naming the article where it is known; at most 1 kB. Never article text.",
    "error-stack": "End of the stack trace; at most 4 kB.",
    "attempts": "Tries before it was given up.",
    "replay-count": "How often it was replayed before: a loop guard.",
    "first-failed-at": "When it failed first, RFC 3339.",
    "consumer-group": "Group that gave it up.",
    "app-version": "Version of onrecord that gave it up.",
}
DEAD_LETTER_HEADERS = {PREFIX + name: about for name, about in _ABOUT_HEADERS.items()}
"""The header contract of dead letters, in its order."""
INGEST_HEADERS: dict[str, str] = {
    "ingest-input": "The refused input: a path, a line of a file, or an address.",
    "ingest-origin": "Where ingest got it.",
    "ingest-original": "What the value is: verbatim, re-encoded, or omitted.",
}
"""Only on dead letters that ingest makes."""
EXTENSIONS: dict[type[Event], dict[str, str]] = {
    Article: {
        "revision": "The article's revision, so that it is traced without reading its body.",
        "status": "The article's status, likewise.",
        "outlet": "The article's outlet, likewise: sources are watched by it as their articles come in.",
    }
}
"""CloudEvents extension attributes of our own; optional."""
_PLACES = (PREFIX + "original-partition", PREFIX + "original-offset")
_WHOLE_NUMBERS = (*_PLACES, PREFIX + "original-timestamp", PREFIX + "attempts", REPLAY_COUNT)


def document() -> Node:
    """The whole AsyncAPI document."""
    return {
        "asyncapi": "3.0.0",
        "id": "urn:onrecord:contract:v1",
        "info": {
            "title": "onrecord",
            "version": CONTRACT_VERSION,
            "description": (
                "Raw news articles in; quotes, claims and a per-actor record of who said what out. Events"
                " travel as CloudEvents 1.0 in Kafka binary mode; structured mode, plain JSON and registry"
                " framing are read too. Payload schemas are open, as readers must be; writers keep to the"
                " closed schema that `x-producer-schema` names."
            ),
            "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
        },
        "defaultContentType": JSON_TYPE,
        "servers": {
            "plain": _server("kafka", "A broker on a trusted network."),
            "secure": (
                _server("kafka-secure", "A broker over TLS.")
                | {"security": [{"$ref": "#/components/securitySchemes/scram"}]}
            ),
        },
        "channels": dict(_channels()),
        "operations": dict(_operations()),
        "components": {
            "messages": (
                {event.__name__: _message(event) for event in EVENTS}
                | {_DEAD_LETTER: _dead_letter(), _SETTLED: _settled()}
            ),
            "securitySchemes": {
                "scram": {
                    "type": "scramSha512",
                    "description": "SASL SCRAM-SHA-512; settings name the others.",
                }
            },
        },
    }


def _server(protocol: str, description: str) -> Node:
    return {
        "host": "{bootstrap}",
        "protocol": protocol,
        "description": description,
        "variables": {
            "bootstrap": {"default": "127.0.0.1:9092", "description": "host:port of a bootstrap broker."}
        },
    }


def _channel_id(topic: str) -> str:
    """``onrecord.articles.dlq`` → ``articlesDlq``."""
    dead = topic.endswith(DLQ_SUFFIX)
    name = topic.removesuffix(DLQ_SUFFIX).rpartition(".")[2]
    return f"{name}Dlq" if dead else name


def _channels() -> Iterator[tuple[str, Node]]:
    by_topic = {event.topic: event for event in EVENTS}
    for spec in declared():
        event = by_topic.get(spec.name)
        names = (event.__name__,) if event else (_DEAD_LETTER, _SETTLED)
        about = f"Records of {spec.name.removesuffix(DLQ_SUFFIX)} that could not be processed, byte for byte."
        yield (
            _channel_id(spec.name),
            {
                "address": spec.name,
                "description": f"{event.__name__} events." if event else about,
                "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in names},
                "bindings": {"kafka": _channel_binding(spec)},
            },
        )


def _channel_binding(spec: TopicSpec) -> Node:
    configuration: Node = {"cleanup.policy": ["compact" if spec.compact else "delete"]}
    if not spec.compact:
        configuration["retention.ms"] = -1 if spec.retention_ms is None else spec.retention_ms
    configuration["max.message.bytes"] = spec.max_message_bytes
    return {
        "topic": spec.name,
        "partitions": spec.partitions,
        "topicConfiguration": configuration,
        "bindingVersion": _BINDING_VERSION,
    }


def _operations() -> Iterator[tuple[str, Node]]:
    for flow in FLOWS:
        for event in flow.reads:
            yield _operation(flow, "receive", event.topic, event.__name__)
        for topic in flow.notes:
            yield _operation(
                flow, "receive", topic, Article.__name__ if topic == Article.topic else _DEAD_LETTER
            )
        for event in flow.writes:
            yield _operation(flow, "send", event.topic, event.__name__)
        for event in flow.rejects:
            yield _operation(flow, "send", dlq_of(event.topic), _DEAD_LETTER)


def _operation(flow: Flow, action: Literal["send", "receive"], topic: str, message: str) -> tuple[str, Node]:
    channel = _channel_id(topic)
    operation: Node = {
        "action": action,
        "channel": {"$ref": f"#/channels/{channel}"},
        "title": f"{flow.service} {action}s {topic}",
        "summary": flow.summary,
        "tags": [{"name": flow.service}],
        "messages": [{"$ref": f"#/channels/{channel}/messages/{message}"}],
    }
    if action == "receive" and flow.group:
        operation["bindings"] = {
            "kafka": {"groupId": {"type": "string", "enum": [flow.group]}, "bindingVersion": _BINDING_VERSION}
        }
    return f"{flow.service}.{action}.{channel}", operation


def _message(event: type[Event]) -> Node:
    schema = inlined(event_schema(event, "consumer"))
    del schema["examples"]  # the message's own examples hold them
    payload = {
        "$schema": DRAFT_07,
        **{keyword: value for keyword, value in schema.items() if keyword != "$schema"},
    }
    return {
        "name": event.event_type,
        "title": event.__name__,
        "summary": payload["description"].partition("\n")[0],
        "contentType": JSON_TYPE,
        "x-producer-schema": event_schema(event, "producer")["$id"],
        "headers": _headers(event),
        "payload": {"schemaFormat": _PAYLOAD_FORMAT, "schema": payload},
        "bindings": {
            "kafka": {
                "key": {
                    "type": "string",
                    "description": "Orders the events of one article, or of one actor; a decision's own id.",
                },
                "bindingVersion": _BINDING_VERSION,
            }
        },
        "examples": list(_examples(event)),
    }


def _headers(event: type[Event]) -> Node:
    return {
        "type": "object",
        "required": ["ce_specversion", "ce_id", "ce_source", "ce_type"],
        "properties": {
            "ce_specversion": {"type": "string", "const": SPEC_VERSION},
            "ce_id": {
                "type": "string",
                "minLength": 1,
                "description": "Deterministic: a replay sends the same id.",
            },
            "ce_source": {
                "type": "string",
                "minLength": 1,
                "description": "URI reference of the producer; unique together with the id.",
            },
            "ce_type": {"type": "string", "const": event.event_type},
            "ce_subject": {"type": "string", "description": "The article or actor the event is about."},
            "ce_time": {"type": "string", "format": "date-time"},
            "ce_dataschema": {
                "type": "string",
                "format": "uri",
                "description": f"`{event.schema_uri()}` when onrecord sends it.",
            },
            "ce_traceparent": {
                "type": "string",
                "description": "W3C trace context of the event's beginning.",
            },
            "content-type": {"type": "string", "description": "`application/json`."},
            "traceparent": {
                "type": "string",
                "description": "W3C trace context of the last hop; malformed ones start a new trace.",
            },
            **{
                f"ce_{name}": {"type": "string", "description": about}
                for name, about in EXTENSIONS.get(event, {}).items()
            },
        },
    }


def _examples(event: type[Event]) -> Iterator[Node]:
    for kind in ("minimal", "full"):
        path = FIXTURES_FOLDER / "v1" / f"{event.schema_name.removesuffix('.v1')}.{kind}.json"
        fixture = json.loads(path.read_text(encoding="utf-8"))
        yield {
            "name": kind,
            "summary": fixture["about"],
            "headers": fixture["headers"],
            "payload": fixture["value"],
        }


_ORIGINAL_VALUE = "The original value, byte for byte, unless ingest-original says otherwise."


def _dead_letter() -> Node:
    properties: Node = {
        name: {"type": "string", "description": text} for name, text in DEAD_LETTER_HEADERS.items()
    }
    properties[PREFIX + "version"]["const"] = LETTER_VERSION.decode()
    for name in _WHOLE_NUMBERS:
        properties[name]["pattern"] = "^(-1|[0-9]+)$" if name in _PLACES else "^[0-9]+$"
    properties |= {name: {"type": "string", "description": text} for name, text in INGEST_HEADERS.items()}
    return {
        "name": f"org.onrecord.dead-letter.v{LETTER_VERSION.decode()}",
        "title": "Dead letter",
        "summary": (
            "A record that could not be processed: key, value and headers as they were, and why it is here."
        ),
        "contentType": "application/octet-stream",
        "headers": {
            "type": "object",
            "description": (
                "The original headers, all of them, and behind them those of the dead-letter header contract,"
                " in this order and all UTF-8. Whatever stands before the block is the original's, headers of"
                " the same names included. Letters that earlier releases wrote keep contract v1:"
                " `dlq-version: 1`, and the other names without their prefix."
            ),
            "required": list(DEAD_LETTER_HEADERS),
            "properties": properties,
        },
        "payload": {
            "schemaFormat": _PAYLOAD_FORMAT,
            "schema": {"$schema": DRAFT_07, "description": _ORIGINAL_VALUE},
        },
        "bindings": {
            "kafka": {
                "key": {"type": "string", "description": "The original key, byte for byte."},
                "bindingVersion": _BINDING_VERSION,
            }
        },
    }


def _settled() -> Node:
    run = {"type": "array", "items": {"type": "integer", "minimum": 0}, "minItems": 2, "maxItems": 2}
    return {
        "name": "org.onrecord.dead-letters-settled.v1",
        "title": "Mark that dead letters are settled",
        "summary": (
            "Letters before it on its partition that were replayed or purged: first and last offset of each"
            " run."
        ),
        "contentType": JSON_TYPE,
        "headers": {
            "type": "object",
            "description": "These and no others.",
            "required": [name for name, _ in MARK_HEADERS],
            "properties": {name: {"type": "string", "const": value.decode()} for name, value in MARK_HEADERS},
        },
        "payload": {
            "schemaFormat": _PAYLOAD_FORMAT,
            "schema": {
                "$schema": DRAFT_07,
                "type": "object",
                "required": ["settled"],
                "properties": {"settled": {"type": "array", "minItems": 1, "items": run}},
            },
        },
        "bindings": {"kafka": {"bindingVersion": _BINDING_VERSION}},
    }


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: object) -> bool:
        """Anchors save space and cost readers."""
        return True


def render() -> str:
    """The document as YAML."""
    heading = (
        "# Generated by `make schemas` from the event models and the topics' declaration: change those.\n"
    )
    return heading + yaml.dump(document(), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120)


def main(arguments: Sequence[str] | None = None, say: Callable[[str], None] = print) -> int:
    """Write the document, or check it; exit code 1 when it is out of step."""
    parser = argparse.ArgumentParser(
        prog="python -m services.chassis.asyncapi", description="Export the AsyncAPI document."
    )
    parser.add_argument(
        "--check", action="store_true", help="change nothing; fail when schemas/asyncapi.yaml is out of step"
    )
    parser.add_argument(
        "--output", type=Path, default=PATH, help="file to write or check (default: schemas/asyncapi.yaml)"
    )
    options = parser.parse_args(arguments)
    text = render()
    if not options.check:
        options.output.write_text(text, encoding="utf-8")
        return 0
    if options.output.is_file() and options.output.read_text(encoding="utf-8") == text:
        return 0
    say(
        f"{options.output.name} is out of step with the models and topics: run `make schemas`, then look at"
        " the difference"
    )
    return 1


if __name__ == "__main__":
    sys.exit(main())
