"""One statement, many appearances: what readers see of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from lxml import html

from schemas.events import Document, Quote
from services.query.difference import parts
from tests.support.appearances import TUNNEL, UNIVERSE, told
from tests.support.reading import fill, reader
from tests.support.statements import Event
from tests.support.stories import Said, story

AGAIN = told("art-20", TUNNEL.replace("will open", "is going to open"), on=40)
CHANGED = [
    *told("art-21", "It costs nothing at all"),
    *story(
        "art-21",
        "“It costs a fortune,” Ida Holm said.",
        [Said("Ida Holm", "It costs a fortune,")],
        revision=2,
    ),
]
HOLM = "/v1/actors/person:ida-holm"


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def api(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[TestClient]:
    sqlite = request.param == "sqlite"
    address = (
        f"sqlite:///{tmp_path / 'record.db'}" if sqlite else str(request.getfixturevalue("postgres_url"))
    )
    fill(address, [*(event for events in UNIVERSE for event in events), *AGAIN, *CHANGED])
    with reader(address) as client:
        yield client


def get(api: TestClient, path: str, **query: str) -> Any:
    answer = api.get(path, params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def listed(api: TestClient, **query: str) -> dict[str, tuple[int, int]]:
    """Article of the first appearance → articles and outlets of a list of statements."""
    items = get(api, f"{HOLM}/statements", **query)["items"]
    return {item["article"]["article_id"]: (item["articles"], item["outlets"]) for item in items}


def test_a_list_has_each_statement_once(api: TestClient) -> None:
    once = listed(api)
    assert once["art-3"] == (5, 4)
    assert once["art-7"] == (2, 2)
    assert not once.keys() & {"art-1", "art-15", "art-10", "art-16", "art-8"}
    assert listed(api, appearances="all").keys() >= {"art-1", "art-15", "art-10", "art-16", "art-8"}
    assert listed(api, outlet="Tribune") == {"art-10": (5, 4)}, "of an outlet the first there"
    assert "art-16" in listed(api, q="safe"), "words are looked for in all appearances"


def test_counters_are_the_lists(api: TestClient) -> None:
    for query in ({}, {"appearances": "all"}):
        record = get(api, HOLM, **query)
        totals = {
            kind: get(api, f"{HOLM}/statements", kind=kind, **query)["total"] for kind in ("quote", "claim")
        }
        assert (record["counts"]["quotes"], record["counts"]["claims"]) == (totals["quote"], totals["claim"])
        assert sum(day["quotes"] + day["claims"] for day in record["days"]) == sum(totals.values())
        (listing,) = [
            actor
            for actor in get(api, "/v1/actors", **query)["items"]
            if actor["actor_id"] == "person:ida-holm"
        ]
        assert listing["counts"] == record["counts"]
        narrowed = {**query, "min_statements": str(listing["counts"]["quotes"])}
        taken = [json.loads(line) for line in api.get("/v1/actors.jsonl", params=narrowed).text.splitlines()]
        assert [row["actor_id"] for row in taken] == [
            item["actor_id"] for item in get(api, "/v1/actors", **narrowed)["items"]
        ]
        assert ("person:ida-holm", listing["counts"]["quotes"]) in [
            (row["actor_id"], row["quotes"]) for row in taken
        ]
    outlets = {share["value"]: share["statements"] for share in get(api, HOLM)["outlets"]}
    assert all(
        get(api, f"{HOLM}/statements", outlet=outlet)["total"] == count for outlet, count in outlets.items()
    )


def test_a_later_copy_of_an_old_statement_is_nobodys_latest(api: TestClient) -> None:
    (listing,) = [
        actor for actor in get(api, "/v1/actors")["items"] if actor["actor_id"] == "person:ida-holm"
    ]
    once = {item["statement_id"] for item in get(api, f"{HOLM}/statements", kind="quote")["items"]}
    assert listing["latest"]["statement_id"] in once


def test_shreds_are_nobodys_latest(api: TestClient) -> None:
    latest = [summary["text"] for summary in get(api, HOLM)["latest"]]
    assert "so great" not in latest
    assert "that the budget is so great" in latest


def test_a_statement_shows_where_it_is_told(api: TestClient) -> None:
    (listed_one,) = [item for item in get(api, f"{HOLM}/statements")["items"] if item["articles"] == 5]
    statement = get(api, f"/v1/statements/{listed_one['statement_id']}")
    places = [place["article"]["article_id"] for place in statement["appearances"]]
    assert places == ["art-3", "art-1", "art-15", "art-16", "art-10", "art-10"]
    assert statement["first_seen"] == "2026-03-02T09:00:00Z"
    longest = next(
        place for place in statement["appearances"] if place["statement_id"] == statement["longest"]
    )
    assert longest["article"]["article_id"] == "art-16"
    assert [again["published_at"] for again in statement["said_again"]] == ["2026-04-10T09:00:00Z"], (
        "not what differs in a number"
    )
    page = html.fromstring(
        api.get(f"/statements/{listed_one['statement_id']}", headers={"accept": "text/html"}).content
    )
    assert len(page.xpath("//table//tbody/tr")) == 6
    assert [mark.text_content().strip() for mark in page.xpath("//table//mark")] == ["that"]


def test_an_old_link_says_what_was_there(api: TestClient) -> None:
    (withdrawn,) = (event.quote_id for event in UNIVERSE[1] if isinstance(event, Quote))
    (changed,) = (
        event.quote_id for event in CHANGED if isinstance(event, Quote) and event.article.revision == 1
    )
    for statement_id, words, withdrawal in (
        (withdrawn, TUNNEL, True),
        (changed, "It costs nothing at all", False),
    ):
        answer = api.get(f"/v1/statements/{statement_id}")
        assert answer.status_code == 410
        retired = answer.json()["retired"]
        assert (retired["text"], retired["name"], retired["withdrawn"]) == (words, "Ida Holm", withdrawal)
        page = api.get(f"/statements/{statement_id}", headers={"accept": "text/html"})
        assert page.status_code == 410
        assert words in page.text
    assert TUNNEL in api.get("/articles/art-2", headers={"accept": "text/html"}).text, (
        "what a withdrawn article had said"
    )
    assert api.get("/v1/statements/quote-never").status_code == 404


def test_what_is_read_again_keeps_its_links(tmp_path: Path) -> None:
    address = f"sqlite:///{tmp_path / 'record.db'}"
    old, new = told("art-1", TUNNEL), told("art-1", TUNNEL)
    newer = [again(event) for event in new]
    fill(address, [*old, *newer])
    (before,) = (event.quote_id for event in old if isinstance(event, Quote))
    (after,) = (event.quote_id for event in newer if isinstance(event, Quote))
    with reader(address) as client:
        answer = client.get(f"/v1/statements/{before}", follow_redirects=False)
        assert (answer.status_code, answer.headers["location"]) == (308, f"/v1/statements/{after}")


def again(event: Event) -> Event:
    """The event as a later version of the extractor makes it."""
    if isinstance(event, Document):
        extractor = event.extractor.model_copy(update={"version": "9.0.0"})
        return event.model_copy(
            update={"document_id": "document-2", "quote_ids": ("quote-2",), "extractor": extractor}
        )
    article = event.article.model_copy(update={"document_id": "document-2"})
    return event.model_copy(update={"quote_id": "quote-2", "article": article})


@pytest.mark.parametrize(
    ("text", "other", "expected"),
    [
        ("It is safe", "It is safe.", [("It is safe", True)]),
        ("It is quite safe", "It is safe", [("It is ", True), ("quite ", False), ("safe", True)]),
        ("", "It is safe", []),
        ("Nein", "It is safe", [("Nein", False)]),
    ],
)
def test_wordings_are_compared_word_by_word(text: str, other: str, expected: list[tuple[str, bool]]) -> None:
    assert [(part.text, part.shared) for part in parts(text, other)] == expected
