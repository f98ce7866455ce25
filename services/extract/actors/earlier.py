"""Who spoke before and is meant again by fewer words: “the official” after “a Treasury official”, “both”
after two names."""

from __future__ import annotations

from bisect import bisect_left

from schemas.events import Actor, ActorKind, Resolution, Span
from services.extract.actors.making import Maker
from services.extract.actors.names import is_role
from services.extract.actors.nouns import PERSON_NOUN
from services.extract.actors.phrase import Manner, Phrase
from services.extract.actors.trust import sure
from services.extract.types import Range
from services.extract.wordlist import words

_TOGETHER = words("both pair couple duo two men women brothers sisters")
_ORDER = {"former": 0, "latter": 1}
_DETERMINERS = words("the this that these those")


class Earlier:
    """The described and the listed speakers of an article so far, to be noted in text order."""

    def __init__(self, maker: Maker) -> None:
        self._maker = maker
        self._described: dict[str, list[tuple[int, Actor]]] = {}  # by the noun that heads the description
        self._listed: list[tuple[int, Phrase]] = []

    def note(self, source: Range, read: Phrase, actor: Actor) -> None:
        """Somebody speaks there."""
        if read.manner in (Manner.SEVERAL, Manner.ONE_OF):
            if actor.resolution is not Resolution.UNRESOLVED:
                self._listed.append((source.start, read))
        elif (
            actor.kind is ActorKind.UNNAMED
            and actor.resolution is Resolution.DESCRIPTION
            and _is_person(read)
        ):
            self._described.setdefault(read.words[-1], []).append((source.start, actor))

    def __call__(self, read: Phrase, mention: Span) -> Actor | None:
        """Whom a definite description means that says no more than a noun; None when nobody fits."""
        said = [word for word in read.words if word not in _DETERMINERS]
        if len(said) != 1 or not (read.definite or said[0] == "both"):
            return self._all_of(said, mention)
        if said[0] in _ORDER:
            return self._one_of(_ORDER[said[0]], mention)
        spoke = self._described.get(said[0], [])
        last = bisect_left(spoke, mention.start, key=lambda item: item[0]) - 1
        if last >= 0:
            actor = spoke[last][1]
            return actor.model_copy(update={"mention": mention})
        return self._all_of(said, mention)

    def _all_of(self, said: list[str], mention: Span) -> Actor | None:
        joint = self._listed_before(mention.start) if said and _TOGETHER.issuperset(said) else None
        if joint is None or joint.manner is Manner.ONE_OF:
            return None
        return self._maker.named(
            ActorKind.GROUP,
            joint.name,
            mention,
            Resolution.DESCRIPTION,
            sure(Resolution.DESCRIPTION, ActorKind.GROUP),
        )

    def _one_of(self, number: int, mention: Span) -> Actor | None:
        listed = self._listed_before(mention.start)
        if listed is None or len(listed.members) <= number:
            return None
        return self._maker.member(
            listed.members[number],
            mention,
            Resolution.DESCRIPTION,
            sure(Resolution.DESCRIPTION, ActorKind.PERSON),
        )

    def _listed_before(self, position: int) -> Phrase | None:
        last = bisect_left(self._listed, position, key=lambda item: item[0]) - 1
        return self._listed[last][1] if last >= 0 else None


def _is_person(read: Phrase) -> bool:
    return bool(read.words) and (is_role(read.words[-1]) or read.words[-1] in PERSON_NOUN)
