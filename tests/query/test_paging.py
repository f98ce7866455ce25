"""Pages put together are the list: no gaps, no repeats, whatever the order, the filter and the page size."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import given, settings
from hypothesis import strategies as st

from services.aggregate.store import Store
from services.query.params import ActorSort, StatementSort
from tests.support.reading import at, fill, reader
from tests.support.record import feed
from tests.support.statements import Event
from tests.support.stories import Said, story

NAMES = ("Ana Lee", "Owen Brandt", "Émile Żak", "王小明", "zoe", "Zoe Ash")


def many(count: int = 40) -> list[Event]:
    """Articles with many ties: in time, in counts and in names' case; some undated."""
    return [
        event
        for n in range(count)
        for event in story(
            f"art-{n:02}",
            f"“Number {n} is here,” {NAMES[n * n % 6]} said.",
            [Said(NAMES[n * n % 6], f"Number {n} is here,", confidence=(n % 5) / 5 + 0.1)],
            outlet=("Gazette", "Post", None)[n % 3],
            published_at=None if n % 7 == 0 else at(2026, 1, 1 + n % 4),
        )
    ]


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    path: Path = tmp_path_factory.mktemp("paging")
    fill(f"sqlite:///{path / 'record.db'}", many())
    with reader(f"sqlite:///{path / 'record.db'}") as found:
        yield found


def walk(
    api: TestClient,
    path: str,
    query: dict[str, Any],
    limit: int,
    pick: Callable[[Any], Any] = lambda answer: answer,
) -> list[Any]:
    """All items, page after page, following ``next``."""
    page = pick(api.get(path, params={**query, "limit": limit}).json())
    items = list(page["items"])
    while page["next"]:
        assert len(page["items"]) == limit
        page = pick(api.get(page["next"]).json())
        items += page["items"]
    assert len(items) == page["total"]
    return items


ACTORS = st.fixed_dictionaries(
    {"sort": st.sampled_from(ActorSort).map(str)},
    optional={"order": st.sampled_from(["asc", "desc"]), "from": st.just("2026-01-02"), "outlet": st.sampled_from(["Gazette", "Post"]),
              "q": st.sampled_from(["zoe", "e", "a"]), "min_statements": st.integers(0, 9)},
)  # fmt: skip
STATEMENTS = st.fixed_dictionaries(
    {"sort": st.sampled_from(StatementSort).map(str)},
    optional={
        "to": st.just("2026-01-03"),
        "outlet": st.sampled_from(["Gazette", "Post"]),
        "min_confidence": st.sampled_from([0.3, 0.5]),
    },
)


@settings(max_examples=40)
@given(query=ACTORS, limit=st.integers(1, 7))
def test_pages_of_actors_make_up_the_list(api: TestClient, query: dict[str, Any], limit: int) -> None:
    whole = api.get("/v1/actors", params={**query, "limit": 500}).json()
    paged = walk(api, "/v1/actors", query, limit)
    assert paged == whole["items"]
    assert len({actor["actor_id"] for actor in paged}) == whole["total"]


@settings(max_examples=40)
@given(query=STATEMENTS, limit=st.integers(1, 9))
def test_pages_of_statements_make_up_the_list(api: TestClient, query: dict[str, Any], limit: int) -> None:
    whole = api.get("/v1/search", params={**query, "q": "number", "limit": 500}).json()["statements"]
    paged = walk(api, "/v1/search", {**query, "q": "number"}, limit, lambda answer: answer["statements"])
    assert paged == whole["items"]
    assert len({statement["statement_id"] for statement in paged}) == whole["total"]


def test_pages_of_articles_make_up_the_list(api: TestClient) -> None:
    whole = api.get("/v1/articles", params={"limit": 500}).json()["items"]
    assert walk(api, "/v1/articles", {}, 3) == whole
    assert len(whole) == 40


@pytest.mark.postgres
def test_pages_are_the_same_on_postgresql(api: TestClient, postgres_url: str) -> None:
    fill(postgres_url, many())
    with reader(postgres_url) as other:
        for sort in ActorSort:
            for order in ("asc", "desc"):
                query = {"sort": sort.value, "order": order}
                assert (
                    walk(other, "/v1/actors", query, 2)
                    == api.get("/v1/actors", params={**query, "limit": 500}).json()["items"]
                )
        for order in StatementSort:
            words = {"q": "number", "sort": order.value}
            expected = api.get("/v1/search", params={**words, "limit": 500}).json()["statements"]["items"]
            assert walk(other, "/v1/search", words, 7, lambda answer: answer["statements"]) == expected


def test_nothing_repeats_or_is_skipped_when_the_record_grows(tmp_path: Path) -> None:
    address = f"sqlite:///{tmp_path / 'record.db'}"
    fill(address, many(20))
    with reader(address) as api:
        before = [
            s["statement_id"]
            for s in api.get("/v1/search", params={"q": "number", "limit": 500}).json()["statements"]["items"]
        ]
        page = api.get("/v1/search", params={"q": "number", "limit": 5}).json()["statements"]
        seen = [s["statement_id"] for s in page["items"]]
        store = Store(address, "test")
        while page["next"]:
            # something newer and something older than the page comes in between any two pages
            number = len(seen)
            feed(store, [story(f"new-{number}-{y}", "“Number,” Ana Lee said.", [Said("Ana Lee", "Number,")], published_at=at(y, 1, 1))
                         for y in (2027, 2020)])  # fmt: skip
            page = api.get(page["next"]).json()["statements"]
            seen += [s["statement_id"] for s in page["items"]]
        store.close()
    assert len(seen) == len(set(seen))
    assert [s for s in seen if s in before] == before


def cursor(*parts: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "wrong",
    [
        "x", "%%%", "é", "a" * 4096, cursor(), cursor("statements.newest", 1), cursor("actors.name.asc", "a", "b"),
        cursor("actors.statements.desc", "1", "b"), cursor("actors.statements.desc", 2**63, "b"),
        cursor("actors.statements.desc", True, "b"),
        cursor("actors.statements.desc", 1, "b\0"), cursor("actors.statements.desc", 1.5, "b"), cursor("actors.statements.desc", 1, None),
        base64.urlsafe_b64encode(b"[" * 3000).decode(),
    ],
)  # fmt: skip
def test_a_wrong_cursor_is_refused(api: TestClient, wrong: str) -> None:
    answer = api.get("/v1/actors", params={"cursor": wrong})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["parameter"] == "cursor"


def test_limits(api: TestClient, tmp_path: Path) -> None:
    address = f"sqlite:///{tmp_path / 'record.db'}"
    fill(address, many(6))
    with reader(address, page_size=2, max_page_size=3) as small:
        assert len(small.get("/v1/articles").json()["items"]) == 2
        assert len(small.get("/v1/articles?limit=3").json()["items"]) == 3
        answer = small.get("/v1/articles?limit=4")
        assert answer.status_code == 422
        assert "at most 3" in answer.json()["detail"]
    for limit in ("0", "-1", "x", "1e3"):
        assert api.get(f"/v1/articles?limit={limit}").status_code == 422
