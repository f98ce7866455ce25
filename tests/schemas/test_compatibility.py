"""The promise of a version: today's models against every release, and proof that each kind of break is
seen."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import Annotated, Any, ClassVar

import pytest
from pydantic import Field, create_model

from schemas import export
from schemas.compatibility import Version, breaks, refusals
from schemas.events import EVENTS, Event, Value
from schemas.events.base import Extensible

RELEASES = sorted(path for path in export.RELEASED_FOLDER.iterdir() if path.is_dir())


def today(event: type[Event]) -> Version:
    return Version(export.event_schema(event, "consumer"), export.event_schema(event, "producer"))


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.schema_name)
@pytest.mark.parametrize("release", RELEASES, ids=lambda path: path.name)
def test_today_keeps_the_promise_of_every_release(event: type[Event], release: Any) -> None:
    paths = [release / f"{event.schema_name}{kind}.json" for kind in ("", ".producer")]
    if not any(path.exists() for path in paths):
        pytest.skip(f"{event.schema_name} is younger than release {release.name}")
    consumer, producer = (json.loads(path.read_text(encoding="utf-8")) for path in paths)
    assert breaks(Version(consumer, producer), today(event)) == []


def test_no_released_event_has_disappeared() -> None:
    known = {
        name
        for event in EVENTS
        for name in (f"{event.schema_name}.json", f"{event.schema_name}.producer.json")
    }
    assert RELEASES
    for release in RELEASES:
        assert {path.name for path in release.iterdir()} <= known


# --- each kind of break, on a small event
# -----------------------------------------------------------------------------------


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


class MoreColours(StrEnum):
    RED = "red"
    BLUE = "blue"
    GREEN = "green"


class OneColour(StrEnum):
    RED = "red"


OpenColour = Annotated[Colour, Extensible(Colour.RED)]
OpenMoreColours = Annotated[MoreColours, Extensible(MoreColours.RED)]
OpenOneColour = Annotated[OneColour, Extensible(OneColour.RED)]

FIELDS: dict[str, Any] = {
    "name": (str, Field(max_length=10, pattern="^a")),
    "count": (int, Field(ge=1, le=9)),
    "share": (float, 0.5),
    "note": (str | None, None),
    "closed": (Colour, ...),
    "open": (OpenColour, ...),
    "items": (tuple[int, ...], Field(default=(), max_length=3)),
}
INNER: dict[str, Any] = {"x": (int, ...), "y": (int | None, None)}


class _Base(Event):
    event_type: ClassVar[str] = "org.onrecord.test.v1"
    schema_name: ClassVar[str] = "test.v1"
    topic: ClassVar[str] = "onrecord.test"


def version(changes: dict[str, Any] | None = None, inner: dict[str, Any] | None = None) -> Version:
    """The small event with fields added, changed, or (None) left out, and the same for the objects inside
    it."""
    part = create_model("Inner", __base__=Value, **_merged(INNER, inner or {}))
    fields = {**FIELDS, "inner": (part, ...), "many": (tuple[part, ...], ()), "maybe": (part | None, None)}
    event = create_model("Test", __base__=_Base, **_merged(fields, changes or {}))
    return today(event)


def _merged(fields: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    return {name: field for name, field in {**fields, **changes}.items() if field is not None}


@pytest.fixture(autouse=True)
def _no_examples(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "example", lambda event: {})


OPTIONAL: dict[str, Any] = {"later": (str | None, None)}
REQUIRED: dict[str, Any] = {"later": (str, ...)}


@pytest.mark.parametrize(
    ("changes", "inner"),
    [
        ({}, {}),
        (OPTIONAL, {}),
        ({}, OPTIONAL),
        ({"open": (OpenMoreColours, ...)}, {}),
        ({"later": (OpenColour, Colour.RED)}, {}),
    ],
    ids=[
        "nothing",
        "optional field",
        "optional field inside",
        "extensible enumeration grows",
        "optional extensible field",
    ],
)
def test_what_may_change(changes: dict[str, Any], inner: dict[str, Any]) -> None:
    assert breaks(version(), version(changes, inner)) == []


def describe(changes: dict[str, Any], text: str) -> Any:
    return pytest.param(changes, {}, text, id=text)


@pytest.mark.parametrize(
    ("changes", "inner", "expected"),
    [
        describe(REQUIRED, "new readers refuse old data: $.later: is required, and need not be written"),
        describe({"name": None}, "removed: $.name"),
        describe({"note": None}, "removed: $.note"),
        describe({"name": None, "title": FIELDS["name"]}, "removed: $.name"),  # a rename
        describe(
            {"note": (str, ...)}, "new readers refuse old data: $.note: is required, and need not be written"
        ),
        describe(
            {"name": (str, Field(default="a", max_length=10, pattern="^a"))},
            "old readers refuse new data: $.name: is required, and need not be written",
        ),
        describe(
            {"count": (str, ...)}, "new readers refuse old data: $.count: string is read, integer is written"
        ),
        describe(
            {"share": (int, 0)}, "new readers refuse old data: $.share: integer is read, number is written"
        ),
        describe(
            {"count": (float, Field(ge=1, le=9))},
            "old readers refuse new data: $.count: integer is read, number is written",
        ),
        describe(
            {"count": (int | None, Field(ge=1, le=9))},
            "old readers refuse new data: $.count: integer is read, null is written",
        ),
        describe({"note": (str, "")}, "new readers refuse old data: $.note: string is read, null is written"),
        describe(
            {"count": (int, Field(ge=2, le=9))},
            "new readers refuse old data: $.count: minimum 2 is read, 1 is written",
        ),
        describe(
            {"count": (int, Field(ge=1, le=8))},
            "new readers refuse old data: $.count: maximum 8 is read, 9 is written",
        ),
        describe(
            {"count": (int, Field(ge=1))},
            "old readers refuse new data: $.count: maximum 9 is read, none is written",
        ),
        describe(
            {"name": (str, Field(max_length=5, pattern="^a"))},
            "new readers refuse old data: $.name: maxLength 5 is read, 10 is written",
        ),
        describe(
            {"name": (str, Field(max_length=50, pattern="^a"))},
            "old readers refuse new data: $.name: maxLength 10 is read, 50 is written",
        ),
        describe(
            {"name": (str, Field(max_length=10, pattern="^b"))},
            "new readers refuse old data: $.name: pattern '^b' is read, '^a' is written",
        ),
        describe(
            {"name": (str, Field(max_length=10))},
            "old readers refuse new data: $.name: pattern '^a' is read, 'anything' is written",
        ),
        describe(
            {"closed": (MoreColours, ...)},
            "old readers refuse new data: $.closed: the values ['green'] are not known",
        ),
        describe(
            {"closed": (OneColour, ...)},
            "new readers refuse old data: $.closed: the values ['blue'] are not known",
        ),
        describe(
            {"closed": (str, ...)},
            "old readers refuse new data: $.closed: the values ['(anything)'] are not known",
        ),
        describe({"open": (OpenOneColour, ...)}, "removed: $.open: the value 'blue'"),
        describe(
            {"items": (tuple[str, ...], ())},
            "new readers refuse old data: $.items[]: string is read, integer is written",
        ),
        describe(
            {"items": (tuple[int, ...], Field(default=(), max_length=4))},
            "old readers refuse new data: $.items: maxItems 3 is read, 4 is written",
        ),
        describe({"share": (float, 0.25)}, "default changed: $.share: from 0.5 to 0.25"),
        describe(
            {"inner": (Colour, ...)},
            "new readers refuse old data: $.inner: string is read, object is written",
        ),
        pytest.param(
            {},
            REQUIRED,
            "new readers refuse old data: $.inner.later: is required, and need not be written",
            id="required inside",
        ),
        pytest.param(
            {},
            REQUIRED,
            "new readers refuse old data: $.many[].later: is required, and need not be written",
            id="required in an array",
        ),
        pytest.param(
            {},
            REQUIRED,
            "new readers refuse old data: $.maybe.later: is required, and need not be written",
            id="required if not null",
        ),
        pytest.param({}, {"y": None}, "removed: $.inner.y", id="removed inside"),
        pytest.param({}, {"y": None}, "removed: $.many[].y", id="removed in an array"),
        pytest.param({}, {"y": None}, "removed: $.maybe.y", id="removed if not null"),
        pytest.param(
            {},
            {"x": (str, ...)},
            "old readers refuse new data: $.maybe.x: integer is read, string is written",
            id="type if not null",
        ),
    ],
)
def test_what_may_not_change(changes: dict[str, Any], inner: dict[str, Any], expected: str) -> None:
    found = breaks(version(), version(changes, inner))
    assert expected in found


def test_a_closed_enumeration_may_not_be_declared_extensible_and_grow_at_once() -> None:
    """Readers of the old release still know it as closed."""
    found = breaks(version(), version({"closed": (OpenMoreColours, ...)}))
    assert found == ["old readers refuse new data: $.closed: the values ['green'] are not known"]


def test_a_later_release_is_compared_with_every_earlier_one() -> None:
    """Why the comparison is transitive: dropping what came in between breaks only the middle release."""
    middle = version(OPTIONAL)
    assert breaks(version(), version()) == []
    assert breaks(middle, version()) == ["removed: $.later"]


def test_an_open_writer_promises_nothing() -> None:
    consumer = version().consumer
    assert "$: the writer's schema is open, so nothing is known about fields it does not name" in refusals(
        consumer, consumer
    )


def test_a_keyword_the_check_does_not_know_is_an_error() -> None:
    with pytest.raises(ValueError, match="unevaluatedProperties"):
        refusals({"type": "object", "unevaluatedProperties": False}, {"type": "object"})
