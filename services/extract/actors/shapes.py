"""Names whose shape the tagger breaks: a nickname in marks between two names, a title that takes a place for
a name."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from services.extract.actors.names import is_title
from services.extract.types import Range

_NAME = r"[A-Z][^\W\d_]{0,30}(?:[-'’.][^\W\d_]{1,30}){0,4}"
_NICKNAME = re.compile(
    rf"\b(?P<given>{_NAME}(?:[ ]{_NAME})?)[ ][“\"‘'](?P<nick>[A-Z][\w’ -]{{1,24}})[”\"’'][ ]"
    rf"(?P<surname>{_NAME}(?:[ ]{_NAME})?)"
)
# Who bears one of these has it for a name: “the Duchess of Kent”. A mayor or a director of a place has a name
# besides.
_OF_PLACE = re.compile(
    r"\b(?P<title>Duke|Duchess|Prince|Princess|Earl|Countess|Marquess|Marquis|Marchioness|Viscount|Viscountess|Baron|Baroness"
    rf"|Archbishop|Bishop|Emir|Sultan|King|Queen) of (?:the )?{_NAME}(?:(?: and)? {_NAME}){{0,4}}"
)


class Shaped(NamedTuple):
    """A name in the text by its shape: where, its words without the nickname, and the nickname, if any."""

    span: Range
    words: tuple[str, ...]
    nickname: str = ""


def shaped_names(text: str, people: Sequence[Range]) -> Iterator[Shaped]:
    """Names of a known shape in text order. ``people``: where the tagger sees persons; a nickname stands
    beside one of them."""
    starts = {span.start for span in people}
    ends = {span.end for span in people}
    for match in _NICKNAME.finditer(text):
        given, surname = match["given"].split(), match["surname"].split()
        while len(given) > 1 and is_title(given[0]):
            given = given[1:]
        beside = match.end("given") in ends or match.start("surname") in starts
        if beside and not is_title(given[0]):
            start = match.end("given") - len(" ".join(given))
            yield Shaped(Range(start, match.end()), (*given, *surname), match["nick"])
    for match in _OF_PLACE.finditer(text):
        yield Shaped(Range(*match.span()), tuple(match.group().split()))
