"""What a cue says about the words it reports: head lemma, stance, negation."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files

from schemas.events import Cue, Span, Stance
from services.extract.types import Range

_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*|\S+")
_SILENT_E = re.compile(r"(?:(?:[^aeiou]|[iu]|cre)at|i[sz]|ys|[^aeiou]ar|[cuv]|[dlr]g|[bcdfgkpt]l)$")
"""Stems that are spelled with an e that ``-ed`` and ``-ing`` take away: nominate, organize, analyse, compare, voice, urge, handle."""


@dataclass(frozen=True, slots=True)
class _Lexicon:
    stances: dict[str, Stance]
    irregular: dict[str, str]
    skip: frozenset[str]
    negators: frozenset[str]
    declining: frozenset[str]


@cache
def _lexicon() -> _Lexicon:
    data = json.loads(files(__package__).joinpath("cues.json").read_text(encoding="utf-8"))
    return _Lexicon(
        stances={lemma: Stance(stance) for lemma, stance in data["stances"].items()},
        irregular=data["irregular"],
        skip=frozenset(data["skip"]),
        negators=frozenset(data["negators"]),
        declining=frozenset(data["declining"]),
    )


def cue_at(text: str, span: Range) -> Cue:
    """The cue at a span, with the lemma of its head word and its stance."""
    head = _head(text[span.start : span.end])
    return Cue(span=Span.of(text, *span), lemma=head, stance=_lexicon().stances.get(head, Stance.OTHER))


@lru_cache(maxsize=8192)
def is_negated(cue: str) -> bool:
    """Whether the reporting itself is negated or withheld: ``did not say``, ``declined to comment``. ``denied`` is a stance."""
    lexicon = _lexicon()
    words = [word.lower().replace("’", "'") for word in _WORD.findall(cue)]
    if any(word in lexicon.negators or word.endswith("n't") for word in words):
        return True
    return len(words) > 1 and lemma(words[0]) in lexicon.declining and "to" in words[1:]


@lru_cache(maxsize=8192)
def _head(cue: str) -> str:
    """The lemma of the last word that reports; failing that of the last word that is no auxiliary; failing that the cue itself."""
    lexicon = _lexicon()
    words = [word.lower().replace("’", "'") for word in _WORD.findall(cue)]
    lemmas = [lemma(word) for word in words]
    for word, base in zip(reversed(words), reversed(lemmas), strict=True):
        if base in lexicon.stances and word not in lexicon.skip:
            return base
    for word, base in zip(reversed(words), reversed(lemmas), strict=True):
        if word not in lexicon.skip and word[0].isalpha():
            return base
    return words[-1] if words else cue.strip().lower() or cue


@lru_cache(maxsize=8192)
def lemma(word: str) -> str:
    """The lemma of a lower-case cue word, by the lexicon first and English spelling rules second."""
    lexicon = _lexicon()
    if word in lexicon.irregular:
        return lexicon.irregular[word]
    if word in lexicon.stances:
        return word
    candidates = list(_stems(word))
    for candidate in candidates:
        if candidate in lexicon.stances:
            return candidate
    return candidates[0] if candidates else word


def _stems(word: str) -> list[str]:
    """Possible base forms, likeliest first."""
    stems: list[str] = []
    for ending in ("ing", "ed"):
        stem = word.removesuffix(ending)
        if stem != word and len(stem) > 1:
            doubled = len(stem) > 2 and stem[-1] == stem[-2] and stem[-1] not in "aeiousl"
            if doubled:
                stems += [stem[:-1], stem, stem + "e"]
            else:
                stems += [stem + "e", stem] if _SILENT_E.search(stem) else [stem, stem + "e"]
            if ending == "ed" and stem.endswith("i"):
                stems.insert(0, stem[:-1] + "y")
    if word.endswith("ies") and len(word) > 4:
        stems.append(word[:-3] + "y")
    elif word.endswith("zes"):
        stems.append(word[:-1])
    elif word.endswith(("ches", "shes", "sses", "xes")):
        stems += [word[:-2], word[:-1]]
    elif len(word) > 1 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        stems.append(word[:-1])
    return stems
