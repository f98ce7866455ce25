"""Whether a saying is denied: what somebody is reported *not* to have said.

Told by the reporting words (``did not say``, ``denied having said``), what governs them (``instead of
saying``), their subject (``none of the ministers``, ``neither … nor``) and the beginning of the clause (``at
no point did …``). A denial that is denied says it after all: ``did not hesitate to say``. Words that are
withheld (``refused to say``) are denied as well; ``denied that`` is not: it says that something is not so.
"""

from __future__ import annotations

import re
from functools import cache
from itertools import pairwise

from services.extract.claims.clauses import says_something
from services.extract.claims.cues import lemma, reports
from services.extract.claims.polarity import BREAKS, Polarity, ends_with, polarity, starts_with, words_of
from services.extract.types import Range

_LOOKBACK = 200  # code points before the source or the cue: a clause hardly ever begins further back
_SENTENCE_END = re.compile(r"\n|(?<=[a-z\d%)]{2})[.!?…]+[\"'”’)]*\s+(?=\S)|[.!?…][\"'”’)]+\s+(?=\S)")
_PARENTHESIS = 6  # words between commas: “did not, at any point, say”
_BEGINNING = 24  # code points of a content in which its noun stands: “reports that …”, “the idea that …”
_GOVERNING = 4  # words before the cue in which a verb that governs it stands: “denied ever having said”


def is_denied(
    text: str, source: Range | None, cue: Range | None, content: tuple[Range, ...], language: str = "en"
) -> bool:
    """Whether the saying of ``content`` by ``source`` is denied or withheld. False without a cue, and in a
    language whose negations are not known."""
    known = polarity(language)
    if known is None or cue is None:
        return False
    said = words_of(text[slice(*cue)])
    before = _clause_words(
        text, cue.start if source is None or source.start > cue.start else source.end, cue.start, _LOOKBACK
    )
    first = cue.start if source is None else min(source.start, cue.start)
    opening = _clause_words(text, 0, first, _LOOKBACK)
    behind = next((piece for piece in content if piece.start >= cue.end), None)
    following = words_of(text[behind.start : behind.start + 4])[:1] if behind is not None else []
    subject = _has_no_subject(known, text, source, opening)
    denials = (
        _is_negated(known, said) or _is_negated_before(known, before or opening),
        _is_withheld(known, said, following) or _is_governed(known, before or opening, said),
        _denies_saying(known, (before or opening)[-_GOVERNING:], said)
        or that_it_was_said(text, cue, content, language) > content[0].start,
        subject,
        not subject and _is_fronted(known, opening),
        _is_untrue(known, opening),
    )
    return sum(denials) % 2 == 1


def contradicts(cue: str, content: str, language: str = "en") -> bool:
    """Whether a cue says of its content that it is not so: ``denied``, ``never denied``, ``rejected claims``;
    not ``denied saying``, and not ``denied`` of what is nothing true or false: ``was denied visas``,
    ``rejected the offer``."""
    known = polarity(language)
    words = words_of(cue) if known is not None else []
    bases = [*map(lemma, words)]
    phrases = [" ".join(pair) for pair in pairwise((*bases, ""))]
    for place, forms in enumerate(zip(bases, phrases, strict=True)):
        assert known is not None, "there are words in a known language only"
        if known["rejecting"].isdisjoint(forms) and known["contradicting"].isdisjoint(forms):
            continue
        behind = words[place + 1 :]
        reported = not known["reports"].isdisjoint([*behind, *words_of(content[:_BEGINNING])])
        if any(reports(word) and word not in known["reports"] for word in behind):
            return False
        return (
            reported
            or content[:5].lower() == "that "
            or (known["rejecting"].isdisjoint(forms) and says_something(content))
        )
    return False


def who_did_not(text: str, source: Range | None, language: str = "en") -> Range | None:
    """The source of a denied saying without the word that denies it: ``the ministers`` of ``None of the
    ministers``. None where that leaves nobody in particular: ``nobody``, ``no minister``."""
    known = polarity(language)
    if known is None or source is None or not _denies_subject(known, words_of(text[slice(*source)])):
        return source
    part = _part(language).match(text, *source)
    return Range(part.end(), source.end) if part is not None else None


def that_it_was_said(text: str, cue: Range | None, content: tuple[Range, ...], language: str = "en") -> int:
    """Where the words begin that somebody denies to have said, when the saying stands in the content
    (``denied | having said that the road was closed``); elsewhere where the content begins."""
    known = polarity(language)
    start = content[0].start
    if (
        known is None
        or cue is None
        or start < cue.end
        or not contradicts(text[slice(*cue)], text[slice(*content[0])], language)
    ):
        return start
    match = _HAVING_SAID.match(text, *content[0])
    return match.end() if match is not None and reports(match["verb"].lower()) else start


def is_no_proposition(
    text: str, source: Range | None, cue: Range | None, content: tuple[Range, ...], language: str = "en"
) -> bool:
    """Whether a content is nothing that could be said: that somebody wants no name (``declined | to be
    named``), whom he told (``denied telling | Lee anything``), or who speaks (``Lee | apologised``)."""
    known = polarity(language)
    if known is None or cue is None:
        return False
    words = [word for piece in content for word in words_of(text[slice(*piece)])]
    nameless = words[1:] if words[:1] == ["not"] else words
    if nameless[:2] == ["to", "be"] and nameless[2:3] and nameless[2] in known["anonymity"]:
        return True
    if says_something(" ".join(words)):
        return False
    active = known["being"].isdisjoint(words_of(text[slice(*cue)]))
    subject = (
        active
        and source is None
        and content[-1].end <= cue.start
        and not text[content[-1].end : cue.start].strip()
    )
    return subject or words[-1:] in (["anything"], ["nothing"])


_HAVING_SAID = re.compile(
    r"(?:ever\s+)?(?:having\s+(?:ever\s+)?|(?=\w+ing\b))(?P<verb>\w+)\s+(?:(?:[\w’']+\s+){0,3}?that\s+)?(?=\S)",
    re.IGNORECASE,
)


@cache
def _part(language: str) -> re.Pattern[str]:
    """What stands before the group of which nobody speaks, or before the first of those of whom neither
    does."""
    known = polarity(language)
    assert known is not None, "asked for in a known language"
    nobody, pronoun = known.any_of("nobody"), known.any_of("pronouns")
    some = rf"(?:{nobody}\s+(?:single\s+)?(?:one\s+)?of|nothing\s+(?:in|about))\s+(?!{pronoun}\b)"
    return re.compile(rf"(?:{some}|neither\s+(?=.*\bnor\b))(?=\S)", re.IGNORECASE | re.DOTALL)


def _clause_words(text: str, start: int, end: int, reach: int) -> list[str]:
    """The words between two places of a text, those of the last sentence among them, at most ``reach`` code
    points back."""
    stretch = text[max(start, end - reach, 0) : end]
    last = max((match.end() for match in _SENTENCE_END.finditer(stretch)), default=0)
    return words_of(stretch[last:])


def _is_negated(known: Polarity, cue: list[str]) -> bool:
    """``did not say``; neither ``not only said`` nor ``left no doubt``."""
    for place, (word, following) in enumerate(pairwise((*cue, ""))):
        emphatic = following and any(later in known["emphatic"] for later in cue[place + 2 :])
        if known.negates(word) and following not in known["limits"] and not emphatic:
            return not starts_with(cue[place:], known.phrases("idioms"))
    return False


def _is_negated_before(known: Polarity, before: list[str]) -> bool:
    """``did not, at any point,`` before a cue."""
    left = list(before)
    if left[-1:] == [","] and "," in left[-_PARENTHESIS - 2 : -1]:
        while left.pop() and left[-1] != ",":
            pass
        left.pop()
    while left and (left[-1].endswith("ly") or left[-1] in known["light"]):
        left.pop()
    return bool(left) and (
        left[-1].endswith("n't")
        or (left[-1] in ("not", "never") and left[-2:-1] != [] and left[-2] in known["auxiliaries"])
    )


def _is_withheld(known: Polarity, cue: list[str], following: list[str]) -> bool:
    """``declined to say``, ``avoided mentioning``; ``declined`` before ``to``."""
    first = next((place for place, word in enumerate(cue) if lemma(word) in known["declining"]), None)
    # “using the failed bill to portray” fails to do nothing
    if first is None or not all(_is_light(known, word) for word in cue[:first]):
        return False
    behind = [*cue[first + 1 :], *following]
    return "to" in behind or any(map(reports, behind))


def _is_light(known: Polarity, word: str) -> bool:
    return (
        word in known["auxiliaries"] or word in known["light"] or word.endswith("ly") or known.negates(word)
    )


def _is_governed(known: Polarity, before: list[str], cue: list[str]) -> bool:
    """``instead of`` before a form of saying."""
    words = [*before[-_GOVERNING:], *cue]
    for place in range(len(words)):
        taken = starts_with(words[place:], known.phrases("before_saying"))
        rest = words[place + taken :] if taken else []
        said = next((word for word in rest if word not in known["light"] and not word.endswith("ly")), "")
        if said and reports(said) and said in cue:
            return True
    return bool(before) and before[-1] == "without" and cue[0].endswith("ing")


def _denies_saying(known: Polarity, before: list[str], cue: list[str]) -> bool:
    """``denied having said``, ``denied telling``; not ``denied claims``."""
    words = [*before, *cue]
    for place, word in enumerate(words):
        if word[:1].isalpha() and lemma(word) in known["contradicting"]:
            rest = [later for later in words[place + 1 :] if later not in known["light"]]
            return bool(rest) and rest[0] in cue and reports(rest[0]) and rest[0] not in known["reports"]
    return False


def _has_no_subject(known: Polarity, text: str, source: Range | None, opening: list[str]) -> bool:
    """Whether the source is nobody, with the words before it."""
    if source is None:
        return ends_with(opening, known.phrases("nobody")) > 0
    words = words_of(text[slice(*source)])
    if (
        _denies_subject(known, words)
        or opening[-1:] == ["no"]
        or opening[-1:] == ["nor"]
        or opening[-1:] == ["neither"]
    ):
        return True
    group = ends_with(opening[:-1], known.phrases("nobody")) if opening[-1:] == ["of"] else 0
    cleft = words[:1] == ["who"] and _is_cleft(opening)
    return group > 0 or cleft or (opening[-1:] == ["not"] and words[:1] in (["one"], ["a"]))


def _denies_subject(known: Polarity, words: list[str]) -> bool:
    """``none of the ministers``, ``no minister``; neither ``nobody but Lee`` nor ``No 10``."""
    if words[:1] == ["no"]:
        return (
            len(words) > 1
            and words[1] not in known["names"]
            and not starts_with(words, known.phrases("idioms"))
        )
    taken = starts_with(words, known.phrases("nobody"))
    # “Nobody, Lee said, was hurt”: what was said, not who said it
    return taken > 0 and not any(word in known["save"] or word == "," for word in words[taken : taken + 1])


def _is_cleft(opening: list[str]) -> bool:
    """``it was not Lee`` before ``who said``."""
    start = next(
        (
            place
            for place, pair in enumerate(pairwise(opening))
            if pair[0] == "it" and pair[1] in ("was", "is", "wasn't", "isn't")
        ),
        None,
    )
    if start is None or "but" in opening[start:] or "," in opening[start:]:
        return False
    return opening[start + 1].endswith("n't") or opening[start + 2 : start + 3] == ["not"]


def _is_fronted(known: Polarity, opening: list[str]) -> bool:
    """``at no point did`` before a subject."""
    if opening[-1:] == [] or opening[-1] not in known["auxiliaries"]:
        return False
    for place in range(len(opening) - 1):
        starts = place == 0 or opening[place - 1] in BREAKS or opening[place - 1] in known["breaks"]
        clause = opening[place:-1]
        if (
            starts
            and starts_with(clause, known.phrases("fronted"))
            and not starts_with(clause, known.phrases("idioms"))
        ):
            return not any(word in known["auxiliaries"] for word in clause)
    return False


def _is_untrue(known: Polarity, opening: list[str]) -> bool:
    """``there is no evidence that`` before a subject."""
    return opening[-1:] == ["that"] and ends_with(opening[:-1], known.phrases("untrue")) > 0
