"""The labels of transcripts' turns: a name in capitals, an office, or just ``Q`` and ``A``."""

from __future__ import annotations

import re
from collections.abc import Iterable

from schemas.events import Actor, ActorKind, Resolution, Span
from services.extract.actors.cast import Cast
from services.extract.actors.making import HINT, Maker
from services.extract.actors.names import bare, is_role, is_title
from services.extract.actors.phrase import Manner, Phrase
from services.extract.actors.trust import sure
from services.extract.lang import ENGLISH
from services.extract.types import Range

_QUESTION = re.compile(r"Q(?:uestion)?", re.IGNORECASE)
_ANSWER = re.compile(r"A(?:nswer)?", re.IGNORECASE)


def office(label: str) -> Phrase | None:
    """The description that a label is: ``THE MODERATOR``."""
    words = label.split()
    part = words[-1].lower() in ENGLISH.words("label_parts") and (len(words) == 1 or is_definite(label))
    if _ANSWER.fullmatch(label) or _QUESTION.fullmatch(label) or not (part or is_role(words[-1])):
        return None
    return Phrase(
        Manner.DESCRIBED,
        " ".join(words).lower(),
        ActorKind.UNNAMED,
        words=tuple(bare(word) for word in words),
        definite=True,
    )


def is_definite(label: str) -> bool:
    """Whether a label is a part in the dialogue and no name: ``THE COURT``."""
    return label.partition(" ")[0].lower() in ENGLISH.words("definite")


def full_names(text: str, labels: Iterable[Range]) -> dict[str, Range]:
    """Labels that give a name in full, by its surname in small letters: “ANN DAY” of “DAY”. Of two of a
    surname the first."""
    full: dict[str, Range] = {}
    for label in sorted(labels):
        words = _without_titles(text[slice(*label)])
        if len(words) > 1 and not is_definite(words[0]):
            full.setdefault(words[-1].lower(), label)
    return full


def speaker(mention: Span, cast: Cast, maker: Maker) -> Actor:
    """Whom a label that is no office names. Whoever is asked is the only person named so far."""
    if _ANSWER.fullmatch(mention.exact):
        named = [member for member in cast.people[:2] if member.first < mention.start]
        return (
            maker.member(named[0], mention, Resolution.DESCRIPTION, HINT)
            if len(named) == 1
            else maker.unresolved(mention)
        )
    if _QUESTION.fullmatch(mention.exact):
        return maker.unresolved(mention)
    words = _without_titles(mention.exact)
    bearers = cast.surnamed(words[-1])
    if bearers and len(words) == 1:
        return maker.member(
            bearers[0], mention, Resolution.SURNAME, sure(Resolution.SURNAME, ActorKind.PERSON)
        )
    name = " ".join(word.capitalize() if word.isupper() and "." not in word else word for word in words)
    return maker.named(
        ActorKind.PERSON, name, mention, Resolution.NAME, sure(Resolution.NAME, ActorKind.PERSON)
    )


def _without_titles(label: str) -> list[str]:
    words = label.split()
    while len(words) > 1 and is_title(words[0]):
        words = words[1:]
    return words
