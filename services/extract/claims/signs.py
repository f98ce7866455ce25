"""Signs that words give of what sort of proposition they are: a future, a duty, a law,
a cause, a figure, the speaker's own past.

None decides alone; :mod:`services.extract.claims.propositions` weighs them. All patterns read words in lower
case.
"""

from __future__ import annotations

import re

from services.extract.claims.clauses import IRREGULAR
from services.extract.wordlist import any_of

_ACTORS = (
    r"government|ministers?|ministry|company|party|council|administration|country|team|club|committee"
    r"|police|bank|union|president|agency"
)

SIGNS: dict[str, re.Pattern[str]] = {
    "law": any_of(
        r"""
        illegal(?:ly)? lawful(?:ly)? unlawful(?:ly)? legal(?:ly)? unconstitutional constitutional banned?
        outlaws? outlawed prohibit\w* permits? permitted mandat(?:e[ds]?|ory)
        (?:is|are|was|were|be|been)\s(?:not\s)?(?:allowed|required|entitled|obliged|eligible) requires?
        the\slaws? the\sconstitution violat(?:e[ds]?|ing) statutes? pursuant\sto judicial infring\w+
        under\s(?:\w+\s)?law by\slaw
        """,
        re.NOFLAG,
    ),
    "legal_words": any_of(
        r"""
        sections? bill act treaty constitution\w* rights? laws? regulations? rules? contract licen[cs]e permit\w* court charter
        obligat\w+
        """,
        re.NOFLAG,
    ),
    "advice": any_of(r"must should shouldn['’]t ought", re.NOFLAG),
    "duty": any_of(
        r"must should shouldn['’]t ought need\sto needs\sto has\sto have\sto had\sto deserve[ds]?", re.NOFLAG
    ),
    "because": any_of(
        r"""
        caus(?:e[ds]|ing) due\sto led\sto leads\sto leading\sto result(?:s|ed|ing)\s(?:in|from)
        as\sa\sresult thanks\s(?:in\spart\s)?to attribut(?:ed|able)\sto responsible\sfor
        contribut(?:e[ds]?|ing)\sto blamed?\sfor stem(?:s|med)\sfrom triggered because toll\son
        fuel(?:s|led|ed|l?ing) driven\sby reason\s(?:for|why|is)
        (?:made|makes|making)\sit\s(?:\w+\s)?(?:im)?possible (?:is|['’]s)\swhy
        """,
        re.NOFLAG,
    ),
    "effect": re.compile(
        r"\b(?:lead|help|enabl|allow|prevent|forc|caus|creat|strengthen|weaken|undermin|threaten|driv"
        r"|boost|harm|damag|destroy|improv|reduc"
        r"|affect|risk|fuel|kill)(?:e|es|s|ed|en|ing)?\b"
    ),
    "measure": re.compile(
        r"[$£€]\s?\d|%|\b(?:\d[\d,.]*\s(?:per ?cent|percentage|points?|hundred|thousand|million|billion"
        r"|trillion)\b|per ?cent\b"
        r"|\d{1,3}(?:,\d{3})+\b|\d+\.\d|(?!(?:1[89]|20)\d\d\b)\d+ (?:of|out of|times|people|[a-z]+s)\b"
        r"|(?:hundreds|thousands|millions|billions|trillions|dozens|half|a third|a quarter|two thirds"
        r"|three quarters|most|majority) of\b"
        r"|(?:unemployment|number|rate|average|record) (?:is|was|of|has|rose|fell|to)\b)"
    ),
    "more_than": re.compile(
        r"\b(?:more|less|fewer|most|least|twice|half|double[ds]?|\w{3,}er than|\w{3,}est)\b"
    ),
    "future_form": re.compile(
        r"(?<!who )(?<!that )(?<!which )\b(?:(?:will|won['’]t|shall|gonna)\b(?! of\b)|\w+['’]ll\b"
        r"|going to (?!the\b|a\b)[a-z]+"
        r"|(?:is|are|was|were) (?:\w+ )?likely to|(?:is|are) (?:expected|set|poised|due) to|could be \w+ed"
        r"|(?:would|may|might) (?!(?:have|like|say|want|be an?|be been)\b)[“”]?(?:\w+ly |not |still "
        r"|also )*[a-z]+)\b"
    ),
    "will_be_done": re.compile(
        r"\b(?:will|would|to|should|must|shall) (?:\w+ly |also |not )?be (?:\w+ly )?"
        r"(?:\w{2,}ed|brought|set|made|given|put|held|taken|done|built|laid)\b"
    ),
    "actor_will": re.compile(
        rf"^\W*(?:i|we|he|she|they|(?:my|our|his|her|the) (?:\w+ )?(?:{_ACTORS}))\b.{{0,25}}\b(?:will"
        rf"|would|won['’]t|shall|going to)\b"
        r"|^\W*(?:i|we|he|she|they)['’]ll\b"
    ),
    "course_of_things": re.compile(
        r"^\W*(?:it|there|this|that|these|you)\b.{0,12}\b(?:will|would|could|may|might|going to)\b"
    ),
    "undertaking": any_of(
        r"""
        committed\sto plans?\sto intends?\sto aims?\sto seeks?\sto wants?\sto promised?\sto pledged?\sto
        agreed?\sto proposes?\sto hopes?\sto (?:ready|prepared|willing)\sto vow\w*
        call(?:s|ing)?\s(?:for|on) urge[sd]? demand\w* ask(?:s|ed|ing)?\s(?:for|to) needs?\sto
        ha(?:s|ve)\sto
        """,
        re.NOFLAG,
    ),
    "infinitive": re.compile(r"^\W*(?:not |never )?to [a-z]+"),
    "participle": re.compile(r"^\W*[a-z]+ing\b"),
    "imperative": re.compile(
        r"^\W*(?:please|let|let['’]s|don['’]t|stop|give|take|make|have|be|join|stay|keep|imagine|ask|go"
        r"|come|help|use|call|tell|look)\b"
    ),
    "wish": re.compile(
        r"^\W*(?:i|we|he|she|they) (?:(?:really|just|also|still) )?(?:wants?|hopes?|wish(?:es)?"
        r"|would (?:like|love)) (?:to |that |the |you )"
    ),
    "judgement": any_of(
        r"""
        (?:i|we)\s(?:(?:do\snot|don['’]t|really|just|also|still|actually)\s)?(?:think|believe|feel|hope|wish|guess)
        (?:i|we)\s(?:(?:do\snot|don['’]t|really|just|also|still|actually)\s)?(?:love|hate|agree|disagree)
        (?:i|we)\s(?:(?:do\snot|don['’]t|really|just|also|still)\s)?(?:trust|admire|respect|understand|want|doubt|mean|suspect|like)
        (?:i|we)['’]m\s(?:sure|not|just|so|very|proud|happy|sorry)
        (?:i|we)\s(?:can['’]t|cannot|couldn['’]t|can)\s(?:say|imagine|agree|disagree) great bad best worst
        better worse terrible wonderful beautiful wrong sad sadly proud disaster disgrace\w* ridiculous
        unfair fair tremendous incredible incredibly amazing shame\w* tough nice fantastic horrible
        deserve\w* dangerous fit unfit fraud careless reckless desperate clever brilliant stupid smart weak
        embarrass\w* disappoint\w* hypocri\w* irresponsible outrageous absurd pathetic tragic shocking
        important unacceptable crazy insane unreasonable reasonable dereliction catastroph\w*
        make\sno\smistake no\squestion no\sdoubt of\scourse frankly truly
        """,
        re.NOFLAG,
    ),
    "quality": re.compile(
        r"\b(?:is|are|was|were|be|['’](?:s|re|m)) (?:not |also |still |very |so |too |a |an "
        r"|the )*[a-z]+(?:ful|ous|ive|able|ible|less|ant|ent|ic)\b"
    ),
    "my_past": re.compile(
        r"\b(?:i|we)(?:['’]ve| have)?\s+(?:(?:\w+ly|never|also|just|once|again|myself)\s+)?"
        rf"(?:was|were|had|been|seen|done|wasn['’]t|weren['’]t|didn['’]t|used to|{IRREGULAR}|\w{{2,}}ed)\b"
        r"|\b(?:told|asked|gave|showed|sent|invited|called|met|approached|offered|promised|looked at"
        r"|came to|spoke to) (?:\w+ and )?me\b"
    ),
    "thought": any_of(
        r"(?:i|we)\s(?:thought|felt|wanted|liked|loved|hoped|believed|meant|needed|agreed|knew|envisioned)",
        re.NOFLAG,
    ),
    "anyone": re.compile(r"\byou(?:['’](?:re|ve))?\b(?! (?:said|told|did|were|was|went|asked|wrote)\b)"),
    "past_form": re.compile(
        rf"\b(?:was|were|had|did|didn['’]t|wasn['’]t|weren['’]t|{IRREGULAR}|\w{{2,}}ed)\b"
    ),
    "perfect": re.compile(
        rf"\b(?:has|have|had|['’]ve)\s(?:\w+\s)?(?:been|\w{{2,}}(?:ed|wn|en|ne)|{IRREGULAR})\b"
    ),
    "progress": re.compile(r"\b(?:is|are|['’](?:s|re))\s(?:(?:\w+ly|now|already|also)\s)*\w{2,}ing\b"),
    "copula": re.compile(r"\b(?:is|are|am|['’](?:s|re|m))\b"),
    "pointing": re.compile(r"^\W*(?:it|this|that)(?:['’]s| is| was| has| will| would)\b"),
    "there_is": re.compile(r"^\W*there(?:['’]s| is| are| was| were)\b"),
    "question_word": re.compile(
        r"^\W*(?:whether|how|why|who|whom|whose|where|what|which|if|do|does|did|will|would|is|are|can|should)\b"
    ),
    "we_first": re.compile(r"^\W*(?:i|we)\b"),
    "accused_of": re.compile(r"\bof \w+ing\b"),
}
"""By name; each is there or not."""
