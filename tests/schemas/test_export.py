"""The exported JSON Schemas: in step with the models, in the subset they promise, and true of what
travels."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft7Validator, Draft202012Validator
from pydantic import ValidationError

from schemas import export
from schemas.events import EVENTS, Event
from tests.support import event_strategies
from tests.support.golden import GOLDEN, NAMES, Golden

FILES = export.files()
CONSUMER_SCHEMAS = {event: export.event_schema(event, "consumer") for event in EVENTS}
PRODUCER_SCHEMAS = {event: export.event_schema(event, "producer") for event in EVENTS}
CONSUMER = {event: Draft202012Validator(schema) for event, schema in CONSUMER_SCHEMAS.items()}
PRODUCER = {event: Draft202012Validator(schema) for event, schema in PRODUCER_SCHEMAS.items()}
RELEASES = sorted(path for path in export.RELEASED_FOLDER.iterdir() if path.is_dir())

events = pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.schema_name)


def nodes(schema: Any) -> Iterator[dict[str, Any]]:
    """Every schema inside a schema, not descending into examples and defaults."""
    if isinstance(schema, list):
        for item in schema:
            yield from nodes(item)
    elif isinstance(schema, dict):
        yield schema
        for keyword in ("items", "anyOf", "allOf"):
            yield from nodes(schema.get(keyword, []))
        for keyword in ("properties", "$defs"):
            yield from nodes(list(schema.get(keyword, {}).values()))


def test_the_exported_files_are_in_step_with_the_models() -> None:
    assert export.differences(export.JSON_FOLDER, FILES) == []
    assert export.main(["--check"]) == 0


def test_the_check_sees_every_kind_of_difference(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "JSON_FOLDER", tmp_path / "json")
    said: list[str] = []
    assert export.main(["--check"], said.append) == 1
    assert "json/quote.v1.json: is missing or empty" in said
    assert export.main([]) == 0
    assert export.main(["--check"]) == 0
    (tmp_path / "json/quote.v1.json").write_text("{}", encoding="utf-8")
    (tmp_path / "json/gone.v1.json").write_text("{}", encoding="utf-8")
    said.clear()
    assert export.main(["--check"], said.append) == 1
    assert said[:2] == [
        "json/gone.v1.json: no event has this schema",
        "json/quote.v1.json: differs from the models",
    ]
    assert export.main([]) == 0
    assert sorted(path.name for path in (tmp_path / "json").iterdir()) == sorted(FILES)


def test_a_release_is_never_overwritten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "JSON_FOLDER", tmp_path / "json")
    monkeypatch.setattr(export, "RELEASED_FOLDER", tmp_path / "released")
    assert export.main(["--release", "1.7"]) == 0
    kept = tmp_path / "released/1.7/quote.v1.json"
    kept.write_text("as it was", encoding="utf-8")
    said: list[str] = []
    assert export.main(["--release", "1.7"], said.append) == 1
    assert "frozen" in said[0]
    assert kept.read_text(encoding="utf-8") == "as it was"


@events
def test_schemas_are_valid_named_and_described(event: type[Event]) -> None:
    for role, suffix in (("consumer", ""), ("producer", ":producer")):
        schema = json.loads(FILES[f"{event.schema_name}{'' if role == 'consumer' else '.producer'}.json"])
        Draft202012Validator.check_schema(schema)
        Draft7Validator.check_schema({**schema, "$schema": "http://json-schema.org/draft-07/schema#"})
        assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
        assert schema["$id"] == f"urn:onrecord:schema:{event.schema_name}{suffix}"
        assert event.__name__ in schema["title"]
        assert schema["description"]
        assert not re.search(r":\w+:`|``", json.dumps(schema)), (
            "reStructuredText means nothing to readers of a schema"
        )
        for name, field in schema["properties"].items():
            described = (
                field.get("description") or schema["$defs"][field["$ref"].rpartition("/")[2]]["description"]
            )
            assert described, name
        assert schema["examples"], "an example of every event"


@events
def test_producers_are_closed_and_consumers_open_at_every_level(event: type[Event]) -> None:
    for schema, is_open in ((PRODUCER_SCHEMAS[event], False), (CONSUMER_SCHEMAS[event], True)):
        objects = [node for node in nodes(schema) if node.get("type") == "object"]
        assert len(objects) >= 1
        assert {node["additionalProperties"] for node in objects} == {is_open}


KEYWORDS = {
    "$schema", "$id", "$defs", "$ref", "title", "description", "examples", "default", "type", "enum", "const", "format", "pattern",
    "properties", "required", "additionalProperties", "items", "anyOf", "allOf",
    "minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems",
    "x-extensible",
}  # fmt: skip


@events
def test_only_keywords_that_mean_the_same_in_draft_07_are_used(event: type[Event]) -> None:
    for schema in (PRODUCER_SCHEMAS[event], CONSUMER_SCHEMAS[event]):
        for node in nodes(schema):
            assert set(node) <= KEYWORDS
            assert "$ref" not in node or len(node) == 1, "draft-07 ignores what stands beside a reference"
            assert not isinstance(node.get("items"), list)
            assert not isinstance(node.get("type"), list)


@events
def test_definitions_are_all_used_and_all_there(event: type[Event]) -> None:
    for schema in (PRODUCER_SCHEMAS[event], CONSUMER_SCHEMAS[event]):
        text = json.dumps(schema)
        assert set(re.findall(r'"#/\$defs/(\w+)"', text)) == set(schema["$defs"])


def test_ids_are_unique() -> None:
    ids = [json.loads(text)["$id"] for text in FILES.values()]
    assert len(set(ids)) == len(ids) == 2 * len(EVENTS)


@events
def test_inlined_schemas_stand_on_their_own_and_mean_the_same(event: type[Event]) -> None:
    schema = export.inlined(export.event_schema(event, "consumer"))
    assert not any("$ref" in node or "allOf" in node or "$defs" in node for node in nodes(schema))
    validator = Draft7Validator({**schema, "$schema": "http://json-schema.org/draft-07/schema#"})
    for golden in GOLDEN:
        if golden.event is event:
            assert validator.is_valid(golden.value)
            for value in mutations(golden.value, (..., None, {})):
                assert validator.is_valid(value) == CONSUMER[event].is_valid(value)


REPLACEMENTS: tuple[Any, ...] = (..., None, "\0", -1, 1.5, [], {}, True)


def mutations(value: Any, replacements: tuple[Any, ...] = REPLACEMENTS) -> Iterator[Any]:
    """The value with one member of one object left out, or replaced by something of another type."""
    for path in _paths(value, ()):
        for replacement in replacements:
            changed = copy.deepcopy(value)
            inner = changed
            for step in path[:-1]:
                inner = inner[step]
            if replacement is not ...:
                inner[path[-1]] = replacement
            else:
                del inner[path[-1]]
            yield changed


def _paths(value: Any, path: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
    members = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    for name, member in members:
        yield (*path, name)
        yield from _paths(member, (*path, name))


@pytest.mark.parametrize("golden", GOLDEN, ids=NAMES)
def test_model_and_schema_agree_on_what_is_wrong(golden: Golden) -> None:
    """What the model reads the schema allows, and the other way round, but for rules that JSON Schema cannot
    say."""
    refused = 0
    for value in mutations(golden.value):
        allowed = CONSUMER[golden.event].is_valid(value)
        problems = _problems(golden.event, value)
        assert allowed or problems, value
        assert not allowed or problems <= UNSAID, value
        refused += bool(problems)
    assert refused > 10


UNSAID = {
    "value_error",
    "date_parsing",
    "date_from_datetime_parsing",
    "datetime_parsing",
    "datetime_from_date_parsing",
}
"""A span's length; and `format`, which JSON Schema does not assert."""


def _problems(event: type[Event], value: object) -> set[str]:
    try:
        event.read(json.dumps(value))
    except ValidationError as error:
        return {problem["type"] for problem in error.errors()}
    return set()


@pytest.mark.parametrize("golden", GOLDEN, ids=NAMES)
def test_golden_fixtures_keep_both_schemas(golden: Golden) -> None:
    assert [error.message for error in PRODUCER[golden.event].iter_errors(golden.value)] == []
    assert [error.message for error in CONSUMER[golden.event].iter_errors(golden.value)] == []


def _released(event: type[Event]) -> list[Draft202012Validator]:
    paths = [release / f"{event.schema_name}.json" for release in RELEASES]
    return [
        Draft202012Validator(json.loads(path.read_text(encoding="utf-8"))) for path in paths if path.exists()
    ]


RELEASED = {event: _released(event) for event in EVENTS}


def test_there_is_a_release() -> None:
    assert any(RELEASED.values()), "an event that is newer than the last release has none yet"


@given(event=event_strategies.EVENTS, data=st.data())
@settings(deadline=None)
def test_what_is_written_today_keeps_todays_schemas_and_every_released_one(
    event: Event, data: st.DataObject
) -> None:
    value = event.as_dict()
    for validator in (PRODUCER[type(event)], CONSUMER[type(event)], *RELEASED[type(event)]):
        assert [(list(error.path), error.message) for error in validator.iter_errors(value)] == []
    extended = {**value, data.draw(st.from_regex(r"added_[a-z]{1,5}", fullmatch=True)): None}
    assert not PRODUCER[type(event)].is_valid(extended)
    assert CONSUMER[type(event)].is_valid(extended)
