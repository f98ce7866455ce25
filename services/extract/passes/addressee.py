"""To whom something was said: “told REPORTERS”, “asked HIM”, “in an interview with THE BBC”."""

from __future__ import annotations

import re

from services.extract.types import Range
from services.extract.wordlist import words

_TELLING = re.compile(
    r"\b(?:t(?:old|ell(?:s|ing)?)|ask(?:s|ed|ing)?|inform(?:s|ed|ing)?|assur(?:es?|ed|ing)|warn(?:s|ed|ing)?|remind(?:s|ed|ing)?|urg(?:es?|ed|ing)"
    r"|promis(?:es?|ed|ing)|advis(?:es?|ed|ing)|beg(?:s|ged|ging)?|notif(?:y|ies|ied|ying)|brief(?:s|ed|ing)?|lectur(?:es?|ed|ing)|text(?:s|ed|ing)?"
    r"|(?:said|says|saying|wrote|writes|writing|explained|explains|complained|admitted|confessed|replied|spoke|speaking|speaks|talking|statement|remarks?|letter|email"
    r"|message|answer|testimony)\s+to"
    r"|interview(?:ed)?\s+(?:with|by))\s+",
    re.IGNORECASE,
)
_STOP = words(
    """
    that to in on at by with from about if whether why how what when where who which he she it they i we you after before during while
    as so because since until and or but not of for over under earlier later last this next yesterday today tonight tomorrow again also
    then there here only just afterwards afterward recently separately
    once twice exclusively outside inside ahead via following amid is are was were has had have will would could
    """
)
_ARTICLES = words("the a an his her its their our several some many all local his")
_INNER = words("the of and for")  # inside a name: “Meet the Press”, “the House of Commons”
_WORD = re.compile(r"[\w.&’'-]+")
_MOST = 7  # words of a noun phrase
_REACH = 60  # code points between the cue's end and the words of telling


def addressee(text: str, cue: Range | None, others: tuple[Range, ...]) -> Range | None:
    """The noun phrase that names to whom the words were said, behind the cue's verb and before any of ``others`` (content and source);
    None when there is none."""
    if cue is None:
        return None
    end = min((piece.start for piece in others if piece.start >= cue.end), default=min(len(text), cue.end + _REACH))
    line = text.find("\n", cue.end, end)
    telling = _TELLING.search(text, cue.start, end if line < 0 else line)
    if telling is None or telling.start() > cue.end:
        return None
    return _noun_phrase(text, telling.end(), end if line < 0 else line)


def _noun_phrase(text: str, start: int, end: int) -> Range | None:
    last: re.Match[str] | None = None
    nouns = 0
    position = start
    for count, match in enumerate(_WORD.finditer(text, start, end)):
        word = match.group().rstrip(".").lower()
        gap = text[position : match.start()]
        if count >= _MOST or gap.strip() or bool(gap) != bool(count):
            break
        position = match.end()
        inner = word in _INNER and nouns and _CAPITAL.match(text, match.end(), end)
        if not inner and (word in _DAYS or (match.group().islower() and word in _STOP)):
            break
        if count and not inner and word in _ARTICLES:
            break
        if not inner:
            last = match
            nouns += word not in _ARTICLES or word == "her"
        if match.group().endswith(".") and not _ABBREVIATED.search(match.group()):
            break
    if last is None or not nouns or text[start : last.end()].lower().rstrip(".") in _NOBODY:
        return None
    tail = last.end() - (text[last.end() - 1] == "." and not _ABBREVIATED.search(last.group()))
    return Range(start, tail) if tail > start else None


_CAPITAL = re.compile(r"\s+(?:the\s+)?[A-Z]")
_ABBREVIATED = re.compile(r"(?:^|\.)[A-Z]\.$|^(?:Jr|Sr|Inc|Co|Corp|Ltd|Mr|Mrs|Ms|Dr|Sen|Rep|Gov|Gen|St)\.$")
_NOBODY = words("me us yourself myself himself herself itself themselves one you more less lies stories people it this")
_DAYS = words(
    """
    monday tuesday wednesday thursday friday saturday sunday
    january february march april may june july august september october november december
    """
)
