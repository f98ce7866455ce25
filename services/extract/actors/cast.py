"""The cast of an article: everybody and everything it names, each once, with all their mentions."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from schemas.events import ActorKind
from services.extract.actors.names import (
    PARTICLES,
    WORD,
    Gender,
    PersonName,
    bare,
    fold,
    gender_of_given,
    gender_of_word,
    is_given,
    is_role,
    is_title,
    one_edit_apart,
    unpossessed,
)
from services.extract.types import Entity, Range

_LABELS = {"PERSON": ActorKind.PERSON, "ORGANIZATION": ActorKind.ORGANIZATION, "LOCATION": ActorKind.ORGANIZATION, "MISC": ActorKind.GROUP}
_TITLE_WORDS_BEFORE = 7  # "Russian Foreign Minister", "Clinton campaign national press secretary": longer is a clause
_APPOSITION = re.compile(r",\s+(?:an?|the|his|her|its|their)?\s*([^,.;:!?“”\"()\n]{3,90}?)(?=,|\.|\bwho\b|\n|$)")
_CAPITAL_FOLLOWS = re.compile(r" [A-Z]")  # the name is part of a longer one: "Trump Tower"
_CALENDAR = frozenset(
    ("may", "april", "june", "august", "march", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
)
_LEAD = re.compile(r"\b(?:an?|the|his|her|its|their)\s+([^,.;:!?“”\"()\n]{3,90}),\s+$", re.IGNORECASE)
_APPOSITION_REACH = 120  # code points after the name
_INITIAL = 3  # code points: "J", "G.K"
_TITLE_WEIGHT = 3  # "Mrs." outweighs what a given name suggests
_STOP_BEFORE = frozenset(
    ["the", "a", "an", "and", "or", "but", "of", "in", "on", "at", "by", "for", "with", "to", "from", "as", "that", "than", "when", "while", "if", "said", "says", "told", "asked", "called", "is", "was", "are", "were", "be", "has", "had", "have", "his", "her", "its", "their", "our", "my", "your", "this", "these", "those", "between", "against", "about", "after", "before", "under", "over", "into", "per", "via", "like", "including", "despite", "did", "does", "do", "not", "then", "who", "which"]
)
_ACRONYM = re.compile(r"[A-Z][A-Z.&]{1,7}")
_SMALL_WORDS = frozenset(("of", "the", "and", "for", "in", "on", "to"))


@dataclass(slots=True)
class Mention:
    """One place where somebody is named."""

    span: Range
    name: str
    possessive: bool = False


@dataclass(slots=True, eq=False)
class Member:
    """Somebody or something named in the article; identity is the object's."""

    kind: ActorKind
    names: Counter[str] = field(default_factory=Counter)
    mentions: list[Mention] = field(default_factory=list)
    genders: Counter[Gender] = field(default_factory=Counter)
    roles: set[str] = field(default_factory=set)

    @property
    def name(self) -> str:
        """The canonical name: the one most often given in full, the longer one of equals."""
        return max(self.names, key=lambda n: (min(n.count(" "), 1), self.names[n], len(n), n))

    @property
    def gender(self) -> Gender | None:
        if self.genders["m"] == self.genders["f"]:
            return None
        return "m" if self.genders["m"] > self.genders["f"] else "f"

    @property
    def first(self) -> int:
        return self.mentions[0].span.start

    @property
    def person(self) -> PersonName:
        return PersonName(tuple(self.name.split()))


class Cast:
    """Everybody named in ``text``, from the tagger's entities and the text's surface."""

    def __init__(self, text: str, entities: Iterable[Entity]) -> None:
        self.text = text
        self.members: list[Member] = []
        self._by_position: list[tuple[Range, Member]] = []
        named = _snap(text, entities)
        self._add_people([(span, span_words) for span, label, span_words in named if label == "PERSON"])
        self._add_others([(span, label) for span, label, _ in named if label != "PERSON"])
        self._add_overlooked()
        for member in self.members:
            member.mentions.sort(key=lambda mention: mention.span)
        self.members.sort(key=lambda member: member.first)
        self._by_position = sorted(((m.span, member) for member in self.members for m in member.mentions), key=lambda item: item[0])

    @property
    def people(self) -> list[Member]:
        """The persons, in order of first mention."""
        return [member for member in self.members if member.kind is ActorKind.PERSON]

    def within(self, span: Range) -> list[tuple[Range, Member]]:
        """Mentions inside a stretch of text, in text order."""
        return [(at, member) for at, member in self._by_position if at.start >= span.start and at.end <= span.end]

    # -- people ------------------------------------------------------------------------------------------------

    def _add_people(self, found: list[tuple[Range, list[re.Match[str]]]]) -> None:
        single: list[tuple[Range, PersonName]] = []
        for span, words in found:
            name = PersonName(tuple(unpossessed(word.group()) for word in words))
            if len(name.core) > 1:
                self._mention(self._person_in_full(name), span, name)
            else:
                single.append((span, name))
        self._fold_initials()
        # Those with a gendered title first: "Mr. Obama" beside Michelle Obama tells that there are two.
        single.sort(key=lambda item: (self._gender_before(item[0]) is None, item[0]))
        for span, name in single:
            self._mention(self._person_by_one_word(name, span), span, name)

    def _person_in_full(self, name: PersonName) -> Member:
        for member in self.people:
            known = member.person
            if fold(known.surname) == fold(name.surname) and _same_given(known.given, name.given):
                return member
        return self._new(ActorKind.PERSON)

    def _fold_initials(self) -> None:
        """``J. Smith`` is the article's only Smith whose given name begins with J."""
        people = self.people
        for member in people:
            given = bare(member.person.given or "")
            if len(given) != 1:
                continue
            full = [
                m
                for m in people
                if m is not member
                and fold(m.person.surname) == fold(member.person.surname)
                and bare(m.person.given or "").startswith(given)
            ]
            if len(full) == 1:
                full[0].names.update(member.names)
                full[0].mentions.extend(member.mentions)
                full[0].genders.update(member.genders)
                full[0].roles |= member.roles
                self.members.remove(member)

    def _person_by_one_word(self, name: PersonName, span: Range) -> Member:
        key = fold(name.text)
        gender = self._gender_before(span)
        bearers = [m for m in self.people if fold(m.person.surname) == key and (gender is None or m.gender in (None, gender))]
        if bearers:
            return self._nearest(bearers, span)
        for member in self.people:
            known = member.person
            if gender is not None and member.gender not in (None, gender):
                continue
            if known.given and (fold(known.given) == key or key in fold(known.text).split("-")):
                return member
        if len(key) >= 5:
            near = [
                m
                for m in self.people
                if m.person.given and one_edit_apart(fold(m.person.surname), key) and fold(m.person.surname)[0] == key[0]
            ]
            if len(near) == 1:
                return near[0]
        return self._new(ActorKind.PERSON)

    def _nearest(self, bearers: list[Member], span: Range) -> Member:
        """Of several bearers of a surname: the one introduced first, unless only another stands in the same paragraph before."""
        if len(bearers) == 1:
            return bearers[0]
        paragraph = self.text.rfind("\n", 0, span.start) + 1
        here = [m for m in bearers if any(paragraph <= mention.span.start < span.start for mention in m.mentions)]
        if len(here) == 1:
            return here[0]
        return min(bearers, key=lambda m: (-len(m.mentions), m.mentions[0].span.start))

    def _gender_before(self, span: Range) -> Gender | None:
        words = _words_before(self.text, span.start, 1)
        return gender_of_word(words[0]) if words else None

    def _mention(self, member: Member, span: Range, name: PersonName) -> None:
        member.names[name.text] += 1
        member.mentions.append(Mention(span, name.text, possessive=self.text[span.end : span.end + 2] in ("’s", "'s")))
        if name.given and (given := gender_of_given(name.given)):
            member.genders[given] += 1
        self._evidence(member, span)

    def _evidence(self, member: Member, span: Range) -> None:
        """Titles before the name and an apposition after it: roles, and what they say about gender."""
        roles = [bare(word) for word in _words_before(self.text, span.start, _TITLE_WORDS_BEFORE)]
        if not (roles and is_role(roles[-1])):
            roles = []
        apposition = _APPOSITION.match(self.text, span.end, span.end + _APPOSITION_REACH)
        if apposition:
            after = [bare(m.group()) for m in WORD.finditer(apposition.group(1))]
            head = next((index for index, word in enumerate(after) if word in _STOP_BEFORE), len(after))
            if head and is_role(after[head - 1]):
                roles += after[:head]
        lead = _LEAD.search(self.text, max(0, span.start - _APPOSITION_REACH), span.start)
        if lead:
            before = [bare(m.group()) for m in WORD.finditer(lead.group(1))]
            head = next((index for index, word in enumerate(before) if word in _STOP_BEFORE), len(before))
            if head and is_role(before[head - 1]):
                roles += before  # "an attorney for Pagliano" is found again as "Pagliano’s lawyer"
        for role in roles:
            if gender := gender_of_word(role):
                member.genders[gender] += _TITLE_WEIGHT
        member.roles.update(roles)

    def _add_overlooked(self) -> None:
        """Every other place where a known surname or full name stands: the tagger sees a name once and misses it the next time."""
        taken = sorted(mention.span for member in self.members for mention in member.mentions)
        starts = [span.start for span in taken]
        known = {word for member in self.people for word in (bare(member.person.core[-1]), bare(member.person.core[0])) if len(word) > 1}
        run: list[re.Match[str]] = []
        for match in WORD.finditer(self.text):
            index = bisect_right(starts, match.start()) - 1
            free = (index < 0 or taken[index].end <= match.start()) and match.group()[0].isupper()
            if not free or bare(match.group()) not in known or _CAPITAL_FOLLOWS.match(self.text, match.end()):
                if not (free and bare(match.group()) in known and self._next_known(match, known)):
                    continue
            if run and self.text[run[-1].end() : match.start()] == " ":
                run.append(match)
                continue
            self._overlooked(run)
            run = [match]
        self._overlooked(run)

    def _next_known(self, match: re.Match[str], known: set[str]) -> bool:
        following = WORD.match(self.text, match.end() + 1)
        return following is not None and bare(following.group()) in known

    def _overlooked(self, run: list[re.Match[str]]) -> None:
        if not run:
            return
        name = PersonName(tuple(unpossessed(match.group()) for match in run))
        end = run[-1].start() + len(unpossessed(run[-1].group()))
        span = Range(run[0].start(), end)
        if len(name.core) > 1:
            fitting = [m for m in self.people if fold(m.person.surname) == fold(name.surname) and _same_given(m.person.given, name.given)]
        elif is_title(run[0].group()):
            fitting = []
        else:
            fitting = [m for m in self.people if fold(m.person.surname) == fold(name.text)]
        if len(fitting) == 1:
            self._mention(fitting[0], span, name)
        elif fitting:
            self._mention(self._nearest(fitting, span), span, name)

    # -- organisations, places, groups -------------------------------------------------------------------------

    def _add_others(self, found: list[tuple[Range, str]]) -> None:
        acronyms: list[tuple[Range, str, str]] = []
        for span, label in found:
            name = _without_article(unpossessed(self.text[span.start : span.end]))
            if not name:
                continue
            person = self._person_called(name) if label != "LOCATION" else None
            if person is not None:
                self._mention(person, span, PersonName(tuple(name.split())))
            elif _ACRONYM.fullmatch(name):
                acronyms.append((span, label, name))
            else:
                self._mention_other(self._other(name, label), span, name)
        for span, label, name in acronyms:
            letters = name.replace(".", "").replace("&", "")
            full = next((m for m in self.members if m.kind is ActorKind.ORGANIZATION and _initials(m.name) == letters), None)
            self._mention_other(full or self._other(name, label), span, name)

    def _person_called(self, name: str) -> Member | None:
        """The person whose surname or full name this is, whatever the tagger took it for."""
        key = fold(name)
        bearers = [m for m in self.people if key in (fold(m.person.surname), fold(m.name))]
        return bearers[0] if len(bearers) == 1 else None

    def _other(self, name: str, label: str) -> Member:
        key = fold(name)
        for member in self.members:
            if member.kind is not ActorKind.PERSON and any(fold(known) == key for known in member.names):
                return member
        if " " not in name and label == "ORGANIZATION":
            for member in self.members:  # "the Post" after "The Washington Post"
                if member.kind is ActorKind.ORGANIZATION and member.name.count(" ") and fold(member.name).endswith("-" + key):
                    return member
        return self._new(_LABELS[label])

    def _mention_other(self, member: Member, span: Range, name: str) -> None:
        member.names[name] += 1
        member.mentions.append(Mention(span, name, possessive=self.text[span.end : span.end + 2] in ("’s", "'s")))

    def _new(self, kind: ActorKind) -> Member:
        member = Member(kind)
        self.members.append(member)
        return member


def _same_given(left: str | None, right: str | None) -> bool:
    return left is not None and right is not None and fold(left) == fold(right)


def _initials(name: str) -> str:
    return "".join(word[0] for word in name.split() if word.lower() not in _SMALL_WORDS).upper()


def _without_article(name: str) -> str:
    return re.sub(r"^[Tt]he\s+", "", name)


def _words_before(text: str, position: int, limit: int) -> list[str]:
    """Up to ``limit`` words right before a position that belong to the same noun phrase, in text order."""
    window = text[max(0, position - 90) : position]
    words: list[str] = []
    end = len(window)
    for match in reversed(list(WORD.finditer(window))):
        between = window[match.end() : end]
        if between.strip(" .") or "\n" in between or bare(match.group()) in _STOP_BEFORE or len(words) == limit:
            break
        words.insert(0, match.group())
        end = match.start()
    return words


def _snap(text: str, entities: Iterable[Entity]) -> list[tuple[Range, str, list[re.Match[str]]]]:
    """Entities as whole words, without titles and possessive endings, overlaps resolved, in text order."""
    best: dict[int, tuple[float, str]] = {}  # start of word → the surest label seen on it
    groups: list[Range] = []
    for entity in sorted(entities, key=lambda entity: (entity.span.start, -entity.span.end)):
        if groups and entity.span.end <= groups[-1].end:
            continue  # a name inside a name
        groups.append(entity.span)
        for match in _words_over(text, entity.span):
            covered = min(match.end(), entity.span.end) - max(match.start(), entity.span.start)
            weight = entity.confidence * covered
            if weight > best.get(match.start(), (0.0, ""))[0]:
                best[match.start()] = (weight, entity.label)
    best = _vote(text, best)
    named: list[tuple[Range, str, list[re.Match[str]]]] = []
    current: list[re.Match[str]] = []
    label = ""
    starts = {match.start() for group in groups for match in list(_words_over(text, group))[:1]}
    words = {match.start(): match for group in groups for match in _words_over(text, group)}
    for start in sorted(words):
        match = words[start]
        gap = text[current[-1].end() : start] if current else ""
        abbreviated = gap == ". " and (len(current[-1].group()) <= _INITIAL or is_title(current[-1].group()))
        adjoining = best[start][1] == label and (gap == " " or abbreviated)
        if not adjoining or (start in starts and not abbreviated and not _one_name(current, match, label)):
            _flush(text, current, label, named)
            current = []
        current.append(match)
        label = best[start][1]
    _flush(text, current, label, named)
    return named


def _vote(text: str, best: dict[int, tuple[float, str]]) -> dict[int, tuple[float, str]]:
    """A word that is mostly a place or an organisation is no person here, and the other way round."""
    votes: dict[str, Counter[str]] = {}
    word_at = {start: match.group() for start in best if (match := WORD.match(text, start))}
    for start, word in word_at.items():
        votes.setdefault(bare(word), Counter())[best[start][1]] += 1
    voted: dict[int, tuple[float, str]] = {}
    for start, (weight, label) in best.items():
        counts = votes.get(bare(word_at.get(start, "")), Counter())
        winner, count = counts.most_common(1)[0] if counts else (label, 0)
        alone = not any(other in best for other in _beside(text, start, word_at.get(start, "")))
        voted[start] = (weight, winner if alone and count > counts[label] + 1 else label)
    return voted


def _beside(text: str, start: int, word: str) -> tuple[int, ...]:
    """Where the next word begins, and where the word before does."""
    before = text.rfind(" ", 0, max(0, start - 1)) + 1
    return (start + len(word) + 1, before) if start and text[start - 1] == " " else (start + len(word) + 1,)


def _one_name(current: list[re.Match[str]], match: re.Match[str], label: str) -> bool:
    """Whether a word the tagger began a new entity with goes on with the name before it."""
    return label == "PERSON" and len(current) == 1 and is_given(current[0].group()) and not is_given(match.group())


def _words_over(text: str, span: Range) -> Iterable[re.Match[str]]:
    start = span.start
    while start > 0 and (text[start - 1].isalnum() or text[start - 1] in "-'’.&") and not text[start - 1].isspace():
        start -= 1
    for match in WORD.finditer(text, start, min(len(text), span.end + 40)):
        if match.start() >= span.end:
            break
        if match.end() > span.start:
            yield match


def _flush(text: str, words: list[re.Match[str]], label: str, named: list[tuple[Range, str, list[re.Match[str]]]]) -> None:
    if label == "PERSON":
        while words and is_title(words[0].group()) and not (len(words) == 2 and is_given(words[0].group())):
            words = words[1:]
        if len(words) == 1 and bare(words[0].group()) in _CALENDAR:
            words = []
        # "Putin-Zelensky meeting" names two people and is neither of them.
        if len(words) == 1 and "-" in words[0].group() and words[0].group().split("-")[1][:1].isupper():
            words = []
        while words and not (words[0].group()[0].isupper() or bare(words[0].group()) in PARTICLES):
            words = words[1:]
    if not words:
        return
    end = words[-1].start() + len(unpossessed(words[-1].group()))
    if (
        end < len(text)
        and text[end] == "."
        and (bare(words[-1].group()) in ("jr", "sr") or (len(words) == 1 and len(words[0].group()) == 1))
    ):
        end += 1
    named.append((Range(words[0].start(), end), label, words))
