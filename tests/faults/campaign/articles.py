"""What the campaign puts on the log, and what must come of it.

Every article is numbered. Some are revised, some withdrawn; some records are poison, some articles fail a few
times before they can be read (:mod:`tests.faults.campaign.launch` plays that). What must come of them is
computed here, by the pure extraction, before anything runs.

What was said once counts once. No sentence of the campaign is another's: each holds the number of its report,
and what differs in a number is never one statement. So the only statements that are told twice are claims
made of a sentence of a quote, and these name the quote.
"""

from __future__ import annotations

import datetime as dt
import random
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from schemas.events import Article, ArticleStatus, Claim, Document, Event, Quote
from services.chassis import cloudevents
from services.chassis.log.types import Message
from services.extract.extract import AttributionTagger, Extractor, events

POISON, TRANSIENT, REVISED, WITHDRAWN = 0.01, 0.02, 0.10, 0.04
"""Shares of the articles."""
SOURCE = "/campaign"
FETCHED = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
FAILS = "The wire failed {times} times before this report {name} came through."
"""The sentence of an article that cannot be read at once."""

_FIRST = ("Maria", "John", "Aisha", "Pavel", "Ingrid", "Tomas", "Leila", "Oscar")
_LAST = ("Keller", "Adeyemi", "Novak", "Lindqvist", "Haddad", "Moreau", "Tanaka", "Okafor")
_OUTLETS = ("gazette.example", "courier.example", "herald.example")


@dataclass(frozen=True)
class Made:
    """What one article revision must become: the ids of its events by topic, and its rows on record."""

    article: Article
    ids: tuple[tuple[str, str], ...]
    document: str
    statements: Mapping[str, tuple[str, str]]
    """Statement id → actor id and ``quote`` or ``claim``."""
    again: frozenset[str] = frozenset()
    """Statements that count with the quote they stand in."""


@dataclass
class Corpus:
    """Messages in the order they are to be appended, and what must come of each."""

    messages: list[Message] = field(default_factory=list)
    made: dict[str, Made] = field(default_factory=dict)
    """By the article event's id."""
    poison: dict[bytes, bytes | None] = field(default_factory=dict)
    """Key → value of the records that nobody can read."""

    def outputs(self) -> int:
        """How many records extract must publish."""
        return sum(len(made.ids) for made in self.made.values()) + len(self.poison)


@dataclass(frozen=True)
class Record:
    """What must be on record, by id."""

    documents: Mapping[str, tuple[str, int]]
    statements: Mapping[str, tuple[str, str, str]]
    actors: Mapping[str, tuple[int, int, int]]


def corpus(
    articles: int, seed: int, tagger: AttributionTagger, clean: bool = False, first: int = 0
) -> Corpus:
    """``articles`` articles numbered from ``first`` and what belongs to them. ``clean``: neither poison nor
    failures."""
    draw = random.Random(seed)
    found = Corpus()
    revisions: Counter[int] = Counter()
    with Extractor(tagger) as extractor:
        for number in range(first, first + articles):
            fails = not clean and draw.random() < TRANSIENT
            _add(found, extractor, _article(number, 1, draw, fails=fails))
            revisions[number] = 1
            for share, withdraw in ((REVISED, False), (WITHDRAWN, True)):
                if draw.random() < share:
                    earlier = draw.randrange(first, number + 1)
                    revisions[earlier] += 1
                    _add(found, extractor, _article(earlier, revisions[earlier], draw, withdraw=withdraw))
            # at even distances, so that a short campaign has some
            if not clean and number % round(1 / POISON) == round(0.5 / POISON):
                _spoil(found, number, draw)
    return found


def record_of(made: Iterable[Made]) -> Record:
    """What is on record once all of these were read: of each article what its last revision says."""
    last: dict[str, Made] = {}
    for one in made:
        known = last.get(one.article.article_id)
        if known is None or one.article.revision > known.article.revision:
            last[one.article.article_id] = one
    statements = {
        statement: (one.article.article_id, one.document, actor)
        for one in last.values()
        for statement, (actor, _) in one.statements.items()
    }
    quotes, claims, articles = Counter[str](), Counter[str](), Counter[str]()
    for one in last.values():
        said = [one.statements[statement] for statement in one.statements.keys() - one.again]
        quotes.update(actor for actor, kind in said if kind == "quote")
        claims.update(actor for actor, kind in said if kind == "claim")
        articles.update({actor for actor, _ in one.statements.values()})
    return Record(
        {article: (one.document, one.article.revision) for article, one in last.items()},
        statements,
        {actor: (quotes[actor], claims[actor], count) for actor, count in articles.items()},
    )


def _add(found: Corpus, extractor: Extractor, article: Article) -> None:
    extraction = extractor.extract(article)
    made: list[Event] = list(events(extraction))
    statements = {
        **{quote.quote_id: (quote.speaker.actor_id, "quote") for quote in extraction.quotes},
        **{claim.claim_id: (claim.claimant.actor_id, "claim") for claim in extraction.claims},
    }
    ids = tuple((event.topic, event.event_id) for event in made)
    again = frozenset(claim.claim_id for claim in extraction.claims if claim.quote_id is not None)
    found.made[article.event_id] = Made(article, ids, extraction.document.document_id, statements, again)
    found.messages.append(cloudevents.encode(article, source=SOURCE))


def _article(
    number: int, revision: int, draw: random.Random, *, fails: bool = False, withdraw: bool = False
) -> Article:
    name = f"{number:06d}-{revision}"
    speeches = [_speech(f"{name}-{sentence}", draw) for sentence in range(draw.randrange(1, 4))]
    paragraphs = [f"Report {name}", *speeches]
    if fails:
        paragraphs.append(FAILS.format(times=draw.randrange(1, 3), name=name))
    return Article(
        article_id=f"campaign-{number:06d}",
        revision=revision,
        status=ArticleStatus.WITHDRAWN if withdraw else ArticleStatus.USABLE,
        outlet=draw.choice(_OUTLETS),
        title=f"Report {name}",
        language="en",
        published_at=FETCHED + dt.timedelta(hours=number % 2000),
        fetched_at=FETCHED,
        content_type="text/plain",
        content="" if withdraw else "\n\n".join(paragraphs) + "\n",
        origin="campaign",
    )


def _speech(name: str, draw: random.Random) -> str:
    who = f"{draw.choice(_FIRST)} {draw.choice(_LAST)}"
    if draw.random() < 0.5:
        return f"“The bridge of report {name} will reopen in May,” said {who}. The council met on Tuesday."
    return (
        f"{who} said that the price of report {name} had risen by {draw.randrange(2, 90)} percent since"
        " March."
    )


def _spoil(found: Corpus, number: int, draw: random.Random) -> None:
    key = f"poison-{number:06d}".encode()
    values = (
        b"\xff\xfe not text " + key,
        b'{"article_id": ' + key,
        b'{"article_id": "' + key + b'", "revision": 0}',
        None,
    )
    value = draw.choice(values)
    found.poison[key] = value
    found.messages.append(Message(Article.topic, key, value))


TOPICS = (Document.topic, Quote.topic, Claim.topic)
"""Where extract publishes."""
