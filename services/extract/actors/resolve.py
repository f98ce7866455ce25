"""From the words that name a source to an :class:`~schemas.events.Actor`."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import Protocol

from schemas.events import Actor, ActorKind, Resolution, Span
from schemas.ids import actor_id, local_actor_id
from services.extract.actors import phrase as phrases
from services.extract.actors.cast import Cast
from services.extract.actors.descriptions import bearer, described_sources, varies
from services.extract.actors.members import Member, Mention
from services.extract.actors.names import WORD, bare, is_role, is_title, without_initials
from services.extract.actors.phrase import Manner, Phrase
from services.extract.actors.pronouns import follow
from services.extract.actors.relative import antecedent, plural_subject
from services.extract.attribution.paragraphs import is_heading
from services.extract.types import Attribution, Entity, QuotedStretch, Range

UNRESOLVED = "unresolved source"
CLOSING = ",–—― "
_NAME_MAX = 160  # code points of a description kept as an actor's name

# How sure a resolution is by its manner: the share that was right on hand-labelled PolNeAR dev sources and GUM's together (162 names, 131
# surnames, 104 descriptions), rounded, few ones cautiously. A pronoun is as sure as its ranking says: 90.8 % on average where 90.8 % of
# GUM's 121 were right.
_SURE = {
    Resolution.NAME: 0.97,
    Resolution.SURNAME: 0.98,
    Resolution.TITLE: 0.9,
    Resolution.RELATIVE_PRONOUN: 0.8,
    Resolution.ALIAS: 0.9,
    Resolution.DESCRIPTION: 0.9,
    Resolution.CONTINUATION: 0.85,
}
_NUMBER_HINT = 0.6
_OPENS = re.compile(r"\W*(?:(?:the|but|and|meanwhile,?|however,?)\s*)?", re.IGNORECASE)
_LEAD = 24  # code points of a sentence before its subject: marks and one of these words
_CLEAR = 0.6  # of the focus: below it a description stays unnamed


class Registry(Protocol):
    """Knows actors beyond one article."""

    def look_up(self, kind: ActorKind, name: str) -> tuple[str, str | None] | None:
        """The canonical name and Wikidata id of a name, or None when it is not known or not unique."""
        ...


class Resolver:
    """Resolves the sources of one article. Build one per article."""

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
        self._antecedents = {s.start: antecedent(text, s, self._cast, self._starts) for s in sources if _RELATIVE.fullmatch(text, *s)}
        phrases_before = [before for before in self._antecedents.values() if isinstance(before, Range)]
        described = described_sources(text, [*sources, *phrases_before], self._cast)
        self._focused = follow(text, self._cast, sentences, quoted, sources, described)
        self._groups: list[tuple[int, Actor]] = []
        self._signatures = [
            (mention.span.start, member)
            for member in self._cast.people
            for mention in member.mentions
            if " " in mention.name and _is_signature(text, mention.span)
        ]
        self._signatures += [(match.start("handle"), _by_handle(match)) for match in _HANDLE.finditer(text)]
        self._signatures.sort(key=lambda item: item[0])
        self._labels = {a.source.start for a in attributions if a.source is not None and a.turn}
        self._headed = {a.source.start for a in attributions if a.source is not None and not a.turn and _is_headline(text, a)}
        # all sources in text order, whatever the order they are asked for in: “they” is a group that spoke before
        self._known: dict[Range, Actor] = {}
        for source in sorted(set(sources)):
            actor = self._known[source] = self._resolved(source, None)
            if actor.kind is not ActorKind.PERSON and actor.resolution is not Resolution.UNRESOLVED:
                self._groups.append((source.start, actor))

    def resolve(self, source: Range | None, *, inherited: Actor | None = None) -> Actor:
        """The actor behind a source phrase. ``inherited`` is the running speaker, for a statement without a source."""
        known = self._known.get(source) if source is not None else None
        if known is None or (inherited is not None and known.resolution in (Resolution.PRONOUN, Resolution.UNRESOLVED)):
            return self._resolved(source, inherited)
        return known

    def addressee(self, phrase: Range) -> Actor | None:
        """Whom a noun phrase that was spoken to names; None where it does not say."""
        actor = self._resolved(phrase, None)
        return None if actor.resolution is Resolution.UNRESOLVED else actor

    def _resolved(self, source: Range | None, inherited: Actor | None) -> Actor:
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
        whole = self._whole_words(source)
        mention = Span.of(self._text, source.start, source.end)
        read = phrases.read(self._text, whole, self._cast)
        if source.start in self._labels:
            actor = self._label(read, source, mention)
        elif read.manner is Manner.PRONOUN:
            actor = self._pronoun(read.name, source, mention, inherited)
        elif read.manner is Manner.RELATIVE:
            actor = self._relative(source, mention)
        elif read.manner is Manner.DESCRIBED:
            actor = self._description(read, source, mention)
        else:
            actor = self._named(read, mention)
            if source.start in self._headed:
                actor = actor.model_copy(update={"resolution": Resolution.HEADLINE})
        return actor

    def _whole_words(self, source: Range) -> Range:
        """A span that ends inside a word, up to the end of that word: half a name is nobody."""
        word = WORD.match(self._text, source.end - 1, source.end + _NAME_MAX) if source.end else None
        cut = word is not None and self._text[source.end - 1].isalnum() and self._text[source.end : source.end + 1].isalpha()
        return (
            Range(source.start, word.end()) if cut and word is not None and "'" not in word.group() and "’" not in word.group() else source
        )

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

    def _label(self, read: Phrase, source: Range, mention: Span) -> Actor:
        """The speaker of a transcript’s turn or a post: a name in capitals, an office, or just ``Q`` or ``A``."""
        if read.members:
            return self._named(read, mention)
        if _ANSWER.fullmatch(mention.exact):
            before = [member for member in self._cast.people if member.first < source.start]
            return self._member(before[0], mention, Resolution.DESCRIPTION, _NUMBER_HINT) if len(before) == 1 else self._unresolved(mention)
        if _QUESTION.fullmatch(mention.exact):
            return self._unresolved(mention)
        words = mention.exact.split()
        if is_role(words[-1]):
            described = tuple(bare(word) for word in words)
            office = Phrase(Manner.DESCRIBED, " ".join(words).lower(), ActorKind.UNNAMED, words=described, definite=True)
            return self._description(office, source, mention)
        while len(words) > 1 and is_title(words[0]):
            words = words[1:]
        bearers = self._cast.surnamed(words[-1])
        if bearers and len(words) == 1:
            return self._member(bearers[0], mention, Resolution.SURNAME, _SURE[Resolution.SURNAME])
        name = " ".join(word.capitalize() if word.isupper() and "." not in word else word for word in words)
        return self._actor(ActorKind.PERSON, name, mention, Resolution.NAME, _SURE[Resolution.NAME])

    def _member(self, member: Member, mention: Span, resolution: Resolution, confidence: float) -> Actor:
        return self._actor(member.kind, member.name, mention, resolution, confidence)

    def _actor(self, kind: ActorKind, name: str, mention: Span | None, resolution: Resolution, confidence: float) -> Actor:
        wikidata = None
        known = self._registry.look_up(kind, name) if self._registry else None
        if known is not None:
            name, wikidata = known
        return Actor(
            actor_id=actor_id(kind, without_initials(name) if kind is ActorKind.PERSON else name),
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
            if start in self._focused:
                member, confidence = self._focused[start]
                if member.kind is ActorKind.UNNAMED:
                    return self._unnamed(member.name, member.kind, mention, Resolution.PRONOUN, confidence * _SURE[Resolution.DESCRIPTION])
                return self._member(member, mention, Resolution.PRONOUN, confidence)
            later = self._after_in_sentence(source, phrases.PERSONAL[word])
            if later is not None:
                return self._member(later, mention, Resolution.PRONOUN, _NUMBER_HINT)
        elif word in phrases.SPEAKER:
            if inherited is not None:
                return inherited.model_copy(update={"mention": mention, "resolution": Resolution.PRONOUN})
            if len(self._authors) == 1:
                return self._actor(ActorKind.PERSON, self._authors[0], mention, Resolution.PRONOUN, _NUMBER_HINT)
            if word not in phrases.SPEAKER_PLURAL and (signer := self._signer(source.end)) is not None:
                return self._member(signer, mention, Resolution.PRONOUN, _NUMBER_HINT)
        else:
            return self._plural_or_neuter(word, source, mention)
        return self._unresolved(mention)

    def _signer(self, position: int) -> Member | None:
        """Who signs the letter that a position stands in: the next paragraph that is nothing but a name."""
        index = bisect_left(self._signatures, position, key=lambda item: item[0])
        return self._signatures[index][1] if index < len(self._signatures) else None

    def _first_word(self, source: Range) -> int:
        match = WORD.search(self._text, source.start, source.end)
        return match.start() if match else source.start

    def _after_in_sentence(self, source: Range, gender: str) -> Member | None:
        """``When he arrived, Smith said``: the name may follow in the same sentence."""
        index = bisect_right(self._starts, source.start) - 1
        end = self._sentences[index].end if index >= 0 else len(self._text)
        for _, member in self._cast.within(Range(source.end, min(end, source.end + _LOOK_AHEAD))):
            if member.kind is ActorKind.PERSON and member.gender in (None, gender):
                return member
        return None

    def _plural_or_neuter(self, word: str, source: Range, mention: Span) -> Actor:
        """``they`` and ``it``: the group, organisation or document that spoke last, not farther back than two paragraphs."""
        wanted = _THEY if word in phrases.PLURAL else _IT
        limit = self._paragraphs_back(source.start, 2)
        index = bisect_right(self._starts, source.start) - 1
        here = self._starts[index] if index >= 0 else 0
        last = bisect_left(self._groups, source.start, key=lambda item: item[0])
        earlier = self._groups[max(0, last - _RECENT) : last]
        if word in phrases.PLURAL and not any(here <= position for position, _ in earlier):
            subject = plural_subject(self._text, here, source.start, self._starts)
            if subject is not None:
                read = phrases.read(self._text, subject, self._cast)
                sure = _SURE[Resolution.DESCRIPTION] * _NUMBER_HINT
                if read.manner is Manner.DESCRIBED:
                    return self._unnamed(read.name, read.kind, mention, Resolution.PRONOUN, sure)
                if read.manner is Manner.NAMED:
                    return self._actor(read.kind, read.name, mention, Resolution.PRONOUN, sure)
        for position, actor in reversed(earlier):
            if position < limit:
                break
            if actor.kind in wanted:
                return actor.model_copy(
                    update={"mention": mention, "resolution": Resolution.PRONOUN, "confidence": actor.confidence * _NUMBER_HINT}
                )
        for at, member in reversed(self._cast.within(Range(limit, source.start))):
            if member.kind is (ActorKind.GROUP if word in phrases.PLURAL else ActorKind.ORGANIZATION) and self._is_subject(at):
                return self._member(member, mention, Resolution.PRONOUN, _NUMBER_HINT * _NUMBER_HINT)
        return self._unresolved(mention)

    def _paragraphs_back(self, position: int, count: int) -> int:
        earliest = max(0, position - _LOOK_BACK)
        for _ in range(count):
            position = self._text.rfind("\n", earliest, max(0, position - 1))
            if position < 0:
                return earliest
            while position > 0 and self._text[position - 1] == "\n":
                position -= 1
        return position

    def _is_subject(self, at: Range) -> bool:
        index = bisect_right(self._starts, at.start) - 1
        begin = self._starts[index] if index >= 0 else at.start
        return at.start - begin <= _LEAD and _OPENS.fullmatch(self._text, begin, at.start) is not None

    def _relative(self, source: Range, mention: Span) -> Actor:
        """The noun phrase right before ``who``."""
        before = (
            self._antecedents[source.start]
            if source.start in self._antecedents
            else antecedent(self._text, Range(source.start, source.end), self._cast, self._starts)
        )
        sure = _SURE[Resolution.RELATIVE_PRONOUN]
        if before is None:
            return self._unresolved(mention)
        if isinstance(before, Member):
            return self._member(before, mention, Resolution.RELATIVE_PRONOUN, sure)
        read = phrases.read(self._text, before, self._cast)
        if read.manner in (Manner.NAMED, Manner.SEVERAL):
            return self._actor(read.kind, read.name, mention, Resolution.RELATIVE_PRONOUN, sure)
        if read.manner is Manner.DESCRIBED:
            return self._description(read, before, mention)
        return self._unresolved(mention)

    # -- descriptions ------------------------------------------------------------------------------------------

    def _description(self, read: Phrase, source: Range, mention: Span) -> Actor:
        known = bearer(read, source, self._cast)
        if known is not None:
            return self._member(known, mention, Resolution.TITLE, _SURE[Resolution.TITLE])
        if source.start in self._focused and varies(read):
            member, confidence = self._focused[source.start]
            if member.kind is ActorKind.PERSON and confidence >= _CLEAR:
                return self._member(member, mention, Resolution.DESCRIPTION, confidence * _NUMBER_HINT)
        return self._unnamed(read.name, read.kind, mention, Resolution.DESCRIPTION, _SURE[Resolution.DESCRIPTION])

    def _unnamed(self, description: str, kind: ActorKind, mention: Span, resolution: Resolution, confidence: float) -> Actor:
        name = description[:_NAME_MAX]
        return Actor(
            actor_id=local_actor_id(self._article_id, "unnamed", " ".join(name.lower().split())),
            name=name,
            kind=kind,
            mention=mention,
            resolution=resolution,
            confidence=confidence,
        )

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


def _by_handle(match: re.Match[str]) -> Member:
    """Whoever signs with the name of an account."""
    span = Range(*match.span("handle"))
    return Member(ActorKind.PERSON, Mention(span, match["handle"]))


def _is_signature(text: str, name: Range) -> bool:
    """Whether a paragraph holds a name and nothing else."""
    return text[max(0, name.start - 2) : name.start].strip(" —–-")[-1:] in ("", "\n") and _SIGNED.match(text, name.end) is not None


def _is_headline(text: str, attribution: Attribution) -> bool:
    """Whether nothing but a colon in a heading links content and source."""
    cue, source = attribution.cue, attribution.source
    if source is None or (cue is not None and text[cue.start : cue.end] != ":"):
        return False
    earliest, latest = max(0, source.start - _HEADLINE), min(len(text), source.end + _HEADLINE)
    begin, end = text.rfind("\n", earliest, source.start) + 1, text.find("\n", source.end, latest)
    return is_heading(text, Range(begin or earliest, latest if end < 0 else end))


_RELATIVE = re.compile(r"(?:\w+ of )?wh(?:o|om|ich)|that", re.IGNORECASE)
_HANDLE = re.compile(r"^[^\S\n]*[-—–]?[^\S\n]*(?P<handle>@\w{2,20})\.?[^\S\n]*$", re.MULTILINE)
_HEADLINE = 150  # code points on either side: no headline is longer
_SIGNED = re.compile(r"\.?[^\S\n]*(?=\n|$)")
_QUESTION = re.compile(r"Q(?:uestion)?", re.IGNORECASE)
_ANSWER = re.compile(r"A(?:nswer)?", re.IGNORECASE)
_RECENT = 20  # groups that spoke last
_LOOK_AHEAD = 300  # code points: the rest of a long sentence
_LOOK_BACK = 2_000  # code points: two long paragraphs
_THEY = (ActorKind.GROUP, ActorKind.ORGANIZATION, ActorKind.UNNAMED)  # an unnamed source is "they" as often as "he"
_IT = (ActorKind.ORGANIZATION, ActorKind.DOCUMENT)
