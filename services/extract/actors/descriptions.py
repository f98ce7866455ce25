"""Sources that are described and not named: whose office or description it is, if the article says."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

from schemas.events import ActorKind
from services.extract.actors.cast import Cast
from services.extract.actors.evidence_table import NAMED_LATER, OFFICES, ORGANISATIONS
from services.extract.actors.members import Member, Mention
from services.extract.actors.names import gender_of_word, is_role
from services.extract.actors.offices import meaning
from services.extract.actors.phrase import Manner, Phrase
from services.extract.actors.pronouns import Described
from services.extract.actors.reading import Reader
from services.extract.types import Range
from services.extract.wordlist import words as wordlist

# What reporters call somebody they have just named, to vary: “Trump spoke. The billionaire said …”.
_VARIATION = wordlist("""
    nominee candidate businessman businesswoman billionaire millionaire mogul tycoon magnate frontrunner front-runner hopeful contender
    challenger incumbent lawmaker congressman congresswoman politician democrat republican conservative liberal star veteran
    singer actor actress rapper comedian novelist author footballer striker midfielder golfer quarterback pitcher boxer
    mum mom dad mother father mummy daddy gran granny grandad granddad grandmother grandfather nan bride groom pensioner
    """)
# What is nobody's occupation who is in focus: offices, whose holder is named as such, and who speaks for
# others or hides behind it.
_ANOTHER = wordlist("""
    spokesman spokeswoman spokesperson official aide lawyer attorney officer adviser advisor source insider investigator prosecutor agent
    representative employee worker expert minister president director leader owner reporter journalist correspondent interviewer
    moderator anchor host questioner person member commissioner editor chairman chairwoman chairperson chair mayor governor senator premier
    chancellor secretary bishop archbishop king queen judge justice general colonel captain sheriff ambassador chief boss pope emperor
    former latter
    """)
# Offices a lead names before it names their holder: “A New York judge has rejected …”, five lines on “Justice
# Frank Nervo”. Sources that hide behind what they are (officials, aides, officers, lawyers, spokesmen) are
# not among them.
_DELAYED = wordlist("""
    judge justice senator representative governor mayor minister premier lawmaker congressman congresswoman bishop archbishop cardinal
    pastor sheriff actor actress singer billionaire
    """)
_DETERMINERS = frozenset(("the", "this", "that", "his", "her", "its", "their", "former", "then"))
_BEFORE = 2_000  # code points: two or three long paragraphs
_LEAD = 600  # code points: headline and first paragraphs
_AGED = re.compile(r"\d{1,3}-year-old")
_NOUN_ALONE = re.compile(r"(?:the|this|that)\s+[a-z]+", re.IGNORECASE)
_POSSESSIVE = re.compile(r"['’]s?\s")
_DEFINITE = re.compile(r"the\s", re.IGNORECASE)


def bearer(read: Phrase, source: Range, cast: Cast, without: Collection[str] = ()) -> Member | None:
    """The one person the article gives this office or description: ``the senator`` after ``Sen. Ted Cruz``;
    the organisation whose name ends in this noun: ``the foundation``."""
    if read.kind is ActorKind.ORGANIZATION and _NOUN_ALONE.fullmatch(read.name):
        return None if ORGANISATIONS in without else cast.organisations.called(read.words[-1], source.start)
    if not read.words or read.kind is not ActorKind.UNNAMED:
        return None
    if not read.definite:
        return None if NAMED_LATER in without else _named_later(read, source, cast)
    if OFFICES in without:
        return None
    words = [meaning(word) for word in read.words if meaning(word) not in _DETERMINERS]
    return (
        cast.offices.holder(words, source.start, former="former" in read.words)
        if words and is_role(words[-1])
        else None
    )


def _named_later(read: Phrase, source: Range, cast: Cast) -> Member | None:
    """Whom the article names after its lead: the only person of that office, if the lead says no more than
    the office."""
    head = read.words[-1]
    if source.start > _LEAD or head not in _DELAYED or len(read.name.split()) > len(read.words) + 1:
        return None
    member = cast.offices.only_holder(head)
    return member if member is not None and member.first > source.start else None


def described_sources(
    sources: Iterable[Range], cast: Cast, reader: Reader, without: Collection[str] = ()
) -> list[Described]:
    """Single persons whom sources describe, in text order: the bearers of offices, those who are only
    described, and words that stand for whoever is in focus."""
    found: list[Described] = []
    for source in sorted(set(sources)):
        read = reader(source)
        if read.manner is not Manner.DESCRIBED or read.kind is not ActorKind.UNNAMED or not read.words:
            continue
        gender = next((g for word in reversed(read.words) if (g := gender_of_word(word))), None)
        known = bearer(read, source, cast, without)
        if known is not None:
            found.append(Described(source, known))
        elif varies(read, cast.text, source.start):
            found.append(Described(source, None, gender))
        elif gender or is_role(read.words[-1]):
            somebody = Member(ActorKind.UNNAMED, Mention(source, read.name))
            if gender:
                somebody.genders[gender] += 1
            found.append(Described(source, somebody))
    return found


def _somebody_else(occupation: str, text: str, position: int) -> bool:
    """Whether the article has spoken of “a baker” before “the baker”, and of nobody by name who is one."""
    return (
        re.search(
            rf"\b[Aa]n?\s(?:[\w-]+\s){{0,3}}{re.escape(occupation)}\b",
            text[max(0, position - _BEFORE) : position],
        )
        is not None
    )


def varies(read: Phrase, text: str, position: int) -> bool:
    """Whether a description is another word for somebody named before: “the billionaire”, “the 70-year-old”.
    Not for whose man is meant: “the former president’s spokesman”."""
    head = read.words[-1]
    if _NOUN_ALONE.fullmatch(read.name) and is_role(head) and head not in _ANOTHER:
        return not _somebody_else(head, text, position)
    known = head in _VARIATION or "former" in read.words[:-1][:2] or _AGED.fullmatch(head) is not None
    return known and _DEFINITE.match(read.name) is not None and _POSSESSIVE.search(read.name) is None
