"""What sort of proposition a stretch of text is, by rule, read off its words.

A stretch that says nothing true or false, such as a question, an infinitive or a noun phrase, is of no sort (``other``). What remains
has a main verb: a measured figure makes it a quantity, a future a prediction, an obligation by law a rule, a verb of causing causal; a
duty without a law, a judgement and, failing everything else, the present tense an opinion; the past tense an event, of the speaker's own
an experience.
"""

from __future__ import annotations

import re

from schemas.events import ClaimType
from services.extract.wordlist import any_of

_LONGEST = 2_000  # code points that are looked at: sentences do not run longer

_AUXILIARY = (
    r"is|are|was|were|am|has|have|had|do|does|did|will|would|can|could|may|might|must|shall|should|ought|cannot"
    r"|\w+n['’]t|\w+['’](?:re|ve|ll|m)"
)
_IRREGULAR = (
    r"became|began|bought|broke|brought|built|came|caught|chose|cut|did|dropped|drew|fell|felt|found|fought|gave|got|grew|had|heard|held|hit"
    r"|kept|knew|led|left|let|lost|made|meant|met|paid|put|ran|rose|said|sat|saw|sent|set|shot|showed|spent|spoke|stood|struck|swore|taught"
    r"|told|took|thought|threw|understood|went|withdrew|won|wore|wrote"
)
_PRESENT = r"allows|believes|gives|knows|makes|means|needs|permits|prohibits|remains|requires|says|seems|shows|takes|thinks|violates|wants"
_ARTICLES = ("a", "an", "the", "his", "her", "its", "their", "my", "our", "so", "more")
_NOUN_AHEAD = "".join(rf"(?<!\b{word} )" for word in _ARTICLES)  # "her perceived rival": a participle before its noun is no main verb
_STATE = "".join(rf"(?<!\b{word} )" for word in ("is", "are", "am", "be", "being", "not")) + "".join(
    rf"(?<!['’]{word} )" for word in ("re", "m", "s")
)  # "we are satisfied": how things are, nothing that happened
_BEHIND_A_VERB = (
    r"a|an|the|his|her|its|their|my|our|your|this|that|these|those|him|them|it|us|me|to|in|on|at|by|from|for|with|into|of|as|about"
    r"|off|up|down|out|last|more|against|over|through|after|before|during|without|between|among|until|since|when|because|and|but|if"
)
_FINITE = re.compile(
    r"\b(?:(?:I|we|you|he|she|it|they|there)\s+(?:(?:\w+ly|never|also|just|still)\s+)?(?!to\b|and\b|or\b)[a-z]\w*"
    rf"|(?:{_AUXILIARY}|(?:he|she|it|that|there|this|what|here|who)['’]s)\b"
    rf"|(?:{_IRREGULAR}|{_PRESENT})\b"
    rf"|{_NOUN_AHEAD}\w{{2,}}ed(?=\s+(?:{_BEHIND_A_VERB})\b|\s+\d|\s*[.,;]|\s*$))",
    re.IGNORECASE,
)
_PRESENT_VERB = re.compile(r"\W*(?:[A-Z][\w.’'-]+\s+){1,3}(?:\w+ly\s+|not\s+)?[a-z]+(?<![su])s\s")
_RELATIVE = re.compile(rf"\b(?:who|whose|whom|which|that(?=\s+(?:{_AUXILIARY})\b))\b", re.IGNORECASE)

_QUESTION = re.compile(r"\?[\"'”’»)]*\s*$")
_INDIRECT_QUESTION = re.compile(
    r"\W*(?:to )?(?:whether|how|why|who|whom|whose|where|what|which)\b(?!.*\b(?:is|are|was|has)\b.*[,.])", re.IGNORECASE
)
_INFINITIVE = re.compile(r"\W*(?:not |never )?to (?!(?:the|an?|his|her|their|me|us|him)\b)[a-z]+", re.IGNORECASE)
_FIGURES = re.compile(r"[$£€]\s?\d|\d\s?%|\b\d[\d,.]*\s(?:per ?cent|million|billion|trillion)\b", re.IGNORECASE)
_MEASURE = re.compile(
    r"[$£€]\s?\d|%|\b\d[\d,.]*\s(?:per ?cent|percentage|points?|hundred|thousand|million|billion|trillion)\b|\bper ?cent\b"
    r"|\b\d{1,3}(?:,\d{3})+\b|\b\d+\.\d|\b(?:hundreds|thousands|millions|billions|trillions|dozens) of\b"
    r"|\b(?:half|a third|a quarter|two thirds|three quarters|most|majority) of\b"
    r"|\b(?!(?:1[89]|20)\d\d\b)\d+ (?:of|out of|times|people|[a-z]+s)\b"
    r"|\b(?:unemployment|number|rate|average|record) (?:is|was|of|has|rose|fell|to)\b",
    re.IGNORECASE,
)
_LAW = any_of(
    r"""
    illegal(?:ly)? lawful(?:ly)? unlawful(?:ly)? legal(?:ly)? unconstitutional constitutional banned? outlaws? outlawed prohibit\w*
    permits? permitted mandat(?:e[ds]?|ory) (?:is|are|was|were|be|been)\s(?:not\s)?(?:allowed|required|entitled|obliged|eligible)
    requires? the\slaws? the\sconstitution violat(?:e[ds]?|ing) statutes?
    """
)
_ADVICE = any_of(r"must should shouldn['’]t ought")
_DUTY = any_of(r"must should shouldn['’]t ought need\sto needs\sto has\sto have\sto had\sto deserve[ds]?")
_CAUSE = any_of(
    r"""
    caus(?:e[ds]|ing) due\sto led\sto leads\sto leading\sto result(?:s|ed|ing)\s(?:in|from) as\sa\sresult thanks\s(?:in\spart\s)?to
    attribut(?:ed|able)\sto responsible\sfor contribut\w+\sto blamed?\sfor stem(?:s|med)\sfrom triggered because\sof toll\son
    fuel(?:s|led|ed) driven\sby reason\s(?:for|why|is)
    """
)
_BECAUSE = re.compile(r"\bbecause\b", re.IGNORECASE)
_FUTURE = re.compile(
    r"(?<!who )(?<!that )(?<!which )\b(?:(?:will|won['’]t|shall|gonna)\b(?! of\b)|\w+['’]ll\b|going to (?!the\b|a\b)[a-z]+"
    r"|(?:is|are|was|were) (?:\w+ )?likely to|(?:is|are) (?:expected|set|poised|due) to"
    r"|(?:would|may|might) (?!(?:have|like|say|want|be been)\b)[“”]?(?:\w+ly |not |still |also )*[a-z]+)\b",
    re.IGNORECASE,
)
_OPINION = any_of(
    r"""
    (?:I|we)\s(?:(?:do\snot|don['’]t|really|just|also|still)\s)?(?:think|believe|feel|hope|wish|guess|love|hate|agree|disagree|respect)
    (?:I|we)\s(?:(?:do\snot|don['’]t|really|just|also|still)\s)?(?:trust|admire) (?:I|we)['’]m\s(?:sure|not|just|so|very|proud|happy|sorry)
    great bad best worst better worse terrible wonderful beautiful wrong sad sadly proud disaster disgrace\w* ridiculous unfair fair
    tremendous incredible incredibly amazing shame\w* tough nice fantastic horrible deserve\w* dangerous fit unfit fraud careless reckless
    desperate clever brilliant stupid smart weak embarrass\w* disappoint\w* hypocri\w* irresponsible outrageous absurd pathetic tragic
    shocking important unacceptable
    """
)
_EXPERIENCE = re.compile(
    rf"\b(?:I|we)(?:['’]ve)?\s+(?:(?:\w+ly|never|also|just|once)\s+)?(?:was|were|had|used to|{_IRREGULAR}|\w{{2,}}ed)\b", re.IGNORECASE
)
_THOUGHT = any_of(r"(?:I|we)\s(?:thought|felt|wanted|liked|loved|hoped|believed|meant|needed|agreed)")
_PAST = re.compile(
    r"\b(?:was|were|had|did|didn['’]t|wasn['’]t|weren['’]t"
    rf"|(?:has|have|had|['’]ve|['’]s)\s(?:\w+\s)?(?:been|\w{{2,}}(?:ed|wn|en|ne)|{_IRREGULAR})"
    rf"|(?:is|are)\s(?:(?:\w+ly|now|already|also)\s)*\w{{2,}}ing|{_IRREGULAR})\b|{_NOUN_AHEAD}{_STATE}\b\w{{2,}}ed(?=\s|[,.;]|$)",
    re.IGNORECASE,
)


def claim_type(proposition: str) -> ClaimType:
    """The sort of a proposition: the first that its words show, the surest signs first."""
    text = proposition[:_LONGEST]
    if _QUESTION.search(text) or _INDIRECT_QUESTION.match(text) or _INFINITIVE.match(text):
        return ClaimType.OTHER
    if not _has_main_verb(text):  # an outlet's "Trump with 46.2 percent" leaves the verb out
        return ClaimType.QUANTITY if _FIGURES.search(text) else ClaimType.OTHER
    owed = _DUTY.search(text) is not None
    return _bound(text) if owed else _free(text)


def _bound(text: str) -> ClaimType:
    """Of a proposition in which somebody must, should, has to."""
    if not _ADVICE.search(text) and _FUTURE.search(text):
        return ClaimType.PREDICTION
    return ClaimType.RULE if _LAW.search(text) and not _OPINION.search(text) else ClaimType.OPINION


def _free(text: str) -> ClaimType:
    """Of a proposition without a duty."""
    for pattern, kind in ((_CAUSE, ClaimType.CAUSAL), (_FUTURE, ClaimType.PREDICTION), (_MEASURE, ClaimType.QUANTITY)):
        if pattern.search(text):
            return kind
    if _OPINION.search(text):
        return ClaimType.OPINION
    if _EXPERIENCE.search(text) and not (_LAW.search(text) or _BECAUSE.search(text) or _THOUGHT.search(text)):
        return ClaimType.EXPERIENCE
    for pattern, kind in ((_LAW, ClaimType.RULE), (_BECAUSE, ClaimType.CAUSAL), (_PAST, ClaimType.EVENT)):
        if pattern.search(text):
            return kind
    return ClaimType.OPINION


def _has_main_verb(text: str) -> bool:
    """Whether there are more finite verbs than relative pronouns, which take one each."""
    return len(_FINITE.findall(text)) + (_PRESENT_VERB.match(text) is not None) > len(_RELATIVE.findall(text))
