"""The campaign's judge sees every kind of mistake: one is made at a time in a run that was sound."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import pytest

from services.chassis.log.types import Record, TopicPartition
from services.chassis.stage.dead_letters import dead_letter
from services.extract.extract import Extractor
from services.extract.tagger import StandIn
from tests.faults.campaign.articles import Corpus, corpus, record_of
from tests.faults.campaign.auditor import Seen
from tests.faults.campaign.soak import slope_per_hour
from tests.faults.campaign.verdict import Verdict, judge

Rows = dict[str, list[tuple[object, ...]]]


@pytest.fixture(scope="module")
def articles() -> Corpus:
    return corpus(150, 3, StandIn())


def sound(articles: Corpus) -> Seen:
    seen = Seen()
    for event, made in articles.made.items():
        seen.inputs[event] += 1
        seen.outputs.update(made.ids)
    for offset, (key, value) in enumerate(articles.poison.items()):
        seen.poison[key] += 1
        seen.letters[key] += 1
        seen.letter_values[key] = value
        seen.origins[TopicPartition("onrecord.articles", 0), offset] += 1
    return seen


def rows(articles: Corpus) -> Rows:
    wanted = record_of(articles.made.values())
    return {
        "documents": [
            (article, document, revision, "") for article, (document, revision) in wanted.documents.items()
        ],
        "statements": [
            (one, actor, article, document) for one, (article, document, actor) in wanted.statements.items()
        ],
        "actors": [(one, "", *counts, 0) for one, counts in wanted.actors.items()],
    }


def test_the_articles_hold_what_a_campaign_is_about(articles: Corpus) -> None:
    made = list(articles.made.values())
    assert articles.poison
    assert any(one.article.status == "withdrawn" for one in made)
    assert any(one.article.revision > 2 for one in made)
    assert any("failed" in one.article.content for one in made)
    assert len(record_of(made).actors) > 20
    assert corpus(150, 3, StandIn()).messages == articles.messages, "the same seed gives the same articles"


def test_a_claim_inside_a_quote_counts_with_it() -> None:
    [first, *_] = corpus(1, 3, StandIn()).made.values()
    statements = {"q": ("a", "quote"), "of q": ("a", "claim"), "own": ("a", "claim")}
    one = replace(first, statements=statements, again=frozenset(["of q"]))
    assert record_of([one]).actors == {"a": (1, 1, 1)}


def test_no_sentence_of_the_articles_is_said_twice(articles: Corpus) -> None:
    last = {made.article.article_id: made.article for made in articles.made.values()}
    with Extractor(StandIn()) as extractor:
        found = [extractor.extract(article) for article in last.values()]
    told = [quote.text for one in found for quote in one.quotes]
    told += [claim.text for one in found for claim in one.claims if claim.quote_id is None]
    numbers = [re.search(r"report (\S+)", text) for text in told]
    assert len({number[1] for number in numbers if number}) == len(told) > 150


def test_a_sound_run_has_no_problems(articles: Corpus) -> None:
    verdict = judge(articles, sound(articles), rows(articles))
    assert verdict.problems() == []
    assert verdict.n == articles.outputs()


def lose(seen: Seen, _: Rows) -> None:
    del seen.outputs[next(iter(seen.outputs))]


def repeat(seen: Seen, _: Rows) -> None:
    seen.outputs[next(iter(seen.outputs))] += 1


def invent(seen: Seen, _: Rows) -> None:
    seen.outputs["onrecord.quotes", "quote-0"] += 1


def lose_letter(seen: Seen, _: Rows) -> None:
    del seen.letters[next(iter(seen.letters))]


def repeat_letter(seen: Seen, _: Rows) -> None:
    seen.origins[next(iter(seen.origins))] += 1


def change_letter(seen: Seen, _: Rows) -> None:
    seen.letter_values[next(iter(seen.letter_values))] = b"something else"


def lose_row(_: Seen, record: Rows) -> None:
    record["statements"].pop()


def keep_old_revision(_: Seen, record: Rows) -> None:
    article, _document, revision, _sha = record["documents"][0]
    record["documents"][0] = (article, "an older one", revision, "")


def miscount(_: Seen, record: Rows) -> None:
    actor, name, quotes, claims, count, outlets = record["actors"][0]
    record["actors"][0] = (actor, name, int(str(quotes)) + 1, claims, count, outlets)


def go_back(seen: Seen, _: Rows) -> None:
    for offset in (7, 3):
        seen.take(
            Record(
                "onrecord.quotes",
                0,
                offset,
                0,
                b"k",
                b"{}",
                (("ce_id", next(iter(seen.outputs))[1].encode()),),
            )
        )


@pytest.mark.parametrize(
    ("mistake", "where"),
    [
        (lose, "lost"), (repeat, "twice"), (invent, "phantom"), (lose_letter, "letters"), (repeat_letter, "letters"),
        (change_letter, "letters"), (lose_row, "record"), (keep_old_revision, "record"), (miscount, "record"), (go_back, "other"),
    ],
)  # fmt: skip
def test_each_mistake_is_seen(articles: Corpus, mistake: Callable[[Seen, Rows], None], where: str) -> None:
    seen, record = sound(articles), rows(articles)
    mistake(seen, record)
    verdict: Verdict = judge(articles, seen, record)
    assert getattr(verdict, where)
    assert len(verdict.problems()) >= 1


def test_dead_letters_are_told_apart_by_where_they_came_from() -> None:
    seen = Seen()
    source = Record("onrecord.articles", 2, 9, 0, b"poison", b"\xff")
    for offset in range(2):
        letter = dead_letter(source, ValueError("no"), group="g")
        seen.take(Record("onrecord.articles.dlq", 0, offset, 0, letter.key, letter.value, letter.headers))
    assert seen.origins == {(source.tp, 9): 2}
    assert seen.letter_values == {b"poison": b"\xff"}


def test_a_slope_is_per_hour_and_without_the_beginning() -> None:
    assert slope_per_hour(
        [(0.0, 500.0), *((float(at), 100.0 + at / 360) for at in range(1, 20))]
    ) == pytest.approx(10.0)
