"""From the words that name a source to an :class:`~schemas.events.Actor`."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import replace

from schemas.events import Actor, ActorKind, Resolution, Span
from services.extract.actors.cast import Cast
from services.extract.actors.descriptions import bearer, described_sources, varies
from services.extract.actors.earlier import Earlier
from services.extract.actors.evidence_table import (
    ADDRESSEES,
    FIRST_PERSON,
    PLURALS,
    PRONOUNS,
    RELATIVES,
    VARIATIONS,
)
from services.extract.actors.firstperson import FirstPerson
from services.extract.actors.labels import full_names, is_definite, office, speaker
from services.extract.actors.making import HINT, Maker, Registry
from services.extract.actors.members import Member
from services.extract.actors.names import WORD, bare, is_role, is_title
from services.extract.actors.offices import of_another_party
from services.extract.actors.phrase import PERSONAL, SPEAKER, Manner, Phrase
from services.extract.actors.plurals import Plurals
from services.extract.actors.pronouns import follow
from services.extract.actors.reading import Reader
from services.extract.actors.relative import antecedent
from services.extract.actors.trust import sure, sure_of_pronoun
from services.extract.passes.paragraphs import is_heading
from services.extract.types import Attribution, Entity, QuotedStretch, Range

CLOSING = ",–—― "
_TIED = 0.5  # of a namesake: nothing tells which of two it is
_CLEAR = 0.6  # of the focus: below it a description stays unnamed
_RELATIVE = re.compile(r"(?:\w+ of )?wh(?:o|om|ich)|that", re.IGNORECASE)
_PART = re.compile(r"[A-Z][^\W\d_]+(?:[-'’][^\W\d_]+)*")  # of a name
_HEADLINE = 150  # code points on either side: no headline is longer


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
        without: Collection[str] = (),
    ) -> None:
        """``without``: kinds of evidence to leave out, by their names in
        :mod:`services.extract.actors.evidence_table`."""
        self._text = text
        self._without = without
        self._cast = cast = Cast(text, entities, without)
        self._starts = [sentence.start for sentence in sentences]
        self._maker = Maker(article_id, registry)
        self._reader = Reader(cast)
        self._first_person = FirstPerson(cast, authors)
        self._plurals = Plurals(cast, self._starts, self._reader, self._maker, quoted)
        sources = [attribution.source for attribution in attributions if attribution.source is not None]
        self._antecedents = {
            s.start: antecedent(text, s, cast, self._starts) for s in sources if _RELATIVE.fullmatch(text, *s)
        }
        phrases_before = [before for before in self._antecedents.values() if isinstance(before, Range)]
        described = described_sources([*sources, *phrases_before], cast, self._reader, without)
        focus = PRONOUNS not in without
        self._focused = follow(text, cast, sentences, quoted, sources, described) if focus else {}
        self._labels = {a.source.start for a in attributions if a.source is not None and a.turn}
        self._labelled = full_names(text, (a.source for a in attributions if a.source is not None and a.turn))
        self._headed = {
            a.source.start
            for a in attributions
            if a.source is not None and not a.turn and _is_headline(text, a)
        }
        # all sources in text order, whatever the order they are asked for in: “they” is a group that spoke
        # before
        self._known: dict[Range, Actor] = {}
        self._earlier = Earlier(self._maker)
        self._joint: dict[str, tuple[Member, ...]] = {}  # who speaks together, by the group's id
        for source in sorted(set(sources)):
            self._known[source] = self._resolved(source, None)
            self._earlier.note(source, self._reader(source), self._known[source])
            self._plurals.spoke(source.start, self._known[source])

    def resolve(self, source: Range | None, *, inherited: Actor | None = None) -> Actor:
        """The actor behind a source phrase. ``inherited`` is the running speaker, for a statement without a
        source."""
        if source is None:
            return self._continued(inherited)
        known = self._known.get(source)
        if known is None or (
            inherited is not None and known.resolution in (Resolution.PRONOUN, Resolution.UNRESOLVED)
        ):
            return self._resolved(source, inherited)
        return known

    def addressee(self, phrase: Range) -> Actor | None:
        """Whom a noun phrase that was spoken to names; None where it does not say."""
        if ADDRESSEES in self._without:
            return None
        actor = self._resolved(phrase, None)
        return None if actor.resolution is Resolution.UNRESOLVED else actor

    def together(self, actor: Actor) -> tuple[Actor, ...]:
        """Each of those who speak jointly as the group ``actor``, by their own names where its mention has
        them; nobody for any other actor, such as one of several (“Lee or Jones said”)."""
        return tuple(self._each(member, actor) for member in self._joint.get(actor.actor_id, ()))

    def _each(self, member: Member, group: Actor) -> Actor:
        mention, how, likely = group.mention, group.resolution, group.confidence
        if mention is not None:
            named = [
                at for at, known in self._cast.within(Range(mention.start, mention.end)) if known is member
            ]
            if named:
                mention = Span.of(self._text, *named[0])
                own = self._cast.sure(named[0], member)
                if own <= _TIED:
                    return self._maker.unresolved(mention)
                how = Resolution.NAME if _is_whole(member.name, mention.exact) else Resolution.SURNAME
                likely = sure(how, member.kind) * own
        return self._maker.member(member, mention, how, likely)

    def _continued(self, inherited: Actor | None) -> Actor:
        """Whoever goes on speaking where the text names nobody. That he does is the source's confidence, not
        his."""
        if inherited is None:
            return self._maker.unresolved(None)
        if inherited.resolution is Resolution.UNRESOLVED:
            return inherited.model_copy(update={"mention": None})
        return inherited.model_copy(update={"mention": None, "resolution": Resolution.CONTINUATION})

    def _resolved(self, source: Range, inherited: Actor | None) -> Actor:
        # annotators count the comma that closes an apposition as part of the source; it is no part of the
        # mention
        words = self._text[source.start : source.end].rstrip(CLOSING)
        source = Range(source.start, source.start + len(words)) if words else source
        mention = Span.of(self._text, source.start, source.end)
        read = self._reader(source)
        if source.start in self._labels:
            return self._label(read, source, mention)
        if read.manner is Manner.PRONOUN:
            return self._pronoun(read.name, source, mention, inherited) or self._maker.unresolved(mention)
        if read.manner is Manner.RELATIVE:
            return self._relative(source, mention) or self._maker.unresolved(mention)
        if read.manner is Manner.DESCRIBED:
            return self._description(read, source, mention)
        return self._named(read, mention, headline=source.start in self._headed)

    def _named(self, read: Phrase, mention: Span, *, headline: bool = False) -> Actor:
        how, own = Resolution.NAME, 1.0
        if read.members:
            own = min(self._cast.sure(Range(mention.start, mention.end), member) for member in read.members)
            if read.kind is ActorKind.PERSON and not _is_whole(read.members[0].name, mention.exact):
                how = Resolution.SURNAME
            elif read.kind is not ActorKind.PERSON and not (
                _words(read.members[0].name) & _words(mention.exact)
            ):
                how = Resolution.ALIAS
            read = self._longer(read, mention)
            mention = self._name_in(mention, read)
        how = Resolution.HEADLINE if headline else how
        kind = ActorKind.PERSON if len(read.members) > 1 else read.kind  # each of them is one
        likely = sure(how, kind) * own
        actor = (
            self._maker.unresolved(mention)
            if own <= _TIED
            else self._maker.named(read.kind, read.name, mention, how, likely)
        )
        if read.manner is Manner.SEVERAL:
            self._joint[actor.actor_id] = read.members
        return actor

    def _longer(self, read: Phrase, mention: Span) -> Phrase:
        """The phrase with the whole of a name of which the tagger saw one word only: “Li Guoqiang”."""
        words = mention.exact.split()
        seen = read.kind is ActorKind.PERSON and " " not in read.name and read.name in words
        whole = len(words) in (2, 3) and all(
            _PART.fullmatch(word) and not is_role(word) and not is_title(word) for word in words
        )
        return replace(read, name=mention.exact) if seen and whole else read

    def _name_in(self, mention: Span, read: Phrase) -> Span:
        """The name alone, of a source that says more: “Ida Holm, the transport minister, who”."""
        if len(read.members) != 1:
            return mention
        named = [
            at
            for at, member in self._cast.within(Range(mention.start, mention.end))
            if member is read.members[0]
        ]
        return Span.of(self._text, *named[0]) if named else mention

    def _label(self, read: Phrase, source: Range, mention: Span) -> Actor:
        """The speaker of a transcript’s turn or a post."""
        in_full = self._labelled.get(mention.exact.lower())
        if in_full is not None and not (read.members and " " in read.name):
            how = Resolution.SURNAME
            return self._resolved(in_full, None).model_copy(
                update={"mention": mention, "resolution": how, "confidence": sure(how, ActorKind.PERSON)}
            )
        if read.members and not is_definite(mention.exact):
            return self._named(read, mention)
        described = office(mention.exact)
        if described is not None:
            return self._description(described, source, mention)
        return speaker(mention, self._cast, self._maker)

    def _pronoun(self, word: str, source: Range, mention: Span, inherited: Actor | None) -> Actor | None:
        if word in PERSONAL:
            return self._third_person(source, mention)
        if word not in SPEAKER:
            return None if PLURALS in self._without else self._plurals(word, source.start, mention)
        if inherited is not None:
            return inherited.model_copy(update={"mention": mention, "resolution": Resolution.PRONOUN})
        writer = None if FIRST_PERSON in self._without else self._first_person(word, source.end)
        return self._maker.member(writer, mention, Resolution.PRONOUN, HINT) if writer is not None else None

    def _third_person(self, source: Range, mention: Span) -> Actor | None:
        first = WORD.search(self._text, source.start, source.end)
        member, ranked = self._focused.get(first.start() if first else source.start, (None, HINT))
        if member is None:
            return None
        confidence = sure_of_pronoun(ranked)
        if member.kind is not ActorKind.PERSON:
            confidence = min(confidence, sure(Resolution.PRONOUN, member.kind))
        return self._maker.member(member, mention, Resolution.PRONOUN, confidence)

    def _relative(self, source: Range, mention: Span) -> Actor | None:
        """The noun phrase right before ``who``."""
        if RELATIVES in self._without:
            return None
        before = (
            self._antecedents[source.start]
            if source.start in self._antecedents
            else antecedent(self._text, source, self._cast, self._starts)
        )
        likely = sure(Resolution.RELATIVE_PRONOUN, ActorKind.PERSON)
        if isinstance(before, Member):
            return self._maker.member(before, mention, Resolution.RELATIVE_PRONOUN, likely)
        read = self._reader(before) if before is not None else None
        if before is None or read is None:
            return None
        if read.manner in (Manner.NAMED, Manner.SEVERAL, Manner.ONE_OF):
            actor = self._maker.named(read.kind, read.name, mention, Resolution.RELATIVE_PRONOUN, likely)
            if read.manner is Manner.SEVERAL:
                self._joint[actor.actor_id] = read.members
            return actor
        return self._description(read, before, mention) if read.manner is Manner.DESCRIBED else None

    def _description(self, read: Phrase, source: Range, mention: Span) -> Actor:
        known = bearer(read, source, self._cast, self._without)
        if known is not None:
            how = Resolution.TITLE if known.kind is ActorKind.PERSON else Resolution.ALIAS
            return self._maker.member(known, mention, how, sure(how, known.kind))
        if (
            VARIATIONS not in self._without
            and source.start in self._focused
            and varies(read, self._text, source.start)
        ):
            member, ranked = self._focused[source.start]
            if (
                member.kind is ActorKind.PERSON
                and ranked >= _CLEAR
                and not of_another_party(read.words, member)
            ):
                return self._maker.member(member, mention, Resolution.DESCRIPTION, sure_of_pronoun(ranked))
        earlier = None if VARIATIONS in self._without else self._earlier(read, mention)
        return earlier or self._maker.unnamed(
            read.kind, read.name, mention, Resolution.DESCRIPTION, sure(Resolution.DESCRIPTION, read.kind)
        )


def _words(name: str) -> set[str]:
    return {bare(word) for word in WORD.findall(name)}


def _is_whole(name: str, mention: str) -> bool:
    """Whether a mention has all words of a name."""
    return {bare(word) for word in name.split()} <= _words(mention)


def _is_headline(text: str, attribution: Attribution) -> bool:
    """Whether nothing but a colon in a heading links content and source."""
    cue, source = attribution.cue, attribution.source
    if source is None or (cue is not None and text[cue.start : cue.end] != ":"):
        return False
    earliest, latest = max(0, source.start - _HEADLINE), min(len(text), source.end + _HEADLINE)
    begin, end = text.rfind("\n", earliest, source.start) + 1, text.find("\n", source.end, latest)
    return is_heading(text, Range(begin or earliest, latest if end < 0 else end))
