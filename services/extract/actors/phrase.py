"""What a source phrase refers to: a pronoun, somebody named, several, or a description."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from schemas.events import ActorKind
from services.extract.actors.members import Member

PERSONAL = {
    "he": "m",
    "him": "m",
    "his": "m",
    "himself": "m",
    "she": "f",
    "her": "f",
    "hers": "f",
    "herself": "f",
}
SPEAKER_PLURAL = frozenset(("we", "us", "our", "ours", "ourselves"))
SPEAKER = SPEAKER_PLURAL | {"i", "me", "my", "mine", "myself"}
PLURAL = frozenset(("they", "them", "their", "theirs", "themselves"))
NEUTER = frozenset(("it", "its", "itself"))
PRONOUNS = SPEAKER | PLURAL | NEUTER | PERSONAL.keys()
RELATIVE = frozenset(("who", "which", "that", "whom", "whose"))


class Manner(Enum):
    """How a phrase refers."""

    PRONOUN = "pronoun"
    RELATIVE = "relative"
    NAMED = "named"
    SEVERAL = "several"
    ONE_OF = "one of several"
    DESCRIBED = "described"


@dataclass(frozen=True, slots=True)
class Phrase:
    """A source phrase, read. ``name`` is the name or the description; ``members`` whom it names."""

    manner: Manner
    name: str
    kind: ActorKind
    members: tuple[Member, ...] = ()
    words: tuple[str, ...] = ()
    definite: bool = False
