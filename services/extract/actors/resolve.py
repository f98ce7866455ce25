"""From the words that name a source to an :class:`~schemas.events.Actor`."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from typing import Protocol

from schemas.events import Actor, ActorKind, Resolution, Span
from schemas.ids import actor_id, local_actor_id
from services.extract.actors import phrase as phrases
from services.extract.actors.cast import Cast
from services.extract.actors.members import Member
from services.extract.actors.names import WORD, bare, is_role, is_title
from services.extract.actors.phrase import Manner, Phrase
from services.extract.actors.pronouns import follow
from services.extract.types import Attribution, Entity, QuotedStretch, Range

UNRESOLVED = "unresolved source"
CLOSING = ",–—― "
_NAME_MAX = 160  # code points of a description kept as an actor's name

# How sure a resolution is by its manner: the share that was right on hand-labelled PolNeAR dev sources, rounded, few ones cautiously.
_SURE = {
    Resolution.NAME: 0.97,
    Resolution.SURNAME: 0.95,
    Resolution.TITLE: 0.85,
    Resolution.RELATIVE_PRONOUN: 0.75,
    Resolution.ALIAS: 0.9,
    Resolution.DESCRIPTION: 0.8,
    Resolution.CONTINUATION: 0.85,
}
_NUMBER_HINT = 0.6
_ROLE_ALIASES = {
    "sen": "senator", "rep": "representative", "congressman": "representative", "congresswoman": "representative", "gov": "governor",
    "lawmaker": "representative", "chairwoman": "chairman", "chair": "chairman", "gen": "general", "pres": "president", "prof": "professor",
    "judge": "justice", "attorney": "lawyer", "atty": "lawyer", "counsel": "lawyer", "dr": "doctor", "lt": "lieutenant", "sgt": "sergeant",
}  # fmt: skip
_SPELLINGS: dict[str, tuple[str, ...]] = {
    word: (word, *(alias for alias, meaning in _ROLE_ALIASES.items() if meaning == word)) for word in _ROLE_ALIASES.values()
}


class Registry(Protocol):
    """Knows actors beyond one article."""

    def look_up(self, kind: ActorKind, name: str) -> tuple[str, str | None] | None:
        """The canonical name and Wikidata id of a name, or None when it is not known or not unique."""
        ...


class Resolver:
    """Resolves the sources of one article. Build one per article; :meth:`resolve` in text order."""

    def __init__(
        self,
        text: str,
        *,
        article_id: str,
        entities: Sequence[Entity],
        attributions: Sequence[Attribution],
        sentences: Sequence[Range],
        quoted: Sequence[QuotedStretch],
        authors: Sequence[str] = (),
        registry: Registry | None = None,
    ) -> None:
        self._text = text
        self._article_id = article_id
        self._cast = Cast(text, entities)
        self._sentences = sentences
        self._starts = [sentence.start for sentence in sentences]
        self._authors = authors
        self._registry = registry
        sources = [attribution.source for attribution in attributions if attribution.source is not None]
        self._pronouns = follow(text, self._cast, sentences, quoted, sources)
        self._groups: list[tuple[int, Actor]] = []

    def resolve(self, source: Range | None, *, inherited: Actor | None = None) -> Actor:
        """The actor behind a source phrase. ``inherited`` is the running speaker, for a statement without a source."""
        if source is None:
            if inherited is None:
                return self._unresolved(None)
            if inherited.resolution is Resolution.UNRESOLVED:
                return inherited.model_copy(update={"mention": None})
            return inherited.model_copy(
                update={
                    "mention": None,
                    "resolution": Resolution.CONTINUATION,
                    "confidence": inherited.confidence * _SURE[Resolution.CONTINUATION],
                }
            )
        # annotators count the comma that closes an apposition as part of the source; it is no part of the mention
        words = self._text[source.start : source.end].rstrip(CLOSING)
        source = Range(source.start, source.start + len(words)) if words else source
        mention = Span.of(self._text, source.start, source.end)
        read = phrases.read(self._text, source, self._cast)
        if read.manner is Manner.PRONOUN:
            actor = self._pronoun(read.name, source, mention, inherited)
        elif read.manner is Manner.RELATIVE:
            actor = self._relative(source, mention)
        elif read.manner is Manner.DESCRIBED:
            actor = self._description(read, source, mention)
        else:
            actor = self._named(read, mention)
        if actor.kind is not ActorKind.PERSON and actor.resolution is not Resolution.UNRESOLVED:
            self._groups.append((source.start, actor))
        return actor

    # -- names -------------------------------------------------------------------------------------------------

    def _named(self, read: Phrase, mention: Span) -> Actor:
        resolution = Resolution.NAME
        if read.members:
            said = {bare(match.group()) for match in WORD.finditer(mention.exact)}
            name_words = {bare(word) for word in read.members[0].name.split()}
            if read.kind is ActorKind.PERSON and not name_words <= said:
                resolution = Resolution.SURNAME
            elif read.kind is not ActorKind.PERSON and not (name_words & said):
                resolution = Resolution.ALIAS
        return self._actor(read.kind, read.name, mention, resolution, _SURE[resolution])

    def _member(self, member: Member, mention: Span, resolution: Resolution, confidence: float) -> Actor:
        return self._actor(member.kind, member.name, mention, resolution, confidence)

    def _actor(self, kind: ActorKind, name: str, mention: Span | None, resolution: Resolution, confidence: float) -> Actor:
        wikidata = None
        known = self._registry.look_up(kind, name) if self._registry else None
        if known is not None:
            name, wikidata = known
        return Actor(
            actor_id=actor_id(kind, name),
            name=name,
            kind=kind,
            mention=mention,
            resolution=resolution,
            wikidata=wikidata,
            confidence=confidence,
        )

    # -- pronouns ----------------------------------------------------------------------------------------------

    def _pronoun(self, word: str, source: Range, mention: Span, inherited: Actor | None) -> Actor:
        if word in phrases.PERSONAL:
            start = self._first_word(source)
            if start in self._pronouns:
                member, confidence = self._pronouns[start]
                return self._member(member, mention, Resolution.PRONOUN, confidence)
            later = self._after_in_sentence(source, phrases.PERSONAL[word])
            if later is not None:
                return self._member(later, mention, Resolution.PRONOUN, _NUMBER_HINT)
        elif word in phrases.SPEAKER:
            if inherited is not None:
                return inherited.model_copy(update={"mention": mention, "resolution": Resolution.PRONOUN})
            if len(self._authors) == 1:
                return self._actor(ActorKind.PERSON, self._authors[0], mention, Resolution.PRONOUN, _NUMBER_HINT)
        else:
            return self._plural_or_neuter(word, source, mention)
        return self._unresolved(mention)

    def _first_word(self, source: Range) -> int:
        match = WORD.search(self._text, source.start, source.end)
        return match.start() if match else source.start

    def _after_in_sentence(self, source: Range, gender: str) -> Member | None:
        """``When he arrived, Smith said``: the name may follow in the same sentence."""
        index = bisect_right(self._starts, source.start) - 1
        end = self._sentences[index].end if index >= 0 else len(self._text)
        for _, member in self._cast.within(Range(source.end, end)):
            if member.kind is ActorKind.PERSON and member.gender in (None, gender):
                return member
        return None

    def _plural_or_neuter(self, word: str, source: Range, mention: Span) -> Actor:
        """``they`` and ``it``: the group, organisation or document that spoke last, not farther back than two paragraphs."""
        wanted = _THEY if word in phrases.PLURAL else _IT
        limit = max(self._paragraphs_back(source.start, 2), source.start - _LOOK_BACK)
        for position, actor in reversed(self._groups):
            if position < limit:
                break
            if actor.kind in wanted and position < source.start:
                return actor.model_copy(
                    update={"mention": mention, "resolution": Resolution.PRONOUN, "confidence": actor.confidence * _NUMBER_HINT}
                )
        for at, member in reversed(self._cast.within(Range(limit, source.start))):
            if member.kind is (ActorKind.GROUP if word in phrases.PLURAL else ActorKind.ORGANIZATION) and self._is_subject(at):
                return self._member(member, mention, Resolution.PRONOUN, _NUMBER_HINT * _NUMBER_HINT)
        return self._unresolved(mention)

    def _paragraphs_back(self, position: int, count: int) -> int:
        for _ in range(count):
            position = self._text.rfind("\n", 0, max(0, position - 1))
            if position < 0:
                return 0
            while position > 0 and self._text[position - 1] == "\n":
                position -= 1
        return position

    def _is_subject(self, at: Range) -> bool:
        index = bisect_right(self._starts, at.start) - 1
        lead = self._text[self._starts[index] : at.start] if index >= 0 else ""
        return re.fullmatch(r"\W*(?:the|but|and|meanwhile,?|however,?)?\s*", lead, re.IGNORECASE) is not None

    def _relative(self, source: Range, mention: Span) -> Actor:
        """The noun phrase right before ``who``."""
        before = re.search(r"[,\s]*(?:\([^()]{1,40}\)[,\s]*)?$", self._text[max(0, source.start - 60) : source.start])
        end = source.start - (len(before.group()) if before else 0)
        for at, member in reversed(self._cast.within(Range(max(0, end - 80), end))):
            if at.end >= end - 2 and (member.kind is ActorKind.PERSON or mention.exact.lower() != "who"):
                return self._member(member, mention, Resolution.RELATIVE_PRONOUN, _SURE[Resolution.RELATIVE_PRONOUN])
            break
        aside = self._person_before_aside(end)
        if aside is not None:
            return self._member(aside, mention, Resolution.RELATIVE_PRONOUN, _SURE[Resolution.RELATIVE_PRONOUN])
        span = self._noun_phrase_before(end)
        if span is None:
            return self._unresolved(mention)
        read = phrases.read(self._text, span, self._cast)
        if read.manner in (Manner.NAMED, Manner.SEVERAL):
            return self._actor(read.kind, read.name, mention, Resolution.RELATIVE_PRONOUN, _SURE[Resolution.RELATIVE_PRONOUN])
        if read.manner is Manner.DESCRIBED:
            return self._description(read, span, mention)
        return self._unresolved(mention)

    def _person_before_aside(self, end: int) -> Member | None:
        """``Rawlings, 45, of Bowie, Md., who``: nothing but age and place between the name and the pronoun."""
        for at, member in reversed(self._cast.within(Range(max(0, end - 80), end))):
            if member.kind is ActorKind.PERSON:
                return member if _AGE_AND_PLACE.fullmatch(self._text[at.end : end]) else None
        return None

    def _noun_phrase_before(self, end: int) -> Range | None:
        index = bisect_right(self._starts, max(0, end - 1)) - 1
        begin = max(self._starts[index] if index >= 0 else 0, end - _NOUN_PHRASE)
        window = self._text[begin:end]
        words = list(WORD.finditer(window))
        start: int | None = None
        for count, match in enumerate(reversed(words)):
            gap = window[match.end() : (begin + len(window) if start is None else start) - begin]
            if count and (gap.strip(" .") or _CLAUSE.fullmatch(match.group().lower())):
                break
            if count > 7:
                break
            start = begin + match.start()
            if match.group().lower() in ("the", "a", "an", "some", "many", "those", "several"):
                break
        return Range(start, end) if start is not None else None

    # -- descriptions ------------------------------------------------------------------------------------------

    def _description(self, read: Phrase, source: Range, mention: Span) -> Actor:
        bearer = self._bearer(read, source)
        if bearer is not None:
            return self._member(bearer, mention, Resolution.TITLE, _SURE[Resolution.TITLE])
        name = read.name[:_NAME_MAX]
        return Actor(
            actor_id=local_actor_id(self._article_id, "unnamed", " ".join(name.lower().split())),
            name=name,
            kind=read.kind,
            mention=mention,
            resolution=Resolution.DESCRIPTION,
            confidence=_SURE[Resolution.DESCRIPTION],
        )

    def _bearer(self, read: Phrase, source: Range) -> Member | None:
        """The one person the article gives this office or description: ``the senator`` after ``Sen. Ted Cruz``."""
        if not read.definite or not read.words or read.kind is not ActorKind.UNNAMED:
            return None
        words = [_ROLE_ALIASES.get(word, word) for word in read.words]
        words = [word for word in words if word not in ("the", "this", "that", "his", "her", "their", "its", "former", "then")]
        if not words or not is_role(words[-1]):
            return None
        fitting: list[tuple[int, int, Member]] = []
        needed = (len(words) + 1) // 2
        for member in self._cast.in_role(*_SPELLINGS.get(words[-1], (words[-1],))):
            roles = {_ROLE_ALIASES.get(role, role) for role in member.roles}
            shared = sum(word in roles for word in words)
            if shared >= needed:
                last = max((m.span.start for m in member.mentions if m.span.start < source.start), default=-1)
                fitting.append((shared, last, member))
        if not fitting:
            return None
        best = max(fitting, key=lambda item: item[:2])
        return best[2] if best[1] >= 0 or is_title(words[-1]) else None

    def _unresolved(self, mention: Span | None) -> Actor:
        where = f"{mention.start}:{mention.end}" if mention else "none"
        return Actor(
            actor_id=local_actor_id(self._article_id, "unresolved", where),
            name=mention.exact[:_NAME_MAX] if mention else UNRESOLVED,
            kind=ActorKind.UNNAMED,
            mention=mention,
            resolution=Resolution.UNRESOLVED,
            confidence=0.0,
        )


_NOUN_PHRASE = 120  # code points of eight words
_LOOK_BACK = 2_000  # code points: two long paragraphs
_THEY = (ActorKind.GROUP, ActorKind.ORGANIZATION, ActorKind.UNNAMED)  # an unnamed source is "they" as often as "he"
_IT = (ActorKind.ORGANIZATION, ActorKind.DOCUMENT)
_AGE_AND_PLACE = re.compile(r"(?:,?\s*(?:\d{1,3}|(?:of|from|in)\s+(?:the\s+)?|\([^()]{0,40}\)|[A-Z][\w.’'-]*))+[,\s]*")
_CLAUSE = re.compile(
    r"(?:is|are|was|were|be|been|has|have|had|said|says|told|and|but|or|that|if|when|by|to|from|with|for|at|in|on|as|than|because|after|before|of|among|including|like)"
)
