"""The labels of transcripts' turns: a name in capitals, an office, or just ``Q`` and ``A``."""

from __future__ import annotations

import re

from schemas.events import Actor, ActorKind, Resolution, Span
from services.extract.actors.cast import Cast
from services.extract.actors.making import HINT, SURE, Maker
from services.extract.actors.names import bare, is_role, is_title
from services.extract.actors.phrase import Manner, Phrase

_QUESTION = re.compile(r"Q(?:uestion)?", re.IGNORECASE)
_ANSWER = re.compile(r"A(?:nswer)?", re.IGNORECASE)


def office(label: str) -> Phrase | None:
    """The description that a label is: ``THE MODERATOR``."""
    words = label.split()
    if _ANSWER.fullmatch(label) or _QUESTION.fullmatch(label) or not is_role(words[-1]):
        return None
    return Phrase(Manner.DESCRIBED, " ".join(words).lower(), ActorKind.UNNAMED, words=tuple(bare(word) for word in words), definite=True)


def speaker(mention: Span, cast: Cast, maker: Maker) -> Actor:
    """Whom a label that is no office names. Whoever is asked is the only person named so far."""
    if _ANSWER.fullmatch(mention.exact):
        named = [member for member in cast.people[:2] if member.first < mention.start]
        return maker.member(named[0], mention, Resolution.DESCRIPTION, HINT) if len(named) == 1 else maker.unresolved(mention)
    if _QUESTION.fullmatch(mention.exact):
        return maker.unresolved(mention)
    words = mention.exact.split()
    while len(words) > 1 and is_title(words[0]):
        words = words[1:]
    bearers = cast.surnamed(words[-1])
    if bearers and len(words) == 1:
        return maker.member(bearers[0], mention, Resolution.SURNAME, SURE[Resolution.SURNAME])
    name = " ".join(word.capitalize() if word.isupper() and "." not in word else word for word in words)
    return maker.named(ActorKind.PERSON, name, mention, Resolution.NAME, SURE[Resolution.NAME])
