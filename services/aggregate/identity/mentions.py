"""The name inside a mention: aliases that are shown are names, and nothing else."""

from __future__ import annotations

import re

from schemas.ids import name_key
from services.aggregate.identity.words import lists

_WORD = re.compile(r"[^\W_]+(?:[-.'’&][^\W_]+)*\.?")
_PARTICLES = frozenset((
    "van", "von", "der", "den", "de", "la", "le", "du", "da", "dos", "das", "di", "del", "al", "el", "bin", "ibn", "of",
    "for",
))  # fmt: skip
_POSSESSIVE = re.compile(r"['’]s?$")
_MOST = 8  # words; longer is a phrase


def name_in(mention: str, name: str) -> str | None:
    """The words of a mention that name somebody called ``name``: the longest run of capitalised words,
    particles between, that has a word of the name in it, with the title before it; where no run has one, the
    only run there is, which is a short form.

    ``"its national reporter Stephanie McCrummen,"`` gives ``"Stephanie McCrummen"``; ``"who"`` and ``"the
    senator"`` give None.
    """
    runs = _runs(mention)
    known = set(name_key(name).split("-"))
    fitting = [run for run in runs if known & set(name_key(run).split("-"))]
    if fitting:
        found = max(fitting, key=len)
    elif len(runs) == 1:
        found = runs[0]
    else:
        return None
    words = lists()
    if all(
        word in words.titles or word in words.offices or word in words.people
        for word in name_key(found).split("-")
    ):
        return None
    return found if len(found.split()) <= _MOST else None


def _runs(mention: str) -> list[str]:
    """Runs of capitalised words, with particles between them, in text order."""
    found: list[tuple[int, int]] = []
    reached: int | None = None  # the end of a word that the next one goes on from
    for match in _WORD.finditer(mention):
        word = match.group()
        adjoining = reached is not None and mention[reached : match.start()] == " "
        capital = not (word[0].islower() or word[0].isdigit())
        if capital and adjoining:
            found[-1] = (found[-1][0], match.end())
        elif capital and word != "The":
            found.append((match.start(), match.end()))
        elif not (adjoining and word in _PARTICLES):
            reached = None
            continue
        reached = match.end()
        if _POSSESSIVE.search(word):
            reached = None
    return [_POSSESSIVE.sub("", mention[start:stop]) for start, stop in found]
