"""Whether words hold a main verb: a noun phrase, an infinitive and a question say nothing that is true or
false."""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import chain, islice

from services.extract.wordlist import any_of, words

_AUXILIARIES = "is|are|was|were|am|has|have|had|do|does|did|will|would|can|could|may|might|must|shall|should|ought|cannot"
AUXILIARY = rf"{_AUXILIARIES}|\w+n['’]t|\w+['’](?:re|ve|d|ll|m)"
IRREGULAR = (
    r"became|began|bought|broke|brought|built|came|caught|chose|cut|did|dropped|drew|fell|felt|found|fought|gave|got|grew|had|heard|held|hit"
    r"|kept|knew|led|left|let|lost|made|meant|met|paid|put|ran|rose|said|sat|saw|sent|set|shot|showed|spent|spoke|stood|struck|swore|taught"
    r"|told|took|thought|threw|understood|went|withdrew|won|wore|wrote"
)
_SINGULAR = "|".join(
    sorted(
        words("""
            agrees allows appears becomes begins believes belongs brings causes comes consists contains continues
            creates denies depends deserves disagrees exists fails feels finds follows fuels gets gives goes happens
            helps includes involves keeps knows lacks leads leaves loses makes means needs occurs opposes owes owns pays
            permits prevents prohibits protects proves provides puts receives recognizes refuses rejects remains
            represents requires says seeks seems sells sends serves shows speaks spends suffers suggests takes tells
            tends thinks threatens tries understands violates wants wins
            """)
    )
)
_PLURAL = "|".join(
    sorted(
        words("""
            agree allow appear become believe belong bring come continue deny depend deserve disagree exist fail feel
            find get give go happen include involve keep know lack lose make mean occur oppose owe pay prefer prevent
            provide receive refuse reject remain represent require say see seek seem sell serve speak spend suffer
            suggest take tell tend think threaten understand want
            """)
    )
)
_ARTICLES = ("a", "an", "the", "his", "her", "its", "their", "my", "our", "so", "more")
NOUN_AHEAD = "".join(rf"(?<!\b{word} )" for word in _ARTICLES)
"""Not right behind an article: in "her perceived rival" the participle is no main verb."""
_BEHIND_A_VERB = (
    r"a|an|the|his|her|its|their|my|our|your|this|that|these|those|him|them|it|us|me|to|in|on|at|from|for|with|into|as|about"
    r"|off|up|down|out|last|more|against|over|through|after|before|during|without|between|among|until|since|when|because|and|but|if"
)
# Without "by" and "of": "schools delivered by communities", "charities suspected of it" hold participles.
_FINITE = re.compile(
    r"(?<!-)\b(?:(?:i|we|you|he|she|it|they|there)\s+(?:(?:\w+ly|never|also|just|still)\s+)?(?!to\b|and\b|or\b|as\b)[a-z]\w*"
    rf"|(?:{AUXILIARY}|(?:he|she|it|that|there|this|what|here|who)['’]s)\b"
    rf"|(?:{IRREGULAR}|{_SINGULAR})\b(?!-)"
    rf"|(?:people|(?!this\b)\w{{2,}}[^s\W]s|[^\W\d]+men)\s(?:\w+ly\s)?(?:{_PLURAL})\b"
    rf"|(?=\w{{2,}}ed(?:\s+(?:{_BEHIND_A_VERB})\b|\s+\d|\s*[.,;]|\s*$)){NOUN_AHEAD}\w)"
)
PLAIN_VERBS = frozenset(f"{_AUXILIARIES}|{IRREGULAR}|{_SINGULAR}".split("|"))
"""Words that are finite verbs wherever they stand."""
_NAME_AND_VERB = re.compile(
    r"\W*(?:[A-Z](?!\S*['’]s?\s)[\w.’'-]+\s+){1,3}(?:\w+ly\s+|not\s+)?[a-z]+[a-rtv-z]s\s(?!that\b|who\b|of\b|for\b|and\b|or\b)"
)
_VERB_AND_NAME = re.compile(r"\b(?:[A-Z][\w.’-]+|[a-z]+s)\s(?:\w+ly\s|almost\s)?[a-z]{2,}ed\s(?=[A-Z\d])")
_RELATIVE = re.compile(
    rf" (?<=[\w,”\"'’] )(?<!\band )(?<!\bbut )(?:who|whose|whom|which|that(?=\s+(?:{AUXILIARY})\b))\b"
)
_OBJECT = any_of(
    r"him them us me himself herself themselves itself myself ourselves"
    r" (?:it|her)\s(?:as|to|of|for|from|what|why|how|whether)",
    re.NOFLAG,
)
"""What can be no subject: words that begin with it are governed by a verb outside them."""

_QUESTION = re.compile(r"\?[\"'”’»)]*\s*$")
_INDIRECT_QUESTION = re.compile(
    r"\W*(?:to )?(?:whether|how|why|who|whom|whose|where|what|which)\b(?!.*\b(?:is|are|was|has)\b.*[,.])"
)
_CONDITION = re.compile(r"\W*if\b[^,]*$")  # alone it is an indirect question
_INFINITIVE = re.compile(r"\W*(?:not |never )?to (?!(?:the|an?|his|her|their|me|us|him)\b)[a-z]+")
_LETTER = re.compile(r"\w")
_LONGEST = 2_000  # code points that are looked at: sentences do not run longer
_REMEMBERED = 64  # a proposition is asked for when it is scored and when it is typed


@lru_cache(_REMEMBERED)
def says_something(proposition: str) -> bool:
    """Whether the words can be true or false: they have a main verb, and neither ask nor are an
    infinitive."""
    text = proposition[:_LONGEST]
    lowered = text.lower()
    return not asks(lowered) and _has_main_verb(text, lowered)


def asks(lowered: str) -> bool:
    """Whether words in lower case ask or are an infinitive."""
    patterns = (_INDIRECT_QUESTION, _CONDITION, _INFINITIVE)
    return _QUESTION.search(lowered) is not None or any(pattern.match(lowered) for pattern in patterns)


def _has_main_verb(text: str, lowered: str) -> bool:
    """Whether there are more finite verbs than relative pronouns, which take one each; ``lowered`` is the
    text in lower case."""
    first = _LETTER.search(lowered)
    if first is None or _OBJECT.match(lowered, first.start()):
        return False
    taken = len(_RELATIVE.findall(lowered))
    if sum(map(PLAIN_VERBS.__contains__, lowered.split())) > taken:  # spares most texts the patterns
        return True
    verbs = chain(
        _FINITE.finditer(lowered), filter(None, (_NAME_AND_VERB.match(text), _VERB_AND_NAME.search(text)))
    )
    return next(islice(verbs, taken, None), None) is not None
