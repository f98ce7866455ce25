"""GUM's CoNLL-U read: the text, attribution relations (MISC ``Discourse=``) and entities (MISC
``Entity=``)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import unquote

from lab.quality.gum import DESCRIPTION, NAME, PRONOUN, Entity, GumArticle, GumRelation, Mention
from services.extract.types import Range

_UNIT = re.compile(r"Discourse=([^:|]+):(\d+)(?:->(\d+))?(?::\d+)?(?::([^|]*))?")
_SIGNAL = re.compile(r"(sem-atsrc|lex-ind(?:wd|ph))-((?:\d+[-,]?)+)")
_TOKEN_NUMBERS = re.compile(r"\d+(?:-\d+)?")
_BRACKET = re.compile(r"\((?P<opened>[^()]+)(?P<at_once>\))?|(?P<closed>\d+)\)")
_IDENTITY = 7  # field of GRP-etype-infstat-salience-centering-minspan-link-identity
_META = re.compile(r"# meta::(sourceURL|title) = (.*)")
# indefinite pronouns (everyone) mean nobody in particular
_PERSONAL = frozenset(("PRP", "PRP$", "WP", "WP$", "WDT"))


class _Token(NamedTuple):
    """``parent`` is the document-wide number of the word it depends on; -1 for a sentence's root."""

    place: Range
    part: str
    tag: str
    parent: int


class _Opened(NamedTuple):
    """A mention while it is read, and the number of its first token."""

    entity: int
    first: int


@dataclass(slots=True)
class _Draft:
    """A document while it is read: text so far, tokens (document-wide numbers from 0), units by number, raw
    relations, mentions."""

    text: str = ""
    tokens: list[_Token] = field(default_factory=list)
    units: dict[int, int] = field(default_factory=dict)
    relations: list[tuple[int, str]] = field(default_factory=list)
    separator: str = ""
    joined: range = range(0)  # numbers of the parts of the last contraction, but for the last part
    spaced: bool = True  # whether white space follows it
    opened: list[_Opened] = field(default_factory=list)
    mentions: list[tuple[_Opened, int]] = field(default_factory=list)
    entities: dict[int, Entity] = field(default_factory=dict)
    meta: dict[str, str] = field(default_factory=dict)


def parse_conllu(name: str, lines: str) -> GumArticle:
    """One document."""
    draft = _Draft()
    for line in lines.splitlines():
        if line.startswith("# newpar"):
            draft.separator = "\n\n" if draft.text else ""
        elif match := _META.match(line):
            draft.meta[match[1]] = match[2].strip()
        elif line and not line.startswith("#"):
            columns = line.split("\t")
            first, _, last = columns[0].partition("-")
            if last.isdigit():  # a contraction, such as “team's”: its line says what follows, its parts touch
                draft.joined, draft.spaced = (
                    range(int(first), int(last)),
                    "SpaceAfter=No" not in columns[9].split("|"),
                )
            elif first.isdigit():  # no empty node
                _add_token(draft, columns)
    bounds = {
        number: (first, draft.units.get(number + 1, len(draft.tokens)))
        for number, first in draft.units.items()
    }
    places = [token.place for token in draft.tokens]
    relations = []
    for target, signals in draft.relations:
        begin, end = bounds[target]
        clause = Range(places[begin].start, places[end - 1].end)
        relations.append(
            GumRelation(clause, _places(signals, "sem-atsrc", places), _places(signals, "lex-ind", places))
        )
    mentions = sorted(
        (_mention(draft.tokens, opened, last) for opened, last in draft.mentions),
        key=lambda m: (m.span.start, -m.span.end),
    )
    return GumArticle(
        name,
        draft.text,
        tuple(relations),
        tuple(mentions),
        draft.entities,
        draft.meta.get("sourceURL", ""),
        draft.meta.get("title", ""),
    )


def _add_token(draft: _Draft, columns: Sequence[str]) -> None:
    form, misc = columns[1], columns[9]
    draft.text += draft.separator
    number, parent = int(columns[0]), int(columns[6]) if columns[6].isdigit() else 0
    parent = len(draft.tokens) + parent - number if parent else -1
    draft.tokens.append(
        _Token(Range(len(draft.text), len(draft.text) + len(form)), columns[3], columns[4], parent)
    )
    draft.text += form
    fields = misc.split("|")
    spaced = draft.spaced if number == draft.joined.stop else "SpaceAfter=No" not in fields
    draft.separator = " " if spaced and number not in draft.joined else ""
    if number == draft.joined.stop:
        draft.joined = range(0)  # numbers begin anew with the next sentence
    unit = _UNIT.search(misc)
    if unit:
        relation, unit_number, target, signals = unit.groups()
        draft.units[int(unit_number)] = len(draft.tokens) - 1
        if relation.startswith("attribution") and target:
            draft.relations.append((int(target), signals or ""))
    for item in fields:
        if item.startswith("Entity="):
            _add_entities(draft, item.removeprefix("Entity="))


def _add_entities(draft: _Draft, brackets: str) -> None:
    number = len(draft.tokens) - 1
    for match in _BRACKET.finditer(brackets):
        if match["opened"]:
            values = match["opened"].split("-")
            entity = int(values[0])
            known = draft.entities.get(entity)
            wikipedia = unquote(values[_IDENTITY]).replace("_", " ") if len(values) > _IDENTITY else None
            draft.entities[entity] = Entity(
                values[1] if len(values) > 1 else "", wikipedia or (known.wikipedia if known else None)
            )
            opened = _Opened(entity, number)
            if match["at_once"]:
                draft.mentions.append((opened, number))
            else:
                draft.opened.append(opened)
        else:
            entity = int(match["closed"])
            # the innermost one closes first
            opened = next(item for item in reversed(draft.opened) if item.entity == entity)
            draft.opened.remove(opened)
            draft.mentions.append((opened, number))


def _mention(tokens: Sequence[_Token], opened: _Opened, last: int) -> Mention:
    """The head is the word that depends on none inside; of a name, it is the run of proper nouns around that
    word, or, as in *team member Ana Weiss*, right after it and the nouns that follow it."""
    inside = range(opened.first, last + 1)
    first_head = last_head = next((number for number in inside if tokens[number].parent not in inside), last)
    form = DESCRIPTION
    if len(inside) == 1 and tokens[last].tag in _PERSONAL:
        form = PRONOUN
    elif (name := _name_from(tokens, first_head, last)) is not None:
        form = NAME
        first_head = last_head = name
        while first_head - 1 in inside and tokens[first_head - 1].part == "PROPN":
            first_head -= 1
        while (following := _next_of_name(tokens, last_head)) in inside:
            last_head = following
    span = Range(tokens[opened.first].place.start, tokens[last].place.end)
    return Mention(
        opened.entity, span, Range(tokens[first_head].place.start, tokens[last_head].place.end), form
    )


def _next_of_name(tokens: Sequence[_Token], number: int) -> int:
    """The proper noun after a word of a name, hyphens between them (*al-Amr* is three tokens) aside; -1 when
    there is none."""
    for following in (number + 1, number + 2):
        if following < len(tokens) and tokens[following].part == "PROPN":
            return following
        if following < len(tokens) and tokens[following].tag != "HYPH":
            break
    return -1


def _name_from(tokens: Sequence[_Token], head: int, last: int) -> int | None:
    """The first proper noun at the head or after it, with nothing but nouns between them."""
    for number in range(head, last + 1):
        if tokens[number].part == "PROPN":
            return number
        if tokens[number].part != "NOUN":
            return None
    return None


def _places(signals: str, kind: str, tokens: Sequence[Range]) -> tuple[Range, ...]:
    found = []
    for name, numbers in _SIGNAL.findall(signals):
        if name.startswith(kind):
            for part in _TOKEN_NUMBERS.findall(numbers):
                first, _, last = part.partition("-")
                found.append(Range(tokens[int(first) - 1].start, tokens[int(last or first) - 1].end))
    return tuple(sorted(found))
