"""How long lists and searches take: ``python -m tests.benchmarks.search [--statements 200000] [--store
URL]``.

Makes a record of invented statements (words as frequent as Zipf has them, in the order of time, some
undated), in a SQLite file of its own unless an empty PostgreSQL database is named, and prints per question
the median and the 95th percentile of the time an answer takes from the application, without a network; and
the same of processor time, which with SQLite is all there is, and tells more on a busy machine.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Callable, Iterator
from itertools import accumulate
from pathlib import Path
from statistics import quantiles
from tempfile import TemporaryDirectory
from typing import Any

from fastapi.testclient import TestClient

from schemas import relational
from schemas.relational import UNDATED, microseconds
from schemas.words import forms
from services.aggregate.store import Store
from services.aggregate.store.bulk import upsert
from services.aggregate.store.engine import transaction
from tests.support.reading import at, reader

BATCH = 2_000
PER_ARTICLE = 10
OUTLETS = 120
SYLLABLES = [consonant + vowel for consonant in "bdfgklmnprstvz" for vowel in "aeiou"]
ENDINGS = ["", "s", "ed", "ing"]
DAY_US = 86_400_000_000


class World:
    """What the statements are made of, from one seed."""

    def __init__(self, statements: int) -> None:
        self.draw = random.Random(11)
        self.words = list(
            dict.fromkeys(
                "".join(self.draw.choices(SYLLABLES, k=self.draw.randint(2, 4))) for _ in range(60_000)
            )
        )
        self.weights = list(accumulate(1 / (rank + 5) for rank in range(len(self.words))))
        self.names = [f"{self._name()} {self._name()}" for _ in range(max(1_000, statements // 25))]
        self.name_weights = list(accumulate(1 / (rank + 20) for rank in range(len(self.names))))
        self.outlets = [f"{self._name()} Times" for _ in range(OUTLETS)]

    def _name(self) -> str:
        return "".join(self.draw.choices(SYLLABLES, k=3)).capitalize()

    def text(self) -> str:
        """Some twenty words."""
        stems = self.draw.choices(self.words, cum_weights=self.weights, k=self.draw.randint(8, 36))
        return " ".join(stem + self.draw.choice(ENDINGS) for stem in stems)

    def word(self, first: int, last: int) -> str:
        """A word of some rank of frequency."""
        return self.words[self.draw.randint(first, last)]


def main() -> None:
    """Make the record, ask, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--statements", type=int, default=200_000)
    parser.add_argument("--store", help="an empty PostgreSQL database: postgresql+pg8000://…")
    parser.add_argument("--rounds", type=int, default=40, help="answers per question")
    given = parser.parse_args()
    with TemporaryDirectory() as folder:
        address = given.store or f"sqlite:///{Path(folder) / 'record.db'}"
        world = World(given.statements)
        began = time.monotonic()
        _fill(address, world, given.statements)
        print(f"{given.statements:,} statements made in {time.monotonic() - began:.0f} s")
        with reader(address) as client:
            _measure(client, world, given.rounds)


def _measure(client: TestClient, world: World, rounds: int) -> None:
    client.get("/v1/actors")
    for name, question in _questions(world).items():
        took: list[list[float]] = [[], []]
        for _ in range(rounds):
            path, query = question()
            began = time.perf_counter(), time.process_time()
            answer = client.get(path, params=query)
            for times, now, then in zip(took, (time.perf_counter(), time.process_time()), began, strict=True):
                times.append((now - then) * 1000)
            assert answer.status_code == 200, answer.text
        wall, processor = (quantiles(times, n=20) for times in took)
        figures = (
            f"median {wall[9]:7.1f}   p95 {wall[18]:7.1f}   processor: {processor[9]:7.1f}"
            f" {processor[18]:7.1f} ms"
        )
        print(f"{name:42} {figures}", flush=True)


def _questions(world: World) -> dict[str, Callable[[], tuple[str, dict[str, Any]]]]:
    def search(words: Callable[[], str], **query: Any) -> Callable[[], tuple[str, dict[str, Any]]]:
        return lambda: ("/v1/search", {"q": words(), **query})

    def rare() -> str:
        return world.word(5_000, 30_000)

    def usual() -> str:
        return world.word(50, 2_000)

    def actor() -> str:
        name = world.draw.choices(world.names, cum_weights=world.name_weights)[0]
        return f"person:{name.lower().replace(' ', '-')}"

    def actors(**query: Any) -> Callable[[], tuple[str, dict[str, Any]]]:
        return lambda: ("/v1/actors", query)

    return {
        "search: a rare word": search(rare),
        "search: a usual word": search(usual),
        "search: a frequent word (rank 5 to 50)": search(lambda: world.word(5, 50)),
        "search: the most frequent words": search(lambda: world.word(0, 4)),
        "search: two words": search(lambda: f"{usual()} {usual()}"),
        "search: best first": search(usual, sort="relevance"),
        "search: either, and not": search(lambda: f"({usual()} OR {usual()}) -{rare()}"),
        "search: a phrase": search(lambda: f'"{world.word(0, 50)} {world.word(0, 50)}"'),
        "search: beginnings": search(lambda: f"{usual()[:4]}*"),
        "search: one actor's": lambda: ("/v1/search", {"q": world.word(5, 50), "actor": actor()}),
        "search: an outlet's": lambda: (
            "/v1/search",
            {"q": usual(), "outlet": world.draw.choice(world.outlets).upper()},
        ),
        "search: a misspelt word": search(lambda: usual().replace("a", "aa", 1) + "x"),
        "actors": actors(),
        "actors: by name, sorted": actors(sort="name", limit=100),
        "actors: whose name begins": lambda: ("/v1/actors", {"q": world.draw.choice(world.names)[:3]}),
        "actors: of a month": actors(**{"from": "2025-03-01", "to": "2025-03-31"}),
        "actors: of an outlet": lambda: ("/v1/actors", {"outlet": world.draw.choice(world.outlets)}),
        "an actor's statements": lambda: (f"/v1/actors/{actor()}/statements", {}),
        "an actor's statements: quotes": lambda: (
            f"/v1/actors/{actor()}/statements",
            {"kind": "quote", "sort": "oldest"},
        ),
        "articles": lambda: ("/v1/articles", {}),
        "articles: of an outlet": lambda: ("/v1/articles", {"outlet": world.draw.choice(world.outlets)}),
    }


def _fill(address: str, world: World, statements: int) -> None:
    store = Store(address, "bench")
    store.migrate()
    tallied: dict[str, list[int]] = {}
    known: set[tuple[str, str, str]] = set()
    for start in range(0, statements, BATCH):
        rows = list(_rows(world, start, min(BATCH, statements - start), statements))
        fresh: set[tuple[str, str, str]] = set()
        for row in rows:
            tallied.setdefault(row["actor_id"], [0, 0, row["sort_at"], row["sort_at"]])[
                row["kind"] == "claim"
            ] += 1
            tallied[row["actor_id"]][3] = row["sort_at"]
            fresh |= forms("en", row["words"].split())
        with transaction(store.engine) as connection:
            upsert(connection, relational.documents, [_document(row) for row in rows[::PER_ARTICLE]])
            upsert(connection, relational.statements, rows)
            columns = ("language", "stem", "word")
            upsert(
                connection,
                relational.vocabulary,
                [dict(zip(columns, form, strict=True)) for form in sorted(fresh - known)],
            )
        known |= fresh
    with transaction(store.engine) as connection:
        upsert(
            connection,
            relational.actors,
            [_actor(actor, *counts) for actor, counts in sorted(tallied.items())],
        )
        names = [
            {"word": word, "actor_id": actor}
            for actor in sorted(tallied)
            for word in sorted(set(actor[7:].split("-")))
        ]
        upsert(connection, relational.actor_words, names)
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("ANALYZE")
    store.close()


def _rows(world: World, start: int, count: int, statements: int) -> Iterator[dict[str, Any]]:
    first, last = microseconds(at(2024, 1, 1)), microseconds(at(2026, 11, 1))
    names = world.draw.choices(world.names, cum_weights=world.name_weights, k=count)
    for number, name in enumerate(names, start):
        article, text = number // PER_ARTICLE, world.text()
        kind = "claim" if number % 3 else "quote"
        moment = None if article % 50 == 0 else first + (last - first) * number // statements
        actor_id = f"person:{name.lower().replace(' ', '-')}"
        span = {"start": 0, "end": len(text), "exact": text}
        actor = {"actor_id": actor_id, "name": name, "kind": "person", "mention": None, "resolution": "name", "wikidata": None,
                 "confidence": 0.9}  # fmt: skip
        row: dict[str, Any] = dict.fromkeys(column.name for column in relational.statements.columns)
        statement_id = f"{kind}-{number:032x}"
        yield row | {
            "statement_id": statement_id, "appearance_of": statement_id, "standing": relational.Standing.FIRST, "shred": False,
            "kind": kind, "subkind": "direct" if kind == "quote" else "indirect",
            "on_record": True, "article_id": f"art-{article:032x}", "document_id": f"doc-{article:032x}", "revision": 1,
            "actor_id": actor_id, "identity_id": actor_id, "actor_name": name, "actor_kind": "person", "actor": actor, "text": text,
            "folded": text, "words": text, "spans": [span], "stance": "assert" if number % 7 else "deny", "confidence": 0.9,
            "outlet": world.outlets[article * 7919 % OUTLETS], "language": "en", "published_at": moment,
            "sort_at": microseconds(UNDATED) if moment is None else moment, "text_sha256": "0" * 64, "content_key": "0", "denied": False,
        }  # fmt: skip


def _document(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "article_id": row["article_id"], "document_id": row["document_id"], "revision": 1, "withdrawn": False, "outcome": "extracted",
        "url": None, "outlet": row["outlet"], "title": row["text"][:60], "authors": [], "language": "en",
        "published_at": row["published_at"], "fetched_at": 0, "origin": "bench", "text": row["text"] * 20, "text_sha256": "0" * 64,
        "extractor_name": "onrecord", "extractor_version": "1.0.0", "model_sha256": "0" * 64, "quote_ids": [], "claim_ids": [],
        "content_key": "0",
    }  # fmt: skip


def _actor(actor_id: str, quotes: int, claims: int, first: int, last: int) -> dict[str, Any]:
    name = actor_id[7:].replace("-", " ").title()
    return {
        "actor_id": actor_id, "name": name, "folded": name.lower(), "kind": "person", "wikidata": None, "aliases": [], "quotes": quotes,
        "claims": claims, "denied": 0, "statements": quotes + claims, "articles": quotes + claims, "outlets": 1, "first_seen": first,
        "last_seen": last, "sort_at": last, "article_id": None,
    }  # fmt: skip


if __name__ == "__main__":
    main()
