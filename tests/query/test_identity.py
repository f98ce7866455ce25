"""Who is who, as readers see it: an id of another spelling leads to the actor, a surname alone stays in its
article."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote

import pytest
from fastapi.testclient import TestClient

from services.aggregate.identity.linking import Reason
from services.query.records.reasons import in_words
from tests.support.reading import fill, reader
from tests.support.stories import Said, story

DOLYNSKY, DOLYNSKYY = "person:bohdan-dolynsky", "person:bohdan-dolynskyy"


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    address = f"sqlite:///{tmp_path_factory.mktemp('identity') / 'record.db'}"
    told = (
        ("art-a", "Bohdan Dolynsky"), ("art-b", "Bohdan Dolynskyy"), ("art-c", "Marlowe"), ("art-d", "Marlowe"),
        ("art-e", "Carl Anders"), ("art-f", "Karl Anders"), ("art-g", "Adam Smith"),
    )  # fmt: skip
    described = (
        ("art-h", "Texas senator Gwen Farrow said: “We will talk,” again."),
        ("art-i", "Gwen Farrow, a baker in Lyon, said: “We will talk,” again."),
    )
    two = [
        event
        for article, text in described
        for event in story(article, text, [Said("Gwen Farrow", "We will talk,")])
    ]
    events = [
        event
        for article, who in told
        for event in story(article, f"“We will talk,” {who} said.", [Said(who, "We will talk,")])
    ]
    fill(address, [*events, *two])
    with reader(address) as found:
        yield found


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("/v1/actors/{}", "/v1/actors/{}"),
        ("/v1/actors/{}/statements?kind=quote&limit=5", "/v1/actors/{}/statements?kind=quote&limit=5"),
        ("/actors/{}?q=talk", "/actors/{}?q=talk"),
    ],
)
def test_the_id_of_another_spelling_leads_to_the_actor(client: TestClient, path: str, place: str) -> None:
    answer = client.get(path.format(quote(DOLYNSKYY, safe="")), follow_redirects=False)
    assert answer.status_code == 308
    assert answer.headers["location"] == place.format(quote(DOLYNSKY, safe=""))
    assert "no-store" in answer.headers["cache-control"], "a link may be undone"
    assert client.get(path.format(quote(DOLYNSKYY, safe=""))).status_code == 200


def test_a_statement_names_the_actor_as_its_article_does_and_as_on_record(client: TestClient) -> None:
    found = client.get(f"/v1/actors/{quote(DOLYNSKY, safe='')}/statements").json()
    assert found["total"] == 2
    assert {(item["actor"]["actor_id"], item["actor_on_record"]["actor_id"]) for item in found["items"]} == {
        (DOLYNSKY, DOLYNSKY), (DOLYNSKYY, DOLYNSKY),
    }  # fmt: skip
    record = client.get(f"/v1/actors/{quote(DOLYNSKY, safe='')}").json()
    assert record["counts"]["articles"] == 2
    assert "article_id" not in record


def test_which_names_are_one_and_why_is_shown(client: TestClient) -> None:
    found = client.get(f"/v1/actors/{quote(DOLYNSKY, safe='')}/identity").json()
    assert {(name["identity_id"], name["reason"], name["statements"]) for name in found["names"]} == {
        (DOLYNSKY, "spelling", 1), (DOLYNSKYY, None, 1),
    }  # fmt: skip
    assert found["candidates"] == []
    page = client.get(f"/actors/{quote(DOLYNSKY, safe='')}").text
    assert "Names that are one" in page
    assert DOLYNSKYY in page


@pytest.mark.parametrize(("one", "other"), [("Carl Anders", "Karl Anders"), ("Karl Anders", "Carl Anders")])
def test_who_else_it_may_be_is_shown_from_both_sides(client: TestClient, one: str, other: str) -> None:
    actor, candidate = (f"person:{name.lower().replace(' ', '-')}" for name in (one, other))
    found = client.get(f"/v1/actors/{quote(actor, safe='')}/identity").json()
    assert [(found["actor"]["actor_id"], found["reason"]) for found in found["candidates"]] == [
        (candidate, "alike")
    ]
    page = client.get(f"/actors/{quote(actor, safe='')}").text
    assert "May be the same" in page
    assert f'<a href="/actors/{quote(candidate, safe="")}"' in page


def test_a_candidate_that_only_the_registry_knows_is_named_without_a_link(client: TestClient) -> None:
    found = client.get("/v1/actors/person:adam-smith/identity").json()["candidates"]
    assert [(one["actor"]["actor_id"], one["actor"]["on_record"]) for one in found] == [
        ("person:adam-smith@Q350916", False)
    ]
    assert "May be the same" in client.get("/actors/person:adam-smith").text


def test_two_people_of_one_name_are_two_and_the_name_alone_is_neither(client: TestClient) -> None:
    senator, baker = "person:gwen-farrow@politics.us", "person:gwen-farrow@private.fr"
    found = client.get("/v1/actors?q=gwen farrow").json()["items"]
    assert {item["actor_id"] for item in found} == {senator, baker}
    answer = client.get("/v1/actors/person:gwen-farrow")
    assert answer.status_code == 404
    assert all(repr(person) in answer.json()["detail"] for person in (senator, baker))
    identity = client.get(f"/v1/actors/{quote(senator, safe='')}/identity").json()
    assert identity["described"] == "politics, US"
    page = client.get(f"/actors/{quote(senator, safe='')}").text
    assert "one of several people of this name: articles say politics, US" in page


def test_reasons_are_told_in_words(client: TestClient) -> None:
    names = client.get(f"/v1/actors/{quote(DOLYNSKY, safe='')}/identity").json()["names"]
    assert {name["because"] for name in names} == {
        None,
        "the same name, spelled or transcribed in another way",
    }
    candidates = client.get("/v1/actors/person:carl-anders/identity").json()["candidates"]
    assert [candidate["because"] for candidate in candidates] == ["names that sound alike"]
    assert "names that sound alike (80" in client.get("/actors/person:carl-anders").text


def test_every_reason_of_a_link_has_words() -> None:
    assert all(in_words(reason) != reason.replace("_", " ") for reason in Reason)


def test_a_surname_alone_is_an_actor_of_its_article(client: TestClient) -> None:
    found = client.get("/v1/actors?q=marlowe").json()["items"]
    assert sorted(item["article_id"] for item in found) == ["art-c", "art-d"]
    page = client.get(f"/actors/{quote(found[0]['actor_id'], safe='')}").text
    assert f'known in <a href="/articles/{found[0]["article_id"]}">one article</a> only' in page
    assert client.get("/").text.count("(this article)") == 2
    assert client.get("/v1/actors/person:marlowe").status_code == 404, (
        "the id of every Marlowe in the world is nobody's"
    )
