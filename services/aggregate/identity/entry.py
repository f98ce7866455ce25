"""An entry of the registry: somebody, or something, that is known beyond the articles."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Annotated, Literal, NamedTuple

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, TypeAdapter
from pydantic.dataclasses import dataclass

from schemas.events import ActorKind
from schemas.ids import MAX_ID_BYTES, actor_id, name_key
from services.aggregate.identity.names import Name, read

KINDS = (ActorKind.PERSON.value, ActorKind.ORGANIZATION.value)
MOST_NAMES = 50
_DAY = re.compile(r"\d{4}(?:-\d\d(?:-\d\d)?)?")


def _named(name: str) -> str:
    if not name_key(name):
        raise ValueError(f"{name!r} holds no letter or digit; give a name")
    return name


def _some(names: tuple[str, ...]) -> tuple[str, ...]:
    if not names:
        raise ValueError("is empty; give at least one")
    return names


def _identified(value: str) -> str:
    kind, _, key = value.partition(":")
    if kind not in KINDS or not key or len(value.encode()) > MAX_ID_BYTES:
        raise ValueError(
            f"{value!r} is no id of the registry; write person:… or organization:…, at most {MAX_ID_BYTES}"
            " bytes"
        )
    return value


def _dated(value: object) -> object:
    """A day, or no more than its month or its year. YAML gives days as dates and years as numbers."""
    text = str(value)
    try:
        date.fromisoformat(f"{text}-01-01"[:10] if len(text) < len("2024-01-01") else text)
    except ValueError:
        text = ""
    if not _DAY.fullmatch(text):
        raise ValueError(
            f"{str(value)!r} is no date; write 2024-07-05, or 2024-07 or 2024 where no more is known"
        )
    return text


Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
KnownName = Annotated[Text, AfterValidator(_named)]
Day = Annotated[str, BeforeValidator(_dated)]


class Term(NamedTuple):
    """An office that somebody held. ``place`` is a country, a part of one (ISO 3166 codes), a city or the id
    of an organisation; ``last`` is None while it is held (a shipped one ends with what is known:
    ``known_until`` in ``offices.json``). Where only the month or the year is known, no day in it counts as
    one of the term."""

    title: Text
    place: Annotated[str, StringConstraints(strip_whitespace=True, max_length=MAX_ID_BYTES)]
    first: Day
    last: Day | None = None


@dataclass(frozen=True, slots=True, config={"extra": "forbid"})
class Entry:
    """Somebody, or something, that is known. Two entries may share a name only where both say so: in
    ``shared``, or by an id with an ``@``, which no article's id has; a shared name leads to neither, and
    shows both as candidates."""

    id: Annotated[str, AfterValidator(_identified)]
    names: Annotated[tuple[KnownName, ...], Field(max_length=MOST_NAMES), AfterValidator(_some)]
    """The usual one first."""
    wikidata: Annotated[str, StringConstraints(pattern=r"^Q[1-9][0-9]*$")] | None = None
    alone: tuple[KnownName, ...] = ()
    """What an article's words mean this one by, wherever they stand: Trump, Pope Francis, the Home Office."""
    famous: bool = False
    """So well known that even a common name means this one in the news."""
    shared: tuple[KnownName, ...] = ()
    """Names that others bear too."""
    offices: tuple[Term, ...] = ()

    @property
    def kind(self) -> Literal["person", "organization"]:
        """What it is: the first part of its id."""
        return "person" if self.id.startswith("person:") else "organization"

    def forms(self) -> Iterator[Name]:
        """Its names, as they are compared."""
        for name in self.names:
            form = read(actor_id(self.kind, name))
            if form is not None:
                yield form

    def shares(self, name: str) -> bool:
        """Whether others may bear this name of its too."""
        return "@" in self.id or name_key(name) in map(name_key, self.shared)

    def with_more(self, more: Entry) -> Entry:
        """The entry with another one's names and offices besides, of the names as many as an entry may have;
        what the other one says once goes before."""
        return replace(
            self,
            names=tuple(dict.fromkeys((*self.names, *more.names)))[:MOST_NAMES],
            wikidata=more.wikidata or self.wikidata,
            alone=tuple(dict.fromkeys((*self.alone, *more.alone))),
            famous=more.famous or self.famous,
            shared=tuple(dict.fromkeys((*self.shared, *more.shared))),
            offices=tuple(dict.fromkeys((*self.offices, *more.offices))),
        )


ENTRY = TypeAdapter(Entry)
