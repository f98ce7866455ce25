"""The first layer: what an article itself settles about an actor's identity.

A full name is known across articles. A bare surname, a given name with an initial for a surname, a title, an
office and a description are known inside their article only: there may be as many Marlowes and Foreign
Ministries as there are articles. They get an id of that article, until something else says who they are.

It works on events of any extractor, so a record is right whatever version found its statements, and ids keep
their one meaning: ``person:olsson`` is simply nobody's any more.
"""

from __future__ import annotations

import re
import unicodedata

from schemas.events import Actor, ActorKind
from schemas.ids import actor_id, digest, name_key
from services.aggregate.identity.words import lists

_LOCAL = re.compile(r"(?:unnamed|unresolved|local)-[0-9a-f]{32}")
_LEADING = re.compile(r"^(?:the|a|an)\s+", re.IGNORECASE)
# characters of a name in Chinese, Japanese or Korean; two may be a surname, or a foreign one spelled by sound
_WHOLE_NAME = 3
_FULL = 2  # words


def identity_of(actor: Actor, article_id: str) -> str:
    """The id by which an actor of an article is known: across articles, or in this one."""
    if is_local(actor.actor_id):
        return actor.actor_id
    if _is_named(actor):
        # “J. K. Farthing” whose extractor left out middle initials: what is left is any Farthing's
        known = (
            actor.kind is not ActorKind.PERSON
            or ":" not in actor.actor_id
            or _tells(actor.actor_id.partition(":")[2].split("-"))
        )
        return actor.actor_id if known else actor_id(actor.kind, actor.name)
    return digest("local", article_id, actor.kind.value, name_key(actor.name))


def is_local(identity: str) -> bool:
    """Whether an id is known in one article only."""
    return _LOCAL.fullmatch(identity) is not None


def _is_named(actor: Actor) -> bool:
    if actor.kind is ActorKind.PERSON:
        return _is_full_name(actor.name)
    if actor.kind in (ActorKind.ORGANIZATION, ActorKind.GROUP):
        return _is_proper(actor.name)
    return actor.kind is ActorKind.DOCUMENT


def _is_full_name(name: str) -> bool:
    """Whether a person is named by more than a surname, a title or an office: two words that are neither, one
    of them no initial."""
    known = lists()
    words = [word for word in name_key(name).split("-") if word]
    while words and words[0] in known.titles:
        words = words[1:]
    words = [word for word in words if word not in known.suffixes]
    if any(_is_ideographic(word) for word in words):
        return len("".join(words)) >= _WHOLE_NAME
    if all(word in known.offices or word in known.people for word in words):
        return False
    return len(words) >= _FULL and _tells(words)


def _tells(words: list[str]) -> bool:
    """“J. Smith” is any Smith; “J. K. Rowling” and “JD Vance” are names."""
    initials = [word for word in words if len(word) == 1]
    return len(words) - len(initials) >= _FULL or len(initials) >= _FULL


def _is_proper(name: str) -> bool:
    """Whether a name says which organisation or group: some word of it is capitalised and not one that all of
    them share."""
    known = lists()
    bare = _LEADING.sub("", name)
    if not any(character.isupper() or not _has_case(character) for character in bare if character.isalpha()):
        return False
    words = [word for word in name_key(bare).split("-") if word]
    if len(words) > 1 and (
        words[0] in known.quantifiers or (words[0] in known.people and words[1] in known.of)
    ):
        return False
    return not words or any(word not in known.offices and word not in known.people for word in words)


def _has_case(character: str) -> bool:
    return character.lower() != character.upper()


def _is_ideographic(word: str) -> bool:
    return any(
        unicodedata.name(character, "").startswith(("CJK ", "HANGUL ", "KATAKANA ", "HIRAGANA "))
        for character in word
    )
