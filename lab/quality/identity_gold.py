"""Statements of many articles with who really said them, to be put together across the articles.

Three golds, each resolved by the extractor given the annotated sources: the labelled sources of PolNeAR dev
(:mod:`lab.quality.actors`), the labelled pages of 2023–2026 (:mod:`lab.quality.news_speech`) and GUM's news
(its entities and their Wikipedia titles). Who is one across articles: labels of one kind with one name,
initials and articles aside; whoever is named by one word only is nobody beyond his article. Only persons and
organisations of whom the label has a name.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from lab.quality.actors import GoldActor, given_gold, read_actors
from lab.quality.gum import NAME, GumArticle
from lab.quality.gum_actors import source_mention
from lab.quality.gum_gold import COMMITTED as GUM_TEXTS
from lab.quality.gum_gold import read_gum
from lab.quality.identity_record import Named, as_kept
from lab.quality.news_speech import PagesMissing, labelled_article
from lab.quality.news_speech_labels import COMMITTED, Carrier, read_pages
from lab.quality.polnear import GoldArticle, GoldAttribution, read_polnear
from schemas.ids import name_key
from services.extract.actors.names import without_initials
from services.extract.cli_json import read_article
from services.extract.extract import Extractor
from services.extract.tagger import Tagger

_KINDS = ("person", "organization")


@dataclass(frozen=True, slots=True)
class Statement:
    """Who said it by the labels (``name``, and ``gold`` as an id of all articles), as the record keeps it,
    and whether the extractor's name for it is the right one within its article."""

    article: str
    gold: str
    name: str
    kept: Named
    right: bool


def of_polnear(corpus: Path, actors: Path, tagger: Tagger, split: str = "dev") -> Iterator[Statement]:
    """The labelled sources of PolNeAR."""
    labels = defaultdict(list)
    for label in read_actors(actors):
        labels[label.document].append(label)
    for article in read_polnear(corpus, split):
        if article.name in labels:
            yield from _statements(article, labels[article.name], tagger)


def of_pages(folders: Sequence[Path], parts: Sequence[str], tagger: Tagger) -> Iterator[Statement]:
    """The labelled sources of pages of these parts, each in one of the folders.

    Raises:
        PagesMissing: a page is not there.
    """
    with Extractor(tagger) as extractor:
        for page in read_pages(COMMITTED):
            if page.part not in parts:
                continue
            path = next((folder / page.page for folder in folders if (folder / page.page).is_file()), None)
            if path is None:
                raise PagesMissing(f"no page {page.page}: --pages names the folders with the labelled pages")
            text = extractor.extract(read_article(path)).document.text
            placed, _ = Carrier(page, text).carry()
            article = labelled_article(page, text, placed)
            labels = [
                GoldActor(page.page, index, "", item.source[0].start, actor.name, actor.kind, actor.aliases)
                for index, item in enumerate(placed)
                if item.source and (actor := item.label.actor) is not None
            ]
            yield from _statements(article, labels, tagger)


def of_gum(tagger: Tagger) -> Iterator[Statement]:
    """The sources of GUM's attribution relations, by its entities: a Wikipedia title, or the fullest name in
    the article."""
    for article in read_gum(GUM_TEXTS):
        golds: list[GoldAttribution] = []
        labels: list[GoldActor] = []
        for relation in article.relations:
            mention = source_mention(article, relation) if relation.source else None
            name = None if mention is None else _name_of(article, mention.entity)
            if mention is None or name is None:
                continue
            golds.append(GoldAttribution(relation.source, relation.cue, (relation.clause,)))
            entity = article.entities[mention.entity]
            labels.append(
                GoldActor(article.name, len(labels), "", relation.source[0].start, name, entity.kind, ())
            )
        yield from _statements(
            GoldArticle(article.name, article.text, tuple(golds), 1, GUM_TEXTS), labels, tagger
        )


def _statements(article: GoldArticle, labels: list[GoldActor], tagger: Tagger) -> Iterator[Statement]:
    for label, right, actor in given_gold(article, labels, tagger):
        if actor is None or label.kind not in _KINDS:
            continue
        gold = f"{label.kind}:{name_key(without_initials(label.name).removeprefix('The '))}"
        alone = label.kind == "person" and " " not in label.name
        yield Statement(
            article.name,
            f"{article.name}/{gold}" if alone else gold,
            label.name,
            as_kept(actor, article.name, article.text),
            right,
        )


def _name_of(article: GumArticle, entity: int) -> str | None:
    title = article.entities[entity].wikipedia
    if title:
        return title.partition(" (")[0].replace("_", " ")
    heads = [
        mention.head for mention in article.mentions if mention.entity == entity and mention.form == NAME
    ]
    names = sorted((article.text[head.start : head.end] for head in heads), key=len)
    return names[-1] if names else None
