"""Actors against GUM's entities: does a source lead to the right entity, and does it carry its name?

Definition. A relation takes part when one GUM mention covers its source (token characters: Jaccard ≥ .5, the
mention's head inside the source) and, for a pronoun, the entity has a mention that is no pronoun. *Matched*
figures count relations whose clause we found with a source that shares a character with GUM's. *End to end*
counts all of them, and asks only whether some attribution that holds the clause carries the right actor: of
“I think so” inside a quote we publish the quote, with its speaker, and no second one with the source *I*.

- A **pronoun** or **description** is right when the actor's name is one of the entity's names (a surname
  alone passes), its Wikipedia title, or a contiguous part of one of its described mentions that holds the
  head.
- A **name** is right when the actor carries the canonical one: for a person the fullest name of the article,
  what stands before it aside, or the Wikipedia title (first and last word decide; a single word passes only
  where the article has no more); for others any of its names.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lab.quality.gum import DESCRIPTION, NAME, PRONOUN, GumArticle, GumRelation, Mention, holding, touch
from lab.quality.names import name_words, part_of, same_person, without_titles
from lab.quality.whole import Whole
from schemas.events import Actor
from services.extract.types import Range

FORMS = (PRONOUN, NAME, DESCRIPTION)
_HALF = 0.5


@dataclass(frozen=True, slots=True)
class Verdict:
    """One relation: how its source is written, the actor where it was found with that source, whether that
    actor is right, and whether any attribution that holds the clause has the right actor."""

    article: str
    source: str
    form: str
    entity: str
    actor: Actor | None
    right: bool
    right_anyhow: bool

    @property
    def matched(self) -> bool:
        return self.actor is not None


def source_mention(article: GumArticle, relation: GumRelation) -> Mention | None:
    """The mention that covers the relation's source; None when none does well enough."""
    source = _characters(article.text, relation.source)
    best: tuple[float, int, Mention] | None = None
    for mention in article.mentions:
        if touch(mention.head, relation.source):
            inside = _characters(article.text, (mention.span,))
            score = len(source & inside) / len(source | inside)
            if score >= _HALF and (best is None or (score, len(inside)) > best[:2]):
                best = (score, len(inside), mention)
    return None if best is None else best[2]


def judged(article: GumArticle, found: Whole) -> Iterator[Verdict]:
    """A verdict for every relation that takes part, in the order of the relations."""
    for relation in article.relations:
        mention = source_mention(article, relation) if relation.source else None
        if mention is None or (
            mention.form == PRONOUN and all(m.form == PRONOUN for m in _cluster(article, mention.entity))
        ):
            continue
        held = holding(found.attributions, relation.clause)
        fitting = [n for n in held if touch(found.attributions[n].source, relation.source)]
        actor = found.actors[fitting[0]] if fitting else None
        right = actor is not None and is_right(article, mention, actor.name)
        words = article.text[mention.span.start : mention.span.end]
        anyhow = any(is_right(article, mention, found.actors[n].name) for n in held)
        yield Verdict(
            article.name, words, mention.form, _shown(article, mention.entity), actor, right, anyhow
        )


def is_right(article: GumArticle, mention: Mention, name: str) -> bool:
    """Whether a resolved name is right for a source written like ``mention``; see the module's definition."""
    found = name_words(name)
    entity = article.entities[mention.entity]
    cluster = _cluster(article, mention.entity)
    forms = [without_titles(name_words(_words(article, m.head))) for m in cluster if m.form == NAME]
    title = name_words(entity.wikipedia.partition(" (")[0]) if entity.wikipedia else None
    if found == title:
        return True
    if mention.form == NAME and entity.kind == "person":
        full = [form for form in forms if len(form) > 1]
        if found in (full or forms) or (
            len(found) > 1 and any(form[-len(found) :] == found for form in full)
        ):
            return True
        return any(same_person(found, form) for form in (*full, *([title] if title else ())))
    whole = [name_words(_words(article, m.span)) for m in cluster if m.form == NAME]
    if found in forms or found in whole or any(same_person(found, form) for form in forms):
        return True
    if entity.kind == "person" and any(found == form[-1:] for form in forms):
        return True
    described = (
        (name_words(_words(article, m.span)), name_words(_words(article, m.head))[-1])
        for m in cluster
        if m.form == DESCRIPTION
    )
    return mention.form != NAME and any(head in found and part_of(found, words) for words, head in described)


def actor_counts(verdicts: Sequence[Verdict]) -> dict[str, tuple[int, int]]:
    """``(right, of how many)`` by form, matched and end to end; forms that do not occur are left out."""
    counts: dict[str, tuple[int, int]] = {}
    for form in FORMS:
        of_form = [verdict for verdict in verdicts if verdict.form == form]
        what = f"{form} source → {'canonical name' if form == NAME else 'entity'}"
        matched = [verdict for verdict in of_form if verdict.matched]
        if matched:
            counts[f"{what}, matched"] = (sum(verdict.right for verdict in matched), len(matched))
        if of_form:
            counts[f"{what}, end to end"] = (sum(verdict.right_anyhow for verdict in of_form), len(of_form))
    return counts


def _cluster(article: GumArticle, entity: int) -> list[Mention]:
    return [mention for mention in article.mentions if mention.entity == entity]


def _shown(article: GumArticle, entity: int) -> str:
    """The entity for a reader: its Wikipedia title, or its longest name, or its first mention."""
    if article.entities[entity].wikipedia:
        return str(article.entities[entity].wikipedia)
    cluster = _cluster(article, entity)
    names = sorted((_words(article, m.head) for m in cluster if m.form == NAME), key=len)
    return names[-1] if names else _words(article, cluster[0].span)


def _words(article: GumArticle, span: Range) -> str:
    return article.text[span.start : span.end]


def _characters(text: str, ranges: Sequence[Range]) -> frozenset[int]:
    return frozenset(
        index for start, end in ranges for index in range(start, end) if not text[index].isspace()
    )
