"""The API over the sample, on both engines."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import jsonschema
import pytest
from fastapi.testclient import TestClient

from schemas.events import ActorRecord
from services.aggregate.store import Store
from tests.support.reading import HOSTILE_ID, HOSTILE_WORDS, LEE, reader
from tests.support.record import published


@pytest.fixture
def api(address: str) -> Iterator[TestClient]:
    with reader(address) as found:
        yield found


def get(api: TestClient, path: str, **query: Any) -> Any:
    answer = api.get(path, params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def ids(page: Any) -> list[str]:
    return [item["actor_id"] for item in page["items"]]


def test_actors_are_listed_by_statements(api: TestClient) -> None:
    page = get(api, "/v1/actors")
    assert page["total"] == 5
    assert page["next"] is None
    first = page["items"][0]
    assert first["actor_id"] == LEE
    assert first["counts"] == {"quotes": 2, "claims": 1, "articles": 2, "outlets": 2}
    assert (first["first_seen"], first["last_seen"]) == ("2026-03-01T09:30:00Z", "2026-03-03T23:30:00Z")
    assert first["latest"]["text"] == "The budget was cut,"
    assert first["latest"]["kind"] == "quote"


def test_an_actor_without_quotes_shows_a_claim(api: TestClient) -> None:
    (only,) = get(api, "/v1/actors", q="محفوظ")["items"]
    assert only["latest"]["kind"] == "claim"
    assert only["first_seen"] is None


@pytest.mark.parametrize(
    ("sort", "key"),
    [
        ("statements", lambda a: a["counts"]["quotes"] + a["counts"]["claims"]),
        ("quotes", lambda a: a["counts"]["quotes"]),
        ("claims", lambda a: a["counts"]["claims"]),
        ("articles", lambda a: a["counts"]["articles"]),
        ("name", lambda a: a["name"]),
        ("first_seen", lambda a: a["first_seen"]),
        ("last_seen", lambda a: a["last_seen"]),
    ],
)
@pytest.mark.parametrize("order", ["asc", "desc"])
@pytest.mark.parametrize("period", [{}, {"from": "2026-01-01"}])
def test_sorting(api: TestClient, sort: str, key: Any, order: str, period: dict[str, str]) -> None:
    keys = [key(item) for item in get(api, "/v1/actors", sort=sort, order=order, **period)["items"]]
    known = [k for k in keys if k is not None]
    assert known == sorted(known, reverse=order == "desc")
    assert keys[len(known) :] == [None] * (len(keys) - len(known)), "undated actors come last"
    assert len(keys) == (4 if period else 5)


def test_filters_of_actors(api: TestClient) -> None:
    assert get(api, "/v1/actors", kind="unnamed")["items"][0]["name"] == "A senior official"
    assert ids(get(api, "/v1/actors", q="ÁNA lee")) == [LEE]
    assert ids(get(api, "/v1/actors", q="100%")) == []
    assert ids(get(api, "/v1/actors", q="!")) != ids(get(api, "/v1/actors"))
    assert ids(get(api, "/v1/actors", min_statements=3)) == [LEE]
    assert ids(get(api, "/v1/actors", outlet="Northern Post")) == [LEE]


def test_a_period_counts_only_what_was_published_then(api: TestClient) -> None:
    page = get(api, "/v1/actors", **{"from": "2026-03-03", "to": "2026-03-03"})
    assert ids(page) == [LEE]
    assert page["items"][0]["counts"] == {"quotes": 1, "claims": 0, "articles": 1, "outlets": 1}
    before = get(api, "/v1/actors", to="2026-03-02", q="Lee")["items"][0]
    assert before["latest"]["text"].startswith("The bridge"), "the latest statement is of the period, too"
    assert get(api, "/v1/actors", to="1999-12-31")["total"] == 0, "undated statements are in no period"


def test_the_record_of_an_actor_is_the_published_one(api: TestClient, address: str) -> None:
    fresh = Store(address, "look")
    try:
        sent = published(fresh)
    finally:
        fresh.close()
    for actor, record in sent.items():
        if record is not None:
            assert ActorRecord.model_validate(get(api, f"/v1/actors/{quote(actor, safe='')}")) == record
    assert sum(record is not None for record in sent.values()) == 5


def test_ids_outside_ascii_work(api: TestClient) -> None:
    actor = "person:نجيب-محفوظ"
    assert get(api, f"/v1/actors/{quote(actor, safe='')}")["actor_id"] == actor
    assert get(api, f"/v1/actors/{quote(actor, safe='')}/statements")["total"] == 1
    assert get(api, f"/v1/articles/{quote(HOSTILE_ID, safe='')}")["article_id"] == HOSTILE_ID


def test_statements_of_an_actor(api: TestClient) -> None:
    path = f"/v1/actors/{LEE}/statements"
    page = get(api, path)
    assert page["items"][0]["text"] == "The budget was cut,"
    assert page["total"] == 3
    assert get(api, path, sort="oldest")["items"][-1]["text"] == "The budget was cut,"
    assert {item["kind"] for item in get(api, path, kind="claim")["items"]} == {"claim"}
    assert get(api, path, subkind="quoted")["total"] == 1
    assert get(api, path, outlet="Northern Post")["total"] == 1
    assert get(api, path, min_confidence=0.8)["total"] == 2
    assert get(api, path, stance="promise")["total"] == 1
    assert get(api, path, q="REOPEN  may")["total"] == 2
    assert get(api, path, q='"reopen may"')["total"] == 0
    assert get(api, path, to="2026-03-02")["total"] == 2
    first = get(api, path, q='"bridge will reopen" hurt')["items"][0]
    assert first["actor"]["name"] == "Ana Lee"
    assert first["article"]["title"] == "Bridge to reopen"
    assert [span["exact"] for span in first["spans"]] == [
        "The bridge will reopen in May, and nobody will be hurt,",
        "It is safe.",
    ]


def test_only_what_is_on_record_shows(api: TestClient) -> None:
    texts = [item["text"] for item in get(api, "/v1/search", q="costs")["statements"]["items"]]
    assert texts == ["It costs something,"], "a revision replaces"
    assert get(api, "/v1/search", q="never here")["statements"]["total"] == 0, "a withdrawal retracts"
    assert api.get("/v1/articles/art-gone").status_code == 410
    assert "art-gone" not in [item["article_id"] for item in get(api, "/v1/articles")["items"]]


def test_selectors_fit_the_text(api: TestClient) -> None:
    article = get(api, "/v1/articles/art-bridge")
    for listed in article["statements"]:
        statement = get(api, f"/v1/statements/{listed['statement_id']}")
        targets = [*statement["words"], statement["cue_words"], statement["mention"]]
        assert [t["selector"][1]["exact"] for t in statement["words"]] == [
            span["exact"] for span in listed["spans"]
        ]
        for target in targets:
            position, words = target["selector"]
            assert (position["type"], words["type"]) == ("TextPositionSelector", "TextQuoteSelector")
            around = article["text"][
                position["start"] - len(words["prefix"]) : position["end"] + len(words["suffix"])
            ]
            assert around == words["prefix"] + words["exact"] + words["suffix"]
            assert target["source"] == "/v1/articles/art-bridge"


def test_an_article_has_its_statements_in_text_order(api: TestClient) -> None:
    article = get(api, "/v1/articles/art-bridge")
    starts = [statement["spans"][0]["start"] for statement in article["statements"]]
    assert starts == sorted(starts)
    assert (article["quotes"], article["claims"], article["outcome"]) == (1, 2, "extracted")
    for statement in article["statements"]:
        for span in statement["spans"]:
            assert article["text"][span["start"] : span["end"]] == span["exact"]


def test_articles_are_listed_newest_first(api: TestClient) -> None:
    found = [item["article_id"] for item in get(api, "/v1/articles")["items"]]
    assert found == [
        "art-budget",
        "art-bridge",
        "art-corrected",
        "art-official",
        "art-quiet",
        HOSTILE_ID,
        "art-undated",
    ]
    assert [item["article_id"] for item in get(api, "/v1/articles", **{"from": "2026-03-02"})["items"]] == [
        "art-budget"
    ]


def test_search_finds_statements_and_actors(api: TestClient) -> None:
    answer = get(api, "/v1/search", q="bridge")
    assert answer["statements"]["total"] == 3
    assert answer["explanation"] is None
    assert ids({"items": get(api, "/v1/search", q="lee")["actors"]}) == [LEE]


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ({"q": "bridge zebra"}, "Not on record: “zebra”"),
        ({"q": "bridge budget"}, "Each word is on record"),
        ({"q": "bridge", "outlet": "Northern Post"}, "none within the filters"),
        ({"q": '""'}, "nothing to look for"),
    ],
)
def test_an_empty_search_is_explained(api: TestClient, query: dict[str, str], reason: str) -> None:
    answer = get(api, "/v1/search", **query)
    assert answer["statements"]["items"] == []
    assert reason in answer["explanation"]["reason"]
    assert answer["explanation"]["statements_on_record"] == 8


@pytest.mark.parametrize("path", ["/v1/statements", "/v1/statements/"])
def test_the_list_of_statements_is_the_search(client: TestClient, path: str) -> None:
    asked = "?q=%22the+bridge%22&kind=quote&limit=1"
    assert client.get(path + asked).json() == client.get(f"/v1/search{asked}").json()
    missing = client.get(path)
    assert missing.status_code == 422
    assert missing.json()["detail"] == "q: give the words to look for"


def test_like_wildcards_are_letters(api: TestClient) -> None:
    for wildcard in ("%", "_", "/", "\\"):
        assert get(api, "/v1/search", q=f"bri{wildcard}ge")["statements"]["total"] == 0


def test_hostile_text_comes_through_as_it_is(api: TestClient) -> None:
    (found,) = get(api, "/v1/search", q="esrever")["statements"]["items"]
    assert found["text"] == HOSTILE_WORDS


def test_answers_fit_the_published_schema(client: TestClient) -> None:
    schema = client.get("/openapi.json").json()
    for path, template in (
        ("/v1/actors", "/v1/actors"),
        (f"/v1/actors/{LEE}", "/v1/actors/{actor_id}"),
        (f"/v1/actors/{LEE}/statements", "/v1/actors/{actor_id}/statements"),
        ("/v1/articles", "/v1/articles"),
        ("/v1/articles/art-bridge", "/v1/articles/{article_id}"),
        ("/v1/search?q=bridge", "/v1/search"),
    ):
        operation = schema["paths"][template]["get"]
        reference = operation["responses"]["200"]["content"]["application/json"]["schema"]
        jsonschema.Draft202012Validator({**reference, "components": schema["components"]}).validate(
            client.get(path).json()
        )
        assert operation["summary"]
        assert operation["description"]
        assert all("description" in parameter for parameter in operation.get("parameters", ()))
        for status, answer in operation["responses"].items():
            if status != "200":
                assert answer["content"] == {
                    "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}
                }
    assert all(not path.startswith("/actors") for path in schema["paths"]), "pages are no API"
