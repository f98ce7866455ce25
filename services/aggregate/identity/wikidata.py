"""Entries from Wikidata's JSON dump (``latest-all.json.gz`` or ``.bz2``,
https://www.wikidata.org/wiki/Wikidata:Database_download).

The dump is one array with an entity a line: ``[``, then lines that end with a comma, then ``]``; each line is
read by itself, so memory stays flat however large the dump is, and lines of an extract without brackets and
commas are read as well. What an entity has to fulfil is a :class:`Filter` over its statements of best rank.
Positions held (P39) become terms where a title and a place are given for them.
"""

from __future__ import annotations

import bz2
import csv
import gzip
import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Final

from schemas.ids import actor_id, name_key
from services.aggregate.identity.entry import MOST_NAMES, Entry, Term
from services.chassis.errors import OnrecordError

HUMAN: Final = "Q5"
INSTANCE_OF, OCCUPATION, CITIZENSHIP, COUNTRY, POSITION = "P31", "P106", "P27", "P17", "P39"
START, END = "P580", "P582"
_ITEM = re.compile("Q[1-9][0-9]*")
_PRECISIONS = {9: len("2024"), 10: len("2024-07"), 11: len("2024-07-05")}
"""Wikidata's precisions of time: year, month, day."""
_MOST_LINE = 64 * 1024 * 1024
"""The largest entities take a few MB; a longer line is no entity."""
_MOST_CHARS = 200  # of a name
_OPEN: Mapping[str, Any] = {".gz": gzip.open, ".bz2": bz2.open}


@dataclass(frozen=True, slots=True)
class Filter:
    """What an entity must be, to become an entry; an empty condition holds always. Items as Wikidata has
    them: Q82955, politician."""

    instance_of: frozenset[str] = frozenset((HUMAN,))
    """Any of these classes themselves (not of their subclasses: a dump tells those nowhere in one line)."""
    occupations: frozenset[str] = frozenset()
    """Of persons, any."""
    countries: frozenset[str] = frozenset()
    """Of persons a citizenship, else the country; any."""
    sitelink: str | None = "enwiki"
    """Has an article there."""
    languages: tuple[str, ...] = ("en",)
    """Labels and aliases that become names, the first one's label being the usual name; without it the entity
    is left out."""

    def admits(self, entity: Mapping[str, Any]) -> bool:
        """Whether an entity is wanted."""
        return (
            _meets(entity, INSTANCE_OF, self.instance_of)
            and _meets(entity, OCCUPATION, self.occupations)
            and (_meets(entity, CITIZENSHIP, self.countries) or _meets(entity, COUNTRY, self.countries))
            and (self.sitelink is None or self.sitelink in _table(entity, "sitelinks"))
        )


@dataclass(slots=True)
class Tally:
    """What became of a dump's lines."""

    entities: int = 0
    entries: int = 0
    left_out: int = 0
    """Wanted, but without a name of their own."""
    unreadable: list[int] = field(default_factory=list)
    """Numbers of the first lines that are no entity."""


def entities(path: Path, tally: Tally) -> Iterator[dict[str, Any]]:
    """The entities of a dump, one by one.

    Raises:
        OnrecordError: the file cannot be read, or is cut off.
    """
    try:
        with _opened(path) as lines:
            for number, line in enumerate(iter(lambda: lines.readline(_MOST_LINE), b""), 1):
                text = line.strip().rstrip(b",")
                if text in (b"", b"[", b"]"):
                    continue
                try:
                    entity = json.loads(text)
                except (ValueError, RecursionError):
                    entity = None
                if isinstance(entity, dict) and isinstance(entity.get("id"), str):
                    tally.entities += 1
                    yield entity
                elif len(tally.unreadable) < 10:
                    tally.unreadable.append(number)
    except (OSError, EOFError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise OnrecordError(
            f"{path}: cannot be read to its end ({reason}); fetch it again and compare its checksum"
        ) from error


class Converter:
    """Makes entries of entities, beside those that the program ships.

    An entity that a shipped entry has for its Wikidata item adds to that entry; a name that a shipped entry
    has is left to it, and an entity whose usual name that is, is left out: whether it is the same one the
    dump does not tell. All others get an id with an ``@`` and their item, so that two of one name are each
    other's candidates.
    """

    def __init__(
        self, wanted: Filter, offices: Mapping[str, tuple[str, str]], shipped: Iterable[Entry]
    ) -> None:
        """``offices`` gives positions (items of P39) their title and place; others become no terms."""
        self._wanted = wanted
        self._offices = offices
        self._by_item: dict[str, Entry] = {}
        self._bearers: dict[str, str] = {}
        for entry in shipped:
            if entry.wikidata:
                self._by_item[entry.wikidata] = entry
            self._bearers |= {actor_id(entry.kind, name): entry.id for name in entry.names}

    def entries(self, found: Iterable[Mapping[str, Any]], tally: Tally) -> Iterator[Entry]:
        """An entry of each entity that is wanted."""
        for entity in found:
            if not _ITEM.fullmatch(entity["id"]) or not self._wanted.admits(entity):
                continue
            entry = self._entry(entity)
            if entry is None:
                tally.left_out += 1
            else:
                tally.entries += 1
                yield entry

    def _entry(self, entity: Mapping[str, Any]) -> Entry | None:
        item = entity["id"]
        known = self._by_item.get(item)
        kind = known.kind if known else "person" if HUMAN in _items(entity, INSTANCE_OF) else "organization"
        names = _names(entity, self._wanted.languages, kind)
        if not names:
            return None
        key = known.id if known else f"{actor_id(kind, names[0])}@{item}"
        own = tuple(name for name in names if self._bearers.get(actor_id(kind, name), key) == key)
        if ":" not in key or (known is None and names[0] not in own):
            return None
        if known is not None:
            own = tuple(dict.fromkeys((known.names[0], *own)))
        terms = tuple(
            Term(*self._offices[position], first, last)
            for position, first, last in _positions(entity)
            if position in self._offices
        )
        return Entry(key, own, wikidata=item, offices=terms)


def read_offices(path: Path) -> dict[str, tuple[str, str]]:
    """Positions with their title and place, from a CSV file with the columns ``position``, ``title`` and
    ``place``.

    Raises:
        OnrecordError: the file cannot be read, or a line of it is wrong.
    """
    found: dict[str, tuple[str, str]] = {}
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file)
            if not {"position", "title", "place"} <= set(rows.fieldnames or ()):
                raise OnrecordError(f"{path}:1: the columns must be position, title and place")
            for row in rows:
                if not _ITEM.fullmatch(row["position"] or "") or not row["title"] or row["place"] is None:
                    raise OnrecordError(
                        f"{path}:{rows.line_num}: write an item, a title and a place, for example"
                        " Q14211,prime minister,GB"
                    )
                found[row["position"]] = row["title"], row["place"]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise OnrecordError(f"{path}: cannot be read ({error}); give a CSV file in UTF-8") from error
    return found


def _names(entity: Mapping[str, Any], languages: Iterable[str], kind: str) -> tuple[str, ...]:
    """Labels, the first language's first, then aliases; of a person only such as share a word with a label:
    others are epithets."""
    labels = {language: _text(_table(entity, "labels").get(language)) for language in languages}
    if not next(iter(labels.values()), None):
        return ()
    known = {word for label in labels.values() if label for word in name_key(label).split("-")}
    aliases = [
        _text(alias) for language in languages for alias in _table(entity, "aliases").get(language, ())
    ]
    others = [
        alias
        for alias in aliases
        if kind == "organization" or (alias and known & set(name_key(alias).split("-")))
    ]
    return tuple(dict.fromkeys(name for name in (*labels.values(), *others) if name))[:MOST_NAMES]


def _text(value: Any) -> str | None:
    text = value.get("value") if isinstance(value, dict) else None
    return text.strip() if isinstance(text, str) and len(text) <= _MOST_CHARS and name_key(text) else None


def _meets(entity: Mapping[str, Any], of: str, wanted: frozenset[str]) -> bool:
    return not wanted or not wanted.isdisjoint(_items(entity, of))


def _items(entity: Mapping[str, Any], of: str) -> set[str]:
    """The items that an entity's statements of a property name."""
    return {item for statement in _best(entity, of) if (item := _item(statement)) is not None}


def _item(statement: Mapping[str, Any]) -> str | None:
    value = _value(statement.get("mainsnak"))
    return value.get("id") if isinstance(value, dict) else None


def _positions(entity: Mapping[str, Any]) -> Iterator[tuple[str, str, str | None]]:
    """Positions held, with their first and last day; those without a first are not dated, and left out."""
    for statement in _statements(entity, POSITION):
        item, qualifiers = _item(statement), statement.get("qualifiers") or {}
        first, last = (_day(qualifiers.get(name)) for name in (START, END))
        if item is not None and first is not None and (last is not None or END not in qualifiers):
            yield item, first, last


def _day(snaks: Any) -> str | None:
    """A point in time as far as it is known: day, month or year; None for what is vaguer, unknown or before
    our era."""
    value = _value(snaks[0]) if isinstance(snaks, list) and snaks else None
    if not isinstance(value, dict) or not str(value.get("time", "")).startswith("+"):
        return None
    length = _PRECISIONS.get(value.get("precision", 0))
    return str(value["time"])[1 : 1 + length] if length else None


def _best(entity: Mapping[str, Any], of: str) -> list[Mapping[str, Any]]:
    """The statements of best rank: the preferred ones where there are any."""
    found = _statements(entity, of)
    return [statement for statement in found if statement.get("rank") == "preferred"] or found


def _statements(entity: Mapping[str, Any], of: str) -> list[Mapping[str, Any]]:
    return [
        found
        for found in _table(entity, "claims").get(of, ())
        if isinstance(found, dict) and found.get("rank") != "deprecated"
    ]


def _value(snak: Any) -> Any:
    if not isinstance(snak, dict) or snak.get("snaktype") != "value":
        return None
    return (snak.get("datavalue") or {}).get("value")


def _table(entity: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """A part of an entity; an empty one stands as ``[]`` in dumps."""
    found = entity.get(name)
    return found if isinstance(found, dict) else {}


@contextmanager
def _opened(path: Path) -> Iterator[IO[bytes]]:
    if str(path) == "-":
        yield sys.stdin.buffer
        return
    with _OPEN.get(path.suffix.lower(), open)(path, "rb") as lines:
        yield lines
