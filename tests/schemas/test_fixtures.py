"""Golden fixtures: frozen once made, and readable for as long as their version lives."""

from __future__ import annotations

import hashlib

import pytest

from schemas.events import EVENTS
from schemas.export import FIXTURES_FOLDER
from services.chassis.cloudevents import decode, encode
from services.chassis.tracing import TraceContext
from tests.support.golden import GOLDEN, NAMES, Golden

FROZEN = {"v1": "8e34f379979356aa5b0a010c496ef216e0f5965d52b8136a96ae95ee60394e86"}
"""SHA-256 over the names and contents of a version's fixtures. Adding a fixture changes it; changing one is
never right."""


@pytest.mark.parametrize("version", FROZEN)
def test_released_fixtures_never_change(version: str) -> None:
    hasher = hashlib.sha256()
    for path in sorted((FIXTURES_FOLDER / version).iterdir()):
        content = path.read_bytes()
        hasher.update(f"{path.name} {len(content)}\n".encode() + content)
    assert hasher.hexdigest() == FROZEN[version]


def test_every_version_is_frozen() -> None:
    assert {path.name for path in FIXTURES_FOLDER.iterdir()} == set(FROZEN)


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.schema_name)
def test_every_event_has_minimal_full_and_odd_fixtures(event: type) -> None:
    kinds = {golden.path.stem.partition(".")[2] for golden in GOLDEN if golden.event is event}
    assert {"minimal", "full", "odd"} <= kinds


@pytest.mark.parametrize("golden", GOLDEN, ids=NAMES)
def test_fixtures_are_read_as_they_were_written(golden: Golden) -> None:
    decoded = decode(golden.record, golden.event)
    assert decoded.mode == "binary"
    assert decoded.attributes["id"] == decoded.event.event_id
    assert decoded.traceparent == golden.headers.get("traceparent")
    assert decoded.traceparent is None or TraceContext.parse(decoded.traceparent)


@pytest.mark.parametrize(
    "golden", [golden for golden in GOLDEN if not golden.path.stem.endswith(".minimal")], ids=str
)
def test_writing_a_fixture_again_gives_the_same_bytes(golden: Golden) -> None:
    decoded = decode(golden.record, golden.event)
    message = encode(decoded.event, source=golden.headers["ce_source"], traceparent=decoded.traceparent)
    assert message.value == golden.wire
    assert message.key == golden.key.encode()
    assert message.topic == golden.event.topic
    sent = {name: value.decode() for name, value in message.headers}
    # added since the fixture was frozen
    later = {f"ce_{name}" for name in decoded.event.extensions} - golden.headers.keys()
    assert {name: value for name, value in sent.items() if name not in later} == {
        name: value for name, value in golden.headers.items() if name != "ce_time"
    }


@pytest.mark.parametrize(
    "golden", [golden for golden in GOLDEN if golden.path.stem.endswith(".minimal")], ids=str
)
def test_what_a_minimal_fixture_leaves_out_is_a_default(golden: Golden) -> None:
    event = decode(golden.record, golden.event).event
    left_out = set(golden.event.model_fields) - set(golden.value)
    assert left_out
    for name in left_out:
        assert getattr(event, name) == golden.event.model_fields[name].get_default()
