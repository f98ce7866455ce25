"""Source phrases read: the pronoun, name, list of names or description that heads them."""

from __future__ import annotations

import re

from schemas.events import ActorKind
from services.extract.actors.capitals import CAPITALISED_RUN, apposed_person, known_name, read_capitals
from services.extract.actors.cast import Cast
from services.extract.actors.members import Member
from services.extract.actors.names import WORD, bare, is_role, is_title, unpossessed, without_the
from services.extract.actors.nouns import PREPOSITION, described
from services.extract.actors.phrase import PRONOUNS, RELATIVE, Manner, Phrase
from services.extract.types import Range

# What somebody says or thinks: the source is whose it is.
_UTTERANCE = (
    r"(?:remarks?|statements?|comments?|words?|speech|tweets?|testimony|answers?|claims?|assertions?|view|opinion|stance|position"
    r"|message|letter|announcement|call|calls|suggestion|allegations?|accusations?|insistence|promise|vow|pledge|threats?|warnings?|proposal|plan|account"
    r"|response|reply|argument|criticism|attacks?|insults?|complaints?|admission|denial|declaration|rhetoric)"
)
_HIS_WORDS = re.compile(
    rf"(?P<whose>his|her|their|its|my|our)\s+(?:own\s+)?(?:{_UTTERANCE}|eyes|mind)", re.IGNORECASE
)
# What may stand between a name and the end of its segment without making the name a mere modifier.
_TRAILER = re.compile(
    r"(?:,?\s(?:[A-Z]{2,4}|PhD)\b)*\s*(?:\([^()]*(?:\)|$)\s*)?(?:$|['’]s?\s*$|(?:himself|herself|itself|themselves|all|both|each|in|on|at|of|from|who|when|also|then|too|alone|during|after|before|as|to|while)\b"
    rf"|['’]s?\s+(?:[\w-]+\s+){{0,2}}{_UTTERANCE}(?:\s+(?:on|in|at|to|about|of|during|that|this|last)\b.*)?\s*$)"
)
_SEGMENT = re.compile(r"\s*(?:(?<!\d),|,(?!\d)|[;:\[\]—–])\s*|\s+-+\s+|\s+(?=(?:who|whom|whose|which)\b)")
_TIME = re.compile(
    r"\s+(?:(?:released|published|issued|conducted|taken)\s+)?(?:(?:on|late|early|earlier)\s+)*(?:(?:mon|tues|wednes|thurs|fri|satur|sun)day|in\s+(?:\d{4}|january"
    r"|february|march|april|may|june|july|august|september|october|november|december)|(?:last|this)\s+(?:week|month|year|night|morning))\b.*$",
    re.IGNORECASE,
)
_BRACKETS = re.compile(r"\([^()]{0,60}\)")
# What may stand between two who speak together: an apposition to the first, “and”, and what the second is
_LISTED = re.compile(
    r"(?:,\s+(?P<apposition>[\w’'-]+(?:\s+[\w’'-]+){0,5}),)?[\s,]*(?P<link>and|or|nor|,)\s+"
    r"(?P<lead>(?:[\w’'-]+\.?,?\s+){0,4})"
)
_QUANTIFIED = re.compile(
    r"(?:many|some|most|several|few|other|all|both|no|two|three|four|five"
    r"|dozens of|hundreds of|thousands of|\d+)\s",
    re.IGNORECASE,
)
_DETERMINERS = frozenset(("a", "an", "the", "his", "her", "its", "their"))
_LINKING = frozenset(
    ("who", "whom", "whose", "which", "that", "said", "says", "told", "son", "daughter", "not", "as")
)
_HONORIFICS = frozenset(("mr", "mrs", "ms", "dr", "sen", "rep", "gov", "president", "gen"))
_ADDED = frozenset(("himself", "herself", "also", "too", "both", "all"))  # “he himself”
_EDGES = " .\"'“”‘’"


class Reader:
    """Reads the source phrases of one article, each once."""

    def __init__(self, cast: Cast) -> None:
        self._cast = cast
        self._known: dict[Range, Phrase] = {}

    def __call__(self, span: Range) -> Phrase:
        """The phrase at ``span``."""
        phrase = self._known.get(span)
        if phrase is None:
            phrase = self._known[span] = _read(self._cast.text, span, self._cast)
        return phrase


def _read(text: str, span: Range, cast: Cast) -> Phrase:
    whole = text[span.start : span.end]
    words = tuple(bare(word) for word in WORD.findall(whole))
    if words and words[0] in PRONOUNS and (len(words) == 1 or (len(words) == 2 and words[1] in _ADDED)):
        return Phrase(Manner.PRONOUN, words[0], ActorKind.UNNAMED)
    if his := _HIS_WORDS.fullmatch(whole.strip()):
        return Phrase(Manner.PRONOUN, his["whose"].lower(), ActorKind.UNNAMED)
    if words and words[-1] in RELATIVE and (len(words) == 1 or "of" in words):
        return Phrase(Manner.RELATIVE, words[-1], ActorKind.UNNAMED)
    several, link = _coordinated(text, span, cast)
    if several:
        names = [member.name for member in several]
        manner = Manner.ONE_OF if link == "or" else Manner.SEVERAL
        return Phrase(manner, f"{', '.join(names[:-1])} {link} {names[-1]}", ActorKind.GROUP, several)
    segments = _segments(text, span)
    if not segments:
        return Phrase(Manner.DESCRIBED, whole.strip() or whole, ActorKind.UNNAMED, words=words)
    core = _without_time(text, segments[0])
    named = _named(text, segments[0], cast) or _named(text, core, cast)
    if named is None and len(segments) > 1:
        # "his running mate, Mike Pence": the name stands in apposition.
        following = _named(text, segments[1], cast)
        if (
            following is not None
            and following.kind is ActorKind.PERSON
            and _only_a_person(text, segments[1], following, cast)
        ):
            named = following
        elif (
            following is None
            and named is None
            and (apposed := apposed_person(text, segments[0], segments[1], cast)) is not None
        ):
            return apposed
    if named is None:
        named = _closing(text, span, cast)
    if named is not None:
        return Phrase(Manner.NAMED, named.name, named.kind, (named,))
    return (
        known_name(text, core, cast)
        or read_capitals(text, core, cast)
        or described(text[core.start : core.end])
    )


def _closing(text: str, span: Range, cast: Cast) -> Member | None:
    """The person whose name ends a long title without a comma: “director of the Council on American - Islamic
    Relations Alia Salem”."""
    inside = cast.within(span)
    if (
        not inside
        or inside[-1][1].kind is not ActorKind.PERSON
        or text[inside[-1][0].end : span.end].strip(' ."”’')
    ):
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


def _segments(text: str, span: Range) -> list[Range]:
    segments: list[Range] = []
    start = span.start
    for match in _SEGMENT.finditer(text, span.start, span.end):
        if match.start() > start:
            segments.append(Range(start, match.start()))
        start = match.end()
    if start < span.end:
        segments.append(Range(start, span.end))
    return [segment for segment in segments if text[segment.start : segment.end].strip(_EDGES)]


def _coordinated(text: str, span: Range, cast: Cast) -> tuple[tuple[Member, ...], str]:
    """Several persons in one phrase, with nothing but titles and brackets between them, and whether all of
    them are meant (“and”) or one (“or”); nobody when it is not such a list."""
    people = [(at, member) for at, member in cast.within(span) if member.kind is ActorKind.PERSON]
    if len({id(member) for _, member in people}) < 2:
        return (), ""
    listed = [people[0]]
    links: set[str] = set()
    for at, member in people[1:]:
        between = _LISTED.fullmatch(_BRACKETS.sub("", text[listed[-1][0].end : at.start]))
        if (
            between is None
            or not _may_introduce(between["lead"])
            or (between["apposition"] and not _is_office(between["apposition"]))
        ):
            break
        listed.append((at, member))
        links.add(between["link"])
    several = tuple(dict.fromkeys(member for _, member in listed))
    if (
        len(several) < 2
        or links == {","}
        or not _may_head(text[span.start : listed[0][0].start], listed[0][1])
        or not (text.startswith(",", listed[-1][0].end) or _TRAILER.match(text[listed[-1][0].end : span.end]))
    ):
        return (), ""
    return several, "or" if "or" in links else "and"


def _may_introduce(lead: str) -> bool:
    """Whether words before a name only say what its bearer is: none, titles, “his wife,” “council leader”."""
    words = WORD.findall(lead)
    return not words or (is_role(words[-1]) and not _LINKING.intersection(word.lower() for word in words))


def _is_office(apposition: str) -> bool:
    """Whether an apposition says what somebody is, and not whose son or whom he accused."""
    words = [word.lower() for word in WORD.findall(apposition)]
    head = next(
        (number for number, word in enumerate(words) if word in ("of", "for", "at", "in")), len(words)
    )
    known = words[0] in _DETERMINERS or is_role(words[head - 1])
    return head > 0 and known and not _LINKING.intersection(words[:head])


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
    preposition = PREPOSITION.search(before)
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
    titled = any(is_title(word) for word in WORD.findall(head))
    return (
        member.kind is ActorKind.PERSON
        and titled
        and preposition.group() in ("of", "for", "to", "at", "on")
        and any(word[0].isupper() and bare(word) not in _HONORIFICS for word in WORD.findall(between))
    )


def _proper(word: str) -> bool:
    return word[0].isupper() and not word.endswith("s") and not is_role(word)


def _only_a_person(text: str, segment: Range, member: Member, cast: Cast) -> bool:
    at = next(at for at, known in cast.within(segment) if known is member)
    lead = text[segment.start : at.start]
    return all(is_title(word) for word in WORD.findall(lead))


def _whole_name(text: str, segment: Range, at: Range) -> str:
    """The capitalised run around a mention, the article left out: the tagger may have seen only a part of the
    name."""
    for match in CAPITALISED_RUN.finditer(text, segment.start, segment.end):
        if match.start() <= at.start and at.end <= match.end():
            name = text[at.start : at.end]
            return name if name.endswith(".") else without_the(unpossessed(match.group())).rstrip(".")
    return text[at.start : at.end]
