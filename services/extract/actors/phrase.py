"""What a source phrase refers to: a pronoun, somebody named, several, or a description."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from itertools import pairwise

from schemas.events import ActorKind
from services.extract.actors.cast import Cast
from services.extract.actors.members import Member
from services.extract.actors.names import PARTICLES, WORD, bare, is_given, is_role, is_title, unpossessed
from services.extract.types import Range
from services.extract.wordlist import words

PERSONAL = {"he": "m", "him": "m", "his": "m", "himself": "m", "she": "f", "her": "f", "hers": "f", "herself": "f"}
SPEAKER = frozenset(("i", "me", "my", "mine", "myself", "we", "us", "our", "ours", "ourselves"))
SPEAKER_PLURAL = frozenset(("we", "us", "our", "ours", "ourselves"))
PLURAL = frozenset(("they", "them", "their", "theirs", "themselves"))
NEUTER = frozenset(("it", "its", "itself"))
RELATIVE = frozenset(("who", "which", "that", "whom", "whose"))

# What somebody says or thinks: the source is whose it is.
_UTTERANCE = (
    r"(?:remarks?|statements?|comments?|words?|speech|tweets?|testimony|answers?|claims?|assertions?|view|opinion|stance|position"
    r"|message|letter|announcement|call|calls|suggestion|allegations?|accusations?|insistence|promise|vow|pledge|threats?|warnings?|proposal|plan|account"
    r"|response|reply|argument|criticism|attacks?|insults?|complaints?|admission|denial|declaration|rhetoric)"
)
_HIS_WORDS = re.compile(rf"(?P<whose>his|her|their|its|my|our)\s+(?:own\s+)?(?:{_UTTERANCE}|eyes|mind)", re.IGNORECASE)
# What may stand between a name and the end of its segment without making the name a mere modifier.
_TRAILER = re.compile(
    r"\s*(?:\([^()]*(?:\)|$)\s*)?(?:$|['’]s?\s*$|(?:himself|herself|itself|themselves|all|both|each|in|on|at|of|from|who|when|also|then|too|alone|during|after|before|as|to|while)\b"
    rf"|['’]s?\s+(?:[\w-]+\s+){{0,2}}{_UTTERANCE}(?:\s+(?:on|in|at|to|about|of|during|that|this|last)\b.*)?\s*$)"
)
_SEGMENT = re.compile(r"\s*[,;:\[\]—–]\s*|\s+-+\s+|\s+(?=(?:who|whom|whose|which)\b)")
_TIME = re.compile(
    r"\s+(?:(?:released|published|issued|conducted|taken)\s+)?(?:(?:on|late|early|earlier)\s+)*(?:(?:mon|tues|wednes|thurs|fri|satur|sun)day|in\s+(?:\d{4}|january"
    r"|february|march|april|may|june|july|august|september|october|november|december)|(?:last|this)\s+(?:week|month|year|night|morning))\b.*$",
    re.IGNORECASE,
)
_BRACKETS = re.compile(r"\([^()]{0,60}\)")
_LISTED = re.compile(r"[\s,]*(?:(?:and|or|nor)\s+)?(?:\w+\.?\s+){0,3}")
_QUANTIFIED = re.compile(
    r"(?:many|some|most|several|few|other|all|both|no|two|three|four|five|dozens of|hundreds of|thousands of|\d+)\s", re.IGNORECASE
)
_PREPOSITION = re.compile(r"\b(?:of|for|to|with|by|from|at|in|on|against|between|about|near|behind|around|among|within|under)\b")
_CAPITALISED_RUN = re.compile(r"[A-Z][\w&.'’-]*(?:\s+(?:(?:of|the|and|for|in|on|&)\s+){0,2}[A-Z][\w&.'’-]*)*")
_CAPITALISED = re.compile(rf"({_CAPITALISED_RUN.pattern})(\s+[a-z-]+)?(?:['’]s)?")
# Party members and nationals are groups with a name; "Critics" and "Voters" at the beginning of a sentence are descriptions.
_NAMED_GROUP = re.compile(r"(?:Democrats|Republicans|Conservatives|Liberals|Tories|Greens|Libertarians|[A-Z]\w+(?:ans|ians|ese))")
_DETERMINER = re.compile(r"(?:the|this|that|these|those|his|her|its|their|our|my|both|all)\b", re.IGNORECASE)
_POSSESSOR = re.compile(r"(?:[A-Z][\w.-]*\s+){0,3}[A-Z][\w.-]*['’]s?\s")
_ORGANISATION_NOUN = words(
    """
    campaign administration government party company committee department agency foundation court team council ministry embassy
    commission bureau university college newspaper magazine network union group organization organisation firm bank board panel
    office association institute coalition lobby alliance federation league society church police military army navy senate house
    congress parliament legislature
    """
)
# "Trump’s campaign" is the Trump campaign; "Lee’s office" is not the Lee office.
_CALLED_AFTER = words("campaign administration government foundation")
_DOCUMENT_NOUN = words(
    """
    report reports piece article story letter poll polls survey surveys study memo book statement document documents lawsuit
    complaint ruling bill law order constitution email emails ad ads tweet tweets post posts website site page data figures
    transcript essay column editorial analysis filing filings indictment headline note paper review treaty agreement resolution
    release records record video film documentary budget plan platform list op-ed blog act amendment rule guidelines manifesto
    charter decree decision verdict opinion audit findings research newsletter press release
    """
)
_PLURAL_NOUN = words(
    """
    people men women police children media staff personnel clergy critics youth folks politicians
    """
)


class Manner(Enum):
    """How a phrase refers."""

    PRONOUN = "pronoun"
    RELATIVE = "relative"
    NAMED = "named"
    SEVERAL = "several"
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


def read(text: str, span: Range, cast: Cast) -> Phrase:
    """Read the phrase at ``span``."""
    whole = text[span.start : span.end]
    words = tuple(bare(match.group()) for match in WORD.finditer(whole))
    if len(words) == 1 or (len(words) == 2 and words[1] in ("himself", "herself", "also", "too", "both", "all")):
        first = words[0]
        if first in PERSONAL or first in SPEAKER or first in PLURAL or first in NEUTER:
            return Phrase(Manner.PRONOUN, first, ActorKind.UNNAMED)
    if his := _HIS_WORDS.fullmatch(whole.strip()):
        return Phrase(Manner.PRONOUN, his["whose"].lower(), ActorKind.UNNAMED)
    if words and words[-1] in RELATIVE and (len(words) == 1 or "of" in words):
        return Phrase(Manner.RELATIVE, words[-1], ActorKind.UNNAMED)
    several = _coordinated(text, span, cast)
    if several:
        return Phrase(Manner.SEVERAL, _enumeration([member.name for member in several]), ActorKind.GROUP, several)
    segments = _segments(text, span)
    if not segments:
        return Phrase(Manner.DESCRIBED, whole.strip() or whole, ActorKind.UNNAMED, words=words)
    named = _named(text, segments[0], cast)
    if named is None and len(segments) > 1:
        # "his running mate, Mike Pence": the name stands in apposition.
        following = _named(text, segments[1], cast)
        if following is not None and following.kind is ActorKind.PERSON and _only_a_person(text, segments[1], following, cast):
            named = following
    if named is None:
        named = _closing(text, span, cast)
    if named is not None:
        return Phrase(Manner.NAMED, named.name, named.kind, (named,))
    core = _without_time(text, segments[0])
    return _known(text, core, cast) or _unlisted(text, core, cast) or _described(text, core)


def _closing(text: str, span: Range, cast: Cast) -> Member | None:
    """The person whose name ends a long title without a comma: “director of the Council on American - Islamic Relations Alia Salem”."""
    inside = cast.within(span)
    if not inside or inside[-1][1].kind is not ActorKind.PERSON or text[inside[-1][0].end : span.end].strip(' ."”’'):
        return None
    at, member = inside[-1]
    lead = text[span.start : at.start]
    first = WORD.findall(lead)[:2]
    titled = any(is_title(word) for word in first) and not any(mark in lead for mark in ",;:")
    return member if titled and " - " in lead and _may_head(lead, member) else None


def _without_time(text: str, segment: Range) -> Range:
    """``the UN’s counsel on Monday`` without the day."""
    tail = _TIME.search(text, segment.start, segment.end)
    return Range(segment.start, tail.start()) if tail and tail.start() > segment.start else segment


def _known(text: str, segment: Range, cast: Cast) -> Phrase | None:
    """Somebody the article names elsewhere, written here in a way the tagger passed over (``acebush1``)."""
    name = re.sub(r"^(?:the|an?)\s+", "", unpossessed(text[segment.start : segment.end]), flags=re.IGNORECASE)
    member = cast.called(name)
    return Phrase(Manner.NAMED, member.name, member.kind, (member,)) if member else None


def _segments(text: str, span: Range) -> list[Range]:
    segments: list[Range] = []
    start = span.start
    for match in _SEGMENT.finditer(text, span.start, span.end):
        if match.start() > start:
            segments.append(Range(start, match.start()))
        start = match.end()
    if start < span.end:
        segments.append(Range(start, span.end))
    return [segment for segment in segments if text[segment.start : segment.end].strip(" .\"'“”‘’")]


def _coordinated(text: str, span: Range, cast: Cast) -> tuple[Member, ...]:
    """Several persons in one phrase, with nothing but titles and brackets between them; empty when it is not such a list."""
    people = [(at, member) for at, member in cast.within(span) if member.kind is ActorKind.PERSON]
    if len({id(member) for _, member in people}) < 2:
        return ()
    listed = [people[0]]
    for at, member in people[1:]:
        between = _BRACKETS.sub("", text[listed[-1][0].end : at.start])
        if not _LISTED.fullmatch(between) or not all(
            is_title(w.group()) for w in WORD.finditer(between) if w.group() not in ("and", "or", "nor")
        ):
            break
        listed.append((at, member))
    joined = any(re.search(r"\b(?:and|or|nor)\b", text[a[0].end : b[0].start]) for a, b in pairwise(listed))
    if (
        not joined
        or not _may_head(text[span.start : listed[0][0].start], listed[0][1])
        or not _TRAILER.match(text[listed[-1][0].end : span.end])
    ):
        return ()
    return tuple(dict.fromkeys(member for _, member in listed))


def _enumeration(names: list[str]) -> str:
    return ", ".join(names[:-1]) + " and " + names[-1]


def _named(text: str, segment: Range, cast: Cast) -> Member | None:
    """Whom the segment is about, if it names them: not those it only mentions (``a spokesman for Trump``)."""
    if _QUANTIFIED.match(text, segment.start, segment.end):
        return None
    found: list[tuple[Range, Member]] = []
    for at, member in cast.within(segment):
        after = text[at.end : segment.end]
        if _TRAILER.match(after) and _may_head(text[segment.start : at.start], member):
            found.append((at, member))
    people = [member for _, member in found if member.kind is ActorKind.PERSON]
    if people:
        return people[0]
    if found and _whole_name(text, segment, found[-1][0]) in found[-1][1].names:
        return found[-1][1]
    return None


def _may_head(before: str, member: Member) -> bool:
    """Whether a name after these words can be what the phrase is about."""
    preposition = _PREPOSITION.search(before)
    if preposition is None:
        return True
    head = before[: preposition.start()]
    if not head.strip():
        return True
    lead = WORD.findall(head)
    directly = WORD.findall(before)
    if member.kind is ActorKind.PERSON and lead and directly and is_role(directly[-1]) and _proper(lead[-1]):
        return True  # "Bank of Canada economist Nathan Janzen"
    # "Secretary of State John Kerry" against "supporters of John Kerry".
    between = before[preposition.end() :]
    titled = any(is_title(match.group()) for match in WORD.finditer(head))
    return (
        member.kind is ActorKind.PERSON
        and titled
        and preposition.group() in ("of", "for", "to", "at", "on")
        and any(match.group()[0].isupper() and not _honorific(match.group()) for match in WORD.finditer(between))
    )


def _proper(word: str) -> bool:
    return word[0].isupper() and not word.endswith("s") and not is_role(word)


def _honorific(word: str) -> bool:
    return bare(word) in ("mr", "mrs", "ms", "dr", "sen", "rep", "gov", "president", "gen")


def _only_a_person(text: str, segment: Range, member: Member, cast: Cast) -> bool:
    at = next(at for at, known in cast.within(segment) if known is member)
    lead = text[segment.start : at.start]
    return all(is_title(match.group()) for match in WORD.finditer(lead))


def _whole_name(text: str, segment: Range, at: Range) -> str:
    """The capitalised run around a mention, the article left out: the tagger may have seen only a part of the name."""
    for match in _CAPITALISED_RUN.finditer(text, segment.start, segment.end):
        if match.start() <= at.start and at.end <= match.end():
            name = text[at.start : at.end]
            return name if name.endswith(".") else re.sub(r"^[Tt]he\s+", "", unpossessed(match.group())).rstrip(".")
    return text[at.start : at.end]


def _unlisted(text: str, segment: Range, cast: Cast) -> Phrase | None:
    """A name the tagger did not see, or saw in part, read off its capitals."""
    phrase = text[segment.start : segment.end]
    run = _CAPITALISED.fullmatch(re.sub(r"^(?:the|a|an)\s+", "", phrase, flags=re.IGNORECASE))
    if run is None:
        return None
    name, noun = unpossessed(run.group(1)), (run.group(2) or "").strip()
    if noun:
        whose = cast.called(name) if name != run.group(1) else None
        if whose is not None and whose.kind is ActorKind.PERSON and bare(noun) not in _CALLED_AFTER:
            name = f"{whose.name}’s"
        return Phrase(Manner.NAMED, f"{name} {noun}", ActorKind.ORGANIZATION) if bare(noun) in _ORGANISATION_NOUN else None
    bearers = cast.surnamed(name)
    if bearers:
        return Phrase(Manner.NAMED, bearers[0].name, bearers[0].kind, (bearers[0],))
    parts = name.split()
    return _unlisted_person(parts, cast) or _unlisted_other(text, segment, phrase, parts)


def _unlisted_person(parts: list[str], cast: Cast) -> Phrase | None:
    """A name with a title before it, or with a known given name."""
    titles = 0
    while titles < len(parts) - 1 and is_title(parts[titles]):
        titles += 1
    rest = parts[titles:]
    lower = max((number for number, word in enumerate(rest) if word.islower() and word not in PARTICLES), default=-1)
    if lower >= 0:
        rest = rest[lower + 1 :][-2:]  # "CEO of the Refugee Council Enver Solomon"
    if is_role(rest[-1]) or not (titles or (len(rest) in (2, 3) and is_given(rest[0]))):
        return None
    bearers = [member for member in cast.surnamed(rest[-1]) if len(rest) == 1 or " " not in member.name]
    if bearers:
        return Phrase(Manner.NAMED, bearers[0].name, ActorKind.PERSON, (bearers[0],))
    return Phrase(Manner.NAMED, " ".join(rest), ActorKind.PERSON)


def _unlisted_other(text: str, segment: Range, phrase: str, parts: list[str]) -> Phrase | None:
    """A document, a group or an organisation; a capital at the beginning of a sentence says nothing."""
    name = " ".join(parts)
    if is_role(parts[-1]):
        return None
    if len(parts) == 1 and not name.isupper():
        lead = text[max(0, segment.start - 2) : segment.start]
        if (not lead or lead[-1] in '\n“"' or lead in (". ", "? ", "! ")) and not phrase.lower().startswith("the "):
            return Phrase(Manner.NAMED, name, ActorKind.GROUP) if _NAMED_GROUP.fullmatch(name) else None
        if name.endswith("s"):
            return Phrase(Manner.NAMED, name, ActorKind.GROUP)
    return Phrase(Manner.NAMED, name, ActorKind.DOCUMENT if bare(parts[-1]) in _DOCUMENT_NOUN else ActorKind.ORGANIZATION)


def _described(text: str, segment: Range) -> Phrase:
    description = text[segment.start : segment.end].strip(" .\"'“”‘’")
    preposition = _PREPOSITION.search(description)
    core = description[: preposition.start()] if preposition and preposition.start() else description
    words = tuple(bare(match.group()) for match in WORD.finditer(core))
    head = words[-1] if words else ""
    kind = ActorKind.UNNAMED
    if head in _DOCUMENT_NOUN:
        kind = ActorKind.DOCUMENT
    elif head in _PLURAL_NOUN or (head.endswith("s") and not head.endswith(("ss", "us", "is"))):
        kind = ActorKind.GROUP
    elif head in _ORGANISATION_NOUN:
        kind = ActorKind.ORGANIZATION
    return Phrase(
        Manner.DESCRIBED, description, kind, words=words, definite=bool(_DETERMINER.match(description) or _POSSESSOR.match(description))
    )
