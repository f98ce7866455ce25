"""Who a source is by its own words alone: for languages in which nobody has written how pronouns and
descriptions go back to a name.

A name counts as one by its given name, as a list of many countries has them. A surname goes to the one full
name of the article that ends in it. What is described stays described, inside its article, and a pronoun
stays unresolved: readers are told that nobody knows.
"""

from __future__ import annotations

import re
from functools import cache

from schemas.events import Actor, ActorKind, Resolution, Span
from services.extract.actors.making import HINT, Maker, Registry
from services.extract.actors.names import gender_of_given
from services.extract.lang import Language
from services.extract.types import Range

_WORD = re.compile(r"[^\W\d_][\w’'.-]*")
_ACRONYM = re.compile(r"[^\W\d_a-zäöüß]{2,}")
_MOST = 5  # words of a name

# By hand: no labels of another language tell; English ones are fitted (actors/trust.py).
_SURE = {Resolution.NAME: 0.97, Resolution.SURNAME: 0.99, Resolution.DESCRIPTION: 0.8}


class Speakers:
    """Names the sources of one article."""

    def __init__(
        self, text: str, *, article_id: str, language: Language, registry: Registry | None = None
    ) -> None:
        self._text = text
        self._language = language
        self._maker = Maker(article_id, registry)
        self._by_surname: dict[str, set[str]] = {}
        for name in _full_names(text, language):
            self._by_surname.setdefault(name.split()[-1], set()).add(name)

    def resolve(self, source: Range | None, *, inherited: Actor | None = None) -> Actor:
        """The actor behind a source phrase. ``inherited`` is the running speaker, for a statement without a
        source."""
        if source is None:
            return self._continued(inherited)
        mention = Span.of(self._text, *source)
        if mention.exact.lower() in self._language.words("pronouns"):
            return self._maker.unresolved(mention)
        words = _WORD.findall(mention.exact)
        full = _full_name(words, self._language)
        if full is not None:
            return self._maker.named(ActorKind.PERSON, full, mention, Resolution.NAME, _SURE[Resolution.NAME])
        return self._surname(words, mention) or self._described(words, mention)

    def together(self, actor: Actor) -> tuple[Actor, ...]:
        """Nobody: joint speakers are not read in other languages."""
        return ()

    def addressee(self, phrase: Range) -> Actor | None:
        """Whom a noun phrase that was spoken to names; None where it does not say."""
        actor = self.resolve(phrase)
        return None if actor.resolution is Resolution.UNRESOLVED else actor

    def _continued(self, inherited: Actor | None) -> Actor:
        if inherited is None:
            return self._maker.unresolved(None)
        how = (
            inherited.resolution if inherited.resolution is Resolution.UNRESOLVED else Resolution.CONTINUATION
        )
        return inherited.model_copy(update={"mention": None, "resolution": how})

    def _surname(self, words: list[str], mention: Span) -> Actor | None:
        """Whose surname ends the phrase, where the article names one person so."""
        bearers = self._by_surname.get(words[-1], set()) if words else set()
        if len(bearers) != 1:
            return None
        return self._maker.named(
            ActorKind.PERSON, next(iter(bearers)), mention, Resolution.SURNAME, _SURE[Resolution.SURNAME]
        )

    def _described(self, words: list[str], mention: Span) -> Actor:
        acronym = words[-1] if words and _ACRONYM.fullmatch(words[-1]) else None
        if acronym is not None:
            return self._maker.named(ActorKind.ORGANIZATION, acronym, mention, Resolution.NAME, HINT)
        return self._maker.unnamed(
            ActorKind.UNNAMED, mention.exact, mention, Resolution.DESCRIPTION, _SURE[Resolution.DESCRIPTION]
        )


@cache
def _run(language: Language) -> re.Pattern[str]:
    """Capitalised words in a row, with the small ones inside a name."""
    capital = rf"[{language.grammar.get('capitals', 'A-Z')}][\w’'-]*\.?"
    return re.compile(
        rf"(?<!\w){capital}(?:[^\S\n](?:{language.any_of('name_particles')}[^\S\n])?{capital})+"
    )


def _full_names(text: str, language: Language) -> set[str]:
    """The full names of a text."""
    found = (_full_name(_WORD.findall(match.group()), language) for match in _run(language).finditer(text))
    return {name for name in found if name is not None}


def _full_name(words: list[str], language: Language) -> str | None:
    """The first given name among some words with the name behind it; None where there is none."""
    particles = language.words("name_particles")
    for place, word in enumerate(words[:-1]):
        if not word[0].isupper() or gender_of_given(word) is None:
            continue
        name = [word]
        for following in words[place + 1 : place + _MOST]:
            if not following[0].isupper() and following not in particles:
                break
            name.append(following.rstrip("."))
        while name and name[-1] in particles:
            name.pop()
        if len(name) > 1:
            return " ".join(name)
    return None
