"""What sort of proposition a stretch of text is, by rule, read off its words, and between fact and judgement by its check-worthiness.

A stretch that says nothing true or false, such as a question, an infinitive or a noun phrase, is of no sort (``other``). What remains
has a main verb: a measured figure makes it a quantity, a future a prediction, an obligation by law a rule, a verb of causing causal; a
duty without a law or a judgement an opinion; the speaker's own past an experience. What is left is an event or an opinion: the past tense
speaks for the one, the present and the generic *you* for the other, and so does how much it is worth checking, which is high for facts
of public life and low for judgements.
"""

from __future__ import annotations

import re

from schemas.events import ClaimType
from services.extract.claims.clauses import IRREGULAR, NOUN_AHEAD, asks, says_something
from services.extract.wordlist import any_of

_LONGEST = 2_000  # code points that are looked at: sentences do not run longer

# What tells of the past is an event unless it is hardly worth checking, what tells of the present when it is well worth it. Chosen on the
# 787 statements the rules were written with.
_LEAST_OF_PAST = 0.05
_LEAST_OF_PROGRESS = 0.1  # "is building"
_LEAST_OF_PRESENT = 0.2

# All patterns read words in lower case.
_STATE = "".join(rf"(?<!\b{word} )" for word in ("is", "are", "am", "be", "being", "not")) + "".join(
    rf"(?<!['’]{word} )" for word in ("re", "m", "s")
)  # "we are satisfied": how things are, nothing that happened

_FIGURES = re.compile(r"[$£€]\s?\d|\d\s?%|\b\d[\d,.]*\s(?:per ?cent|million|billion|trillion|times)\b")
_MEASURE = re.compile(
    r"[$£€]\s?\d|%|\b(?:\d[\d,.]*\s(?:per ?cent|percentage|points?|hundred|thousand|million|billion|trillion)\b|per ?cent\b"
    r"|\d{1,3}(?:,\d{3})+\b|\d+\.\d|(?!(?:1[89]|20)\d\d\b)\d+ (?:of|out of|times|people|[a-z]+s)\b"
    r"|(?:hundreds|thousands|millions|billions|trillions|dozens|half|a third|a quarter|two thirds|three quarters|most|majority) of\b"
    r"|(?:unemployment|number|rate|average|record) (?:is|was|of|has|rose|fell|to)\b)"
)
_LAW = any_of(
    r"""
    illegal(?:ly)? lawful(?:ly)? unlawful(?:ly)? legal(?:ly)? unconstitutional constitutional banned? outlaws? outlawed prohibit\w*
    permits? permitted mandat(?:e[ds]?|ory) (?:is|are|was|were|be|been)\s(?:not\s)?(?:allowed|required|entitled|obliged|eligible)
    requires? the\slaws? the\sconstitution violat(?:e[ds]?|ing) statutes? pursuant\sto judicial infring\w+ under\s(?:\w+\s)?law by\slaw
    """,
    re.NOFLAG,
)
_ADVICE = any_of(r"must should shouldn['’]t ought", re.NOFLAG)
_DUTY = any_of(r"must (?<!than\sit\s)should shouldn['’]t ought need\sto needs\sto has\sto have\sto had\sto deserve[ds]?", re.NOFLAG)
_CAUSE = any_of(
    r"""
    caus(?:e[ds]|ing) due\sto led\sto leads\sto leading\sto result(?:s|ed|ing)\s(?:in|from) as\sa\sresult thanks\s(?:in\spart\s)?to
    attribut(?:ed|able)\sto responsible\sfor contribut(?:e[ds]?|ing)\sto blamed?\sfor stem(?:s|med)\sfrom triggered because\sof toll\son
    fuel(?:s|led|ed|l?ing) driven\sby reason\s(?:for|why|is) (?:made|makes|making)\sit\s(?:\w+\s)?(?:im)?possible (?:is|['’]s)\swhy
    """,
    re.NOFLAG,
)
_BECAUSE = re.compile(r"\bbecause\b")
_FUTURE = re.compile(
    r"(?<!who )(?<!that )(?<!which )\b(?:(?:will|won['’]t|shall|gonna)\b(?! of\b)|\w+['’]ll\b|going to (?!the\b|a\b)[a-z]+"
    r"|(?:is|are|was|were) (?:\w+ )?likely to|(?:is|are) (?:expected|set|poised|due) to|could be \w+ed"
    r"|(?:may|might) have (?:to|(?:an?|more|less|higher|lower))"
    r"|(?:would|may|might) (?!(?:have|like|say|want|be an?|be been)\b)[“”]?(?:\w+ly |not |still |also )*[a-z]+)\b"
)
_WISH = re.compile(
    r"\W*(?:i|we|he|she|they) (?:(?:really|just|also|still) )?(?:wants?|hopes?|wish(?:es)?|would (?:like|love)) (?:to |that |the |you )"
)
_OPINION = any_of(
    r"""
    (?:i|we)\s(?:(?:do\snot|don['’]t|really|just|also|still|actually)\s)?(?:think|believe|feel|hope|wish|guess|love|hate|agree|disagree)
    (?:i|we)\s(?:(?:do\snot|don['’]t|really|just|also|still)\s)?(?:trust|admire|respect|understand|want|doubt|mean|suspect|like)
    (?:i|we)['’]m\s(?:sure|not|just|so|very|proud|happy|sorry) (?:i|we)\s(?:can['’]t|cannot|couldn['’]t|can)\s(?:say|imagine|agree|disagree)
    great bad best worst better worse terrible wonderful beautiful wrong sad sadly proud disaster disgrace\w* ridiculous unfair fair
    tremendous incredible incredibly amazing shame\w* tough nice fantastic horrible deserve\w* dangerous fit unfit fraud careless reckless
    desperate clever brilliant stupid smart weak embarrass\w* disappoint\w* hypocri\w* irresponsible outrageous absurd pathetic tragic
    shocking important unacceptable crazy insane unreasonable reasonable dereliction catastroph\w* let['’]s let\sus make\sno\smistake
    no\squestion no\sdoubt of\scourse frankly truly
    """,
    re.NOFLAG,
)
_MY_PAST = re.compile(
    r"\b(?:i|we)(?:['’]ve| have)?\s+(?:(?:\w+ly|never|also|just|once|again|myself)\s+)?"
    rf"(?:was|were|had|been|seen|done|wasn['’]t|weren['’]t|didn['’]t|used to|{IRREGULAR}|\w{{2,}}ed)\b"
    r"|\b(?:told|asked|gave|showed|sent|invited|called|met|approached|offered|promised|looked at|came to|spoke to) (?:\w+ and )?me\b"
)
_THOUGHT = any_of(r"(?:i|we)\s(?:thought|felt|wanted|liked|loved|hoped|believed|meant|needed|agreed|knew|envisioned)", re.NOFLAG)
_GENERIC = re.compile(r"\byou(?:['’](?:re|ve))?\b(?! (?:said|told|did|were|was|went|asked|wrote)\b)")
_PAST = re.compile(
    rf"(?:has|have|had|['’]ve|['’]s)\s(?:\w+\s)?(?:been|\w{{2,}}(?:ed|wn|en|ne)|{IRREGULAR})\b"
    rf"|\b(?:was|were|had|did|didn['’]t|wasn['’]t|weren['’]t|{IRREGULAR})\b|\b(?=\w{{2,}}ed(?:[\s,.;]|$)){NOUN_AHEAD}{_STATE}\w"
)
_PROGRESS = re.compile(r"\b(?:is|are|['’](?:s|re))\s(?:(?:\w+ly|now|already|also)\s)*\w{2,}ing\b")


def claim_type(proposition: str, worth: float) -> ClaimType:
    """The sort of a proposition that is ``worth`` checking that much: the first that its words show, the surest signs first."""
    text = proposition[:_LONGEST].lower()
    if not says_something(proposition):  # an outlet's "Trump with 46.2 percent" leaves the verb out
        return ClaimType.QUANTITY if _FIGURES.search(text) and not asks(text) else ClaimType.OTHER
    if _WISH.match(text):
        return ClaimType.OTHER
    return _bound(text) if _DUTY.search(text) else _free(text, worth)


def _bound(text: str) -> ClaimType:
    """Of a proposition in which somebody must, should, has to."""
    if not _ADVICE.search(text) and _FUTURE.search(text):
        return ClaimType.PREDICTION
    return ClaimType.RULE if _LAW.search(text) and not _OPINION.search(text) else ClaimType.OPINION


def _free(text: str, worth: float) -> ClaimType:
    """Of a proposition without a duty."""
    for pattern, kind in ((_CAUSE, ClaimType.CAUSAL), (_FUTURE, ClaimType.PREDICTION), (_MEASURE, ClaimType.QUANTITY)):
        if pattern.search(text):
            return kind
    if _OPINION.search(text):
        return ClaimType.OPINION
    law, because = _LAW.search(text), _BECAUSE.search(text)
    if not (law or because or _THOUGHT.search(text)) and _MY_PAST.search(text):
        return ClaimType.EXPERIENCE
    if law or because:
        return ClaimType.RULE if law else ClaimType.CAUSAL
    return ClaimType.EVENT if worth >= _least(text) else ClaimType.OPINION


def _least(text: str) -> float:
    """How much worth checking an event in this tense is."""
    if _GENERIC.search(text):
        return _LEAST_OF_PRESENT
    if _PAST.search(text):
        return _LEAST_OF_PAST
    return _LEAST_OF_PROGRESS if _PROGRESS.search(text) else _LEAST_OF_PRESENT
