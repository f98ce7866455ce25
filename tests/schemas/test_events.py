"""The event models: what they accept from writers, what readers tolerate, and identity."""

from __future__ import annotations

import copy
import datetime as dt
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from schemas import ids
from schemas.events import (
    EVENTS,
    Article,
    Claim,
    ClaimKind,
    ClaimType,
    Event,
    Extractor,
    Quote,
    Resolution,
    Span,
    Stance,
)
from schemas.events import claim_id as make_claim_id
from schemas.events import document_id as make_document_id
from schemas.events import quote_id as make_quote_id
from tests.support import event_strategies
from tests.support.golden import GOLDEN, NAMES, Golden

FULL = {golden.event: golden.value for golden in GOLDEN if golden.path.stem.endswith(".full")}


def article(**changes: Any) -> Article:
    fields = {
        "article_id": "a",
        "fetched_at": "2026-01-01T00:00:00Z",
        "content_type": "text/plain",
        "content": "x",
        "origin": "push",
    }
    return Article.model_validate({**fields, **changes})


def objects(value: Any) -> Iterator[dict[str, Any]]:
    """Every JSON object inside a value, itself included."""
    if isinstance(value, dict):
        yield value
        for member in list(value.values()):
            yield from objects(member)
    elif isinstance(value, list):
        for item in value:
            yield from objects(item)


def test_there_is_a_full_fixture_of_every_event() -> None:
    assert set(FULL) == set(EVENTS)


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.schema_name)
def test_writers_are_closed_and_readers_open_at_every_level(event: type[Event]) -> None:
    count = len(list(objects(FULL[event])))
    for index in range(count):
        value = copy.deepcopy(FULL[event])
        list(objects(value))[index]["added_later"] = {"any": ["thing"]}
        with pytest.raises(ValidationError, match="added_later"):
            event.model_validate_json(json.dumps(value))
        assert event.read(json.dumps(value)) == event.model_validate(FULL[event])


def _models(model: type[BaseModel], seen: set[type[BaseModel]]) -> set[type[BaseModel]]:
    if model not in seen:
        seen.add(model)
        for field in model.model_fields.values():
            for part in _inner(field.annotation):
                _models(part, seen)
    return seen


def _inner(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in getattr(annotation, "__args__", ()):
        yield from _inner(argument)


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.schema_name)
def test_every_model_is_frozen_closed_and_described(event: type[Event]) -> None:
    for model in _models(event, set()):
        assert model.model_config.get("frozen"), model
        assert model.model_config.get("extra") == "forbid", model
        assert model.__doc__, model
        assert [name for name, field in model.model_fields.items() if not field.description] == [], model


@pytest.mark.parametrize(
    ("event", "path", "fallback"),
    [
        (Quote, ("speaker", "resolution"), Resolution.OTHER),
        (Quote, ("cue", "stance"), Stance.OTHER),
        (Claim, ("stance",), Stance.OTHER),
        (Claim, ("claim_type",), ClaimType.OTHER),
    ],
)
def test_readers_take_unknown_values_of_extensible_enumerations_as_other(
    event: type[Event], path: tuple[str, ...], fallback: str
) -> None:
    value = copy.deepcopy(FULL[event])
    inner = value
    for name in path[:-1]:
        inner = inner[name]
    inner[path[-1]] = "value_of_a_later_release"
    read: Any = event.read(json.dumps(value))
    for name in path:
        read = getattr(read, name)
    assert read is fallback
    with pytest.raises(ValidationError, match="Input should be"):
        event.model_validate(value)
    inner[path[-1]] = 7
    with pytest.raises(ValidationError, match="Input should be"):
        event.read(json.dumps(value))


def test_readers_refuse_unknown_values_of_closed_enumerations() -> None:
    value = copy.deepcopy(FULL[Quote])
    value["speaker"]["kind"] = "robot"
    with pytest.raises(ValidationError, match=r"speaker\.kind"):
        Quote.read(json.dumps(value))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("revision", "1"), ("revision", 1.5), ("revision", True), ("revision", 0), ("revision", 2**31), ("revision", 10**30),
        ("fetched_at", 1_700_000_000), ("fetched_at", "2026-01-01T00:00:00"), ("fetched_at", "yesterday"),
        ("fetched_at", "0001-01-01T00:00:00+14:00"), ("fetched_at", "9999-12-31T23:59:59-14:00"),
        ("content", None), ("content", 1), ("content", ["x"]), ("content_type", "application/pdf"), ("status", "USABLE"),
        ("article_id", ""), ("article_id", "x" * 513), ("article_id", "a\nb"), ("article_id", "a\0"), ("title", "a\0b"), ("origin", "\0"),
        ("authors", "Jo Writer"), ("authors", [""] * 65), ("language", "not a language"), ("language", ""),
    ],
)  # fmt: skip
def test_readers_refuse_what_the_schema_refuses(field: str, value: object) -> None:
    body = {**article().as_dict(), field: value}
    with pytest.raises(ValidationError, match=field):
        Article.read(json.dumps(body))


@pytest.mark.parametrize("version", ["", "1.", "v1", "1.2.3.4.5", "9" * 5000, "1.0-rc1", "٣.١", "1.0\n"])
def test_extractor_versions_that_cannot_be_ordered_are_refused(version: str) -> None:
    with pytest.raises(ValidationError, match="version"):
        Extractor(name="onrecord", version=version, model_sha256="0" * 64)


def test_extractors_are_ordered_by_number() -> None:
    versions = ["0.9", "1.0", "1.2.0", "1.10.0", "10.0"]
    orders = [
        Extractor(name="onrecord", version=version, model_sha256="0" * 64).order for version in versions
    ]
    assert orders == sorted(orders)


def test_lone_surrogates_are_refused_by_writers_and_readers() -> None:
    with pytest.raises(ValidationError, match="content"):
        article(content="\ud800")
    body = article().encode().replace(b'"content":"x"', b'"content":"\\ud800"')
    with pytest.raises(ValidationError, match="Invalid JSON"):
        Article.read(body)


@given(text=st.text(event_strategies.CHARACTERS, min_size=1, max_size=80), data=st.data())
def test_spans_of_a_text_fit_it(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    span = Span.of(text, start, end)
    assert text[span.start : span.end] == span.exact
    assert Span.model_validate_json(span.model_dump_json()) == span


@pytest.mark.parametrize(
    ("start", "end", "exact"),
    [
        (0, 3, "ab"),
        (0, 1, "ab"),
        (5, 4, "a"),
        (-1, 1, "ab"),
        (0, 0, ""),
        (0, 2, "👩🏽‍🚀"),
        (0, 2, "e\u0301x"),
        (0, 1, "\0"),
    ],
)
def test_spans_that_do_not_fit_are_refused(start: int, end: int, exact: str) -> None:
    with pytest.raises(ValidationError):
        Span(start=start, end=end, exact=exact)


def test_spans_count_code_points_not_utf16_units_or_graphemes() -> None:
    assert Span(start=0, end=4, exact="👩🏽‍🚀").end == 4
    assert Span(start=0, end=1, exact="𝔘").end == 1


@given(event_strategies.EVENTS)
def test_what_is_written_is_read_back(event: Event) -> None:
    again = type(event).read(event.encode())
    assert again == event
    assert again.encode() == event.encode()
    assert (again.event_id, again.partition_key) == (event.event_id, event.partition_key)
    assert json.loads(event.encode()) == event.as_dict()


@pytest.mark.parametrize("golden", GOLDEN, ids=NAMES)
def test_ids_are_what_they_were_when_the_fixture_was_made(golden: Golden) -> None:
    event = golden.event.read(golden.wire)
    assert event.event_id == golden.headers["ce_id"]
    assert event.partition_key == golden.key


EXTRACTOR = Extractor(name="onrecord", version="1.0.0", model_sha256="0" * 64)
SPANS = (Span(start=3, end=9, exact="abcdef"), Span(start=12, end=14, exact="gh"))


@pytest.mark.parametrize(
    ("made", "pinned"),
    [
        (ids.digest("x", "ab", "c"), "x-601d5476e2ccfe2c87a2bba7a3226597"),
        (ids.actor_id("person", "Sergei Lavrov"), "person:sergei-lavrov"),
        (
            ids.local_actor_id("art-1", "unnamed", "a senior official"),
            "unnamed-6d823b3a9113597ddeeca836aded8b6d",
        ),
        (
            make_document_id("art-1", 1, "usable", "0" * 64, EXTRACTOR),
            "document-bf021e5d63947ec147be316c9cbd689b",
        ),
        (make_quote_id("document-1", SPANS, "person:a"), "quote-b53f869067c4269432b2a8bb3461bd4c"),
        (
            make_claim_id("document-1", ClaimKind.INDIRECT, SPANS, "person:a"),
            "claim-9b323f46203c620324cd9206259625f7",
        ),
        (article().event_id, "article-902ff3ab8635f0a993244d789811213c"),
    ],
)
def test_pinned_ids(made: str, pinned: str) -> None:
    """A changed id would make every replay a duplicate."""
    assert made == pinned


@given(
    st.lists(st.text(max_size=5), min_size=1, max_size=4),
    st.lists(st.text(max_size=5), min_size=1, max_size=4),
)
def test_digests_differ_wherever_the_parts_do(left: list[str], right: list[str]) -> None:
    assert (ids.digest("x", *left) == ids.digest("x", *right)) == (left == right)


def test_an_articles_event_id_changes_with_what_it_says_and_only_then() -> None:
    base = article()
    assert article(fetched_at=dt.datetime(2027, 1, 1, tzinfo=dt.UTC)).event_id == base.event_id
    for change in ({"content": "y"}, {"revision": 2}, {"status": "withdrawn"}, {"article_id": "b"}):
        assert article(**change).event_id != base.event_id
