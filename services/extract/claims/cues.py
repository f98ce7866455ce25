"""What a cue says about the words it reports: head lemma and stance."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from schemas.events import Cue, Span, Stance
from services.extract.claims.polarity import words_of
from services.extract.remembered import remembered
from services.extract.types import Range

_SILENT_E = re.compile(
    r"(?:(?:[^aeiou]|[iu]|cre)at|i[sz]|ys|[^aeiou]ar|[cuv]|[dlr]g|[bcdfgkpt]l|vid|[cl]lud|nfus|slik|(?<![aeiou])[bfn]am)$"
)
"""Stems that are spelled with an e that ``-ed`` and ``-ing`` take away: nominate, organize, analyse, compare,
voice, urge, handle."""


@dataclass(frozen=True, slots=True)
class _Lexicon:
    stances: dict[str, Stance]
    phrases: dict[str, Stance]
    irregular: dict[str, str]
    skip: frozenset[str]
    ends: frozenset[str]
    particles: frozenset[str]


@cache
def _lexicon() -> _Lexicon:
    data = json.loads(files(__package__).joinpath("cues.json").read_text(encoding="utf-8"))
    return _Lexicon(
        stances={lemma: Stance(stance) for lemma, stance in data["stances"].items()},
        phrases={phrase: Stance(stance) for phrase, stance in data["phrases"].items()},
        irregular=data["irregular"],
        skip=frozenset(data["skip"]),
        ends=frozenset(data["ends"]),
        particles=frozenset(data["particles"]),
    )


def cue_at(text: str, span: Range) -> Cue:
    """The cue at a span, with the lemma of its head word and its stance."""
    head, stance = _head(text[span.start : span.end])
    return Cue(span=Span.of(text, *span), lemma=head, stance=stance)


def reports(word: str) -> bool:
    """Whether a lower-case word is a form of one that reports."""
    lexicon = _lexicon()
    return word not in lexicon.skip and lemma(word) in lexicon.stances


@remembered(8192)
def _head(cue: str) -> tuple[str, Stance]:
    """The lemma of the last word that reports, and its stance; failing that of the last word that is no
    auxiliary; failing that the cue.

    What follows a preposition behind a reporting word, such as ``in a statement``, is where it was said,
    unless it reports itself: ``in favor of``. Of a compound the last part counts.
    """
    lexicon = _lexicon()
    words = words_of(cue)
    lemmas = [
        word if "-" in word and word in lexicon.stances else lemma(word.rpartition("-")[2]) for word in words
    ]
    found, last = -1, -1
    for place, (word, base) in enumerate(zip(words, lemmas, strict=True)):
        if (
            word in lexicon.ends
            and found >= 0
            and not (place + 1 < len(words) and lemmas[place + 1] in lexicon.stances)
        ):
            break
        behind_a_verb = place > 0 and words[place - 1] not in lexicon.skip
        if word in lexicon.skip or not word[0].isalpha() or (word in lexicon.particles and behind_a_verb):
            continue
        last = place
        if base in lexicon.stances:
            found = place
    if last < 0:
        return words[-1] if words else cue.strip().lower() or cue, Stance.OTHER
    found = found if found >= 0 else last
    head, following = lemmas[found], words[found + 1] if found + 1 < len(words) else ""
    return head, lexicon.phrases.get(f"{head} {following}") or lexicon.stances.get(head, Stance.OTHER)


@remembered(8192)
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
