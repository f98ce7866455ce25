"""Names the tagger did not see, or saw in part, read off their capitals."""

from __future__ import annotations

import re

from schemas.events import ActorKind
from services.extract.actors.cast import Cast
from services.extract.actors.names import (
    PARTICLES,
    bare,
    gender_of_word,
    is_given,
    is_role,
    is_title,
    unpossessed,
)
from services.extract.actors.nouns import DOCUMENT_NOUN, ORGANISATION_NOUN
from services.extract.actors.phrase import Manner, Phrase
from services.extract.types import Range
from services.extract.wordlist import words

CAPITALISED_RUN = re.compile(r"[A-Z][\w&.'’-]*(?:\s+(?:(?:of|the|and|for|in|on|&)\s+){0,2}[A-Z][\w&.'’-]*)*")
_CAPITALISED = re.compile(rf"({CAPITALISED_RUN.pattern})(\s+[a-z-]+)?(?:['’]s)?")
# Party members and nationals are groups with a name; "Critics" and "Voters" at the beginning of a sentence
# are descriptions.
_NAMED_GROUP = re.compile(
    r"(?:Democrats|Republicans|Conservatives|Liberals|Tories|Greens|Libertarians|[A-Z]\w+(?:ans|ians|ese))"
)
_NAME = re.compile(r"[A-Z][^\W\d_]+(?:[-'’][^\W\d_]+)*")
_ARTICLE = re.compile(r"^(?:the|an?)\s+", re.IGNORECASE)
_FAMILY = 20  # bearers of one surname that are looked at
# "Trump’s campaign" is the Trump campaign; "Lee’s office" is not the Lee office.
_CALLED_AFTER = words("campaign administration government foundation")


def known_name(text: str, segment: Range, cast: Cast) -> Phrase | None:
    """Somebody the article names elsewhere, written here in a way the tagger passed over (``acebush1``)."""
    name = _ARTICLE.sub("", unpossessed(text[segment.start : segment.end]))
    member = cast.called(name) or cast.organisations.possessed(name)
    return Phrase(Manner.NAMED, member.name, member.kind, (member,)) if member else None


def read_capitals(text: str, segment: Range, cast: Cast) -> Phrase | None:
    """A name the tagger did not see, or saw in part, read off its capitals."""
    phrase = text[segment.start : segment.end]
    run = _CAPITALISED.fullmatch(_ARTICLE.sub("", phrase))
    if run is None:
        return None
    name, noun = unpossessed(run.group(1)), (run.group(2) or "").strip()
    if noun:
        whose = cast.called(name) if name != run.group(1) else None
        if whose is not None and whose.kind is ActorKind.PERSON and bare(noun) not in _CALLED_AFTER:
            name = f"{whose.name}’s"
        return (
            Phrase(Manner.NAMED, f"{name} {noun}", ActorKind.ORGANIZATION)
            if bare(noun) in ORGANISATION_NOUN
            else None
        )
    bearers = cast.surnamed(name)
    if bearers:
        return Phrase(Manner.NAMED, bearers[0].name, bearers[0].kind, (bearers[0],))
    parts = name.split()
    return _person(parts, cast) or _other(text, segment, phrase, parts)


def apposed_person(text: str, description: Range, name: Range, cast: Cast) -> Phrase | None:
    """A full name the tagger did not see behind what its bearer is: “Another villager, Lipolelo
    Potobere,”."""
    what, parts = text[description.start : description.end].split(), text[name.start : name.end].split()
    full = len(parts) in (2, 3) and all(_NAME.fullmatch(part) for part in parts)
    introduced = what[-1].islower() and is_role(what[-1]) and not is_role(parts[-1])
    if not full or not introduced or any(member.kind is ActorKind.PERSON for _, member in cast.within(name)):
        return None
    return Phrase(Manner.NAMED, " ".join(parts), ActorKind.PERSON)


def _person(parts: list[str], cast: Cast) -> Phrase | None:
    """A name with a title before it, or with a known given name."""
    titles = 0
    while titles < len(parts) - 1 and is_title(parts[titles]):
        titles += 1
    rest = parts[titles:]
    lower = max(
        (number for number, word in enumerate(rest) if word.islower() and word not in PARTICLES), default=-1
    )
    if lower >= 0:
        rest = rest[lower + 1 :][-2:]  # "CEO of the Refugee Council Enver Solomon"
    # “Mr Lee”, which ends like “employee”
    called = titles > 0 and gender_of_word(parts[titles - 1]) is not None
    if (
        (is_role(rest[-1]) and not called)
        or bare(rest[-1]) in ORGANISATION_NOUN
        or not (titles or (len(rest) in (2, 3) and is_given(rest[0])))
    ):
        return None
    bearer = next(
        (member for member in cast.surnamed(rest[-1])[:_FAMILY] if len(rest) == 1 or " " not in member.name),
        None,
    )
    if bearer is not None:
        return Phrase(Manner.NAMED, bearer.name, ActorKind.PERSON, (bearer,))
    return Phrase(Manner.NAMED, " ".join(rest).rstrip("."), ActorKind.PERSON)


def _other(text: str, segment: Range, phrase: str, parts: list[str]) -> Phrase | None:
    """A document, a group or an organisation; a capital at the beginning of a sentence says nothing."""
    name = " ".join(parts)
    if is_role(parts[-1]):
        return None
    if len(parts) == 1 and not name.isupper():
        lead = text[max(0, segment.start - 2) : segment.start]
        if (not lead or lead[-1] in '\n“"' or lead in (". ", "? ", "! ")) and not phrase.lower().startswith(
            "the "
        ):
            return Phrase(Manner.NAMED, name, ActorKind.GROUP) if _NAMED_GROUP.fullmatch(name) else None
        if name.endswith("s"):
            return Phrase(Manner.NAMED, name, ActorKind.GROUP)
    return Phrase(
        Manner.NAMED, name, ActorKind.DOCUMENT if bare(parts[-1]) in DOCUMENT_NOUN else ActorKind.ORGANIZATION
    )
