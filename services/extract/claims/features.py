"""What a proposition looks like: the features of check-worthiness, read off the surface.

Most features count the words of a list. A text is cut into words and listed phrases once, and each of those
is held against all lists once and remembered: texts use the same words again and again.
"""

from __future__ import annotations

import math
import re

from services.extract.remembered import remembered
from services.extract.wordlist import any_of

_FIGURE = re.compile(r"\b\d[\d,.]*\b")
_SUM = re.compile(r"[$£€]\s?\d")
_MONEY = any_of(r"dollars? euros? pounds? cents?")
_PERCENT = any_of(r"percent per\scent percentage")
_SCALE = any_of(r"""
    hundreds? thousands? millions? billions? trillions? dozens? half third quarter twice double[ds]? triple[ds]?
    """)
_NUMBER_WORD = any_of(r"""
    two three four five six seven eight nine ten eleven twelve fifteen twenty thirty forty fifty sixty seventy eighty ninety
    """)
_YEAR = re.compile(r"\b(?:1[89]|20)\d\d\b")
_TIME = any_of(r"""
    years? months? weeks? days? decades? century today yesterday since ago last january february march april june july august
    september october november december monday tuesday wednesday thursday friday saturday sunday
    """)
_COMPARE = any_of(r"""
    more less fewer most least higher lower highest lowest larger largest bigger biggest than increased? decreased? rose fell
    grew cut doubled reduced? raised? dropped gone\sup gone\sdown first only every all never no\sone nobody record
    """)
_CHANGE = any_of(r"""
    increas\w* decreas\w* rise[sn]? rose risen fall(?:s|en)? fell gr[eo]wn? cut lost gained created added dropped reduc\w*
    rais\w* spent paid cost
    """)
_PAST = any_of(
    r"was were had did been went came took made gave got said voted passed signed won lost \w{3,}ed"
)
_PRESENT_FACT = any_of(r"is are has have does")
_FUTURE = any_of(r"""
    will won['’]t shall going\sto gonna expect(?:s|ed)? likely would could might tomorrow next\s(?:year|month|week|day)
    (?:i|we|he|she|it|they|you)['’]ll
    """)
_SURE_FUTURE = any_of(r"will won['’]t shall going\sto gonna likely\sto next\s(?:year|month|week) \w+['’]ll")
_OBLIGATION = any_of(r"""
    must should shouldn['’]t ought need\sto needs\sto has\sto have\sto required? requires allowed entitled illegal lawful
    unconstitutional banned? prohibit\w* permit\w* mandat\w* law rule
    """)
_CAUSE = any_of(r"""
    because caus(?:e[sd]?|ing) due\sto led\sto leads?\sto result(?:s|ed|ing)?\s(?:in|of|from) thanks\sto therefore as\sa\sresult
    so\sthat responsible\sfor contribut\w+\sto
    """)
_FIRST = re.compile(r"\b(?:I|m(?:e|y|ine|yself))\b")
_WE = any_of(r"we us our ours")
_YOU = any_of(r"you your yours")
_THIRD = any_of(r"he she they his her their him them")
_OPINION = any_of(r"""
    think believe feel feels hope wish guess love hate great good bad best worst better worse terrible wonderful beautiful
    important wrong right sad proud happy disaster disgrace ridiculous unfair fair tremendous incredible amazing shame honou?r
    strong weak tough nice fantastic horrible respect deserve\w*
    """)
_PUBLIC = any_of(r"""
    government president congress senate house bill law tax(?:es)? budget deficit debt jobs? economy unemployment inflation
    wages? war troops nuclear weapons? military trade treaty immigra\w+ border crime police court health\s?care insurance
    medicare social\ssecurity education schools? oil energy climate vot(?:e|es|ed|ers?) elections? administration policy percent
    people states? country countries company companies million billion
    """)
_QUESTION = re.compile(r"\?[\"'”’»)]*\s*$")
_GREETING = re.compile(
    r"\W*(?:thank|thanks|well|yes|no|okay|ok|good (?:evening|morning)|hello|hi|look|listen|let me"
    r"|excuse|sorry|right|sure|absolutely|oh)\b",
    re.IGNORECASE,
)
_CAPITALISED = re.compile(r"[A-Z](?<=[\w,;:] .)[\w.’'-]+")
_NEGATION = any_of(r"not never no none nothing nobody cannot \w+n['’]t")
_WORD = re.compile(r"\w+(?:['’]\w+)?")

_LISTS = {
    "number_words": _NUMBER_WORD, "scale": _SCALE, "time": _TIME, "comparison": _COMPARE, "change": _CHANGE, "past": _PAST,
    "present": _PRESENT_FACT, "future": _FUTURE, "obligation": _OBLIGATION, "cause": _CAUSE, "we": _WE, "you": _YOU,
    "third_person": _THIRD, "opinion": _OPINION, "public_affairs": _PUBLIC, "negation": _NEGATION,
    "money": _MONEY, "percent": _PERCENT, "year": _YEAR, "sure_future": _SURE_FUTURE,
}  # fmt: skip
_UNIT = re.compile(
    r"(?:gone\s(?:up|down)|no\sone|(?:going|due|led|leads?|thanks|likely|needs?|has|have|contribut\w+)\sto|so\sthat|as\sa\sresult"
    r"|next\s(?:year|month|week|day)|result(?:s|ed|ing)?\s(?:in|of|from)|responsible\sfor|health\scare|social\ssecurity|per\scent"
    r"|\w+)\b(?:['’]\w+)*"
)
"""A phrase of the lists, or a word, with what an apostrophe joins to it."""

_COUNTED = (
    "figures", "number_words", "scale", "time", "comparison", "change", "past", "present", "future", "obligation", "cause", "first_person",
    "we", "you", "third_person", "opinion", "public_affairs", "names", "negation",
)  # fmt: skip
_PRESENT = ("money", "percent", "year", "question", "greeting", "sure_future")
_CAP = 3  # the fourth figure of a sentence says no more than the third
NAMES = (
    *_COUNTED, *_PRESENT, "log_words", "short", "long", "past_and_name", "figure_and_past", "first_person_future",
)  # fmt: skip
_LONGEST = 2_000  # code points that are looked at: sentences do not run longer
_REMEMBERED = 8192  # more than the distinct words of a hundred articles


def features(proposition: str) -> list[float]:
    """The values of :data:`NAMES` for one proposition."""
    text = proposition[:_LONGEST]
    words = len(_WORD.findall(text))
    counts = {
        "figures": len(_FIGURE.findall(text)),
        "first_person": len(_FIRST.findall(text)),
        "names": len(_CAPITALISED.findall(text)),
        "money": int(_SUM.search(text) is not None),
        "percent": text.count("%"),
        "question": int(_QUESTION.search(text) is not None),
        "greeting": int(_GREETING.match(text) is not None),
    }
    for unit in _UNIT.findall(text.lower()):
        for name, count in _on_lists(unit):
            counts[name] = counts.get(name, 0) + count
    values = dict.fromkeys(NAMES, 0.0)
    for name, count in counts.items():
        values[name] = float(min(1 if name in _PRESENT else _CAP, count))
    past = values["past"] > 0
    values["log_words"] = math.log1p(words)
    values["short"] = float(words < 6)
    values["long"] = float(words > 30)
    values["past_and_name"] = float(past and values["names"] > 0)
    values["figure_and_past"] = float(past and values["figures"] + values["scale"] > 0)
    values["first_person_future"] = float(values["first_person"] > 0 and values["future"] > 0)
    return list(values.values())


@remembered(_REMEMBERED)
def _on_lists(unit: str) -> tuple[tuple[str, int], ...]:
    """The lists that a word or phrase stands on, and how often."""
    found = ((name, len(pattern.findall(unit))) for name, pattern in _LISTS.items())
    return tuple((name, count) for name, count in found if count)
